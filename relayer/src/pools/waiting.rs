//! What cannot move now, why, and when somebody is told.

use std::collections::BTreeMap;
use std::fmt;

use super::route::Route;

/// Why nothing moves on a route on which something should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Balances of the asset cannot be read.
    Unreadable {
        /// What the node said.
        reason: String,
    },
    /// Cold's key is not here.
    NoKey,
    /// The account that pays has too little that it may give.
    Source {
        /// So much, in the asset's smallest unit.
        has: u128,
    },
    /// The account that pays has too little ETH for the gas.
    Gas {
        /// So many wei it has to have for it.
        needed: u128,
    },
    /// Its limit of the day is used up.
    DayLimit {
        /// When some of it is free again, in L1's seconds.
        until: u64,
    },
    /// A move on the route has failed.
    Retry {
        /// When the next one is made, in L1's seconds.
        at: u64,
    },
    /// L1 is dear.
    Fees {
        /// What it takes, in wei per gas.
        price: u128,
        /// The ceiling.
        ceiling: u128,
    },
}

/// Why, without its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Unreadable,
    NoKey,
    Source,
    Gas,
    DayLimit,
    Retry,
    Fees,
}

impl Kind {
    /// It passes by itself: while it lasts it is said once.
    const fn passes(self) -> bool {
        matches!(self, Self::DayLimit | Self::Retry | Self::Fees)
    }

    /// It may come and go from block to block: the next time is no other one.
    const fn flickers(self) -> bool {
        self.passes() || matches!(self, Self::Unreadable)
    }
}

impl Wait {
    const fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } => Kind::Unreadable,
            Self::NoKey => Kind::NoKey,
            Self::Source { .. } => Kind::Source,
            Self::Gas { .. } => Kind::Gas,
            Self::DayLimit { .. } => Kind::DayLimit,
            Self::Retry { .. } => Kind::Retry,
            Self::Fees { .. } => Kind::Fees,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { reason } => {
                write!(
                    f,
                    "balances cannot be read: {reason}. Check the L1 nodes and the token"
                )
            }
            Self::NoKey => f.write_str("the key is not here: send it by hand"),
            Self::Source { has } => {
                write!(f, "it may give {has} only: fund it, or lower what it keeps")
            }
            Self::Gas { needed } => {
                write!(
                    f,
                    "it cannot pay for the gas: give it {needed} wei at least"
                )
            }
            Self::DayLimit { until } => {
                write!(
                    f,
                    "its limit of the day is used up until {until}: wait, or raise it"
                )
            }
            Self::Retry { at } => write!(f, "a move has failed; it is tried again at {at}"),
            Self::Fees { price, ceiling } => write!(
                f,
                "L1 takes {price} wei per gas, above the ceiling of {ceiling}: wait, or raise it"
            ),
        }
    }
}

/// What waits on a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingMove {
    /// The route.
    pub route: Route,
    /// What should move.
    pub amount: u128,
    /// Why it does not.
    pub wait: Wait,
    /// Since when for that reason, in L1's seconds.
    pub since: u64,
}

/// What somebody should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something should move and cannot. It is said again only where somebody has to act.
    Waits(WaitingMove),
    /// What was said to wait is no longer needed: somebody moved it, or the balances changed.
    Met {
        /// The route.
        route: Route,
    },
}

/// What waits, and what was said of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    moves: BTreeMap<Route, Said>,
    /// When it was last said.
    told: BTreeMap<(Route, Kind), u64>,
}

#[derive(Clone, Debug)]
struct Said {
    waits: WaitingMove,
    /// Whether it was said at all since it waits.
    is_told: bool,
}

impl Waiting {
    pub(super) fn moves(&self) -> impl Iterator<Item = &WaitingMove> {
        self.moves.values().map(|said| &said.waits)
    }

    /// A route waits, since now unless it did before. Answers what is to be said.
    pub(super) fn on_wait(&mut self, mut waits: WaitingMove, remind: u64) -> Option<Notice> {
        let (route, kind, now) = (waits.route, waits.wait.kind(), waits.since);
        let before = self.moves.get(&route);
        let was_told = before.is_some_and(|before| before.is_told);
        let same = before.filter(|before| before.waits.wait.kind() == kind);
        let is_new = same.is_none();
        if let Some(same) = same {
            waits.since = same.waits.since;
        }
        let is_due = match self.told.get(&(route, kind)) {
            // A node that lags behind by a block cannot answer either, and can with the next.
            None => !(is_new && kind == Kind::Unreadable),
            Some(told) => now >= told.saturating_add(remind) && (is_new || !kind.passes()),
        };
        let said = Said {
            waits: waits.clone(),
            is_told: was_told || is_due,
        };
        self.moves.insert(route, said);
        if !is_due {
            return None;
        }
        self.told.insert((route, kind), now);
        Some(Notice::Waits(waits))
    }

    /// Something moves on a route.
    pub(super) fn on_move(&mut self, route: Route) {
        self.moves.remove(&route);
        self.forget(route);
    }

    /// Nothing has to move on a route. Answers what is to be said.
    pub(super) fn on_rest(&mut self, route: Route) -> Option<Notice> {
        let waited = self.moves.remove(&route)?;
        self.forget(route);
        waited.is_told.then_some(Notice::Met { route })
    }

    fn forget(&mut self, route: Route) {
        self.told
            .retain(|(told, kind), _| *told != route || kind.flickers());
    }
}
