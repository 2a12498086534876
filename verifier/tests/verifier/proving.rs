//! Whatever happens on the way, a wrong batch falls, and falls once.

use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use alloy_provider::Provider;
use spillway_batcher::batch::SealedBatch;
use spillway_devnet::chain::Dropped;
use spillway_protocol::operation::Operation;
use spillway_protocol::token::ETH;
use spillway_verifier::disputes::{Proving, RewardError};
use spillway_verifier::replay::Ledger;
use spillway_verifier::{Progress, Until, Verifier, VerifierError};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::contracts::BOND;
use super::court::{Court, Form, Watcher};
use super::driving::{PATIENCE, config};
use super::forging::{Ground, transfer};
use super::l1::{OTHER_PROVER, PROVER, SUCCESSOR, key};
use super::village;

/// A court on which the first batch is right.
pub(crate) async fn convene() -> (Court, Ground) {
    let court = Court::new().await;
    let mut ground = Ground::genesis(village::tokens(&court.l1), Vec::new());
    let batch = honest(&mut ground);
    court.post(Form::Calldata, &batch, None).await;
    (court, ground)
}

pub(crate) fn honest(ground: &mut Ground) -> SealedBatch {
    let begin = Operation::Block {
        seconds: 1,
        base_fee: 0,
    };
    ground.honest(&[begin, transfer(0, 0, ETH, 0)])
}

/// A batch with a chunk that is none.
pub(crate) fn wrong(ground: &Ground) -> SealedBatch {
    ground.forge(2, |draft| draft.raw(&[0x70]))
}

/// Runs until the proof has come so far, without a block of L1.
async fn until(watcher: &mut Watcher, proving: Proving) {
    let mut progress = watcher.progress.clone();
    let is_there = |progress: &Progress| progress.proving == Some(proving);
    tokio::select! {
        ended = watcher.verifier.run(Until::Stopped) => panic!("{ended:?}"),
        there = timeout(PATIENCE, progress.wait_for(is_there)) => {
            there.expect("it comes so far in time").unwrap();
        }
    }
}

pub(crate) async fn sent(court: &Court, number: u8) -> u64 {
    let account = key(number).address();
    let count = court.l1.provider().get_transaction_count(account).await;
    count.unwrap()
}

