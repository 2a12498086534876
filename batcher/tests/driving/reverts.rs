//! Batches that fall in a dispute: nothing is posted until the journal has followed, and then everything again.

use std::time::Duration;

use spillway_batcher::driver::Report;
use spillway_devnet::chain::Dropped;
use tempfile::TempDir;

use super::l1::L1;
use super::running::{Running, Tuning};
use super::source::Source;
use super::{BLOCK_TIME, DEAR, expect_all};

/// Waits until it says that it waits, twice.
async fn waits(running: &mut Running) {
    for _ in 0..2 {
        let again = running
            .until_report(|report| matches!(report, Report::Again { .. }))
            .await;
        let text = format!("{again:?}");
        assert!(text.contains("batches have fallen"), "{text}");
    }
}

/// Posts batches until there are so many.
async fn post(l1: &L1, source: &Source, running: &mut Running, batches: usize) {
    while l1.batches().await.len() < batches {
        let block = source.grow(2, 50);
        running.until_posted(block).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fell_is_posted_again_once_the_journal_has_followed() {
    for (fee, depth) in [(1, 8), (DEAR, 200)] {
        let l1 = L1::start(BLOCK_TIME).await;
        l1.devnet.controls().set_blob_base_fee(Some(fee));
        let (source, dir) = (Source::new(), TempDir::new().unwrap());
        let mut tuning = Tuning {
            depth,
            ..Tuning::default()
        };
        let mut running = Running::start(&l1, &source, dir.path(), tuning).await;
        for (fork_id, fallen) in [(1, 2), (2, 1), (3, 3)] {
            post(&l1, &source, &mut running, 3).await;
            let standing = l1.batches().await;
            l1.fell(fallen).await;
            waits(&mut running).await;
            assert_eq!(l1.batches().await.len() as u64, fallen - 1);
            running.kill().await;
            // The same blocks, as a journal comes out of a roll-back in which nothing was dropped.
            tuning.fork_id = fork_id;
            running = Running::start(&l1, &source, dir.path(), tuning).await;
            running.until_posted(source.head().number).await;
            expect_all(&l1, &source).await;
            let again = l1.batches().await;
            let stood = fallen as usize - 1;
            assert_eq!(again[..stood], standing[..stood]);
        }
        running.kill().await;
    }
}

/// L1 takes the revert back before anybody has followed it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revert_that_l1_takes_back_is_as_if_it_had_never_been() {
    let l1 = L1::start(Duration::from_millis(200)).await;
    let controls = l1.devnet.controls();
    controls.set_blob_base_fee(Some(DEAR));
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let deep = Tuning {
        depth: 64,
        ..Tuning::default()
    };
    let mut running = Running::start(&l1, &source, dir.path(), deep).await;
    post(&l1, &source, &mut running, 3).await;
    let before = l1.devnet.chain().head().header.number;
    let batches = l1.batches().await;
    l1.fell(2).await;
    waits(&mut running).await;
    controls.set_block_time(None).unwrap();
    let depth = l1.devnet.chain().head().header.number - before;
    let depth = usize::try_from(depth).unwrap();
    controls.reorg(depth, Dropped::Lost).unwrap();
    controls.mine(1).unwrap();
    assert_eq!(l1.batches().await, batches);
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    let block = source.grow(2, 50);
    running.until_posted(block).await;
    expect_all(&l1, &source).await;
    running.kill().await;
}
