//! An L1 that forks, fails, and changes its price.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_batcher::driver::Report;
use spillway_devnet::FaultPlan;
use spillway_devnet::chain::Dropped;
use tempfile::TempDir;

use super::l1::L1;
use super::running::{Running, Tuning};
use super::source::Source;
use super::{BLOCK_TIME, DEAR, GWEI, expect_all};

/// The seed of a test: SPILLWAY_SEED, or a new one. It is printed, and nextest shows it when the test fails.
fn seed() -> u64 {
    let given = std::env::var("SPILLWAY_SEED").ok();
    let seed = given.map_or_else(rand::random, |seed| seed.parse().expect("a number"));
    eprintln!("SPILLWAY_SEED={seed}");
    seed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reorgs_of_any_depth_drop_nothing_for_good() {
    let mut rng = StdRng::seed_from_u64(seed());
    let l1 = L1::start(BLOCK_TIME).await;
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let tuning = Tuning {
        depth: 64,
        ..Tuning::default()
    };
    let mut running = Running::start(&l1, &source, dir.path(), tuning).await;
    for depth in [1, 2, 64, rng.random_range(3..64), rng.random_range(3..64)] {
        // Mostly calldata: proofs for blobs take long, and forks do not care.
        controls.set_blob_base_fee(Some(if depth == 64 { 1 } else { DEAR }));
        for _ in 0..rng.random_range(1..4) {
            let block = source.grow(3, 20);
            running.until_posted(block).await;
        }
        // Everything posted in this round is less deep than this.
        controls.mine(rng.random_range(0..depth)).ok();
        let fate = if rng.random() {
            Dropped::Repooled
        } else {
            Dropped::Lost
        };
        controls
            .reorg(usize::try_from(depth).unwrap(), fate)
            .unwrap();
        let block = source.grow(1, 5);
        running.until_posted(block).await;
    }
    expect_all(&l1, &source).await;
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_a_hundred_times_higher_replaces_what_is_stuck() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let mut running = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
    let block = source.grow(2, 10);
    running.until_posted(block).await;
    for (base_fee, blob_fee) in [(100 * GWEI, 1), (GWEI, 10 * GWEI)] {
        // The batch is sent at the old price, and no block takes it.
        controls.set_block_time(None).unwrap();
        source.grow(2, 10);
        let is_submitted = |report: &_| matches!(report, Report::Submitted { .. });
        running.until_report(is_submitted).await;
        set_fees(&l1, base_fee, blob_fee);
        controls.set_block_time(Some(BLOCK_TIME)).unwrap();
        let block = source.grow(1, 1);
        running.until_posted(block).await;

        set_fees(&l1, GWEI, 1);
        running
            .until(|status| status.wei_per_byte < Some(GWEI))
            .await;
        let block = source.grow(1, 1);
        running.until_posted(block).await;
    }
    expect_all(&l1, &source).await;
    running.kill().await;
}

fn set_fees(l1: &L1, base_fee: u128, blob_fee: u128) {
    let controls = l1.devnet.controls();
    controls.set_base_fee(Some(u64::try_from(base_fee).unwrap()));
    controls.set_blob_base_fee(Some(blob_fee));
}

/// L1 is down for ten minutes of its own time; blocks go on. The backlog drains in full batches.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_l1_that_was_down_gets_the_backlog() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let mut running = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
    let block = source.grow(2, 10);
    running.until_posted(block).await;
    controls.set_faults(Some(FaultPlan::down())).unwrap();
    controls.warp(600);
    let mut last = 0;
    for _ in 0..20 {
        last = source.grow(10, 1_000);
        running.until(|status| status.packed_block >= last).await;
    }
    assert!(running.status.borrow().unposted_bytes > 200 * 1_000);
    controls.set_faults(None).unwrap();
    running.until_posted(last).await;
    assert_eq!(running.status.borrow().unposted_bytes, 0);
    expect_all(&l1, &source).await;
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_l1_that_fails_half_of_the_time_gets_everything() {
    let seed = seed();
    let l1 = L1::start(Duration::from_millis(1_000)).await;
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    controls.set_blob_base_fee(Some(DEAR));
    let plan = FaultPlan {
        timeout_ms: 200,
        delay_ms_max: 50,
        ..FaultPlan::half(seed)
    };
    let mut running = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
    controls.set_faults(Some(plan)).unwrap();
    for _ in 0..3 {
        let block = source.grow(3, 20);
        running.until_posted(block).await;
    }
    controls.set_faults(None).unwrap();
    expect_all(&l1, &source).await;
    running.kill().await;
}

/// Batches wait while L1 is dear, though not for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dear_l1_is_waited_for() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let mut tuning = Tuning::default();
    tuning.posting.max_batch_age = Duration::from_secs(3600);
    tuning.posting.target_blobs = 1;
    let mut running = Running::start(&l1, &source, dir.path(), tuning).await;
    running.until(|status| status.wei_per_byte.is_some()).await;
    let cheap = running.status.borrow().wei_per_byte;
    set_fees(&l1, 10 * GWEI, 10 * GWEI);
    running
        .until(|status| status.wei_per_byte > cheap.map(|cheap| 5 * cheap))
        .await;
    // More than a blob's worth, so that it is sealed because it is full.
    let block = source.grow(40, 2_000);
    running
        .until(|status| status.packed_block >= block && status.unposted_batches > 0)
        .await;
    controls.mine(20).unwrap();
    assert_eq!(running.status.borrow().posted_batch, 0);
    set_fees(&l1, GWEI, 1);
    running.until(|status| status.posted_batch > 0).await;
    running.kill().await;
}
