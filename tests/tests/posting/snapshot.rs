//! `spillway verify` from a snapshot that it has saved: it comes to the same as from genesis, and believes no file.

use std::fs;
use std::path::Path;

use alloy_primitives::Address;
use serde_json::{Value, json};
use spillway_protocol::account::Account;
use spillway_protocol::state::State;
use spillway_sequencer::genesis::Genesis;
use spillway_sequencer::ledger::Ledger;
use spillway_sequencer::snapshot;
use spillway_tests::CHAIN_ID;
use spillway_tests::clients::Finished;

use super::deposits::Depositor;
use super::rollup::{Rollup, folder};
use super::stranger::contracts::finalizeCall;
use super::stranger::{Posted, derive};
use super::verify::{said, verify};
use super::{number, patiently};

/// No relayer makes a batch final before the test does.
const ARGUMENTS: [&str; 7] = [
    "--no-relayer",
    "--challenge-window",
    "1s",
    "--l1-block-time",
    "200ms",
    "--post-as",
    "calldata",
];

/// Seconds for which a batch can be challenged.
const WINDOW: u64 = 1;

/// The account that calls the contract: anybody may.
const ANYBODY: u32 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_final_snapshot_it_comes_to_the_same_as_from_genesis() {
    let mut rollup = Rollup::start(None, &ARGUMENTS, 9).await;
    let folder = folder();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let [first_path, second_path] = [&first, &second].map(|path| path.to_str().expect("a name"));
    for _ in 0..2 {
        rollup.send_each(20, 20).await;
        rollup.posted().await;
    }
    let saved = succeeds(&verify(&rollup, &["--save-snapshot", first_path]));
    let batch = number(&saved, "batch");
    assert_eq!(number(&saved, "from_batch"), 0);
    assert_eq!(saved["snapshot"]["final"], json!(false), "{saved}");
    assert_eq!(saved["snapshot"]["final_batch"], json!(0), "{saved}");
    let not_final = verify(&rollup, &["--snapshot", first_path]);
    fails(&not_final, "no batch is final on L1 yet");

    finalize(&rollup, batch).await;
    no_file_is_believed(&rollup, &first);
    let behind = verify(&rollup, &["--snapshot", first_path, "--batch", "1"]);
    fails(&behind, "--batch 1: the snapshot is after batch");

    rollup.send_each(20, 20).await;
    rollup.posted().await;
    let more = ["--snapshot", first_path, "--save-snapshot", second_path];
    let from_it = succeeds(&verify(&rollup, &more));
    let newest = number(&from_it, "batch");
    assert_eq!(number(&from_it, "from_batch"), batch);
    assert!(newest > batch, "{from_it}");
    let from_genesis = succeeds(&verify(&rollup, &["--batch", &newest.to_string()]));
    for name in ["batch", "block", "state_root", "transactions"] {
        assert_eq!(from_it[name], from_genesis[name], "{name}");
    }
    assert_eq!(from_it["snapshot"]["final_batch"], json!(batch));
    let not_final = verify(&rollup, &["--snapshot", second_path]);
    let says = format!("the newest batch that is final on L1 is {batch}");
    fails(&not_final, &says);
    finalize(&rollup, newest).await;
    let target = newest.to_string();
    let there = verify(&rollup, &["--snapshot", second_path, "--batch", &target]);
    assert_eq!(succeeds(&there)["state_root"], from_genesis["state_root"]);
    rollup.agrees().await;
}

/// What a hostile hand makes of a file that is right and final.
fn no_file_is_believed(rollup: &Rollup, right: &Path) {
    let hostile = right.with_extension("hostile");
    let whole = fs::read(right).expect("a snapshot");
    let refused = |says: &str| {
        let path = hostile.to_str().expect("a name");
        fails(&verify(rollup, &["--snapshot", path]), says);
    };
    refused("No such file");
    let with_other = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    for (bytes, says) in [
        (with_other(0), "it is not a snapshot"),
        (with_other(12), "it belongs to another chain"),
        (with_other(whole.len() - 1), "its checksum does not fit"),
        (with_other(whole.len() - 5), "its checksum does not fit"),
        (whole[..whole.len() - 1].to_vec(), "it ends too early"),
        (Vec::new(), "it ends too early"),
    ] {
        fs::write(&hostile, bytes).expect("a file");
        refused(says);
    }
    lie(right, &hostile, rollup);
    refused("ends with another state root");
}

/// A whole file with the right chain, block and checksum, in which somebody has more.
fn lie(right: &Path, hostile: &Path, rollup: &Rollup) {
    let text = fs::read(rollup.node().dir().join("deployment.json")).expect("a deployment");
    let deployment: Value = serde_json::from_slice(&text).expect("JSON");
    let fee_account = deployment["genesis"]["fee_account"].as_str();
    let fee_account: Option<Address> = fee_account.and_then(|text| text.parse().ok());
    let genesis = Genesis {
        chain_id: CHAIN_ID,
        fee_account: fee_account.expect("an address"),
    };
    let ledger = snapshot::load(right, &genesis).expect("a snapshot");
    let withdrawals = ledger.withdrawal_leaves().to_vec();
    let (state, _, tokens, head) = ledger.into_parts().expect("a ledger");
    let accounts = (0..state.account_count()).map(|index| {
        let account = state.account(index).expect("an account");
        let more = u128::from(index == 3);
        Account {
            eth: account.eth + more,
            ..account
        }
    });
    let state = State::import(accounts, *state.counters()).expect("a state");
    let mut ledger = Ledger::import(state, tokens, head, withdrawals).expect("a ledger");
    snapshot::save(&mut ledger, &genesis, hostile).expect("a file");
}

fn succeeds(finished: &Finished) -> Value {
    assert!(finished.status.success(), "{finished:?}");
    said(finished)
}

/// It says so in one line, and nothing else.
fn fails(finished: &Finished, says: &str) {
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert!(finished.stderr.contains(says), "{says}: {finished:?}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
    assert!(finished.stdout.is_empty(), "{finished:?}");
}

/// Makes a batch and all before it final, and waits until L1 cannot take that back.
async fn finalize(rollup: &Rollup, number: u64) {
    let (l1, contracts) = (rollup.l1(), rollup.contracts());
    let derived = derive(rollup.l1_url(), &contracts).await;
    let batches = derived.expect("a chain").batches;
    let is_it = |posted: &Posted| posted.number == number;
    let batch = batches.into_iter().find(is_it).expect("a batch").batch;
    let block = async |tag: &str, field: &str| {
        let block = l1.call("eth_getBlockByNumber", json!([tag, false])).await;
        let value = block.expect("a block")[field].clone();
        let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
        u64::from_str_radix(digits.expect("a quantity"), 16).expect("a number")
    };
    let end = batch.postedAt + WINDOW;
    patiently("the end of the window", async || {
        block("latest", "timestamp").await > end
    })
    .await;
    let mut anybody = Depositor::new(&l1, contracts.rollup, ANYBODY).await;
    let call = finalizeCall { number, batch };
    anybody.call(contracts.rollup, 0, &call).await;
    anybody.insist().await;
    let included = block("latest", "number").await;
    patiently("finality", async || {
        block("finalized", "number").await >= included
    })
    .await;
}
