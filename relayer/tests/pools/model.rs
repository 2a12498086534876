//! Random days of three accounts: money that comes and goes, blocks, fees, moves that fail, forks and restarts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use spillway_relayer::pools::{
    Asset, Balance, DAY, Move, MoveStage, Observed, Pool, Pools, PoolsConfig, Route,
};

use super::{TOKEN, UNIT, asked, config};

/// What the gas of a move costs at a price of 1.
const GAS: u128 = 21_000;

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Blocks of so many seconds each.
    Blocks(u8, u16),
    /// Money for hot, or out of it, from outside, in units.
    Pay(bool, u16),
    Spend(bool, u16),
    /// Operating pays for claims.
    Claim(u8),
    /// Somebody fills cold.
    Deposit(u16),
    Price(u16),
    /// The oldest move that is in no block takes no effect.
    Fail,
    /// The newest blocks are gone, no more than are waited for; their moves are made again.
    Fork(u8),
    /// Nothing is remembered but what the managers have.
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (1u8..6, 1u16..2_000).prop_map(|(count, seconds)| Op::Blocks(count, seconds)),
        3 => (any::<bool>(), 1u16..400).prop_map(|(eth, units)| Op::Pay(eth, units)),
        3 => (any::<bool>(), 1u16..400).prop_map(|(eth, units)| Op::Spend(eth, units)),
        1 => (1u8..50).prop_map(Op::Claim),
        1 => (1u16..500).prop_map(Op::Deposit),
        2 => (1u16..300).prop_map(Op::Price),
        1 => Just(Op::Fail),
        1 => (1u8..4).prop_map(Op::Fork),
        1 => Just(Op::Restart),
    ]
}

type Balances = BTreeMap<(Asset, Pool), u128>;

#[derive(Clone, Debug, Default)]
struct Block {
    time: u64,
    balances: Balances,
    /// Moves that it holds.
    moves: Vec<Move>,
}

struct Model {
    config: PoolsConfig,
    pools: Pools,
    chain: Vec<Block>,
    price: u128,
    /// What the managers have: moves in no block, and for a day those in one.
    waiting: Vec<Move>,
    /// Every move that was ever asked for and did not fail, with the block that holds it.
    made: Vec<(Move, Option<u64>)>,
    count: u64,
    /// The newest time that was ever seen, in seconds: after a fork and a restart they see older ones.
    seen: u64,
    /// What came from outside less what went there, fees among it.
    outside: i128,
}

impl Model {
    fn new() -> Self {
        let mut balances = Balances::new();
        for asset in [Asset::Eth, TOKEN] {
            balances.insert((asset, Pool::Hot), 200 * UNIT);
            balances.insert((asset, Pool::Cold), 1_000 * UNIT);
        }
        balances.insert((Asset::Eth, Pool::Operating), 30 * UNIT);
        let genesis = Block {
            time: 1_000_000,
            balances,
            moves: Vec::new(),
        };
        let confirmations = config().confirmations as usize;
        let mut model = Self {
            config: config(),
            pools: Pools::new(config(), true).unwrap(),
            chain: vec![genesis; confirmations + 1],
            price: 1,
            waiting: Vec::new(),
            made: Vec::new(),
            count: 0,
            seen: 0,
            outside: 0,
        };
        model.outside = model.total();
        model
    }

    fn total(&self) -> i128 {
        self.head().balances.values().map(|b| *b as i128).sum()
    }

    fn head(&self) -> &Block {
        self.chain.last().expect("a block")
    }

    fn number(&self) -> u64 {
        self.chain.len() as u64 - 1
    }

    fn observed(&self) -> Observed {
        let deep_block = self.number() - self.config.confirmations;
        let (head, deep) = (self.head(), &self.chain[deep_block as usize]);
        let balances = head.balances.iter().map(|(place, amount)| {
            let balance = Balance {
                head: *amount,
                deep: deep.balances[place],
            };
            (*place, balance)
        });
        Observed {
            block: self.number(),
            time: head.time,
            deep_block,
            price: self.price,
            balances: balances.collect(),
            ..Observed::default()
        }
    }

    /// Money moves from outside in the newest block: whoever looks next sees it.
    fn change(&mut self, place: (Asset, Pool), units: i128) {
        let head = self.chain.last_mut().expect("a block");
        let balance = head.balances.get_mut(&place).expect("a balance");
        let after = (*balance as i128 + units * UNIT as i128).max(0);
        self.outside += after - *balance as i128;
        *balance = after as u128;
    }

