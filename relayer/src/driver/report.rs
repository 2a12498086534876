//! What a relayer tells its owner.

use std::time::Duration;

use alloy_primitives::B256;
use spillway_l1::payments::Advance;
use spillway_l1::transactions::{IntentId, Obstacle};

use crate::policy::ClaimReason;
use crate::withdrawals::Failure;

/// What it did and what it met, in order. Its owner logs it.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// It has read L1 to its head.
    Began {
        /// The block.
        l1_block: u64,
        /// Claims of earlier runs that are taken over.
        claims: usize,
    },
    /// It asked the transaction manager for a claim, and that is on disk.
    Claiming {
        /// The claim's name, which the manager's log has as well.
        id: IntentId,
        /// The batch under whose root it claims.
        batch: u64,
        /// The withdrawals.
        indices: Vec<u32>,
        /// Why now.
        reason: ClaimReason,
        /// Seconds that the oldest has waited.
        oldest: u64,
        /// What each costs, in percent of what it costs in a full claim at the average price.
        relative_percent: u64,
    },
    /// A claim is in a block of L1 and took effect.
    Claimed {
        /// Its name.
        id: IntentId,
        /// Gas that it used.
        gas: u64,
        /// Wei that it cost.
        wei: u128,
    },
    /// L1 has paid withdrawals, whoever claimed them.
    Paid {
        /// Which.
        indices: Vec<u32>,
        /// The block.
        l1_block: u64,
    },
    /// The pool has advanced a withdrawal.
    Advanced {
        /// What L1 logged.
        advance: Advance,
        /// The block.
        l1_block: u64,
    },
    /// A withdrawal could not be paid. It stays claimable by anybody.
    PaymentFailed {
        /// Its index.
        index: u32,
        /// How, and whether it is tried again.
        failure: Failure,
    },
    /// Withdrawals that fail fill the memory: the relayer does not follow this one any more. Anybody can claim it.
    Forgotten {
        /// Its index.
        index: u32,
    },
    /// A claim ended without effect. What it claimed waits again.
    ClaimFailed {
        /// Its name.
        id: IntentId,
        /// Withdrawals of it that are not paid.
        unpaid: usize,
    },
    /// Others were faster with all of a claim: it is withdrawn.
    Cancelled {
        /// Its name.
        id: IntentId,
    },
    /// A claim does not get on without help from outside.
    Blocked {
        /// Its name.
        id: IntentId,
        /// Why.
        obstacle: Obstacle,
    },
    /// L1 does not let a batch become final although its window is over.
    Held {
        /// The batch.
        batch: u64,
        /// The contracts' words.
        reason: String,
    },
    /// L1 dropped deposits that L2 has consumed: it forked deeper than L2 waits. Batches that consumed them revert on L1.
    DepositsLost {
        /// How many.
        count: usize,
    },
    /// It cannot claim at the moment, and tries again.
    Waits {
        /// Why.
        reason: String,
    },
    /// It begins again from the first block.
    Again {
        /// Why.
        reason: String,
        /// After so long.
        wait: Duration,
    },
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The last block of L1 that was read.
    pub l1_block: u64,
    /// Whether that was the head.
    pub is_at_head: bool,
    /// Deposits that wait for L2.
    pub deposits_waiting: usize,
    /// Withdrawals that are remembered.
    pub withdrawals_tracked: usize,
    /// Of those, so many wait to be claimed, as far as one claim looks.
    pub withdrawals_waiting: usize,
    /// Seconds that the oldest of these has waited.
    pub oldest_wait: u64,
    /// Claims that are under way and not all paid.
    pub claims: usize,
    /// Wei that claims have cost, as this run was told. A start is told again what is not final, and so is everybody after a
    /// fork: what is told again counts again.
    pub wei_spent: u128,
    /// The newest claim's transaction that is in a block.
    pub last_claim: Option<B256>,
}
