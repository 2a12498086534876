//! JSON-RPC calls, and a transfer to send.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, TxKind, U256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::coins_bip39::English;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};
use serde_json::{Value, json};

const MNEMONIC: &str = "test test test test test test test test test test test junk";

/// The development account with that index.
pub(crate) fn account(index: u32) -> PrivateKeySigner {
    MnemonicBuilder::<English>::default()
        .phrase(MNEMONIC)
        .index(index)
        .unwrap()
        .build()
        .unwrap()
}

/// A call that must succeed.
pub(crate) fn call(url: &str, method: &str, params: &Value) -> Value {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let response = ureq::post(url)
        .header("content-type", "application/json")
        .send(request.to_string());
    let text = response.unwrap().into_body().read_to_string().unwrap();
    let mut answer: Value = serde_json::from_str(&text).unwrap();
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].take()
}

fn quantity(value: &Value) -> u128 {
    let digits = value.as_str().unwrap().trim_start_matches("0x");
    u128::from_str_radix(digits, 16).unwrap()
}

pub(crate) fn balance(url: &str, address: Address) -> u128 {
    quantity(&call(url, "eth_getBalance", &json!([address, "latest"])))
}

pub(crate) fn block_number(url: &str) -> u64 {
    quantity(&call(url, "eth_blockNumber", &json!([])))
        .try_into()
        .unwrap()
}

/// Sends wei from a development account; the answer means that it is durable.
pub(crate) fn send(url: &str, from: &PrivateKeySigner, to: Address, value: u128, nonce: u64) {
    let transaction = TxEip1559 {
        chain_id: 51_717,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000_000,
        to: TxKind::Call(to),
        value: U256::from(value),
        ..TxEip1559::default()
    };
    let signature = from.sign_hash_sync(&transaction.signature_hash()).unwrap();
    let raw = TxEnvelope::from(transaction.into_signed(signature)).encoded_2718();
    call(
        url,
        "eth_sendRawTransaction",
        &json!([hex::encode_prefixed(raw)]),
    );
}
