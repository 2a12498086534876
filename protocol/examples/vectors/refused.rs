//! Vectors of transactions that are refused, in the order in which they are read.

use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, TxKind, U256};
use spillway_protocol::limits::{MEMO_BYTES_MAX, PAYEES_MAX, TRANSACTION_BYTES_MAX};
use spillway_protocol::transaction::{
    Intent, PAYOUT_PREDEPLOY, Payee, TransactionError, WITHDRAW_PREDEPLOY, WalletTransaction,
    encode_payout_call, encode_transfer_call, encode_withdraw_call, encode_withdraw_token_call,
};

use crate::schema;
use crate::setting::{BOB, CHAIN_ID, ETHER, variant};
use crate::transactions::{Request, USD, payees};

pub(crate) fn all() -> Vec<schema::InvalidTransaction> {
    [invalid_encodings(), invalid_fields(), invalid_meanings()]
        .into_iter()
        .flatten()
        .map(|(want, raw)| row(want, raw))
        .collect()
}

/// An error's name, and bytes that have it.
type Invalid = (&'static str, Vec<u8>);

/// Bytes that are not the one encoding of a transaction.
fn invalid_encodings() -> Vec<Invalid> {
    let legacy = Request::new(0).sign();
    let dynamic = Request::new(2).sign();
    // The list's header is f8 and a length; the first item is the nonce, 7, or the chain id.
    let (legacy_items, dynamic_items) = (&legacy[2..], &dynamic[3..]);
    let list = |kind: &[u8], items: &[u8]| [kind, &[0xf8, items.len() as u8], items].concat();
    vec![
        ("Oversized", vec![0xf8; TRANSACTION_BYTES_MAX + 1]),
        ("TooShort", vec![]),
        ("TooShort", vec![2]),
        ("BlobTransaction", vec![3]),
        ("SetCodeTransaction", vec![4]),
        ("UnknownType", [&[0], &legacy[..]].concat()),
        ("UnknownType", vec![5]),
        ("Rlp/Truncated", legacy[..legacy.len() - 1].to_vec()),
        ("Rlp/TrailingBytes", [&legacy[..], &[0]].concat()),
        ("Rlp/ExpectedList", vec![2, 0x80]),
        ("Rlp/TooFewItems", vec![0xc0]),
        (
            "Rlp/TooManyItems",
            list(&[2], &[dynamic_items, &[0x80]].concat()),
        ),
        (
            "Rlp/NonCanonicalLength",
            [&[2, 0xf9, 0], &dynamic[2..]].concat(),
        ),
        (
            "Rlp/NonCanonicalByte",
            list(&[], &[&[0x81], legacy_items].concat()),
        ),
        (
            "Rlp/LeadingZero",
            list(&[], &[&[0x82, 0], legacy_items].concat()),
        ),
        (
            "Rlp/IntegerTooLarge",
            list(&[], &[&[0xa1; 34], legacy_items].concat()),
        ),
        (
            "Rlp/UnexpectedList",
            list(&[], &[&[0xc0], legacy_items].concat()),
        ),
    ]
}

/// Signed transactions with a field that is not accepted.
fn invalid_fields() -> Vec<Invalid> {
    let request = Request::new(2);
    let listed = AccessList(vec![AccessListItem {
        address: USD,
        storage_keys: vec![],
    }]);
    let another_chain = |transaction_type| Request {
        chain_id: Some(1),
        ..Request::new(transaction_type)
    };
    let sign = |change: fn(&mut Request)| {
        let mut request = request.clone();
        change(&mut request);
        request.sign()
    };
    // The last 65 or so bytes are the parity, r and s, each of the two behind a0.
    let ends_with = |tail: &str| {
        let mut raw = request.clone().sign();
        let tail = hex::decode(tail).unwrap();
        let at = raw.len() - tail.len();
        raw[at..].copy_from_slice(&tail);
        raw
    };
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    const HALF: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";
    let one = format!("{:064x}", U256::from(1) << 255);
    vec![
        ("WrongChain", another_chain(0).sign()),
        ("WrongChain", another_chain(1).sign()),
        ("WrongChain", another_chain(2).sign()),
        ("NonceMax", sign(|request| request.nonce = u64::MAX)),
        (
            "ContractCreation",
            sign(|request| request.to = TxKind::Create),
        ),
        (
            "AmountTooLarge",
            sign(|request| request.value = U256::from(1) << 128),
        ),
        (
            "AccessListNotEmpty",
            Request {
                access_list: listed,
                ..request.clone()
            }
            .sign(),
        ),
        (
            "Unprotected",
            Request {
                chain_id: None,
                ..Request::new(0)
            }
            .sign(),
        ),
        ("YParityInvalid", ends_with(&format!("02a0{one}a0{one}"))),
        ("ROutOfRange", ends_with(&format!("01a0{ORDER}a0{one}"))),
        ("SOutOfRange", ends_with(&format!("a0{ORDER}"))),
        ("HighS", ends_with(&format!("a0{HALF}"))),
    ]
}

/// Signed transactions whose call is not exactly one that means something.
fn invalid_meanings() -> Vec<Invalid> {
    let call = |to, value, data| Request::call(to, value, data).sign();
    let change = |mut data: Vec<u8>, at: usize, byte: u8| {
        data[at] = byte;
        data
    };
    let gas_limit = |gas_limit, request: Request| {
        Request {
            gas_limit,
            ..request
        }
        .sign()
    };
    let transfer = || encode_transfer_call(BOB, 5);
    let withdraw = || encode_withdraw_call(BOB);
    let withdraw_token = |token| encode_withdraw_token_call(token, 5, BOB);
    let payout = |count| encode_payout_call(&payees(count));
    let much = [u128::MAX, 1].map(|amount| Payee {
        recipient: BOB,
        amount,
    });
    vec![
        (
            "UnknownWithdrawCall",
            call(WITHDRAW_PREDEPLOY, ETHER, vec![]),
        ),
        (
            "UnknownWithdrawCall",
            call(WITHDRAW_PREDEPLOY, 0, transfer()),
        ),
        ("UnknownPayoutCall", call(PAYOUT_PREDEPLOY, 0, withdraw())),
        ("ValueWithToken", call(USD, 1, transfer())),
        (
            "ValueWithToken",
            call(WITHDRAW_PREDEPLOY, 1, withdraw_token(USD)),
        ),
        ("CallTooShort", call(USD, 0, transfer()[..67].to_vec())),
        (
            "CallTooShort",
            call(PAYOUT_PREDEPLOY, 3, payout(2)[..160].to_vec()),
        ),
        ("TokenIsZero", call(Address::ZERO, 0, transfer())),
        (
            "TokenIsZero",
            call(WITHDRAW_PREDEPLOY, 0, withdraw_token(Address::ZERO)),
        ),
        ("AddressHighBytes", call(USD, 0, change(transfer(), 15, 1))),
        (
            "AddressHighBytes",
            call(WITHDRAW_PREDEPLOY, 1, change(withdraw(), 4, 1)),
        ),
        ("AmountTooLarge", call(USD, 0, change(transfer(), 51, 1))),
        (
            "OffsetNotCanonical",
            call(PAYOUT_PREDEPLOY, 1, change(payout(1), 35, 0x40)),
        ),
        ("PayeeCount", call(PAYOUT_PREDEPLOY, 0, payout(0))),
        (
            "PayeeCount",
            call(PAYOUT_PREDEPLOY, 2_145, payout(PAYEES_MAX + 1)),
        ),
        (
            "PayoutSumTooLarge",
            call(PAYOUT_PREDEPLOY, 0, encode_payout_call(&much)),
        ),
        (
            "CallTrailingBytes",
            call(WITHDRAW_PREDEPLOY, 1, [withdraw(), vec![0]].concat()),
        ),
        (
            "CallTrailingBytes",
            call(PAYOUT_PREDEPLOY, 1, [payout(1), vec![0]].concat()),
        ),
        ("PayoutSumMismatch", call(PAYOUT_PREDEPLOY, 4, payout(2))),
        ("MemoTooLong", call(BOB, 1, vec![0; MEMO_BYTES_MAX + 1])),
        (
            "MemoTooLong",
            call(USD, 0, [transfer(), vec![0; MEMO_BYTES_MAX + 1]].concat()),
        ),
        ("IntrinsicGasTooLow", gas_limit(20_999, Request::new(2))),
        (
            "IntrinsicGasTooLow",
            gas_limit(29_999, Request::call(USD, 0, transfer())),
        ),
        (
            "IntrinsicGasTooLow",
            gas_limit(44_999, Request::call(PAYOUT_PREDEPLOY, 3, payout(2))),
        ),
    ]
}

fn row(want: &str, raw: Vec<u8>) -> schema::InvalidTransaction {
    let error = WalletTransaction::decode(&raw, CHAIN_ID)
        .and_then(|transaction| Intent::of(&transaction))
        .expect_err(want);
    assert_eq!(name(&error), want, "{error}");
    schema::InvalidTransaction {
        chain_id: CHAIN_ID,
        error: want.into(),
        raw: raw.into(),
    }
}

/// The variant's name, `Rlp/...` for one of the encoding.
fn name(error: &TransactionError) -> String {
    match error {
        TransactionError::Rlp(inner) => format!("Rlp/{}", variant(inner)),
        other => variant(other),
    }
}