/// The right batch in the place of the wrong one, by another sequencer.
async fn goes_on(court: &Court, watcher: &mut Watcher, ground: &mut Ground) {
    let next = honest(ground);
    court.l1.post_calldata(SUCCESSOR, &next).await;
    let progress = watcher.verifies(2).await;
    assert_eq!(progress.state_root, next.header.state_root);
    assert_eq!(progress.wrong, None);
    assert_eq!(court.l1.forks().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_that_comes_late_proves_what_is_wrong_below() {
    let (court, mut ground) = convene().await;
    let bad = wrong(&ground);
    court.post(Form::Blobs, &bad, None).await;
    // A wrong batch upon the wrong one.
    let upon = Ground {
        parent: bad.header_hash(),
        ..ground.clone()
    };
    court.post(Form::Calldata, &wrong(&upon), None).await;
    let mut watcher = court.prover().await;
    court.mines(true);
    let found = watcher.sees_a_fall(1).await;
    assert_eq!(found.batch, 2);
    assert_eq!(court.head().await, (1, 3));
    goes_on(&court, &mut watcher, &mut ground).await;
    assert_eq!(sent(&court, PROVER).await, 1);
}

/// Dropped while the proof is made, and when it is sent. It is sent once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_that_crashes_in_the_middle_proves_it_once() {
    let (court, mut ground) = convene().await;
    court.post(Form::Blobs, &wrong(&ground), None).await;
    let mut watcher = court.prover().await;
    for stage in [Proving::Preparing, Proving::UnderWay, Proving::UnderWay] {
        until(&mut watcher, stage).await;
        drop(watcher);
        watcher = court.prover().await;
    }
    // The transaction that was sent first takes effect, perhaps before the verifier has looked at L1.
    court.mines(true);
    let fallen = async {
        while court.l1.forks().await == 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, fallen).await.expect("it falls in time");
    goes_on(&court, &mut watcher, &mut ground).await;
    assert_eq!(sent(&court, PROVER).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_verifiers_one_is_first() {
    let (court, mut ground) = convene().await;
    court.post(Form::Calldata, &wrong(&ground), None).await;
    let folder = TempDir::new().unwrap();
    let mut one = court.prover().await;
    let mut other = court.watcher(OTHER_PROVER, folder.path()).await;
    until(&mut one, Proving::UnderWay).await;
    until(&mut other, Proving::UnderWay).await;
    court.mines(true);
    one.verifies(1).await;
    let mut mines = [PROVER, OTHER_PROVER].map(|number| (number, U256::ZERO));
    while mines.iter().all(|(_, reward)| reward.is_zero()) {
        sleep(Duration::from_millis(10)).await;
        for (number, reward) in &mut mines {
            *reward = court.reward(*number).await;
        }
    }
    assert_eq!(mines[0].1 + mines[1].1, U256::from(BOND / 2));
    let next = honest(&mut ground);
    court.l1.post_calldata(SUCCESSOR, &next).await;
    for watcher in [&mut one, &mut other] {
        let progress = watcher.verifies(2).await;
        assert_eq!(progress.state_root, next.header.state_root);
        assert_eq!(progress.wrong, None);
    }
    assert_eq!(court.l1.forks().await, 1);
}

/// L1 forks the proof away, and the batch with it: both come again, in other blocks, and the batch has another hash.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_that_takes_the_proof_back_takes_nothing_away() {
    let (court, mut ground) = convene().await;
    let bad = wrong(&ground);
    court.post(Form::Calldata, &bad, None).await;
    let controls = court.l1.devnet.controls();
    let mut watcher = court.prover().await;
    until(&mut watcher, Proving::UnderWay).await;
    let mut mined = 0;
    while court.l1.forks().await == 0 {
        controls.mine(1).unwrap();
        mined += 1;
        sleep(Duration::from_millis(10)).await;
    }
    watcher.verifies(1).await;
    controls.reorg(mined + 1, Dropped::Lost).unwrap();
    assert_eq!(court.head().await, (1, 1));
    court.post(Form::Calldata, &bad, None).await;
    court.mines(true);
    watcher.sees_a_fall(1).await;
    goes_on(&court, &mut watcher, &mut ground).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reward_is_paid_out_when_asked_for() {
    let (court, ground) = convene().await;
    let mut watcher = court.prover().await;
    let rewards = watcher.verifier.rewards().expect("a prover");
    let to = Address::repeat_byte(0xcc);
    let error = rewards.withdraw(to).await.unwrap_err();
    assert!(matches!(error, RewardError::Nothing), "{error}");
    court.post(Form::Calldata, &wrong(&ground), None).await;
    court.mines(true);
    watcher.sees_a_fall(1).await;
    let paid = rewards.withdraw(to).await.unwrap();
    assert_eq!(paid, U256::from(BOND / 2));
    // Asked for twice, it is paid once.
    rewards.withdraw(to).await.unwrap_or_default();
    timeout(PATIENCE, async {
        while court.l1.provider().get_balance(to).await.unwrap() != paid {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("it is paid in time");
    assert_eq!(court.reward(PROVER).await, U256::ZERO);
    assert_eq!(rewards.amount().await.unwrap(), U256::ZERO);
}

/// State and funds are right, so nobody can be proven wrong; the batch is told of for ever after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_block_hash_is_told_and_not_disputed() {
    let (court, mut ground) = convene().await;
    let mut odd = honest(&mut ground);
    odd.header.block_hash = B256::repeat_byte(9);
    ground.parent = odd.header_hash();
    court.post(Form::Calldata, &odd, None).await;
    let next = honest(&mut ground);
    court.post(Form::Calldata, &next, None).await;
    let mut watcher = court.prover().await;
    let progress = watcher.verifies(3).await;
    assert_eq!(progress.other_block_hash, Some(2));
    assert_eq!((progress.wrong, progress.proving), (None, None));
    assert_eq!(progress.state_root, next.header.state_root);
    court.l1.revert_from(2).await;
    watcher.verifier.run(Until::Head).await.unwrap();
    let progress = *watcher.progress.borrow();
    assert_eq!((progress.batch, progress.other_block_hash), (1, None));
}

/// From a snapshot after batch 2, without a key, to a target.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_begins_at_a_snapshot_and_nowhere_else() {
    let (court, mut ground) = convene().await;
    let second = honest(&mut ground);
    court.post(Form::Calldata, &second, None).await;
    let snapshot = ground.clone();
    for _ in 0..3 {
        let batch = honest(&mut ground);
        court.post(Form::Calldata, &batch, None).await;
    }
    let (mut verifier, progress) = after(&court, &snapshot, 2);
    verifier.run(Until::Batch(4)).await.unwrap();
    assert_eq!(progress.borrow().batch, 4);
    verifier.run(Until::Head).await.unwrap();
    assert_eq!(
        progress.borrow().state_root,
        ground.tree.root(&ground.state)
    );

    for batch in [1, 3, 9] {
        let (mut other, _) = after(&court, &snapshot, batch);
        let error = other.run(Until::Head).await.unwrap_err();
        assert!(matches!(error, VerifierError::Snapshot(n) if n == batch));
    }
    court.l1.revert_from(4).await;
    verifier.run(Until::Head).await.unwrap();
    assert_eq!(progress.borrow().batch, 3);
    court.l1.revert_from(2).await;
    let error = verifier.run(Until::Head).await.unwrap_err();
    assert!(matches!(
        error,
        VerifierError::BeforeSnapshot { to: 1, began: 2 }
    ));
    // And it stays so.
    verifier.run(Until::Head).await.unwrap_err();
}

fn after(court: &Court, ground: &Ground, batch: u64) -> (Verifier, watch::Receiver<Progress>) {
    let Ground {
        state, tree, head, ..
    } = ground.clone();
    let ledger = Ledger::of_snapshot(state, tree, head, batch);
    let (sender, progress) = watch::channel(Progress::default());
    let (l1, blobs) = (court.l1.provider(), court.blobs.clone());
    let verifier = Verifier::after(ledger, config(&court.l1), l1, blobs, sender);
    (verifier, progress)
}
