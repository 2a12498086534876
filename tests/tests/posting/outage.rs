//! L1 is away for a while, and users do not notice.

use std::time::Duration;

use serde_json::json;
use spillway_tests::Anvil;

use super::rollup::{Rollup, a_block_a_second};
use super::{number, patiently};

/// How long it is away.
const OUTAGE: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_l1_that_hangs_gets_the_backlog() {
    let anvil = Anvil::start(&[]);
    let mut rollup = Rollup::start(Some(anvil.url()), &["--post-as", "calldata"], 4).await;
    a_block_a_second(&anvil).await;
    rollup.send_each(10, 10).await;
    rollup.posted().await;
    anvil.pause();
    users_go_on(&mut rollup).await;
    anvil.resume();
    rollup.agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_l1_that_refuses_gets_the_backlog() {
    let arguments = ["--l1-block-time", "200ms", "--post-as", "calldata"];
    let mut rollup = Rollup::start(None, &arguments, 5).await;
    rollup.send_each(10, 10).await;
    rollup.posted().await;
    let l1 = rollup.l1();
    let faults = async |plan| {
        l1.call("devnet_setFaults", json!([plan]))
            .await
            .expect("a control")
    };
    faults(json!({ "error": 1_000 })).await;
    // Ten minutes of its own time.
    l1.call("devnet_warp", json!([600]))
        .await
        .expect("a control");
    users_go_on(&mut rollup).await;
    faults(json!(null)).await;
    rollup.agrees().await;
}

/// Everything is acknowledged, and nothing comes to L1.
async fn users_go_on(rollup: &mut Rollup) {
    let before = number(&rollup.status().await, "posted_block");
    let load = rollup.load(10);
    tokio::time::sleep(OUTAGE).await;
    patiently("a backlog", async || {
        number(&rollup.status().await, "unposted_bytes") > 5_000
    })
    .await;
    let acknowledged = rollup.acknowledged.len();
    rollup.end(load).await;
    assert!(rollup.acknowledged.len() > acknowledged);
    let status = rollup.status().await;
    assert_eq!(number(&status, "posted_block"), before, "{status}");
}
