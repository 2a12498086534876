//! Transactions that no rule allows, and encodings that are not canonical.

use alloy_consensus::{TxEip2930, TxEip4844, TxEip7702, TxLegacy};
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_eips::eip7702::Authorization;
use alloy_primitives::{B256, Bytes, Signature, TxKind, U256, hex, uint};
use alloy_signer::SignerSync as _;
use serde_json::json;
use spillway_tests::accounts::{self, INITIAL_BALANCE, Kind, SignedTransfer, Transfer, seal};
use spillway_tests::{CHAIN_ID, CallError, Node, NodeOptions, TRANSFER_GAS};

use crate::rlp::{self, integer, list, string};
use crate::{Case, check_all, still_transfers};

/// The code of geth for every refused transaction.
const REFUSED: i64 = -32000;

/// Order of the group of secp256k1.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// A refused transaction and part of the reason.
struct Refused {
    name: &'static str,
    raw: Vec<u8>,
    words: &'static str,
}

fn refused(name: &'static str, raw: impl Into<Vec<u8>>, words: &'static str) -> Refused {
    Refused {
        name,
        raw: raw.into(),
        words,
    }
}

/// A valid transfer of 1 wei by the first funded account, as its next transaction.
fn valid() -> Transfer {
    Transfer::to(accounts::funded(1).address(), 1, 0)
}

fn sign(transfer: &Transfer) -> Vec<u8> {
    transfer.sign(&accounts::funded(0)).raw
}

fn sign_with(kind: Kind, replace: impl FnOnce(Signature) -> Signature) -> Vec<u8> {
    Transfer { kind, ..valid() }
        .sign_with(&accounts::funded(0), replace)
        .raw
}

/// What a wallet can sign, but this chain does not do.
#[rustfmt::skip]
fn unsupported() -> Vec<Refused> {
    let create = Transfer {
        to: TxKind::Create,
        ..valid()
    };
    vec![
        refused("a contract creation", sign(&create), "contract creation is not supported"),
        refused("a legacy contract creation", sign(&Transfer { kind: Kind::Legacy, ..create }), "contract creation is not supported"),
        refused("an access list", with_access_list(), "access lists are not supported"),
        refused("a blob transaction", blob(), "transaction type not supported"),
        refused("a set-code transaction", set_code(), "transaction type not supported"),
        refused("a legacy transaction of any chain", of_any_chain(), "only replay-protected (EIP-155) transactions allowed over RPC"),
        refused("a memo of 257 bytes", sign(&Transfer { input: Bytes::from(vec![1; 257]), ..valid() }), "memo has 257 bytes"),
        refused("8 kB of data", sign(&Transfer { input: Bytes::from(vec![1; 8192]), ..valid() }), "oversized data"),
    ]
}

/// Values that are out of bounds or that the state does not allow.
#[rustfmt::skip]
fn out_of_bounds() -> Vec<Refused> {
    let value = U256::from(1) << 128;
    vec![
        refused("2^128 wei", sign(&Transfer { value, ..valid() }), "amount is beyond 128 bits"),
        refused("2^256 - 1 wei", sign(&Transfer { value: U256::MAX, ..valid() }), "amount is beyond 128 bits"),
        refused("2^128 - 1 wei", sign(&Transfer { value: U256::from(u128::MAX), ..valid() }), "insufficient funds for gas * price + value"),
        refused("a fee above every balance", sign(&Transfer { value: U256::from(INITIAL_BALANCE), ..valid() }), "insufficient funds for gas * price + value"),
        refused("an account without funds", valid().sign(&accounts::fresh(1)).raw, "insufficient funds for gas * price + value"),
        refused("a maximum fee of 1 wei", sign(&Transfer { max_fee: 1, ..valid() }), "less than block base fee"),
        refused("a gas limit of 20,999", sign(&Transfer { gas_limit: TRANSFER_GAS - 1, ..valid() }), "intrinsic gas too low"),
        refused("a nonce far ahead", sign(&Transfer { nonce: 65, ..valid() }), "nonce too high"),
        refused("the last nonce", sign(&Transfer { nonce: u64::MAX, ..valid() }), "nonce has max value"),
        refused("a fee of 2^128 wei", changed(FEE, string(&[&[1][..], &[0; 16]].concat())), "beyond 128 bits"),
        refused("a gas limit of 2^64", changed(GAS, integer(1_u128 << 64)), "beyond 64 bits"),
        refused("a nonce of 2^64", changed(NONCE, integer(1_u128 << 64)), "beyond 64 bits"),
        refused("a recipient of 19 bytes", changed(TO, string(&[7; 19])), "invalid `to`"),
        refused("a recipient of 32 bytes", changed(TO, string(&[7; 32])), "invalid `to`"),
    ]
}

