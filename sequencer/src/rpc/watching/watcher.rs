//! One stream: which messages it sends.

use std::sync::Arc;

use alloy_primitives::Address;
use tokio::time::Instant;

use super::marks::Place;
use super::message::{Holdings, Kind, Message, Position};
use super::pace::{Pace, Sent};
use crate::view::View;

/// A stream of snapshots and patches, from when it is made until it is dropped.
#[derive(Debug)]
pub(super) struct Watcher {
    view: View,
    place: Place,
    pace: Arc<Pace>,
    /// The number of the last message: what changed until that block has been told.
    told: u64,
    last: Option<Sent>,
}

impl Watcher {
    /// Nothing that happens from now on is missed.
    pub(super) fn new(view: View, place: Place, pace: Arc<Pace>) -> Self {
        Self {
            view,
            place,
            pace,
            told: 0,
            last: None,
        }
    }

    pub(super) fn accounts(&self) -> &[Address] {
        self.place.accounts()
    }

    /// All accounts as they are.
    pub(super) fn snapshot(&mut self) -> Message {
        self.message(Kind::Snapshot, None, None)
    }

    /// Those accounts after a block, which are all that have changed between a message that the client has and that block.
    pub(super) fn patch_since(
        &mut self,
        since: Position,
        changed: &[Address],
        block: u64,
    ) -> Message {
        self.message(Kind::Patch, Some(since.number), Some((changed, block)))
    }

    /// Waits until something has changed, and for a turn, and tells what it is by then. Cancelled, it forgets nothing.
    pub(super) async fn next(&mut self) -> Message {
        loop {
            self.place.changed_after(self.told).await;
            self.pace.turn(self.last).await;
            let (changed, block) = self.place.take_changed_after(self.told);
            if !changed.is_empty() {
                return self.message(Kind::Patch, Some(self.told), Some((&changed, block)));
            }
        }
    }

    /// Accounts as they were after a block; all as they are after the newest one, if there is no choice or the ledger does not remember
    /// that block any more.
    fn message(
        &mut self,
        kind: Kind,
        previous: Option<u64>,
        changed: Option<(&[Address], u64)>,
    ) -> Message {
        let message = self.view.with_ledger(|ledger| {
            let chosen = changed.and_then(|(accounts, block)| Some((ledger.at(block)?, accounts)));
            let (at, accounts) = chosen.unwrap_or((ledger.now(), self.place.accounts()));
            let held = |address: &Address| {
                Holdings::of(*address, at.account(address).as_ref(), at.tokens())
            };
            Message {
                kind,
                number: at.header().number,
                block_hash: at.header().hash(),
                previous,
                accounts: accounts.iter().map(held).collect(),
            }
        });
        self.told = message.number;
        self.last = Some(Sent {
            at: Instant::now(),
            accounts: message.accounts.len(),
        });
        message
    }
}

#[cfg(test)]
mod tests {
    use super::super::marks::Registry;
    use super::*;
    use crate::rpc::tests::world::{TOKENS, World, account, seed};

    #[tokio::test]
    async fn of_a_block_that_is_forgotten_all_accounts_are_told_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = World::config(&dir);
        config.storage.past_bytes = 0;
        let mut world = World::new(config, seed()).await;
        let view = world.sequencer.view();
        let number = view.block_number();
        let since = Position {
            number,
            hash: view.block_hash(number).unwrap().unwrap(),
        };
        for _ in 0..20 {
            let raw = world.transfer(1, account(2), TOKENS[0], 1, b"");
            world.send(vec![raw]).await;
        }
        assert!(view.with_ledger(|ledger| ledger.at(number).is_none()));
        let registry = Arc::new(Registry::new(10));
        let place = registry.watch(vec![account(1), account(2)]).unwrap();
        let mut watcher = Watcher::new(view.clone(), place, Arc::new(Pace::new(1)));
        let patch = watcher.patch_since(since, &[account(1)], number);
        assert_eq!((patch.kind, patch.previous), (Kind::Patch, Some(number)));
        assert_eq!(patch.number, view.block_number());
        assert_eq!(patch.accounts.len(), 2);
    }
}
