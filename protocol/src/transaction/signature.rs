//! The signature of a wallet transaction, and which numbers are one.

use alloy_primitives::{B256, U256};

use super::error::TransactionError;
use super::rlp::{Reader, to_u64, to_u128};

/// The order of secp256k1's group, n.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];
/// (n - 1) / 2, the largest low s: of the two values of s that sign the same, the lower (EIP-2).
const LOW_S_MAX: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];
/// Below this, v does not name a chain (EIP-155).
const PROTECTED_V_MIN: u128 = 35;

/// An ECDSA signature on secp256k1 with the parity that recovers its key.
///
/// From [`super::WalletTransaction::decode`], r is in `1..n` and s in `1..=(n - 1) / 2`. That some key
/// has signed is for recovery to say: not every r is the coordinate of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// r, big-endian.
    pub r: B256,
    /// s, big-endian.
    pub s: B256,
    /// Whether the y coordinate of r's point is odd.
    pub y_parity: bool,
}

impl Signature {
    /// Reads `v, r, s` of a legacy transaction, `v = 2 * chain_id + 35 + y_parity`.
    pub(super) fn read_legacy(
        items: &mut Reader<'_>,
        chain_id: u64,
    ) -> Result<Self, TransactionError> {
        let v = to_u128(items.integer()?).ok_or(TransactionError::LegacyVInvalid)?;
        if matches!(v, 0 | 1 | 27 | 28) {
            return Err(TransactionError::Unprotected);
        }
        let code = v
            .checked_sub(PROTECTED_V_MIN)
            .ok_or(TransactionError::LegacyVInvalid)?;
        let signed_for = code >> 1;
        if signed_for != u128::from(chain_id) {
            return Err(TransactionError::WrongChain {
                have: U256::from(signed_for),
                want: chain_id,
            });
        }
        Self::read_r_s(items, code & 1 == 1)
    }

    /// Reads `y_parity, r, s` of a typed transaction.
    pub(super) fn read_typed(items: &mut Reader<'_>) -> Result<Self, TransactionError> {
        match to_u64(items.integer()?) {
            Some(0) => Self::read_r_s(items, false),
            Some(1) => Self::read_r_s(items, true),
            _ => Err(TransactionError::YParityInvalid),
        }
    }

    fn read_r_s(items: &mut Reader<'_>, y_parity: bool) -> Result<Self, TransactionError> {
        let r = B256::left_padding_from(items.integer()?);
        if r.is_zero() || r.0 >= ORDER {
            return Err(TransactionError::ROutOfRange);
        }
        let s = B256::left_padding_from(items.integer()?);
        if s.is_zero() || s.0 >= ORDER {
            return Err(TransactionError::SOutOfRange);
        }
        if s.0 > LOW_S_MAX {
            return Err(TransactionError::HighS);
        }
        Ok(Self { r, s, y_parity })
    }
}
