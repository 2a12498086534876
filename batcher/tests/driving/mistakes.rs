//! Mistakes of operators, and an L1 far away.

use std::time::Duration;

use spillway_batcher::driver::{BatcherError, Report};
use spillway_devnet::FaultPlan;
use tempfile::TempDir;

use super::l1::{BLOBS, L1, OTHER_CALLDATA, STRANGER};
use super::running::{Running, Tuning};
use super::source::Source;
use super::{BLOCK_TIME, DEAR, expect_all};

/// A journal that is not the one whose batches are final on L1: nothing may be built on them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_journal_than_that_of_the_final_batches_is_not_posted() {
    let l1 = L1::start(BLOCK_TIME).await;
    l1.devnet.controls().set_blob_base_fee(Some(DEAR));
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let block = source.grow(5, 10);
    let mut running = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
    running.until(|status| status.final_block >= block).await;
    running.kill().await;
    let batches = l1.batches().await.len();

    let (other, dir) = (Source::new(), TempDir::new().unwrap());
    other.grow(20, 7);
    let running = Running::start(&l1, &other, dir.path(), Tuning::default()).await;
    let error = running.end().await;
    assert!(matches!(error, BatcherError::Foreign { .. }), "{error}");
    assert_eq!(l1.batches().await.len(), batches);
}

/// The same while they are not final: it waits until they are, or are gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_journal_than_that_of_standing_batches_waits() {
    let l1 = L1::start(BLOCK_TIME).await;
    l1.devnet.controls().set_blob_base_fee(Some(DEAR));
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let deep = Tuning {
        depth: 10_000,
        ..Tuning::default()
    };
    let block = source.grow(5, 10);
    let mut running = Running::start(&l1, &source, dir.path(), deep).await;
    running.until_posted(block).await;
    running.kill().await;
    let batches = l1.batches().await.len();

    let (other, dir) = (Source::new(), TempDir::new().unwrap());
    other.grow(20, 7);
    let mut running = Running::start(&l1, &other, dir.path(), deep).await;
    for _ in 0..2 {
        let again = running
            .until_report(|report| matches!(report, Report::Again { .. }))
            .await;
        let text = format!("{again:?}");
        assert!(text.contains("not what this journal leads to"), "{text}");
    }
    assert_eq!(l1.batches().await.len(), batches);
    running.kill().await;
}

/// An account that the sequencer has not allowed: everything reverts until it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_allowed_later_posts_without_a_restart() {
    let l1 = L1::start(BLOCK_TIME).await;
    l1.devnet.controls().set_blob_base_fee(Some(DEAR));
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let tuning = Tuning {
        calldata: STRANGER,
        blobs: BLOBS,
        ..Tuning::default()
    };
    let mut running = Running::start(&l1, &source, dir.path(), tuning).await;
    source.grow(5, 10);
    for _ in 0..5 {
        running
            .until_report(|report| matches!(report, Report::Failed { .. }))
            .await;
    }
    l1.allow(STRANGER).await;
    let block = source.grow(1, 1);
    running.until_posted(block).await;
    expect_all(&l1, &source).await;
    running.kill().await;
}

/// Every answer takes longer than the batcher's tick.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_l1_that_is_slower_than_the_tick_is_read() {
    let l1 = L1::start(Duration::from_millis(500)).await;
    let controls = l1.devnet.controls();
    controls.set_blob_base_fee(Some(DEAR));
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let tuning = Tuning {
        calldata: OTHER_CALLDATA,
        ..Tuning::default()
    };
    let mut running = Running::start(&l1, &source, dir.path(), tuning).await;
    let slow = FaultPlan {
        delay: 1_000,
        delay_ms_max: 150,
        ..FaultPlan::default()
    };
    controls.set_faults(Some(slow)).unwrap();
    for _ in 0..2 {
        let block = source.grow(2, 5);
        running.until_posted(block).await;
    }
    controls.set_faults(None).unwrap();
    expect_all(&l1, &source).await;
    running.kill().await;
}
