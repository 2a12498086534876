//! Random transactions, signed by alloy.

use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEnvelope, TxLegacy};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use proptest::prelude::*;
use spillway_protocol::transaction::{
    PAYOUT_PREDEPLOY, Payee, TRANSFER_SELECTOR, WITHDRAW_PREDEPLOY, encode_payout_call,
    encode_payout_token_call, encode_transfer_call, encode_withdraw_call,
    encode_withdraw_token_call,
};

use super::model::CHAIN_ID;

/// The fields that all types have.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) transaction_type: u8,
    pub(crate) nonce: u64,
    pub(crate) fee: u128,
    pub(crate) gas_limit: u64,
    pub(crate) to: Address,
    pub(crate) value: u128,
    pub(crate) data: Vec<u8>,
    pub(crate) key: B256,
}

impl Fields {
    /// The signed transaction.
    pub(crate) fn sign(self) -> TxEnvelope {
        let (chain_id, nonce, gas_limit) = (CHAIN_ID, self.nonce, self.gas_limit);
        let (to, value, input) = (
            TxKind::Call(self.to),
            U256::from(self.value),
            Bytes::from(self.data),
        );
        let access_list = AccessList::default();
        match self.transaction_type {
            0 => {
                let (chain_id, gas_price) = (Some(chain_id), self.fee);
                signed(
                    TxLegacy {
                        chain_id,
                        nonce,
                        gas_price,
                        gas_limit,
                        to,
                        value,
                        input,
                    },
                    self.key,
                )
            }
            1 => {
                let gas_price = self.fee;
                signed(
                    TxEip2930 {
                        chain_id,
                        nonce,
                        gas_price,
                        gas_limit,
                        to,
                        value,
                        access_list,
                        input,
                    },
                    self.key,
                )
            }
            _ => {
                let (max_fee_per_gas, max_priority_fee_per_gas) = (self.fee, self.fee / 3);
                signed(
                    TxEip1559 {
                        chain_id,
                        nonce,
                        gas_limit,
                        max_fee_per_gas,
                        max_priority_fee_per_gas,
                        to,
                        value,
                        access_list,
                        input,
                    },
                    self.key,
                )
            }
        }
    }
}

fn signed<T>(transaction: T, key: B256) -> TxEnvelope
where
    T: SignableTransaction<alloy_primitives::Signature>,
    alloy_consensus::Signed<T>: Into<TxEnvelope>,
{
    let signature = sign_message(key, transaction.signature_hash()).expect("a valid key");
    transaction.into_signed(signature).into()
}

/// A secret key.
pub(crate) fn key() -> impl Strategy<Value = B256> {
    // Below 2^255 is below the order of the group.
    any::<[u8; 32]>().prop_map(|mut bytes| {
        bytes[0] &= 0x7f;
        bytes[31] |= 1;
        B256::new(bytes)
    })
}

/// The address of a secret key.
pub(crate) fn address_of(key: B256) -> Address {
    let digest = alloy_primitives::keccak256(b"any message");
    let signature = sign_message(key, digest).unwrap();
    signature.recover_address_from_prehash(&digest).unwrap()
}

/// Integers of every length, so that each length of encoding comes up.
pub(crate) fn integer() -> impl Strategy<Value = u128> {
    (any::<u128>(), 0..=128_u32).prop_map(|(integer, bits)| integer.checked_shr(bits).unwrap_or(0))
}

pub(crate) fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        9 => any::<[u8; 20]>().prop_map(Address::from),
        1 => Just(Address::ZERO),
    ]
}

/// Mostly payees whose sum fits.
pub(crate) fn payees() -> impl Strategy<Value = Vec<Payee>> {
    let payee = (address(), integer()).prop_map(|(recipient, amount)| Payee {
        recipient,
        amount: amount >> 6,
    });
    prop::collection::vec(payee, 0..=66)
}

/// Recipient, value and data, of any meaning or almost of one.
fn meaning() -> impl Strategy<Value = (Address, u128, Vec<u8>)> {
    let memo = || prop::collection::vec(any::<u8>(), 0..=300);
    let token_value = || prop_oneof![9 => Just(0), 1 => integer()];
    prop_oneof![
        (address(), integer(), memo()),
        (address(), token_value(), address(), integer(), memo()).prop_map(
            |(to, value, recipient, amount, memo)| {
                (
                    to,
                    value,
                    [encode_transfer_call(recipient, amount), memo].concat(),
                )
            }
        ),
        (address(), memo()).prop_map(|(to, memo)| (
            to,
            0,
            [&TRANSFER_SELECTOR[..], &memo[..]].concat()
        )),
        (integer(), address()).prop_map(|(value, recipient)| {
            (WITHDRAW_PREDEPLOY, value, encode_withdraw_call(recipient))
        }),
        (token_value(), address(), integer(), address()).prop_map(
            |(value, token, amount, recipient)| {
                (
                    WITHDRAW_PREDEPLOY,
                    value,
                    encode_withdraw_token_call(token, amount, recipient),
                )
            }
        ),
        (payees(), token_value()).prop_map(|(payees, off)| {
            let sum = payees
                .iter()
                .fold(off, |sum, payee| sum.wrapping_add(payee.amount));
            (PAYOUT_PREDEPLOY, sum, encode_payout_call(&payees))
        }),
        (token_value(), address(), payees()).prop_map(|(value, token, payees)| {
            (
                PAYOUT_PREDEPLOY,
                value,
                encode_payout_token_call(token, &payees),
            )
        }),
        (
            prop_oneof![Just(WITHDRAW_PREDEPLOY), Just(PAYOUT_PREDEPLOY)],
            integer(),
            memo()
        ),
    ]
}

/// Fields of a transaction that decodes; most of them mean something.
pub(crate) fn fields() -> impl Strategy<Value = Fields> {
    let gas_limit = prop_oneof![Just(1_000_000), 20_000..800_000_u64, any::<u64>()];
    let nonce = integer().prop_map(|integer| (integer as u64).min(u64::MAX - 1));
    (0..=2_u8, nonce, integer(), gas_limit, meaning(), key()).prop_map(
        |(transaction_type, nonce, fee, gas_limit, (to, value, data), key)| Fields {
            transaction_type,
            nonce,
            fee,
            gas_limit,
            to,
            value,
            data,
            key,
        },
    )
}
