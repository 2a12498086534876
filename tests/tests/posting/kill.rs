//! kill -9 of the whole node, at moments that are drawn, while it takes transactions and posts.

use std::time::Duration;

use rand::Rng as _;
use spillway_tests::Anvil;

use super::dice;
use super::rollup::{Rollup, a_block_a_second};

/// Kills.
const ROUNDS: usize = 12;

/// How long a node lives at most: past its first batches. With blobs that takes longer, for their proofs.
const LIFE_MAX: Duration = Duration::from_millis(2_000);
const LIFE_MAX_WITH_BLOBS: Duration = Duration::from_millis(6_000);

/// Transactions of a request.
const BULK: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_round_ends_in_the_middle_of_something() {
    let mut dice = dice();
    let anvil = Anvil::start(&[]);
    let mut rollup = Rollup::start(Some(anvil.url()), &[], dice.random()).await;
    rollup.stop();
    a_block_a_second(&anvil).await;
    for round in 0..ROUNDS {
        let (form, life_max) = match round % 4 {
            3 => ("blobs", LIFE_MAX_WITH_BLOBS),
            _ => ("calldata", LIFE_MAX),
        };
        rollup.resume(&["--post-as", form]).await;
        let load = rollup.load(BULK);
        tokio::time::sleep(dice.random_range(Duration::ZERO..life_max)).await;
        rollup.kill();
        rollup.end(load).await;
    }
    rollup.resume(&[]).await;
    rollup.agrees().await;
}
