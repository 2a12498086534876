//! Money moves where it is missing, and what cannot move is said.

use spillway_l1::transactions::{Event, Outcome};
use spillway_relayer::pools::{Asset, Notice, Pool, Report, Route, Wait};
use tempfile::TempDir;

use super::BLOCK_TIME;
use super::l1::{COLD, ETHER, GWEI, HOT, L1, OUTSIDE};
use super::running::{CONFIRMATIONS, FEES, Running, Tuning, is_moving};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn surplus_goes_to_the_reserve_and_operating_is_topped_up() {
    let l1 = L1::start([100, 50, 0], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let mut running = Running::start(&l1, dir.path(), &Tuning::new()).await;
    running.until_report(is_moving).await;
    running.until_calm().await;
    assert_eq!(l1.ether_of(Pool::Operating).await, 2 * ETHER);
    let hot = l1.ether_of(Pool::Hot).await;
    assert!((20 * ETHER..20 * ETHER + FEES).contains(&hot), "{hot}");
    let cold = l1.ether_of(Pool::Cold).await;
    assert!((128 * ETHER - FEES..128 * ETHER).contains(&cold), "{cold}");
    assert_eq!(
        (l1.sent_by(Pool::Hot).await, l1.sent_by(Pool::Cold).await),
        (2, 0)
    );
    let spent = running.status.borrow().wei_spent;
    assert_eq!(spent, 150 * ETHER - hot - cold - 2 * ETHER);
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_spent_is_filled_from_the_reserve() {
    let l1 = L1::start([30, 50, 2], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let mut running = Running::start(&l1, dir.path(), &Tuning::new()).await;
    running.until_calm().await;
    let paid = running.spend(1, 25 * ETHER).await;
    // Who shares the account hears of what is its own, and of nothing else.
    let ended = running
        .until_other(|event| matches!(event, Event::Final { .. }))
        .await;
    assert!(
        matches!(ended, Event::Final { id, settled } if id == paid && settled.outcome == Outcome::Executed),
        "{ended:?}"
    );
    running
        .until(|status| {
            let hot = status.balances.get(&(Asset::Eth, Pool::Hot));
            hot.is_some_and(|hot| hot.settled() == 20 * ETHER)
        })
        .await;
    running.until_calm().await;
    assert_eq!(l1.ether_of(Pool::Hot).await, 20 * ETHER);
    assert_eq!(
        (l1.sent_by(Pool::Hot).await, l1.sent_by(Pool::Cold).await),
        (1, 1)
    );
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_moves_both_ways() {
    let l1 = L1::start([30, 50, 2], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let token = Asset::Token(l1.token);
    let tuning = Tuning::new().with_token(&l1);
    let mut running = Running::start(&l1, dir.path(), &tuning).await;
    running.until_report(is_moving).await;
    running.until_calm().await;
    assert_eq!(l1.balance(token, Pool::Hot).await, 20 * ETHER);
    l1.mint(HOT, 31 * ETHER).await;
    let moving = running.until_report(is_moving).await;
    assert!(
        matches!(moving, Report::Moving { asked, .. } if asked.route == Route::surplus(token) && asked.amount == 31 * ETHER),
        "{moving:?}"
    );
    running.until_calm().await;
    assert_eq!(l1.balance(token, Pool::Hot).await, 20 * ETHER);
    assert_eq!(l1.balance(token, Pool::Cold).await, 111 * ETHER);
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_key_elsewhere_has_to_send_is_said_and_seen() {
    let l1 = L1::start([5, 50, 2], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let mut tuning = Tuning::new();
    tuning.has_cold_key = false;
    let mut running = Running::start(&l1, dir.path(), &tuning).await;
    let needs = running.until_waits(|wait| *wait == Wait::NoKey).await;
    let Report::Notice(Notice::Waits(needs)) = needs else {
        unreachable!("it waits");
    };
    assert_eq!(
        (needs.route, needs.amount),
        (Route::fill(Asset::Eth), 15 * ETHER)
    );
    let told = running.for_blocks(10).await;
    assert_eq!(told, [], "once is enough for six hours");
    l1.devnet.controls().warp(tuning.pools.remind);
    running.until_waits(|wait| *wait == Wait::NoKey).await;
    l1.pay(COLD, HOT, needs.amount).await;
    let route = needs.route;
    running
        .until_report(|report| *report == Report::Notice(Notice::Met { route }))
        .await;
    running.until_calm().await;
    assert_eq!(l1.sent_by(Pool::Hot).await, 0);
    running.kill().await;
}

/// Money that has just come does not move on: a fork could take it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_moves_when_it_has_been_there_for_long_enough() {
    let l1 = L1::start([20, 50, 2], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let controls = l1.devnet.controls();
    let mut running = Running::start(&l1, dir.path(), &Tuning::new()).await;
    running.until_calm().await;
    controls.set_block_time(None).unwrap();
    l1.begin_to_pay(OUTSIDE, HOT, 30 * ETHER).await;
    let paid = controls.mine(1).unwrap();
    assert_eq!(l1.ether_of(Pool::Hot).await, 50 * ETHER);
    let (mut told, mut times) = (Vec::new(), vec![paid.header.timestamp]);
    for _ in 0..2 * CONFIRMATIONS {
        let block = controls.mine(1).unwrap();
        times.push(block.header.timestamp);
        told.extend(
            running
                .until(|status| status.l1_block >= block.header.number)
                .await,
        );
    }
    let Some(Report::Moving { asked, .. }) = told.first() else {
        panic!("it moves: {told:?}");
    };
    assert_eq!(asked.route, Route::surplus(Asset::Eth));
    assert_eq!(asked.time, times[CONFIRMATIONS as usize]);
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_owed_stays_in_hot() {
    let l1 = L1::start([20, 50, 2], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    let mut running = Running::start(&l1, dir.path(), &Tuning::new()).await;
    running.until_calm().await;
    running
        .commitments
        .send_modify(|owed| _ = owed.insert(Asset::Eth, 20 * ETHER));
    l1.pay(OUTSIDE, HOT, 30 * ETHER).await;
    let told = running.for_blocks(3 * CONFIRMATIONS).await;
    assert_eq!(told, []);
    running
        .commitments
        .send_modify(|owed| _ = owed.insert(Asset::Eth, 5 * ETHER));
    let moving = running.until_report(is_moving).await;
    let Report::Moving { asked, .. } = moving else {
        unreachable!("it is one");
    };
    assert!(
        (25 * ETHER - FEES..25 * ETHER).contains(&asked.amount),
        "{asked:?}"
    );
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves_wait_for_fees_below_the_ceiling_unless_they_are_urgent() {
    let l1 = L1::start([100, 50, 0], BLOCK_TIME).await;
    let dir = TempDir::new().unwrap();
    l1.set_base_fee(50 * GWEI);
    let mut running = Running::start(&l1, dir.path(), &Tuning::new()).await;
    let told = running
        .until_told(|report| matches!(report, Report::Notice(Notice::Waits(_))))
        .await;
    let Some(Report::Notice(Notice::Waits(waits))) = told.last() else {
        unreachable!("it is the last");
    };
    assert!(matches!(waits.wait, Wait::Fees { .. }), "{waits:?}");
    assert_eq!(waits.route, Route::surplus(Asset::Eth));
    let moving = running.until_report(is_moving).await;
    assert!(
        matches!(moving, Report::Moving { asked, .. } if asked.route == Route::TOP_UP),
        "operating has nothing: {moving:?}"
    );
    let told = running.for_blocks(3 * CONFIRMATIONS).await;
    assert!(!told.iter().any(is_moving), "{told:?}");
    l1.set_base_fee(GWEI);
    running.until_report(is_moving).await;
    running.until_calm().await;
    assert_eq!(l1.sent_by(Pool::Hot).await, 2);
    running.kill().await;
}
