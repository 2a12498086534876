//! The state machine: from what L1 shows to what moves.

use std::collections::BTreeMap;

use spillway_l1::transactions::IntentId;

use super::config::{ConfigError, PoolsConfig};
use super::observed::Observed;
use super::round::{Round, Verdict};
use super::route::Route;
use super::under_way::{Move, MoveStage, Moves};
use super::waiting::{Notice, Waiting, WaitingMove};

/// What a look at L1 leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// What is to move, in this order. Each is to be told of next, by [`Pools::on_asked`] or [`Pools::on_failed`].
    pub moves: Vec<(Route, u128)>,
    /// What is to be said.
    pub notices: Vec<Notice>,
    /// Moves that are over for good, and whose names the managers may forget.
    pub over: Vec<Move>,
}

/// After a move on a route failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setback {
    failures: u32,
    /// L1's seconds.
    pub(super) retry_at: u64,
}

/// The pools, as a state machine: it is told what L1 shows and what becomes of moves, and answers what is to move.
///
/// It has to know the moves that earlier runs left ([`on_asked`](Self::on_asked)) before it decides anything.
#[derive(Clone, Debug)]
pub struct Pools {
    config: PoolsConfig,
    has_cold_key: bool,
    moves: Moves,
    setbacks: BTreeMap<Route, Setback>,
    waiting: Waiting,
    /// The newest time of L1 that was seen: forks do not take back what happened on the way.
    now: u64,
    deep_block: u64,
}

impl Pools {
    /// Pools without moves. Without cold's key what hot needs is said and not moved.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: PoolsConfig, has_cold_key: bool) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            config,
            has_cold_key,
            moves: Moves::default(),
            setbacks: BTreeMap::new(),
            waiting: Waiting::default(),
            now: 0,
            deep_block: 0,
        })
    }

    /// How they are kept.
    #[must_use]
    pub const fn config(&self) -> &PoolsConfig {
        &self.config
    }

    /// Decides what moves now.
    pub fn step(&mut self, observed: &Observed) -> Decided {
        self.now = self.now.max(observed.time);
        self.deep_block = observed.deep_block;
        let round = Round {
            config: &self.config,
            has_cold_key: self.has_cold_key,
            moves: &self.moves,
            setbacks: &self.setbacks,
            observed,
            now: self.now,
            planned: Vec::new(),
        };
        let mut decided = Decided::default();
        for (route, verdict) in round.judge() {
            let notice = match verdict {
                Verdict::Rests => self.waiting.on_rest(route),
                Verdict::Moves(amount) => {
                    self.waiting.on_move(route);
                    decided.moves.push((route, amount));
                    None
                }
                Verdict::Waits(amount, wait) => {
                    let since = self.now;
                    let waits = WaitingMove {
                        route,
                        amount,
                        wait,
                        since,
                    };
                    self.waiting.on_wait(waits, self.config.remind)
                }
            };
            decided.notices.extend(notice);
        }
        decided.over = self.moves.take_old(self.now, self.deep_block);
        decided
    }

    /// A transaction manager has a move on disk. One that is known already is not counted twice.
    pub fn on_asked(&mut self, asked: Move) {
        self.moves.insert(asked);
    }

    /// A move is in that block. None if it is not known.
    pub fn on_included(&mut self, id: IntentId, l1_block: u64) -> Option<Move> {
        self.moves.set_stage(id, MoveStage::InBlock(l1_block))
    }

    /// The block with a move is gone. None if it is not known.
    pub fn on_dropped(&mut self, id: IntentId) -> Option<Move> {
        self.moves.set_stage(id, MoveStage::UnderWay)
    }

    /// A move took effect in that block, for good. None if it is not known.
    pub fn on_done(&mut self, id: IntentId, l1_block: u64) -> Option<Move> {
        let done = self.moves.set_stage(id, MoveStage::Done(l1_block))?;
        self.setbacks.remove(&done.route);
        Some(done)
    }

    /// A move will never take effect. None if it is not known.
    pub fn on_ended(&mut self, id: IntentId) -> Option<Move> {
        self.moves.remove(id)
    }

    /// Nothing came of a move on a route. Answers when the next one can be made, in L1's seconds.
    pub fn on_failed(&mut self, route: Route) -> u64 {
        let (retry, retry_max) = (self.config.retry, self.config.retry_max);
        let failures = self.setbacks.get(&route);
        let failures = failures.map_or(0, |setback| setback.failures);
        let factor = 2_u64.saturating_pow(failures.min(32));
        let wait = retry.saturating_mul(factor).min(retry_max);
        let setback = Setback {
            failures: failures.saturating_add(1),
            retry_at: self.now.saturating_add(wait),
        };
        self.setbacks.insert(route, setback);
        setback.retry_at
    }

    /// The newest time of L1 that it has seen, in seconds.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// Moves that are not as deep as is waited for.
    pub fn open_moves(&self) -> impl Iterator<Item = (&Move, MoveStage)> {
        self.moves.open(self.deep_block)
    }

    /// What should move and cannot.
    pub fn waiting(&self) -> impl Iterator<Item = &WaitingMove> {
        self.waiting.moves()
    }
}
