//! Batches fall on L1: the chain goes back to what stands, and all that was acknowledged is applied and posted again.

use std::time::Duration;

use alloy_primitives::B256;
use rand::Rng as _;
use serde_json::{Value, json};
use spillway_devnet::chain::Dropped;
use spillway_tests::{CallError, Rpc, accounts};

use super::deposits::Depositor;
use super::felled::Felled;
use super::rollup::Point;
use super::{dice, number, patiently};

/// Nobody claims, which would make batches final before they fall.
const CALLDATA: [&str; 5] = ["--post-as", "calldata", "--l1-depth", "2", "--no-relayer"];

/// What the log says of it.
const FALLEN: &str = "BATCHES HAVE FALLEN ON L1";
const AGAIN: &str = "L1 HAS REVERTED AGAIN";

/// How long a node lives at most beyond the point of a roll-back at which it is to be killed.
const JITTER_MAX: Duration = Duration::from_millis(15);

/// Percentages of the journal that are there again when it is killed.
const MADE: [u64; 4] = [55, 65, 75, 90];

async fn block_hash(rpc: &Rpc, block: u64) -> B256 {
    let asked = json!([format!("{block:#x}"), false]);
    let found = rpc.call("eth_getBlockByNumber", asked).await;
    let found = found.expect("an answer");
    found["hash"]
        .as_str()
        .and_then(|hash| hash.parse().ok())
        .expect("a hash")
}

async fn finality(rpc: &Rpc, hash: B256) -> Value {
    let answer = rpc.call("spillway_finality", json!([hash])).await;
    answer.expect("an answer")["status"].clone()
}

