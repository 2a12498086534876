//! Kills, receivers that refuse, tokens that lie, and an account that is emptied meanwhile.

use std::time::Duration;

use alloy_primitives::Bytes;
use spillway_devnet::FaultPlan;
use spillway_l1::transactions::{Event, Obstacle, Outcome};
use spillway_relayer::pools::{Asset, DAY, Failure, Pool, Report, Route, Wait};
use tempfile::TempDir;

use super::BLOCK_TIME;
use super::l1::{COLD, ETHER, HOT, L1, OUTSIDE, address};
use super::running::{FEES, Running, Tuning, is_moved, is_moving};

/// Code of a contract that refuses funds: push0, push0, revert.
const REFUSES: &[u8] = &[0x5f, 0x5f, 0xfd];

/// Code of a token that has 10^20 of everybody's and answers a transfer with "no": calldatasize, equals 36, times 10^20, returned.
const LIES: &[u8] = &[
    0x36, 0x60, 0x24, 0x14, 0x69, 0, 0x05, 0x6b, 0xc7, 0x5e, 0x2d, 0x63, 0x10, 0, 0, 0x02, 0x5f,
    0x52, 0x60, 0x20, 0x5f, 0xf3,
];

/// Killed after each of its steps, the first after one more than the time before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_any_two_steps_it_moves_once() {
    let l1 = L1::start([20, 50, 2], BLOCK_TIME).await;
    let (dir, tuning) = (TempDir::new().unwrap(), Tuning::new());
    // It begins, moves, and sees that the move is in a block.
    for steps in 1..=3 {
        l1.pay(OUTSIDE, HOT, 30 * ETHER).await;
        let mut running = Running::start(&l1, dir.path(), &tuning).await;
        for _ in 0..steps {
            running.step_before(|_| false).await.expect("it goes on");
        }
        running.restart(&l1, dir.path(), &tuning).await;
        running
            .until(|status| {
                let hot = status.balances.get(&(Asset::Eth, Pool::Hot));
                hot.is_some_and(|hot| hot.settled() < 40 * ETHER)
            })
            .await;
        running.until_calm().await;
        running.kill().await;
        assert_eq!(l1.sent_by(Pool::Hot).await, steps, "one for each payment");
    }
    let hot = l1.ether_of(Pool::Hot).await;
    assert!((20 * ETHER..20 * ETHER + FEES).contains(&hot), "{hot}");
}

/// A move that was asked for and not sent is the next run's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_under_way_is_taken_over() {
    let l1 = L1::start([50, 50, 2], BLOCK_TIME).await;
    let (dir, tuning) = (TempDir::new().unwrap(), Tuning::new());
    let controls = l1.devnet.controls();
    controls.set_block_time(None).unwrap();
    let mut running = Running::start(&l1, dir.path(), &tuning).await;
    let Report::Moving { asked, .. } = running.until_report(is_moving).await else {
        unreachable!("it is one");
    };
    running.restart(&l1, dir.path(), &tuning).await;
    let began = running
        .until_report(|report| matches!(report, Report::Began { .. }))
        .await;
    assert_eq!(began, Report::Began { moves: 1 });
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    let told = running.until_told(is_moved).await;
    assert!(!told.iter().any(is_moving), "{told:?}");
    assert!(matches!(told.last(), Some(Report::Moved { asked: moved, .. }) if *moved == asked));
    running.until_calm().await;
    assert_eq!(running.moves().await, [asked], "it counts for a day");
    running.kill().await;
    assert_eq!(l1.sent_by(Pool::Hot).await, 1);
}

