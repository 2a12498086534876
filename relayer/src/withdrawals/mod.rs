//! Withdrawals on their way from L2 to their payment on L1.
//!
//! A state machine without I/O or clock; time is L1's, in seconds. It is told what L1's blocks hold and what L1 took back,
//! what L2 has withdrawn, and which claims are under way; it answers how far each withdrawal is and which ones wait to be
//! claimed.
//!
//! **Invariant.** A withdrawal waits to be claimed only while no claim of ours that has it is under way. Whether it is paid,
//! only L1's logs say.

mod advances;
mod batches;
mod config;
mod payments;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use spillway_l1::batches::BatchEvent;
use spillway_l1::payments::Advance;
use spillway_l1::transactions::IntentId;
use spillway_protocol::token::TokenId;
use spillway_protocol::withdrawal::Withdrawal;

use crate::l2::{L2Withdrawal, PAGE_MAX};
use crate::policy::Waiting;
use advances::Advances;
use batches::Batches;
use payments::Payments;

pub use advances::Advanced;
pub use batches::PostedBatch;
pub use config::{Contradiction, WithdrawalConfig};
pub use payments::Payment;
pub use status::{Failure, FailureKind, WithdrawalStage, WithdrawalStatus};

/// Withdrawals that are looked at for one claim, at most: many times what fits it.
const LOOKED_AT_MAX: usize = 4_096;

/// Seconds from the failure of a whole claim to the next attempt.
const CLAIM_RETRY: u64 = 60;

#[derive(Clone, Copy, Debug)]
struct Entry {
    made: L2Withdrawal,
    failure: Option<Failure>,
    /// Transactions in which it failed, and the last of them: included again after a fork it is the same failure.
    failures_on_l1: u32,
    failed_in: Option<B256>,
}

/// All withdrawals that are not paid, as far as there is room, and some that are.
#[derive(Clone, Debug)]
pub struct Withdrawals {
    config: WithdrawalConfig,
    batches: Batches,
    payments: Payments,
    advances: Advances,
    tracked: BTreeMap<u32, Entry>,
    by_account: BTreeSet<(Address, u32)>,
    /// The index from which L2 is asked on.
    next: u32,
    claims: BTreeMap<IntentId, Vec<u32>>,
    claiming: BTreeMap<u32, IntentId>,
    /// The timestamp of L1's head.
    now: u64,
    final_block: u64,
}

impl Withdrawals {
    /// Before L1's first block.
    #[must_use]
    pub fn new(config: WithdrawalConfig) -> Self {
        Self {
            config,
            batches: Batches::new(config.challenge_window),
            payments: Payments::default(),
            advances: Advances::default(),
            tracked: BTreeMap::new(),
            by_account: BTreeSet::new(),
            next: 0,
            claims: BTreeMap::new(),
            claiming: BTreeMap::new(),
            now: 0,
            final_block: 0,
        }
    }

    /// L1 has another block now, of that time; what it holds follows.
    pub fn on_block(&mut self, timestamp: u64) {
        self.now = timestamp;
    }

    /// The newest block says something about a batch.
    ///
    /// # Errors
    /// [`Contradiction`], for good.
    pub fn on_batch(&mut self, l1_block: u64, event: &BatchEvent) -> Result<(), Contradiction> {
        match event {
            BatchEvent::Submitted(batch) => self.batches.submitted(l1_block, batch),
            BatchEvent::Reverted { number } => self.batches.reverted(l1_block, *number),
            BatchEvent::Finalized { number } => self.batches.finalised(l1_block, *number),
            // What was withdrawn is paid as ever.
            BatchEvent::Escaped => Ok(()),
        }
    }

    /// The newest block pays a withdrawal.
    pub fn on_paid(&mut self, index: u32, payment: Payment) {
        self.payments.add(index, payment);
    }

    /// The newest block has an advance. Answers whether it is the pool's.
    pub fn on_advanced(&mut self, advance: &Advance, transaction: B256, l1_block: u64) -> bool {
        let is_ours = self.config.pool == Some(advance.advancer);
        if is_ours {
            let advanced = Advanced {
                withdrawal: advance.withdrawal,
                fee: advance.fee,
                transaction,
                l1_block,
                at: self.now,
            };
            self.advances.add(advance.index, advanced);
        }
        is_ours
    }

    /// A payment failed in the newest block. Answers the failure, if the withdrawal is known and that is news.
    pub fn on_failed(&mut self, index: u32, transaction: B256) -> Option<Failure> {
        let entry = self.tracked.get_mut(&index)?;
        if entry.failed_in == Some(transaction) {
            return None;
        }
        entry.failed_in = Some(transaction);
        entry.failures_on_l1 = entry.failures_on_l1.saturating_add(1);
        self.note_failure(index, FailureKind::Failed)
    }

    /// L1 has no block after that one any more, or none at all. Failures are not taken back, the next attempt shows; and the
    /// time is told by the next block.
    ///
    /// # Errors
    /// [`Contradiction::FinalForked`], for good.
    pub fn roll_back(&mut self, to: Option<u64>) -> Result<(), Contradiction> {
        if self.final_block > to.unwrap_or(0) {
            return Err(Contradiction::FinalForked(self.final_block));
        }
        self.batches.roll_back(to);
        self.payments.roll_back(to);
        self.advances.roll_back(to);
        Ok(())
    }

