//! The batcher on the embedded L1: whatever happens in between, every block gets there once.

mod faults;
mod l1;
mod mistakes;
mod reverts;
mod running;
mod source;
mod twice;

use std::time::Duration;

use spillway_batcher::driver::Report;
use spillway_batcher::policy::Forms;
use spillway_batcher::price::Form;
use tempfile::TempDir;

use l1::L1;
use running::{Running, Tuning};
use source::Source;

const BLOCK_TIME: Duration = Duration::from_millis(40);
const GWEI: u128 = 1_000_000_000;

/// A fee for blob gas at which calldata is cheaper.
const DEAR: u128 = 30 * GWEI;

/// That L1 has the whole chain, and nothing twice.
async fn expect_all(l1: &L1, source: &Source) {
    let (root, block) = l1.replay().await;
    assert_eq!(block, source.head().number);
    assert_eq!(root, source.state_root());
}

fn forms(reports: &[Report]) -> Vec<Form> {
    let form = |report: &Report| match report {
        Report::Submitted { form, .. } => Some(*form),
        _ => None,
    };
    reports.iter().filter_map(form).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_go_in_the_cheaper_form_and_replay() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let mut running = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
    let mut sent = Vec::new();
    for is_dear in [false, true, false] {
        let fee = if is_dear { DEAR } else { 1 };
        l1.devnet.controls().set_blob_base_fee(Some(fee));
        let is_known =
            |price: Option<u128>| price.is_some_and(|price| (price > 10 * GWEI) == is_dear);
        running.until(|status| is_known(status.wei_per_byte)).await;
        let block = source.grow(20, 100);
        sent.extend(forms(&running.until_posted(block).await));
    }
    expect_all(&l1, &source).await;
    sent.dedup();
    assert_eq!(sent, [Form::Blobs, Form::Calldata, Form::Blobs]);
    running.kill().await;
}

/// A batch is sealed before a block that would make it too large for calldata.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wide_block_does_not_push_a_batch_out_of_calldata() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let mut tuning = Tuning::default();
    tuning.posting.forms = Forms::Calldata;
    source.grow(60, 100);
    let block = source.grow(1, 5_000);
    let mut running = Running::start(&l1, &source, dir.path(), tuning).await;
    let sent = forms(&running.until_posted(block).await);
    assert!(sent.iter().all(|form| *form == Form::Calldata), "{sent:?}");
    expect_all(&l1, &source).await;
    running.kill().await;
}

/// Killed after each of its steps, the first after one more than the time before, until it comes through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_any_two_steps_it_goes_on() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let mut kills = 0;
    for fee in [1, DEAR] {
        l1.devnet.controls().set_blob_base_fee(Some(fee));
        // It begins, seals, submits, and sees that the batch stands.
        for steps in 1..=5 {
            let block = source.grow(3, 50);
            let mut running = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
            for _ in 0..steps {
                if running.step_before(block).await.is_none() {
                    break;
                }
            }
            kills += usize::from(running.status.borrow().posted_block < block);
            running.kill().await;
        }
    }
    assert!(kills >= 6, "it was killed {kills} times only");
    let block = source.grow(1, 1);
    let mut running = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
    running.until_posted(block).await;
    expect_all(&l1, &source).await;
    running.kill().await;
}

/// What one has sealed and sent in one run, the next one cuts in the same way, with nothing on disk but the transactions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_under_way_is_taken_over() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (source, dir) = (Source::new(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    controls.set_block_time(None).unwrap();
    source.grow(4, 10);
    let mut running = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
    let is_submitted = |report: &Report| matches!(report, Report::Submitted { .. });
    running.until_report(is_submitted).await;
    running.kill().await;

    let block = source.grow(4, 10);
    let mut running = Running::start(&l1, &source, dir.path(), Tuning::default()).await;
    let began = running
        .until_report(|report| matches!(report, Report::Began { .. }))
        .await;
    assert!(
        matches!(began, Report::Began { resumed: 1, .. }),
        "{began:?}"
    );
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    running.until_posted(block).await;
    expect_all(&l1, &source).await;
    assert_eq!(l1.batches().await.len(), 2);
    running.kill().await;
}
