//! More than the queues take: "busy", and nothing that was acknowledged is lost.

use std::time::Instant;

use serde_json::{Value, json};
use spillway_tests::{PATIENCE, Rpc};
use tokio::task::JoinSet;

use crate::audit::Auditor;
use crate::load::{Reply, Verdict};
use crate::plan::{Kinds, Planned, Wallet};
use crate::site::Site;

/// A queue is full (docs/rpc.md).
const BUSY: i64 = -32005;

/// A lane that is full at once, and nothing held: a transaction after one that was refused has a gap.
const TINY_QUEUES: &str = "[queues]\nlane_transactions_max = 8\nheld_max = 0\nnonce_gap_max = 0\n";

/// Transactions of each sender.
const EACH: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_answers_busy_under_load() {
    let seed = crate::seed();
    let site = Site::new(TINY_QUEUES);
    let process = site.start();
    let rpc = process.rpc();
    let mut senders = JoinSet::new();
    for account in 0..4 {
        let mut wallet = Wallet::new(account, 0, Kinds::Payments, seed);
        senders.spawn(insist(rpc.clone(), wallet.sign_many(EACH)));
    }
    let mut auditor = Auditor::new();
    let mut busy = 0;
    for (replies, refused) in senders.join_all().await {
        auditor.model_mut().hear(&replies, &[]);
        busy += refused;
    }
    println!("{busy} times busy");
    assert!(busy > 0, "the queue was never full");
    assert_eq!(auditor.model().promised().count(), 4 * EACH);
    auditor.audit(&rpc, &site).await;
    drop(process);
    let process = site.start();
    auditor.audit(&process.rpc(), &site).await;
    let promised: Vec<_> = auditor.model().promised().collect();
    auditor.check_receipts(&process.rpc(), &promised).await;
}

/// Sends all in one call, then those that were not taken, until all are durable. Returns how often the node was busy.
async fn insist(rpc: Rpc, mut planned: Vec<Planned>) -> (Vec<Reply>, usize) {
    let deadline = Instant::now() + PATIENCE;
    let (mut replies, mut busy) = (Vec::new(), 0);
    while !planned.is_empty() {
        assert!(
            Instant::now() < deadline,
            "{} are still not taken",
            planned.len()
        );
        let raw = planned
            .iter()
            .map(|one| alloy_primitives::hex::encode_prefixed(&one.raw));
        let raw: Vec<_> = raw.collect();
        let answer = rpc.call("spillway_sendRawTransactions", json!([raw])).await;
        let Ok(Value::Array(answers)) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(answers.len(), planned.len());
        let durable = answers
            .iter()
            .take_while(|answer| answer.get("error").is_none())
            .count();
        for (answer, planned) in answers[..durable].iter().zip(planned.drain(..durable)) {
            assert_eq!(answer, &json!({ "hash": planned.hash }));
            replies.push(Reply {
                planned,
                verdict: Verdict::Durable,
                early: false,
            });
        }
        for answer in &answers[durable..] {
            check_refusal(&answer["error"]);
        }
        busy += answers.len() - durable;
    }
    (replies, busy)
}

/// Nothing is held here, so a transaction was refused for want of room, and none after it got in before it.
fn check_refusal(error: &Value) {
    assert_eq!(error["code"], BUSY, "{error}");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains("busy"), "{error}");
    assert!(
        error["data"]["retry_after_ms"].as_u64() > Some(0),
        "{error}"
    );
}
