//! `spillway node` on an L1, by its `[l1]`.

use std::path::Path;
use std::process::Command;

use spillway_tests::clients::finish;
use spillway_tests::{Anvil, Role, accounts, binary};
use tempfile::TempDir;

use super::{ETHER, OnL1, consumed, wait_for};

/// The configuration of a sequencer, for the deployment in a folder.
fn config(folder: &Path, url: &str, finality: &str) -> String {
    format!(
        "roles = [\"sequencer\"]\ndir = {:?}\n[rpc]\naddress = \"127.0.0.1:0\"\n\
         [l1]\nurls = [{url:?}]\ndeployment = {:?}\nfinality = {finality}\n",
        folder.join("state").display().to_string(),
        folder.join("deployment.json").display().to_string(),
    )
}

fn start(folder: TempDir, url: &str, finality: &str) -> Role {
    let config = config(folder.path(), url, finality);
    Role::start(folder, &config)
}

/// The contracts on an L1, and the deployment's file in a folder.
fn deployed(anvil: &Anvil) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let mut command = Command::new(binary());
    command.args(["deploy", "--development", "--l1-url", anvil.url(), "--out"]);
    command.arg(folder.path().join("deployment.json"));
    let finished = finish(command);
    assert!(finished.status.success(), "{}", finished.stderr);
    folder
}

#[tokio::test]
async fn a_node_consumes_what_is_deep_enough() {
    let anvil = Anvil::start(&[]);
    let folder = deployed(&anvil);
    let l1 = OnL1::new(anvil.url(), folder.path(), 3);
    let newcomer = accounts::fresh(1).address();
    let deposit = l1.deposit(newcomer, ETHER).await;
    l1.succeeded(deposit).await;
    let node = start(folder, anvil.url(), "3");
    let rpc = node.rpc().await;
    assert_eq!(consumed(&rpc).await, 0);
    l1.control("anvil_mine", serde_json::json!([3])).await;
    let arrived = async || rpc.balance(newcomer).await == Ok(ETHER);
    wait_for("the deposit", arrived).await;
    let status = rpc.status().await.expect("a status");
    assert_eq!(status["chain_id"], l1.deployment.l2_chain_id);
}

#[tokio::test]
async fn a_node_refuses_an_l1_that_is_another() {
    let (anvil, other) = (Anvil::start(&[]), Anvil::start(&[]));
    let folder = deployed(&anvil);
    let refused = finish(Role::command(
        folder.path(),
        &config(folder.path(), other.url(), "\"safe\""),
    ));
    assert_eq!(refused.status.code(), Some(1));
    for part in ["l1.urls", "l1.deployment", "differ"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
}

/// Users are served while L1 is down. (The deployment's file is all that the node needs to know its chain.)
#[tokio::test]
async fn a_node_starts_without_an_l1_that_answers() {
    let folder = deployed(&Anvil::start(&[]));
    let node = start(folder, "http://127.0.0.1:1", "\"finalized\"");
    let rpc = node.rpc().await;
    assert_eq!(rpc.block_number().await.map(|_| ()), Ok(()));
    assert!(node.log().contains("the node starts without L1"));
}
