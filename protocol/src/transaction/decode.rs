//! The bytes of a signed transaction, read strictly.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, U256};

use super::error::{RlpError, TransactionError};
use super::rlp::{self, Reader, to_u64, to_u128};
use super::signature::Signature;
use crate::keccak::{keccak256, keccak256_parts};
use crate::limits::TRANSACTION_BYTES_MAX;

/// First bytes from here on are RLP, of a legacy transaction; those below are a type (EIP-2718).
const RLP_FIRST_BYTE_MIN: u8 = 0x80;

/// The types of transaction that are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TransactionType {
    /// Type 0, with replay protection (EIP-155).
    Legacy = 0,
    /// Type 1 (EIP-2930), with an empty access list.
    AccessList = 1,
    /// Type 2 (EIP-1559), with an empty access list.
    DynamicFee = 2,
}

/// A signed transaction whose encoding and fields are valid; its fields borrow from its bytes.
///
/// It comes from [`Self::decode`] alone, so to hold one is to know that it was checked. The sender is
/// not known yet, see [`Self::signing_hash`]; nor is its meaning, see [`super::Intent::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletTransaction<'a> {
    /// The type.
    pub transaction_type: TransactionType,
    /// The nonce, below 2^64 - 1.
    pub nonce: u64,
    /// What the sender pays at most, in wei per gas: the max fee, or the gas price of types 0 and 1.
    pub max_fee: u128,
    /// The gas limit. There is no upper bound: only the gas of the operation is ever charged.
    pub gas_limit: u64,
    /// Whom the transaction calls.
    pub to: Address,
    /// The ETH it sends, in wei.
    pub value: u128,
    /// The call data.
    pub data: &'a [u8],
    /// The signature.
    pub signature: Signature,
    /// The chain it was signed for.
    chain_id: u64,
    /// The whole.
    raw: &'a [u8],
    /// The encoded items that the signature covers, without the header of their list.
    signed_items: &'a [u8],
}

impl<'a> WalletTransaction<'a> {
    /// Reads a signed transaction, as `eth_sendRawTransaction` takes it, for the chain of that id.
    ///
    /// # Errors
    /// The first thing wrong in the order of the bytes: [`TransactionError`].
    pub fn decode(raw: &'a [u8], chain_id: u64) -> Result<Self, TransactionError> {
        let (transaction_type, list) = open_envelope(raw)?;
        let mut items = Reader::of_list(list)?;
        if transaction_type != TransactionType::Legacy {
            check_chain_id(items.integer()?, chain_id)?;
        }
        let nonce = nonce(items.integer()?)?;
        if transaction_type == TransactionType::DynamicFee {
            // The sequencer orders by arrival: a priority fee buys nothing and is not charged.
            to_u128(items.integer()?).ok_or(TransactionError::PriorityFeeTooLarge)?;
        }
        let max_fee = to_u128(items.integer()?).ok_or(TransactionError::FeeTooLarge)?;
        let gas_limit = to_u64(items.integer()?).ok_or(TransactionError::GasLimitTooLarge)?;
        let to = recipient(items.string()?)?;
        let value = to_u128(items.integer()?).ok_or(TransactionError::AmountTooLarge)?;
        let data = items.string()?;
        if transaction_type != TransactionType::Legacy && !items.list()?.is_empty() {
            return Err(TransactionError::AccessListNotEmpty);
        }
        let signed_items = items.consumed();
        let signature = match transaction_type {
            TransactionType::Legacy => Signature::read_legacy(&mut items, chain_id)?,
            TransactionType::AccessList | TransactionType::DynamicFee => {
                Signature::read_typed(&mut items)?
            }
        };
        items.end()?;
        Ok(Self {
            transaction_type,
            nonce,
            max_fee,
            gas_limit,
            to,
            value,
            data,
            signature,
            chain_id,
            raw,
            signed_items,
        })
    }

    /// The transaction hash, computed anew by each call.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256(self.raw)
    }

    /// What the sender signed, computed anew by each call: with [`Self::signature`] it gives the
    /// sender's key.
    #[must_use]
    pub fn signing_hash(&self) -> B256 {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        if self.transaction_type == TransactionType::Legacy {
            // EIP-155: in the place of v, r, s stand the chain id, zero and zero.
            rlp::push_integer(&mut tail, self.chain_id);
            tail.extend_from_slice(&[rlp::EMPTY_STRING; 2]);
        } else {
            head.push(self.transaction_type as u8);
        }
        rlp::push_list_header(
            &mut head,
            self.signed_items.len().saturating_add(tail.len()),
        );
        keccak256_parts(&[&head, self.signed_items, &tail])
    }

    /// Checks that the sender is ready to pay that base fee, in wei per gas.
    ///
    /// # Errors
    /// [`TransactionError::FeeBelowBaseFee`].
    pub fn check_base_fee(&self, base_fee: u64) -> Result<(), TransactionError> {
        if self.max_fee < u128::from(base_fee) {
            return Err(TransactionError::FeeBelowBaseFee {
                max_fee: self.max_fee,
                base_fee,
            });
        }
        Ok(())
    }
}

/// The type, and the bytes that should be one RLP list.
fn open_envelope(raw: &[u8]) -> Result<(TransactionType, &[u8]), TransactionError> {
    if raw.len() > TRANSACTION_BYTES_MAX {
        return Err(TransactionError::Oversized { size: raw.len() });
    }
    let (&first, after) = raw.split_first().ok_or(TransactionError::TooShort)?;
    let transaction_type = match first {
        RLP_FIRST_BYTE_MIN.. => return Ok((TransactionType::Legacy, raw)),
        1 => TransactionType::AccessList,
        2 => TransactionType::DynamicFee,
        3 => return Err(TransactionError::BlobTransaction),
        4 => return Err(TransactionError::SetCodeTransaction),
        _ => return Err(TransactionError::UnknownType(first)),
    };
    if after.is_empty() {
        return Err(TransactionError::TooShort);
    }
    Ok((transaction_type, after))
}

fn check_chain_id(bytes: &[u8], want: u64) -> Result<(), TransactionError> {
    if to_u64(bytes) == Some(want) {
        return Ok(());
    }
    let have = U256::try_from_be_slice(bytes).ok_or(RlpError::IntegerTooLarge)?;
    Err(TransactionError::WrongChain { have, want })
}

fn nonce(bytes: &[u8]) -> Result<u64, TransactionError> {
    match to_u64(bytes) {
        None => Err(TransactionError::NonceTooLarge),
        Some(u64::MAX) => Err(TransactionError::NonceMax),
        Some(nonce) => Ok(nonce),
    }
}

fn recipient(bytes: &[u8]) -> Result<Address, TransactionError> {
    if bytes.is_empty() {
        return Err(TransactionError::ContractCreation);
    }
    Address::try_from(bytes).map_err(|_| TransactionError::ToInvalid(bytes.len()))
}
