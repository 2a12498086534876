//! The first start of a development chain, whole and interrupted.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;
use spillway_tests::{Node, NodeOptions, accounts};
use tempfile::TempDir;

use super::{ETHER, OnL1, check_beginning, consumed, holds, wait_for};

/// Directories that are begun.
const ROUNDS: u32 = 5;

/// When a start is killed: while it deploys, and while it makes the deposits, counted from the deployment.
const DEPLOYING: Duration = Duration::from_millis(800);
const DEPOSITING: Duration = Duration::from_millis(80);

#[tokio::test]
async fn what_l2_has_is_what_l1_holds() {
    let node = Node::start(NodeOptions::default());
    let l1 = OnL1::new(node.l1_url(), &node.dir(), 0);
    check_beginning(&node.rpc(), &l1).await;
    // Both operator's accounts may post, and the sequencer has staked.
    let report = spillway_l1::deployment::verify(&l1.l1, &l1.deployment).await;
    let report = report.expect("a comparison");
    assert!(report.holds(), "{report}");
    let (sequencer, poster) = (
        accounts::funded(21).address(),
        accounts::funded(22).address(),
    );
    assert_eq!(l1.deployment.sequencers, [sequencer]);
    let call = spillway_bridge_contracts::Rollup::isPosterCall {
        account: sequencer,
        poster,
    };
    assert!(l1.read(l1.deployment.rollup, call).await);
}

#[tokio::test]
async fn a_restart_keeps_everything_and_sends_nothing() {
    let folder = TempDir::new().expect("a folder");
    let options = NodeOptions::default().dir(folder.path());
    let mut nonces: Option<Vec<Value>> = None;
    let mut deployment = Vec::new();
    for round in 0..3 {
        let mut node = Node::start(options.clone());
        let l1 = OnL1::new(node.l1_url(), folder.path(), 0);
        check_beginning(&node.rpc(), &l1).await;
        let mut now = Vec::new();
        for index in 0..24 {
            let account = accounts::funded(index).address();
            let nonce = l1
                .rpc
                .call(
                    "eth_getTransactionCount",
                    serde_json::json!([account, "pending"]),
                )
                .await;
            now.push(nonce.expect("a nonce"));
        }
        assert_eq!(*nonces.get_or_insert_with(|| now.clone()), now);
        let file = std::fs::read(folder.path().join("deployment.json")).expect("a file");
        if round > 0 {
            assert_eq!(file, deployment);
        }
        deployment = file;
        if round == 0 {
            assert!(node.stop().success());
        } else {
            node.kill();
        }
    }
}

/// Killed at moments that are drawn, the start after that too: every deposit is there once.
#[tokio::test]
async fn a_first_start_may_be_killed_at_any_moment() {
    let seed = match std::env::var("SPILLWAY_SEED") {
        Ok(text) => text.parse().expect("SPILLWAY_SEED is a number"),
        Err(_) => rand::random(),
    };
    println!("SPILLWAY_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    for _ in 0..ROUNDS {
        let folder = TempDir::new().expect("a folder");
        let options = NodeOptions::default().dir(folder.path());
        let deploying = rng.random_range(Duration::ZERO..DEPLOYING);
        let mut child = start(&options, folder.path());
        tokio::time::sleep(deploying).await;
        kill(&mut child);

        let depositing = rng.random_range(Duration::ZERO..DEPOSITING);
        let mut child = start(&options, folder.path());
        let is_deployed = async || holds(folder.path(), "deployment.json");
        wait_for("the deployment", is_deployed).await;
        tokio::time::sleep(depositing).await;
        kill(&mut child);
        println!(
            "killed after {deploying:?}, then {depositing:?} after the deployment; chain: {}",
            holds(folder.path(), "chain.json")
        );
        let node = Node::start(options);
        let l1 = OnL1::new(node.l1_url(), folder.path(), 0);
        check_beginning(&node.rpc(), &l1).await;
    }
}

fn start(options: &NodeOptions, dir: &Path) -> Child {
    let mut command = options.command(dir);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("a node")
}

fn kill(child: &mut Child) {
    child.kill().expect("a kill");
    child.wait().expect("the end of our own child");
}

/// Killed when L1 has some of the deposits: the next start makes exactly the rest. Anvil makes a block for each transaction,
/// so there is time to kill in between.
#[tokio::test]
async fn deposits_that_are_there_are_not_made_again() {
    let anvil = spillway_tests::Anvil::start(&[]);
    let folder = TempDir::new().expect("a folder");
    let options = NodeOptions::default()
        .dir(folder.path())
        .l1_url(anvil.url());
    let mut seen = 0;
    for wanted in [1, 2, 9, 17, 39] {
        let mut child = start(&options, folder.path());
        wait_for("a deposit", async || {
            holds(folder.path(), "deployment.json")
                && OnL1::new(anvil.url(), folder.path(), 0).messages().await >= wanted
        })
        .await;
        kill(&mut child);
        let messages = OnL1::new(anvil.url(), folder.path(), 0).messages().await;
        println!("killed with {messages} deposits");
        assert!(messages >= seen);
        seen = messages;
    }
    let node = Node::start(options);
    let l1 = OnL1::new(anvil.url(), folder.path(), 0);
    check_beginning(&node.rpc(), &l1).await;
    assert_eq!(consumed(&node.rpc()).await, 40);
    let transfer = accounts::Transfer::to(accounts::funded(1).address(), ETHER, 0);
    let transfer = transfer.sign(&accounts::funded(0));
    assert_eq!(node.rpc().send_raw(&transfer.raw).await, Ok(transfer.hash));
}
