//! Two nodes for one sequencer, by mistake: the second on a copy of the first one's directory.

use spillway_tests::Anvil;

use super::patiently;
use super::rollup::{FOREIGN, Rollup, WAITS, a_block_a_second};
use super::stranger::Derived;

const ARGUMENTS: [&str; 2] = ["--post-as", "calldata"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_new_chain_the_one_that_comes_late_stops() {
    let anvil = Anvil::start(&[]);
    let mut rollup = Rollup::start(Some(anvil.url()), &ARGUMENTS, 6).await;
    a_block_a_second(&anvil).await;
    rollup.send_each(10, 10).await;
    race(rollup).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_chain_with_batches_the_one_that_comes_late_stops() {
    let anvil = Anvil::start(&[]);
    let mut rollup = Rollup::start(Some(anvil.url()), &ARGUMENTS, 8).await;
    a_block_a_second(&anvil).await;
    rollup.send_each(10, 10).await;
    rollup.posted().await;
    rollup.send_each(10, 10).await;
    let before = rollup.acknowledged.len();
    let derived = race(rollup).await;
    // What was before is not called into question by either of them.
    assert!(derived.state.counters().authorised_count > before as u64);
}

/// Both go on from the same place, and take transactions of the same accounts. L1 has the batches of one of them, and the
/// other says so, and that it posts nothing while they stand.
async fn race(mut one: Rollup) -> Derived {
    one.stop();
    let mut other = one.copy();
    tokio::join!(one.resume(&ARGUMENTS), other.resume(&ARGUMENTS));
    for _ in 0..3 {
        tokio::join!(one.send_each(10, 10), other.send_each(5, 5));
    }
    let has_stopped = |rollup: &Rollup| rollup.alarms() == [FOREIGN, WAITS];
    patiently("one that stops", async || {
        has_stopped(&one) || has_stopped(&other)
    })
    .await;
    let (mut winner, mut loser) = if has_stopped(&one) {
        (other, one)
    } else {
        (one, other)
    };
    // Users of the one that stopped are served, as it says.
    loser.send_each(1, 1).await;
    winner.send_each(10, 10).await;
    let derived = winner.agrees().await;
    let missing = loser
        .acknowledged
        .iter()
        .filter(|hash| !winner.acknowledged.contains(hash))
        .count();
    assert!(missing > 0, "both have taken the same");
    derived
}
