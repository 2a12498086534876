//! Back to the last block that stands, after batches have fallen on L1, and on from there.
//!
//! A roll-back is a start of the sequencer. [`order`] writes into `forks.json` where the chain goes back to, while
//! nothing runs; that is the moment from which on it is certain. The next start (`files.rs`) puts the journal aside, makes one of the
//! blocks that stand, drops the snapshots and the index of void ones, and then (`again.rs`) makes each void block
//! once more, from its own transactions. Only then the threads begin. A replica (`replica.rs`) makes none again: the sequencer
//! that it follows does.
//!
//! **Crash safety.** Every step looks at what is there and does the rest. A void block and the one that takes its place
//! have the same number, so the journal itself tells how far it is: what a crash interrupts is neither lost nor done twice.

mod again;
pub(crate) mod files;
pub(crate) mod replica;

#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::admission::AdmissionError;
use crate::forks::{Fork, Forks, ForksError};
use crate::journal::JournalError;
use crate::ledger::LedgerError;
use crate::ordering::OrderingError;
use crate::record::RecordError;
use crate::snapshot::SnapshotError;

pub(crate) use again::{Again, make_again};
pub(crate) use files::{archive, prepare};
pub(crate) use replica::{leave, prepare_replica};

/// Why a roll-back cannot go on. The next start tries again from where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// The list of forks.
    #[error(transparent)]
    Forks(#[from] ForksError),
    /// A fork that does not come next.
    #[error(
        "fork {id} cannot be followed now: the chain is at fork {at}, or is still being rolled back; start again"
    )]
    OutOfTurn {
        /// The fork that was asked for.
        id: u64,
        /// The newest one.
        at: u64,
    },
    /// The disk.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The snapshots.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A record that is no block.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The chain does not stand where L1 says.
    #[error(
        "block {0} is not the one that stands on L1: this is another chain's journal, or an old copy; put the right one back"
    )]
    Foreign(u64),
    /// The void blocks are not there.
    #[error("{0} is missing, and holds the blocks that are to be made again: put it back")]
    ArchiveMissing(PathBuf),
    /// What came from L1 is not taken.
    #[error("block {number} cannot be made again: {error}")]
    Block {
        /// The block.
        number: u64,
        /// Why.
        error: OrderingError,
    },
    /// A block that was made again does not replay.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why a transaction of a void block is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Dropped {
    /// This version does not take its bytes.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// It is not valid any more.
    #[error(transparent)]
    Ordering(#[from] OrderingError),
}

/// What a roll-back came to, as far as this start did it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RollbackReport {
    /// The fork that the chain is on now.
    pub fork_id: u64,
    /// The last block that stood.
    pub last_block: u64,
    /// Blocks that were made again.
    pub blocks: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// Transactions that were not valid any more.
    pub dropped: u64,
}

/// How far a roll-back is, for whoever answers clients meanwhile.
#[derive(Debug, Default)]
pub struct Progress {
    block: AtomicU64,
    last: AtomicU64,
}

impl Progress {
    pub(crate) fn set(&self, block: u64, last: u64) {
        self.block.store(block, Ordering::Relaxed);
        self.last.store(last, Ordering::Relaxed);
    }

    /// The newest block, and the last one that is to be made again; zeros before that has begun.
    #[must_use]
    pub fn blocks(&self) -> (u64, u64) {
        (
            self.block.load(Ordering::Relaxed),
            self.last.load(Ordering::Relaxed),
        )
    }
}

/// Orders the roll-back that the next start in that data folder does. No sequencer runs there.
///
/// # Errors
/// [`RollbackError::OutOfTurn`], and when the order cannot be made durable: it may hold or not then.
pub fn order(dir: &Path, fork: Fork) -> Result<(), RollbackError> {
    let mut forks = Forks::read(dir)?;
    if !forks.begin(fork) {
        let at = forks.id();
        return Err(RollbackError::OutOfTurn { id: fork.id, at });
    }
    Ok(forks.write(dir)?)
}
