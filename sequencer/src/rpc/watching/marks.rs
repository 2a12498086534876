//! Who follows which account, and what each of them has to look at.

use std::collections::HashMap;
use std::sync::Arc;

use alloy_primitives::Address;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The streams of a node by the accounts that they follow.
#[derive(Debug)]
pub(super) struct Registry {
    /// Accounts of all streams together; what two follow counts twice.
    accounts_max: usize,
    watched: Mutex<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    accounts: usize,
    /// All changes of blocks up to this one are marked.
    marked: u64,
    by_account: HashMap<Address, Vec<Arc<Marks>>>,
}

/// A stream's place in the registry, for as long as it lives.
#[derive(Debug)]
pub(super) struct Place {
    registry: Arc<Registry>,
    accounts: Vec<Address>,
    marks: Arc<Marks>,
}

/// What a stream has to look at: each account with the newest block that has changed it. So however slow a client is, no more
/// is kept for it than it follows accounts.
#[derive(Debug, Default)]
struct Marks {
    changed: Mutex<HashMap<Address, u64>>,
    news: Notify,
}

impl Registry {
    pub(super) fn new(accounts_max: usize) -> Self {
        Self {
            accounts_max,
            watched: Mutex::default(),
        }
    }

    /// Follows accounts, which are distinct; none if the node follows too many already.
    pub(super) fn watch(self: &Arc<Self>, accounts: Vec<Address>) -> Option<Place> {
        let marks = Arc::<Marks>::default();
        let mut watched = self.watched.lock();
        let sum = watched.accounts.checked_add(accounts.len())?;
        if sum > self.accounts_max {
            return None;
        }
        watched.accounts = sum;
        for account in &accounts {
            let streams = watched.by_account.entry(*account).or_default();
            streams.push(Arc::clone(&marks));
        }
        drop(watched);
        Some(Place {
            registry: Arc::clone(self),
            accounts,
            marks,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.watched.lock().accounts == 0
    }

    /// Marks what a block has changed, which is then gone through. No stream sees it half marked.
    pub(super) fn mark<'a>(&self, number: u64, changed: impl IntoIterator<Item = &'a Address>) {
        let mut watched = self.watched.lock();
        for account in changed {
            watched.mark(number, account);
        }
        watched.marked = number;
    }

    /// Marks all accounts as changed by that block.
    pub(super) fn mark_all(&self, number: u64) {
        let mut watched = self.watched.lock();
        for account in watched.by_account.keys() {
            watched.mark(number, account);
        }
        watched.marked = number;
    }
}

impl Watched {
    fn mark(&self, number: u64, account: &Address) {
        let streams = self.by_account.get(account);
        for marks in streams.into_iter().flatten() {
            marks.changed.lock().insert(*account, number);
            marks.news.notify_one();
        }
    }
}

impl Place {
    pub(super) fn accounts(&self) -> &[Address] {
        &self.accounts
    }

    /// Waits until something has changed after that block. Cancelled, it forgets nothing.
    pub(super) async fn changed_after(&self, block: u64) {
        while !self.marks.any_after(block) {
            self.marks.news.notified().await;
        }
    }

    /// What has changed after that block, in the order in which it is followed, and up to which block that is all; no mark is left.
    pub(super) fn take_changed_after(&self, block: u64) -> (Vec<Address>, u64) {
        // Held until the marks are taken, so that they are of whole blocks.
        let watched = self.registry.watched.lock();
        let marks = std::mem::take(&mut *self.marks.changed.lock());
        let is_changed = |account: &&Address| marks.get(*account).is_some_and(|at| *at > block);
        let changed = self.accounts.iter().filter(is_changed).copied();
        (changed.collect(), watched.marked)
    }
}

impl Marks {
    fn any_after(&self, block: u64) -> bool {
        self.changed.lock().values().any(|at| *at > block)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut watched = self.registry.watched.lock();
        watched.accounts = watched.accounts.saturating_sub(self.accounts.len());
        for account in &self.accounts {
            if let Some(streams) = watched.by_account.get_mut(account) {
                streams.retain(|marks| !Arc::ptr_eq(marks, &self.marks));
                if streams.is_empty() {
                    watched.by_account.remove(account);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn account(number: u8) -> Address {
        Address::with_last_byte(number)
    }

    fn registry(accounts_max: usize) -> Arc<Registry> {
        Arc::new(Registry::new(accounts_max))
    }

    fn mark(registry: &Registry, block: u64, accounts: &[u8]) {
        let accounts: Vec<_> = accounts.iter().map(|number| account(*number)).collect();
        registry.mark(block, &accounts);
    }

    #[test]
    fn a_stream_learns_of_its_own_accounts_alone() {
        let registry = registry(8);
        let one = registry.watch(vec![account(1), account(2)]).unwrap();
        let other = registry.watch(vec![account(2), account(3)]).unwrap();
        mark(&registry, 5, &[1]);
        mark(&registry, 6, &[2, 9]);
        let both = vec![account(1), account(2)];
        assert_eq!(one.take_changed_after(4), (both, 6));
        assert_eq!(other.take_changed_after(4), (vec![account(2)], 6));
        assert_eq!(one.take_changed_after(0), (vec![], 6), "told once");
    }

    #[test]
    fn what_has_been_seen_is_not_told() {
        let registry = registry(8);
        let place = registry.watch(vec![account(1)]).unwrap();
        mark(&registry, 5, &[1]);
        assert!(place.changed_after(5).now_or_never().is_none());
        assert!(place.changed_after(4).now_or_never().is_some());
        assert!(place.changed_after(4).now_or_never().is_some(), "still so");
        assert_eq!(place.take_changed_after(5), (vec![], 5));
    }

    #[test]
    fn all_are_marked_when_nobody_knows_which() {
        let registry = registry(8);
        let place = registry.watch(vec![account(2), account(1)]).unwrap();
        registry.mark_all(7);
        assert_eq!(
            place.take_changed_after(6),
            (vec![account(2), account(1)], 7)
        );
    }

    #[test]
    fn no_more_is_followed_than_allowed_and_nothing_is_left_of_who_goes() {
        let registry = registry(3);
        let two = registry.watch(vec![account(1), account(2)]).unwrap();
        assert!(registry.watch(vec![account(1), account(2)]).is_none());
        let one = registry.watch(vec![account(1)]).unwrap();
        assert!(registry.watch(vec![account(4)]).is_none());
        drop(two);
        mark(&registry, 1, &[1]);
        assert_eq!(one.take_changed_after(0).0, [account(1)]);
        assert_eq!(registry.watched.lock().by_account.len(), 1);
        drop(one);
        assert!(registry.is_empty());
        assert!(registry.watched.lock().by_account.is_empty());
    }
}