/// Signatures that are none.
#[rustfmt::skip]
fn badly_signed() -> Vec<Refused> {
    let of_other_chain = |kind| sign(&Transfer { kind, chain_id: CHAIN_ID + 1, ..valid() });
    let high_s = |signature: Signature| Signature::new(signature.r(), ORDER - signature.s(), !signature.v());
    let no_point = |signature: Signature| Signature::new(U256::from(5), signature.s(), signature.v());
    vec![
        refused("a legacy transaction of another chain", of_other_chain(Kind::Legacy), "invalid chain id for signer"),
        refused("type 1 of another chain", of_other_chain(Kind::AccessList), "invalid chain id for signer"),
        refused("type 2 of another chain", of_other_chain(Kind::DynamicFee), "invalid chain id for signer"),
        refused("a high s, legacy", sign_with(Kind::Legacy, high_s), "invalid transaction v, r, s values"),
        refused("a high s, type 1", sign_with(Kind::AccessList, high_s), "invalid transaction v, r, s values"),
        refused("a high s, type 2", sign_with(Kind::DynamicFee, high_s), "invalid transaction v, r, s values"),
        refused("r that is no point", sign_with(Kind::DynamicFee, no_point), "invalid sender"),
        refused("a y parity of 2", changed(Y_PARITY, integer(2_u8)), "invalid transaction v, r, s values"),
        refused("a y parity of 27", changed(Y_PARITY, integer(27_u8)), "invalid transaction v, r, s values"),
        refused("r = 0", changed(R, integer(0_u8)), "invalid transaction v, r, s values"),
        refused("s = 0", changed(S, integer(0_u8)), "invalid transaction v, r, s values"),
        refused("r = the order", changed(R, string(&ORDER.to_be_bytes::<32>())), "invalid transaction v, r, s values"),
        refused("s of 33 bytes", changed(S, string(&[1; 33])), "rlp: integer has more than 32 bytes"),
        refused("a zero signature", changed_many(&[(R, integer(0_u8)), (S, integer(0_u8))]), "invalid transaction v, r, s values"),
    ]
}

/// Bytes that are no transaction, or one that is not in its only form.
#[rustfmt::skip]
fn badly_encoded() -> Vec<Refused> {
    let raw = sign(&valid());
    let (kind, payload) = raw.split_first().expect("a typed transaction");
    let mut items = valid_items();
    let legacy = sign(&Transfer { kind: Kind::Legacy, ..valid() });
    let too_few = typed(&items[..items.len() - 1]);
    items.push(integer(0_u8));
    let too_many = typed(&items);
    vec![
        refused("nothing", [], "typed transaction too short"),
        refused("a type alone", [2], "typed transaction too short"),
        refused("type 0 with its byte", [&[0], &legacy[..]].concat(), "transaction type not supported"),
        refused("type 5", [&[5], payload].concat(), "transaction type not supported"),
        refused("type 0x7f", [&[0x7f], payload].concat(), "transaction type not supported"),
        refused("a string", string(&raw), "rlp: expected input list"),
        refused("an empty list", [0xc0], "rlp: too few elements"),
        refused("nested lists", [&[0xf9, 0x0f, 0xff][..], &[0xc1; 0x0fff]].concat(), "rlp: expected input string or byte"),
        refused("a length beyond the end", [0xff; 9], "rlp: value size exceeds available input length"),
        refused("no signature", typed(&valid_items()[..9]), "rlp: too few elements"),
        refused("one item too few", too_few, "rlp: too few elements"),
        refused("one item too many", too_many, "rlp: input list has too many elements"),
        refused("a byte after the end", [&raw[..], &[0]].concat(), "rlp: input contains more than one value"),
        refused("two transactions", [&raw[..], payload].concat(), "rlp: input contains more than one value"),
        refused("a long list in a longer form", [&[*kind, 0xf9, 0], &payload[1..]].concat(), "rlp: non-canonical size information"),
        refused("a byte with a header", changed(NONCE, vec![0x81, 0]), "rlp: non-canonical"),
        refused("an integer with a leading zero", changed(VALUE, vec![0x82, 0, 1]), "rlp: non-canonical integer (leading zero bytes)"),
        refused("zero as a byte", changed(NONCE, vec![0]), "rlp: non-canonical integer (leading zero bytes)"),
        refused("a short string in the long form", changed(TO, [&[0xb8, 20][..], &[7; 20]].concat()), "rlp: non-canonical size information"),
        refused("a list for a number", changed(VALUE, list(&[integer(1_u8)])), "rlp: expected input string or byte"),
        refused("a string for the access list", changed(ACCESS_LIST, integer(0_u8)), "rlp: expected input list"),
    ]
}

