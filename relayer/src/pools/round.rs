//! One look at the balances: what is to move on each route, or why nothing does.
//!
//! What moves away is what has been there for long enough and is not on its way elsewhere; what is missing is judged by the
//! newest block. Moves under way count in full until the block at depth shows them, by when the newest block has shown them for
//! long: both readings are then low for whoever pays, so that too little moves at times, and never too much.

use std::collections::BTreeMap;

use super::config::{AssetConfig, Limits, PoolsConfig};
use super::observed::{Balance, Observed};
use super::route::{Asset, Pool, Route};
use super::step::Setback;
use super::under_way::{MOVES_MAX, Moves};
use super::waiting::Wait;

/// What a look says of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing has to move, or something does already.
    Rests,
    /// So much moves.
    Moves(u128),
    /// So much should move and cannot.
    Waits(u128, Wait),
}

/// What a route is to move.
#[derive(Clone, Copy, Debug)]
struct Wish {
    route: Route,
    amount: u128,
    /// What the account that pays may give.
    free: u128,
    is_urgent: bool,
}

/// What operating lacks.
#[derive(Clone, Copy, Debug, Default)]
struct Lack {
    /// What is missing and was not given, in wei.
    amount: u128,
    /// Whether hot has too little for it in the newest block as well, so that cold has to help.
    exceeds_hot: bool,
    is_urgent: bool,
}

pub(super) struct Round<'r> {
    pub(super) config: &'r PoolsConfig,
    pub(super) has_cold_key: bool,
    pub(super) moves: &'r Moves,
    pub(super) setbacks: &'r BTreeMap<Route, Setback>,
    pub(super) observed: &'r Observed,
    pub(super) now: u64,
    /// What this round moves.
    pub(super) planned: Vec<(Route, u128)>,
}

