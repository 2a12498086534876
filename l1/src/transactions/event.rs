//! What the owner of a manager is told.

use std::fmt;

use alloy_primitives::{B256, Log};

use super::price::Price;
use super::request::IntentId;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockRef {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

impl fmt::Display for BlockRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.number, self.hash)
    }
}

/// What the chain says about an included transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its hash.
    pub transaction: B256,
    /// The block that holds it.
    pub block: BlockRef,
    /// Whether it took effect. If not, it reverted.
    pub succeeded: bool,
    /// Gas used.
    pub gas_used: u64,
    /// Wei paid per gas.
    pub gas_price: u128,
    /// Blob gas used.
    pub blob_gas_used: u64,
    /// Wei paid per blob gas.
    pub blob_gas_price: u128,
    /// What the contracts logged.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// Wei that it cost.
    #[must_use]
    pub fn cost(&self) -> u128 {
        u128::from(self.gas_used)
            .saturating_mul(self.gas_price)
            .saturating_add(u128::from(self.blob_gas_used).saturating_mul(self.blob_gas_price))
    }
}

/// How an intent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took effect.
    Executed,
    /// It was included and reverted. Only its gas was paid.
    Reverted,
    /// An empty transaction took its place, or it was never sent. It will not take effect.
    Cancelled,
    /// Its nonce was used by a transaction that is not among those sent for it: somebody else uses the key, or the
    /// node has lost the receipt. Look on chain for the effect before submitting it again under another id.
    Usurped,
    /// It was refused before anything was sent, because executing it reverts or takes too much gas.
    Refused,
}

/// The end of an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// How.
    pub outcome: Outcome,
    /// The transaction and the block, where one was included.
    pub inclusion: Option<(B256, BlockRef)>,
}

/// What holds an intent up until something outside changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The market, or the next replacement, is above the operator's limits.
    FeeCap {
        /// Wei per gas that it would take.
        needed: Price,
    },
    /// The account cannot pay.
    Funds,
    /// The account has transactions of the other kind pending: somebody else uses its key.
    OtherKind,
    /// Nodes call the transaction invalid, and say why.
    Invalid(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FeeCap { needed } => write!(
                f,
                "fees are above the cap: it would take {} wei per gas with a tip of {} and {} per blob gas. Raise \
                 the caps, or wait for lower fees",
                needed.max_fee, needed.priority_fee, needed.blob_fee
            ),
            Self::Funds => f.write_str("the account cannot pay: fund it"),
            Self::OtherKind => f.write_str(
                "the account has pending transactions of the other kind: keep blob and ordinary transactions in \
                 separate accounts",
            ),
            Self::Invalid(message) => write!(f, "nodes refuse it: {message}. Cancel it"),
        }
    }
}

/// What happened to an intent. After a restart an event may come again; none is left out for good, since the
/// manager looks at the chain again. An id that the owner does not know is that of an empty transaction by which the
/// manager fills a hole in the nonces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A node has taken the first transaction for it.
    Sent {
        /// The intent.
        id: IntentId,
        /// The account's nonce that it got, for good.
        nonce: u64,
        /// The transaction.
        transaction: B256,
    },
    /// A node has taken a transaction with higher fees, or a cancellation, in the place of an earlier one.
    Replaced {
        /// The intent.
        id: IntentId,
        /// The new transaction.
        transaction: B256,
        /// What it pays.
        price: Price,
        /// Whether it is the empty one that cancels.
        cancellation: bool,
    },
    /// It is in a block and took effect there.
    Included {
        /// The intent.
        id: IntentId,
        /// The receipt.
        receipt: Receipt,
    },
    /// It is in a block and reverted there.
    Reverted {
        /// The intent.
        id: IntentId,
        /// The receipt.
        receipt: Receipt,
    },
    /// The empty transaction that replaces it is in a block, or it was withdrawn before anything was sent.
    Cancelled {
        /// The intent.
        id: IntentId,
        /// The empty transaction's receipt.
        receipt: Option<Receipt>,
    },
    /// The block that held it is no longer part of the chain. It is sent again.
    Dropped {
        /// The intent.
        id: IntentId,
        /// The block that is gone.
        block: BlockRef,
    },
    /// Its nonce is used for some blocks, and by none of the transactions that were sent for it: somebody else uses the key,
    /// or nodes do not show the receipt. Unless the chain forks it does not take effect. `Final` follows when that is certain,
    /// or `Included` if it was not so; an owner whose effect cannot be had twice need not wait for that.
    Displaced {
        /// The intent.
        id: IntentId,
    },
    /// It ended, as deep below the head as was asked for. The owner answers with `forget` when it has noted that.
    Final {
        /// The intent.
        id: IntentId,
        /// How it ended.
        settled: Settled,
    },
    /// It does not get on without help from outside.
    Blocked {
        /// The intent.
        id: IntentId,
        /// Why.
        obstacle: Obstacle,
    },
    /// It gets on again.
    Unblocked {
        /// The intent.
        id: IntentId,
    },
    /// The gas estimate says that it would revert, or would take too much gas. Nothing was sent and `Final` follows.
    Refused {
        /// The intent.
        id: IntentId,
        /// What the node said.
        reason: String,
    },
}

impl Event {
    /// The intent that it is about.
    #[must_use]
    pub const fn id(&self) -> IntentId {
        match self {
            Self::Sent { id, .. }
            | Self::Replaced { id, .. }
            | Self::Included { id, .. }
            | Self::Reverted { id, .. }
            | Self::Cancelled { id, .. }
            | Self::Dropped { id, .. }
            | Self::Displaced { id }
            | Self::Final { id, .. }
            | Self::Blocked { id, .. }
            | Self::Unblocked { id }
            | Self::Refused { id, .. } => *id,
        }
    }
}