    /// L1's blocks up to that one, which was read, are final.
    pub fn on_final(&mut self, block: u64) {
        self.final_block = self.final_block.max(block);
        self.batches.settle(self.final_block);
        let settled = self
            .payments
            .settle(self.final_block, self.config.recent_max);
        for index in settled {
            self.forget(index);
            self.advances.forget(index);
        }
    }

    /// Which withdrawals L2 is to be asked for: from that index on, at most so many. None while there is no room. What was
    /// paid long ago is passed over.
    #[must_use]
    pub fn wanted(&mut self) -> Option<(u32, usize)> {
        while self.payments.is_old(self.next) && self.next < u32::MAX {
            self.next += 1;
        }
        let room = self.config.tracked_max.saturating_sub(self.tracked.len());
        (room > 0).then(|| (self.next, room.min(PAGE_MAX)))
    }

    /// L2 has these withdrawals, from that index on.
    pub fn on_made(&mut self, from: u32, made: &[L2Withdrawal]) {
        for (index, made) in (from..).zip(made) {
            if index != self.next {
                continue;
            }
            self.next = index.saturating_add(1);
            if self.payments.is_old(index) {
                continue;
            }
            self.by_account.insert((made.withdrawal.account, index));
            self.by_account.insert((made.withdrawal.recipient, index));
            let entry = Entry {
                made: *made,
                failure: None,
                failures_on_l1: 0,
                failed_in: None,
            };
            self.tracked.insert(index, entry);
        }
    }

    /// L2 went back: what it has withdrawn may be something else now, and is asked for again.
    pub fn on_l2_forked(&mut self) {
        if let Some((first, _)) = self.tracked.first_key_value() {
            self.next = *first;
        }
        self.tracked.clear();
        self.by_account.clear();
    }

    /// Makes room when withdrawals that cannot be paid fill it: forgets the oldest of them. It answers which; only others
    /// claim them, until the next start.
    pub fn make_room(&mut self) -> Option<u32> {
        if self.tracked.len() < self.config.tracked_max {
            return None;
        }
        let mut entries = self.tracked.iter();
        let (index, _) = entries.find(|(_, entry)| entry.failure.is_some())?;
        let index = *index;
        self.forget(index);
        Some(index)
    }

    /// A claim of these is under way.
    pub fn on_claim(&mut self, intent: IntentId, indices: Vec<u32>) {
        self.claiming
            .extend(indices.iter().map(|index| (*index, intent)));
        self.claims.insert(intent, indices);
    }

    /// A claim has ended, with or without effect. Answers what it claimed and L1 has not paid; none if it had ended before.
    pub fn on_claim_ended(&mut self, intent: IntentId) -> Option<Vec<u32>> {
        let mut claimed = self.claims.remove(&intent)?;
        self.claiming.retain(|_, other| *other != intent);
        claimed.retain(|index| !self.is_paid(*index));
        Some(claimed)
    }

    /// An attempt to pay a withdrawal failed.
    pub fn note_failure(&mut self, index: u32, kind: FailureKind) -> Option<Failure> {
        let (now, config) = (self.now, self.config);
        let entry = self.tracked.get_mut(&index)?;
        let times = entry
            .failure
            .map_or(1, |failure| failure.times.saturating_add(1));
        let (first, is_last) = match kind {
            // It may have been the fault of another one in the claim.
            FailureKind::ClaimFailed => (CLAIM_RETRY.min(config.retry), false),
            FailureKind::WouldFail | FailureKind::Failed => {
                let is_costly = entry.failures_on_l1 >= config.failures_on_l1_max;
                (config.retry, is_costly || times >= config.failures_max)
            }
        };
        let wait = first.saturating_mul(1 << (times - 1).min(32));
        let retry_at = now.saturating_add(wait.min(config.retry_max));
        let failure = Failure {
            times,
            kind,
            retry_at: (!is_last).then_some(retry_at),
        };
        entry.failure = Some(failure);
        Some(failure)
    }

    /// Claims under way, with what they claim.
    pub fn claims(&self) -> impl Iterator<Item = (IntentId, &[u32])> {
        let claims = self.claims.iter();
        claims.map(|(intent, indices)| (*intent, indices.as_slice()))
    }

    /// Claims under way of which L1 has paid everything, whoever claimed it.
    #[must_use]
    pub fn pointless_claims(&self) -> Vec<IntentId> {
        let pointless = self.claims.iter();
        let pointless =
            pointless.filter(|(_, indices)| indices.iter().all(|index| self.is_paid(*index)));
        pointless.map(|(intent, _)| *intent).collect()
    }

    /// L1 does not let that batch become final although its window is over: a challenge is open. It is not tried again for so
    /// many seconds.
    pub fn on_held(&mut self, batch: u64, seconds: u64) {
        self.batches.hold(batch, self.now.saturating_add(seconds));
    }

