//! The query index: from hashes to places in the journal, and from accounts, tokens and topics to blocks.
//!
//! Hashes, and the few [`Outcomes`] that blocks have, are in a key-value store; `activity` is a file of its own, since a
//! store that sorts each entry by itself would make an entry for each party of a transfer dearer than the transfer.
//!
//! It holds nothing that the journal does not: it is followed up from the journal at every start, and
//! thrown away and rebuilt when it is missing, unreadable, of another chain, or of another boot of the
//! machine. The last because the store's flush does not survive a loss of power, and a start on
//! another boot cannot tell whether there was one.

mod activity;
mod postings;
mod replay;
mod section;

#[cfg(test)]
mod tests;

use std::io;
use std::ops::{ControlFlow, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_primitives::B256;
use spillway_protocol::token::TokenTable;
use spillway_protocol::transaction::TransactionError;

use crate::block::Block;
use crate::effects;
use crate::genesis::Genesis;
use crate::journal::{JournalError, Reader};
use crate::outcome::Outcomes;
use crate::record::{self, RecordError};
use crate::snapshot::SnapshotError;

use activity::{Activity, BlockKeys};
use replay::Replay;

pub use activity::Search;
pub use postings::Key;

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The store failed.
    #[error("query index: {0}; restart to rebuild it from the journal")]
    Store(#[from] sled::Error),
    /// The folder could not be removed or written.
    #[error("query index at {path}: {error}")]
    Folder {
        /// The index's folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record of the journal is no block.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The file of activity could not be read or written, or is damaged.
    #[error("index of activity: {0}; restart to rebuild it from the journal")]
    Activity(#[from] io::Error),
    /// A block holds a transaction that admission would not take.
    #[error("block {0} holds a transaction that is none: {1}")]
    Transaction(u64, TransactionError),
    /// Blocks could not be executed once more.
    #[error(transparent)]
    Replay(#[from] SnapshotError),
}

const TRANSACTION: u8 = b't';
const BLOCK: u8 = b'b';
const OUTCOMES: u8 = b'o';
const PROGRESS: &[u8] = b"progress";
/// Memory for the store's pages.
const CACHE_BYTES: u64 = 64 << 20;
/// Transactions that are written in one go while the index catches up.
const CATCH_UP_TRANSACTIONS: usize = 16_384;

/// The index.
#[derive(Debug)]
pub struct Index {
    genesis: Genesis,
    tree: sled::Tree,
    db: sled::Db,
    activity: Activity,
}

/// What an index is built from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The chain.
    pub genesis: &'a Genesis,
    /// Its blocks.
    pub journal: &'a Reader,
    /// The folder of snapshots, from which blocks are executed once more where that is needed.
    pub snapshots: &'a Path,
    /// The tokens listed by now.
    pub tokens: &'a TokenTable,
}

/// A durable block with what it alone does not tell.
#[derive(Clone, Debug)]
pub struct Executed {
    /// The block.
    pub block: Arc<Block>,
    /// What became of its withdrawals and forced messages.
    pub outcomes: Arc<Outcomes>,
}

/// How far the index has come: the last block in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progress {
    genesis: B256,
    number: u64,
    hash: B256,
    /// Withdrawals up to and with that block.
    withdrawals: u32,
}

impl Progress {
    fn encode(&self) -> Vec<u8> {
        [
            self.genesis.as_slice(),
            &self.number.to_be_bytes(),
            self.hash.as_slice(),
            &self.withdrawals.to_be_bytes(),
        ]
        .concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (genesis, rest) = bytes.split_first_chunk::<32>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (hash, rest) = rest.split_first_chunk::<32>()?;
        Some(Self {
            genesis: genesis.into(),
            number: u64::from_be_bytes(*number),
            hash: hash.into(),
            withdrawals: u32::from_be_bytes(rest.try_into().ok()?),
        })
    }
}

/// How the index was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Whether it had to be built anew.
    pub rebuilt: bool,
    /// Blocks that were added from the journal.
    pub added: u64,
}

impl Index {
    /// Opens the index in a folder and brings it up to the journal, or builds it anew.
    ///
    /// # Errors
    /// [`IndexError`] when even a new one cannot be built.
    pub fn open(path: &Path, sources: Sources<'_>) -> Result<(Self, Opened), IndexError> {
        if let Some(index) = Self::open_existing(path, sources) {
            let added = index.catch_up(sources)?;
            return Ok((
                index,
                Opened {
                    rebuilt: false,
                    added,
                },
            ));
        }
        let folder = |error| IndexError::Folder {
            path: path.to_owned(),
            error,
        };
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(folder(error));
            }
            _ => {}
        }
        let index = Self::open_files(path, *sources.genesis)?;
        std::fs::write(path.join("boot"), boot_id()).map_err(folder)?;
        let added = index.catch_up(sources)?;
        Ok((
            index,
            Opened {
                rebuilt: true,
                added,
            },
        ))
    }

    /// An index that is there and fits the journal. Whatever is wrong with it, the answer is to build
    /// another one, so the reason is of no interest.
    fn open_existing(path: &Path, sources: Sources<'_>) -> Option<Self> {
        let boot = std::fs::read(path.join("boot")).ok()?;
        if boot != boot_id() {
            return None;
        }
        // The store panics on some damage.
        let open = || Self::open_files(path, *sources.genesis).ok();
        let index = catch_unwind(AssertUnwindSafe(open)).ok()??;
        let genesis = sources.genesis.id();
        let store_fits = match index.progress().ok()? {
            // Nothing, or what another version wrote.
            None => index.tree.is_empty(),
            Some(progress) => {
                progress.genesis == genesis
                    && holds(sources.journal, progress.number, &progress.hash)
            }
        };
        let activity = index.activity.last_in_file();
        let fits = store_fits
            && activity.is_none_or(|(number, hash)| holds(sources.journal, number, &hash));
        fits.then_some(index)
    }

    fn open_files(path: &Path, genesis: Genesis) -> Result<Self, IndexError> {
        let (tree, db) = Self::open_store(&path.join("store"))?;
        let activity = Activity::open(&path.join("activity"))?;
        Ok(Self {
            genesis,
            tree,
            db,
            activity,
        })
    }

    fn open_store(path: &Path) -> Result<(sled::Tree, sled::Db), IndexError> {
        let db = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(Some(1_000))
            .open()?;
        Ok((db.open_tree("places")?, db))
    }

    fn progress(&self) -> Result<Option<Progress>, sled::Error> {
        Ok(self
            .tree
            .get(PROGRESS)?
            .as_deref()
            .and_then(Progress::decode))
    }

    /// Adds the blocks that the journal has beyond the index. What is newer than the file of activity goes into its memory
    /// again. Answers how many are new to the store.
    fn catch_up(&self, sources: Sources<'_>) -> Result<u64, IndexError> {
        let progress = self.progress()?;
        let stored = progress.map_or(0, |progress| progress.number);
        let mut withdrawals = progress.map_or(0, |progress| progress.withdrawals);
        if let Err(error) = self.catch_up_activity(sources, stored) {
            // Who asks for that block is told; searches read the blocks from there on.
            tracing::error!(%error, "a block cannot be indexed: searches read it, and every later one, until it is restored");
            self.activity.stop();
        }
        let mut replay = Replay::new(sources);
        let mut records = sources.journal.records_from(stored + 1);
        let (mut blocks, mut transactions, mut added) = (Vec::new(), 0, 0);
        while let Some(record) = records.next_record()? {
            let payload = alloy_primitives::Bytes::copy_from_slice(record.payload);
            let (header, body) = record::decode(&payload)?;
            let block = Arc::new(Block::new(header, body));
            let outcomes = Arc::new(replay.outcomes(&block, withdrawals)?);
            withdrawals = outcomes.next_withdrawal();
            transactions += block.listed_len() + 1;
            blocks.push(Executed { block, outcomes });
            added += 1;
            if transactions >= CATCH_UP_TRANSACTIONS {
                self.insert(&blocks, sources.tokens)?;
                // The store keeps what it has not written in memory, and takes faster than it writes.
                self.db.flush()?;
                blocks.clear();
                transactions = 0;
            }
        }
        self.insert(&blocks, sources.tokens)?;
        Ok(added)
    }

    /// Puts into memory again what the store has, and the file of activity does not have yet.
    fn catch_up_activity(&self, sources: Sources<'_>, stored: u64) -> Result<(), IndexError> {
        let mut records = sources.journal.records_from(self.activity.last() + 1);
        while self.activity.last() < stored
            && let Some(record) = records.next_record()?
        {
            let payload = alloy_primitives::Bytes::copy_from_slice(record.payload);
            let (header, body) = record::decode(&payload)?;
            let outcomes = self.outcomes(header.number)?;
            self.add_activity(&Block::new(header, body), &outcomes, sources.tokens)?;
        }
        Ok(())
    }

    /// Adds blocks that follow the last one. How far the index has come is written after their entries,
    /// so what a crash cuts short is added again.
    ///
    /// # Errors
    /// When the store or the file of activity fails.
    pub fn insert(&self, blocks: &[Executed], tokens: &TokenTable) -> Result<(), IndexError> {
        let Some(last) = blocks.last() else {
            return Ok(());
        };
        let mut batch = Entries {
            tree: &self.tree,
            batch: sled::Batch::default(),
            len: 0,
        };
        for Executed { block, outcomes } in blocks {
            let number = block.header.number.to_be_bytes();
            batch.add(&key(BLOCK, &block.hash), number.to_vec())?;
            for (hash, place) in block.listed_hashes().zip(0u32..) {
                let value = [&number[..], &place.to_be_bytes()].concat();
                batch.add(&key(TRANSACTION, &hash), value)?;
            }
            if !outcomes.entries.is_empty() {
                batch.add(&outcomes_key(block.header.number), outcomes.encode())?;
            }
            self.add_activity(block, outcomes, tokens)?;
        }
        batch.write()?;
        let progress = Progress {
            genesis: self.genesis.id(),
            number: last.block.header.number,
            hash: last.block.hash,
            withdrawals: last.outcomes.next_withdrawal(),
        };
        self.tree.insert(PROGRESS, progress.encode())?;
        Ok(())
    }

    fn add_activity(
        &self,
        block: &Block,
        outcomes: &Outcomes,
        tokens: &TokenTable,
    ) -> Result<(), IndexError> {
        let mut keys = BlockKeys::default();
        let number = block.header.number;
        effects::visit(
            block,
            self.genesis.chain_id,
            tokens,
            outcomes,
            |_, effect| {
                keys.add(&effect);
            },
        )
        .map_err(|error| IndexError::Transaction(number, error))?;
        Ok(self.activity.add(number, block.hash, &keys)?)
    }

    /// Shows the blocks of a range that may have what is searched for, ascending or descending, until `visit` ends it. A block
    /// that is shown may have nothing; what is not shown has nothing, if it is indexed. Answers the last block that is.
    ///
    /// # Errors
    /// When the file of activity cannot be read, or is damaged.
    pub fn search(
        &self,
        search: &Search,
        range: &RangeInclusive<u64>,
        descending: bool,
        visit: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<u64, IndexError> {
        Ok(self.activity.search(search, range, descending, visit)?)
    }

    /// The last block that can be searched for.
    #[must_use]
    pub fn searchable(&self) -> u64 {
        self.activity.last()
    }

    /// What of a block that is indexed it alone does not tell.
    ///
    /// # Errors
    /// When the store fails.
    pub fn outcomes(&self, number: u64) -> Result<Outcomes, IndexError> {
        let value = self.tree.get(outcomes_key(number))?;
        // A block without an entry has no outcomes, so nobody asks for the index of its first withdrawal.
        Ok(value
            .as_deref()
            .and_then(Outcomes::decode)
            .unwrap_or_default())
    }

    /// The number of the block with that hash.
    ///
    /// # Errors
    /// When the store fails.
    pub fn block(&self, hash: &B256) -> Result<Option<u64>, IndexError> {
        let value = self.tree.get(key(BLOCK, hash))?;
        Ok(value
            .and_then(|value| value.first_chunk().copied())
            .map(u64::from_be_bytes))
    }

    /// The number of the block that holds a transaction, and the transaction's place in it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn transaction(&self, hash: &B256) -> Result<Option<(u64, u32)>, IndexError> {
        let value = self.tree.get(key(TRANSACTION, hash))?;
        Ok(value.as_deref().and_then(|value| {
            let (number, place) = value.split_first_chunk::<8>()?;
            let place = u32::from_be_bytes(place.try_into().ok()?);
            Some((u64::from_be_bytes(*number), place))
        }))
    }

    /// Writes out what is buffered, so that the next start has little to catch up with.
    ///
    /// # Errors
    /// When the store fails.
    pub fn flush(&self) -> Result<(), IndexError> {
        self.db.flush()?;
        Ok(())
    }
}

