//! The query index: from hashes to places in the journal.
//!
//! It holds nothing that the journal does not: it is followed up from the journal at every start, and
//! thrown away and rebuilt when it is missing, unreadable, of another chain, or of another boot of the
//! machine. The last because the store's flush does not survive a loss of power, and a start on
//! another boot cannot tell whether there was one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_primitives::B256;

use crate::block::Block;
use crate::journal::{JournalError, Reader};
use crate::record::{self, RecordError};

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
}

const TRANSACTION: u8 = b't';
const BLOCK: u8 = b'b';
const PROGRESS: &[u8] = b"progress";
/// Memory for the store's pages.
const CACHE_BYTES: u64 = 64 << 20;
/// Transactions that are written in one go while the index catches up.
const CATCH_UP_TRANSACTIONS: usize = 16_384;

/// The index.
#[derive(Debug)]
pub struct Index {
    tree: sled::Tree,
    db: sled::Db,
}

/// How far the index has come: the last block in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progress {
    genesis: B256,
    number: u64,
    hash: B256,
}

impl Progress {
    fn encode(&self) -> Vec<u8> {
        [
            self.genesis.as_slice(),
            &self.number.to_be_bytes(),
            self.hash.as_slice(),
        ]
        .concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (genesis, rest) = bytes.split_first_chunk::<32>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let hash: &[u8; 32] = rest.try_into().ok()?;
        Some(Self {
            genesis: genesis.into(),
            number: u64::from_be_bytes(*number),
            hash: hash.into(),
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
    pub fn open(
        path: &Path,
        genesis: B256,
        journal: &Reader,
    ) -> Result<(Self, Opened), IndexError> {
        if let Some(index) = Self::open_existing(path, genesis, journal) {
            let added = index.catch_up(genesis, journal)?;
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
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(folder(error));
            }
            _ => {}
        }
        let index = Self::open_store(&path.join("store"))?;
        std::fs::write(path.join("boot"), boot_id()).map_err(folder)?;
        let added = index.catch_up(genesis, journal)?;
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
    fn open_existing(path: &Path, genesis: B256, journal: &Reader) -> Option<Self> {
        let boot = std::fs::read(path.join("boot")).ok()?;
        if boot != boot_id() {
            return None;
        }
        // The store panics on some damage.
        let store = path.join("store");
        let open = || Self::open_store(&store).ok();
        let index = catch_unwind(AssertUnwindSafe(open)).ok()??;
        let progress = index.progress().ok()?;
        let fits = match progress {
            None => true,
            Some(progress) => {
                progress.genesis == genesis && holds(journal, progress.number, &progress.hash)
            }
        };
        fits.then_some(index)
    }

    fn open_store(path: &Path) -> Result<Self, IndexError> {
        let db = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(Some(1_000))
            .open()?;
        let tree = db.open_tree("places")?;
        Ok(Self { tree, db })
    }

    fn progress(&self) -> Result<Option<Progress>, sled::Error> {
        Ok(self
            .tree
            .get(PROGRESS)?
            .as_deref()
            .and_then(Progress::decode))
    }

    /// Adds the blocks that the journal has beyond the index.
    fn catch_up(&self, genesis: B256, journal: &Reader) -> Result<u64, IndexError> {
        let from = self.progress()?.map_or(1, |progress| progress.number + 1);
        let mut records = journal.records_from(from);
        let (mut blocks, mut transactions, mut added) = (Vec::new(), 0, 0);
        while let Some(record) = records.next_record()? {
            let payload = alloy_primitives::Bytes::copy_from_slice(record.payload);
            let (header, body) = record::decode(&payload)?;
            transactions += body.transactions.len() + 1;
            blocks.push(Arc::new(Block::new(header, body)));
            added += 1;
            if transactions >= CATCH_UP_TRANSACTIONS {
                self.insert(genesis, &blocks)?;
                // The store keeps what it has not written in memory, and takes faster than it writes.
                self.db.flush()?;
                blocks.clear();
                transactions = 0;
            }
        }
        self.insert(genesis, &blocks)?;
        Ok(added)
    }

    /// Adds blocks that follow the last one. How far the index has come is written after their entries,
    /// so what a crash cuts short is added again.
    ///
    /// # Errors
    /// When the store fails.
    pub fn insert(&self, genesis: B256, blocks: &[Arc<Block>]) -> Result<(), IndexError> {
        let Some(last) = blocks.last() else {
            return Ok(());
        };
        let mut batch = Entries {
            tree: &self.tree,
            batch: sled::Batch::default(),
            len: 0,
        };
        for block in blocks {
            let number = block.header.number.to_be_bytes();
            batch.add(&key(BLOCK, &block.hash), number.to_vec())?;
            for (hash, place) in block.transaction_hashes.iter().zip(0u32..) {
                let value = [&number[..], &place.to_be_bytes()].concat();
                batch.add(&key(TRANSACTION, hash), value)?;
            }
        }
        batch.write()?;
        let progress = Progress {
            genesis,
            number: last.header.number,
            hash: last.hash,
        };
        self.tree.insert(PROGRESS, progress.encode())?;
        Ok(())
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
