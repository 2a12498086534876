//! L1 forks and batches fall while claims are under way.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_devnet::chain::Dropped;
use spillway_relayer::deposits::DepositStage;
use spillway_relayer::withdrawals::WithdrawalStage;
use spillway_relayer::{Book, Report};
use tempfile::TempDir;

use super::l1::{ETHER, L1};
use super::l2::{Town, recipient};
use super::running::{Running, Tuning};
use super::{BLOCK_TIME, expect_paid_once, posted};

/// The seed of a test: SPILLWAY_SEED, or a new one. It is printed, and nextest shows it when the test fails.
pub(super) fn seed() -> u64 {
    let given = std::env::var("SPILLWAY_SEED").ok();
    let seed = given.map_or_else(rand::random, |seed| seed.parse().expect("a number"));
    eprintln!("SPILLWAY_SEED={seed}");
    seed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_that_l1_drops_are_made_again() {
    let mut rng = StdRng::seed_from_u64(seed());
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    let mut all = Vec::new();
    for fate in [Dropped::Lost, Dropped::Repooled, Dropped::Lost] {
        let indices = town.withdraw(4, ETHER);
        l1.post(&town).await;
        let posted = l1.devnet.chain().head().header.number;
        l1.pass_window();
        running.until_paid(&indices).await;
        all.extend(indices);
        controls.mine(rng.random_range(1..8)).unwrap();
        // The payment's block is dropped, the batch's is not.
        let depth = l1.devnet.chain().head().header.number - posted;
        controls.set_block_time(None).unwrap();
        let depth = usize::try_from(depth).unwrap();
        controls.reorg(depth, fate).unwrap();
        controls.set_block_time(Some(BLOCK_TIME)).unwrap();
        let head = controls.mine(1).unwrap().header.number;
        running.until(|status| status.l1_block > head).await;
        running.until_paid(&all).await;
    }
    controls.mine(2).unwrap();
    expect_paid_once(&l1, &all).await;
    running.kill().await;
}

/// Everything is read again, what is under way is taken over, and L1's word about deposits that L2 has consumed is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_below_what_was_final_begins_a_session_anew() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let controls = l1.devnet.controls();
    let shallow = Tuning {
        depth: 32,
        ..Tuning::default()
    };
    let indices = posted(&l1, &town, 3).await;
    let mut running = Running::start(&l1, &town, dir.path(), shallow).await;
    running.until_paid(&indices).await;
    // L1 forks as deep as the deposit, and that may not be too deep.
    controls.set_block_time(None).unwrap();
    l1.deposit(recipient(1), 5).await;
    town.consume(2);
    controls.mine(1).unwrap();
    let is_credited = |book: &Book| {
        let deposit = book.deposit(1);
        deposit.is_some_and(|deposit| deposit.stage == DepositStage::Credited)
    };
    let book = running.book.clone();
    running.until(|_| is_credited(&book)).await;
    let deposited = running.book.deposit(1).expect("it is recent").deposit;
    let depth = 1 + l1.devnet.chain().head().header.number - deposited.l1_block;
    controls.reorg(depth as usize, Dropped::Lost).unwrap();
    controls.mine(2).unwrap();
    let told = running
        .until_told(|report| matches!(report, Report::DepositsLost { count: 1 }))
        .await;
    assert!(
        !told
            .iter()
            .any(|report| matches!(report, Report::Again { .. }))
    );
    let head = controls.mine(60).unwrap().header.number;
    running.until(|status| status.l1_block >= head).await;
    controls.reorg(50, Dropped::Lost).unwrap();
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    running
        .until_report(|report| matches!(report, Report::Again { .. }))
        .await;
    let more = posted(&l1, &town, 2).await;
    running.until_paid(&more).await;
    expect_paid_once(&l1, &[indices, more].concat()).await;
    running.kill().await;
}

/// L2 goes back with the batch: what it withdraws then is paid, and not what fell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawals_of_a_fallen_batch_are_not_claimed() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let before = posted(&l1, &town, 2).await;
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    running.until_paid(&before).await;
    town.withdraw(3, ETHER);
    // Batch 2 is not to become final before it falls.
    let controls = l1.devnet.controls();
    controls.set_block_time(None).unwrap();
    l1.post(&town).await;
    running
        .until(|status| status.withdrawals_tracked == 5)
        .await;
    l1.fell(2).await;
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    let head = l1.devnet.chain().head().header.number;
    running.until(|status| status.l1_block >= head).await;
    let stage = running.book.withdrawal(3).unwrap().stage;
    assert_eq!(stage, WithdrawalStage::OnL2);
    town.go_back(2);
    let again = town.withdraw_to(recipient(100), 7);
    l1.post(&town).await;
    l1.pass_window();
    running.until_paid(&[again]).await;
    assert_eq!(l1.balance(recipient(100)).await, 7);
    let told = running.book.withdrawal(again).expect("it is recent");
    assert_eq!(told.made.withdrawal.recipient, recipient(100));
    assert_eq!(running.book.withdrawal(again + 1), None, "it is no more");
    expect_paid_once(&l1, &[before, vec![again]].concat()).await;
    running.kill().await;
}

/// An open challenge holds the newest batch up; what the one before it has is paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_challenged_holds_only_itself_up() {
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let before = posted(&l1, &town, 1).await;
    let mut running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    running.until_paid(&before).await;
    let second = town.withdraw(2, ETHER);
    l1.post(&town).await;
    let held = town.withdraw(2, ETHER);
    // Batch 3 is not to become final before it is challenged.
    let controls = l1.devnet.controls();
    controls.set_block_time(None).unwrap();
    l1.post(&town).await;
    l1.challenge(3).await;
    controls.set_block_time(Some(BLOCK_TIME)).unwrap();
    l1.pass_window();
    let report = running
        .until_report(|report| matches!(report, Report::Held { .. }))
        .await;
    assert!(
        matches!(report, Report::Held { batch: 3, .. }),
        "{report:?}"
    );
    running.until_paid(&second).await;
    let stage = running.book.withdrawal(held[0]).unwrap().stage;
    assert!(
        matches!(stage, WithdrawalStage::Posted { batch: 3, .. }),
        "{stage:?}"
    );
    expect_paid_once(&l1, &[before, second].concat()).await;
    running.kill().await;
}
