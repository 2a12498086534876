//! One stream: which messages it sends.

use std::sync::Arc;

use alloy_primitives::Address;
use tokio::time::Instant;

use super::marks::Place;
use super::message::{Holdings, Kind, Message, Position};
use super::pace::Pace;
use crate::ledger::Ledger;
use crate::view::View;

/// A stream of snapshots and patches, from when it is made until it is dropped.
#[derive(Debug)]
pub(super) struct Watcher {
    view: View,
    place: Place,
    pace: Arc<Pace>,
    /// The number of the last message.
    previous: u64,
    /// What changed until this block was part of a message.
    seen: u64,
    last_turn: Option<Instant>,
}

impl Watcher {
    /// Nothing that happens from now on is missed.
    pub(super) fn new(view: View, place: Place, pace: Arc<Pace>) -> Self {
        Self {
            view,
            place,
            pace,
            previous: 0,
            seen: 0,
            last_turn: None,
        }
    }

    pub(super) fn accounts(&self) -> &[Address] {
        self.place.accounts()
    }

    /// All accounts as they are.
    pub(super) fn snapshot(&mut self) -> Message {
        self.message(Kind::Snapshot, None, self.place.accounts().to_vec())
    }

    /// Those accounts as they are, which have changed after a message that the client has. What happened after `searched` may
    /// be missing among them, and comes next.
    pub(super) fn patch_since(
        &mut self,
        since: Position,
        changed: &[Address],
        searched: u64,
    ) -> Message {
        let patch = self.message(Kind::Patch, Some(since.number), changed.to_vec());
        self.seen = searched;
        patch
    }

    /// Waits until something has changed, and for a turn, and tells what it is by then. Cancelled, it forgets nothing.
    pub(super) async fn next(&mut self) -> Message {
        loop {
            self.place.changed_after(self.seen).await;
            self.pace.turn(self.last_turn).await;
            let changed = self.place.take_changed_after(self.seen);
            if !changed.is_empty() {
                self.last_turn = Some(Instant::now());
                return self.message(Kind::Patch, Some(self.previous), changed);
            }
        }
    }

    /// Accounts as they are after the newest block.
    fn message(&mut self, kind: Kind, previous: Option<u64>, accounts: Vec<Address>) -> Message {
        let read = |ledger: &Ledger| {
            let accounts = accounts.into_iter().map(|address| {
                let state = ledger.state();
                let account = state.index_of(&address).and_then(|at| state.account(at));
                Holdings::of(address, account.as_ref(), ledger.tokens())
            });
            let accounts = accounts.collect();
            let head = ledger.head();
            Message {
                kind,
                number: head.number,
                block_hash: head.hash(),
                previous,
                accounts,
            }
        };
        let message = self.view.with_ledger(read);
        (self.previous, self.seen) = (message.number, message.number);
        message
    }
}
