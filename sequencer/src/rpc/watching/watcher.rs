//! One stream: which messages it sends.

use std::sync::Arc;

use alloy_primitives::Address;
use tokio::time::Instant;

use super::marks::Place;
use super::message::{Holdings, Kind, Message, Position};
use super::pace::Pace;
use crate::view::View;

/// A stream of snapshots and patches, from when it is made until it is dropped.
#[derive(Debug)]
pub(super) struct Watcher {
    view: View,
    place: Place,
    pace: Arc<Pace>,
    /// The number of the last message: what changed until that block has been told.
    told: u64,
    last_turn: Option<Instant>,
}

impl Watcher {
    /// Nothing that happens from now on is missed.
    pub(super) fn new(view: View, place: Place, pace: Arc<Pace>) -> Self {
        Self {
            view,
            place,
            pace,
            told: 0,
            last_turn: None,
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
            self.pace.turn(self.last_turn).await;
            let (changed, block) = self.place.take_changed_after(self.told);
            if !changed.is_empty() {
                self.last_turn = Some(Instant::now());
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
        message
    }
}
