//! Every key: its default, its range, what is refused and in what words.

use super::super::parse;
use super::*;

const MINIMAL: &str = r#"
    roles = ["sequencer"]
    dir = "state"
    [chain]
    id = 51717
    fee_account = "0x00000000000000000000000000000000000000fe"
"#;

/// The minimal file with one line in place of the one for the same key, or added to its section.
fn with(section: &str, line: &str) -> String {
    let mut table: toml::Table = MINIMAL.parse().unwrap();
    let value: toml::Table = line.parse().unwrap();
    let target = match section {
        "" => &mut table,
        name => {
            let entry = table
                .entry(name)
                .or_insert_with(|| toml::Table::new().into());
            entry.as_table_mut().unwrap()
        }
    };
    target.extend(value);
    table.to_string()
}

fn refusal(text: &str) -> String {
    format!("{:#}", parse(text).unwrap_err())
}

#[test]
fn the_minimal_file_gives_the_defaults() {
    let config = parse(MINIMAL).unwrap();
    let expected = Config::new(config.sequencer.genesis, PathBuf::from("state"));
    assert_eq!(format!("{:?}", config.sequencer), format!("{expected:?}"));
    assert_eq!(config.sequencer.genesis.chain_id, 51_717);
    assert_eq!(config.rpc.addr.to_string(), RPC_ADDRESS);
}

#[test]
fn the_defaults_are_in_range() {
    let typed = |value: u128| i64::try_from(value).unwrap();
    let (b, q, l, s) = (
        BlockConfig::default(),
        QueueConfig::default(),
        BacklogConfig::default(),
        StorageConfig::default(),
    );
    blocks(&typed::Blocks {
        interval_min_ms: Some(typed(b.interval_min.as_millis())),
        interval_max_ms: Some(typed(b.interval_max.as_millis())),
        transactions_max: Some(typed(b.transactions_max as u128)),
        base_fee_min: Some(typed(b.base_fee_min.into())),
    })
    .unwrap();
    queues(&typed::Queues {
        lane_transactions_max: Some(typed(q.lane_transactions_max as u128)),
        held_max: Some(typed(q.held_max as u128)),
        nonce_gap_max: Some(typed(q.nonce_gap_max.into())),
        held_for_ms: Some(typed(q.held_for.as_millis())),
    })
    .unwrap();
    backlog(&typed::Backlog {
        target_bytes: Some(typed(l.target_bytes.into())),
        limit_bytes: Some(typed(l.limit_bytes.into())),
        base_fee_max: Some(typed(l.base_fee_max.into())),
    })
    .unwrap();
    storage(&typed::Storage {
        segment_bytes: Some(typed(s.segment_bytes.into())),
        snapshot_every_bytes: Some(typed(s.snapshot_every_bytes.into())),
        past_bytes: Some(s.past_bytes.try_into().unwrap()),
    })
    .unwrap();
}

/// Section, key, first and last value: the edges of every range, the others at their defaults.
#[test]
fn ranges() {
    for (section, key, first, last) in [
        ("chain", "id", 1, 9_007_199_254_740_991),
        ("blocks", "interval_min_ms", 1, 1_000),
        ("blocks", "interval_max_ms", 1_000, 60_000),
        ("blocks", "transactions_max", 1, 65_536),
        ("blocks", "base_fee_min", 1, 1_000_000_000_000),
        ("queues", "lane_transactions_max", 1, 1_048_576),
        ("queues", "held_max", 1, 1_048_576),
        ("queues", "nonce_gap_max", 1, 1_024),
        ("queues", "held_for_ms", 1_000, 600_000),
        ("backlog", "target_bytes", 1_024, 16_777_215),
        ("backlog", "limit_bytes", 2_097_153, 1_099_511_627_776),
        ("backlog", "base_fee_max", 1, 1_000_000_000_000_000),
        ("storage", "segment_bytes", 1_048_576, 1_099_511_627_776),
        ("rpc", "connections_max", 1, 65_536),
        ("rpc", "request_bytes_max", 32_768, 67_108_864),
        ("rpc", "response_bytes_max", 65_536, 268_435_456),
        ("rpc", "batch_calls_max", 1, 100_000),
        ("rpc", "bulk_transactions_max", 1, 65_536),
        ("rpc", "subscriptions_max", 1, 65_536),
        ("rpc", "messages_buffered_max", 1, 65_536),
        ("rpc", "logs_max", 1, 1_000_000),
        ("rpc", "search_blocks_max", 1, 1_000_000_000),
        ("rpc", "search_time_max_ms", 1, 600_000),
        ("rpc", "filters_max", 0, 1_048_576),
        ("rpc", "messages_rate_max", 1, 10_000_000),
        ("rpc", "watched_accounts_max", 0, 16_777_216),
        ("rpc", "idle_max_ms", 1_000, 3_600_000),
        ("rpc", "stop_max_ms", 100, 60_000),
        ("rpc", "sync_wait_ms", 1, 60_000),
        ("rpc", "sync_wait_max_ms", 2_000, 600_000),
        ("rpc", "calls_at_once", 1, 1_024),
        ("rpc", "call_gas_max", 1_000_000, 1_000_000_000),
        ("rpc", "call_time_max_ms", 10, 60_000),
        (
            "storage",
            "snapshot_every_bytes",
            1_048_576,
            1_099_511_627_776i64,
        ),
        ("storage", "past_bytes", 1_048_576, 1_099_511_627_776),
    ] {
        for inside in [first, last] {
            parse(&with(section, &format!("{key} = {inside}"))).unwrap();
        }
        for outside in [first - 1, last + 1, i64::MIN, i64::MAX] {
            let refused = refusal(&with(section, &format!("{key} = {outside}")));
            assert!(refused.contains(&format!("{section}.{key}")), "{refused}");
            assert!(refused.contains(&outside.to_string()), "{refused}");
        }
    }
}

