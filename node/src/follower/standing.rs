//! From what `Rollup` logs to how far L1 has this chain: a state machine without I/O.

use std::collections::VecDeque;

use alloy_primitives::B256;
use spillway_l1::batches::BatchEvent;
use spillway_sequencer::l1::L1Progress;

use super::reverts::Revert;

/// Blocks of L1 whose events can still be taken back: as many as the reader of L1 remembers.
const REMEMBERED: u64 = 512;

/// Blocks below the head that count as final where no node says what is: what the reader of L1 takes for it.
const FINAL_DEPTH: u64 = 128;

/// An event, with what our own chain says to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Posted(Posted),
    Reverted(u64),
    Finalized(u64),
}

/// A batch that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Posted {
    pub(super) number: u64,
    /// Its last block of L2.
    pub(super) block: u64,
    /// That block's hash.
    pub(super) hash: B256,
    /// The state root after it.
    state_root: B256,
    /// Whether that block is ours.
    ours: bool,
}

/// The last block of a batch that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// A block of ours; genesis before the first batch.
    Ours {
        /// Its number.
        block: u64,
        /// Its hash; zero for genesis.
        hash: B256,
    },
    /// One that is not, as far as was looked: a replica may not hold it yet.
    Theirs {
        /// Its number.
        block: u64,
        /// Its hash.
        hash: B256,
    },
    /// Of a batch that is not known any more.
    Unknown,
}

impl Last {
    /// The block, and its hash, if it is ours.
    pub(super) const fn ours(self) -> Option<(u64, B256)> {
        match self {
            Self::Ours { block, hash } => Some((block, hash)),
            Self::Theirs { .. } | Self::Unknown => None,
        }
    }
}

/// The batches as of some block of L1.
#[derive(Clone, Debug, Default)]
struct Batches {
    /// Those that are not final, in order.
    pending: VecDeque<Posted>,
    /// The newest one of ours that the contract calls final.
    settled: Option<Posted>,
    /// Later ones that it calls final and that are not ours, as far as was looked.
    settled_theirs: Vec<Posted>,
}

/// The batches as of L1's head, and as of the last final block before it.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// As of the last block that cannot be taken back.
    base: Batches,
    recent: VecDeque<(u64, Change)>,
    /// All reverts there were: a handful.
    reverts: Vec<Revert>,
    tip: u64,
}

impl Standing {
    /// Takes in what a block says. `is_ours` tells whether the last block of a batch that is submitted is ours.
    pub(super) fn block(
        &mut self,
        number: u64,
        timestamp: u64,
        events: Vec<BatchEvent>,
        is_ours: impl Fn(&BatchEvent) -> bool,
    ) {
        self.tip = number;
        for event in events {
            if let BatchEvent::Reverted { number: batch } = event {
                self.reverts.push(Revert {
                    fork_id: self.reverts.len() as u64 + 1,
                    batch,
                    last: self.at(u64::MAX).last_before(batch),
                    l1_block: number,
                    at: timestamp,
                });
            }
            let ours = is_ours(&event);
            let change = Change::of(&event, ours).map(|change| (number, change));
            self.recent.extend(change);
        }
        let settled = number.saturating_sub(REMEMBERED);
        while let Some((_, change)) = self.recent.pop_front_if(|(at, _)| *at < settled) {
            self.base.apply(change);
        }
    }

    /// Blocks after this one are gone; all of them, if there is none.
    pub(super) fn roll_back(&mut self, to: Option<u64>) {
        self.tip = to.unwrap_or_default();
        let stays = |number: u64| to.is_some_and(|to| number <= to);
        self.recent.retain(|(number, _)| stays(*number));
        self.reverts.retain(|revert| stays(revert.l1_block));
    }

    /// Looks once more whether batches are ours that were not: a replica takes blocks in while L1 is read.
    pub(super) fn look_again(&mut self, is_ours: impl Fn(u64, B256) -> bool) {
        let look = |posted: &mut Posted| {
            posted.ours = posted.ours || is_ours(posted.block, posted.hash);
        };
        self.base.pending.iter_mut().for_each(look);
        self.base.settle_again(look);
        for (_, change) in &mut self.recent {
            if let Change::Posted(posted) = change {
                look(posted);
            }
        }
        for revert in &mut self.reverts {
            if let Last::Theirs { block, hash } = revert.last
                && is_ours(block, hash)
            {
                revert.last = Last::Ours { block, hash };
            }
        }
    }