/// Every refused transaction of this file.
fn all() -> Vec<Refused> {
    [
        unsupported(),
        out_of_bounds(),
        badly_signed(),
        badly_encoded(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The same as calls of `eth_sendRawTransaction`.
pub(crate) fn cases() -> Vec<Case> {
    let as_case = |Refused { name, raw, words }| {
        let params = [hex::encode_prefixed(raw)];
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": params });
        Case {
            name,
            body: request.to_string(),
            code: REFUSED,
            words,
        }
    };
    all().into_iter().map(as_case).collect()
}

// The items of a type 2 transaction, by their place.
const NONCE: usize = 1;
const FEE: usize = 3;
const GAS: usize = 4;
const TO: usize = 5;
const VALUE: usize = 6;
const ACCESS_LIST: usize = 8;
const Y_PARITY: usize = 9;
const R: usize = 10;
const S: usize = 11;

/// The encoded items of the valid transfer, type 2.
fn valid_items() -> Vec<Vec<u8>> {
    let mut signature = None;
    let Transfer {
        chain_id,
        nonce,
        to,
        value,
        gas_limit,
        max_fee,
        ..
    } = valid();
    let signed = valid().sign_with(&accounts::funded(0), |found| *signature.insert(found));
    let signature = signature.expect("a signature was made");
    let items = vec![
        integer(chain_id),
        integer(nonce),
        integer(0_u8),
        integer(max_fee),
        integer(gas_limit),
        string(to.to().expect("a recipient").as_slice()),
        integer(value.to::<u128>()),
        string(&[]),
        list(&[]),
        integer(u8::from(signature.v())),
        string(signature.r().to_be_bytes_trimmed_vec().as_slice()),
        string(signature.s().to_be_bytes_trimmed_vec().as_slice()),
    ];
    assert_eq!(
        typed(&items),
        signed.raw,
        "the items are those of the transaction that alloy encodes"
    );
    items
}

fn typed(items: &[Vec<u8>]) -> Vec<u8> {
    [vec![2], rlp::list(items)].concat()
}

/// The valid transfer with one item replaced.
fn changed(place: usize, item: Vec<u8>) -> Vec<u8> {
    changed_many(&[(place, item)])
}

fn changed_many(changes: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut items = valid_items();
    for (place, item) in changes {
        items[*place].clone_from(item);
    }
    typed(&items)
}

fn with_access_list() -> Vec<u8> {
    let item = AccessListItem {
        address: accounts::funded(2).address(),
        storage_keys: vec![B256::ZERO],
    };
    let tx = TxEip2930 {
        chain_id: CHAIN_ID,
        gas_price: valid().max_fee,
        gas_limit: 30_000,
        to: valid().to,
        access_list: AccessList(vec![item]),
        ..TxEip2930::default()
    };
    seal(tx, &accounts::funded(0), |signature| signature).raw
}

fn blob() -> Vec<u8> {
    let tx = TxEip4844 {
        chain_id: CHAIN_ID,
        gas_limit: TRANSFER_GAS,
        max_fee_per_gas: valid().max_fee,
        to: accounts::funded(1).address(),
        blob_versioned_hashes: vec![B256::with_last_byte(1)],
        max_fee_per_blob_gas: 1,
        ..TxEip4844::default()
    };
    seal(tx, &accounts::funded(0), |signature| signature).raw
}

fn set_code() -> Vec<u8> {
    let signer = accounts::funded(0);
    let authorization = Authorization {
        chain_id: U256::from(CHAIN_ID),
        address: signer.address(),
        nonce: 1,
    };
    let signature = signer
        .sign_hash_sync(&authorization.signature_hash())
        .expect("a signature by a key in memory");
    let tx = TxEip7702 {
        chain_id: CHAIN_ID,
        gas_limit: 100_000,
        max_fee_per_gas: valid().max_fee,
        to: accounts::funded(1).address(),
        authorization_list: vec![authorization.into_signed(signature)],
        ..TxEip7702::default()
    };
    seal(tx, &signer, |signature| signature).raw
}

fn of_any_chain() -> Vec<u8> {
    let tx = TxLegacy {
        chain_id: None,
        gas_price: valid().max_fee,
        gas_limit: TRANSFER_GAS,
        to: valid().to,
        ..TxLegacy::default()
    };
    seal(tx, &accounts::funded(0), |signature| signature).raw
}

#[tokio::test]
async fn transactions_are_refused_in_geths_words() {
    let node = Node::start(NodeOptions::default());
    check_all(&node.rpc(), &cases()).await;
}

/// One bulk request gives each transaction the verdict that it would have alone, and the good ones among them pass.
#[tokio::test]
async fn bulk_verdicts_are_those_of_single_requests() {
    let node = Node::start(NodeOptions::default());
    let rpc = node.rpc();
    let bad = all();
    let mut alone = Vec::new();
    for Refused { raw, .. } in &bad {
        match rpc.send_raw(raw).await {
            Err(CallError::Refused(error)) => alone.push(Err(error)),
            other => panic!("not refused: {other:?}"),
        }
    }
    let good: Vec<_> = (0..2)
        .map(|nonce| {
            Transfer::to(accounts::funded(1).address(), 1, nonce).sign(&accounts::funded(17))
        })
        .collect();
    let [first, last] = &good[..] else {
        unreachable!("two transfers")
    };
    let row: Vec<_> = [first.raw.clone()]
        .into_iter()
        .chain(bad.into_iter().map(|bad| bad.raw))
        .chain([last.raw.clone()])
        .collect();
    let verdicts = rpc.send_raw_many(&row).await.expect("verdicts");
    assert_eq!(verdicts.first(), Some(&Ok(first.hash)));
    assert_eq!(verdicts.last(), Some(&Ok(last.hash)));
    for (index, (together, alone)) in verdicts[1..].iter().zip(&alone).enumerate() {
        assert_eq!(together, alone, "transaction {index}");
    }
    still_transfers(&rpc).await;
}

/// No beginning of a valid transaction is one, nor is any that has one bit flipped one of the same sender.
#[tokio::test]
async fn damaged_transactions_never_move_the_senders_money() {
    let node = Node::start(NodeOptions::default());
    let rpc = node.rpc();
    let signer = accounts::funded(0);
    for kind in [Kind::Legacy, Kind::AccessList, Kind::DynamicFee] {
        let SignedTransfer { raw, .. } = Transfer { kind, ..valid() }.sign(&signer);
        let cut = (0..raw.len()).map(|length| raw[..length].to_vec());
        let flipped = (0..raw.len() * 8).map(|bit| {
            let mut damaged = raw.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            damaged
        });
        let damaged: Vec<_> = cut.chain(flipped).collect();
        for verdict in rpc.send_raw_many(&damaged).await.expect("verdicts") {
            verdict.expect_err("a damaged transaction was accepted");
        }
    }
    assert_eq!(rpc.nonce(signer.address()).await, Ok(0));
    assert_eq!(rpc.balance(signer.address()).await, Ok(INITIAL_BALANCE));
    still_transfers(&rpc).await;
}
