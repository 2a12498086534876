//! What the desk tells its owner.

use spillway_l1::transactions::{IntentId, Obstacle};
use spillway_protocol::token::TokenId;

use super::refusal::Refusal;

/// What it did and what it met, in order. Its owner logs it. That L1 has an advance or a payment, the relayer's own reports tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdvanceReport {
    /// It has begun, with orders of earlier runs.
    Began {
        /// So many of them are not paid yet.
        orders: usize,
    },
    /// It lets the bridge take a token from the hot account.
    Approving {
        /// The token.
        token: TokenId,
        /// The transaction's name, which the manager's log has as well.
        id: IntentId,
    },
    /// An order is on disk.
    Accepted {
        /// The withdrawal.
        index: u32,
        /// Its token.
        token: TokenId,
        /// Its amount.
        amount: u128,
        /// What the pool keeps of that.
        fee: u128,
    },
    /// It asked the transaction manager for an advance, and that is on disk.
    Paying {
        /// The withdrawal.
        index: u32,
        /// The transaction's name.
        id: IntentId,
    },
    /// An advance is in a block of L1.
    Paid {
        /// The withdrawal.
        index: u32,
        /// Gas that it used.
        gas: u64,
        /// Wei that this cost.
        wei: u128,
    },
    /// An order is not carried out. The withdrawal is claimed as any other.
    Refused {
        /// The withdrawal.
        index: u32,
        /// Why.
        reason: Refusal,
    },
    /// A transaction does not get on without help from outside.
    Blocked {
        /// Its name.
        id: IntentId,
        /// Why.
        obstacle: Obstacle,
    },
    /// It cannot go on at the moment, and tries again.
    Waits {
        /// Why.
        reason: String,
    },
}
