//! What is refused, and when: what this machine can know before L1 is asked, and all of it before a transaction is sent.

use std::fs;

use spillway_tests::{Anvil, accounts};
use tempfile::TempDir;

use super::{Site, deploy, text};

/// Nobody listens there: an error about anything else was found without L1.
const NOWHERE: &str = "http://127.0.0.1:1";

fn refused(arguments: &str, says: &str) {
    let folder = TempDir::new().expect("a temporary directory");
    let out = folder.path().join("deployment.json");
    let mut all = vec!["--out", text(&out)];
    all.extend(arguments.split_whitespace());
    let finished = deploy(NOWHERE, &all);
    assert_eq!(
        finished.status.code(),
        Some(1),
        "{arguments}: {}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains(says),
        "{arguments}: {}",
        finished.stderr
    );
    assert!(!out.exists());
}

#[test]
fn settings_that_contradict_each_other() {
    refused(
        "--development --escape-delay 1m",
        "the escape delay must be longer than the force inclusion window",
    );
    refused(
        "--development --max-stall 2m",
        "the maximal stall must be longer",
    );
    refused(
        "--development --sequencer-delay 1m",
        "the sequencer delay must be longer",
    );
    refused(
        "--development --challenge-window 0s",
        "the challenge window is zero",
    );
    refused(
        "--development --response-window 4000d",
        "the response window is longer than ten years",
    );
    refused("--development --bond 0", "the bond is zero");
    refused(
        "--development --challenge-bond 0",
        "the least bond of a challenge is zero",
    );
    refused(
        "--development --timelock-delay 1s",
        "its timelock needs a delay of zero",
    );
}

#[test]
fn a_production_network_without_what_it_needs() {
    const A: &str = "0x00000000000000000000000000000000000000aa";
    let folder = TempDir::new().expect("a temporary directory");
    let key = folder.path().join("key");
    fs::write(&key, accounts::funded(0).to_bytes().to_string()).expect("a key file");
    let key = format!("--private-key-file {}", text(&key));
    let (sequencer, proposer, fees) = (
        format!("--sequencer {A}"),
        format!("--proposer {A}"),
        format!("--fee-account {A}"),
    );

    refused("", "no key to deploy with");
    refused(
        &format!("{key} {sequencer} {proposer}"),
        "--fee-account is missing",
    );
    refused(
        &format!("{key} {proposer} {fees}"),
        "--sequencer: at least one",
    );
    refused(
        &format!("{key} {sequencer} {fees}"),
        "--proposer: at least one",
    );
    refused(
        "--development --private-key-file /nowhere/key",
        "cannot read the key from /nowhere/key",
    );
}

#[test]
fn a_node_that_is_not_there() {
    refused("--development", "L1 node, asked for its chain id");
    let finished = deploy("https://127.0.0.1:1", &["--development"]);
    assert!(
        finished
            .stderr
            .contains("--l1-url: https://127.0.0.1:1 is no"),
        "{}",
        finished.stderr
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_found_before_any_transaction() {
    let site = Site::empty(&[]);
    let missing = site.folder.path().join("missing/deployment.json");
    let file = text(&missing);
    for (out, says) in [
        (file, file),
        (text(site.folder.path()), "exists"),
        ("/proc/deployment.json", "/proc/"),
    ] {
        let finished = deploy(site.anvil.url(), &["--development", "--out", out]);
        assert_eq!(finished.status.code(), Some(1), "{}", finished.stderr);
        assert!(finished.stderr.contains(says), "{}", finished.stderr);
    }
    assert_eq!(
        site.anvil.rpc().nonce(accounts::funded(0).address()).await,
        Ok(0)
    );
}

#[tokio::test]
async fn development_settings_on_another_chain() {
    let anvil = Anvil::start(&["--chain-id", "11155111"]);
    let folder = TempDir::new().expect("a temporary directory");
    let out = folder.path().join("deployment.json");
    let finished = deploy(anvil.url(), &["--development", "--out", text(&out)]);
    assert!(
        finished.stderr.contains("this L1 has 11155111"),
        "{}",
        finished.stderr
    );
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 0);
    assert_eq!(
        anvil.rpc().nonce(accounts::funded(0).address()).await,
        Ok(0)
    );
}

#[test]
fn a_file_that_is_no_deployment() {
    let folder = TempDir::new().expect("a temporary directory");
    let file = folder.path().join("deployment.json");
    for (content, says) in [
        ("{}", "missing field `version`"),
        ("{\"version\": 9}", "version 9"),
        ("x", "deployment.json"),
    ] {
        fs::write(&file, content).expect("the file");
        let finished = deploy(NOWHERE, &["--verify", "--deployment", text(&file)]);
        assert_eq!(finished.status.code(), Some(1));
        assert!(finished.stderr.contains(says), "{}", finished.stderr);
    }
}
