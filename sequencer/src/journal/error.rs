//! What can go wrong, in words that tell the operator what to do.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::MAX_RECORD_BYTES;

/// Why the journal could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// An operating-system call failed while opening or reading. A repair that opening had begun is
    /// finished by the next opening.
    #[error("journal: cannot {operation} {}: {source}", .path.display())]
    Io {
        /// What was being done: "open", "read", "list", ...
        operation: &'static str,
        /// The file or directory it was done to.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },

    /// Another journal handle, in this process or another, has the directory open.
    #[error(
        "journal: {} is locked by another process; stop that process first \
         (`fuser -v` on the lock file names it)",
        .path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
    },

    /// A `.seg` file whose name is not one this journal gives.
    #[error(
        "journal: {} is not a segment name; move the file out of the journal directory",
        .path.display()
    )]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },

    /// The segment belongs to another chain.
    #[error(
        "journal: {} belongs to another chain (genesis {}); \
         point the sequencer at the right directory",
        .path.display(), Hex(.found)
    )]
    OtherChain {
        /// The segment.
        path: PathBuf,
        /// The genesis id in its header.
        found: [u8; 32],
    },

    /// The segment was written by another version of this software.
    #[error(
        "journal: {} has format version {found}, this program reads version {}; \
         run the version that wrote it",
        .path.display(), super::FORMAT_VERSION
    )]
    OtherVersion {
        /// The segment.
        path: PathBuf,
        /// The version in its header.
        found: u32,
    },

    /// The first segment of the journal is not there.
    #[error(
        "journal: the first segment, {}, is missing; restore it from a copy of the journal",
        .path.display()
    )]
    FirstSegmentMissing {
        /// The segment that should exist.
        path: PathBuf,
    },

    /// Bytes that were once durable are damaged. Nothing was changed.
    #[error(transparent)]
    Corrupt(#[from] Corruption),

    /// The journal ends before a record that the caller knows to be durable. Nothing was changed.
    #[error(
        "journal: ends at record {last}, but record {expected} was durable; \
         restore the missing records from a copy of the journal"
    )]
    EndsEarly {
        /// The last whole record found, 0 if there is none.
        last: u64,
        /// The record that must exist ([`super::Options::expect_through`]).
        expected: u64,
    },

    /// A write or a sync failed, now or earlier: this handle never writes again.
    #[error(transparent)]
    Failed(#[from] Failure),

    /// Records are appended in order, without gaps. Nothing was written.
    #[error("journal: record {got} offered, record {expected} is next")]
    OutOfSequence {
        /// The number that would be right.
        expected: u64,
        /// The number offered.
        got: u64,
    },

    /// The record before this one is not synced yet. Nothing was written.
    #[error("journal: record {unsynced} must be synced before another is appended")]
    Unsynced {
        /// The record that waits for [`super::Journal::sync`].
        unsynced: u64,
    },

    /// The payload is above [`MAX_RECORD_BYTES`]. Nothing was written.
    #[error("journal: a record of {length} bytes is above the limit of {MAX_RECORD_BYTES}")]
    TooLong {
        /// The payload's length in bytes.
        length: usize,
    },
}

impl JournalError {
    /// Names the operation and the path of an I/O error.
    pub(super) fn io(
        operation: &'static str,
        path: impl AsRef<Path>,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            operation,
            path: path.as_ref().to_path_buf(),
            source,
        }
    }
}

/// Damage to bytes that were durable: where, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "journal: {} is corrupt at byte {offset}, record {record}: {damage}; \
     this is not a torn write and is not repaired: \
     keep this file, check the disk, and restore the segment from a copy of the journal",
    .path.display()
)]
pub struct Corruption {
    /// The segment file.
    pub path: PathBuf,
    /// Where in the file the damaged record (or the segment header) begins.
    pub offset: u64,
    /// The number of the record that should be there.
    pub record: u64,
    /// What is wrong with it.
    pub damage: Damage,
}

/// What is wrong with a stretch of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The segment header fails its checksum, or is cut short with records after it.
    #[error("the segment header fails its checksum")]
    SegmentHeader,
    /// The segment's name and its header disagree.
    #[error("the segment's header says its first record is {found}")]
    Misnamed {
        /// The first record according to the header.
        found: u64,
    },
    /// The segment ends where a record header should be.
    #[error(
        "the segment ends before the end of the record's header (is the segment after it missing?)"
    )]
    HeaderCutShort,
    /// The record header fails its checksum.
    #[error("the record's header fails its checksum")]
    Header,
    /// The record header is intact but belongs to another record.
    #[error("record {found} stands in its place")]
    Misplaced {
        /// The number in the header.
        found: u64,
    },
    /// The record header is intact, and its length is above [`MAX_RECORD_BYTES`].
    #[error("its length, {length}, is above the limit of {MAX_RECORD_BYTES}")]
    LengthAboveLimit {
        /// The length in the header.
        length: u32,
    },
    /// The segment ends inside the record's payload.
    #[error("the segment ends before the end of the record's payload")]
    PayloadCutShort,
    /// The payload fails its checksum.
    #[error("the record's payload fails its checksum")]
    Payload,
    /// Bytes follow the last record of a segment that has a successor.
    #[error("bytes follow the segment's last record")]
    BytesAfterLastRecord,
}

/// The write or sync that stopped the journal. The same value answers every later append and sync:
/// after a failed sync the kernel may have dropped the data and called it clean, so that a second
/// sync that succeeds proves nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "journal: stopped after record {last_synced}: cannot {operation} {}: {source}; \
     nothing later was acknowledged; remove the cause (disk full? failing disk?) and restart",
    .path.display()
)]
pub struct Failure {
    /// What was being done: "write", "sync", ...
    pub operation: &'static str,
    /// The file or directory it was done to.
    pub path: PathBuf,
    /// The last record that is durable.
    pub last_synced: u64,
    /// What the system answered.
    pub source: Arc<io::Error>,
}

/// Bytes, shown as `0x...`.
struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