impl Round<'_> {
    /// What is to be done on every route. Operating comes first: without gas nothing else comes back.
    pub(super) fn judge(mut self) -> Vec<(Route, Verdict)> {
        let mut verdicts = Vec::new();
        let config = self.config;
        for (asset, kept) in config.assets() {
            if let Some(reason) = self.unreadable(asset) {
                // Said of one route is enough.
                let wait = Wait::Unreadable { reason };
                verdicts.push((Route::fill(asset), Verdict::Waits(0, wait)));
                continue;
            }
            let mut lack = Lack::default();
            if asset == Asset::Eth {
                let (verdict, left) = self.top_up();
                verdicts.push((Route::TOP_UP, verdict));
                lack = left;
            }
            verdicts.push((Route::fill(asset), self.fill(asset, kept, lack)));
            verdicts.push((Route::surplus(asset), self.surplus(asset, kept, lack)));
        }
        verdicts
    }

    /// Why nothing can be said of an asset: a balance that is not known is no reason to fill anything.
    fn unreadable(&self, asset: Asset) -> Option<String> {
        if let Some(reason) = self.observed.unreadable.get(&asset) {
            return Some(reason.clone());
        }
        let is_missing = |pool: &&Pool| !self.observed.balances.contains_key(&(asset, **pool));
        let missing = asset.pools().iter().find(is_missing)?;
        Some(format!("that of {missing} is missing"))
    }

    /// From hot to operating.
    fn top_up(&mut self) -> (Verdict, Lack) {
        let operating = &self.config.operating;
        let head = self.balance(Pool::Operating, Asset::Eth).head;
        if head >= operating.low {
            return (Verdict::Rests, Lack::default());
        }
        let coming = self.outgoing(Pool::Hot, |route| route == Route::TOP_UP);
        let keeps = self.operating_leaves();
        let is_urgent = head < operating.urgent;
        let amount = operating.target.saturating_sub(head);
        let wish = Wish {
            route: Route::TOP_UP,
            amount,
            free: self.settled(Pool::Hot, Asset::Eth).saturating_sub(keeps),
            is_urgent,
        };
        let verdict = self.verdict(wish);
        let given = match verdict {
            Verdict::Moves(amount) => amount,
            Verdict::Rests | Verdict::Waits(..) => coming,
        };
        let hot = self.balance(Pool::Hot, Asset::Eth).head;
        let lack = Lack {
            amount: amount.saturating_sub(given),
            exceeds_hot: given == 0 && hot.saturating_sub(keeps) < self.config.eth.minimum,
            is_urgent,
        };
        (verdict, lack)
    }

    /// What filling operating leaves in hot, the fee among it.
    fn operating_leaves(&self) -> u128 {
        let keeps = self.config.hot_keeps().max(self.config.gas_reserve);
        keeps.saturating_add(self.fee())
    }

    /// From cold to hot.
    fn fill(&mut self, asset: Asset, kept: &AssetConfig, lack: Lack) -> Verdict {
        let head = self.balance(Pool::Hot, asset).head;
        let helps = lack.exceeds_hot;
        if head >= kept.hot.low && !helps {
            return Verdict::Rests;
        }
        let wanted = match helps {
            true => kept
                .hot
                .target
                .max(self.operating_leaves())
                .saturating_add(lack.amount),
            false => kept.hot.target,
        };
        let stays = self.eth_only(asset, self.config.gas_reserve.saturating_add(self.fee()));
        self.verdict(Wish {
            route: Route::fill(asset),
            amount: wanted.saturating_sub(head).max(kept.minimum),
            free: self.settled(Pool::Cold, asset).saturating_sub(stays),
            is_urgent: head < kept.hot.urgent || (helps && lack.is_urgent),
        })
    }

    /// From hot to cold: never what operating is waiting for.
    fn surplus(&mut self, asset: Asset, kept: &AssetConfig, lack: Lack) -> Verdict {
        let settled = self.settled(Pool::Hot, asset).saturating_sub(lack.amount);
        if settled <= kept.hot.high {
            return Verdict::Rests;
        }
        // The fee comes out of what is over, or the move would leave less than the target.
        let stays = kept
            .hot
            .target
            .saturating_add(self.eth_only(asset, self.fee()));
        let amount = settled.saturating_sub(stays);
        if amount < kept.minimum {
            return Verdict::Rests;
        }
        self.verdict(Wish {
            route: Route::surplus(asset),
            amount,
            free: amount,
            is_urgent: false,
        })
    }

    fn verdict(&mut self, wish: Wish) -> Verdict {
        let mut open = self.moves.open(self.observed.deep_block);
        if open.any(|(known, _)| known.route == wish.route) {
            return Verdict::Rests;
        }
        match self.grant(&wish) {
            Ok(amount) => {
                self.planned.push((wish.route, amount));
                Verdict::Moves(amount)
            }
            Err(wait) => Verdict::Waits(wish.amount, wait),
        }
    }

    /// How much of a wish moves now. What somebody has to mend comes before what passes by itself.
    fn grant(&self, wish: &Wish) -> Result<u128, Wait> {
        let (route, observed) = (wish.route, self.observed);
        let minimum = self
            .config
            .asset(route.asset)
            .map_or(1, |kept| kept.minimum);
        if route.from == Pool::Cold && !self.has_cold_key {
            return Err(Wait::NoKey);
        }
        if wish.free < minimum {
            return Err(Wait::Source { has: wish.free });
        }
        if route.asset != Asset::Eth && self.settled(route.from, Asset::Eth) < self.fee() {
            return Err(Wait::Gas { needed: self.fee() });
        }
        let limits = self.limits(route);
        let left = self.left_of_day(route, &limits, minimum)?;
        if let Some(setback) = self.setbacks.get(&route)
            && self.now < setback.retry_at
        {
            let at = setback.retry_at;
            return Err(Wait::Retry { at });
        }
        if observed.price > self.config.fee_ceiling && !wish.is_urgent {
            return Err(Wait::Fees {
                price: observed.price,
                ceiling: self.config.fee_ceiling,
            });
        }
        let most = limits.move_max.min(left).min(wish.free);
        Ok(wish.amount.min(most))
    }

    fn limits(&self, route: Route) -> Limits {
        let none = Limits::per_move(0);
        self.config
            .asset(route.asset)
            .map_or(none, |kept| match route.from {
                Pool::Hot => kept.hot_limits,
                Pool::Cold => kept.cold_limits,
                Pool::Operating => none,
            })
    }

    /// What the limit of the day leaves of an asset.
    fn left_of_day(&self, route: Route, limits: &Limits, minimum: u128) -> Result<u128, Wait> {
        let spent = self.moves.of_day(route.from, route.asset, self.now);
        let planned = |of: fn(&Route, &Route) -> bool| {
            let planned = self.planned.iter();
            planned.filter(move |(planned, _)| of(planned, &route))
        };
        let moves = spent.moves + planned(|a, b| a.from == b.from).count();
        if moves >= MOVES_MAX {
            let until = spent.next_move_at.unwrap_or(self.now);
            return Err(Wait::DayLimit { until });
        }
        let now = planned(|a, b| (a.from, a.asset) == (b.from, b.asset));
        let now = now.fold(0, |sum: u128, (_, amount)| sum.saturating_add(*amount));
        let left = limits
            .day_max
            .saturating_sub(spent.amount.saturating_add(now));
        if left < minimum {
            let until = spent.amount_at.unwrap_or(self.now);
            return Err(Wait::DayLimit { until });
        }
        Ok(left)
    }

    /// What is there for good and goes nowhere else.
    fn settled(&self, pool: Pool, asset: Asset) -> u128 {
        let there = self.balance(pool, asset).settled();
        let owed = match pool {
            Pool::Hot => self.observed.committed.get(&asset).copied(),
            Pool::Cold | Pool::Operating => None,
        };
        let leaving = self.outgoing(pool, |route| route.asset == asset);
        let moves = self.outgoing_count(pool);
        let fees = self.eth_only(asset, self.fee().saturating_mul(moves));
        there
            .saturating_sub(owed.unwrap_or(0))
            .saturating_sub(leaving)
            .saturating_sub(fees)
    }

    /// What leaves a pool by moves that are open or planned.
    fn outgoing(&self, pool: Pool, is_counted: impl Fn(Route) -> bool) -> u128 {
        let leaving = self.leaving(pool).filter(|(route, _)| is_counted(*route));
        leaving.fold(0, |sum: u128, (_, amount)| sum.saturating_add(amount))
    }

    fn outgoing_count(&self, pool: Pool) -> u128 {
        self.leaving(pool).count() as u128
    }

    fn leaving(&self, pool: Pool) -> impl Iterator<Item = (Route, u128)> {
        let open = self.moves.open(self.observed.deep_block);
        let open = open.map(|(known, _)| (known.route, known.amount));
        let leaving = open.chain(self.planned.iter().copied());
        leaving.filter(move |(route, _)| route.from == pool)
    }

    fn balance(&self, pool: Pool, asset: Asset) -> Balance {
        let balance = self.observed.balances.get(&(asset, pool));
        balance.copied().unwrap_or_default()
    }

    /// Wei that a move's fee may be, which its account has to hold: a first transaction offers twice the base fee.
    fn fee(&self) -> u128 {
        let price = self.observed.price.saturating_mul(2);
        price.saturating_mul(self.config.move_gas.into())
    }

    fn eth_only(&self, asset: Asset, wei: u128) -> u128 {
        match asset {
            Asset::Eth => wei,
            Asset::Token(_) => 0,
        }
    }
}
