//! Logs, filters, subscriptions and histories against what whoever acted knows, and against naive filters.

use alloy_primitives::{Address, B256, Bloom, Bytes, Log, logs_bloom};
use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

use super::node::Node;
use super::world::{SIGNERS, TOKENS, World, account, seed};
use super::*;
use crate::Sequencer;
use crate::logs::{INBOX_ADDRESS, SYSTEM_ADDRESS, Transfer};
use alloy_sol_types::SolEvent;

async fn world(dir: &tempfile::TempDir, steps: usize) -> (World, Node) {
    let mut world = World::new(World::config(dir), seed()).await;
    for _ in 0..steps {
        world.step().await;
    }
    let node = Node::over(world.sequencer.submitter(), world.sequencer.view());
    (world, node)
}

/// A log as JSON has it, without its place.
fn bare(log: &Value) -> Log {
    Log::new_unchecked(
        serde_json::from_value(log["address"].clone()).unwrap(),
        serde_json::from_value(log["topics"].clone()).unwrap(),
        serde_json::from_value::<Bytes>(log["data"].clone()).unwrap(),
    )
}

/// The receipts of all blocks, in order.
async fn receipts(node: &Node) -> Vec<Value> {
    let newest = node.result("eth_blockNumber", json!([])).await;
    let newest = u64::from_str_radix(&newest.as_str().unwrap()[2..], 16).unwrap();
    let mut all = Vec::new();
    for number in 1..=newest {
        let number = format!("{number:#x}");
        let receipts = node.result("eth_getBlockReceipts", json!([number])).await;
        all.extend(receipts.as_array().unwrap().iter().cloned());
    }
    all
}

fn logs_of(receipts: &[Value]) -> Vec<Value> {
    let logs = receipts.iter().map(|one| one["logs"].as_array().unwrap());
    logs.flatten().cloned().collect()
}

#[tokio::test]
async fn receipts_carry_what_each_transaction_and_message_did() {
    let dir = tempfile::tempdir().unwrap();
    let (world, node) = world(&dir, 60).await;
    let (mut of_messages, mut found) = (Vec::new(), 0);
    for receipt in receipts(&node).await {
        let logs: Vec<_> = receipt["logs"]
            .as_array()
            .unwrap()
            .iter()
            .map(bare)
            .collect();
        let bloom: Bloom = serde_json::from_value(receipt["logsBloom"].clone()).unwrap();
        assert_eq!(bloom, logs_bloom(&logs), "{receipt}");
        let hash: B256 = serde_json::from_value(receipt["transactionHash"].clone()).unwrap();
        let alone = node
            .result("eth_getTransactionReceipt", json!([hash]))
            .await;
        assert_eq!(alone, receipt);
        if receipt["from"] == json!(SYSTEM_ADDRESS) {
            of_messages.extend(logs);
        } else {
            assert_eq!(Some(&logs), world.expected.get(&hash), "{receipt}");
            found += 1;
        }
    }
    assert_eq!(found, world.expected.len());
    assert_eq!(of_messages, world.expected_of_messages);
}

/// What an indexer cross-checks: blocks list what receipts and look-ups answer, and logs count through each block.
#[tokio::test]
async fn blocks_transactions_and_logs_tell_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (world, node) = world(&dir, 30).await;
    let mut systems = 0;
    for number in 1..=world.sequencer.view().block_number() {
        let number = format!("{number:#x}");
        let block = node
            .result("eth_getBlockByNumber", json!([number, true]))
            .await;
        let receipts = node.result("eth_getBlockReceipts", json!([number])).await;
        let receipts = receipts.as_array().unwrap();
        let transactions = block["transactions"].as_array().unwrap();
        let count = node
            .result("eth_getBlockTransactionCountByNumber", json!([number]))
            .await;
        assert_eq!(count, json!(format!("{:#x}", transactions.len())));
        assert_eq!(transactions.len(), receipts.len());
        let logs = logs_of(receipts);
        let bloom: Bloom = serde_json::from_value(block["logsBloom"].clone()).unwrap();
        assert_eq!(
            bloom,
            logs_bloom(&logs.iter().map(bare).collect::<Vec<_>>())
        );
        for (at, log) in logs.iter().enumerate() {
            assert_eq!(log["logIndex"], json!(format!("{at:#x}")));
            assert_eq!(log["blockHash"], block["hash"]);
        }
        for (index, transaction) in transactions.iter().enumerate() {
            let hash = &transaction["hash"];
            assert_eq!(*hash, receipts[index]["transactionHash"]);
            let alone = node.result("eth_getTransactionByHash", json!([hash])).await;
            assert_eq!(alone, *transaction);
            let index = format!("{index:#x}");
            let method = "eth_getTransactionByBlockNumberAndIndex";
            assert_eq!(node.result(method, json!([number, index])).await, alone);
            if transaction["from"] == json!(SYSTEM_ADDRESS) {
                systems += 1;
                assert_eq!(transaction["to"], json!(INBOX_ADDRESS));
                assert_eq!(
                    (&transaction["type"], &transaction["r"], &transaction["s"]),
                    (&json!("0x0"), &json!("0x0"), &json!("0x0"))
                );
                let block_hash: B256 = serde_json::from_value(block["hash"].clone()).unwrap();
                assert_eq!(*hash, json!(crate::logs::system_hash(&block_hash)));
            }
        }
        let index = format!("{:#x}", transactions.len());
        let method = "eth_getTransactionByBlockNumberAndIndex";
        assert_eq!(
            node.result(method, json!([number, index])).await,
            Value::Null
        );
    }
    assert!(systems > 10, "{systems}");
}

