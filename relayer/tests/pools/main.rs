//! The pools as a state machine: tables of what a look leads to, and a model of accounts that pay and are paid.

mod limits;
mod model;
mod settings;
mod tables;
mod waits;

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use spillway_l1::transactions::IntentId;
use spillway_relayer::pools::{
    Asset, AssetConfig, Balance, Band, Decided, Limits, Move, Notice, Observed, OperatingConfig,
    Pool, Pools, PoolsConfig, Route,
};

/// Amounts of these tests are in this unit, against which fees at a price of 1 are nothing.
const UNIT: u128 = 1_000_000_000;

const TOKEN: Asset = Asset::Token(Address::repeat_byte(0x70));

/// Hot between 100 and 400, at best 200; operating between 20 and 50. At least 10 moves, at most 150 at once and 500 a day.
fn config() -> PoolsConfig {
    let kept = AssetConfig {
        hot: Band {
            low: 100 * UNIT,
            target: 200 * UNIT,
            high: 400 * UNIT,
            urgent: 30 * UNIT,
        },
        minimum: 10 * UNIT,
        hot_limits: LIMITS,
        cold_limits: LIMITS,
    };
    PoolsConfig {
        tokens: BTreeMap::from([(Address::repeat_byte(0x70), kept)]),
        operating: OperatingConfig {
            low: 20 * UNIT,
            target: 50 * UNIT,
            urgent: 5 * UNIT,
            hot_keeps: None,
        },
        gas_reserve: 10 * UNIT,
        confirmations: 3,
        fee_ceiling: 100,
        move_gas: 21_000,
        retry: 60,
        retry_max: 300,
        remind: 1_000,
        ..PoolsConfig::new(kept)
    }
}

const LIMITS: Limits = Limits {
    move_max: 150 * UNIT,
    day_max: 500 * UNIT,
};

/// Pools with cold's key.
fn pools() -> Pools {
    Pools::new(config(), true).expect("good settings")
}

/// A look at which nothing has to move.
fn calm() -> Observed {
    let mut observed = Observed {
        block: 103,
        time: 10_000,
        deep_block: 100,
        price: 1,
        ..Observed::default()
    };
    for asset in [Asset::Eth, TOKEN] {
        set(&mut observed, asset, Pool::Hot, 200);
        set(&mut observed, asset, Pool::Cold, 5_000);
    }
    set(&mut observed, Asset::Eth, Pool::Operating, 30);
    observed
}

/// Sets a balance that has been there for long.
fn set(observed: &mut Observed, asset: Asset, pool: Pool, units: u128) {
    set_apart(observed, asset, pool, units, units);
}

/// Sets what the newest block and the one at depth show.
fn set_apart(observed: &mut Observed, asset: Asset, pool: Pool, head: u128, deep: u128) {
    let balance = Balance {
        head: head * UNIT,
        deep: deep * UNIT,
    };
    observed.balances.insert((asset, pool), balance);
}

/// Units, rounded up: what a fee takes off is not seen.
fn units(amount: u128) -> u128 {
    amount.div_ceil(UNIT)
}

/// What was decided, a word or two each.
fn shown(decided: &Decided) -> Vec<String> {
    let route = |route: &Route| match route.asset {
        Asset::Eth => format!("{route}"),
        Asset::Token(_) => format!("{route} of token"),
    };
    let moves = decided.moves.iter();
    let moves = moves.map(|(on, amount)| format!("{}: {}", route(on), units(*amount)));
    let notices = decided.notices.iter().map(|notice| match notice {
        Notice::Waits(waits) => {
            let why = format!("{:?}", waits.wait);
            let why = why.split([' ', '{']).next().expect("a word");
            let amount = units(waits.amount);
            format!("{} waits with {amount}: {why}", route(&waits.route))
        }
        Notice::Met { route: on } => format!("{} is met", route(on)),
    });
    moves.chain(notices).collect()
}

/// A move as the manager has it, which is named by its place.
fn asked(number: u64, route: Route, units: u128, time: u64) -> Move {
    Move {
        id: IntentId(B256::left_padding_from(&number.to_be_bytes())),
        route,
        amount: units * UNIT,
        time,
    }
}
