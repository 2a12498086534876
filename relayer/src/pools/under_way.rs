//! Moves that the transaction managers know: those that have not ended, and those of the last day.

use std::collections::BTreeMap;

use spillway_l1::transactions::IntentId;

use super::route::{Asset, Pool, Route};

/// Seconds over which an account's limit is.
pub const DAY: u64 = 86_400;

/// Moves of one account in a day, at most, whatever its limits. Each is remembered for as long.
pub const MOVES_MAX: usize = 256;

/// A move that was handed to a transaction manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Its name.
    pub id: IntentId,
    /// What moves, and between whom.
    pub route: Route,
    /// How much, in the asset's smallest unit.
    pub amount: u128,
    /// When it was decided: L1's time, in seconds.
    pub time: u64,
}

/// How far a move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveStage {
    /// It is in no block.
    UnderWay,
    /// It is in that block, which may still go.
    InBlock(u64),
    /// It took effect in that block, for good.
    Done(u64),
}

/// All that is remembered of moves.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    known: BTreeMap<IntentId, (Move, MoveStage)>,
}

impl Moves {
    pub(super) fn insert(&mut self, asked: Move) {
        // It may be known already, and be further.
        self.known
            .entry(asked.id)
            .or_insert((asked, MoveStage::UnderWay));
    }

    pub(super) fn set_stage(&mut self, id: IntentId, stage: MoveStage) -> Option<Move> {
        let (known, before) = self.known.get_mut(&id)?;
        *before = stage;
        Some(*known)
    }

    pub(super) fn remove(&mut self, id: IntentId) -> Option<Move> {
        self.known.remove(&id).map(|(known, _)| known)
    }

    /// Those that the block at depth does not show for good.
    ///
    /// It depends on the look, not on what was seen before: a node that lags behind may show less than another one did.
    pub(super) fn open(&self, deep_block: u64) -> impl Iterator<Item = (&Move, MoveStage)> {
        let is_open = move |stage: &MoveStage| match stage {
            MoveStage::Done(block) => *block > deep_block,
            MoveStage::UnderWay | MoveStage::InBlock(_) => true,
        };
        let open = self.known.values().filter(move |(_, stage)| is_open(stage));
        open.map(|(known, stage)| (known, *stage))
    }

    /// What left a pool by moves in the day before that time, and by how many; and when the oldest of them is out of that day.
    pub(super) fn of_day(&self, from: Pool, asset: Asset, now: u64) -> Spent {
        let mut spent = Spent::default();
        for (known, _) in self.known.values() {
            if known.route.from != from || is_old(known, now) {
                continue;
            }
            spent.moves += 1;
            let ends = known.time.saturating_add(DAY);
            spent.next_move_at = earliest(spent.next_move_at, ends);
            if known.route.asset == asset {
                spent.amount = spent.amount.saturating_add(known.amount);
                spent.amount_at = earliest(spent.amount_at, ends);
            }
        }
        spent
    }

    /// Those that neither a limit nor a balance depends on any more.
    pub(super) fn take_old(&mut self, now: u64, deep_block: u64) -> Vec<Move> {
        let is_over = |known: &Move, stage: MoveStage| {
            let is_deep = matches!(stage, MoveStage::Done(block) if block <= deep_block);
            is_deep && is_old(known, now)
        };
        let over = self
            .known
            .values()
            .filter(|(known, stage)| is_over(known, *stage));
        let over: Vec<_> = over.map(|(known, _)| *known).collect();
        for old in &over {
            self.known.remove(&old.id);
        }
        over
    }
}

/// What left a pool in a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    /// Of the asset.
    pub(super) amount: u128,
    /// When some of that is over a day ago.
    pub(super) amount_at: Option<u64>,
    /// Moves, of whatever asset.
    pub(super) moves: usize,
    /// When one of them is over a day ago.
    pub(super) next_move_at: Option<u64>,
}

fn is_old(known: &Move, now: u64) -> bool {
    known.time.saturating_add(DAY) <= now
}

fn earliest(known: Option<u64>, other: u64) -> Option<u64> {
    Some(known.map_or(other, |known| known.min(other)))
}
