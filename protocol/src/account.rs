//! An account, and the leaf that commits to it.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256};

use crate::keccak::keccak256;
use crate::token::{ETH, TokenId};

/// A balance of a listed token other than ETH. The amount is never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed)]
pub struct TokenBalance {
    /// The token, 1 to 255.
    pub token: TokenId,
    /// In the token's smallest unit.
    pub amount: u128,
}

const _: () = assert!(size_of::<TokenBalance>() == 17);

/// The balances of an account other than ETH, ascending by token, none of them zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenBalances(Vec<TokenBalance>);

impl TokenBalances {
    /// Takes entries that are strictly ascending by token, with no ETH and no zero amount.
    ///
    /// `None` when they are not.
    #[must_use]
    pub fn from_entries(entries: Vec<TokenBalance>) -> Option<Self> {
        let mut previous = ETH;
        for entry in &entries {
            if entry.token <= previous || entry.amount == 0 {
                return None;
            }
            previous = entry.token;
        }
        Some(Self(entries))
    }

    /// The entries, ascending by token: at most 255.
    #[must_use]
    pub fn entries(&self) -> &[TokenBalance] {
        &self.0
    }

    /// The amount held of a token, zero when it is not there.
    #[must_use]
    pub fn get(&self, token: TokenId) -> u128 {
        self.position(token)
            .ok()
            .and_then(|at| self.0.get(at))
            .map_or(0, |entry| entry.amount)
    }

    /// Sets the amount of a token other than ETH; zero removes the entry.
    pub(crate) fn set(&mut self, token: TokenId, amount: u128) {
        match (self.position(token), amount) {
            (Ok(at), 0) => {
                self.0.remove(at);
            }
            (Ok(at), amount) => {
                if let Some(entry) = self.0.get_mut(at) {
                    entry.amount = amount;
                }
            }
            (Err(_), 0) => {}
            (Err(at), amount) => self.0.insert(at, TokenBalance { token, amount }),
        }
    }

    fn position(&self, token: TokenId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&token, |entry| entry.token)
    }

    /// `tokens_hash` of the leaf: zero without tokens, else `H(0x03 || (token u8, amount u128)*)`.
    #[must_use]
    pub fn hash(&self) -> B256 {
        if self.0.is_empty() {
            return B256::ZERO;
        }
        let mut preimage = Vec::with_capacity(self.0.len().saturating_mul(17).saturating_add(1));
        preimage.push(TOKENS_PREFIX);
        for entry in &self.0 {
            preimage.push(entry.token);
            preimage.extend_from_slice(&{ entry.amount }.to_be_bytes());
        }
        keccak256(&preimage)
    }
}

const LEAF_PREFIX: u8 = 0x00;
const TOKENS_PREFIX: u8 = 0x03;

/// Bytes of an account leaf's preimage.
pub const LEAF_PREIMAGE_BYTES: usize = 78;

/// Bit 0 of a leaf's flags: signed operations of the account are invalid until L1 unlocks it.
pub const FLAG_LOCKED: u8 = 1;

/// An account with all that its leaf commits to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Who signs for it.
    pub address: Address,
    /// Authorised operations so far.
    pub nonce: u64,
    /// Whether signed operations are refused.
    pub locked: bool,
    /// Balance in wei.
    pub eth: u128,
    /// The other balances.
    pub tokens: TokenBalances,
}

impl Account {
    /// The amount held of a token, ETH included.
    #[must_use]
    pub fn balance(&self, token: TokenId) -> u128 {
        if token == ETH {
            self.eth
        } else {
            self.tokens.get(token)
        }
    }

    /// The leaf: `H(0x00 || address || nonce u64 || flags u8 || eth u128 || tokens_hash)`.
    #[must_use]
    pub fn leaf(&self) -> B256 {
        keccak256(&leaf_preimage(
            &self.address,
            self.nonce,
            self.locked,
            self.eth,
            &self.tokens.hash(),
        ))
    }
}

/// The 78 bytes whose hash is an account's leaf.
#[must_use]
pub fn leaf_preimage(
    address: &Address,
    nonce: u64,
    locked: bool,
    eth: u128,
    tokens_hash: &B256,
) -> [u8; LEAF_PREIMAGE_BYTES] {
    let mut preimage = [0; LEAF_PREIMAGE_BYTES];
    let parts = [LEAF_PREFIX]
        .into_iter()
        .chain(address.0)
        .chain(nonce.to_be_bytes())
        .chain([if locked { FLAG_LOCKED } else { 0 }])
        .chain(eth.to_be_bytes())
        .chain(tokens_hash.0);
    preimage
        .iter_mut()
        .zip(parts)
        .for_each(|(byte, part)| *byte = part);
    preimage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balances_stay_sorted_and_without_zeros() {
        let mut balances = TokenBalances::default();
        for (token, amount) in [(9, 5), (2, 7), (200, 1), (9, 0), (3, 0), (2, 8)] {
            balances.set(token, amount);
        }
        let entries: Vec<_> = balances
            .entries()
            .iter()
            .map(|e| (e.token, { e.amount }))
            .collect();
        assert_eq!(entries, [(2, 8), (200, 1)]);
        assert_eq!((balances.get(2), balances.get(9)), (8, 0));
        assert_eq!(
            TokenBalances::from_entries(balances.entries().to_vec()),
            Some(balances)
        );
    }

    #[test]
    fn malformed_entries_are_refused() {
        let entry = |token, amount| TokenBalance { token, amount };
        for entries in [
            vec![entry(0, 1)],
            vec![entry(1, 0)],
            vec![entry(2, 1), entry(1, 1)],
            vec![entry(1, 1), entry(1, 1)],
        ] {
            assert_eq!(TokenBalances::from_entries(entries), None);
        }
    }
}