/// A filter object of random alternatives, among what there is and what there is not.
fn random_filter(random: &mut impl Rng, newest: u64, logs: &[Value]) -> Value {
    let mut filter = json!({
        "fromBlock": format!("{:#x}", random.random_range(0..=newest)),
        "toBlock": format!("{newest:#x}"),
    });
    let sample = logs.choose(random).unwrap();
    match random.random_range(0..4) {
        0 => {}
        1 => filter["address"] = sample["address"].clone(),
        2 => filter["address"] = json!([sample["address"], Address::repeat_byte(0x99)]),
        _ => filter["address"] = json!([TOKENS[0], TOKENS[1]]),
    }
    let mut topics = Vec::new();
    for topic in sample["topics"].as_array().unwrap() {
        topics.push(match random.random_range(0..5) {
            0 => topic.clone(),
            1 => {
                let number = random.random_range(1..=SIGNERS);
                json!([topic, account(number).into_word()])
            }
            2 => json!(B256::repeat_byte(0x99)),
            _ => Value::Null,
        });
    }
    topics.truncate(random.random_range(0..=topics.len()));
    filter["topics"] = json!(topics);
    filter
}

/// What the text of the JSON says, without anything of the node's.
fn naive(filter: &Value, log: &Value) -> bool {
    let quantity = |value: &Value| u64::from_str_radix(&value.as_str().unwrap()[2..], 16).unwrap();
    let number = quantity(&log["blockNumber"]);
    let one_of = |wanted: &Value, value: &Value| match wanted {
        Value::Null => true,
        Value::Array(many) => many.is_empty() || many.contains(value),
        one => one == value,
    };
    let topics = log["topics"].as_array().unwrap();
    let wanted = filter["topics"].as_array().unwrap();
    number >= quantity(&filter["fromBlock"])
        && number <= quantity(&filter["toBlock"])
        && one_of(&filter["address"], &log["address"])
        && wanted.len() <= topics.len()
        && wanted
            .iter()
            .zip(topics)
            .all(|(wanted, topic)| one_of(wanted, topic))
}

async fn check_filters(node: &Node, random: &mut impl Rng) {
    let all = logs_of(&receipts(node).await);
    let newest = node.result("eth_blockNumber", json!([])).await;
    let newest = u64::from_str_radix(&newest.as_str().unwrap()[2..], 16).unwrap();
    for _ in 0..200 {
        let filter = random_filter(random, newest, &all);
        let want: Vec<_> = all.iter().filter(|log| naive(&filter, log)).collect();
        let found = node.result("eth_getLogs", json!([filter])).await;
        assert_eq!(
            found.as_array().unwrap().iter().collect::<Vec<_>>(),
            want,
            "{filter}"
        );
    }
}

#[tokio::test]
async fn searches_find_what_a_naive_filter_finds_whatever_the_index_went_through() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, node) = world(&dir, 60).await;
    check_filters(&node, &mut world.random).await;
    let all = receipts(&node).await;
    node.stop().await;
    world.sequencer.stop().unwrap();

    // A start that finds the index, and one that has to build it anew from the journal.
    for rebuilt in [false, true] {
        if rebuilt {
            std::fs::remove_dir_all(dir.path().join("index")).unwrap();
        }
        let sequencer = Sequencer::start(&world.config).unwrap();
        assert_eq!(sequencer.report().index.rebuilt, rebuilt);
        let node = Node::over(sequencer.submitter(), sequencer.view());
        assert_eq!(receipts(&node).await, all, "rebuilt: {rebuilt}");
        check_filters(&node, &mut world.random).await;
        node.stop().await;
        sequencer.stop().unwrap();
    }
}

