//! An operation to bytes.

use alloc::vec::Vec;

use super::{Scope, pair_width, reference_width, tag};
use crate::amount;
use crate::limits::PAYEES_MAX;
use crate::operation::{DepositTarget, Operation, Payee, Target};
use crate::token::{ETH, TokenId};

/// Why an operation has no encoding in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// An index at or above the account count.
    #[error("account {0} does not exist")]
    UnknownAccount(u32),
    /// A token that L1 has not listed.
    #[error("token {0} is not listed")]
    UnlistedToken(TokenId),
    /// No recipients, or more than 64.
    #[error("a payout has 1 to 64 recipients, not {0}")]
    PayeeCount(usize),
}

/// Appends the operation's bytes.
///
/// # Errors
/// [`EncodeError`], with `out` unchanged.
pub fn encode(
    operation: &Operation,
    scope: &Scope<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let result = Encoder { out, scope }.operation(operation);
    if result.is_err() {
        out.truncate(start);
    }
    result
}

struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    scope: &'a Scope<'a>,
}

impl Encoder<'_> {
    fn operation(&mut self, operation: &Operation) -> Result<(), EncodeError> {
        match operation {
            Operation::Block { seconds, base_fee } => {
                self.block(*seconds, *base_fee);
                Ok(())
            }
            Operation::Transfer {
                from,
                to,
                token,
                amount,
            } => self.transfer(*from, *to, *token, *amount),
            Operation::TransferNew {
                from,
                to,
                token,
                amount,
            } => {
                self.out.push(tag::TRANSFER_NEW | token_flag(*token));
                self.index(*from)?;
                self.out.extend_from_slice(to.as_slice());
                self.token(*token);
                self.amount(*token, *amount)
            }
            Operation::Withdraw {
                from,
                token,
                amount,
                recipient,
            } => {
                let recipient_flag = if recipient.is_some() {
                    tag::RECIPIENT
                } else {
                    0
                };
                self.out
                    .push(tag::WITHDRAW | token_flag(*token) | recipient_flag);
                self.index(*from)?;
                self.token(*token);
                self.amount(*token, *amount)?;
                self.out
                    .extend_from_slice(recipient.as_ref().map_or(&[], |to| to.as_slice()));
                Ok(())
            }
            Operation::Inbox { target } => self.inbox(*target),
            Operation::Payout {
                from,
                token,
                payees,
            } => self.payout(*from, *token, payees),
        }
    }

    fn block(&mut self, seconds: u32, base_fee: u64) {
        if seconds <= tag::BLOCK_SECONDS_MAX && base_fee == self.scope.base_fee {
            let [.., low] = seconds.to_be_bytes();
            self.out.push(tag::BLOCK | low);
        } else {
            self.out.push(tag::BLOCK_LONG);
            self.out.extend_from_slice(&seconds.to_be_bytes());
            self.out.extend_from_slice(&base_fee.to_be_bytes());
        }
    }

    fn transfer(
        &mut self,
        from: u32,
        to: u32,
        token: TokenId,
        amount: u128,
    ) -> Result<(), EncodeError> {
        let count = self.scope.account_count;
        self.check(from, count)?;
        self.check(to, count)?;
        // Below count^2, so below 2^64.
        let pair = u64::from(from)
            .saturating_mul(u64::from(count))
            .saturating_add(u64::from(to));
        let width = pair_width(count);
        let shift = u32::try_from(width.saturating_mul(8)).unwrap_or(u32::MAX);
        let [.., high] = pair.checked_shr(shift).unwrap_or(0).to_be_bytes();
        let short_token = token.min(tag::TRANSFER_TOKEN_FOLLOWS);
        self.out.push(tag::TRANSFER | (short_token << 4) | high);
        self.uint(pair, width);
        if short_token == tag::TRANSFER_TOKEN_FOLLOWS {
            self.out.push(token);
        }
        self.amount(token, amount)
    }

    fn inbox(&mut self, target: Option<DepositTarget>) -> Result<(), EncodeError> {
        let count = self.scope.account_count;
        match target {
            None => self.out.push(tag::INBOX),
            Some(target) => {
                self.out.push(tag::INBOX | tag::TARGET);
                match target {
                    DepositTarget::Index(index) => self.index(index)?,
                    DepositTarget::New => self.uint(u64::from(count), reference_width(count)),
                }
            }
        }
        Ok(())
    }

    fn payout(&mut self, from: u32, token: TokenId, payees: &[Payee]) -> Result<(), EncodeError> {
        let payee_count = u8::try_from(payees.len())
            .ok()
            .filter(|count| (1..=PAYEES_MAX).contains(&usize::from(*count)))
            .ok_or(EncodeError::PayeeCount(payees.len()))?;
        self.out.push(tag::PAYOUT | token_flag(token));
        self.index(from)?;
        self.token(token);
        self.out.push(payee_count);
        let mut account_count = self.scope.account_count;
        for payee in payees {
            let width = reference_width(account_count);
            match payee.target {
                Target::Index(index) => {
                    self.check(index, account_count)?;
                    self.uint(u64::from(index), width);
                }
                Target::New(address) => {
                    self.uint(u64::from(account_count), width);
                    self.out.extend_from_slice(address.as_slice());
                    account_count = account_count.saturating_add(1);
                }
            }
            self.amount(token, payee.amount)?;
        }
        Ok(())
    }

    fn check(&self, index: u32, account_count: u32) -> Result<(), EncodeError> {
        if index < account_count {
            Ok(())
        } else {
            Err(EncodeError::UnknownAccount(index))
        }
    }

    fn index(&mut self, index: u32) -> Result<(), EncodeError> {
        let count = self.scope.account_count;
        self.check(index, count)?;
        self.uint(u64::from(index), reference_width(count));
        Ok(())
    }

    /// The low `width` bytes of a value, at most 8.
    fn uint(&mut self, value: u64, width: usize) {
        let bytes = value.to_be_bytes();
        let start = bytes.len().saturating_sub(width);
        self.out
            .extend_from_slice(bytes.get(start..).unwrap_or_default());
    }

    fn token(&mut self, token: TokenId) {
        if token != ETH {
            self.out.push(token);
        }
    }

    fn amount(&mut self, token: TokenId, amount: u128) -> Result<(), EncodeError> {
        let base_exponent = self
            .scope
            .base_exponent(token)
            .ok_or(EncodeError::UnlistedToken(token))?;
        self.out
            .extend_from_slice(amount::encode(amount, base_exponent).as_bytes());
        Ok(())
    }
}

const fn token_flag(token: TokenId) -> u8 {
    if token == ETH { 0 } else { tag::TOKEN }
}
