//! From what a wallet asked for to the operation that does it.

use alloc::vec::Vec;

use alloy_primitives::Address;

use crate::operation::{Operation, Payee, Target};
use crate::state::State;
use crate::token::{ETH, TokenId, TokenTable};
use crate::transaction::{self, Asset, Intent};

/// Why an intent is no operation on a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The sender has no account, so holds nothing.
    #[error("the sender has no account")]
    NoAccount,
    /// L1 has not listed the token.
    #[error("token {0} is not listed")]
    UnlistedToken(Address),
}

/// The operation that carries out the intent of a sender, on this state.
///
/// # Errors
/// [`ResolveError`]. That the sender can pay is for [`super::apply`] to say.
pub fn resolve(
    state: &State,
    tokens: &TokenTable,
    sender: &Address,
    intent: &Intent,
) -> Result<Operation, ResolveError> {
    let from = state.index_of(sender).ok_or(ResolveError::NoAccount)?;
    let token = token_id(tokens, intent.asset())?;
    match intent {
        Intent::Transfer {
            recipient, amount, ..
        } => Ok(match state.index_of(recipient) {
            Some(to) => Operation::Transfer {
                from,
                to,
                token,
                amount: *amount,
            },
            None => Operation::TransferNew {
                from,
                to: *recipient,
                token,
                amount: *amount,
            },
        }),
        Intent::Withdraw {
            recipient, amount, ..
        } => {
            let recipient = Some(*recipient).filter(|recipient| recipient != sender);
            Ok(Operation::Withdraw {
                from,
                token,
                amount: *amount,
                recipient,
            })
        }
        Intent::Payout { payees, .. } => Ok(Operation::Payout {
            from,
            token,
            payees: resolve_payees(state, payees),
        }),
    }
}

fn token_id(tokens: &TokenTable, asset: Asset) -> Result<TokenId, ResolveError> {
    match asset {
        Asset::Eth => Ok(ETH),
        Asset::Token(address) => tokens
            .id_of(&address)
            .ok_or(ResolveError::UnlistedToken(address)),
    }
}

/// A recipient without an account gets one by its first payment, and is named by index in later ones.
fn resolve_payees(state: &State, payees: &[transaction::Payee]) -> Vec<Payee> {
    let mut created: Vec<Address> = Vec::new();
    payees
        .iter()
        .map(|payee| {
            let known = state.index_of(&payee.recipient).or_else(|| {
                let at = created
                    .iter()
                    .position(|address| *address == payee.recipient)?;
                state.account_count().checked_add(u32::try_from(at).ok()?)
            });
            let target = match known {
                Some(index) => Target::Index(index),
                None => {
                    created.push(payee.recipient);
                    Target::New(payee.recipient)
                }
            };
            Payee {
                target,
                amount: payee.amount,
            }
        })
        .collect()
}
