//! What the relayer asks about L2. The node implements it over the sequencer's ledger, or over a verifier's replay.

use std::error::Error;
use std::fmt::Debug;

use spillway_protocol::withdrawal::Withdrawal;

use crate::proof::WithdrawalProof;

/// Why L2 does not answer.
pub type L2Error = Box<dyn Error + Send + Sync>;

/// Withdrawals that are asked for at once, at most.
pub const PAGE_MAX: usize = 4_096;

/// How far L2 is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L2Head {
    /// Another number than before means that L2 went back in between: withdrawals that were told before may be void. The
    /// fork id does (reverts on L1 that the ledger has followed), and so does any counter of roll-backs.
    pub fork_id: u64,
    /// Messages of the inbox that it has consumed.
    pub inbox_count: u64,
    /// Withdrawals that it has made.
    pub withdrawal_count: u32,
}

/// A withdrawal and where L2 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L2Withdrawal {
    /// The L2 block that holds it.
    pub block: u64,
    /// What it says.
    pub withdrawal: Withdrawal,
}

/// L2 as the relayer needs it. Calls come from a thread that may block; none needs to be fast, but [`Self::head`] is asked
/// at every poll.
///
/// Nothing here is trusted with funds: proofs are held against the roots that L1 has.
pub trait L2: Debug + Send + Sync + 'static {
    /// How far L2 is. What it counts is durable.
    ///
    /// # Errors
    /// When it cannot be told now. It is asked again.
    fn head(&self) -> Result<L2Head, L2Error>;

    /// The withdrawals from that index on, in order, at most `max` (up to [`PAGE_MAX`]). Fewer, or none, where there are no
    /// more.
    ///
    /// # Errors
    /// As of [`Self::head`].
    fn withdrawals(&self, from: u32, max: usize) -> Result<Vec<L2Withdrawal>, L2Error>;

    /// The state after that block, which is the last one of a batch, and the multiproof of these withdrawals (strictly
    /// ascending, all made by then) under its root.
    ///
    /// A ledger after that block has all of it: [`StateTree::preimage`](spillway_protocol::root::StateTree::preimage) and
    /// [`MerkleTree::multiproof`](spillway_protocol::tree::MerkleTree::multiproof) of its withdrawals. Withdrawals are only
    /// ever appended, so the preimage and the leaves up to its count are enough as well.
    ///
    /// # Errors
    /// As of [`Self::head`].
    fn prove(&self, block: u64, indices: &[u32]) -> Result<WithdrawalProof, L2Error>;
}
