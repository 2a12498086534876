//! Withdrawals against a model that remembers all of L1 and all of L2 and looks at all of it each time.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;
use proptest::prelude::*;
use spillway_l1::batches::BatchEvent;
use spillway_l1::transactions::IntentId;
use spillway_relayer::l2::L2Withdrawal;
use spillway_relayer::withdrawals::{Payment, WithdrawalStage, Withdrawals};

use super::{CONFIG, WINDOW, made, submitted};

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
                        to: self.made[index as usize].withdrawal.recipient,
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

    fn check(&self, withdrawals: &mut Withdrawals) {
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
            model.check(&mut withdrawals);
        }
    }
}