    /// All reverts up to the head.
    pub(super) fn reverts(&self) -> &[Revert] {
        &self.reverts
    }

    /// The first batch on the head that is not ours.
    pub(super) fn foreign(&self) -> Option<Posted> {
        let head = self.at(u64::MAX);
        head.pending.into_iter().find(|posted| !posted.ours)
    }

    /// How far L1 has this chain. `finalized` is L1's last final block, if a node says which that is.
    pub(super) fn progress(&self, finalized: Option<u64>) -> L1Progress {
        let finalized = finalized.or_else(|| self.tip.checked_sub(FINAL_DEPTH));
        let head = self.at(u64::MAX);
        let block = |posted: Option<Posted>| posted.map_or(0, |posted| posted.block);
        let l1_final = finalized.map_or(0, |finalized| block(self.at(finalized).posted()));
        let posted = head.posted();
        L1Progress {
            posted: block(posted),
            posted_state_root: posted.map(|posted| posted.state_root),
            l1_final: l1_final.min(block(posted)),
            withdrawable: block(head.settled),
        }
    }

    fn at(&self, block: u64) -> Batches {
        let mut batches = self.base.clone();
        let changes = self.recent.iter();
        for (_, change) in changes.take_while(|(number, _)| *number <= block) {
            batches.apply(*change);
        }
        batches
    }
}

impl Change {
    fn of(event: &BatchEvent, ours: bool) -> Option<Self> {
        Some(match event {
            BatchEvent::Submitted(batch) => Self::Posted(Posted {
                number: batch.number,
                block: batch.header.block_number,
                hash: batch.header.block_hash,
                state_root: batch.header.state_root,
                ours,
            }),
            BatchEvent::Reverted { number } => Self::Reverted(*number),
            BatchEvent::Finalized { number } => Self::Finalized(*number),
            // Nothing stands or falls with it.
            BatchEvent::Escaped => return None,
        })
    }
}

impl Batches {
    fn apply(&mut self, change: Change) {
        match change {
            Change::Posted(posted) => self.pending.push_back(posted),
            Change::Reverted(number) => self.pending.retain(|posted| posted.number < number),
            Change::Finalized(number) => {
                while let Some(last) = self.pending.pop_front_if(|it| it.number <= number) {
                    self.settle(last);
                }
            }
        }
    }

    fn settle(&mut self, last: Posted) {
        if last.ours {
            self.settled = Some(last);
            self.settled_theirs.clear();
        } else {
            self.settled_theirs.push(last);
        }
    }

    /// Looks at those that were not ours.
    fn settle_again(&mut self, look: impl Fn(&mut Posted)) {
        for mut last in std::mem::take(&mut self.settled_theirs) {
            look(&mut last);
            self.settle(last);
        }
    }

    /// The last block before that batch.
    fn last_before(&self, number: u64) -> Last {
        let Some(wanted) = number.checked_sub(1).filter(|wanted| *wanted > 0) else {
            let (block, hash) = (0, B256::ZERO);
            return Last::Ours { block, hash };
        };
        let settled = self.settled.iter().chain(&self.settled_theirs);
        let found = settled
            .chain(&self.pending)
            .rfind(|posted| posted.number == wanted);
        match found.copied() {
            Some(Posted {
                block, hash, ours, ..
            }) => match ours {
                true => Last::Ours { block, hash },
                false => Last::Theirs { block, hash },
            },
            None => Last::Unknown,
        }
    }

    /// The newest batch, all before it being ours too: a batch continues the one before it.
    fn posted(&self) -> Option<Posted> {
        let is_ours = self.settled_theirs.is_empty();
        let ours = self
            .pending
            .iter()
            .take_while(|posted| is_ours && posted.ours);
        ours.last().copied().or(self.settled)
    }
}

#[cfg(test)]
mod tests;
