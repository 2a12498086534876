//! Withdrawals against a model that remembers all of L1 and all of L2 and looks at all of it each time.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use proptest::prelude::*;
use spillway_l1::batches::{BatchEvent, SubmittedBatch};
use spillway_l1::transactions::IntentId;
use spillway_protocol::batch::{BatchHeader, Submission};
use spillway_protocol::withdrawal::Withdrawal;
use spillway_relayer::l2::L2Withdrawal;
use spillway_relayer::withdrawals::{
    Contradiction, FailureKind, Payment, WithdrawalConfig, WithdrawalStage, Withdrawals,
};

const WINDOW: u64 = 20;

const CONFIG: WithdrawalConfig = WithdrawalConfig {
    tracked_max: 1_000,
    recent_max: 3,
    retry: 100,
    retry_max: 1_000,
    failures_max: 6,
    ..WithdrawalConfig::new(WINDOW)
};

fn made(index: u32, block: u64) -> L2Withdrawal {
    L2Withdrawal {
        block,
        withdrawal: Withdrawal {
            account: Address::repeat_byte((index % 3) as u8),
            recipient: Address::repeat_byte((index % 2) as u8),
            token: 0,
            amount: 1,
        },
    }
}

fn submitted(number: u64, l2_block: u64, posted_at: u64) -> BatchEvent {
    BatchEvent::Submitted(Box::new(SubmittedBatch {
        number,
        header: BatchHeader {
            parent: B256::ZERO,
            state_root: B256::ZERO,
            auth_root: B256::ZERO,
            auth_count: 0,
            inbox_count: 0,
            inbox_accumulator: Default::default(),
            chunk_count: 1,
            block_number: l2_block,
            block_hash: B256::ZERO,
            timestamp: 0,
        },
        submission: Submission {
            data_commitment: B256::ZERO,
            posted_at,
            id: 0,
            poster: Address::ZERO,
        },
        l1_block: 0,
        versioned_hashes: Vec::new(),
        chunks: Default::default(),
    }))
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A batch with so many blocks of L2 more.
    Submit(u64),
    /// The share of the batches that could fall which does, or of those that are not final which becomes it.
    Revert(usize),
    Finalise(usize),
    Pay(usize),
}

#[derive(Clone, Debug)]
enum Op {
    Block(u64, Vec<Event>),
    RollBack(usize),
    Final(u64),
    /// L2 makes a block of so many withdrawals.
    Make(usize),
    Claim(usize),
    EndClaim,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (1u64..4).prop_map(Event::Submit),
        1 => (0usize..9).prop_map(Event::Revert),
        1 => (0usize..9).prop_map(Event::Finalise),
        2 => (0usize..20).prop_map(Event::Pay),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (1u64..12, prop::collection::vec(event(), 0..3)).prop_map(|(t, e)| Op::Block(t, e)),
        1 => (1usize..6).prop_map(Op::RollBack),
        1 => (2u64..8).prop_map(Op::Final),
        3 => (0usize..3).prop_map(Op::Make),
        1 => (1usize..4).prop_map(Op::Claim),
        1 => Just(Op::EndClaim),
    ]
}

/// What L1's head says, from all of its blocks.
#[derive(Clone, Debug, Default)]
struct Head {
    time: u64,
    /// The last L2 block and the time of posting of each batch.
    batches: Vec<(u64, u64)>,
    last_final: usize,
    paid: BTreeMap<u32, Payment>,
}

#[derive(Default)]
struct Model {
    /// L1 after each block.
    heads: Vec<Head>,
    /// The time of the block that was told last: a fork takes it back with its next block.
    now: u64,
    final_block: u64,
    l2_block: u64,
    made: Vec<L2Withdrawal>,
    claims: Vec<(IntentId, Vec<u32>)>,
    ended: u8,
    /// Paid in a block that is final: they may be forgotten.
    settled: BTreeSet<u32>,
}

impl Model {
    fn head(&self) -> Head {
        self.heads.last().cloned().unwrap_or_default()
    }

    fn apply(&mut self, op: &Op, withdrawals: &mut Withdrawals) {
        match op {
            Op::Block(seconds, events) => self.block(*seconds, events, withdrawals),
            Op::RollBack(depth) => {
                let kept = self.heads.len().saturating_sub(*depth);
                self.heads.truncate(kept.max(self.final_block as usize));
                let to = self.heads.len() as u64;
                withdrawals
                    .roll_back(Some(to).filter(|to| *to > 0))
                    .unwrap();
            }
            Op::Final(depth) => {
                let block = (self.heads.len() as u64).saturating_sub(*depth);
                self.final_block = self.final_block.max(block);
                withdrawals.on_final(self.final_block);
                let paid = self.head().paid;
                let settled = paid.iter().filter(|(_, p)| p.l1_block <= self.final_block);
                self.settled.extend(settled.map(|(index, _)| *index));
            }
            Op::Make(count) => {
                self.l2_block += 1;
                for _ in 0..*count {
                    let index = self.made.len() as u32;
                    self.made.push(made(index, self.l2_block));
                }
                let (from, max) = withdrawals.wanted().expect("there is room");
                let new = self.made.iter().skip(from as usize).take(max);
                withdrawals.on_made(from, &new.copied().collect::<Vec<_>>());
            }
            Op::Claim(count) => {
                let waiting = withdrawals.waiting();
                let indices: Vec<_> = waiting.iter().take(*count).map(|w| w.index).collect();
                self.ended += 1;
                let id = IntentId(B256::repeat_byte(self.ended));
                withdrawals.on_claim(id, indices.clone());
                self.claims.push((id, indices));
            }
            Op::EndClaim => {
                let Some((id, mut indices)) = self.claims.pop() else {
                    return;
                };
                let paid = self.head().paid;
                indices.retain(|index| !paid.contains_key(index));
                assert_eq!(withdrawals.on_claim_ended(id), Some(indices));
                assert_eq!(withdrawals.on_claim_ended(id), None);
            }
        }
    }