/// Entries on their way into the store, a few at a time: it frees what it has replaced only between
/// batches, and that is a whole node of its tree for each entry.
struct Entries<'a> {
    tree: &'a sled::Tree,
    batch: sled::Batch,
    len: usize,
}

/// Entries in a batch.
const BATCH_ENTRIES: usize = 128;

impl Entries<'_> {
    fn add(&mut self, key: &[u8], value: Vec<u8>) -> Result<(), sled::Error> {
        self.batch.insert(key, value);
        self.len += 1;
        if self.len == BATCH_ENTRIES {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), sled::Error> {
        self.len = 0;
        self.tree.apply_batch(std::mem::take(&mut self.batch))
    }
}

fn key(kind: u8, hash: &B256) -> [u8; 33] {
    let mut key = [kind; 33];
    key[1..].copy_from_slice(hash.as_slice());
    key
}

fn outcomes_key(number: u64) -> [u8; 9] {
    let mut key = [OUTCOMES; 9];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}

/// Whether the journal holds that block.
fn holds(journal: &Reader, number: u64, hash: &B256) -> bool {
    let mut payload = Vec::new();
    if !journal.read(number, &mut payload).unwrap_or(false) {
        return false;
    }
    record::decode(&payload.into()).is_ok_and(|(header, _)| header.hash() == *hash)
}

/// What tells one boot of the machine from another; empty where the system does not say, and then
/// every start is taken for one on the same boot.
fn boot_id() -> Vec<u8> {
    std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}
