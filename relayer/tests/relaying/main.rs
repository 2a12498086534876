//! The relayer on the embedded L1: whatever happens in between, every withdrawal is paid once.

mod advances;
mod faults;
mod forks;
mod l1;
mod l2;
mod pool;
mod prices;
mod random;
mod running;

use std::time::Duration;

use alloy_primitives::{Address, U256};
use spillway_relayer::Report;
use spillway_relayer::deposits::DepositStage;
use spillway_relayer::policy::{CLAIM_GAS, EACH_GAS};
use spillway_relayer::withdrawals::WithdrawalStage;
use tempfile::TempDir;

use l1::{ETHER, L1, RELAYER, USER, key};
use l2::{Town, recipient};
use running::{Running, Tuning};

const BLOCK_TIME: Duration = Duration::from_millis(40);

/// That L1 has paid each of these once, and nothing else.
async fn expect_paid_once(l1: &L1, indices: &[u32]) {
    let (paid, _) = l1.paid().await;
    let expected = indices.iter().map(|index| (*index, 1)).collect();
    assert_eq!(paid, expected);
}

fn is_claiming(report: &Report) -> bool {
    matches!(report, Report::Claiming { .. })
}

/// Posts so many withdrawals and passes their challenge window.
async fn posted(l1: &L1, town: &Town, count: u32) -> Vec<u32> {
    let indices = town.withdraw(count, ETHER);
    l1.post(town).await;
    l1.pass_window();
    indices
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_withdrawals_is_paid_in_one_transaction() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    for count in [1, 50] {
        let indices = town.withdraw(count, ETHER);
        for index in &indices {
            // As most recipients: they have something.
            controls
                .set_balance(recipient(*index), U256::from(1))
                .unwrap();
        }
        // The window is not to pass before it has been looked at.
        controls.set_block_time(None).unwrap();
        l1.post(&town).await;
        let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
        running.until(|status| status.withdrawals_tracked > 0).await;
        let stage = running.book.withdrawal(indices[0]).unwrap().stage;
        assert!(matches!(stage, WithdrawalStage::Posted { .. }), "{stage:?}");
        controls.set_block_time(Some(BLOCK_TIME)).unwrap();
        l1.pass_window();
        let Report::Claiming { id: asked, .. } = running.until_report(is_claiming).await else {
            unreachable!("it is one");
        };
        // That of the run before is told again.
        let claimed = running
            .until_report(|report| matches!(report, Report::Claimed { id, .. } if *id == asked))
            .await;
        let Report::Claimed { gas, .. } = claimed else {
            unreachable!("it is one");
        };
        let reckoned = CLAIM_GAS + EACH_GAS * u64::from(count);
        println!("{count} in a claim: {gas} gas, reckoned {reckoned}");
        // The first claim under a batch makes it final, and the first of all writes words that are zero.
        let finality = 45_000 + if count == 1 { 40_000 } else { 0 };
        assert!(
            (reckoned * 9 / 10..reckoned * 11 / 10 + finality).contains(&gas),
            "{gas} gas"
        );
        running.until_paid(&indices).await;
        assert_eq!(l1.balance(recipient(indices[0])).await, ETHER + 1);
        running.kill().await;
    }
    let (paid, transactions) = l1.paid().await;
    assert_eq!((paid.len(), transactions), (51, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deposits_are_followed_to_their_credit() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    l1.devnet.controls().set_block_time(None).unwrap();
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    let to = Address::repeat_byte(0xd0);
    let mine = async || l1.devnet.controls().mine(1).unwrap().header.number;
    let (_, block) = tokio::join!(l1.deposit(to, 5), async {
        let is_sent = || l1.devnet.chain().head().header.number;
        let before = is_sent();
        loop {
            let block = mine().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            if block > before + 2 {
                return block;
            }
        }
    });
    running.until(|status| status.l1_block >= block).await;
    let status = running.book.deposits_of(to, 9)[0];
    assert_eq!((status.deposit.index, status.deposit.amount), (1, 5));
    assert!(matches!(
        status.stage,
        DepositStage::Seen | DepositStage::Confirming { needed: 64, .. }
    ));
    let last = l1.devnet.controls().mine(64).unwrap().header.number;
    running.until(|status| status.l1_block >= last).await;
    assert_eq!(
        running.book.deposit(1).unwrap().stage,
        DepositStage::Confirmed
    );
    town.consume(2);
    running.until(|status| status.deposits_waiting == 0).await;
    assert_eq!(
        running.book.deposit(1).unwrap().stage,
        DepositStage::Credited
    );
    running.kill().await;
}

/// The user's claim comes first in the very block that has the relayer's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_claims_first_is_paid_once_and_stops_nobody() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let indices = posted(&l1, &town, 6).await;
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    controls.set_block_time(None).unwrap();
    let data = l1.user_claim(&town, &[2, 4]).await;
    running.until_report(is_claiming).await;
    let account = key(RELAYER).address();
    while l1.pending_of(account).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    l1.hurry(USER, l1.deployment.bridge, data).await;
    controls.mine(1).unwrap();
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    running.until_paid(&indices).await;
    expect_paid_once(&l1, &indices).await;
    let (_, transactions) = l1.paid().await;
    assert_eq!(transactions, 2);
    running.kill().await;
}

/// Nothing is left of a claim that waits for lower fees: it is withdrawn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_others_made_pointless_is_withdrawn() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let indices = posted(&l1, &town, 3).await;
    let cheap = Tuning {
        max_fee: 10 * l1::GWEI,
        ..Tuning::default()
    };
    l1.set_base_fee(50 * l1::GWEI);
    let mut running = Running::start(&l1, &town, dir.path(), cheap).await;
    running
        .until_report(|report| matches!(report, Report::Blocked { .. }))
        .await;
    let data = l1.user_claim(&town, &indices).await;
    l1.hurry(USER, l1.deployment.bridge, data).await;
    running
        .until_report(|report| matches!(report, Report::Cancelled { .. }))
        .await;
    running.until(|status| status.claims == 0).await;
    l1.set_base_fee(l1::GWEI);
    let more = posted(&l1, &town, 2).await;
    running.until_paid(&more).await;
    expect_paid_once(&l1, &[indices, more].concat()).await;
    running.kill().await;
}
