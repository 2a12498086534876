//! A hundred thousand transactions, posted to anvil over HTTP.

use spillway_tests::Anvil;

use super::rollup::{Rollup, a_block_a_second};
use super::stranger::{Derived, Form};

/// Transactions of each of the twenty wallets.
const EACH: usize = 5_000;

/// Transactions in a request. A block holds one of each wallet at most; in calldata it has to fit sixty chunks.
const BULK: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_in_blobs_under_load() {
    let derived = posted_as("blobs").await;
    assert!(derived.count(Form::Blobs) >= 2);
    assert_eq!(derived.count(Form::Calldata), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_in_calldata_under_load() {
    let derived = posted_as("calldata").await;
    assert_eq!(derived.count(Form::Blobs), 0);
    assert!(derived.count(Form::Calldata) >= 20);
}

async fn posted_as(form: &str) -> Derived {
    let anvil = Anvil::start(&[]);
    let mut rollup = Rollup::start(Some(anvil.url()), &["--post-as", form], 1).await;
    a_block_a_second(&anvil).await;
    rollup.send_each(EACH, BULK).await;
    assert_eq!(rollup.acknowledged.len(), 20 * EACH);
    let derived = rollup.agrees().await;
    let authorised = derived.state.counters().authorised_count;
    assert!(authorised > rollup.acknowledged.len() as u64);
    derived
}
