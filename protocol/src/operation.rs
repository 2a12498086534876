//! The operations that change the state. `docs/protocol.md`, "Operations", gives their bytes.

use alloc::vec::Vec;

use alloy_primitives::Address;

use crate::gas;
use crate::token::{ETH, TokenId};

/// An account that receives: one that exists, or one that comes into being by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The account of that index.
    Index(u32),
    /// A new account for that address, with the next index.
    New(Address),
}

/// A recipient of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payee {
    /// Who.
    pub target: Target,
    /// How much, in the token's smallest unit.
    pub amount: u128,
}

/// What an inbox operation credits: only deposits have a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepositTarget {
    /// The account of that index, whose address must be the deposit's.
    Index(u32),
    /// A new account for the deposit's address, with the next index.
    New,
}

/// An operation. All amounts are in the token's smallest unit; `from` and indices are account indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Begins the next block.
    Block {
        /// Seconds since the previous block.
        seconds: u32,
        /// Wei a unit of gas, from this block on.
        base_fee: u64,
    },
    /// Moves funds to an account that exists.
    Transfer {
        /// Sender.
        from: u32,
        /// Recipient, possibly the sender.
        to: u32,
        /// The token.
        token: TokenId,
        /// How much, possibly zero.
        amount: u128,
    },
    /// Moves funds to an account that comes into being by it.
    TransferNew {
        /// Sender.
        from: u32,
        /// The new account's address.
        to: Address,
        /// The token.
        token: TokenId,
        /// How much, not zero.
        amount: u128,
    },
    /// Moves funds out to L1.
    Withdraw {
        /// Sender.
        from: u32,
        /// The token.
        token: TokenId,
        /// How much, not zero.
        amount: u128,
        /// Whom L1 pays, if not the account itself.
        recipient: Option<Address>,
    },
    /// Consumes the next message of the L1 inbox.
    Inbox {
        /// For a deposit, whose account; nothing for the other messages, which name it themselves.
        target: Option<DepositTarget>,
    },
    /// Moves funds to many accounts at once, all or nothing.
    Payout {
        /// Sender.
        from: u32,
        /// The token.
        token: TokenId,
        /// 1 to 64 recipients, served in order.
        payees: Vec<Payee>,
    },
}

impl Operation {
    /// The account whose signature authorises the operation, if any does.
    #[must_use]
    pub const fn sender(&self) -> Option<u32> {
        match self {
            Self::Transfer { from, .. }
            | Self::TransferNew { from, .. }
            | Self::Withdraw { from, .. }
            | Self::Payout { from, .. } => Some(*from),
            Self::Block { .. } | Self::Inbox { .. } => None,
        }
    }

    /// What the sender pays gas for. Nothing for what no account signs.
    #[must_use]
    pub const fn gas_kind(&self) -> Option<gas::Kind> {
        match self {
            Self::Transfer { token: ETH, .. } | Self::TransferNew { token: ETH, .. } => {
                Some(gas::Kind::TransferEth)
            }
            Self::Transfer { .. } | Self::TransferNew { .. } => Some(gas::Kind::TransferToken),
            Self::Withdraw { .. } => Some(gas::Kind::Withdraw),
            Self::Payout { payees, .. } => Some(gas::Kind::Payout {
                recipients: payees.len(),
            }),
            Self::Block { .. } | Self::Inbox { .. } => None,
        }
    }
}
