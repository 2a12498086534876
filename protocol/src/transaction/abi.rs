//! The few parts of Solidity's ABI that the calls need: words, one after the other, read strictly.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, U256};

use super::error::TransactionError;

/// Bytes of a word.
pub(super) const WORD_BYTES: usize = 32;
/// High bytes of an address's word.
const ADDRESS_PADDING_BYTES: usize = 12;

/// Reads the arguments of a call, in order.
pub(super) struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    /// A reader of what follows the selector.
    pub(super) fn of(arguments: &'a [u8]) -> Self {
        Self { rest: arguments }
    }

    /// The next word.
    pub(super) fn word(&mut self) -> Result<U256, TransactionError> {
        self.bytes().map(|bytes| U256::from_be_bytes(*bytes))
    }

    /// The next word as an address.
    pub(super) fn address(&mut self) -> Result<Address, TransactionError> {
        let bytes = self.bytes()?;
        if bytes
            .iter()
            .take(ADDRESS_PADDING_BYTES)
            .any(|byte| *byte != 0)
        {
            return Err(TransactionError::AddressHighBytes);
        }
        Ok(Address::from_word(B256::new(*bytes)))
    }

    /// The next word as the L1 address of a token.
    pub(super) fn token(&mut self) -> Result<Address, TransactionError> {
        let token = self.address()?;
        if token.is_zero() {
            Err(TransactionError::TokenIsZero)
        } else {
            Ok(token)
        }
    }

    /// The next word as an amount.
    pub(super) fn amount(&mut self) -> Result<u128, TransactionError> {
        u128::try_from(self.word()?).map_err(|_| TransactionError::AmountTooLarge)
    }

    /// The next word as an offset, which has one canonical value.
    pub(super) fn offset(&mut self, canonical: usize) -> Result<(), TransactionError> {
        if self.word()? == U256::from(canonical) {
            Ok(())
        } else {
            Err(TransactionError::OffsetNotCanonical)
        }
    }

    /// What follows the words read so far.
    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Ends the reading: nothing follows.
    pub(super) fn end(self) -> Result<(), TransactionError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(TransactionError::CallTrailingBytes)
        }
    }

    fn bytes(&mut self) -> Result<&'a [u8; WORD_BYTES], TransactionError> {
        let (word, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(TransactionError::CallTooShort)?;
        self.rest = rest;
        Ok(word)
    }
}

/// Appends an address as a word.
pub(super) fn push_address(out: &mut Vec<u8>, address: Address) {
    out.extend_from_slice(address.into_word().as_slice());
}

/// Appends an integer as a word.
pub(super) fn push_integer(out: &mut Vec<u8>, integer: u128) {
    out.extend_from_slice(&U256::from(integer).to_be_bytes::<WORD_BYTES>());
}
