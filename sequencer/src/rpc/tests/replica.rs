//! JSON-RPC over a replica: the sequencer's answers, and no transactions.

use alloy_primitives::Address;
use serde_json::{Value, json};

use super::node::Node;
use crate::Replica;
use crate::config::Config;
use crate::feed::Feed;
use crate::rollback::tests::{Chain, GENESIS, signer, transfer};

#[tokio::test]
async fn a_replica_answers_as_the_sequencer_does_and_takes_no_transactions() {
    let chain = Chain::new().await;
    let sequencer = chain.start();
    let theirs = Node::over(sequencer.submitter(), sequencer.view());
    let dir = tempfile::tempdir().unwrap();
    let config = Config::new(GENESIS, dir.path().to_owned());
    let by = sequencer.view().header_signer().unwrap();
    let mut replica = Replica::start(&config, by).unwrap();
    let answer = theirs.call("spillway_blocks", json!([1])).await;
    let feed: Feed = serde_json::from_value(answer["result"].clone()).unwrap();
    let blocks = feed.blocks.into_iter().map(|it| it.try_into().unwrap());
    replica.import(blocks.collect()).unwrap();
    let ours = Node::over(replica.submitter(), replica.view());

    let block = chain.blocks.last().unwrap();
    let (sent, sender) = (block.transaction_hashes[0], signer(1).address());
    for (method, params) in [
        ("spillway_blocks", json!([1])),
        ("eth_blockNumber", json!([])),
        ("eth_getBalance", json!([sender, "latest"])),
        ("eth_getTransactionCount", json!([sender, "pending"])),
        ("eth_getTransactionByHash", json!([sent])),
        ("eth_getTransactionReceipt", json!([sent])),
        ("eth_getBlockByHash", json!([block.hash, true])),
        ("eth_getBlockReceipts", json!(["latest"])),
        ("spillway_finality", json!([sent])),
        ("eth_call", json!([{"to": sender}, "latest"])),
    ] {
        let answer = ours.call(method, params.clone()).await;
        assert!(answer["result"] != Value::Null, "{method}: {answer}");
        assert_eq!(answer, theirs.call(method, params).await, "{method}");
    }
    let mut status = ours.call("spillway_status", json!([])).await;
    assert_eq!(status["result"]["accepting"], false);
    status["result"]["accepting"] = json!(true);
    assert_eq!(status, theirs.call("spillway_status", json!([])).await);

    let raw = transfer(1, 12, Address::repeat_byte(1), 5);
    for method in ["eth_sendRawTransaction", "eth_sendRawTransactionSync"] {
        let answer = ours.call(method, json!([raw])).await;
        assert_eq!(answer["error"]["code"], -32000, "{answer}");
        let words = answer["error"]["message"].as_str().unwrap();
        assert!(words.contains("send them to the sequencer"), "{words}");
    }
    let many = ours
        .call("spillway_sendRawTransactions", json!([[raw, raw]]))
        .await;
    let codes = [0, 1].map(|place| many["result"][place]["error"]["code"].clone());
    assert_eq!(codes, [-32000, -32000]);
}
