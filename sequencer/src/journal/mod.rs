//! The journal: an append-only log of opaque records, one for each sealed block, and the
//! sequencer's only source of truth. A record that [`Journal::sync`] has answered for is on disk
//! and stays readable after any crash; whatever else the sequencer keeps can be rebuilt from here.
//!
//! Records have consecutive numbers from 1 (the block number) and lie in segment files. The bytes,
//! what is repaired at opening and what is refused are specified in `docs/journal.md`.
//!
//! - [`Journal`] is the one appender. It owns the directory (by a lock) and stops for good at the
//!   first write or sync that fails.
//! - [`Reader`] is cheap to clone, works beside the appender from any thread, and sees exactly the
//!   records that are durable. It goes on reading after the appender has stopped.
//!
//! Everything blocks. Callers in async code put it on threads of their own.

mod appender;
mod copy;
mod directory_storage;
mod error;
mod format;
mod reader;
mod recovery;
mod segment;
mod storage;
mod survey;

#[cfg(test)]
pub(crate) mod simulated_disk;
#[cfg(test)]
mod tests;

pub use appender::{Journal, Position};
pub use error::{Corruption, Damage, Failure, JournalError};
pub use format::FORMAT_VERSION;
pub use reader::{Reader, Record, Records};
pub use recovery::{Recovery, Repair};

// What lies beside the journal stands on the same seam, and is tested on the same failing disk.
pub(crate) use directory_storage::DirectoryStorage;
pub(crate) use storage::{Storage, StorageFile, read_exact_at, write_all_at};

/// The longest payload of a record, in bytes. It bounds what a reader allocates and how far a torn
/// write can reach.
pub const MAX_RECORD_BYTES: u32 = 64 << 20;

/// How a journal is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names the chain. Segments of another one are refused.
    pub genesis: [u8; 32],
    /// A new segment begins before the record that would make the current one longer than this many
    /// bytes. A record that is longer by itself gets a segment of its own.
    pub segment_bytes: u64,
    /// Every record from this one on is checked at opening (and, whatever it says, the last
    /// segment). Earlier ones are checked when they are read. The caller's snapshot ends just
    /// before it.
    pub verify_from: u64,
    /// A record that is known to have been durable, because a snapshot holds it or L1 does; 0 for
    /// none. A journal that ends before it is refused, where it would otherwise be taken for one
    /// with a torn tail.
    pub expect_through: u64,
}

impl Options {
    /// 64 MiB segments, every record checked, nothing expected.
    pub fn new(genesis: [u8; 32]) -> Self {
        Self {
            genesis,
            segment_bytes: 64 << 20,
            verify_from: 1,
            expect_through: 0,
        }
    }
}
