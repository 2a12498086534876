//! Payments that fail, kills, an L2 and an L1 that do not answer.

use std::time::Duration;

use alloy_primitives::Bytes;
use spillway_devnet::FaultPlan;
use spillway_relayer::Report;
use spillway_relayer::withdrawals::{FailureKind, WithdrawalStage};
use tempfile::TempDir;

use super::l1::{ETHER, L1};
use super::l2::{Town, recipient};
use super::running::{Running, Tuning};
use super::{BLOCK_TIME, expect_paid_once, is_claiming, posted};

/// Code of a contract that refuses funds: push0, push0, revert.
pub(super) const REFUSES: &[u8] = &[0x5f, 0x5f, 0xfd];
/// The same in a transaction, whose gas price is not zero as that of a call: gasprice, jump to the refusal if there is one.
pub(super) const REFUSES_IN_BLOCKS: &[u8] = &[0x3a, 0x60, 0x05, 0x57, 0x00, 0x5b, 0x5f, 0x5f, 0xfd];

/// The same, which takes all its gas with it.
const BURNS_IN_BLOCKS: &[u8] = &[0x3a, 0x60, 0x05, 0x57, 0x00, 0x5b, 0xfe];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recipient_that_refuses_blocks_nobody_and_is_tried_again() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let mut indices = posted(&l1, &town, 9).await;
    for index in [2, 7] {
        controls
            .set_code(recipient(index), Bytes::from_static(REFUSES))
            .unwrap();
    }
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    let good: Vec<_> = indices
        .iter()
        .copied()
        .filter(|i| ![2, 7].contains(i))
        .collect();
    let told = running.until_paid(&good).await;
    let failed = told.iter().filter_map(|report| match report {
        Report::PaymentFailed { index, failure } => Some((*index, failure.kind)),
        _ => None,
    });
    let expected = [2, 7].map(|index| (index, FailureKind::WouldFail));
    assert_eq!(failed.collect::<Vec<_>>(), expected);
    assert_eq!(told.iter().filter(|report| is_claiming(report)).count(), 1);
    let stage = running.book.withdrawal(2).unwrap().stage;
    assert_eq!(stage, WithdrawalStage::Claimable { batch: 1 });

    // Nothing is tried before it is time; what comes after them is paid meanwhile.
    let more = posted(&l1, &town, 2).await;
    running.until_paid(&more).await;
    controls.set_code(recipient(2), Bytes::new()).unwrap();
    controls.warp(3_600);
    running.until_paid(&[2]).await;
    assert_eq!(
        running.book.withdrawal(7).unwrap().failure.unwrap().times,
        2
    );
    indices.retain(|index| *index != 7);
    expect_paid_once(&l1, &[indices, more].concat()).await;
    running.kill().await;
}

/// One that shows itself only in a block costs its gas; the others of the claim are paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recipient_that_deceives_the_trial_is_reported() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let indices = posted(&l1, &town, 4).await;
    controls
        .set_code(recipient(1), Bytes::from_static(REFUSES_IN_BLOCKS))
        .unwrap();
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    let told = running
        .until_told(|report| matches!(report, Report::PaymentFailed { .. }))
        .await;
    let Some(Report::PaymentFailed { index, failure }) = told.last() else {
        unreachable!("it is the last");
    };
    assert_eq!((*index, failure.kind), (1, FailureKind::Failed));
    let good: Vec<_> = indices.into_iter().filter(|index| *index != 1).collect();
    running.until_paid(&good).await;
    expect_paid_once(&l1, &good).await;
    running.kill().await;
}

/// So many that the claim runs out of gas: the next one has enough for whatever they do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipients_that_burn_gas_stop_nobody_for_long() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let indices = posted(&l1, &town, 25).await;
    let (burning, good) = indices.split_at(20);
    for index in burning {
        let code = Bytes::from_static(BURNS_IN_BLOCKS);
        controls.set_code(recipient(*index), code).unwrap();
    }
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    running
        .until_report(|report| matches!(report, Report::ClaimFailed { unpaid: 25, .. }))
        .await;
    controls.warp(120);
    let last = *burning.last().expect("some burn");
    let told = running
        .until_told(
            |report| matches!(report, Report::PaymentFailed { index, .. } if *index == last),
        )
        .await;
    let is_failure = |report: &&Report| matches!(report, Report::PaymentFailed { .. });
    assert_eq!(told.iter().filter(is_failure).count(), burning.len());
    running.until_paid(good).await;
    expect_paid_once(&l1, good).await;
    running.kill().await;
}

/// Killed after each of its steps, the first after one more than the time before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_any_two_steps_it_pays_once() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let (mut all, mut kills) = (Vec::new(), 0);
    // It begins, claims, sees that the claim is in a block, and that L1 has paid.
    for steps in 1..=4 {
        let indices = posted(&l1, &town, 3).await;
        all.extend(&indices);
        let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
        for _ in 0..steps {
            if running.step_before_paid(&indices).await.is_none() {
                break;
            }
        }
        let is_paid = indices.iter().all(|index| running.book.is_paid(*index));
        kills += usize::from(!is_paid);
        running.kill().await;
    }
    assert!(kills >= 2, "it was killed {kills} times only");
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    running.until_paid(&all).await;
    expect_paid_once(&l1, &all).await;
    running.kill().await;
}

/// A claim that was asked for and not sent is the next run's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_under_way_is_taken_over() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let indices = posted(&l1, &town, 5).await;
    controls.set_block_time(None).unwrap();
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    running.until_report(is_claiming).await;
    running.kill().await;
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    let began = running
        .until_report(|report| matches!(report, Report::Began { .. }))
        .await;
    assert!(
        matches!(began, Report::Began { claims: 1, .. }),
        "{began:?}"
    );
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    let told = running.until_paid(&indices).await;
    assert!(!told.iter().any(is_claiming), "{told:?}");
    expect_paid_once(&l1, &indices).await;
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_l2_and_an_l1_that_were_down_are_asked_again() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let mut indices = posted(&l1, &town, 2).await;
    town.set_down(true);
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    running
        .until_report(|report| matches!(report, Report::Waits { .. }))
        .await;
    town.set_down(false);
    running.until_paid(&indices).await;
    controls.set_faults(Some(FaultPlan::down())).unwrap();
    indices.push(town.withdraw_to(recipient(2), ETHER));
    tokio::time::sleep(Duration::from_millis(100)).await;
    controls.set_faults(None).unwrap();
    l1.post(&town).await;
    l1.pass_window();
    running.until_paid(&indices).await;
    expect_paid_once(&l1, &indices).await;
    running.kill().await;
}
