//! When claims are made: L1's price against the service level.

use spillway_relayer::Report;
use spillway_relayer::policy::{ClaimPolicy, ClaimReason};
use tempfile::TempDir;

use super::l1::{GWEI, L1};
use super::l2::Town;
use super::running::{Running, Tuning};
use super::{BLOCK_TIME, expect_paid_once, is_claiming, posted};

const HOURS: u64 = 3_600;

fn patient() -> Tuning {
    Tuning {
        policy: ClaimPolicy {
            service_level: 6 * HOURS,
            ..ClaimPolicy::default()
        },
        ..Tuning::default()
    }
}

fn reason(report: &Report) -> ClaimReason {
    match report {
        Report::Claiming { reason, .. } => *reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spike_postpones_claims_until_the_service_level() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    controls.mine(100).unwrap();
    l1.set_base_fee(30 * GWEI);
    let indices = posted(&l1, &town, 40).await;
    let mut running = Running::start(&l1, &town, dir.path(), patient()).await;
    running
        .until(|status| status.withdrawals_waiting == 40)
        .await;
    controls.warp(5 * HOURS);
    let block = controls.mine(3).unwrap().header.number;
    running
        .until(|status| status.l1_block > block && status.oldest_wait > 5 * HOURS)
        .await;
    assert_eq!(running.status.borrow().claims, 0, "it is dear, and not due");
    controls.warp(HOURS);
    let claiming = running.until_report(is_claiming).await;
    assert_eq!(reason(&claiming), ClaimReason::Due);
    running.until_paid(&indices).await;
    expect_paid_once(&l1, &indices).await;
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_low_price_is_taken() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    controls.mine(100).unwrap();
    let indices = posted(&l1, &town, 40).await;
    let mut running = Running::start(&l1, &town, dir.path(), patient()).await;
    running
        .until(|status| status.withdrawals_waiting == 40)
        .await;
    let block = controls.mine(2).unwrap().header.number;
    running.until(|status| status.l1_block > block).await;
    assert_eq!(running.status.borrow().claims, 0, "it is an ordinary price");
    l1.set_base_fee(GWEI * 3 / 10);
    let claiming = running.until_report(is_claiming).await;
    assert_eq!(reason(&claiming), ClaimReason::Price);
    running.until_paid(&indices).await;
    expect_paid_once(&l1, &indices).await;
    running.kill().await;
}
