//! What every scenario ends with: the stranger, who has L1 alone, and the sequencer know the same chain, and all that
//! was acknowledged is in it once.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use alloy_primitives::B256;
use serde_json::{Value, json};
use spillway_protocol::tree::list_root;
use spillway_tests::Rpc;
use spillway_tests::accounts::SYSTEM_ADDRESS;

use super::load::Wallet;
use super::stranger::{self, Contracts, Derived};
use super::{number, patiently};

/// Bytes of the longest block operation.
const BLOCK_OPERATION_BYTES_MAX: u64 = 13;

/// Calls in one request. A block of the largest kind takes a megabyte.
const CALLS_AT_ONCE: usize = 64;

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
    let derived = loop {
        let roots = last_word(rpc, wallet).await;
        let derived = stranger::derive(l1_url, contracts).await;
        let derived = derived.unwrap_or_else(|error| panic!("the stranger: {error:#}"));
        // No block carries its root, and the status has that of the newest only: it may have been missed.
        if let Some(root) = roots.get(&derived.block()) {
            assert_eq!(*root, derived.state_root, "after block {}", derived.block());
            break derived;
        }
    };
    same_accounts(rpc, &derived).await;
    once_each(rpc, &derived, acknowledged).await;
    derived
}

/// Sends one more transaction, and waits until L1 has it and nothing else waits. Returns the state roots of the blocks
/// that were the newest in the meantime; the chain is idle, so there is one a second.
async fn last_word(rpc: &Rpc, wallet: &mut Wallet) -> BTreeMap<u64, B256> {
    let signed = wallet.sign();
    assert_eq!(rpc.send_raw(&signed.raw).await, Ok(signed.hash));
    let roots = RefCell::new(BTreeMap::new());
    patiently("the last word on L1", async || {
        let status = rpc.status().await.expect("a status");
        let root = status["state_root"]
            .as_str()
            .and_then(|root| root.parse().ok());
        let block = number(&status, "block_number");
        roots.borrow_mut().insert(block, root.expect("a root"));
        let finality = rpc.call("spillway_finality", json!([signed.hash])).await;
        finality.expect("an answer")["status"] != "durable" && is_drained(&status)
    })
    .await;
    roots.into_inner()
}

/// Nothing waits for L1 but the blocks of an idle chain.
fn is_drained(status: &Value) -> bool {
    let idle = number(status, "block_number") - number(status, "posted_block");
    let unposted = status["unposted_bytes"].as_u64();
    unposted.is_some_and(|unposted| unposted <= idle * BLOCK_OPERATION_BYTES_MAX)
}

/// Every account has the same on both sides. The chain is idle.
async fn same_accounts(rpc: &Rpc, derived: &Derived) {
    let accounts: Vec<_> = (0..derived.state.account_count())
        .map(|index| derived.state.account(index).expect("an account"))
        .collect();
    for accounts in accounts.chunks(CALLS_AT_ONCE) {
        let asked = |method| {
            let calls = accounts
                .iter()
                .map(|account| (method, json!([account.address, "latest"])));
            batch(rpc, calls.collect())
        };
        let balances = asked("eth_getBalance").await;
        let nonces = asked("eth_getTransactionCount").await;
        for ((account, balance), nonce) in accounts.iter().zip(balances).zip(nonces) {
            let found = (quantity(&balance), quantity(&nonce));
            assert_eq!(
                found,
                (account.eth, account.nonce.into()),
                "{}",
                account.address
            );
        }
    }
    let newest = rpc.call(
        "eth_getBlockByNumber",
        json!([format!("{:#x}", derived.block()), false]),
    );
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
        assert_eq!(
            list_root(&hashes),
            batch.header.auth_root,
            "batch {}",
            batch.number
        );
        for hash in hashes {
            *times.entry(hash).or_default() += 1;
        }
        next = batch.header.block_number + 1;
    }
    assert!(
        times.values().all(|times| *times == 1),
        "a transaction is on L1 twice"
    );
    let missing = acknowledged
        .iter()
        .filter(|hash| !times.contains_key(*hash))
        .count();
    assert_eq!(missing, 0, "of {} acknowledged", acknowledged.len());
}

/// The hashes of the signed transactions in those blocks, in order.
async fn transactions(rpc: &Rpc, first: u64, last: u64) -> Vec<B256> {
    let numbers: Vec<_> = (first..=last).collect();
    let mut hashes = Vec::new();
    for numbers in numbers.chunks(CALLS_AT_ONCE) {
        let calls = numbers.iter().map(|number| {
            (
                "eth_getBlockByNumber",
                json!([format!("{number:#x}"), true]),
            )
        });
        for block in batch(rpc, calls.collect()).await {
            let list = block["transactions"].as_array().expect("a list");
            let signed = list
                .iter()
                .filter(|transaction| transaction["from"] != json!(SYSTEM_ADDRESS));
            let signed = signed.map(|transaction| transaction["hash"].as_str()?.parse().ok());
            hashes.extend(signed.map(|hash: Option<B256>| hash.expect("a hash")));
        }
    }
    hashes
}

/// Several calls in one request, answered in order.
async fn batch(rpc: &Rpc, calls: Vec<(&str, Value)>) -> Vec<Value> {
    let calls = calls.into_iter().enumerate().map(|(id, (method, params))| {
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    });
    let calls: Value = calls.collect();
    let (_, body) = rpc.post(calls.to_string()).await.expect("an answer");
    let answers: Vec<Value> = serde_json::from_str(&body).expect("answers");
    let results = answers
        .into_iter()
        .map(|mut answer| answer["result"].take());
    results.collect()
}

fn quantity(value: &Value) -> u128 {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    u128::from_str_radix(digits.expect("a quantity"), 16).expect("a number")
}