    fn apply(&mut self, op: Op) {
        let asset = |eth| if eth { Asset::Eth } else { TOKEN };
        match op {
            Op::Blocks(count, seconds) => {
                for _ in 0..count {
                    self.mine(seconds.into());
                    self.look();
                }
            }
            Op::Pay(eth, units) => self.change((asset(eth), Pool::Hot), units.into()),
            Op::Spend(eth, units) => self.change((asset(eth), Pool::Hot), -i128::from(units)),
            Op::Claim(units) => self.change((Asset::Eth, Pool::Operating), -i128::from(units)),
            Op::Deposit(units) => self.change((Asset::Eth, Pool::Cold), units.into()),
            Op::Price(price) => self.price = price.into(),
            Op::Fail if !self.waiting.is_empty() => {
                let failed = self.waiting.remove(0);
                self.fail(failed);
            }
            Op::Fail => {}
            Op::Fork(depth) => self.fork(depth.into()),
            Op::Restart => self.restart(),
        }
    }

    fn fail(&mut self, failed: Move) {
        self.made.retain(|(made, _)| made.id != failed.id);
        assert_eq!(self.pools.on_ended(failed.id), Some(failed));
        self.pools.on_failed(failed.route);
    }

    /// A block with every move that waits and can be paid. A move that cannot be is withdrawn.
    fn mine(&mut self, seconds: u64) {
        let mut block = self.head().clone();
        block.time += seconds;
        block.moves.clear();
        let number = self.chain.len() as u64;
        for waiting in std::mem::take(&mut self.waiting) {
            let (route, amount) = (waiting.route, waiting.amount);
            let eth = block.balances[&(Asset::Eth, route.from)];
            let needed = if route.asset == Asset::Eth { amount } else { 0 };
            let asset = block.balances[&(route.asset, route.from)];
            if eth < needed + GAS || asset < amount {
                self.fail(waiting);
                continue;
            }
            let mut add = |place, wei: i128| {
                let balance = block.balances.get_mut(&place).expect("a balance");
                *balance = (*balance as i128 + wei) as u128;
            };
            add((Asset::Eth, route.from), -(GAS as i128));
            add((route.asset, route.from), -(amount as i128));
            add((route.asset, route.to), amount as i128);
            self.outside -= GAS as i128;
            block.moves.push(waiting);
            let made = self.made.iter_mut().find(|(made, _)| made.id == waiting.id);
            made.expect("it was made").1 = Some(number);
            self.pools.on_included(waiting.id, number);
        }
        self.chain.push(block);
        // A manager counts a transaction as final as deep as the pools do.
        let deep = self.number().saturating_sub(self.config.confirmations);
        for done in self.chain[deep as usize].moves.clone() {
            self.pools.on_done(done.id, deep);
        }
    }

    fn fork(&mut self, depth: usize) {
        let kept = self.chain.len() - depth.min(self.config.confirmations as usize - 1);
        let kept = kept.max(self.config.confirmations as usize + 1);
        for gone in self.chain.split_off(kept) {
            for moved in gone.moves {
                self.pools.on_dropped(moved.id);
                self.waiting.push(moved);
                let made = self.made.iter_mut().find(|(made, _)| made.id == moved.id);
                made.expect("it was made").1 = None;
            }
        }
        // What else those blocks held is gone with them.
        self.outside = self.total();
        self.mine(1);
    }

    fn restart(&mut self) {
        self.pools = Pools::new(self.config.clone(), true).unwrap();
        let now = self.seen;
        let deep = self.number() - self.config.confirmations;
        for (made, block) in &self.made {
            if block.is_some_and(|block| block <= deep) && made.time + DAY <= now {
                // The manager was told to forget it.
                continue;
            }
            self.pools.on_asked(*made);
            match block {
                Some(block) if *block <= deep => _ = self.pools.on_done(made.id, *block),
                Some(block) => _ = self.pools.on_included(made.id, *block),
                None => {}
            }
        }
    }

    /// Looks, and hands over what is decided.
    fn look(&mut self) -> usize {
        let observed = self.observed();
        self.seen = self.seen.max(observed.time);
        let decided = self.pools.step(&observed);
        for (route, amount) in &decided.moves {
            self.check(&observed, *route, *amount);
            self.count += 1;
            let asked = Move {
                amount: *amount,
                ..asked(self.count, *route, 0, self.pools.now())
            };
            self.waiting.push(asked);
            self.made.push((asked, None));
            self.pools.on_asked(asked);
        }
        decided.moves.len()
    }

