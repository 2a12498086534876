//! Why blocks are not imported, and what follows from it.

use alloy_primitives::{Address, B256};

use crate::admission::AdmissionError;
use crate::journal::{JournalError, MAX_RECORD_BYTES};
use crate::ledger::LedgerError;
use crate::ordering::OrderingError;
use crate::signatures::SignatureFileError;

/// Why a group of blocks was not imported, or not to its end. The blocks before the one that is named were.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The block is not the one after the newest: ask for that.
    #[error("block {found} was offered, block {expected} is next")]
    NotNext {
        /// The next one.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// The block is of another fork. Ahead of ours: L1 has a revert that is to be followed first. Behind: the sequencer has one
    /// to follow, so ask again later.
    #[error("block {number} is of fork {found}, and the chain here is on fork {expected}")]
    Fork {
        /// The block.
        number: u64,
        /// Our fork.
        expected: u64,
        /// The block's.
        found: u64,
    },
    /// The block is not signed: the sequencer has no key, or someone between has taken the signature out.
    #[error("block {0} is not signed, so nobody answers for it")]
    Unsigned(u64),
    /// Another one's signature, or none of these contents: the sequencer that is asked is not the one that was
    /// configured, or someone between changes what it says.
    #[error("block {number} is not signed by {expected}{}", by(.found))]
    Signer {
        /// The block.
        number: u64,
        /// Whose signature it must have.
        expected: Address,
        /// Whose it has; none where nobody comes out of it.
        found: Option<Address>,
    },
    /// The sequencer signed a block on another one than that which it had signed before, on one fork: it contradicts
    /// itself. Both headers are at hand, and cost its bond on L1.
    #[error(
        "block {number} is built on {theirs}, and the sequencer's block before it here is {ours}"
    )]
    OtherChain {
        /// The block.
        number: u64,
        /// Our newest block's hash.
        ours: B256,
        /// The parent's hash that the block names.
        theirs: B256,
    },
    /// L1 has another block of that number.
    #[error("block {number} is {found}, and the one that stands on L1 is {standing}")]
    NotStanding {
        /// The block.
        number: u64,
        /// The hash that L1 has.
        standing: B256,
        /// The hash of the one that came.
        found: B256,
    },
    /// A transaction of the block is none: the sequencer is faulty.
    #[error("transaction {place} of block {number} is not taken: {error}")]
    Admission {
        /// The block.
        number: u64,
        /// Its place in it, from 0.
        place: usize,
        /// Why.
        error: AdmissionError,
    },
    /// A transaction of the block is not valid where it stands: the sequencer is faulty, or the listing of a token was lost on
    /// the way here, now or before.
    #[error("transaction {hash} of block {number} is not valid: {error}")]
    Transaction {
        /// The block.
        number: u64,
        /// Its hash.
        hash: B256,
        /// Why.
        error: OrderingError,
    },
    /// What the block takes from L1 is not taken by the state: the sequencer is faulty, or a listing was changed on the way
    /// here.
    #[error("what block {number} takes from L1 is not valid: {error}")]
    FromL1 {
        /// The block.
        number: u64,
        /// Why.
        error: OrderingError,
    },
    /// The block's transactions, messages and listings do not make that block: the sequencer is faulty, or it cheats.
    #[error("block {number} is not what its transactions and messages make: {computed}")]
    Differs {
        /// The block.
        number: u64,
        /// The hash of the block that they make.
        computed: B256,
    },
    /// The block is larger than any that the sequencer makes.
    #[error("block {number} takes {bytes} bytes of journal, {MAX_RECORD_BYTES} is the most")]
    TooLarge {
        /// The block.
        number: u64,
        /// Its record's length.
        bytes: usize,
    },
    /// The journal has failed, for good: start again.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The signatures could not be made durable: start again.
    #[error(transparent)]
    Signatures(#[from] SignatureFileError),
    /// A durable block does not replay: a defect.
    #[error("a durable block does not replay: {0}")]
    Ledger(#[from] LedgerError),
    /// An earlier failure was final: start again.
    #[error(
        "the replica takes no more blocks, as its disk has failed: remove the cause and start again"
    )]
    Halted,
}

impl ImportError {
    /// Whether nothing can be imported any more until the replica is started again.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Journal(_) | Self::Signatures(_) | Self::Ledger(_) | Self::Halted
        )
    }
}

fn by(signer: &Option<Address>) -> String {
    signer.map_or_else(String::new, |signer| format!(" but by {signer}"))
}
