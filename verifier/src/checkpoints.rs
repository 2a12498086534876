//! Ledgers to go back to.
//!
//! A batch that was replayed can fall for as long as it can be challenged, a week or more, and L1 can fork it away for
//! minutes. Deltas for all of that would be larger than the state; so four whole ledgers are kept, and what lies between
//! one of them and the place to go back to is replayed again:
//!
//! - the oldest is at or below the newest batch that can neither fall nor be forked away: nobody goes back behind it;
//! - the two newest are taken every so many batches, for forks and wrong batches, which are near the head;
//! - the one in between waits until it can become the oldest.
//!
//! A copy takes as much memory as the ledger (about 150 bytes an account) and as much time as copying that. Going back a
//! little replays at most two intervals, going back far at most twice what can fall.

use std::collections::VecDeque;

use crate::replay::Ledger;

/// Ledgers that are kept, the current one aside.
const KEPT_MAX: usize = 4;

/// Up to four ledgers, ascending, never none.
#[derive(Debug)]
pub struct Checkpoints {
    kept: VecDeque<Ledger>,
    /// Batches from one checkpoint to the next.
    interval: u64,
}

impl Checkpoints {
    /// Begins with a ledger that nobody goes back behind: genesis, or a certified snapshot.
    #[must_use]
    pub fn new(oldest: Ledger, interval: u64) -> Self {
        Self {
            kept: VecDeque::from([oldest]),
            interval,
        }
    }

    /// The ledger that nobody goes back behind.
    #[must_use]
    pub fn oldest(&self) -> &Ledger {
        &self.kept[0]
    }

    /// Looks at the ledger after a batch, and copies it if it is time. Batches up to `settled` can neither fall nor be
    /// forked away.
    pub fn offer(&mut self, ledger: &Ledger, settled: u64) {
        while self
            .kept
            .get(1)
            .is_some_and(|second| second.batch() <= settled)
        {
            self.kept.pop_front();
        }
        let newest = self.kept.back().map_or(0, Ledger::batch);
        if ledger.batch() < newest.saturating_add(self.interval) {
            return;
        }
        if self.kept.len() == KEPT_MAX {
            self.kept.remove(KEPT_MAX - 2);
        }
        self.kept.push_back(ledger.clone());
    }

    /// The newest ledger at or before that batch, and forgets those after it. The oldest, if all are after it.
    pub fn back_to(&mut self, batch: u64) -> Ledger {
        while self.kept.len() > 1
            && self
                .kept
                .back()
                .is_some_and(|newest| newest.batch() > batch)
        {
            self.kept.pop_back();
        }
        self.kept[self.kept.len() - 1].clone()
    }
}