/// What a day's moves were is known after a restart, and let go of after the day.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_does_not_begin_a_new_day() {
    let l1 = L1::start([50, 50, 2], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let mut tuning = Tuning::new();
    tuning.pools.eth.hot_limits.move_max = 40 * ETHER;
    tuning.pools.eth.hot_limits.day_max = 40 * ETHER;
    let mut running = Running::start(&l1, dir.path(), &tuning).await;
    running.until_report(is_moving).await;
    running.until_calm().await;
    running.restart(&l1, dir.path(), &tuning).await;
    l1.pay(OUTSIDE, HOT, 60 * ETHER).await;
    let moving = running.until_report(is_moving).await;
    let Report::Moving { asked, .. } = moving else {
        unreachable!("it is one");
    };
    assert!(
        (10 * ETHER..10 * ETHER + FEES).contains(&asked.amount),
        "{asked:?}"
    );
    running.restart(&l1, dir.path(), &tuning).await;
    running
        .until_waits(|wait| matches!(wait, Wait::DayLimit { .. }))
        .await;
    // The chain is ahead of its clock, which a warp moves.
    l1.devnet.controls().warp(DAY + 3_600);
    let moving = running.until_report(is_moving).await;
    assert!(matches!(moving, Report::Moving { asked, .. } if asked.amount > 29 * ETHER));
    running.until_calm().await;
    assert_eq!(running.moves().await.len(), 1, "the others are over");
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_refuses_holds_up_no_other_move() {
    let l1 = L1::start([50, 50, 0], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let controls = l1.devnet.controls();
    let code = Bytes::from_static(REFUSES);
    controls.set_code(address(COLD), code).unwrap();
    let mut tuning = Tuning::new();
    tuning.has_cold_key = false;
    let mut running = Running::start(&l1, dir.path(), &tuning).await;
    let failed = running
        .until_report(|report| matches!(report, Report::Failed { .. }))
        .await;
    let Report::Failed { route, failure, .. } = failed else {
        unreachable!("it is one");
    };
    assert_eq!(route, Route::surplus(Asset::Eth));
    assert!(matches!(failure, Failure::WouldFail(_)), "{failure:?}");
    running
        .until(|status| {
            let operating = status.balances[&(Asset::Eth, Pool::Operating)];
            operating.settled() == 2 * ETHER
        })
        .await;
    controls.set_code(address(COLD), Bytes::new()).unwrap();
    controls.warp(tuning.pools.retry);
    running.until_report(is_moving).await;
    running.until_calm().await;
    assert_eq!(
        l1.sent_by(Pool::Hot).await,
        2,
        "what would fail is not sent"
    );
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_lies_or_is_none_holds_up_no_other_asset() {
    let l1 = L1::start([50, 50, 2], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let controls = l1.devnet.controls();
    controls
        .set_code(l1.token, Bytes::from_static(LIES))
        .unwrap();
    let tuning = Tuning::new().with_token(&l1);
    let mut running = Running::start(&l1, dir.path(), &tuning).await;
    let mut told = Vec::new();
    let token = Asset::Token(l1.token);
    for asset in [Asset::Eth, token] {
        let is_it = |report: &Report| match report {
            Report::Moving { asked, .. } => asked.route.asset == asset,
            Report::Failed { route, .. } => route.asset == asset,
            _ => false,
        };
        if !told.iter().any(is_it) {
            told.extend(running.until_told(is_it).await);
        }
    }
    let lied = told.iter().find_map(|report| match report {
        Report::Failed { failure, .. } => Some(failure.to_string()),
        _ => None,
    });
    assert!(lied.unwrap().contains("does not transfer"), "{told:?}");
    controls.set_code(l1.token, Bytes::new()).unwrap();
    running
        .until_waits(|wait| matches!(wait, Wait::Unreadable { .. }))
        .await;
    running.until(|status| status.moves.is_empty()).await;
    assert_eq!(l1.sent_by(Pool::Hot).await, 1);
    running.kill().await;
}

/// What hot cannot pay any more would hold up whatever is sent after it: it is withdrawn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_cannot_be_paid_any_more_is_withdrawn() {
    let l1 = L1::start([60, 50, 2], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let controls = l1.devnet.controls();
    controls.set_block_time(None).unwrap();
    // Nobody says that this is owed, and the balance does not show it yet.
    let mut tuning = Tuning::new();
    tuning.spent_before = 35 * ETHER;
    let mut running = Running::start(&l1, dir.path(), &tuning).await;
    let blocked = running
        .until_report(|report| matches!(report, Report::Blocked { .. }))
        .await;
    assert!(
        matches!(
            blocked,
            Report::Blocked {
                obstacle: Obstacle::Funds,
                ..
            }
        ),
        "{blocked:?}"
    );
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    let failed = running
        .until_report(|report| matches!(report, Report::Failed { .. }))
        .await;
    assert!(
        matches!(
            failed,
            Report::Failed {
                failure: Failure::Ended(Outcome::Cancelled),
                ..
            }
        ),
        "{failed:?}"
    );
    let after = running.spend(1, ETHER).await;
    running
        .until_other(|event| matches!(event, Event::Included { id, .. } if *id == after))
        .await;
    running.until_calm().await;
    assert_eq!(l1.ether_moves().await, []);
    assert_eq!(running.moves().await, [], "it is let go of");
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_l1_that_was_down_is_asked_again() {
    let l1 = L1::start([20, 50, 2], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let controls = l1.devnet.controls();
    let mut running = Running::start(&l1, dir.path(), &Tuning::new()).await;
    running.until_calm().await;
    controls.set_faults(Some(FaultPlan::down())).unwrap();
    running
        .until_report(|report| matches!(report, Report::Silent { .. }))
        .await;
    // Far longer than it takes to ask again.
    tokio::time::sleep(Duration::from_millis(100)).await;
    controls.set_faults(None).unwrap();
    l1.pay(OUTSIDE, HOT, 30 * ETHER).await;
    let told = running.until_told(is_moving).await;
    assert_eq!(told.len(), 1, "once is enough: {told:?}");
    running.until_calm().await;
    running.kill().await;
}