/// Asks all the time; what is refused must be so because the chain is rolled back. Answers how often it was.
async fn ask_until(rpc: Rpc, mut done: tokio::sync::oneshot::Receiver<()>) -> usize {
    let mut told = 0;
    while done.try_recv().is_err() {
        match rpc.block_number().await {
            Ok(_) | Err(CallError::Unanswered(_)) => {}
            Err(CallError::Refused(error)) => {
                assert_eq!(error.code, -32005, "{error}");
                assert!(error.message.contains("is being rolled back"), "{error}");
                assert!(error.message.contains("retry in"), "{error}");
                told += 1;
            }
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_fell_is_applied_and_posted_again() {
    let mut dice = dice();
    let mut felled = Felled::start(&CALLDATA, dice.random()).await;
    let rpc = felled.rollup.rpc();
    let contracts = felled.rollup.contracts();
    let mut depositor = Depositor::new(&felled.rollup.l1(), contracts.inbox, 7).await;
    felled.until_standing(2).await;
    depositor.deposit().await;
    depositor.insist().await;
    depositor.all_arrived(&rpc).await;
    felled.until_standing(4).await;
    // Some of what is void was never posted.
    felled.rollup.send_each(20, 10).await;
    let accounts: Vec<_> = (0..accounts::COUNT)
        .map(|it| accounts::funded(it).address())
        .collect();
    let mut before = Vec::new();
    for account in &accounts {
        before.push((rpc.balance(*account).await, rpc.nonce(*account).await));
    }
    let newest = *felled.rollup.acknowledged.last().expect("transactions");

    let (done, asking) = tokio::sync::oneshot::channel();
    let asking = tokio::spawn(ask_until(rpc.clone(), asking));
    let last_block = felled.fell(3).await;
    let standing = block_hash(&rpc, last_block).await;
    felled.followed(1).await;
    done.send(()).expect("somebody who asks");
    println!(
        "{} times told to come back",
        asking.await.expect("right words")
    );

    assert_eq!(block_hash(&rpc, last_block).await, standing);
    for (account, (balance, nonce)) in accounts.iter().zip(before) {
        assert_eq!(rpc.balance(*account).await, balance, "{account}");
        assert_eq!(rpc.nonce(*account).await, nonce, "{account}");
    }
    assert!(rpc.receipt(newest).await.expect("an answer").is_some());
    assert!(
        ["durable", "posted", "l1_final"]
            .contains(&finality(&rpc, newest).await.as_str().expect("a rung"))
    );
    depositor.all_arrived(&rpc).await;
    // The chain goes on, and so does a second node on the directory after it.
    felled.rollup.send_each(5, 5).await;
    felled.rollup.posted().await;
    felled.rollup.agrees().await;
    felled.rollup.stop();
    felled.rollup.resume(&CALLDATA).await;
    assert_eq!(felled.fork_id().await, Some(1));
    felled.rollup.agrees().await;
    drop(felled.rollup);
    felled.l1.stop().await;
}

/// The node is down when its batches fall, and finds it out when it starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reverts_while_the_node_is_down_are_followed_at_its_start() {
    let mut dice = dice();
    let mut felled = Felled::start(&CALLDATA, dice.random()).await;
    felled.until_standing(3).await;
    felled.rollup.send_each(10, 10).await;
    felled.rollup.stop();
    // Two reverts are followed as one.
    felled.fell(3).await;
    felled.fell(1).await;
    felled.rollup.resume(&CALLDATA).await;
    felled.followed(2).await;
    felled.rollup.agrees().await;
    drop(felled.rollup);
    felled.l1.stop().await;
}

/// kill -9 at every point of a roll-back, in the node that begins it and in the starts that go on with it, and a drawn moment
/// after that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_a_roll_back_loses_nothing() {
    let mut dice = dice();
    let mut felled = Felled::start(&CALLDATA, dice.random()).await;
    felled.until_standing(3).await;
    felled.rollup.send_each(200, 20).await;
    felled.fell(2).await;
    let mut interrupted = 0;
    let mut jitter = || dice.random_range(Duration::ZERO..JITTER_MAX);
    felled.rollup.until_rolled_back_to(Point::Ordered).await;
    tokio::time::sleep(jitter()).await;
    felled.rollup.crash();
    for point in [Point::Aside, Point::Standing]
        .into_iter()
        .chain(MADE.map(Point::Made))
    {
        if !felled.rollup.is_being_rolled_back() {
            break;
        }
        interrupted += 1;
        felled
            .rollup
            .start_and_kill(&CALLDATA, point, jitter())
            .await;
    }
    println!("interrupted {interrupted} times");
    assert!(interrupted >= 2, "it was over too soon");
    felled.rollup.resume(&CALLDATA).await;
    felled.followed(1).await;
    felled.rollup.agrees().await;
    drop(felled.rollup);
    felled.l1.stop().await;
}

/// A second revert within an hour: the same blocks might fall again and again, so the operator decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_revert_soon_after_the_first_waits_for_the_operator() {
    let mut dice = dice();
    let mut felled = Felled::start(&CALLDATA, dice.random()).await;
    felled.until_standing(2).await;
    felled.fell(2).await;
    felled.followed(1).await;
    felled.until_standing(2).await;
    felled.fell(1).await;
    patiently("an alarm", async || {
        felled.rollup.node().log().contains(AGAIN)
    })
    .await;
    let status = felled.rollup.status().await;
    assert_eq!(status["accepting"], json!(false), "{status}");
    assert_eq!(number(&status, "fork_id"), 1, "{status}");
    let raw = felled.rollup.wallets[0].sign().raw;
    let refused = felled.rollup.rpc().send_raw(&raw).await;
    assert!(
        matches!(&refused, Err(CallError::Refused(error)) if error.code == -32002),
        "{refused:?}"
    );
    assert!(felled.standing().await.is_empty());
    felled.rollup.crash();
    let arguments = [&CALLDATA[..], &["--follow-revert", "2"]].concat();
    felled.rollup.resume(&arguments).await;
    felled.followed(2).await;
    felled.rollup.agrees().await;
    drop(felled.rollup);
    felled.l1.stop().await;
}

/// A revert that L1 takes back before it is deep: nothing is rolled back, and posting goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revert_that_l1_takes_back_is_not_followed() {
    let mut dice = dice();
    let arguments = ["--post-as", "calldata", "--l1-depth", "40", "--no-relayer"];
    let mut felled = Felled::start(&arguments, dice.random()).await;
    let standing = felled.until_standing(2).await.len();
    let head = || felled.l1.devnet.chain().head().header.number;
    let before = head();
    felled.fell(2).await;
    assert_eq!(felled.standing().await.len(), 1);
    let controls = felled.l1.devnet.controls();
    controls.set_block_time(None).expect("no block time");
    let depth = usize::try_from(felled.l1.devnet.chain().head().header.number - before);
    controls
        .reorg(depth.expect("few blocks"), Dropped::Lost)
        .expect("a fork");
    controls.mine(1).expect("a block");
    assert!(felled.standing().await.len() >= standing);
    controls
        .set_block_time(Some(Duration::from_millis(250)))
        .expect("a block time");
    felled.rollup.agrees().await;
    assert_eq!(felled.fork_id().await, Some(0));
    assert!(!felled.rollup.node().log().contains(FALLEN));
    drop(felled.rollup);
    felled.l1.stop().await;
}
