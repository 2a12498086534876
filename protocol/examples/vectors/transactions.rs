//! Vectors of what wallets sign, with its meaning.

use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_consensus::{SignableTransaction, Signed, TxEip1559, TxEip2930, TxEnvelope, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, b256};
use spillway_protocol::gas;
use spillway_protocol::limits::{MEMO_BYTES_MAX, PAYEES_MAX};
use spillway_protocol::transaction::{
    Asset, Intent, PAYOUT_PREDEPLOY, Payee, WITHDRAW_PREDEPLOY, WalletTransaction,
    encode_payout_call, encode_payout_token_call, encode_transfer_call, encode_withdraw_call,
    encode_withdraw_token_call,
};

use crate::setting::{BOB, CAROL, CHAIN_ID, DAVE, ETHER, GWEI};
use crate::{refused, schema};

/// The first key of "test test test test test test test test test test test junk". Signatures follow
/// from key and message alone (RFC 6979).
const KEY: B256 = b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
pub(crate) const USD: Address = Address::repeat_byte(0x71);
/// The chain id of a deployment: above 2^32.
const LARGE_CHAIN_ID: u64 = (1 << 32) + (1 << 49) + 12_345;

/// A transaction before it is signed.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) transaction_type: u8,
    pub(crate) chain_id: Option<u64>,
    pub(crate) nonce: u64,
    pub(crate) fee: u128,
    pub(crate) gas_limit: u64,
    pub(crate) to: TxKind,
    pub(crate) value: U256,
    pub(crate) data: Vec<u8>,
    pub(crate) access_list: AccessList,
}

impl Request {
    /// A transfer of 1.5 ETH to Bob.
    pub(crate) fn new(transaction_type: u8) -> Self {
        Self {
            transaction_type,
            chain_id: Some(CHAIN_ID),
            nonce: 7,
            fee: 2 * GWEI,
            gas_limit: gas::TRANSFER_ETH,
            to: TxKind::Call(BOB),
            value: U256::from(3 * ETHER / 2),
            data: vec![],
            access_list: AccessList::default(),
        }
    }

    pub(crate) fn call(to: Address, value: u128, data: Vec<u8>) -> Self {
        Self {
            to: TxKind::Call(to),
            value: U256::from(value),
            gas_limit: 1_000_000,
            data,
            ..Self::new(2)
        }
    }

    pub(crate) fn sign(self) -> Vec<u8> {
        let Self {
            chain_id,
            nonce,
            fee,
            gas_limit,
            to,
            value,
            access_list,
            ..
        } = self;
        let input = Bytes::from(self.data);
        match self.transaction_type {
            0 => signed(TxLegacy {
                chain_id,
                nonce,
                gas_price: fee,
                gas_limit,
                to,
                value,
                input,
            }),
            1 => signed(TxEip2930 {
                chain_id: chain_id.unwrap(),
                nonce,
                gas_price: fee,
                gas_limit,
                to,
                value,
                access_list,
                input,
            }),
            _ => signed(TxEip1559 {
                chain_id: chain_id.unwrap(),
                nonce,
                gas_limit,
                max_fee_per_gas: fee,
                max_priority_fee_per_gas: GWEI,
                to,
                value,
                access_list,
                input,
            }),
        }
    }
}

fn signed<T>(transaction: T) -> Vec<u8>
where
    T: SignableTransaction<Signature>,
    Signed<T>: Into<TxEnvelope>,
{
    let signature = sign_message(KEY, transaction.signature_hash()).expect("a valid key");
    let envelope: TxEnvelope = transaction.into_signed(signature).into();
    envelope.encoded_2718()
}

pub(crate) fn transactions() -> schema::Transactions {
    schema::Transactions {
        invalid: refused::all(),
        valid: valid()
            .into_iter()
            .map(|request| valid_row(request.chain_id.unwrap(), &request.sign()))
            .collect(),
    }
}

