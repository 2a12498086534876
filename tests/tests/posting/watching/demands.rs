//! On anvil, with real blobs: who is said to have signed something can ask for it, and is answered, or the batch falls.

use alloy_primitives::{Address, U256, hex};
use alloy_sol_types::{SolCall as _, SolEvent as _, sol};
use serde_json::{Value, json};
use spillway_bridge_contracts::AuthorisationDisputes::{Answered, Challenged};
use spillway_tests::accounts::Transfer;
use spillway_tests::{Anvil, Rpc, accounts};

use super::super::rollup::{Rollup, a_block_a_second};
use super::super::stranger::derive;
use super::super::{number, patiently};
use super::forgery::{post, theft};
use super::{Watch, told, until_safe};

sol! {
    function forks() external view returns (uint64);
}

/// Long enough for anything here; time on L1 is moved on instead.
const ARGUMENTS: [&str; 4] = ["--post-as", "blobs", "--challenge-window", "1h"];

/// Nobody is there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// The account that is guarded, and the one of who guards it on L1.
const GUARDED: u32 = 3;
const GUARD: u32 = 5;

/// Who is paid what the guarded one did not sign.
const THIEF: u32 = 9;

async fn logs(l1: &Rpc, disputes: Address, topic: alloy_primitives::B256) -> Vec<u64> {
    let filter = json!([{ "address": disputes, "topics": [topic], "fromBlock": "0x0" }]);
    let logs = l1.call("eth_getLogs", filter).await.expect("logs");
    let logs = logs.as_array().expect("a list").iter();
    let block = |log: &Value| U256::from_str_radix(&log["blockNumber"].as_str()?[2..], 16).ok();
    logs.map(|log| block(log).expect("a block").to()).collect()
}

fn disputes(rollup: &Rollup) -> Address {
    let file = std::fs::read(rollup.node().dir().join("deployment.json")).expect("a deployment");
    let file: Value = serde_json::from_slice(&file).expect("JSON");
    let address = file["disputes"]["authorisation"].as_str();
    address.and_then(|it| it.parse().ok()).expect("an address")
}

async fn pending(l1: &Rpc) -> u64 {
    let status = l1.call("txpool_status", json!([])).await.expect("a status");
    let pending = status["pending"].as_str().expect("a number");
    u64::from_str_radix(&pending[2..], 16).expect("a number")
}

/// Transfers alone, and to nobody new: what is stolen later is simple then.
async fn pay_each_other(rpc: &Rpc) {
    for sender in 0..6 {
        for nonce in 0..3 {
            let to = accounts::funded(sender + 1).address();
            let signed = Transfer::to(to, 1_000, nonce).sign(&accounts::funded(sender));
            assert_eq!(rpc.send_raw(&signed.raw).await, Ok(signed.hash));
        }
    }
}

/// The challenge is in a block; the answer waits for the next one, before there is any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demand_is_answered_before_the_next_block_of_l1() {
    let anvil = Anvil::start(&[]);
    let mut rollup = Rollup::start(Some(anvil.url()), &ARGUMENTS, 31).await;
    a_block_a_second(&anvil).await;
    rollup.send_each(2, 2).await;
    rollup.posted().await;
    until_safe(
        &rollup.rpc(),
        number(&rollup.status().await, "posted_block"),
    )
    .await;
    let l1 = anvil.rpc();
    for control in ["evm_setIntervalMining", "anvil_setIntervalMining"] {
        let _ = l1.call(control, json!([0])).await;
    }
    // It is told nothing by the sequencer, so it asks on L1 for what its account has signed.
    let watch = Watch {
        feed: Some(NOWHERE),
        account: Some(GUARD),
        guarded: vec![accounts::funded(GUARDED).address()],
    };
    let doubter = watch.start(&rollup);
    let mine = async || l1.call("anvil_mine", json!([1])).await.expect("a block");
    patiently("a demand", async || pending(&l1).await == 1).await;
    mine().await;
    let disputes = disputes(&rollup);
    let challenged = logs(&l1, disputes, Challenged::SIGNATURE_HASH).await;
    assert_eq!(challenged.len(), 1, "{}", doubter.log());
    patiently("an answer", async || pending(&l1).await == 1).await;
    mine().await;
    let answered = logs(&l1, disputes, Answered::SIGNATURE_HASH).await;
    assert_eq!(answered, [challenged[0] + 1]);
    drop(doubter);
    a_block_a_second(&anvil).await;
    rollup.agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_signed_falls_for_want_of_an_answer() {
    let anvil = Anvil::start(&[]);
    let mut rollup = Rollup::start(Some(anvil.url()), &ARGUMENTS, 32).await;
    a_block_a_second(&anvil).await;
    let l1_url = anvil.url().to_owned();
    let contracts = rollup.contracts();
    pay_each_other(&rollup.rpc()).await;
    rollup.posted().await;
    let watch = Watch {
        account: Some(GUARD),
        guarded: vec![accounts::funded(GUARDED).address()],
        ..Watch::default()
    };
    let guard = watch.start(&rollup);
    let rpc = guard.rpc().await;
    let posted = number(&rollup.status().await, "posted_block");
    until_safe(&rpc, posted).await;
    let disputes = disputes(&rollup);
    rollup.stop();

    let derived = derive(&l1_url, &contracts).await.expect("a chain");
    let index_of = |account| {
        let address = accounts::funded(account).address();
        derived.state.index_of(&address).expect("an account of L2")
    };
    let (header, chunk) = theft(&derived, index_of(GUARDED), index_of(THIEF));
    post(&l1_url, &contracts, &header, chunk).await;
    let l1 = anvil.rpc();
    let demanded = async || {
        !logs(&l1, disputes, Challenged::SIGNATURE_HASH)
            .await
            .is_empty()
    };
    patiently("a demand", demanded).await;
    // It is valid in every other way, so nothing but that was done about it.
    assert!(!guard.log().contains("A WRONG BATCH"), "{}", guard.log());
    l1.call("evm_increaseTime", json!([3_600 * 24 * 30]))
        .await
        .expect("a control");
    let forks = async || {
        let call = json!([{
            "to": contracts.rollup,
            "data": hex::encode_prefixed(forksCall {}.abi_encode()),
        }, "latest"]);
        let answer = l1.call("eth_call", call).await.expect("an answer");
        let bytes = hex::decode(answer.as_str().expect("bytes")).expect("hex");
        forksCall::abi_decode_returns(&bytes).expect("a number")
    };
    patiently("a fall", async || forks().await == 1).await;
    assert_eq!(
        derive(&l1_url, &contracts)
            .await
            .expect("a chain")
            .batches
            .len(),
        derived.batches.len()
    );
    // The guard has gone back with L1, to where everything is safe.
    patiently("the fork", async || told(&rpc, "fork_id").await == Some(1)).await;
    until_safe(&rpc, posted).await;
}
