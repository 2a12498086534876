//! An escape that is killed after each of its transactions, before L1 has it in a block. The batches are in blobs.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use alloy_primitives::U256;
use serde_json::{Value, json};
use spillway_tests::Anvil;

use super::escape::LONG;
use super::ledger::{Funds, L1};
use super::wallet::{Wallet, Who, succeeded};
use super::{
    ETHER, IN_BLOBS, LONG_WINDOW, PATIENCE, TOKENS, a_block_a_transaction, control, dev, posted,
    rollup_on_anvil, waiting, warp,
};

/// Runs an escape until it has sent a transaction, and kills it then; or to its end, and answers what it printed.
async fn until_sent(anvil: &Anvil, wallet: &Wallet, who: &Who) -> Option<Value> {
    let (l1, account) = (anvil.rpc(), who.address());
    let is_sent = async || waiting(&l1, account).await != 0;
    let waits = is_sent().await;
    let mut command = wallet.signing(who, "escape", &[]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the wallet");
    // What an earlier run has sent gets into a block now, while this run waits for it.
    if waits {
        control(anvil, "evm_mine", json!([])).await;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        if is_sent().await {
            kill(child);
            return None;
        }
        if child.try_wait().expect("a state").is_some() {
            return Some(succeeded(&child.wait_with_output().expect("its output")));
        }
        assert!(Instant::now() < deadline, "the wallet does nothing");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn kill(mut child: Child) {
    child.kill().expect("a kill");
    child.wait().expect("the end of our own child");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_after_a_kill_does_what_is_left() {
    let (anvil, mut node) = rollup_on_anvil(&IN_BLOBS, LONG_WINDOW).await;
    let (rpc, wallet) = (node.rpc(), Wallet::of(&node));
    let who = Who::Dev(4);
    wallet.run(&who, "withdraw", &["--amount", "2"]).await;
    let held = rpc.balance(dev(4)).await.expect("a balance");
    posted(&rpc).await;
    node.kill();
    a_block_a_transaction(&anvil).await;
    wallet
        .run(&who, "deposit", &["--amount", "3", "--no-wait"])
        .await;
    warp(&anvil, LONG).await;

    let l1 = L1::of(&wallet);
    let (before, start) = (l1.funds(dev(4)).await, l1.head().await);
    control(&anvil, "evm_setAutomine", json!([false])).await;
    let mut kills = 0;
    let last = loop {
        match until_sent(&anvil, &wallet, &who).await {
            Some(printed) => break printed,
            None => kills += 1,
        }
        assert!(kills <= 5, "it does the same again and again");
    };
    // The begin, the batches made final, the balances, the deposit, the withdrawal.
    assert_eq!(kills, 5);
    assert_eq!((&last["done"], &last["left"]), (&json!([]), &json!([])));
    let expected = Funds {
        wei: before.wei + U256::from(held + 5 * ETHER) - l1.fees_of(dev(4), start).await,
        tokens: before.tokens + U256::from(TOKENS),
    };
    assert_eq!(l1.funds(dev(4)).await, expected);
}
