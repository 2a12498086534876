//! Bytes to an operation.

use alloc::vec::Vec;

use super::reader::Reader;
use super::{Scope, pair_width, reference_width, tag};
use crate::amount;
use crate::limits::PAYEES_MAX;
use crate::operation::{DepositTarget, Operation, Payee, Target};
use crate::token::{ETH, TokenId};

/// Why bytes are not an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end within the operation.
    #[error("the bytes end within an operation")]
    Truncated,
    /// The first byte names no operation.
    #[error("0x{0:02x} begins no operation")]
    UnknownTag(u8),
    /// An index at or above the account count.
    #[error("index {index} is not below the account count {account_count}")]
    IndexOutOfRange {
        /// The index, or the pair's sender.
        index: u64,
        /// Accounts before the operation.
        account_count: u32,
    },
    /// A token that L1 has not listed.
    #[error("token {0} is not listed")]
    UnlistedToken(TokenId),
    /// A value in a longer form than it needs.
    #[error("{0} is not in its shortest form")]
    NotCanonical(&'static str),
    /// An amount code that means nothing, or an amount of 2^128 or more.
    #[error("amount code {0} is invalid here")]
    BadAmount(u16),
    /// No recipients, or more than 64.
    #[error("a payout has 1 to 64 recipients, not {0}")]
    PayeeCount(u8),
}

/// Decodes the operation that the bytes begin with, and tells how many of them it is.
///
/// # Errors
/// [`DecodeError`] for every first byte and every continuation that no operation has. Total: any
/// bytes get an answer.
pub fn decode(bytes: &[u8], scope: &Scope<'_>) -> Result<(Operation, usize), DecodeError> {
    let mut decoder = Decoder {
        reader: Reader::new(bytes),
        scope,
    };
    let operation = decoder.operation()?;
    let used = bytes.len().saturating_sub(decoder.reader.remaining());
    Ok((operation, used))
}

struct Decoder<'a> {
    reader: Reader<'a>,
    scope: &'a Scope<'a>,
}

