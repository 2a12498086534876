//! Settings by which nobody can go.

use alloy_primitives::Address;
use spillway_relayer::pools::{AssetConfig, Band, Pools, PoolsConfig};

use super::{UNIT, config};

fn refused(change: impl FnOnce(&mut PoolsConfig)) -> String {
    let mut config = config();
    change(&mut config);
    let refused = Pools::new(config, true).expect_err("it is wrong");
    refused.to_string()
}

type Change = fn(&mut PoolsConfig);

#[test]
fn wrong_settings_are_refused_with_what_to_do() {
    const LEAST: &str = "or lower what it has to be above";
    const MOST: &str = "or raise what it has to be below";
    let table: [(Change, &str, &str); 17] = [
        (
            |c| c.eth.minimum = 0,
            "minimum (wei) is 0: make it 1 or more",
            LEAST,
        ),
        (
            |c| c.eth.hot.urgent = 101 * UNIT,
            "hot.urgent (wei) is 101000000000: make it 100000000000 or less",
            MOST,
        ),
        (
            |c| c.eth.hot.target = 109 * UNIT,
            "hot.target (wei) is 109000000000: make it 110000000000 or more",
            LEAST,
        ),
        (
            |c| c.eth.hot.high = 209 * UNIT,
            "hot.high (wei) is 209000000000: make it 210000000000 or more",
            LEAST,
        ),
        (
            |c| c.eth.hot_limits.move_max = 1,
            "move_max (wei) is 1: make it 10000000000 or more",
            LEAST,
        ),
        (
            |c| c.eth.cold_limits.day_max = 1,
            "day_max (wei) is 1: make it 150000000000 or more",
            LEAST,
        ),
        (
            |c| c.operating.urgent = 21 * UNIT,
            "operating.urgent (wei) is 21000000000: make it 20000000000 or less",
            MOST,
        ),
        (
            |c| c.operating.target = 29 * UNIT,
            "operating.target (wei) is 29000000000: make it 30000000000 or more",
            LEAST,
        ),
        (
            |c| c.operating.hot_keeps = Some(9 * UNIT),
            "operating.hot_keeps (hot.low of ETH unless set, wei) is 9000000000: make it 10000000000 or more",
            LEAST,
        ),
        (
            |c| c.operating.hot_keeps = Some(201 * UNIT),
            "hot.target (wei) is 200000000000: make it 201000000000 or more",
            LEAST,
        ),
        (
            |c| c.confirmations = 121,
            "confirmations is 121: make it 120 or less",
            MOST,
        ),
        (
            |c| c.fee_ceiling = 0,
            "fee_ceiling is 0: make it 1 or more",
            LEAST,
        ),
        (
            |c| c.move_gas = 20_999,
            "move_gas is 20999: make it 21000 or more",
            LEAST,
        ),
        (
            |c| c.move_gas = 1 << 24,
            "move_gas is 16777216: make it 16777215 or less",
            MOST,
        ),
        (|c| c.retry = 0, "retry is 0: make it 1 or more", LEAST),
        (
            |c| c.retry_max = 59,
            "retry_max is 59: make it 60 or more",
            LEAST,
        ),
        (|c| c.remind = 0, "remind is 0: make it 1 or more", LEAST),
    ];
    for (change, what, todo) in table {
        assert_eq!(refused(change), format!("{what}, {todo}"));
    }
}

#[test]
fn wrong_tokens_are_refused() {
    let token = Address::repeat_byte(0x70);
    let wrong = refused(|c| c.tokens.get_mut(&token).expect("it is kept").hot.high = 0);
    assert!(
        wrong.starts_with(&format!("hot.high (of token {token}) is 0")),
        "{wrong}"
    );
    let none = refused(|c| _ = c.tokens.insert(Address::ZERO, c.eth));
    assert!(
        none.starts_with("the token at address zero is none"),
        "{none}"
    );
    let many = refused(|c| {
        let eth = c.eth;
        c.tokens
            .extend((1..=32).map(|byte| (Address::repeat_byte(byte), eth)));
    });
    assert_eq!(many, "33 tokens are to be kept in pools: name at most 32");
}

#[test]
fn the_defaults_are_good_for_a_pool_of_any_ordinary_size() {
    const ETHER: u128 = 1_000_000_000 * UNIT;
    let eth = AssetConfig::eth(Band {
        low: 5 * ETHER,
        target: 10 * ETHER,
        high: 20 * ETHER,
        urgent: ETHER,
    });
    assert_eq!(PoolsConfig::new(eth).check(), Ok(()));
}
