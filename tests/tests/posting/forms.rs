//! Blobs and calldata, changed between starts and while the node runs.

use serde_json::json;
use spillway_tests::Anvil;

use super::patiently;
use super::rollup::{Rollup, a_block_a_second};
use super::stranger::{Form, Posted, derive};

/// Batches after which a change of the fee must have shown.
const ROUNDS_MAX: usize = 5;

/// Wei for a unit of blob gas at which calldata is cheaper.
const DEAR: u64 = 20_000_000_000;

/// Wei for a unit of blob gas that are more than the operator allows.
const FORBIDDEN: u64 = 1_000_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_may_change_the_form_at_each_start() {
    let anvil = Anvil::start(&[]);
    let mut rollup = Rollup::start(Some(anvil.url()), &["--post-as", "calldata"], 2).await;
    a_block_a_second(&anvil).await;
    for form in ["blobs", "calldata"] {
        rollup.send_each(100, 50).await;
        // Some of it is on its way to L1 in the form that was asked for before.
        rollup.stop();
        rollup.resume(&["--post-as", form]).await;
        rollup.send_each(100, 50).await;
        rollup.posted().await;
    }
    let derived = rollup.agrees().await;
    let (blobs, calldata) = (derived.count(Form::Blobs), derived.count(Form::Calldata));
    assert!(blobs >= 1 && calldata >= 2, "{blobs} {calldata}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cheaper_form_follows_the_fees() {
    let mut rollup = Rollup::start(None, &["--l1-block-time", "200ms"], 3).await;
    let l1 = rollup.l1();
    for (fee, cheaper) in [(1, Form::Blobs), (DEAR, Form::Calldata), (1, Form::Blobs)] {
        let set = l1.call("devnet_setBlobBaseFee", json!([fee])).await;
        set.expect("a control");
        // A batch may have been sealed at the fee before.
        for round in 0.. {
            rollup.send_each(20, 20).await;
            rollup.posted().await;
            let derived = derive(l1.url(), &rollup.contracts())
                .await
                .expect("a chain");
            if derived.batches.last().map(Posted::form) == Some(cheaper) {
                break;
            }
            assert!(round < ROUNDS_MAX, "no batch comes in {cheaper:?}");
        }
    }
    rollup.agrees().await;
}

/// What the fee caps forbid waits, and the operator reads why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_above_the_cap_is_waited_out() {
    let arguments = ["--l1-block-time", "200ms", "--post-as", "blobs"];
    let mut rollup = Rollup::start(None, &arguments, 10).await;
    let l1 = rollup.l1();
    let set_fee = async |fee: u64| {
        let set = l1.call("devnet_setBlobBaseFee", json!([fee])).await;
        set.expect("a control");
    };
    set_fee(FORBIDDEN).await;
    rollup.send_each(10, 10).await;
    patiently("the reason", async || {
        rollup.node().log().contains("fees are above the cap")
    })
    .await;
    rollup.send_each(10, 10).await;
    set_fee(1).await;
    rollup.agrees().await;
}
