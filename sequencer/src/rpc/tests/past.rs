//! Reads at the blocks before the newest one, against what was answered when they were the newest.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use rand::Rng;
use serde_json::{Value, json};
use spillway_bridge_contracts::TokenFacade::{balanceOfCall, totalSupplyCall};

use super::node::Node;
use super::world::{TOKENS, World, account, seed};
use crate::config::Config;
use crate::rollback::tests::GENESIS;

/// What a wallet reads, and an explorer.
fn questions() -> Vec<(&'static str, Value)> {
    let mut questions = Vec::new();
    let call = |token: Address, data: Vec<u8>| {
        let data = alloy_primitives::Bytes::from(data);
        ("eth_call", json!({"to": token, "data": data}))
    };
    for number in 0..10 {
        let who = match number {
            0 => GENESIS.fee_account,
            number => account(number),
        };
        questions.push(("eth_getBalance", json!(who)));
        questions.push(("eth_getTransactionCount", json!(who)));
        for token in TOKENS {
            questions.push(call(token, balanceOfCall { account: who }.abi_encode()));
        }
    }
    for token in TOKENS {
        questions.push(call(token, totalSupplyCall {}.abi_encode()));
    }
    questions
}

async fn answers(node: &Node, block: &Value) -> Vec<Value> {
    let mut answers = Vec::new();
    for (method, what) in questions() {
        answers.push(node.result(method, json!([what, block])).await);
    }
    answers
}

fn config(dir: &tempfile::TempDir, past_bytes: usize) -> Config {
    let mut config = World::config(dir);
    config.storage.past_bytes = past_bytes;
    config
}

#[tokio::test]
async fn a_block_reads_as_it_did_when_it_was_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(config(&dir, 64 << 20), seed()).await;
    let node = Node::over(world.sequencer.submitter(), world.sequencer.view());
    let mut known = Vec::new();
    for _ in 0..40 {
        for _ in 0..world.random.random_range(1..4) {
            world.step().await;
        }
        let number = world.sequencer.view().block_number();
        known.push((number, answers(&node, &json!("latest")).await));
    }
    let newest = world.sequencer.view().block_number();
    for (number, want) in &known {
        let block = json!(format!("{number:#x}"));
        assert_eq!(
            &answers(&node, &block).await,
            want,
            "block {number} of {newest}"
        );
        let hash = node
            .result("eth_getBlockByNumber", json!([block, false]))
            .await["hash"]
            .take();
        let by_hash = json!({ "blockHash": hash });
        assert_eq!(&answers(&node, &by_hash).await, want, "{by_hash}");
    }
    let first = answers(&node, &json!("earliest")).await;
    let nothing = |answer: &Value| {
        answer
            .as_str()
            .unwrap()
            .trim_start_matches("0x")
            .trim_matches('0')
            .is_empty()
    };
    assert!(first.iter().all(nothing), "{first:?}");
    let ahead = json!(format!("{:#x}", newest + 1));
    let refusal = node
        .refusal("eth_getBalance", json!([account(1), ahead]))
        .await;
    assert_eq!(refusal, "header not found");
}

#[tokio::test]
async fn what_was_forgotten_is_refused_and_never_guessed() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(config(&dir, 1), seed()).await;
    let node = Node::over(world.sequencer.submitter(), world.sequencer.view());
    for _ in 0..30 {
        let raw = world.transfer(1, account(2), Address::ZERO, 1, b"");
        world.send(vec![raw]).await;
    }
    let newest = world.sequencer.view().block_number();
    let balance = |back: u64| {
        let block = format!("{:#x}", newest - back);
        node.call("eth_getBalance", json!([account(2), block]))
    };
    let read =
        |answer: Value| -> U256 { serde_json::from_value(answer["result"].clone()).unwrap() };
    let now = read(balance(0).await);
    for back in 0..=16 {
        assert_eq!(
            read(balance(back).await),
            now - U256::from(back),
            "{back} back"
        );
    }
    for back in 17..30 {
        let answer = balance(back).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(
            message.starts_with("historical state of block"),
            "{message}"
        );
    }
}
