//! What happens to a withdrawal, case by case.

use alloy_primitives::{Address, B256};
use spillway_l1::batches::BatchEvent;
use spillway_relayer::withdrawals::{
    Contradiction, FailureKind, WithdrawalConfig, WithdrawalStage, Withdrawals,
};

use super::{CONFIG, made, submitted};

/// A withdrawal that waits to be claimed, at time 100.
fn claimable() -> Withdrawals {
    let mut withdrawals = Withdrawals::new(CONFIG);
    withdrawals.on_block(80);
    withdrawals.on_batch(1, &submitted(1, 5, 80)).unwrap();
    withdrawals.on_made(0, &[made(0, 5)]);
    withdrawals.on_block(100);
    withdrawals
}

#[test]
fn a_payment_that_fails_waits_longer_each_time() {
    let mut withdrawals = claimable();
    for (times, wait) in [
        (1, Some(100)),
        (2, Some(200)),
        (3, Some(400)),
        (4, Some(800)),
        (5, Some(1_000)),
        (6, None),
    ] {
        let now = withdrawals.now();
        assert_eq!(withdrawals.waiting().len(), 1);
        let failure = withdrawals.note_failure(0, FailureKind::WouldFail).unwrap();
        assert_eq!(
            (failure.times, failure.retry_at),
            (times, wait.map(|wait| now + wait))
        );
        let retry_at = failure.retry_at.unwrap_or(u64::MAX);
        withdrawals.on_block(retry_at - 1);
        assert_eq!(withdrawals.waiting(), []);
        withdrawals.on_block(retry_at);
    }
    assert_eq!(withdrawals.waiting(), [], "only others claim it");
    let stage = withdrawals.get(0).unwrap().stage;
    assert_eq!(stage, WithdrawalStage::Claimable { batch: 1 });
}

#[test]
fn a_failure_counts_once_a_transaction_and_three_are_enough() {
    let mut withdrawals = claimable();
    let transaction = B256::repeat_byte(1);
    assert!(withdrawals.on_failed(0, transaction).is_some());
    assert_eq!(withdrawals.on_failed(0, transaction), None);
    assert_eq!(withdrawals.on_failed(9, transaction), None);
    let costly = |number| B256::repeat_byte(number);
    assert!(
        withdrawals
            .on_failed(0, costly(2))
            .unwrap()
            .retry_at
            .is_some()
    );
    assert_eq!(withdrawals.on_failed(0, costly(3)).unwrap().retry_at, None);
    let mut withdrawals = claimable();
    for _ in 0..50 {
        // Whatever made the whole claim fail, it may have been another one.
        let failure = withdrawals.note_failure(0, FailureKind::ClaimFailed);
        assert!(failure.unwrap().retry_at.is_some());
    }
}

#[test]
fn an_l2_that_went_back_is_asked_again() {
    let mut withdrawals = claimable();
    assert_eq!(withdrawals.wanted(), Some((1, 999)));
    withdrawals.on_l2_forked();
    assert_eq!(
        (withdrawals.wanted(), withdrawals.tracked()),
        (Some((0, 1_000)), 0)
    );
    withdrawals.on_made(0, &[made(2, 4)]);
    assert_eq!(withdrawals.get(0).unwrap().made, made(2, 4));
    assert_eq!(withdrawals.of_account(Address::repeat_byte(2), 9).len(), 1);
    assert_eq!(withdrawals.of_account(Address::repeat_byte(1), 9), []);
}

#[test]
fn what_cannot_be_paid_makes_room() {
    let config = WithdrawalConfig {
        tracked_max: 2,
        ..CONFIG
    };
    let mut withdrawals = Withdrawals::new(config);
    withdrawals.on_made(0, &[made(0, 1), made(1, 1)]);
    assert_eq!(
        (withdrawals.wanted(), withdrawals.make_room()),
        (None, None)
    );
    withdrawals.note_failure(1, FailureKind::WouldFail);
    assert_eq!(withdrawals.make_room(), Some(1));
    assert_eq!(withdrawals.wanted(), Some((2, 1)));
}

#[test]
fn a_batch_that_is_held_is_left_alone_for_a_while() {
    let mut withdrawals = claimable();
    withdrawals.on_held(1, 50);
    assert_eq!(
        (withdrawals.claimable_batch(), withdrawals.waiting()),
        (None, vec![])
    );
    withdrawals.on_block(150);
    assert_eq!(withdrawals.waiting().len(), 1);
    withdrawals.on_held(1, 50);
    withdrawals
        .on_batch(9, &BatchEvent::Finalized { number: 1 })
        .unwrap();
    assert_eq!(withdrawals.waiting().len(), 1, "it is final after all");
}

#[test]
fn what_does_not_follow_is_refused() {
    let mut withdrawals = claimable();
    let missing = withdrawals.on_batch(2, &submitted(3, 9, 0));
    let (expected, found) = (2, 3);
    assert_eq!(missing, Err(Contradiction::Batch { expected, found }));
    for number in [0, 2] {
        let finalised = withdrawals.on_batch(2, &BatchEvent::Finalized { number });
        assert_eq!(finalised, Err(Contradiction::NotStanding(number)));
    }
    withdrawals
        .on_batch(2, &BatchEvent::Finalized { number: 1 })
        .unwrap();
    let reverted = withdrawals.on_batch(2, &BatchEvent::Reverted { number: 1 });
    assert_eq!(reverted, Err(Contradiction::NotStanding(1)));
    withdrawals.on_final(2);
    assert_eq!(withdrawals.roll_back(Some(2)), Ok(()));
    assert_eq!(
        withdrawals.roll_back(Some(1)),
        Err(Contradiction::FinalForked(2))
    );
}
