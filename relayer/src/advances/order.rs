//! An order: a consent with its signature, and its bytes on disk.

use alloy_primitives::{Address, B256, Bytes};
use spillway_l1::transactions::IntentId;
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::keccak::{keccak256, keccak256_parts};
use spillway_protocol::withdrawal::Withdrawal;

/// Bytes of a signature, at most. A key's has 65; contracts define their own.
pub const SIGNATURE_BYTES_MAX: usize = 4_096;

const MAGIC: &[u8; 8] = b"SWADV001";
const HASH_BYTES: usize = 32;
/// Magic, index, account, recipient, token, amount, fee, deadline, time of acceptance.
const FIXED_BYTES: usize = 8 + 4 + 20 + 20 + 1 + 16 + 16 + 8 + 8;
/// Bytes of an order on disk, at most.
pub(super) const ORDER_BYTES_MAX: usize = FIXED_BYTES + SIGNATURE_BYTES_MAX + HASH_BYTES;

/// An accepted order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What the account has agreed to.
    pub consent: FastWithdrawal,
    /// Its signature.
    pub signature: Bytes,
    /// When it was accepted, in L1's seconds.
    pub accepted_at: u64,
}

/// What is wrong with an order on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Too short, too long, or of another version.
    #[error("it is no order of this version")]
    Shape,
    /// The checksum differs.
    #[error("its checksum is wrong")]
    Checksum,
}

impl Order {
    /// The withdrawal's leaf, by which an order goes: an index may come to mean another withdrawal.
    #[must_use]
    pub fn leaf(&self) -> B256 {
        self.consent.withdrawal.leaf(self.consent.index)
    }

    /// What the recipient gets, in the token's smallest unit.
    #[must_use]
    pub const fn payout(&self) -> u128 {
        let FastWithdrawal {
            withdrawal, fee, ..
        } = self.consent;
        withdrawal.amount.saturating_sub(fee)
    }

    /// The name of the transaction that advances it, the first one or a later one after that came to nothing.
    #[must_use]
    pub fn intent(&self, attempt: u32) -> IntentId {
        let leaf = self.leaf();
        let parts = [
            b"advance".as_slice(),
            leaf.as_slice(),
            &attempt.to_be_bytes(),
        ];
        IntentId(keccak256_parts(&parts))
    }

    /// Its bytes: the fields, the signature, and the hash of both.
    pub(super) fn encode(&self) -> Vec<u8> {
        let FastWithdrawal {
            index,
            withdrawal,
            fee,
            deadline,
        } = &self.consent;
        let mut bytes = Vec::with_capacity(ORDER_BYTES_MAX);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&index.to_be_bytes());
        bytes.extend_from_slice(withdrawal.account.as_slice());
        bytes.extend_from_slice(withdrawal.recipient.as_slice());
        bytes.push(withdrawal.token);
        bytes.extend_from_slice(&withdrawal.amount.to_be_bytes());
        bytes.extend_from_slice(&fee.to_be_bytes());
        bytes.extend_from_slice(&deadline.to_be_bytes());
        bytes.extend_from_slice(&self.accepted_at.to_be_bytes());
        bytes.extend_from_slice(&self.signature);
        let hash = keccak256(&bytes);
        bytes.extend_from_slice(hash.as_slice());
        bytes
    }

    /// # Errors
    /// [`FormatError`].
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let content = bytes.len().checked_sub(HASH_BYTES);
        let content = content.filter(|_| bytes.len() <= ORDER_BYTES_MAX);
        let (content, hash) = bytes.split_at(content.ok_or(FormatError::Shape)?);
        let mut rest = content;
        if take(&mut rest)? != *MAGIC {
            return Err(FormatError::Shape);
        }
        if keccak256(content) != hash {
            return Err(FormatError::Checksum);
        }
        let index = u32::from_be_bytes(take(&mut rest)?);
        let account = Address::new(take(&mut rest)?);
        let recipient = Address::new(take(&mut rest)?);
        let [token] = take(&mut rest)?;
        let amount = u128::from_be_bytes(take(&mut rest)?);
        let fee = u128::from_be_bytes(take(&mut rest)?);
        let deadline = u64::from_be_bytes(take(&mut rest)?);
        let accepted_at = u64::from_be_bytes(take(&mut rest)?);
        let withdrawal = Withdrawal {
            account,
            recipient,
            token,
            amount,
        };
        Ok(Self {
            consent: FastWithdrawal {
                index,
                withdrawal,
                fee,
                deadline,
            },
            signature: Bytes::copy_from_slice(rest),
            accepted_at,
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], FormatError> {
    let (taken, left) = rest.split_first_chunk().ok_or(FormatError::Shape)?;
    *rest = left;
    Ok(*taken)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn order(index: u32) -> Order {
        Order {
            consent: FastWithdrawal {
                index,
                withdrawal: Withdrawal {
                    account: Address::repeat_byte(1),
                    recipient: Address::repeat_byte(2),
                    token: 3,
                    amount: 4,
                },
                fee: 5,
                deadline: 6,
            },
            signature: Bytes::from_static(&[7; 65]),
            accepted_at: 8,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 65, SIGNATURE_BYTES_MAX] {
            let order = Order {
                signature: vec![9; length].into(),
                ..order(3)
            };
            assert_eq!(Order::decode(&order.encode()), Ok(order));
        }
    }

    #[test]
    fn damage_anywhere_is_found() {
        let bytes = order(3).encode();
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            Order::decode(&damaged).unwrap_err();
            Order::decode(&bytes[..place]).unwrap_err();
        }
        let long = vec![0; ORDER_BYTES_MAX + 1];
        assert_eq!(Order::decode(&long), Err(FormatError::Shape));
    }
}