/// Without the index every block is read. Only where a withdrawal's index is nowhere else, the answer is an error.
#[tokio::test]
async fn without_the_index_logs_are_found_block_by_block() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(World::config(&dir), seed()).await;
    let raw = world.transfer(1, account(2), TOKENS[0], 5, b"");
    world.send(vec![raw]).await;
    world.sequencer.stop().unwrap();
    let sequencer = Sequencer::start(&world.config).unwrap();
    sequencer.view().fail_index();
    let node = Node::over(sequencer.submitter(), sequencer.view());
    let paid = json!([{
        "fromBlock": "earliest",
        "topics": [Transfer::SIGNATURE_HASH, account(1).into_word(), account(2).into_word()],
    }]);
    assert_eq!(
        node.result("eth_getLogs", paid)
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn searches_are_bounded_and_say_what_to_ask_for() {
    let dir = tempfile::tempdir().unwrap();
    let (world, _) = world(&dir, 20).await;
    let mut config = RpcConfig::new(([127, 0, 0, 1], 0).into());
    config.queries.logs_max = 3;
    let (submitter, view) = (world.sequencer.submitter(), world.sequencer.view());
    let few = Node::with(config, submitter.clone(), view.clone());
    let everything = json!([{"fromBlock": "earliest"}]);
    let words = few.refusal("eth_getLogs", everything.clone()).await;
    let begin = "query returned more than 3 results. Try with this block range [0x0, 0x";
    let last = words
        .strip_prefix(begin)
        .unwrap_or_else(|| panic!("{words}"));
    let last = format!("0x{}", last.trim_end_matches("]."));
    let narrower = json!([{"fromBlock": "earliest", "toBlock": last}]);
    assert!(
        !few.result("eth_getLogs", narrower)
            .await
            .as_array()
            .unwrap()
            .is_empty()
    );

    config.queries.logs_max = 10_000;
    config.queries.search_blocks_max = 2;
    let short = Node::with(config, submitter, view.clone());
    let words = short.refusal("eth_getLogs", everything).await;
    assert!(
        words.starts_with("block range is too large: more than 2 blocks"),
        "{words}"
    );

    let node = Node::over(world.sequencer.submitter(), view);
    for (filter, words) in [
        (
            json!({"fromBlock": "0x5", "toBlock": "0x4"}),
            "invalid block range params",
        ),
        (json!({"blockHash": B256::repeat_byte(1)}), "unknown block"),
        (json!({"topics": "0x"}), "topics: expected an array"),
        (json!({"address": "0x12"}), "expected 20 bytes of hex"),
    ] {
        let found = node.refusal("eth_getLogs", json!([filter])).await;
        assert!(found.contains(words), "{filter}: {found}");
    }
    let beyond = json!([{"fromBlock": "0xffffff", "toBlock": "0xfffffff"}]);
    assert_eq!(node.result("eth_getLogs", beyond).await, json!([]));
}

#[tokio::test]
async fn a_poll_answers_what_is_new_and_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, node) = world(&dir, 0).await;
    let filter = json!({"address": TOKENS[0]});
    let logs = node.result("eth_newFilter", json!([filter])).await;
    let blocks = node.result("eth_newBlockFilter", json!([])).await;
    let pending = node
        .result("eth_newPendingTransactionFilter", json!([]))
        .await;
    let first = world.sequencer.view().block_number() + 1;
    let next = format!("{first:#x}");
    let second = format!("{:#x}", first + 1);
    let bounded = [json!([{"toBlock": next}]), json!([{"fromBlock": second}])];
    let [until, since] = bounded.map(|filter| node.result("eth_newFilter", filter));
    let (until, since) = (until.await, since.await);
    for _ in 0..2 {
        let raw = [
            world.transfer(1, account(2), TOKENS[0], 5, b"memo"),
            world.transfer(1, account(2), TOKENS[1], 5, b""),
        ];
        let hashes = raw.each_ref().map(alloy_primitives::keccak256);
        world.send(raw.to_vec()).await;
        let found = node.result("eth_getFilterChanges", json!([logs])).await;
        let found = found.as_array().unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["transactionHash"], json!(hashes[0]));
        let found = node.result("eth_getFilterChanges", json!([pending])).await;
        assert_eq!(found, json!(hashes));
        for id in [&logs, &pending] {
            let again = node.result("eth_getFilterChanges", json!([id])).await;
            assert_eq!(again, json!([]));
        }
    }
    for (id, block) in [(until, next), (since, second)] {
        let found = node.result("eth_getFilterChanges", json!([id])).await;
        let found = found.as_array().unwrap();
        assert_eq!(found.len(), 3, "two transfers and a memo");
        assert!(found.iter().all(|log| log["blockNumber"] == json!(block)));
    }
    let found = node.result("eth_getFilterChanges", json!([blocks])).await;
    let view = world.sequencer.view();
    let want: Vec<_> = (first..=view.block_number())
        .map(|number| view.block(number).unwrap().unwrap().hash)
        .collect();
    assert_eq!(found, json!(want));
    let everything = json!([{"fromBlock": "earliest", "address": TOKENS[0]}]);
    let from_the_start = node.result("eth_newFilter", everything.clone()).await;
    assert_eq!(
        node.result("eth_getFilterLogs", json!([from_the_start]))
            .await,
        node.result("eth_getLogs", everything).await
    );
    assert_eq!(
        node.result("eth_uninstallFilter", json!([logs])).await,
        json!(true)
    );
    let gone = node.refusal("eth_getFilterChanges", json!([logs])).await;
    assert_eq!(gone, "filter not found");
}

