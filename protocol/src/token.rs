//! The tokens that L1 has listed: their numbers, their addresses, and the scale of their amounts.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use alloy_primitives::Address;

use crate::amount;
use crate::limits::TOKENS_MAX;

/// A token's number. 0 is ETH; L1 assigns 1 to 255 in the order of listing.
pub type TokenId = u8;

/// The number of ETH.
pub const ETH: TokenId = 0;

/// Decimals of ETH.
pub const ETH_DECIMALS: u8 = 18;

/// A token as L1 listed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its contract on L1. Zero for ETH.
    pub address: Address,
    /// Its decimals, at most [`amount::DECIMALS_MAX`].
    pub decimals: u8,
    /// The exponent from which its short amounts count: [`amount::base_exponent`].
    pub base_exponent: u8,
}

/// Why a token cannot be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// All 255 numbers are taken.
    #[error("all 255 token numbers are taken")]
    Full,
    /// The address is listed already, or is zero, which stands for ETH.
    #[error("token {0} is listed already")]
    Listed(Address),
    /// Its amounts would not fit the amount code.
    #[error("a token with {0} decimals cannot be listed, at most {max} are allowed", max = amount::DECIMALS_MAX)]
    TooManyDecimals(u8),
}

/// The listed tokens, append-only. ETH is always there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenTable {
    tokens: Vec<Token>,
    ids: BTreeMap<Address, TokenId>,
}

impl Default for TokenTable {
    fn default() -> Self {
        let eth = Token {
            address: Address::ZERO,
            decimals: ETH_DECIMALS,
            base_exponent: amount::base_exponent(ETH_DECIMALS).unwrap_or_default(),
        };
        Self {
            tokens: Vec::from([eth]),
            ids: BTreeMap::from([(Address::ZERO, ETH)]),
        }
    }
}

impl TokenTable {
    /// Lists a token under the next number.
    ///
    /// # Errors
    /// [`ListingError`], with the table unchanged.
    pub fn list(&mut self, address: Address, decimals: u8) -> Result<TokenId, ListingError> {
        let base_exponent =
            amount::base_exponent(decimals).ok_or(ListingError::TooManyDecimals(decimals))?;
        if self.ids.contains_key(&address) {
            return Err(ListingError::Listed(address));
        }
        let id = TokenId::try_from(self.tokens.len()).map_err(|_| ListingError::Full)?;
        self.tokens.push(Token {
            address,
            decimals,
            base_exponent,
        });
        self.ids.insert(address, id);
        Ok(id)
    }

    /// The token of that number.
    #[must_use]
    pub fn get(&self, id: TokenId) -> Option<&Token> {
        self.tokens.get(usize::from(id))
    }

    /// The number of the token at that L1 address.
    #[must_use]
    pub fn id_of(&self, address: &Address) -> Option<TokenId> {
        self.ids.get(address).copied()
    }

    /// The listed tokens by number, ETH first: at most 256.
    #[must_use]
    pub fn as_slice(&self) -> &[Token] {
        &self.tokens
    }
}

const _: () = assert!(TOKENS_MAX == TokenId::MAX as usize + 1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_assigns_numbers_and_refuses_what_it_must() {
        let mut table = TokenTable::default();
        assert_eq!(table.list(Address::repeat_byte(1), 6), Ok(1));
        assert_eq!(
            table.list(Address::repeat_byte(1), 6),
            Err(ListingError::Listed(Address::repeat_byte(1)))
        );
        assert_eq!(
            table.list(Address::ZERO, 18),
            Err(ListingError::Listed(Address::ZERO))
        );
        assert_eq!(
            table.list(Address::repeat_byte(2), 39),
            Err(ListingError::TooManyDecimals(39))
        );
        for n in 2..=255u8 {
            assert_eq!(table.list(Address::repeat_byte(n), 18), Ok(n));
        }
        assert_eq!(
            table.list(Address::with_last_byte(9), 18),
            Err(ListingError::Full)
        );
        assert_eq!(table.id_of(&Address::repeat_byte(7)), Some(7));
        assert_eq!(table.get(ETH).map(|token| token.base_exponent), Some(12));
    }
}
