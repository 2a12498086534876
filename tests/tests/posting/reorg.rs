//! L1 takes back blocks with batches and deposits in them.

use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::json;
use spillway_tests::{Anvil, Rpc, accounts};

use super::deposits::Depositor;
use super::rollup::{Rollup, a_block_a_second};
use super::stranger::standing;
use super::{FIRST_MESSAGES, dice, patiently};

/// Deposits wait for so many blocks, and no reorg here is so deep.
const DEPTH: &str = "70";

/// Buries what is to stay.
const BURIED: u64 = 70;

/// The account that deposits.
const DEPOSITOR: u32 = 5;

/// The operator's accounts, by which batches come to L1.
const POSTERS: [u32; 2] = [21, 22];

/// The least depth, the greatest that is promised, and any.
fn depths(dice: &mut StdRng) -> [u64; 3] {
    [1, 64, dice.random_range(2..64)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anvil_takes_back_batches_and_deposits() {
    let mut dice = dice();
    let anvil = Anvil::start(&[]);
    // The first deposits are there at once, and are buried before anything is taken back.
    let mut rollup = Rollup::start(Some(anvil.url()), &[], dice.random()).await;
    rollup.stop();
    let l1 = anvil.rpc();
    let control = async |name: &str, params| l1.call(name, params).await.expect("a control");
    control("anvil_mine", json!([BURIED])).await;
    a_block_a_second(&anvil).await;
    let arguments = |form| ["--l1-depth", DEPTH, "--post-as", form];
    rollup.resume(&arguments("calldata")).await;
    let mut depositor = Depositor::new(&l1, rollup.contracts().inbox, DEPOSITOR).await;
    for (round, depth) in depths(&mut dice).into_iter().enumerate() {
        control("evm_setIntervalMining", json!([0])).await;
        both_wait(&mut rollup, &l1, &mut depositor).await;
        control("anvil_mine", json!([dice.random_range(1..=depth)])).await;
        let before = on_l1(&rollup, &l1, &depositor).await;
        // Every second time the node learns of it only when it starts again, and is to post in the other form.
        let is_down = round % 2 == 1;
        if is_down {
            rollup.kill();
        }
        control("anvil_reorg", json!([depth, []])).await;
        both_are_gone(depth, before, on_l1(&rollup, &l1, &depositor).await);
        a_block_a_second(&anvil).await;
        depositor.insist().await;
        if is_down {
            rollup.resume(&arguments("blobs")).await;
        }
        rollup.send_each(2, 2).await;
        rollup.posted().await;
    }
    control("anvil_mine", json!([BURIED])).await;
    check(&mut rollup, &depositor).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_l1_takes_back_batches_and_deposits() {
    let mut dice = dice();
    let arguments = [
        "--l1-depth",
        DEPTH,
        "--l1-block-time",
        "200ms",
        "--post-as",
        "blobs",
    ];
    let mut rollup = Rollup::start(None, &arguments, dice.random()).await;
    let l1 = rollup.l1();
    let control = async |name: &str, params| l1.call(name, params).await.expect("a control");
    control("devnet_mine", json!([BURIED])).await;
    let mut depositor = Depositor::new(&l1, rollup.contracts().inbox, DEPOSITOR).await;
    for depth in depths(&mut dice) {
        for fate in ["keep", "drop"] {
            control("devnet_setBlockTime", json!([null])).await;
            both_wait(&mut rollup, &l1, &mut depositor).await;
            control("devnet_mine", json!([dice.random_range(1..=depth)])).await;
            let before = on_l1(&rollup, &l1, &depositor).await;
            control("devnet_reorg", json!([depth, fate])).await;
            both_are_gone(depth, before, on_l1(&rollup, &l1, &depositor).await);
            control("devnet_setBlockTime", json!([200])).await;
            depositor.insist().await;
            rollup.send_each(2, 2).await;
            rollup.posted().await;
        }
    }
    control("devnet_mine", json!([BURIED])).await;
    check(&mut rollup, &depositor).await;
}

/// Lets a deposit and a batch wait for the next block of L1, which makes none by itself.
async fn both_wait(rollup: &mut Rollup, l1: &Rpc, depositor: &mut Depositor) {
    depositor.deposit().await;
    rollup.send_each(5, 5).await;
    patiently("a batch that waits", async || {
        let mut waiting = 0;
        for poster in POSTERS {
            let address = accounts::funded(poster).address();
            let of = async |tag: &str| {
                let count = l1.call("eth_getTransactionCount", json!([address, tag]));
                count.await.expect("a nonce")
            };
            waiting += u32::from(of("pending").await != of("latest").await);
        }
        waiting > 0
    })
    .await;
}

/// Batches and deposits in blocks.
async fn on_l1(rollup: &Rollup, l1: &Rpc, depositor: &Depositor) -> (usize, usize) {
    let batches = standing(l1, &rollup.contracts()).await;
    (batches.expect("batches"), depositor.in_blocks().await)
}

fn both_are_gone(depth: u64, before: (usize, usize), now: (usize, usize)) {
    println!("{depth} blocks are gone; batches and deposits: {before:?}, and then {now:?}");
    assert!(now.0 < before.0 && now.1 < before.1);
}

/// No deposit is lost, and none was consumed twice.
async fn check(rollup: &mut Rollup, depositor: &Depositor) {
    depositor.all_arrived(&rollup.rpc()).await;
    let derived = rollup.agrees().await;
    let consumed = derived.state.counters().inbox_count;
    assert_eq!(consumed, FIRST_MESSAGES + depositor.newcomers.len() as u64);
}