#[tokio::test]
async fn subscribers_get_each_log_and_transaction_that_they_want() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, node) = world(&dir, 0).await;
    let to_bob = json!({"topics": [Transfer::SIGNATURE_HASH, null, account(2).into_word()]});
    let mut bobs = node.subscribe(json!(["logs", to_bob]), 64).await;
    let mut all = node.subscribe(json!(["logs"]), 1_024).await;
    let mut hashes = node.subscribe(json!(["newPendingTransactions"]), 64).await;
    let mut whole = node
        .subscribe(json!(["newPendingTransactions", true]), 64)
        .await;
    let mut heads = node.subscribe(json!(["newHeads"]), 64).await;
    let first = world.sequencer.view().block_number() + 1;
    let raw = vec![
        world.transfer(1, account(3), TOKENS[0], 5, b""),
        world.transfer(1, account(2), TOKENS[0], 6, b""),
        world.payout(1, TOKENS[1], &[account(2), account(3)]),
    ];
    world.send(raw.clone()).await;
    world.deposit(2, 1, 77).await;
    let everything = json!([{"fromBlock": format!("{first:#x}")}]);
    let logs = node.result("eth_getLogs", everything).await;
    for want in logs.as_array().unwrap() {
        let (found, _) = all.next::<Value>().await.unwrap().unwrap();
        assert_eq!(found, *want);
    }
    for amount in [6u128, 5, 77] {
        let (found, _) = bobs.next::<Value>().await.unwrap().unwrap();
        let log = Transfer::decode_log(&bare(&found)).unwrap();
        assert_eq!(log.value, alloy_primitives::U256::from(amount));
    }
    for raw in raw {
        let hash = alloy_primitives::keccak256(&raw);
        let (found, _) = hashes.next::<B256>().await.unwrap().unwrap();
        assert_eq!(found, hash);
        let (found, _) = whole.next::<Value>().await.unwrap().unwrap();
        assert_eq!(
            found,
            node.result("eth_getTransactionByHash", json!([hash])).await
        );
    }
    let (head, _) = heads.next::<Value>().await.unwrap().unwrap();
    let number = format!("{first:#x}");
    let mut block = node.result("eth_getBlockByNumber", json!([number])).await;
    let shown = block.as_object_mut().unwrap();
    shown.remove("transactions");
    shown.remove("uncles");
    assert_eq!(head, block);
}

#[tokio::test]
async fn a_history_is_complete_in_pages_of_any_size() {
    let dir = tempfile::tempdir().unwrap();
    let (world, node) = world(&dir, 40).await;
    let address = account(2);
    let all = node
        .result("spillway_history", json!([address, null, 1_000]))
        .await;
    assert_eq!(all["next"], Value::Null);
    let all = all["entries"].as_array().unwrap().clone();
    assert!(all.iter().any(|entry| entry["kind"] == "deposit"));
    for page in [1, 3, 7] {
        let (mut found, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let answer = node
                .result("spillway_history", json!([address, cursor, page]))
                .await;
            let entries = answer["entries"].as_array().unwrap();
            assert!(entries.len() <= page);
            found.extend(entries.iter().cloned());
            cursor = answer["next"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(found, all, "pages of {page}");
    }
    // As many as the blocks have, each looked at.
    let mut want = 0;
    let view = world.sequencer.view();
    for number in 1..=view.block_number() {
        let block = view.block(number).unwrap().unwrap();
        let count = |_, effect: crate::effects::Effect<'_>| {
            want += usize::from(effect.parties().contains(&address));
        };
        view.visit_effects(&block, count).unwrap();
    }
    assert_eq!(all.len(), want);
    for (cursor, max) in [
        (json!("7"), json!(5)),
        (json!(null), json!(0)),
        (json!(null), json!(1_001)),
    ] {
        node.refusal("spillway_history", json!([address, cursor, max]))
            .await;
    }
}