/// Section, line, and what the refusal says.
#[test]
fn rejections() {
    for (section, line, says) in [
        ("", "roles = []", "roles is empty"),
        (
            "",
            r#"roles = ["relay"]"#,
            r#"roles has "relay": allowed are: sequencer, batcher, verifier"#,
        ),
        (
            "",
            r#"roles = ["batcher"]"#,
            r#"roles has neither "sequencer" nor "verifier""#,
        ),
        (
            "",
            r#"roles = ["batcher", "verifier"]"#,
            r#"roles has "batcher" and no "sequencer""#,
        ),
        (
            "",
            r#"roles = ["sequencer", "verifier"]"#,
            r#"roles has "verifier", but [l1] is not there"#,
        ),
        ("verifier", "guard = []", "roles does not have \"verifier\""),
        (
            "",
            r#"roles = ["sequencer", "batcher"]"#,
            "[l1] is not there",
        ),
        (
            "",
            r#"roles = ["sequencer", "sequencer"]"#,
            r#"roles has "sequencer" twice"#,
        ),
        ("", r#"dir = """#, "dir is empty"),
        ("", "dir = 5", "dir = 5"),
        (
            "",
            "port = 9545",
            "unknown field `port`, expected one of `roles`, `dir`",
        ),
        (
            "chain",
            "chain_id = 1",
            "unknown field `chain_id`, expected `id` or `fee_account`",
        ),
        ("chain", r#"id = "51717""#, "expected i64"),
        ("chain", "id = 1.5", "expected i64"),
        (
            "chain",
            r#"fee_account = "fe""#,
            r#"chain.fee_account = "fe" is no address"#,
        ),
        (
            "chain",
            r#"fee_account = "00000000000000000000000000000000000000fe""#,
            "it must be 0x and 40 hex digits",
        ),
        (
            "chain",
            r#"fee_account = "0x0000000000000000000000000000000000000000""#,
            "is the zero address",
        ),
        (
            "chain",
            r#"fee_account = "0xf39fd6e51aad88F6F4ce6aB8827279cffFb92266""#,
            "has a wrong checksum",
        ),
        (
            "rpc",
            r#"address = "localhost:9545""#,
            r#"rpc.address = "localhost:9545" is no address"#,
        ),
        ("rpc", r#"address = "127.0.0.1""#, "it must be IP:PORT"),
        ("rpc", r#"adress = "127.0.0.1:1""#, "unknown field `adress`"),
        ("blocks", "interval_min = 5", "unknown field `interval_min`"),
        (
            "blocks",
            "interval_min_ms = 2000",
            "blocks.interval_min_ms = 2000 is above blocks.interval_max_ms = 1000",
        ),
        (
            "blocks",
            "interval_max_ms = 999",
            "it must be 1000 to 60000",
        ),
        ("queues", "held = 5", "unknown field `held`"),
        (
            "queues",
            "held_max = 0",
            "queues.held_max = 0 and queues.nonce_gap_max = 64",
        ),
        ("storage", "segment = 5", "unknown field `segment`"),
        (
            "rpc",
            "sync_wait_max_ms = 1000",
            "rpc.sync_wait_ms = 2000 is above rpc.sync_wait_max_ms = 1000",
        ),
        ("batcher", "x = 1", "unknown field `x`"),
        ("relayer", "x = 1", "unknown field `x`"),
        ("prover", "x = 1", "unknown field `prover`"),
    ] {
        let refused = refusal(&with(section, line));
        assert!(refused.contains(says), "[{section}] {line}: {refused}");
    }
}

#[test]
fn a_number_beyond_any_is_refused_with_its_line() {
    let refused = refusal(&MINIMAL.replace("51717", "99999999999999999999"));
    assert!(refused.contains("id = 99999999999999999999"), "{refused}");
}

#[test]
fn what_must_be_there_is_asked_for() {
    for key in ["roles", "dir"] {
        let mut table: toml::Table = MINIMAL.parse().unwrap();
        table.remove(key);
        let refused = refusal(&table.to_string());
        assert!(
            refused.contains(&format!("missing field `{key}`")),
            "{refused}"
        );
    }
}

#[test]
fn addresses_of_one_case_or_with_a_checksum_are_taken() {
    let address = alloy_primitives::address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    for form in [
        "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "0xF39FD6E51AAD88F6F4CE6AB8827279CFFFB92266",
        "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    ] {
        assert_eq!(account("key", form).unwrap(), address);
    }
}