    /// Only what the contracts could log.
    fn block(&mut self, seconds: u64, events: &[Event], withdrawals: &mut Withdrawals) {
        let mut head = self.head();
        let l1_block = self.heads.len() as u64 + 1;
        head.time += seconds;
        self.now = head.time;
        withdrawals.on_block(head.time);
        for event in events {
            let said = match *event {
                Event::Submit(blocks) => {
                    let l2_block = head.batches.last().map_or(0, |batch| batch.0) + blocks;
                    head.batches.push((l2_block, head.time));
                    submitted(head.batches.len() as u64, l2_block, head.time)
                }
                Event::Revert(place) if head.batches.len() > head.last_final => {
                    let pending = head.batches.len() - head.last_final;
                    head.batches.truncate(head.last_final + place % pending);
                    let number = head.batches.len() as u64 + 1;
                    BatchEvent::Reverted { number }
                }
                Event::Finalise(place) if head.batches.len() > head.last_final => {
                    let pending = head.batches.len() - head.last_final;
                    head.last_final += 1 + place % pending;
                    let number = head.last_final as u64;
                    BatchEvent::Finalized { number }
                }
                Event::Pay(place) => {
                    let unpaid = |index: &u32| !head.paid.contains_key(index);
                    let Some(index) = (0..self.made.len() as u32).filter(unpaid).nth(place) else {
                        continue;
                    };
                    let transaction = B256::repeat_byte(l1_block as u8);
                    let payment = Payment {
                        transaction,
                        l1_block,
                    };
                    head.paid.insert(index, payment);
                    withdrawals.on_paid(index, payment);
                    continue;
                }
                Event::Revert(_) | Event::Finalise(_) => continue,
            };
            withdrawals.on_batch(l1_block, &said).unwrap();
        }
        self.heads.push(head);
    }

    fn stage(&self, head: &Head, index: u32) -> WithdrawalStage {
        if let Some(payment) = head.paid.get(&index) {
            return WithdrawalStage::Paid(*payment);
        }
        let claim = self.claims.iter().find(|(_, claim)| claim.contains(&index));
        if let Some((intent, _)) = claim {
            return WithdrawalStage::Claiming { intent: *intent };
        }
        let block = self.made[index as usize].block;
        let holding = head.batches.iter().position(|(last, _)| *last >= block);
        let Some(place) = holding else {
            return WithdrawalStage::OnL2;
        };
        let (batch, claimable_at) = (place as u64 + 1, head.batches[place].1 + WINDOW);
        if place < head.last_final || claimable_at <= self.now {
            WithdrawalStage::Claimable { batch }
        } else {
            WithdrawalStage::Posted {
                batch,
                claimable_at,
            }
        }
    }

    fn check(&self, withdrawals: &Withdrawals) {
        let (head, known) = (self.head(), withdrawals.wanted().expect("there is room").0);
        let mut claimable = Vec::new();
        for index in 0..known {
            let expected = self.stage(&head, index);
            match withdrawals.get(index) {
                Some(status) => assert_eq!(status.stage, expected, "{index}"),
                None => assert!(self.settled.contains(&index), "{index} is forgotten"),
            }
            let is_paid = head.paid.contains_key(&index);
            assert_eq!(withdrawals.is_paid(index), is_paid);
            claimable
                .extend(matches!(expected, WithdrawalStage::Claimable { .. }).then_some(index));
        }
        let waiting = withdrawals
            .waiting()
            .into_iter()
            .map(|waiting| waiting.index);
        assert_eq!(waiting.collect::<Vec<_>>(), claimable);
        let last = withdrawals
            .claimable_batch()
            .map(|batch| batch.header.block_number);
        let covers =
            |index: &u32| last.is_some_and(|last| self.made[*index as usize].block <= last);
        assert!(claimable.iter().all(covers), "one batch is enough for all");
    }
}

proptest! {
    #[test]
    fn what_is_answered_follows_from_l1_and_l2_as_they_are(ops in prop::collection::vec(op(), 1..100)) {
        let (mut model, mut withdrawals) = (Model::default(), Withdrawals::new(CONFIG));
        for op in &ops {
            model.apply(op, &mut withdrawals);
            model.check(&withdrawals);
        }
    }
}

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
fn a_failure_counts_once_a_transaction_and_a_lost_claim_never_ends_it() {
    let mut withdrawals = claimable();
    let transaction = B256::repeat_byte(1);
    assert!(withdrawals.on_failed(0, transaction).is_some());
    assert_eq!(withdrawals.on_failed(0, transaction), None);
    assert_eq!(withdrawals.on_failed(9, transaction), None);
    for _ in 0..50 {
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