pub(crate) fn payees(count: usize) -> Vec<Payee> {
    [BOB, CAROL, BOB, DAVE]
        .into_iter()
        .cycle()
        .zip(1..)
        .take(count)
        .map(|(recipient, amount)| Payee { recipient, amount })
        .collect()
}

fn valid() -> Vec<Request> {
    let with_memo = |data: Vec<u8>, memo: &[u8]| [&data, memo].concat();
    vec![
        Request::new(0),
        Request::new(1),
        Request::new(2),
        Request {
            chain_id: Some(LARGE_CHAIN_ID),
            ..Request::new(0)
        },
        Request {
            chain_id: Some(LARGE_CHAIN_ID),
            ..Request::new(2)
        },
        Request {
            nonce: 0,
            value: U256::ZERO,
            ..Request::new(2)
        },
        Request {
            nonce: u64::MAX - 1,
            fee: u128::MAX,
            gas_limit: u64::MAX,
            value: U256::from(u128::MAX),
            ..Request::new(1)
        },
        Request {
            data: b"invoice 42".into(),
            ..Request::new(0)
        },
        Request {
            data: vec![0x6d; MEMO_BYTES_MAX],
            ..Request::new(2)
        },
        Request::call(USD, 0, encode_transfer_call(BOB, 12_500_000)),
        Request {
            gas_limit: gas::TRANSFER_TOKEN,
            transaction_type: 0,
            ..Request::call(USD, 0, with_memo(encode_transfer_call(BOB, 0), b"memo"))
        },
        Request::call(WITHDRAW_PREDEPLOY, ETHER, encode_withdraw_call(BOB)),
        Request {
            gas_limit: gas::WITHDRAW,
            ..Request::call(
                WITHDRAW_PREDEPLOY,
                0,
                encode_withdraw_token_call(USD, 5, CAROL),
            )
        },
        Request::call(PAYOUT_PREDEPLOY, 6, encode_payout_call(&payees(3))),
        Request::call(
            PAYOUT_PREDEPLOY,
            0,
            encode_payout_token_call(USD, &payees(PAYEES_MAX)),
        ),
    ]
}

fn valid_row(chain_id: u64, raw: &[u8]) -> schema::Transaction {
    let transaction = WalletTransaction::decode(raw, chain_id).unwrap();
    let intent = Intent::of(&transaction).unwrap();
    let asset = match intent.asset() {
        Asset::Eth => Address::ZERO,
        Asset::Token(address) => address,
    };
    let one = |recipient: &Address, amount: &u128| {
        vec![schema::Payee {
            amount: *amount,
            recipient: *recipient,
        }]
    };
    let (name, payees) = match &intent {
        Intent::Transfer {
            recipient, amount, ..
        } => ("transfer", one(recipient, amount)),
        Intent::Withdraw {
            recipient, amount, ..
        } => ("withdraw", one(recipient, amount)),
        Intent::Payout { payees, .. } => (
            "payout",
            payees
                .iter()
                .flat_map(|payee| one(&payee.recipient, &payee.amount))
                .collect(),
        ),
    };
    let signature = Signature::new(
        U256::from_be_bytes(transaction.signature.r.0),
        U256::from_be_bytes(transaction.signature.s.0),
        transaction.signature.y_parity,
    );
    let signing_hash = transaction.signing_hash();
    schema::Transaction {
        asset,
        chain_id,
        data: Bytes::copy_from_slice(transaction.data),
        gas: gas::gas(intent.gas_kind()),
        gas_limit: transaction.gas_limit,
        hash: transaction.hash(),
        intent: name.into(),
        max_fee: transaction.max_fee,
        nonce: transaction.nonce,
        payees,
        r: transaction.signature.r,
        raw: Bytes::copy_from_slice(raw),
        s: transaction.signature.s,
        sender: signature
            .recover_address_from_prehash(&signing_hash)
            .unwrap(),
        signing_hash,
        to: transaction.to,
        transaction_type: transaction.transaction_type as u8,
        value: transaction.value,
        y_parity: transaction.signature.y_parity,
    }
}
