//! What every scenario ends with: the stranger, who has L1 alone, and the sequencer know the same chain, and all that
//! was acknowledged is in it once.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::B256;
use serde_json::{Value, json};
use spillway_protocol::tree::list_root;
use spillway_tests::Rpc;

use super::load::Wallet;
use super::stranger::{self, Contracts, Derived};
use super::{patiently, status_number};

/// Bytes of the longest block operation.
const BLOCK_OPERATION_BYTES_MAX: u64 = 13;

/// Blocks that are asked for at once.
const BLOCKS_AT_ONCE: usize = 64;

/// Ends a scenario: lets everything come to L1, derives it from there, and compares.
///
/// `acknowledged` is what was answered with a yes since the chain began. More may have been taken.
pub(crate) async fn all_is_on_l1(
    rpc: &Rpc,
    l1_url: &str,
    contracts: &Contracts,
    wallet: &mut Wallet,
    acknowledged: &[B256],
) -> Derived {
    let roots = last_word(rpc, wallet).await;
    let derived = stranger::derive(l1_url, contracts).await;
    let derived = derived.unwrap_or_else(|error| panic!("the stranger: {error:#}"));
    let block = derived.block();
    assert_eq!(roots.get(&block), Some(&derived.state_root), "the root of block {block}");
    same_accounts(rpc, &derived).await;
    once_each(rpc, &derived, acknowledged).await;
    derived
}

/// Sends one more transaction, and waits until L1 has it. Returns the state roots of the blocks from its own on.
///
/// No block carries its state root: the status has that of the newest. The chain is idle here, with a block a second, so
/// none is missed.
async fn last_word(rpc: &Rpc, wallet: &mut Wallet) -> BTreeMap<u64, B256> {
    let signed = wallet.sign();
    assert_eq!(rpc.send_raw(&signed.raw).await, Ok(signed.hash));
    let receipt = rpc.receipt(signed.hash).await.expect("an answer").expect("a receipt");
    let own: B256 = receipt["blockHash"].as_str().and_then(|hash| hash.parse().ok()).expect("a hash");
    let mut roots = BTreeMap::new();
    let mut status = Value::Null;
    patiently("the last word on L1", async || {
        status = rpc.status().await.expect("a status");
        let root = status["state_root"].as_str().and_then(|root| root.parse().ok());
        roots.insert(status_number(&status, "block_number"), root.expect("a root"));
        let finality = rpc.call("spillway_finality", json!([signed.hash])).await;
        finality.expect("an answer")["status"] != "durable"
    })
    .await;
    let block = rpc.call("eth_getBlockByHash", json!([own, false])).await.expect("a block");
    let first = quantity(&block["number"]);
    assert!(roots.contains_key(&first), "block {first} was missed: {roots:?}");
    drained(&status);
    roots
}

/// Nothing waits for L1 but the blocks of an idle chain.
fn drained(status: &Value) {
    let idle = status_number(status, "block_number") - status_number(status, "posted_block");
    let unposted = status_number(status, "unposted_bytes");
    assert!(unposted <= (idle + 1) * BLOCK_OPERATION_BYTES_MAX, "{status}");
}

/// Every account has the same on both sides. The chain is idle.
async fn same_accounts(rpc: &Rpc, derived: &Derived) {
    let state = &derived.state;
    for index in 0..state.account_count() {
        let account = state.account(index).expect("an account");
        let calls = ["eth_getBalance", "eth_getTransactionCount"]
            .map(|method| call(index as usize, method, json!([account.address, "latest"])));
        let [balance, nonce] = batch(rpc, &calls).await.try_into().expect("two answers");
        let balance = u128::from_str_radix(balance.as_str().expect("hex").trim_start_matches("0x"), 16);
        assert_eq!(balance, Ok(account.eth), "{}", account.address);
        assert_eq!(quantity(&nonce), account.nonce, "{}", account.address);
    }
    let newest = rpc.call("eth_getBlockByNumber", json!([format!("{:#x}", derived.block()), false]));
    let newest = newest.await.expect("a block");
    assert_eq!(newest["hash"], json!(derived.block_hash));
}

/// The batches hold exactly the transactions of the sequencer's blocks, so says their auth root, and each that was
/// acknowledged is among them once.
async fn once_each(rpc: &Rpc, derived: &Derived, acknowledged: &[B256]) {
    let mut times: HashMap<B256, u32> = HashMap::new();
    let mut next = 1;
    for batch in &derived.batches {
        let hashes = transactions(rpc, next, batch.header.block_number).await;
        assert_eq!(list_root(&hashes), batch.header.auth_root, "batch {}", batch.number);
        for hash in hashes {
            *times.entry(hash).or_default() += 1;
        }
        next = batch.header.block_number + 1;
    }
    assert!(times.values().all(|times| *times == 1), "a transaction is on L1 twice");
    let missing = acknowledged.iter().filter(|hash| !times.contains_key(*hash)).count();
    assert_eq!(missing, 0, "of {} acknowledged", acknowledged.len());
}

/// The hashes of the transactions in those blocks, in order.
async fn transactions(rpc: &Rpc, first: u64, last: u64) -> Vec<B256> {
    let numbers: Vec<_> = (first..=last).collect();
    let mut hashes = Vec::new();
    for numbers in numbers.chunks(BLOCKS_AT_ONCE) {
        let calls = numbers.iter().enumerate().map(|(id, number)| {
            call(id, "eth_getBlockByNumber", json!([format!("{number:#x}"), false]))
        });
        for block in batch(rpc, &calls.collect::<Vec<_>>()).await {
            let list = block["transactions"].as_array().expect("a list");
            let list = list.iter().map(|hash| hash.as_str().and_then(|hash| hash.parse().ok()));
            hashes.extend(list.map(|hash: Option<B256>| hash.expect("a hash")));
        }
    }
    hashes
}

fn call(id: usize, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// Several calls in one request, answered in order.
async fn batch(rpc: &Rpc, calls: &[Value]) -> Vec<Value> {
    let (_, body) = rpc.post(json!(calls).to_string()).await.expect("an answer");
    let answers: Vec<Value> = serde_json::from_str(&body).expect("answers");
    let results = answers.into_iter().map(|mut answer| answer["result"].take());
    results.collect()
}

fn quantity(value: &Value) -> u64 {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    u64::from_str_radix(digits.expect("a quantity"), 16).expect("a number")
}