    /// The timestamp of L1's head, in seconds.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// The batch to claim against: the newest that is final or can be made so.
    #[must_use]
    pub fn claimable_batch(&self) -> Option<&PostedBatch> {
        self.batches.claimable(self.now)
    }

    /// The withdrawals that wait to be claimed, by index; the first few thousand of them.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waiting> {
        let Some(batch) = self.claimable_batch() else {
            return Vec::new();
        };
        let last = batch.header.block_number;
        let held = self.tracked.iter();
        held.take_while(|(_, entry)| entry.made.block <= last)
            .filter(|(index, _)| self.is_open(**index))
            .filter_map(|(index, entry)| self.waiting_one(*index, entry))
            .take(LOOKED_AT_MAX)
            .collect()
    }

    fn waiting_one(&self, index: u32, entry: &Entry) -> Option<Waiting> {
        let batch = self.batches.holding(entry.made.block)?;
        let claimable = self.batches.claimable_at(batch).min(self.now);
        let since = match entry.failure {
            None => claimable,
            Some(failure) => failure.retry_at.filter(|at| *at <= self.now)?,
        };
        Some(Waiting {
            index,
            since,
            has_failed: entry.failure.is_some(),
        })
    }

    /// Whether it is neither paid nor being claimed.
    fn is_open(&self, index: u32) -> bool {
        self.payment(index).is_none() && !self.claiming.contains_key(&index)
    }

    /// Where L1 paid it, if that is recent.
    fn payment(&self, index: u32) -> Option<Payment> {
        self.payments.get(index)
    }

    /// The withdrawal with that index; none if L2 has not told it yet, or it was paid long ago.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<WithdrawalStatus> {
        let entry = self.tracked.get(&index)?;
        Some(WithdrawalStatus {
            index,
            made: entry.made,
            stage: self.stage(index, entry),
            failure: entry.failure,
            advanced: self.advance(index, entry.made.withdrawal.leaf(index)),
        })
    }

    fn stage(&self, index: u32, entry: &Entry) -> WithdrawalStage {
        if let Some(payment) = self.payment(index) {
            return WithdrawalStage::Paid(payment);
        }
        if let Some(intent) = self.claiming.get(&index) {
            return WithdrawalStage::Claiming { intent: *intent };
        }
        let Some(batch) = self.batches.holding(entry.made.block) else {
            return WithdrawalStage::OnL2;
        };
        let number = batch.number;
        if self.batches.is_claimable(batch, self.now) {
            return WithdrawalStage::Claimable { batch: number };
        }
        WithdrawalStage::Posted {
            batch: number,
            claimable_at: self.batches.claimable_at(batch),
        }
    }

    /// Whether L1 has paid it, as far as L1 was read; also of those that are forgotten.
    #[must_use]
    pub fn is_paid(&self, index: u32) -> bool {
        self.payment(index).is_some() || self.payments.is_old(index)
    }

    /// The newest withdrawals that left an account or go to it, at most so many.
    #[must_use]
    pub fn of_account(&self, account: Address, max: usize) -> Vec<WithdrawalStatus> {
        let own = self.by_account.range((account, 0)..=(account, u32::MAX));
        own.rev()
            .take(max)
            .filter_map(|(_, index)| self.get(*index))
            .collect()
    }

    /// The account whose advances are followed.
    #[must_use]
    pub const fn pool(&self) -> Option<Address> {
        self.config.pool
    }

    /// The pool's advance of the withdrawal with that leaf, if L1 shows one.
    #[must_use]
    pub fn advance(&self, index: u32, leaf: B256) -> Option<Advanced> {
        self.advances.get(index, leaf)
    }

    /// What the pool has advanced of a token and no claim has paid to anybody yet, in the token's smallest unit. With it goes
    /// what is lost: advances of withdrawals that fell with their batch, until another one of their index is paid.
    #[must_use]
    pub fn outstanding(&self, token: TokenId) -> u128 {
        let open = self.advances.of_token(token);
        let open = open.filter(|(index, _)| !self.is_paid(*index));
        sum(open.map(|(_, advanced)| advanced.withdrawal.amount))
    }

    /// What the pool has advanced of a token since that time of L1, in the token's smallest unit.
    #[must_use]
    pub fn advanced_since(&self, token: TokenId, since: u64) -> u128 {
        let recent = self.advances.of_token(token);
        let recent = recent.filter(|(_, advanced)| advanced.at >= since);
        sum(recent.map(|(_, advanced)| advanced.withdrawal.amount))
    }

    /// The last block of L1 that is final, as far as L1 was read.
    #[must_use]
    pub const fn final_block(&self) -> u64 {
        self.final_block
    }

    /// Withdrawals that are remembered.
    #[must_use]
    pub fn tracked(&self) -> usize {
        self.tracked.len()
    }

    fn forget(&mut self, index: u32) {
        let Some(entry) = self.tracked.remove(&index) else {
            return;
        };
        let Withdrawal {
            account, recipient, ..
        } = entry.made.withdrawal;
        self.by_account.remove(&(account, index));
        self.by_account.remove(&(recipient, index));
    }
}

fn sum(amounts: impl Iterator<Item = u128>) -> u128 {
    amounts.fold(0, u128::saturating_add)
}
