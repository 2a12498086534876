//! Two batchers for one sequencer, started by mistake.

use spillway_batcher::driver::Report;
use tempfile::TempDir;

use super::l1::{L1, OTHER_BLOBS, OTHER_CALLDATA, SEQUENCER};
use super::running::{Running, Tuning};
use super::source::Source;
use super::{BLOCK_TIME, DEAR, expect_all};

/// Each seals where it likes, and L1 takes one of them. The other begins again from there.
async fn run(second: Tuning) {
    let l1 = L1::start(BLOCK_TIME).await;
    l1.devnet.controls().set_blob_base_fee(Some(DEAR));
    let source = Source::new();
    let dirs = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let mut first = Running::start(&l1, &source, dirs[0].path(), Tuning::default()).await;
    let mut second = Running::start(&l1, &source, dirs[1].path(), second).await;
    for _ in 0..6 {
        let block = source.grow(5, 20);
        tokio::join!(first.until_posted(block), second.until_posted(block));
    }
    expect_all(&l1, &source).await;
    first.kill().await;
    second.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_accounts_of_its_own_a_second_batcher_does_no_harm() {
    run(Tuning {
        blobs: OTHER_BLOBS,
        calldata: OTHER_CALLDATA,
        ..Tuning::default()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_same_accounts_a_second_batcher_does_no_harm() {
    run(Tuning::default()).await;
}

/// Somebody else with the key uses the nonce of a batch: the batch gets another one at once, and not when it is certain that the
/// first is lost, for which this test has no time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_nonce_is_not_waited_for() {
    let l1 = L1::start(BLOCK_TIME).await;
    let controls = l1.devnet.controls();
    controls.set_blob_base_fee(Some(DEAR));
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let deep = Tuning {
        depth: 10_000,
        ..Tuning::default()
    };
    let mut running = Running::start(&l1, &source, dir.path(), deep).await;
    let block = source.grow(5, 10);
    running.until_posted(block).await;
    controls.set_block_time(None).unwrap();
    let block = source.grow(5, 10);
    let is_submitted = |report: &_| matches!(report, Report::Submitted { .. });
    running.until_report(is_submitted).await;
    l1.take_nonce(SEQUENCER).await;
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    running.until_posted(block).await;
    expect_all(&l1, &source).await;
    running.kill().await;
}

/// On the same folder it does not start at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "InUse")]
async fn a_second_batcher_on_the_same_folder_is_refused() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let _first = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
    let _second = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
}
