//! L1 forks under the node.

use alloy_provider::Provider as _;
use serde_json::json;
use spillway_tests::{NodeOptions, accounts};

use super::{ETHER, FIRST_MESSAGES, consumed, quiet, wait_for};

/// A fork that is less deep than messages wait for: what it drops is gone, what it keeps comes once.
#[tokio::test]
async fn a_shallow_fork_changes_what_was_not_delivered() {
    let (node, mut l1) = quiet(NodeOptions::default().arguments(&["--l1-depth", "4"])).await;
    let rpc = node.rpc();
    let [dropped, kept] = [1, 2].map(|seed| accounts::fresh(seed).address());
    for (to, fate) in [(dropped, "drop"), (kept, "keep")] {
        let deposit = l1.deposit(to, ETHER).await;
        l1.mine(2).await;
        l1.succeeded(deposit).await;
        l1.control("devnet_reorg", json!([3, fate])).await;
        l1 = l1.forked(3);
    }
    // The kept one is in a block again, and then deep.
    l1.mine(6).await;
    let arrived = async || rpc.balance(kept).await == Ok(ETHER);
    wait_for("the deposit that was kept", arrived).await;
    assert_eq!(rpc.balance(dropped).await, Ok(0));
    assert_eq!(consumed(&rpc).await, FIRST_MESSAGES + 1);
    assert_eq!(l1.messages().await, FIRST_MESSAGES + 1);
}

/// A fork that takes back what L2 has consumed cannot be made good. The node says so, consumes nothing more from L1, and
/// serves.
#[tokio::test]
async fn a_fork_that_is_too_deep_ends_the_intake_and_nothing_else() {
    let (node, mut l1) = quiet(NodeOptions::default().arguments(&["--l1-depth", "1"])).await;
    let rpc = node.rpc();
    let [gone, later] = [1, 2].map(|seed| accounts::fresh(seed).address());
    let deposit = l1.deposit(gone, ETHER).await;
    l1.mine(2).await;
    l1.succeeded(deposit).await;
    let arrived = async || rpc.balance(gone).await == Ok(ETHER);
    wait_for("the deposit", arrived).await;

    l1.control("devnet_reorg", json!([2, "drop"])).await;
    l1 = l1.forked(3);
    l1.deposit(later, ETHER).await;
    l1.mine(5).await;
    let said = async || {
        node.log()
            .contains("NO MESSAGE FROM L1 IS CONSUMED ANY MORE")
    };
    wait_for("the error in the log", said).await;
    assert!(node.log().contains("L1 has forked, and block"));
    assert_eq!(consumed(&rpc).await, FIRST_MESSAGES + 1);
    let transfer = accounts::Transfer::to(later, 5, 0).sign(&accounts::funded(0));
    assert_eq!(rpc.send_raw(&transfer.raw).await, Ok(transfer.hash));
    assert_eq!(rpc.balance(later).await, Ok(5));
}

/// The same, noticed by the next start: L1 does not have the messages that L2 has.
#[tokio::test]
async fn a_fork_while_the_node_was_down_is_noticed() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let anvil = spillway_tests::Anvil::start(&[]);
    let options = NodeOptions::default()
        .dir(folder.path())
        .l1_url(anvil.url());
    let mut node = spillway_tests::Node::start(options.clone());
    let l1 = super::OnL1::new(anvil.url(), folder.path(), 3);
    let [gone, other] = [1, 2].map(|seed| accounts::fresh(seed).address());
    let deposit = l1.deposit(gone, ETHER).await;
    l1.succeeded(deposit).await;
    let rpc = node.rpc();
    let arrived = async || rpc.balance(gone).await == Ok(ETHER);
    wait_for("the deposit", arrived).await;
    assert!(node.stop().success());

    // The operator sends as well, each transaction in a block of its own.
    let receipt = l1.l1.get_transaction_receipt(deposit).await;
    let block = receipt.expect("an answer").and_then(|it| it.block_number);
    let head = l1.l1.get_block_number().await.expect("a number");
    let depth = head - block.expect("a block") + 1;
    l1.control("anvil_rollback", json!([depth])).await;
    let l1 = l1.forked(3);
    let deposit = l1.deposit(other, ETHER).await;
    l1.succeeded(deposit).await;
    let node = spillway_tests::Node::start(options);
    let said = async || {
        node.log()
            .contains("are not those that this chain has consumed")
    };
    wait_for("the error in the log", said).await;
    assert_eq!(node.rpc().balance(other).await, Ok(0));
    assert_eq!(node.rpc().balance(gone).await, Ok(ETHER));
}
