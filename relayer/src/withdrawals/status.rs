//! How far a withdrawal is.

use spillway_l1::transactions::IntentId;

use super::advances::Advanced;
use super::payments::Payment;
use crate::l2::L2Withdrawal;

/// How far a withdrawal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithdrawalStage {
    /// L2 has it, and no batch that stands.
    OnL2,
    /// A batch that stands has it and can be challenged still.
    Posted {
        /// The batch.
        batch: u64,
        /// The end of its challenge window, in L1's seconds since 1970. A challenge that is open then puts it off.
        claimable_at: u64,
    },
    /// Anybody can claim it.
    Claimable {
        /// The first batch that has it.
        batch: u64,
    },
    /// A claim of the relayer's is under way.
    Claiming {
        /// The transaction manager's name for it.
        intent: IntentId,
    },
    /// L1 has paid it.
    Paid(Payment),
}

/// What makes a payment fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// A call on L1's head shows that it would fail: its recipient or its token refuses it, or takes too much gas.
    WouldFail,
    /// It failed in a transaction on L1.
    Failed,
    /// The whole claim that it was in reverted, or was lost.
    ClaimFailed,
}

/// How a withdrawal failed to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// So many times.
    pub times: u32,
    /// The last time.
    pub kind: FailureKind,
    /// When the relayer tries again, in L1's seconds; none if it does not: anybody can still claim it.
    pub retry_at: Option<u64>,
}

/// A withdrawal and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawalStatus {
    /// Its index.
    pub index: u32,
    /// What it is, and where L2 has it.
    pub made: L2Withdrawal,
    /// How far it is.
    pub stage: WithdrawalStage,
    /// How it failed to be paid, if it did.
    pub failure: Option<Failure>,
    /// The pool's advance of it, if L1 shows one.
    pub advanced: Option<Advanced>,
}
