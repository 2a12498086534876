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

/// Takes what there is of the amount. Without effect, but consumed, when the account does not exist
/// or is not the sender's, or when there is nothing to take.
fn force_withdrawal(
    state: &mut State,
    index: u32,
    sender: Address,
    token: TokenId,
    amount: u128,
    recipient: Address,
) -> Result<(), Rejection> {
    if state.address(index) != Some(sender) {
        return Ok(());
    }
    let amount = amount.min(state.balance(index, token));
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
    if state.address(index) == Some(sender) {
        state.set_locked(index, locked);
    }
}
