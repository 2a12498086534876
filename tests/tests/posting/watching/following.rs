//! What a follower serves, and what it does not take.

use serde_json::{Value, json};
use spillway_tests::accounts::Transfer;
use spillway_tests::{CallError, Rpc, accounts};

use super::super::felled::Felled;
use super::super::rollup::Rollup;
use super::super::{dice, number, patiently};
use super::proxy::{Change, Proxy};
use super::{Watch, told, until_safe};
use rand::Rng as _;

const FAST: [&str; 2] = ["--l1-block-time", "200ms"];

/// Waits until the follower has all that the sequencer has now, and compares what wallets ask for.
async fn same(follower: &Rpc, sequencer: &Rpc) {
    let newest = told(sequencer, "block_number").await.expect("a status");
    patiently("the sequencer's blocks", async || {
        told(follower, "block_number").await >= Some(newest)
    })
    .await;
    for account in (0..accounts::COUNT).map(accounts::funded) {
        let account = account.address();
        assert_eq!(
            (
                follower.balance(account).await,
                follower.nonce(account).await
            ),
            (
                sequencer.balance(account).await,
                sequencer.nonce(account).await
            ),
        );
    }
    let block = json!([format!("{newest:#x}"), true]);
    let of = async |rpc: &Rpc| rpc.call("eth_getBlockByNumber", block.clone()).await;
    assert_eq!(of(follower).await, of(sequencer).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_serves_what_it_has_made_again_and_verified() {
    let mut rollup = Rollup::start(None, &FAST, 21).await;
    rollup.send_each(20, 10).await;
    let watcher = Watch::default().start(&rollup);
    let rpc = watcher.rpc().await;
    rollup.posted().await;
    let posted = number(&rollup.status().await, "posted_block");
    until_safe(&rpc, posted).await;
    same(&rpc, &rollup.rpc()).await;
    let hash = *rollup.acknowledged.last().expect("transactions");
    let receipt = json!([hash]);
    let of = async |rpc: &Rpc| rpc.call("eth_getTransactionReceipt", receipt.clone()).await;
    assert_eq!(of(&rpc).await, of(&rollup.rpc()).await);
    let transfer = Transfer::to(accounts::fresh(1).address(), 1, 0);
    let signed = transfer.sign(&accounts::funded(0));
    match rpc.send_raw(&signed.raw).await {
        Err(CallError::Refused(error)) => {
            assert!(error.message.contains("follows a sequencer"), "{error}");
        }
        other => panic!("{other:?}"),
    }

    // It goes on where it was, and another follower can follow it.
    let folder = watcher.kill();
    rollup.send_each(20, 10).await;
    let watcher = Watch::default().start_in(&rollup, folder);
    let rpc = watcher.rpc().await;
    let further = Watch {
        feed: Some(rpc.url()),
        ..Watch::default()
    };
    let further = further.start(&rollup);
    same(&rpc, &rollup.rpc()).await;
    same(&further.rpc().await, &rollup.rpc()).await;
    // Empty blocks alone are not posted so soon.
    rollup.send_each(1, 1).await;
    rollup.posted().await;
    let posted = number(&rollup.status().await, "posted_block");
    until_safe(&further.rpc().await, posted).await;
}

/// What the one in between may do, and what the follower says to it.
const CHANGES: [(Change, &str); 5] = [
    (
        |it| it["blocks"][0]["operations"] = json!("0x10"),
        "the hash",
    ),
    (
        |it| each(it, |block| block["transactions"] = json!([])),
        "transactions root",
    ),
    (
        |it| each(it, |block| block["signature"] = Value::Null),
        "not signed",
    ),
    (
        |it| {
            each(it, |block| {
                block["signature"] = json!(format!("0x{}1b", "11".repeat(64)));
            });
        },
        "not signed by",
    ),
    (|it| *it = json!({"newest": 5}), "does not answer"),
];

fn each(feed: &mut Value, change: fn(&mut Value)) {
    if let Some(blocks) = feed["blocks"].as_array_mut() {
        blocks.iter_mut().for_each(change);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_on_the_way_is_not_taken() {
    let mut rollup = Rollup::start(None, &FAST, 22).await;
    rollup.send_each(2, 2).await;
    let proxy = Proxy::start(rollup.node().url());
    let watch = Watch {
        feed: Some(proxy.url()),
        ..Watch::default()
    };
    let watcher = watch.start(&rollup);
    let rpc = watcher.rpc().await;
    same(&rpc, &rollup.rpc()).await;
    for (change, says) in CHANGES {
        proxy.change(Some(change));
        let before = told(&rpc, "block_number").await.expect("a status");
        rollup.send_each(1, 1).await;
        patiently(says, async || watcher.log().contains(says)).await;
        // What was on its way before is taken, nothing that was changed.
        let after = told(&rpc, "block_number").await.expect("a status");
        assert!(after <= before + 50, "{says}");
        proxy.change(None);
        same(&rpc, &rollup.rpc()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withheld_transactions_keep_a_batch_from_safe() {
    let mut rollup = Rollup::start(None, &FAST, 23).await;
    rollup.send_each(2, 2).await;
    rollup.posted().await;
    let proxy = Proxy::start(rollup.node().url());
    let watch = Watch {
        feed: Some(proxy.url()),
        ..Watch::default()
    };
    let watcher = watch.start(&rollup);
    let rpc = watcher.rpc().await;
    let posted = number(&rollup.status().await, "posted_block");
    until_safe(&rpc, posted).await;
    proxy.change(Some(|feed| feed["blocks"] = json!([])));
    rollup.send_each(5, 5).await;
    rollup.posted().await;
    let posted = number(&rollup.status().await, "posted_block");
    // The sequencer's own node has all of it.
    until_safe(&rollup.rpc(), posted).await;
    // The follower has derived and replayed it from L1, as its log says, and does not call it safe.
    let held = told(&rpc, "block_number").await.expect("a status");
    assert!(held < posted);
    let derived = async || told(&rpc, "verified_block").await >= Some(posted);
    patiently("a replay", derived).await;
    assert!(told(&rpc, "safe_block").await.expect("a status") <= held);
    proxy.change(None);
    until_safe(&rpc, posted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_goes_back_with_its_sequencer() {
    let mut dice = dice();
    // Nobody claims, which would make batches final before they fall.
    let arguments = ["--post-as", "calldata", "--l1-depth", "2", "--no-relayer"];
    let mut felled = Felled::start(&arguments, dice.random()).await;
    let early = Watch::default().start(&felled.rollup);
    let rpc = early.rpc().await;
    felled.until_standing(3).await;
    let last_block = felled.fell(2).await;
    felled.followed(1).await;
    felled.rollup.send_each(5, 5).await;
    let sequencer = felled.rollup.rpc();
    let late = Watch::default().start(&felled.rollup);
    let late_rpc = late.rpc().await;
    for rpc in [&rpc, &late_rpc] {
        patiently("the fork", async || told(rpc, "fork_id").await == Some(1)).await;
        same(rpc, &sequencer).await;
        assert!(told(rpc, "block_number").await > Some(last_block));
    }
    felled.rollup.send_each(1, 1).await;
    felled.rollup.posted().await;
    let posted = number(&felled.rollup.status().await, "posted_block");
    until_safe(&rpc, posted).await;
    until_safe(&late_rpc, posted).await;
    drop((early, late));
    drop(felled.rollup);
    felled.l1.stop().await;
}
