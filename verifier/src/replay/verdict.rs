//! What a replay finds.

use std::fmt;

use alloy_primitives::B256;
use spillway_protocol::chunk::ChunkError;

use super::ledger::Ledger;
use crate::derivation::MalformedElement;

/// What a replay finds.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// All that L1 can be shown is as the batch says. This is the ledger after it.
    Agrees(Box<Ledger>),
    /// The batch is wrong.
    Wrong(Wrong),
}

/// A wrong batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("batch {batch} is wrong: {kind}")]
pub struct Wrong {
    /// The batch's number.
    pub batch: u64,
    /// What is wrong, the first thing that is.
    pub kind: WrongKind,
}

/// What is wrong with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongKind {
    /// A chunk does not lead where it says.
    #[error("chunk {chunk}: {fault}")]
    Transition {
        /// The chunk's place in the batch, from 0.
        chunk: usize,
        /// What is wrong with it.
        fault: TransitionFault,
    },
    /// The first operation does not begin a block, so that no chain of blocks follows.
    #[error("its first operation does not begin a block")]
    NoBlock,
    /// The header does not say what the chunks lead to.
    #[error("the header's {0} is not what the chunks lead to")]
    Header(HeaderField),
    /// The data is not chunks.
    #[error(transparent)]
    Malformed(#[from] MalformedElement),
}

/// What is wrong with a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransitionFault {
    /// It holds something that the protocol does not allow.
    #[error("{0}")]
    Invalid(ChunkError),
    /// It leads to another root.
    #[error("it claims the root {claimed} and leads to {derived}")]
    OtherRoot {
        /// By the chunk.
        claimed: B256,
        /// By its execution.
        derived: B256,
    },
}

/// A field of a batch's header that can be wrong on L1, and be proven to be.
///
/// The others are not among them. `Rollup` has checked parent, chunk count and inbox chain value when the batch was posted,
/// as the [derivation](crate::derivation) does again. The signed transactions behind the auth root are not on L1. Another
/// block hash than that of the operations can be proven only with a header that the sequencer signed: see
/// [`Ledger::other_block_hash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderField {
    /// The state root.
    StateRoot,
    /// The number of authorised operations.
    AuthCount,
    /// Messages consumed.
    InboxCount,
    /// The last block's number.
    BlockNumber,
    /// The last block's timestamp.
    Timestamp,
}

impl fmt::Display for HeaderField {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::StateRoot => "state root",
            Self::AuthCount => "count of authorised operations",
            Self::InboxCount => "inbox count",
            Self::BlockNumber => "block number",
            Self::Timestamp => "timestamp",
        })
    }
}

/// The dispute that proves a batch wrong on L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispute {
    /// The chunk is executed on L1.
    Transition {
        /// The chunk's place in the batch, from 0.
        chunk: usize,
    },
    /// The first chunk is opened, and its first operation looked at.
    NoBlock,
    /// The header's state root is held against the root that the last chunk claims.
    LastRoot,
    /// The header's numbers are held against the preimages of the state roots before the batch and after it.
    Counts,
    /// The field element is opened.
    MalformedElement(MalformedElement),
}

impl WrongKind {
    /// The dispute that proves it.
    #[must_use]
    pub const fn dispute(&self) -> Dispute {
        match *self {
            Self::Transition { chunk, .. } => Dispute::Transition { chunk },
            Self::NoBlock => Dispute::NoBlock,
            Self::Header(HeaderField::StateRoot) => Dispute::LastRoot,
            Self::Header(_) => Dispute::Counts,
            Self::Malformed(element) => Dispute::MalformedElement(element),
        }
    }
}
