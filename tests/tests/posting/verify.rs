//! `spillway verify`: the chain from L1 alone, by the program that operators and users run.

use std::process::Command;

use serde_json::Value;
use spillway_tests::binary;
use spillway_tests::clients::{Finished, finish};

use super::number;
use super::rollup::{Rollup, folder};

/// Verifies the rollup's L1, with blobs kept in an own folder, and answers what was printed.
pub(crate) fn verify(rollup: &Rollup, more: &[&str]) -> Finished {
    let blobs = folder();
    let mut command = Command::new(binary());
    command
        .args(["verify", "--json", "--log", "warn", "--l1-url"])
        .arg(rollup.l1_url())
        .arg("--deployment")
        .arg(rollup.node().dir().join("deployment.json"))
        .arg("--blobs")
        .arg(blobs.path())
        .args(more);
    finish(command)
}

pub(crate) fn said(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_comes_to_the_root_that_the_node_says_was_posted() {
    let mut rollup = Rollup::start(None, &["--l1-block-time", "200ms"], 7).await;
    rollup.send_each(100, 50).await;
    rollup.posted().await;
    let status = rollup.status().await;
    let block = number(&status, "posted_block");
    let finished = verify(&rollup, &[]);
    assert!(finished.status.success(), "{finished:?}");
    let found = said(&finished);
    // The node may have posted more in between: then it was derived as well.
    assert!(number(&found, "block") >= block, "{found} {status}");
    if number(&found, "block") == block {
        assert_eq!(found["state_root"], status["posted_state_root"]);
    }
    let again = verify(&rollup, &["--batch", "1"]);
    assert_eq!(number(&said(&again), "batch"), 1);
    assert!(again.status.success(), "{again:?}");
    rollup.agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_not_there_is_an_error() {
    let rollup = Rollup::start(None, &["--l1-block-time", "200ms"], 8).await;
    let mut command = Command::new(binary());
    command
        .args(["verify", "--deployment", "/nowhere.json", "--l1-url"])
        .arg(rollup.l1_url());
    let finished = finish(command);
    assert!(!finished.status.success());
    assert!(finished.stderr.contains("--deployment"), "{finished:?}");
}
