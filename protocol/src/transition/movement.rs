//! Transfers and withdrawals, and what all signed operations share: debit, fee and nonce.

use alloy_primitives::Address;

use super::Rejection;
use crate::gas;
use crate::operation::Operation;
use crate::state::{FEE_ACCOUNT, State};
use crate::token::{ETH, TokenId};
use crate::withdrawal::Withdrawal;

/// A signed operation's sender, who can pay for it: only [`verify_sender`] makes one.
pub(super) struct VerifiedSender {
    index: u32,
    address: Address,
    token: TokenId,
    amount: u128,
    fee: u128,
    next_nonce: u64,
    next_authorised: u64,
}

/// Checks that the sender may and can spend that amount of the token, and the fee.
pub(super) fn verify_sender(
    state: &State,
    operation: &Operation,
    index: u32,
    token: TokenId,
    amount: u128,
) -> Result<VerifiedSender, Rejection> {
    let unknown = Rejection::UnknownAccount(index);
    if state.locked(index).ok_or(unknown)? {
        return Err(Rejection::Locked);
    }
    let nonce = state.nonce(index).ok_or(unknown)?;
    let next_nonce = nonce.checked_add(1).ok_or(Rejection::NonceOverflow)?;
    let authorised = state.counters().authorised_count;
    let next_authorised = authorised.checked_add(1).ok_or(Rejection::NonceOverflow)?;

    let fee = operation
        .gas_kind()
        .map_or(0, |kind| gas::fee(kind, state.counters().base_fee));
    let eth = state.balance(index, ETH);
    if token == ETH {
        let needed = amount.checked_add(fee);
        if needed.is_none_or(|needed| needed > eth) {
            let needed = needed.unwrap_or(u128::MAX);
            return Err(Rejection::InsufficientFunds {
                balance: eth,
                needed,
            });
        }
    } else {
        let balance = state.balance(index, token);
        if balance == 0 {
            return Err(Rejection::TokenNotHeld(token));
        }
        if amount > balance {
            return Err(Rejection::InsufficientFunds {
                balance,
                needed: amount,
            });
        }
        if fee > eth {
            return Err(Rejection::InsufficientFee {
                balance: eth,
                needed: fee,
            });
        }
    }
    let address = state.address(index).ok_or(unknown)?;
    Ok(VerifiedSender {
        index,
        address,
        token,
        amount,
        fee,
        next_nonce,
        next_authorised,
    })
}

/// Takes amount and fee from the sender, hands the fee to account 0, and counts the operation.
pub(super) fn charge(state: &mut State, sender: &VerifiedSender) -> Result<(), Rejection> {
    state
        .debit(sender.index, sender.token, sender.amount)
        .ok_or(Rejection::Overflow)?;
    state
        .debit(sender.index, ETH, sender.fee)
        .ok_or(Rejection::Overflow)?;
    state.set_nonce(sender.index, sender.next_nonce);
    state.counters_mut().authorised_count = sender.next_authorised;
    state
        .credit(FEE_ACCOUNT, ETH, sender.fee)
        .ok_or(Rejection::Overflow)
}

/// Checks that a new account can come into being by a credit of that amount.
pub(super) fn verify_new_account(
    state: &State,
    address: &Address,
    amount: u128,
    already_new: u32,
) -> Result<(), Rejection> {
    if amount == 0 {
        return Err(Rejection::ZeroAmount);
    }
    if state.index_of(address).is_some() {
        return Err(Rejection::AccountExists);
    }
    let count = state.account_count().checked_add(already_new);
    // The count itself must fit 32 bits, so the last index is never used.
    count
        .and_then(|count| count.checked_add(1))
        .map(|_| ())
        .ok_or(Rejection::TooManyAccounts)
}

/// Credits an account that exists, or creates it.
pub(super) fn credit_new(
    state: &mut State,
    address: Address,
    token: TokenId,
    amount: u128,
) -> Result<(), Rejection> {
    let index = state.create(address).ok_or(Rejection::TooManyAccounts)?;
    state
        .credit(index, token, amount)
        .ok_or(Rejection::Overflow)
}

pub(super) fn transfer(state: &mut State, operation: &Operation) -> Result<(), Rejection> {
    match *operation {
        Operation::Transfer {
            from,
            to,
            token,
            amount,
        } => {
            let sender = verify_sender(state, operation, from, token, amount)?;
            if to >= state.account_count() {
                return Err(Rejection::UnknownAccount(to));
            }
            charge(state, &sender)?;
            state.credit(to, token, amount).ok_or(Rejection::Overflow)
        }
        Operation::TransferNew {
            from,
            to,
            token,
            amount,
        } => {
            let sender = verify_sender(state, operation, from, token, amount)?;
            verify_new_account(state, &to, amount, 0)?;
            charge(state, &sender)?;
            credit_new(state, to, token, amount)
        }
        _ => Ok(()),
    }
}

pub(super) fn withdraw(state: &mut State, operation: &Operation) -> Result<(), Rejection> {
    let Operation::Withdraw {
        from,
        token,
        amount,
        recipient,
    } = *operation
    else {
        return Ok(());
    };
    let sender = verify_sender(state, operation, from, token, amount)?;
    if amount == 0 {
        return Err(Rejection::ZeroAmount);
    }
    if recipient == Some(sender.address) {
        return Err(Rejection::RecipientIsSender);
    }
    verify_withdrawal_index(state)?;
    charge(state, &sender)?;
    let account = sender.address;
    leave(
        state,
        Withdrawal {
            account,
            recipient: recipient.unwrap_or(account),
            token,
            amount,
        },
    )
}

pub(super) fn verify_withdrawal_index(state: &State) -> Result<(), Rejection> {
    let count = state.counters().withdrawal_count;
    count
        .checked_add(1)
        .map(|_| ())
        .ok_or(Rejection::TooManyWithdrawals)
}

/// Records funds that were debited as withdrawn.
pub(super) fn leave(state: &mut State, withdrawal: Withdrawal) -> Result<(), Rejection> {
    state
        .burn(withdrawal.token, withdrawal.amount)
        .ok_or(Rejection::Overflow)?;
    let count = state.counters().withdrawal_count;
    state.counters_mut().withdrawal_count =
        count.checked_add(1).ok_or(Rejection::TooManyWithdrawals)?;
    state.record_withdrawal(withdrawal);
    Ok(())
}
