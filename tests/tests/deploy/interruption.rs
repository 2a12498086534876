//! A deployment that stops anywhere leaves no file, and a new one works.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use spillway_tests::{PATIENCE, Rpc, accounts};

use super::{POLL, Site, command, text};

/// Transactions of a development deployment.
const TRANSACTIONS: u64 = 13;

/// The nonce of the transaction that creates `Rollup`.
const ROLLUP: u64 = 4;

fn start(site: &Site, more: &[&str]) -> Child {
    let file = site.file();
    let arguments = [&["--development", "--out", text(&file)], more].concat();
    let mut command = command(site.anvil.url(), &arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command.spawn().expect("spillway deploy")
}

/// Waits until the deployer's transaction with that nonce is in the pool, where it stays until somebody mines.
async fn until_sent(rpc: &Rpc, nonce: u64) {
    let deadline = Instant::now() + PATIENCE;
    let deployer = json!([accounts::funded(0).address(), "pending"]);
    loop {
        let count = rpc
            .call("eth_getTransactionCount", deployer.clone())
            .await
            .expect("a count");
        if count == json!(format!("{:#x}", nonce + 1)) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "transaction {nonce} was not sent; the count is {count}"
        );
        tokio::time::sleep(POLL).await;
    }
}

async fn mine(rpc: &Rpc) {
    rpc.call("evm_mine", json!([])).await.expect("a block");
}

/// Killed while each of the transactions is on its way. The one that was sent is mined later, or the new run refuses.
#[tokio::test]
async fn a_killed_deployer_leaves_no_file() {
    let site = Site::empty(&["--no-mining"]);
    let rpc = site.anvil.rpc();
    let mut nonce = 0;
    for sent_before in 0..TRANSACTIONS {
        let mut deployer = start(&site, &[]);
        for _ in 0..sent_before {
            until_sent(&rpc, nonce).await;
            mine(&rpc).await;
            nonce += 1;
        }
        until_sent(&rpc, nonce).await;
        deployer.kill().expect("the end of our own child");
        deployer.wait().expect("the end of our own child");
        assert!(!site.file().exists(), "after {sent_before} transactions");

        let refused = site.deploy();
        assert!(
            refused
                .stderr
                .contains("has 1 transactions that are not in a block yet"),
            "{}",
            refused.stderr
        );
        mine(&rpc).await;
        nonce += 1;
    }
    rpc.call("evm_setAutomine", json!([true]))
        .await
        .expect("blocks");
    let finished = site.deploy();
    assert!(finished.status.success(), "{}", finished.stderr);
    let deployer = accounts::funded(0).address();
    let deployment = site.deployment();
    assert_eq!(deployment.token, Some(deployer.create(nonce)));
    assert_eq!(deployment.rollup, deployer.create(nonce + ROLLUP));
    let last = deployment.disputes.authorisation;
    assert_eq!(last, deployer.create(nonce + ROLLUP + 5));
    assert_eq!(site.differing(&site.file()), [""; 0]);
    let left: Vec<_> = fs::read_dir(&site.folder).expect("the folder").collect();
    assert_eq!(left.len(), 1, "the file alone: {left:?}");
}

/// Another program uses the key in between: what it sends takes the place of a contract that the others name.
#[tokio::test]
async fn a_key_that_is_in_use_elsewhere_leaves_no_file() {
    // By fees, what pays better would be tried before its turn, and left for the next block.
    let site = Site::empty(&["--no-mining", "--order", "fifo"]);
    let rpc = site.anvil.rpc();
    let key = accounts::funded(0).address();
    let mut nonce = 0;
    // Before the contracts, before `Rollup`, and when it is there without its dispute contracts.
    for sent_before in [0, ROLLUP - 1, ROLLUP, ROLLUP + 2] {
        let deployer = start(&site, &["--transaction-timeout", "30s"]);
        for _ in 0..sent_before {
            until_sent(&rpc, nonce).await;
            mine(&rpc).await;
            nonce += 1;
        }
        until_sent(&rpc, nonce).await;
        // Without a limit of its own its gas would fill a block.
        let nonce_after = format!("{:#x}", nonce + 1);
        let other = json!({ "from": key, "to": key, "gas": "0x5208", "nonce": nonce_after });
        let request = json!([other]);
        let sent = rpc.call("eth_sendTransaction", request).await;
        sent.expect("a transaction of the same key");
        mine(&rpc).await;
        nonce += 2;
        let output = deployer
            .wait_with_output()
            .expect("the end of the deployer");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        // By its nonce, or by a constructor that finds nothing where another contract should be.
        assert!(
            stderr.contains("L1 refuses the transaction for"),
            "{stderr}"
        );
        assert!(stderr.contains("nothing usable was deployed"), "{stderr}");
        assert_eq!(fs::read_dir(&site.folder).expect("the folder").count(), 0);
    }
    rpc.call("evm_setAutomine", json!([true]))
        .await
        .expect("blocks");
    let finished = site.deploy();
    assert!(finished.status.success(), "{}", finished.stderr);
    assert_eq!(site.deployment().token, Some(key.create(nonce)));
}

#[tokio::test]
async fn an_l1_that_goes_away_ends_in_an_error() {
    let mut site = Site::empty(&["--no-mining"]);
    let deployer = start(&site, &["--transaction-timeout", "1s"]);
    until_sent(&site.anvil.rpc(), 0).await;
    // Dropping the old one kills it.
    site.anvil = spillway_tests::Anvil::start(&[]);
    let output = deployer
        .wait_with_output()
        .expect("the end of the deployer");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("is not in a block after 1s"), "{stderr}");
    assert_eq!(fs::read_dir(&site.folder).expect("the folder").count(), 0);

    let finished = site.deploy();
    assert!(finished.status.success(), "{}", finished.stderr);
}

/// A transaction that fails ends the deployment with its name: here one that nobody can pay.
#[tokio::test]
async fn a_deployer_without_funds_is_told() {
    let site = Site::empty(&[]);
    let poor = accounts::funded(0).address();
    let rpc = site.anvil.rpc();
    rpc.call("anvil_setBalance", json!([poor, "0x0"]))
        .await
        .expect("a balance");
    let finished = site.deploy();
    assert_eq!(finished.status.code(), Some(1));
    assert!(
        finished
            .stderr
            .contains("L1 refuses the transaction for TestToken"),
        "{}",
        finished.stderr
    );
    assert!(
        finished
            .stderr
            .to_lowercase()
            .contains("insufficient funds"),
        "{}",
        finished.stderr
    );
    assert_eq!(
        rpc.call("eth_blockNumber", json!([])).await,
        Ok(Value::from("0x0"))
    );
}
