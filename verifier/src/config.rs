//! What a verifier is told, and how it ends.

use std::time::Duration;

use alloy_primitives::Address;
use spillway_l1::events::{ContractAddresses, Finality, ReaderSettings};
use tokio::task::JoinError;

use crate::derivation::Contradiction;
use crate::disputes::ProverError;

/// Which rollup is verified, and how.
#[derive(Clone, Copy, Debug)]
pub struct VerifierConfig {
    /// Its contracts.
    pub contracts: ContractAddresses,
    /// The block of L1 that holds the first of them.
    pub l1_block: u64,
    /// Account 0 of L2.
    pub fee_account: Address,
    /// When a block of L1 cannot be forked away.
    pub finality: Finality,
    /// How L1 is read.
    pub reader: ReaderSettings,
    /// The wait before data that is not there is asked for again.
    pub retry_interval: Duration,
    /// Batches from one [checkpoint](crate::checkpoints) to the next. After a small fork, at most twice as many are replayed
    /// again.
    pub checkpoint_interval: u64,
}

/// When the verifier ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Never by itself.
    Stopped,
    /// When all that stands on L1's head is replayed, or a wrong batch stands and there is no prover.
    Head,
    /// When that batch is replayed, or a wrong batch stands and there is no prover.
    Batch(u64),
}

/// Why the verifier ends before its target.
#[derive(Debug, thiserror::Error)]
pub enum VerifierError {
    /// L1 contradicts the protocol.
    #[error("L1 contradicts the protocol, nothing more is verified: {0}")]
    Contradiction(#[from] Contradiction),
    /// The snapshot is of another chain, or of a state that no batch ends with.
    #[error(
        "L1 has no batch {0} that ends with the state and the block of the snapshot: take another snapshot, or begin at genesis"
    )]
    Snapshot(u64),
    /// A batch up to that of the snapshot does not stand any more.
    #[error(
        "batches after {to} have fallen, and the verification began after batch {began}: begin from an earlier snapshot, or at genesis"
    )]
    BeforeSnapshot {
        /// The last batch that stands.
        to: u64,
        /// The snapshot's.
        began: u64,
    },
    /// Nothing can be proven any more.
    #[error(transparent)]
    Prover(#[from] ProverError),
    /// A thread has ended before its work.
    #[error("a task of the verifier has ended: {0}. Start again")]
    Task(#[from] JoinError),
}
