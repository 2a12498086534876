//! Payouts: one debit, many credits, all or nothing.

use super::Rejection;
use super::movement::{charge, credit_new, verify_new_account, verify_sender};
use crate::limits::PAYEES_MAX;
use crate::operation::{Operation, Payee, Target};
use crate::state::State;
use crate::token::TokenId;

pub(super) fn payout(
    state: &mut State,
    operation: &Operation,
    from: u32,
    token: TokenId,
    payees: &[Payee],
) -> Result<(), Rejection> {
    let total = payees
        .iter()
        .try_fold(0u128, |total, payee| total.checked_add(payee.amount));
    let sender = verify_sender(state, operation, from, token, total.unwrap_or(u128::MAX))?;
    if total.is_none() {
        return Err(Rejection::Overflow);
    }
    if payees.is_empty() || payees.len() > PAYEES_MAX {
        return Err(Rejection::PayeeCount);
    }
    verify_payees(state, payees)?;
    charge(state, &sender)?;
    for payee in payees {
        match payee.target {
            Target::Index(to) => {
                state
                    .credit(to, token, payee.amount)
                    .ok_or(Rejection::Overflow)?;
            }
            Target::New(address) => credit_new(state, address, token, payee.amount)?,
        }
    }
    Ok(())
}

/// Checks the recipients in order: one may name an account that an earlier one creates.
fn verify_payees(state: &State, payees: &[Payee]) -> Result<(), Rejection> {
    let mut new = 0u32;
    for (at, payee) in payees.iter().enumerate() {
        match payee.target {
            Target::Index(to) => {
                if to >= state.account_count().saturating_add(new) {
                    return Err(Rejection::UnknownAccount(to));
                }
            }
            Target::New(address) => {
                verify_new_account(state, &address, payee.amount, new)?;
                let earlier = payees.iter().take(at);
                if earlier
                    .into_iter()
                    .any(|other| other.target == payee.target)
                {
                    return Err(Rejection::AccountExists);
                }
                new = new.saturating_add(1);
            }
        }
    }
    Ok(())
}
