//! The transition: what an operation does to the state, or why it is invalid.
//!
//! Each operation is verified completely before anything changes, so a rejected one leaves the state
//! as it was. The sender is verified first, then the recipients in order. Which rejection comes first
//! is of interest to clients alone: L1 tells only valid from invalid.

mod inbox;
mod movement;
mod payout;

mod resolve;

use crate::inbox::InboxMessage;
use crate::operation::Operation;
use crate::state::State;
use crate::token::TokenId;

pub use inbox::{forced_amount, names_its_sender};
pub use resolve::{ResolveError, resolve};

/// Why an operation is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// An operation before the first block.
    #[error("no block has begun")]
    NoBlock,
    /// The block's timestamp or number would not fit 64 bits.
    #[error("the block's number or timestamp does not fit 64 bits")]
    BlockOverflow,
    /// An account index that names no account.
    #[error("account {0} does not exist")]
    UnknownAccount(u32),
    /// A signed operation of a locked account.
    #[error("account is locked on L1")]
    Locked,
    /// The sender's nonce, or the count of authorised operations, cannot grow.
    #[error("nonce has max value")]
    NonceOverflow,
    /// A token operation of a sender without any of that token.
    #[error("sender holds none of token {0}")]
    TokenNotHeld(TokenId),
    /// More than the sender holds of the token (ETH: fee included).
    #[error("insufficient funds: balance {balance}, needed {needed}")]
    InsufficientFunds {
        /// What the sender holds.
        balance: u128,
        /// What the operation takes, saturated.
        needed: u128,
    },
    /// A token operation whose fee in ETH the sender cannot pay.
    #[error("insufficient funds for the fee: balance {balance}, needed {needed}")]
    InsufficientFee {
        /// What the sender holds, in wei.
        balance: u128,
        /// The fee, in wei.
        needed: u128,
    },
    /// Zero where an amount is needed: a credit to a new account, a withdrawal.
    #[error("amount is zero")]
    ZeroAmount,
    /// A new account for an address that has one.
    #[error("the address has an account already")]
    AccountExists,
    /// Every account index is taken.
    #[error("every account index is taken")]
    TooManyAccounts,
    /// A withdrawal that spells out the recipient that it has anyway.
    #[error("the recipient is the account itself and must be left out")]
    RecipientIsSender,
    /// Every withdrawal index is taken.
    #[error("every withdrawal index is taken")]
    TooManyWithdrawals,
    /// No recipients, or more than 64.
    #[error("a payout has 1 to 64 recipients")]
    PayeeCount,
    /// An inbox operation, but no message waits.
    #[error("no inbox message waits")]
    NoMessage,
    /// A target for a message that has none, none for a deposit, or an account that is not the deposit's.
    #[error("the target does not fit the inbox message")]
    WrongTarget,
    /// The balances of a token would add up to 2^128 or more, or the counter of messages is full.
    #[error("a balance or counter would overflow")]
    Overflow,
}

/// Applies an operation.
///
/// `message` is the next message of the inbox, if one waits; only an inbox operation looks at it.
///
/// # Errors
/// [`Rejection`], with the state unchanged.
pub fn apply(
    state: &mut State,
    operation: &Operation,
    message: Option<&InboxMessage>,
) -> Result<(), Rejection> {
    if let Operation::Block { seconds, base_fee } = operation {
        return begin_block(state, *seconds, *base_fee);
    }
    if state.counters().block_number == 0 {
        return Err(Rejection::NoBlock);
    }
    match operation {
        Operation::Block { .. } => Ok(()),
        Operation::Transfer { .. } | Operation::TransferNew { .. } => {
            movement::transfer(state, operation)
        }
        Operation::Withdraw { .. } => movement::withdraw(state, operation),
        Operation::Payout {
            from,
            token,
            payees,
        } => payout::payout(state, operation, *from, *token, payees),
        Operation::Inbox { target } => {
            inbox::consume(state, *target, message.ok_or(Rejection::NoMessage)?)
        }
    }
}

fn begin_block(state: &mut State, seconds: u32, base_fee: u64) -> Result<(), Rejection> {
    let counters = state.counters();
    let number = counters
        .block_number
        .checked_add(1)
        .ok_or(Rejection::BlockOverflow)?;
    let timestamp = counters
        .timestamp
        .checked_add(u64::from(seconds))
        .ok_or(Rejection::BlockOverflow)?;
    let counters = state.counters_mut();
    counters.block_number = number;
    counters.timestamp = timestamp;
    counters.base_fee = base_fee;
    Ok(())
}
