//! How far the verifier is, for whoever watches it.

use alloy_primitives::B256;

use crate::disputes::Proving;
use crate::replay::{Ledger, Wrong};

/// How far the verifier is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// The last block of L1 that was read, once one was.
    pub l1_block: Option<u64>,
    /// The newest batch that stands on L1, as far as it was read; 0 if there is none.
    pub posted_batch: u64,
    /// The newest batch that was replayed and agrees; 0 before the first.
    pub batch: u64,
    /// Its last block of L2.
    pub block: u64,
    /// The state root after it.
    pub state_root: B256,
    /// Transactions from genesis up to it.
    pub transactions: u64,
    /// Transactions replayed a second since the verifier started, what was replayed twice included. The wait for data
    /// counts, the wait for new batches does not.
    pub rate: f64,
    /// A batch that is wrong and still stands. Nothing after it is replayed until it falls.
    pub wrong: Option<Wrong>,
    /// How far the proof against it is; none without a prover.
    pub proving: Option<Proving>,
    /// The newest batch that is safe: replayed, with all before it, and every signed transaction held. 0 if there is none, and
    /// without holdings.
    pub safe_batch: u64,
    /// Its last block of L2.
    pub safe_block: u64,
    /// Batches that fell for good by a proof of this verifier's, since it started.
    pub felled: u64,
    /// The first batch, if there is one up to [`Self::batch`], whose header names another block hash than its operations
    /// lead to: [`Ledger::other_block_hash`]. It and what comes after it is never safe.
    pub other_block_hash: Option<u64>,
}

impl Progress {
    /// Moves to that ledger.
    pub(crate) fn set_ledger(&mut self, ledger: &Ledger) {
        self.batch = ledger.batch();
        self.block = ledger.head().number;
        self.state_root = ledger.root();
        self.other_block_hash = ledger.other_block_hash();
        self.transactions = ledger.state().counters().authorised_count;
    }
}
