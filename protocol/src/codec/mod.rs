//! Operations as bytes: `docs/protocol.md`, "Operations".
//!
//! One value has one encoding, and what an operation's bytes mean depends on the state before it: the
//! account count sets the width of indices, the base fee tells whether a block's short form would do,
//! and a token's base exponent scales its amounts.

mod decode;
mod encode;
mod reader;

use crate::state::State;
use crate::token::{TokenId, TokenTable};

pub use decode::{DecodeError, decode};
pub use encode::{EncodeError, encode};

/// The first byte that ends a chunk's operations; the rest of the chunk is zero.
pub const END_OF_CHUNK: u8 = 0;

/// What the bytes of an operation depend on.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Accounts before the operation: at least 1.
    pub account_count: u32,
    /// The base fee of the block before the operation.
    pub base_fee: u64,
    /// The listed tokens.
    pub tokens: &'a TokenTable,
}

impl<'a> Scope<'a> {
    /// The scope of the next operation on a state.
    #[must_use]
    pub fn of(state: &State, tokens: &'a TokenTable) -> Self {
        Self {
            account_count: state.account_count(),
            base_fee: state.counters().base_fee,
            tokens,
        }
    }

    fn base_exponent(&self, token: TokenId) -> Option<u8> {
        self.tokens.get(token).map(|token| token.base_exponent)
    }
}

/// The first byte of each operation: the kind in the high bits, its flags below.
mod tag {
    pub(super) const TRANSFER: u8 = 0x80;
    pub(super) const KIND_MASK: u8 = 0xf0;
    pub(super) const BLOCK: u8 = 0x10;
    pub(super) const TRANSFER_NEW: u8 = 0x20;
    pub(super) const WITHDRAW: u8 = 0x30;
    pub(super) const INBOX: u8 = 0x40;
    pub(super) const PAYOUT: u8 = 0x50;

    /// A block whose seconds and base fee follow.
    pub(super) const BLOCK_LONG: u8 = BLOCK | 0x0f;
    /// Seconds that a block's first byte holds, at most.
    pub(super) const BLOCK_SECONDS_MAX: u32 = 14;

    /// A token byte follows; ETH otherwise.
    pub(super) const TOKEN: u8 = 1;
    /// A withdrawal's recipient follows.
    pub(super) const RECIPIENT: u8 = 2;
    /// An inbox operation's target follows.
    pub(super) const TARGET: u8 = 1;

    /// The token number of a transfer's first byte that says: a token byte follows.
    pub(super) const TRANSFER_TOKEN_FOLLOWS: u8 = 7;
}

/// Bytes of an account reference outside transfers: the fewest that can hold the account count, which
/// stands for "new".
const fn reference_width(account_count: u32) -> usize {
    match account_count {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xff_ffff => 3,
        _ => 4,
    }
}

/// Bytes of a transfer's pair after the four bits in its first byte: the smallest `j` with
/// `2^(4 + 8j) >= account_count^2`.
const fn pair_width(account_count: u32) -> usize {
    let pairs = (account_count as u64).saturating_mul(account_count as u64);
    let bits = u64::BITS.saturating_sub(pairs.saturating_sub(1).leading_zeros());
    bits.saturating_sub(4).div_ceil(8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_the_smallest_that_fit() {
        for (count, reference, pair) in [
            (1, 1, 0),
            (4, 1, 0),
            (5, 1, 1),
            (64, 1, 1),
            (65, 1, 2),
            (255, 1, 2),
            (256, 2, 2),
            (1_000_000, 3, 5),
            (0xff_ffff, 3, 6),
            (0x100_0000, 4, 6),
            (u32::MAX, 4, 8),
        ] {
            assert_eq!(reference_width(count), reference, "{count} accounts");
            assert_eq!(pair_width(count), pair, "{count} accounts");
        }
    }
}
