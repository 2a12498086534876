//! How far a transaction has come, from the sequencer's disk to a final batch.

use alloy_primitives::B256;
use serde_json::{Value, json};

use super::deposits::Depositor;
use super::rollup::Rollup;
use super::stranger::contracts::finalizeCall;
use super::stranger::{Posted, derive};
use super::{number, patiently};

/// The account that calls the contract: anybody may.
const ANYBODY: u32 = 7;

/// The rungs, from the lowest.
const RUNGS: [&str; 4] = ["durable", "posted", "l1_final", "withdrawable"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_climbs_one_rung_after_the_other() {
    let arguments = [
        "--challenge-window",
        "1s",
        "--l1-block-time",
        "500ms",
        "--post-as",
        "calldata",
    ];
    let mut rollup = Rollup::start(None, &arguments, 7).await;
    let signed = rollup.wallets[0].sign();
    let rpc = rollup.rpc();
    assert_eq!(rpc.send_raw(&signed.raw).await, Ok(signed.hash));
    let rung = async || {
        rung(
            &rpc.call("spillway_finality", json!([signed.hash]))
                .await
                .expect("a rung"),
        )
    };
    assert_eq!(rung().await, 0);
    let mut seen = vec![0];
    while seen.last() != Some(&2) {
        let now = rung().await;
        assert!(
            now >= seen[seen.len() - 1],
            "it fell from {seen:?} to {now}"
        );
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        tags(&rollup).await;
    }
    assert_eq!(seen, [0, 1, 2]);

    let l1 = rollup.l1();
    let batch = holding(&rollup, signed.hash).await;
    let contracts = rollup.contracts();
    let mut anybody = Depositor::new(&l1, contracts.rollup, ANYBODY).await;
    let call = finalizeCall {
        number: batch.number,
        batch: batch.batch.clone(),
    };
    anybody.call(contracts.rollup, 0, &call).await;
    anybody.insist().await;
    patiently("the last rung", async || rung().await == 3).await;
    let status = rollup.status().await;
    assert_eq!(
        number(&status, "withdrawable_block"),
        batch.header.block_number
    );
    patiently("a safe block", async || {
        let status = rollup.status().await;
        number(&status, "safe_block") >= batch.header.block_number
    })
    .await;
    rollup.agrees().await;
}

fn rung(finality: &Value) -> usize {
    let place = RUNGS.iter().position(|rung| finality["status"] == *rung);
    place.unwrap_or_else(|| panic!("no rung: {finality}"))
}

/// The tags are between what the status says before and after.
async fn tags(rollup: &Rollup) {
    let rpc = rollup.rpc();
    let before = rollup.status().await;
    let mut found = Vec::new();
    for tag in ["safe", "finalized"] {
        let block = rpc
            .call("eth_getBlockByNumber", json!([tag, false]))
            .await
            .expect("a block");
        let digits = block["number"]
            .as_str()
            .expect("a number")
            .trim_start_matches("0x");
        found.push(u64::from_str_radix(digits, 16).expect("a number"));
    }
    let after = rollup.status().await;
    // Safe is what the verifier has come to, and nothing is final that is not.
    let safe = |status: &Value| number(status, "safe_block");
    let last = |status: &Value| number(status, "l1_final_block").min(safe(status));
    let ranges = [safe(&before)..=safe(&after), last(&before)..=last(&after)];
    for (range, found) in ranges.into_iter().zip(found) {
        assert!(range.contains(&found), "{found} is not in {range:?}");
    }
    for status in [before, after] {
        assert!(safe(&status) <= number(&status, "posted_block"), "{status}");
    }
}

/// The batch on L1 that holds a transaction.
async fn holding(rollup: &Rollup, hash: B256) -> Posted {
    let receipt = rollup
        .rpc()
        .receipt(hash)
        .await
        .expect("an answer")
        .expect("a receipt");
    let digits = receipt["blockNumber"]
        .as_str()
        .expect("a number")
        .trim_start_matches("0x");
    let block = u64::from_str_radix(digits, 16).expect("a number");
    let derived = derive(rollup.l1_url(), &rollup.contracts())
        .await
        .expect("a chain");
    let holds = |batch: &Posted| batch.header.block_number >= block;
    derived.batches.into_iter().find(holds).expect("a batch")
}
