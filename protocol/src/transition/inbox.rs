//! What a message from L1 does.

use alloy_primitives::Address;

use super::Rejection;
use super::movement::{credit_new, leave, verify_new_account, verify_withdrawal_index};
use crate::inbox::InboxMessage;
use crate::operation::DepositTarget;
use crate::state::State;
use crate::token::TokenId;
use crate::withdrawal::Withdrawal;

/// Consumes the next message.
pub(super) fn consume(
    state: &mut State,
    target: Option<DepositTarget>,
    message: &InboxMessage,
) -> Result<(), Rejection> {
    let next = state
        .counters()
        .inbox_count
        .checked_add(1)
        .ok_or(Rejection::Overflow)?;
    match (*message, target) {
        (
            InboxMessage::Deposit {
                to,
                token,
                amount,
                lock,
            },
            Some(target),
        ) => {
            deposit(state, target, to, token, amount, lock)?;
        }
        (
            InboxMessage::ForcedWithdrawal {
                sender,
                account,
                token,
                amount,
                recipient,
            },
            None,
        ) => force_withdrawal(state, account, sender, token, amount, recipient)?,
        (InboxMessage::Lock { sender, account }, None) => set_locked(state, account, sender, true),
        (InboxMessage::Unlock { sender, account }, None) => {
            set_locked(state, account, sender, false);
        }
        _ => return Err(Rejection::WrongTarget),
    }
    state.counters_mut().inbox_count = next;
    Ok(())
}

fn deposit(
    state: &mut State,
    target: DepositTarget,
    to: Address,
    token: TokenId,
    amount: u128,
    lock: bool,
) -> Result<(), Rejection> {
    match target {
        DepositTarget::Index(index) => {
            if state
                .address(index)
                .ok_or(Rejection::UnknownAccount(index))?
                != to
            {
                return Err(Rejection::WrongTarget);
            }
            state.mint(token, amount).ok_or(Rejection::Overflow)?;
            state
                .credit(index, token, amount)
                .ok_or(Rejection::Overflow)?;
            if lock {
                state.set_locked(index, true);
            }
        }
        DepositTarget::New => {
            verify_new_account(state, &to, amount, 0)?;
            let index = state.account_count();
            state.mint(token, amount).ok_or(Rejection::Overflow)?;
            credit_new(state, to, token, amount)?;
            if lock {
                state.set_locked(index, true);
            }
        }
    }
    Ok(())
}

/// How much a forced withdrawal takes: what there is of its amount. Zero, and it is consumed without effect, when the
/// account does not exist or is not the sender's, or when there is nothing to take.
#[must_use]
pub fn forced_amount(
    state: &State,
    index: u32,
    sender: Address,
    token: TokenId,
    amount: u128,
) -> u128 {
    if names_its_sender(state, index, sender) {
        amount.min(state.balance(index, token))
    } else {
        0
    }
}

/// Whether a message from L1 names an account that exists and has its sender's address. Without that it has no effect.
#[must_use]
pub fn names_its_sender(state: &State, index: u32, sender: Address) -> bool {
    state.address(index) == Some(sender)
}

fn force_withdrawal(
    state: &mut State,
    index: u32,
    sender: Address,
    token: TokenId,
    amount: u128,
    recipient: Address,
) -> Result<(), Rejection> {
    let amount = forced_amount(state, index, sender, token, amount);
    if amount == 0 {
        return Ok(());
    }
    verify_withdrawal_index(state)?;
    state
        .debit(index, token, amount)
        .ok_or(Rejection::Overflow)?;
    leave(
        state,
        Withdrawal {
            account: sender,
            recipient,
            token,
            amount,
        },
    )
}

fn set_locked(state: &mut State, index: u32, sender: Address, locked: bool) {
    if names_its_sender(state, index, sender) {
        state.set_locked(index, locked);
    }
}
