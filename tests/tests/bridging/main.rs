//! Users with `spillway wallet`: payments, the way in and out, and the exits that need nobody's help.

mod censorship;
mod commands;
mod escape;
mod interruption;
mod killed;
mod ledger;
mod paid;
mod round_trip;
mod wallet;

use std::time::{Duration, Instant};

use alloy_primitives::Address;
use serde_json::{Value, json};
use spillway_tests::{Anvil, Node, NodeOptions, Rpc, accounts, quantity};

/// Wei of an ETH.
const ETHER: u128 = 1_000_000_000_000_000_000;

/// Units of a whole test token, and what each account begins with.
const TOKEN: u128 = 1_000_000;
const TOKENS: u128 = 1_000_000 * TOKEN;

/// The longest wait for something that takes blocks of L1, on a machine that has more to do.
const PATIENCE: Duration = Duration::from_secs(90);

/// Batches soon, and without the seconds that proofs for blobs take.
const SOON: [&str; 4] = ["--max-batch-age", "1s", "--post-as", "calldata"];

/// The same in blobs.
const IN_BLOBS: [&str; 4] = ["--max-batch-age", "1s", "--post-as", "blobs"];

/// Batches that are final only when a test moves the time on: no relayer pays what an escape is to pay.
const LONG_WINDOW: &str = "5m";

/// Waits for a condition.
async fn patiently(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A number of a node's status.
async fn status(rpc: &Rpc, name: &str) -> u64 {
    let status = rpc.status().await.expect("a status");
    status[name].as_u64().unwrap_or_default()
}

/// Waits until L1 has everything of now.
async fn posted(rpc: &Rpc) {
    let now = status(rpc, "block_number").await;
    patiently("a batch on L1", async || {
        status(rpc, "posted_block").await >= now
    })
    .await;
}

/// An L1 that outlives its rollup, where everybody has ETH for fees.
async fn rollup_on_anvil(posting: &[&str], challenge_window: &str) -> (Anvil, Node) {
    let (anvil, options) = on_anvil(posting, challenge_window);
    let node = started(&anvil, options).await;
    (anvil, node)
}

/// Such an L1, and what a node on it is started with.
fn on_anvil(posting: &[&str], challenge_window: &str) -> (Anvil, NodeOptions) {
    let anvil = Anvil::start(&["--accounts", "25"]);
    let options = NodeOptions::default().l1_url(anvil.url());
    let arguments = [posting, &["--challenge-window", challenge_window]].concat();
    (anvil, options.arguments(&arguments))
}

/// A node whose set-up makes blocks at once, before they come each second.
async fn started(anvil: &Anvil, options: NodeOptions) -> Node {
    let node = Node::start(options);
    control(anvil, "evm_setIntervalMining", json!([1])).await;
    node
}

/// One of anvil's controls.
async fn control(anvil: &Anvil, method: &str, params: Value) -> Value {
    let rpc = anvil.rpc();
    rpc.call(method, params).await.expect("a control")
}

/// The rollup has ended: anvil makes a block for each transaction, and no others.
async fn a_block_a_transaction(anvil: &Anvil) {
    control(anvil, "evm_setIntervalMining", json!([0])).await;
    control(anvil, "evm_setAutomine", json!([true])).await;
}

/// Transactions of an account that wait for a block of L1.
async fn waiting(l1: &Rpc, account: Address) -> u128 {
    let count = async |block: &str| {
        let asked = l1.call("eth_getTransactionCount", json!([account, block]));
        quantity(&asked.await.expect("an answer")).expect("a nonce")
    };
    count("pending").await - count("latest").await
}

/// Moves L1's time on, and makes a block.
async fn warp(anvil: &Anvil, seconds: u64) {
    control(anvil, "evm_increaseTime", json!([seconds])).await;
    control(anvil, "evm_mine", json!([])).await;
}

/// The address of a development account.
fn dev(number: u32) -> Address {
    accounts::funded(number).address()
}