impl Decoder<'_> {
    fn operation(&mut self) -> Result<Operation, DecodeError> {
        let first = self.reader.byte()?;
        if first & tag::TRANSFER != 0 {
            return self.transfer(first);
        }
        let flags = first & !tag::KIND_MASK;
        let allowed = match first & tag::KIND_MASK {
            tag::BLOCK => return self.block(flags),
            tag::TRANSFER_NEW | tag::PAYOUT => tag::TOKEN,
            tag::WITHDRAW => tag::TOKEN | tag::RECIPIENT,
            tag::INBOX => tag::TARGET,
            _ => return Err(DecodeError::UnknownTag(first)),
        };
        if flags & !allowed != 0 {
            return Err(DecodeError::UnknownTag(first));
        }
        match first & tag::KIND_MASK {
            tag::TRANSFER_NEW => self.transfer_new(flags),
            tag::WITHDRAW => self.withdraw(flags),
            tag::PAYOUT => self.payout(flags),
            _ => self.inbox(flags),
        }
    }

    fn block(&mut self, flags: u8) -> Result<Operation, DecodeError> {
        let current = self.scope.base_fee;
        if u32::from(flags) <= tag::BLOCK_SECONDS_MAX {
            return Ok(Operation::Block {
                seconds: u32::from(flags),
                base_fee: current,
            });
        }
        let seconds = u32::from_be_bytes(self.reader.array()?);
        let base_fee = u64::from_be_bytes(self.reader.array()?);
        if seconds <= tag::BLOCK_SECONDS_MAX && base_fee == current {
            return Err(DecodeError::NotCanonical("block"));
        }
        Ok(Operation::Block { seconds, base_fee })
    }

    fn transfer(&mut self, first: u8) -> Result<Operation, DecodeError> {
        let count = self.scope.account_count;
        let width = pair_width(count);
        let low = self.reader.uint(width)?;
        let high = u128::from(first & 0x0f);
        let shift = u32::try_from(width.saturating_mul(8)).unwrap_or(u32::MAX);
        let pair = high.checked_shl(shift).unwrap_or(0) | u128::from(low);
        let from = pair.checked_div(u128::from(count)).unwrap_or(u128::MAX);
        let to = pair.checked_rem(u128::from(count)).unwrap_or(0);
        let from = self.index(u64::try_from(from).unwrap_or(u64::MAX))?;
        let to = self.index(u64::try_from(to).unwrap_or(u64::MAX))?;
        let token = match (first >> 4) & 7 {
            tag::TRANSFER_TOKEN_FOLLOWS => {
                let token = self.reader.byte()?;
                if token < tag::TRANSFER_TOKEN_FOLLOWS {
                    return Err(DecodeError::NotCanonical("token"));
                }
                token
            }
            token => token,
        };
        let amount = self.amount(token)?;
        Ok(Operation::Transfer {
            from,
            to,
            token,
            amount,
        })
    }

    fn transfer_new(&mut self, flags: u8) -> Result<Operation, DecodeError> {
        let from = self.sender()?;
        let to = self.reader.array()?.into();
        let token = self.token(flags)?;
        let amount = self.amount(token)?;
        Ok(Operation::TransferNew {
            from,
            to,
            token,
            amount,
        })
    }

    fn withdraw(&mut self, flags: u8) -> Result<Operation, DecodeError> {
        let from = self.sender()?;
        let token = self.token(flags)?;
        let amount = self.amount(token)?;
        let recipient = match flags & tag::RECIPIENT {
            0 => None,
            _ => Some(self.reader.array()?.into()),
        };
        Ok(Operation::Withdraw {
            from,
            token,
            amount,
            recipient,
        })
    }

    fn inbox(&mut self, flags: u8) -> Result<Operation, DecodeError> {
        if flags & tag::TARGET == 0 {
            return Ok(Operation::Inbox { target: None });
        }
        let count = self.scope.account_count;
        let target = match self.reader.uint(reference_width(count))? {
            value if value == u64::from(count) => DepositTarget::New,
            value => DepositTarget::Index(self.index(value)?),
        };
        Ok(Operation::Inbox {
            target: Some(target),
        })
    }

    fn payout(&mut self, flags: u8) -> Result<Operation, DecodeError> {
        let from = self.sender()?;
        let token = self.token(flags)?;
        let count = self.reader.byte()?;
        if count == 0 || usize::from(count) > PAYEES_MAX {
            return Err(DecodeError::PayeeCount(count));
        }
        let mut account_count = self.scope.account_count;
        let mut payees = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            payees.push(self.payee(token, &mut account_count)?);
        }
        Ok(Operation::Payout {
            from,
            token,
            payees,
        })
    }

    /// A recipient; one that is new counts for the references after it.
    fn payee(&mut self, token: TokenId, account_count: &mut u32) -> Result<Payee, DecodeError> {
        let value = self.reader.uint(reference_width(*account_count))?;
        let target = if value == u64::from(*account_count) {
            *account_count = account_count.saturating_add(1);
            Target::New(self.reader.array()?.into())
        } else {
            Target::Index(below(value, *account_count)?)
        };
        Ok(Payee {
            target,
            amount: self.amount(token)?,
        })
    }

    fn sender(&mut self) -> Result<u32, DecodeError> {
        let value = self
            .reader
            .uint(reference_width(self.scope.account_count))?;
        self.index(value)
    }

    fn index(&self, value: u64) -> Result<u32, DecodeError> {
        below(value, self.scope.account_count)
    }

    fn token(&mut self, flags: u8) -> Result<TokenId, DecodeError> {
        if flags & tag::TOKEN == 0 {
            return Ok(ETH);
        }
        match self.reader.byte()? {
            ETH => Err(DecodeError::NotCanonical("token")),
            token => Ok(token),
        }
    }

    fn amount(&mut self, token: TokenId) -> Result<u128, DecodeError> {
        let base_exponent = self
            .scope
            .base_exponent(token)
            .ok_or(DecodeError::UnlistedToken(token))?;
        let code = u16::from_be_bytes(self.reader.array()?);
        let len = amount::mantissa_len(code).ok_or(DecodeError::BadAmount(code))?;
        let mantissa = self.reader.take(len)?;
        amount::decode(code, mantissa, base_exponent).ok_or(DecodeError::BadAmount(code))
    }
}

fn below(value: u64, account_count: u32) -> Result<u32, DecodeError> {
    u32::try_from(value)
        .ok()
        .filter(|index| *index < account_count)
        .ok_or(DecodeError::IndexOutOfRange {
            index: value,
            account_count,
        })
}
