//! A withdrawal, and the leaf that L1 pays against.

use alloy_primitives::{Address, B256};

use crate::keccak::keccak256_parts;
use crate::token::TokenId;

const LEAF_PREFIX: u8 = 0x01;

/// Funds that left L2. Its index in the withdrawal tree is its place in the order of withdrawals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The account that the funds left.
    pub account: Address,
    /// Whom L1 pays.
    pub recipient: Address,
    /// The token.
    pub token: TokenId,
    /// In the token's smallest unit.
    pub amount: u128,
}

impl Withdrawal {
    /// The leaf: `H(0x01 || index u32 || account || recipient || token u8 || amount u128)`.
    #[must_use]
    pub fn leaf(&self, index: u32) -> B256 {
        keccak256_parts(&[
            &[LEAF_PREFIX],
            &index.to_be_bytes(),
            self.account.as_slice(),
            self.recipient.as_slice(),
            &[self.token],
            &self.amount.to_be_bytes(),
        ])
    }
}
