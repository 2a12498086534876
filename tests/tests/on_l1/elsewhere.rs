//! `--l1-url`: another L1 than the one that comes with the node.

use std::process::Command;

use spillway_tests::clients::finish;
use spillway_tests::{Anvil, Node, NodeOptions, accounts};
use tempfile::TempDir;

use super::{ETHER, OnL1, check_beginning, wait_for};

/// Runs a command that must be refused; returns what it said.
fn refusal(command: Command) -> String {
    let finished = finish(command);
    assert_eq!(finished.status.code(), Some(1), "{}", finished.stderr);
    finished.stderr
}

/// A block for each transaction, and blocks at intervals. Accounts 10 to 19 have nothing there: others pay for them.
#[tokio::test]
async fn anvil_is_an_l1() {
    for options in [&[][..], &["--block-time", "1", "--mixed-mining"]] {
        let anvil = Anvil::start(&[options, &["--accounts", "10"]].concat());
        let folder = TempDir::new().expect("a folder");
        let options = NodeOptions::default()
            .dir(folder.path())
            .l1_url(anvil.url());
        let mut node = Node::start(options.clone());
        assert_eq!(node.l1_url(), anvil.url());
        let l1 = OnL1::new(anvil.url(), folder.path(), 3);
        check_beginning(&node.rpc(), &l1).await;
        for operator in [21, 22] {
            let account = accounts::funded(operator).address();
            let wei = l1.rpc.balance(account).await.expect("a balance");
            assert!(wei > 99 * ETHER, "{wei}");
        }
        assert!(!super::holds(folder.path(), "l1"));

        let newcomer = accounts::fresh(1).address();
        let deposit = l1.deposit(newcomer, ETHER).await;
        l1.succeeded(deposit).await;
        let rpc = node.rpc();
        let arrived = async || rpc.balance(newcomer).await == Ok(ETHER);
        wait_for("the deposit", arrived).await;
        assert!(node.stop().success());
        let node = Node::start(options);
        assert_eq!(node.rpc().balance(newcomer).await, Ok(ETHER));
    }
}

#[tokio::test]
async fn another_l1_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let options = NodeOptions::default().dir(folder.path());
    let first = Anvil::start(&[]);
    let on_first = options.clone().l1_url(first.url());
    assert!(Node::start(on_first.clone()).stop().success());

    let fresh = Anvil::start(&[]);
    let said = refusal(options.clone().l1_url(fresh.url()).command(folder.path()));
    for part in ["is not the one of", "deployment.json", "--dir", "differ"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // It comes with an L1, which is not that one either.
    let said = refusal(options.command(folder.path()));
    assert!(said.contains("--l1-url"), "{said}");
    assert!(!super::holds(folder.path(), "l1"));

    let mainnet = Anvil::start(&["--chain-id", "1"]);
    let said = refusal(options.clone().l1_url(mainnet.url()).command(folder.path()));
    assert!(said.contains("is on chain 1, not on 31337"), "{said}");
    let said = refusal(options.l1_url("http://127.0.0.1:1").command(folder.path()));
    assert!(said.contains("no L1 node answers"), "{said}");
    // None of that has done any harm.
    assert!(Node::start(on_first).stop().success());
}

#[tokio::test]
async fn an_l1_of_ones_own_is_not_exchanged_either() {
    let folder = TempDir::new().expect("a folder");
    let options = NodeOptions::default().dir(folder.path());
    assert!(Node::start(options.clone()).stop().success());
    let anvil = Anvil::start(&[]);
    let said = refusal(options.clone().l1_url(anvil.url()).command(folder.path()));
    assert!(said.contains("is not the one of"), "{said}");
    let kept = folder.path().join("elsewhere");
    std::fs::rename(folder.path().join("l1"), &kept).expect("a folder to move");
    let said = refusal(options.command(folder.path()));
    assert!(said.contains("--l1-url"), "{said}");
    std::fs::rename(&kept, folder.path().join("l1")).expect("a folder to move back");
    assert!(Node::start(options).stop().success());
}