    /// What holds for every move.
    fn check(&self, observed: &Observed, route: Route, amount: u128) {
        let kept = self.config.asset(route.asset).expect("it is kept");
        let limits = match route.from {
            Pool::Hot => kept.hot_limits,
            _ => kept.cold_limits,
        };
        assert!(
            amount >= kept.minimum && amount <= limits.move_max,
            "{amount}"
        );
        let of_day = self.made.iter().filter(|(made, _)| {
            let same = (made.route.from, made.route.asset) == (route.from, route.asset);
            same && made.time + DAY > self.seen
        });
        let of_day: u128 = of_day.map(|(made, _)| made.amount).sum();
        assert!(of_day + amount <= limits.day_max, "{of_day} {amount}");
        let mut open = self.made.iter().filter(|(_, block)| {
            let is_deep = block.is_some_and(|block| block <= observed.deep_block);
            !is_deep
        });
        let is_free = !open.any(|(open, _)| open.route == route);
        assert!(is_free, "{route:?} has one");
        // Whatever is under way takes effect as well, and each costs gas.
        let balance = observed.balances[&(route.asset, route.from)];
        let unpaid = self.waiting.iter().filter(|w| w.route.from == route.from);
        let same = unpaid.clone().filter(|w| w.route.asset == route.asset);
        let leaving: u128 = same.map(|w| w.amount).sum();
        let gas = match route.asset {
            Asset::Eth => GAS * (unpaid.count() as u128 + 1),
            Asset::Token(_) => 0,
        };
        let stays = match route {
            Route::TOP_UP => self.config.hot_keeps(),
            _ if route.from == Pool::Hot => kept.hot.target,
            _ if route.asset == Asset::Eth => self.config.gas_reserve,
            _ => 0,
        };
        let settled = balance.head.min(balance.deep);
        let is_kept = settled >= stays + leaving + amount + gas;
        assert!(
            is_kept,
            "{route:?} {amount} of {balance:?}, {leaving} leave"
        );
    }

    /// Nothing comes or goes any more, and L1 is cheap.
    fn settle(&mut self) {
        self.price = 1;
        let mut moves: BTreeMap<(Asset, Pool, Pool), u32> = BTreeMap::new();
        // Far longer than any limit or wait, and past what was under way when it began.
        for round in 0..400 {
            self.mine(DAY / 20);
            let before = self.made.len();
            self.look();
            for (made, _) in &self.made[before..] {
                let Route { asset, from, to } = made.route;
                if round > 2 * self.config.confirmations {
                    *moves.entry((asset, from, to)).or_default() += 1;
                }
            }
        }
        for asset in [Asset::Eth, TOKEN] {
            let out = moves.contains_key(&(asset, Pool::Hot, Pool::Cold));
            let back = moves.contains_key(&(asset, Pool::Cold, Pool::Hot));
            assert!(!(out && back), "it went to and fro: {moves:?}");
        }
        let before = self.made.len();
        for _ in 0..50 {
            self.mine(DAY / 20);
            self.look();
        }
        assert_eq!(self.made.len(), before, "it comes to rest");
    }

    /// Every pool is as it should be, or what it lacks is not there.
    fn check_settled(&self) {
        let balance = |asset, pool| self.head().balances[&(asset, pool)];
        let slack = GAS * 2 * 2;
        for asset in [Asset::Eth, TOKEN] {
            let kept = self.config.asset(asset).expect("it is kept");
            let (hot, cold) = (balance(asset, Pool::Hot), balance(asset, Pool::Cold));
            let keeps = match asset {
                Asset::Eth => self.config.gas_reserve,
                Asset::Token(_) => 0,
            };
            let has_gas = balance(Asset::Eth, Pool::Cold) >= slack;
            let is_empty = cold < keeps + kept.minimum + slack || !has_gas;
            assert!(hot >= kept.hot.low || is_empty, "{asset}: {hot} {cold}");
            let most = kept.hot.high + slack;
            let has_gas = balance(Asset::Eth, Pool::Hot) >= slack;
            assert!(hot <= most || !has_gas, "{asset}: {hot}");
        }
        let operating = balance(Asset::Eth, Pool::Operating);
        let cold = balance(Asset::Eth, Pool::Cold);
        let hot = balance(Asset::Eth, Pool::Hot);
        let none = self.config.eth.minimum + slack;
        let is_empty =
            cold < self.config.gas_reserve + none && hot < self.config.hot_keeps() + none;
        assert!(
            operating >= self.config.operating.low || is_empty,
            "{operating} {hot} {cold}"
        );
        let open = self.pools.open_moves();
        let under_way = open.filter(|(_, stage)| *stage == MoveStage::UnderWay);
        assert_eq!(under_way.count(), 0);
    }
}

proptest! {
    #[test]
    fn limits_hold_nothing_is_lost_and_every_pool_comes_into_its_band(
        ops in prop::collection::vec(op(), 1..60),
    ) {
        let mut model = Model::new();
        for op in ops {
            model.apply(op);
            prop_assert_eq!(model.total(), model.outside);
        }
        model.settle();
        prop_assert_eq!(model.total(), model.outside);
        model.check_settled();
    }
}
