//! The batches that stand on L1, and which of them withdrawals can be claimed against.

use std::collections::VecDeque;

use spillway_l1::batches::SubmittedBatch;
use spillway_protocol::batch::{BatchHeader, Submission};

use super::Contradiction;

/// Batches that are final for good and still remembered: they tell since when withdrawals are claimable that L2 tells late.
/// 4 MB.
const SETTLED_MAX: usize = 16_384;

/// A batch that stands, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostedBatch {
    /// Its number, from 1.
    pub number: u64,
    /// What it claims.
    pub header: BatchHeader,
    /// What L1 added.
    pub submission: Submission,
    /// The block of L1 that holds it.
    pub l1_block: u64,
}

#[derive(Clone, Debug)]
struct Fallen {
    l1_block: u64,
    batches: VecDeque<PostedBatch>,
}

#[derive(Clone, Debug)]
pub(super) struct Batches {
    /// Seconds for which a batch can be challenged.
    challenge_window: u64,
    standing: VecDeque<PostedBatch>,
    /// What fell, in order: a fork can take the revert back.
    fallen: Vec<Fallen>,
    /// What `Rollup` calls final, with the block in which it did; ascending.
    finalised: Vec<(u64, u64)>,
    /// A batch that L1 does not let become final yet, and until when that is not asked again.
    held: Option<(u64, u64)>,
}

impl Batches {
    pub(super) const fn new(challenge_window: u64) -> Self {
        Self {
            challenge_window,
            standing: VecDeque::new(),
            fallen: Vec::new(),
            finalised: Vec::new(),
            held: None,
        }
    }

    pub(super) fn submitted(
        &mut self,
        l1_block: u64,
        batch: &SubmittedBatch,
    ) -> Result<(), Contradiction> {
        let expected = self.head() + 1;
        if batch.number != expected {
            return Err(Contradiction::Batch {
                expected,
                found: batch.number,
            });
        }
        self.standing.push_back(PostedBatch {
            number: batch.number,
            header: batch.header,
            submission: batch.submission,
            l1_block,
        });
        Ok(())
    }

    pub(super) fn reverted(&mut self, l1_block: u64, number: u64) -> Result<(), Contradiction> {
        let kept = self.place(number);
        if number <= self.last_final() || kept >= self.standing.len() {
            return Err(Contradiction::NotStanding(number));
        }
        let batches = self.standing.split_off(kept);
        self.fallen.push(Fallen { l1_block, batches });
        Ok(())
    }

    pub(super) fn finalised(&mut self, l1_block: u64, number: u64) -> Result<(), Contradiction> {
        if number == 0 || number > self.head() {
            return Err(Contradiction::NotStanding(number));
        }
        self.finalised.push((l1_block, number));
        Ok(())
    }

    pub(super) fn roll_back(&mut self, to: Option<u64>) {
        let is_gone = |l1_block: u64| to.is_none_or(|to| l1_block > to);
        self.finalised.retain(|(l1_block, _)| !is_gone(*l1_block));
        self.standing.retain(|batch| !is_gone(batch.l1_block));
        // Newest first: what fell earlier stood below what fell later.
        while let Some(fallen) = self.fallen.pop_if(|fallen| is_gone(fallen.l1_block)) {
            let again = fallen.batches.into_iter();
            self.standing
                .extend(again.filter(|batch| !is_gone(batch.l1_block)));
        }
    }

    /// L1's blocks up to that one are final: what fell in them stays down.
    pub(super) fn settle(&mut self, final_block: u64) {
        self.fallen.retain(|fallen| fallen.l1_block > final_block);
        let settled = self
            .finalised
            .partition_point(|(block, _)| *block <= final_block);
        self.finalised.drain(..settled.saturating_sub(1));
        let settled = match self.finalised.first() {
            Some((block, number)) if *block <= final_block => self.place(*number + 1),
            _ => 0,
        };
        self.standing.drain(..settled.saturating_sub(SETTLED_MAX));
    }

    /// The newest batch that stands; 0 if there is none.
    pub(super) fn head(&self) -> u64 {
        self.standing.back().map_or(0, |batch| batch.number)
    }

    /// The newest batch that `Rollup` calls final; 0 if there is none.
    pub(super) fn last_final(&self) -> u64 {
        self.finalised.last().map_or(0, |(_, number)| *number)
    }

    /// When the challenge window of a batch ends, in L1's seconds.
    pub(super) const fn claimable_at(&self, batch: &PostedBatch) -> u64 {
        let posted_at = batch.submission.posted_at;
        posted_at.saturating_add(self.challenge_window)
    }

    /// Whether a batch is final, or would be made so by a claim unless a challenge is open.
    pub(super) fn is_claimable(&self, batch: &PostedBatch, now: u64) -> bool {
        let is_held = |(held, until): (u64, u64)| batch.number >= held && now < until;
        let is_over = self.claimable_at(batch) <= now && !self.held.is_some_and(is_held);
        batch.number <= self.last_final() || is_over
    }

    /// L1 does not let that batch become final, and is asked again at that time.
    pub(super) fn hold(&mut self, number: u64, until: u64) {
        self.held = Some((number, until));
    }

    /// The newest batch to claim against.
    pub(super) fn claimable(&self, now: u64) -> Option<&PostedBatch> {
        let mut newest_first = self.standing.iter().rev();
        newest_first.find(|batch| self.is_claimable(batch, now))
    }

    /// The first batch that holds that block of L2.
    pub(super) fn holding(&self, l2_block: u64) -> Option<&PostedBatch> {
        let before = |batch: &PostedBatch| batch.header.block_number < l2_block;
        self.standing.get(self.standing.partition_point(before))
    }

    /// The place of the first standing batch from that number on.
    fn place(&self, number: u64) -> usize {
        self.standing.partition_point(|batch| batch.number < number)
    }
}
