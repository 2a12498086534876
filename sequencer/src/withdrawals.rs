//! The withdrawals of the chain, in a file: what each says, and the block that made it.
//!
//! The state keeps nothing but their leaves, and a block's bytes do not say what a forced withdrawal took. So they are written
//! down when a block is executed. The file holds nothing that the journal does not: each record certifies itself by its
//! leaf in the ledger's tree, and what is missing or wrong at a start is made again from the journal.
//!
//! Format: the magic `SPWDRWL1`, then records of 69 bytes, that of withdrawal i at `8 + 69 i`: block u64, account, recipient,
//! token u8, amount u128, and the CRC-32 of what is before it. Integers are big-endian.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use alloy_primitives::{Address, B256};
use spillway_protocol::withdrawal::Withdrawal;

use crate::genesis::Genesis;
use crate::journal::Reader;
use crate::ledger::Ledger;
use crate::snapshot::{self, SnapshotError};

/// The file's name in the data folder.
pub(crate) const NAME: &str = "withdrawals";

const MAGIC: &[u8; 8] = b"SPWDRWL1";
const RECORD_BYTES: usize = 8 + 20 + 20 + 1 + 16 + 4;

/// Withdrawals that are read at once, at most.
pub const PAGE_MAX: usize = 4_096;

/// Why withdrawals cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawalsError {
    /// The disk.
    #[error("withdrawals {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A record was damaged while the node ran, or one could not be written.
    #[error(
        "withdrawals {0}: a record is damaged or missing; restart to make it again from the journal"
    )]
    Damaged(PathBuf),
    /// The journal could not be replayed.
    #[error(transparent)]
    Replay(#[from] SnapshotError),
    /// The journal makes other withdrawals than the ledger has.
    #[error(
        "the journal does not make the withdrawals that the ledger has: restore the data folder, or remove its snapshots"
    )]
    Differs,
}

/// A withdrawal, and where it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeWithdrawal {
    /// The block that made it.
    pub block: u64,
    /// What it says.
    pub withdrawal: Withdrawal,
}

impl MadeWithdrawal {
    fn encode(&self) -> [u8; RECORD_BYTES] {
        let Withdrawal {
            account,
            recipient,
            token,
            amount,
        } = self.withdrawal;
        let fields = [
            &self.block.to_be_bytes()[..],
            account.as_slice(),
            recipient.as_slice(),
            &[token],
            &amount.to_be_bytes(),
        ];
        let mut bytes = [0; RECORD_BYTES];
        let (content, crc) = bytes.split_at_mut(RECORD_BYTES - 4);
        let mut place = &mut content[..];
        for field in fields {
            let (here, rest) = place.split_at_mut(field.len());
            here.copy_from_slice(field);
            place = rest;
        }
        crc.copy_from_slice(&crc32fast::hash(content).to_be_bytes());
        bytes
    }

    /// None if the bytes are damaged.
    fn decode(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        let (content, crc) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(content).to_be_bytes() != *crc {
            return None;
        }
        let (block, rest) = content.split_first_chunk()?;
        let (account, rest) = rest.split_first_chunk::<20>()?;
        let (recipient, rest) = rest.split_first_chunk::<20>()?;
        let (token, amount) = rest.split_first()?;
        Some(Self {
            block: u64::from_be_bytes(*block),
            withdrawal: Withdrawal {
                account: Address::from(account),
                recipient: Address::from(recipient),
                token: *token,
                amount: u128::from_be_bytes(amount.try_into().ok()?),
            },
        })
    }
}

/// The file. Cheap to clone; one at a time appends.
#[derive(Clone, Debug)]
pub struct Withdrawals {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: File,
    len: AtomicU32,
    /// Whether a record could not be written. What was written before can be read.
    has_failed: AtomicBool,
}

impl Withdrawals {
    /// Opens the file of a ledger's withdrawals, and makes what it lacks from the journal. The ledger's trees must be up to date.
    /// Answers how many were made.
    ///
    /// # Errors
    /// [`WithdrawalsError`].
    pub(crate) fn open(
        dir: &Path,
        genesis: &Genesis,
        journal: &Reader,
        ledger: &Ledger,
    ) -> Result<(Self, u32), WithdrawalsError> {
        let leaves = ledger.withdrawal_leaves();
        let path = dir.join(NAME);
        let right = right_records(&path, leaves).map_err(io_error(&path))?;
        let options = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let file = options.map_err(io_error(&path))?;
        if right == 0 {
            file.write_all_at(MAGIC, 0).map_err(io_error(&path))?;
        }
        file.set_len(place(right)).map_err(io_error(&path))?;
        let withdrawals = Self {
            inner: Arc::new(Inner {
                path,
                file,
                len: AtomicU32::new(right),
                has_failed: AtomicBool::new(false),
            }),
        };
        let wanted = count(leaves);
        if right < wanted {
            withdrawals.make_again(dir, genesis, journal, ledger.head().number)?;
        }
        match withdrawals.len() == wanted && withdrawals.last_leaf()? == leaves.last().copied() {
            true => Ok((withdrawals, wanted - right)),
            false => Err(WithdrawalsError::Differs),
        }
    }

