//! Messages from L1, and the hash chain that commits to them in order.

use alloy_primitives::{Address, FixedBytes};

use crate::keccak::keccak256_parts;
use crate::token::TokenId;

/// The value of the inbox's hash chain after some message: 192 bits, so that L1 keeps it in one
/// storage word with the message's timestamp.
pub type InboxAccumulator = FixedBytes<24>;

/// A message of the `Inbox` contract. The last three are authenticated by the sender on L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboxMessage {
    /// Funds for an account, which comes into being when it does not exist.
    Deposit {
        /// Whose account is credited.
        to: Address,
        /// The token.
        token: TokenId,
        /// In the token's smallest unit.
        amount: u128,
        /// Whether the account is locked by it. L1 allows it only to `to` itself.
        lock: bool,
    },
    /// A withdrawal of at most the account's balance, without the sequencer's consent.
    ForcedWithdrawal {
        /// Who asked on L1; no effect unless it is the account's address.
        sender: Address,
        /// The account's index.
        account: u32,
        /// The token.
        token: TokenId,
        /// In the token's smallest unit.
        amount: u128,
        /// Whom L1 pays.
        recipient: Address,
    },
    /// Makes signed operations of the account invalid.
    Lock {
        /// Who asked on L1; no effect unless it is the account's address.
        sender: Address,
        /// The account's index.
        account: u32,
    },
    /// Ends a lock.
    Unlock {
        /// Who asked on L1; no effect unless it is the account's address.
        sender: Address,
        /// The account's index.
        account: u32,
    },
}

const KIND_DEPOSIT: u8 = 0;
const KIND_FORCED_WITHDRAWAL: u8 = 1;
const KIND_LOCK: u8 = 2;
const KIND_UNLOCK: u8 = 3;

/// Bytes of an encoded message, at most.
pub const MESSAGE_BYTES_MAX: usize = 62;

/// An encoded message: its kind, then its fields in the order of [`InboxMessage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedMessage {
    bytes: [u8; MESSAGE_BYTES_MAX],
    len: usize,
}

impl EncodedMessage {
    fn new(parts: &[&[u8]]) -> Self {
        let mut bytes = [0; MESSAGE_BYTES_MAX];
        let joined = parts.iter().flat_map(|part| part.iter().copied());
        let len = bytes
            .iter_mut()
            .zip(joined)
            .map(|(byte, part)| *byte = part)
            .count();
        Self { bytes, len }
    }

    /// The bytes, kind first.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl InboxMessage {
    /// The message's bytes, as the hash chain and the journal hold them.
    #[must_use]
    pub fn encode(&self) -> EncodedMessage {
        match self {
            Self::Deposit {
                to,
                token,
                amount,
                lock,
            } => EncodedMessage::new(&[
                &[KIND_DEPOSIT],
                to.as_slice(),
                &[*token],
                &amount.to_be_bytes(),
                &[u8::from(*lock)],
            ]),
            Self::ForcedWithdrawal {
                sender,
                account,
                token,
                amount,
                recipient,
            } => EncodedMessage::new(&[
                &[KIND_FORCED_WITHDRAWAL],
                sender.as_slice(),
                &account.to_be_bytes(),
                &[*token],
                &amount.to_be_bytes(),
                recipient.as_slice(),
            ]),
            Self::Lock { sender, account } => {
                EncodedMessage::new(&[&[KIND_LOCK], sender.as_slice(), &account.to_be_bytes()])
            }
            Self::Unlock { sender, account } => {
                EncodedMessage::new(&[&[KIND_UNLOCK], sender.as_slice(), &account.to_be_bytes()])
            }
        }
    }

    /// Decodes a message that fills the bytes. `None` when they are not the encoding of one.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, mut rest) = bytes.split_first()?;
        let rest = &mut rest;
        let message = match *kind {
            KIND_DEPOSIT => Self::Deposit {
                to: take(rest)?.into(),
                token: u8::from_be_bytes(take(rest)?),
                amount: u128::from_be_bytes(take(rest)?),
                lock: match take(rest)? {
                    [0] => false,
                    [1] => true,
                    _ => return None,
                },
            },
            KIND_FORCED_WITHDRAWAL => Self::ForcedWithdrawal {
                sender: take(rest)?.into(),
                account: u32::from_be_bytes(take(rest)?),
                token: u8::from_be_bytes(take(rest)?),
                amount: u128::from_be_bytes(take(rest)?),
                recipient: take(rest)?.into(),
            },
            KIND_LOCK => Self::Lock {
                sender: take(rest)?.into(),
                account: u32::from_be_bytes(take(rest)?),
            },
            KIND_UNLOCK => Self::Unlock {
                sender: take(rest)?.into(),
                account: u32::from_be_bytes(take(rest)?),
            },
            _ => return None,
        };
        rest.is_empty().then_some(message)
    }

    /// The chain's value after this message: the first 24 bytes of `H(previous || message)`.
    #[must_use]
    pub fn accumulate(&self, previous: &InboxAccumulator) -> InboxAccumulator {
        let hash = keccak256_parts(&[previous.as_slice(), self.encode().as_bytes()]);
        hash.first_chunk::<24>().copied().unwrap_or_default().into()
    }
}

/// Takes the first `N` bytes off a slice.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk::<N>()?;
    *bytes = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<InboxMessage> {
        let (a, b) = (Address::repeat_byte(0xaa), Address::repeat_byte(0xbb));
        vec![
            InboxMessage::Deposit {
                to: a,
                token: 0,
                amount: 5,
                lock: false,
            },
            InboxMessage::Deposit {
                to: a,
                token: 255,
                amount: u128::MAX,
                lock: true,
            },
            InboxMessage::ForcedWithdrawal {
                sender: a,
                account: 7,
                token: 1,
                amount: 9,
                recipient: b,
            },
            InboxMessage::Lock {
                sender: a,
                account: u32::MAX,
            },
            InboxMessage::Unlock {
                sender: b,
                account: 0,
            },
        ]
    }

    #[test]
    fn messages_round_trip_and_mutilated_ones_are_refused() {
        for message in samples() {
            let encoded = message.encode();
            let bytes = encoded.as_bytes();
            assert_eq!(InboxMessage::decode(bytes), Some(message));
            assert_eq!(InboxMessage::decode(&bytes[..bytes.len() - 1]), None);
            assert_eq!(InboxMessage::decode(&[bytes, &[0]].concat()), None);
        }
        assert_eq!(InboxMessage::decode(&[]), None);
        assert_eq!(InboxMessage::decode(&[9; 30]), None);
    }

    #[test]
    fn a_deposit_lock_flag_is_zero_or_one() {
        let deposit = samples()[0].encode();
        let mut bytes = deposit.as_bytes().to_vec();
        *bytes.last_mut().unwrap() = 2;
        assert_eq!(InboxMessage::decode(&bytes), None);
    }

    #[test]
    fn the_chain_depends_on_order() {
        let [first, second, ..] = samples()[..] else {
            unreachable!()
        };
        let start = InboxAccumulator::ZERO;
        let forward = second.accumulate(&first.accumulate(&start));
        let backward = first.accumulate(&second.accumulate(&start));
        assert_ne!(forward, backward);
    }
}
