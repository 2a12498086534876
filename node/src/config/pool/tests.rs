//! What `[relayer.pool]` may say.

use alloy_primitives::Address;
use tempfile::TempDir;

use super::*;

const TOKEN: &str = "0x00000000000000000000000000000000000000aa";

/// A folder with a key, and a section for ETH and a token.
fn a_pool() -> (TempDir, typed::Pool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hot");
    std::fs::write(&path, "4".repeat(64)).unwrap();
    let text = format!(
        r#"
        hot_key_file = "{}"
        cold = "0x00000000000000000000000000000000000000c0"
        fee_ceiling_gwei = 30
        [assets.ETH]
        low = "1"
        target = "5.5"
        high = "10"
        fast = {{ share_bps = 20, each_max = "2", outstanding_max = "8", daily_max = "40" }}
        [assets.{TOKEN}]
        decimals = 6
        low = "1000"
        target = "5000"
        high = "10000"
        move_max = "2000"
        day_max = "3000"
        "#,
        path.display()
    );
    (folder, toml::from_str(&text).unwrap())
}

#[test]
fn what_is_typed_is_taken() {
    const ETHER: u128 = 10u128.pow(18);
    let (_folder, typed) = a_pool();
    let config = validate(&typed).unwrap();
    let eth = config.pools.eth;
    let band = Band {
        low: ETHER,
        target: 11 * ETHER / 2,
        high: 10 * ETHER,
        urgent: 0,
    };
    assert_eq!(eth, AssetConfig::eth(band));
    let terms = TokenTerms {
        share_bps: 20,
        flat: 0,
        each_max: 2 * ETHER,
        outstanding_max: 8 * ETHER,
        daily_max: 40 * ETHER,
    };
    assert_eq!(config.eth_terms, Some(terms));
    let address = Address::with_last_byte(0xaa);
    let token = config.pools.tokens[&address];
    assert_eq!(
        (token.hot.low, token.minimum),
        (10u128.pow(9), 4 * 10u128.pow(8))
    );
    assert_eq!(
        (token.cold_limits.move_max, token.cold_limits.day_max),
        (2 * 10u128.pow(9), 3 * 10u128.pow(9))
    );
    let known = PoolToken {
        decimals: 6,
        terms: None,
    };
    assert_eq!(config.tokens[&address], known);
    assert_eq!(config.pools.fee_ceiling, 30_000_000_000);
    assert!(matches!(config.cold, ColdAccount::Offline(it) if it.0[19] == 0xc0));
}

#[test]
fn what_cannot_be_is_refused_by_its_name() {
    type Change = fn(&mut typed::Pool);
    fn eth(pool: &mut typed::Pool) -> &mut typed::PoolAsset {
        pool.assets.get_mut("ETH").unwrap()
    }
    let changes: [(Change, &str); 12] = [
        (|it| it.assets.clear(), "relayer.pool.assets.ETH"),
        (|it| it.cold = None, "either cold"),
        (|it| it.cold_key_file = Some("/x".to_owned()), "either cold"),
        (|it| it.hot_key_file = "/nowhere".to_owned(), "hot_key_file"),
        (
            |it| it.confirmations = Some(121),
            "relayer.pool.confirmations",
        ),
        (|it| it.fee_ceiling_gwei = Some(0), "fee_ceiling_gwei"),
        (
            |it| it.operating_low = Some("x".to_owned()),
            "operating_low",
        ),
        (|it| eth(it).decimals = Some(18), "leave it out"),
        (|it| eth(it).low = "6".to_owned(), "hot.target"),
        (
            |it| eth(it).high = "0.0000000000000000001".to_owned(),
            "relayer.pool.assets.ETH.high",
        ),
        (
            |it| eth(it).fast.as_mut().unwrap().share_bps = 10_001,
            "fast.share_bps",
        ),
        (
            |it| it.assets.get_mut(TOKEN).unwrap().decimals = None,
            "decimals",
        ),
    ];
    for (change, named) in changes {
        let (_folder, mut typed) = a_pool();
        change(&mut typed);
        let refused = format!("{:#}", validate(&typed).unwrap_err());
        assert!(refused.contains(named), "{named}: {refused}");
    }
}