    /// Executes the journal from where the file ends.
    fn make_again(
        &self,
        dir: &Path,
        genesis: &Genesis,
        journal: &Reader,
        to: u64,
    ) -> Result<(), WithdrawalsError> {
        let has_enough = |ledger: &Ledger| count(ledger.withdrawal_leaves()) <= self.len();
        let snapshots = dir.join("snapshots");
        let mut ledger = snapshot::newest_where(&snapshots, genesis, |_| true, has_enough)?;
        let mut passed = count(ledger.withdrawal_leaves());
        snapshot::replay_showing(&mut ledger, journal, to, |block, made| {
            let known = self.len().saturating_sub(passed) as usize;
            passed = passed.saturating_add(u32::try_from(made.len()).unwrap_or(u32::MAX));
            self.append(block, made.get(known..).unwrap_or_default());
        })?;
        match self.inner.has_failed.load(Ordering::Acquire) {
            true => Err(WithdrawalsError::Damaged(self.inner.path.clone())),
            false => Ok(()),
        }
    }

    /// Adds what a block has made. A failure is told to whoever reads: nothing acknowledged rests on this file.
    pub(crate) fn append(&self, block: u64, made: &[Withdrawal]) {
        if made.is_empty() || self.inner.has_failed.load(Ordering::Acquire) {
            return;
        }
        let bytes: Vec<u8> = made
            .iter()
            .flat_map(|withdrawal| {
                MadeWithdrawal {
                    block,
                    withdrawal: *withdrawal,
                }
                .encode()
            })
            .collect();
        let len = self.len();
        match self.inner.file.write_all_at(&bytes, place(len)) {
            Ok(()) => {
                // The state refuses a withdrawal for which there is no index.
                let made = u32::try_from(made.len()).unwrap_or(u32::MAX);
                self.inner
                    .len
                    .store(len.saturating_add(made), Ordering::Release);
            }
            Err(_) => self.inner.has_failed.store(true, Ordering::Release),
        }
    }

    /// How many there are in the file.
    fn len(&self) -> u32 {
        self.inner.len.load(Ordering::Acquire)
    }

    /// The withdrawals from that index on, at most so many (up to [`PAGE_MAX`]); fewer, or none, where there are no more.
    ///
    /// # Errors
    /// [`WithdrawalsError::Io`] and [`WithdrawalsError::Damaged`].
    pub fn read(&self, from: u32, max: usize) -> Result<Vec<MadeWithdrawal>, WithdrawalsError> {
        let damaged = || WithdrawalsError::Damaged(self.inner.path.clone());
        let len = self.len();
        let wanted = (len.saturating_sub(from) as usize).min(max).min(PAGE_MAX);
        if wanted == 0 && self.inner.has_failed.load(Ordering::Acquire) {
            return Err(damaged());
        }
        let mut bytes = vec![0; wanted * RECORD_BYTES];
        self.inner
            .file
            .read_exact_at(&mut bytes, place(from))
            .map_err(io_error(&self.inner.path))?;
        let (records, _) = bytes.as_chunks();
        let records = records.iter().map(MadeWithdrawal::decode);
        records.collect::<Option<_>>().ok_or_else(damaged)
    }

    fn last_leaf(&self) -> Result<Option<B256>, WithdrawalsError> {
        let Some(last) = self.len().checked_sub(1) else {
            return Ok(None);
        };
        let record = self.read(last, 1)?.pop();
        Ok(record.map(|made| made.withdrawal.leaf(last)))
    }
}

/// Drops what blocks after that one have made, before a chain goes back to it.
pub(crate) fn cut_after(dir: &Path, block: u64) -> io::Result<()> {
    let path = dir.join(NAME);
    let is_earlier = |_: u32, made: &MadeWithdrawal| made.block <= block;
    let kept = records_while(&path, is_earlier)?;
    match OpenOptions::new().write(true).open(&path) {
        Ok(file) => file.set_len(place(kept)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// How many records from the first on have these leaves, and blocks that do not descend.
fn right_records(path: &Path, leaves: &[B256]) -> io::Result<u32> {
    let mut last = 0;
    records_while(path, |index, made| {
        let is_right = leaves.get(index as usize) == Some(&made.withdrawal.leaf(index));
        let is_in_order = made.block >= last;
        last = made.block;
        is_right && is_in_order
    })
}

/// How many records from the first on are whole and fulfil the condition.
fn records_while(
    path: &Path,
    mut is_wanted: impl FnMut(u32, &MadeWithdrawal) -> bool,
) -> io::Result<u32> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        opened => opened?,
    };
    let mut file = BufReader::with_capacity(1 << 20, file);
    let mut magic = [0; MAGIC.len()];
    if !fill(&mut file, &mut magic)? || magic != *MAGIC {
        return Ok(0);
    }
    let (mut found, mut record) = (0, [0; RECORD_BYTES]);
    while fill(&mut file, &mut record)?
        && let Some(made) = MadeWithdrawal::decode(&record)
        && is_wanted(found, &made)
    {
        found += 1;
    }
    Ok(found)
}

/// Whether the file had so many bytes left.
fn fill(file: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Where the record with that index begins.
fn place(index: u32) -> u64 {
    MAGIC.len() as u64 + u64::from(index) * RECORD_BYTES as u64
}

/// How many leaves; a tree has no more than there are indices.
fn count(leaves: &[B256]) -> u32 {
    u32::try_from(leaves.len()).unwrap_or(u32::MAX)
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> WithdrawalsError {
    let path = path.to_owned();
    move |error| WithdrawalsError::Io { path, error }
}

#[cfg(test)]
mod tests;
