//! What a session asks L2, and when it asks again after a failure.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::RelayerError;
use super::report::Report;
use super::session::{End, Session};
use crate::l2::{L2, L2Error, L2Head, L2Withdrawal};

/// When to try again what failed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pause {
    failures: u32,
    until: Option<Instant>,
}

impl Pause {
    pub(crate) fn is_over(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() >= until)
    }

    /// It failed: the wait is `first`, doubled with each further failure up to `longest`.
    pub(crate) fn extend(&mut self, first: Duration, longest: Duration) {
        self.until = Some(Instant::now() + wait_after(self.failures, first, longest));
        self.failures = self.failures.saturating_add(1);
    }

    /// It succeeded.
    pub(crate) fn end(&mut self) {
        *self = Self::default();
    }
}

/// The wait after so many failures in a row before this one.
pub(super) fn wait_after(failures: u32, first: Duration, longest: Duration) -> Duration {
    let factor = 2_u32.saturating_pow(failures.min(16));
    first.saturating_mul(factor).min(longest)
}

impl Session<'_> {
    /// Asks L2 how far it is, and for the withdrawals that are not known yet. These wait for L1's head: before, it is not known
    /// which are paid.
    pub(super) async fn ask_l2(&mut self) -> Result<Result<(), L2Error>, End> {
        loop {
            let l2 = Arc::clone(&self.relayer.l2);
            let pages = &self.relayer.book.pages;
            let wanted = match self.is_at_head {
                true => pages.write().withdrawals.wanted(),
                false => None,
            };
            let before = self.l2_head;
            let asked = spawn_blocking(move || ask(&*l2, wanted, before)).await;
            let (head, from, made) = match asked.map_err(RelayerError::Task)? {
                Ok(told) => told,
                Err(error) => return Ok(Err(error)),
            };
            let has_forked = self
                .l2_head
                .is_some_and(|before| before.fork_id != head.fork_id);
            self.l2_head = Some(head);
            let forgotten = {
                let mut pages = self.relayer.book.pages.write();
                pages.deposits.on_consumed(head.inbox_count);
                if has_forked {
                    pages.withdrawals.on_l2_forked();
                }
                pages.withdrawals.on_made(from, &made);
                pages.is_current = self.is_at_head && made.is_empty() && !has_forked;
                pages.withdrawals.make_room()
            };
            if let Some(index) = forgotten {
                self.relayer.report(Report::Forgotten { index }).await;
            }
            if made.is_empty() && !has_forked {
                return Ok(Ok(()));
            }
        }
    }
}

/// What L2 tells at once: how far it is, and withdrawals from an index on.
fn ask(
    l2: &dyn L2,
    wanted: Option<(u32, usize)>,
    before: Option<L2Head>,
) -> Result<(L2Head, u32, Vec<L2Withdrawal>), L2Error> {
    let head = l2.head()?;
    let is_same = before.is_none_or(|before| before.fork_id == head.fork_id);
    match wanted {
        Some((from, max)) if is_same && from < head.withdrawal_count => {
            let mut made = l2.withdrawals(from, max)?;
            made.truncate(max);
            Ok((head, from, made))
        }
        _ => Ok((head, 0, Vec::new())),
    }
}
