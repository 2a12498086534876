//! What the proof of a chunk costs on L1, at its worst: gas and calldata, held against the committed table.
//!
//! `SPILLWAY_COSTS=write` writes the table.

mod imagined;
mod prove;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use imagined::Imagined;
use prove::Transaction;

/// EIP-7825.
const TRANSACTION_GAS_MAX: u64 = 1 << 24;
/// What clients let into their pools.
const TRANSACTION_BYTES_MAX: usize = 128 * 1024;
const WORST_GAS_MAX: u64 = 5_000_000;
const TYPICAL_GAS_MAX: u64 = 2_500_000;

#[test]
fn the_proof_of_any_chunk_fits_a_transaction() {
    let rows = [
        (
            "typical: transfers of ETH, 1,000,000 accounts",
            Imagined::typical(1_000_000),
            TYPICAL_GAS_MAX,
        ),
        (
            "typical: transfers of ETH, 2^32 - 1 accounts",
            Imagined::typical(u32::MAX),
            WORST_GAS_MAX,
        ),
        (
            "worst: 112 accounts, 512 token entries, 32 messages, 2^24 - 1 accounts",
            Imagined::worst((1 << 24) - 1),
            WORST_GAS_MAX,
        ),
        (
            "worst: all that fits, 512 token entries, 32 messages, 2^32 - 1 accounts",
            Imagined::worst(u32::MAX),
            WORST_GAS_MAX,
        ),
        (
            "most operations: 154 transfers among 4 accounts",
            Imagined::most_transfers(),
            WORST_GAS_MAX,
        ),
        ("most blocks: 464", Imagined::most_blocks(), WORST_GAS_MAX),
        (
            "most new accounts, 2^24 - 1 accounts",
            Imagined::most_new((1 << 24) - 1),
            WORST_GAS_MAX,
        ),
        (
            "longest lists: a token new to an account of 150 in each operation",
            Imagined::longest_lists(),
            WORST_GAS_MAX,
        ),
    ];
    let mut table = BTreeMap::new();
    for (name, Imagined { chunk, witness, .. }, gas_max) in rows {
        let Transaction { gas, bytes } = prove::fell(&chunk, &witness);
        println!("{gas:>10} gas {bytes:>8} bytes  {name}");
        assert!(
            gas <= gas_max && gas < TRANSACTION_GAS_MAX,
            "{name}: {gas} gas"
        );
        assert!(bytes < TRANSACTION_BYTES_MAX, "{name}: {bytes} bytes");
        table.insert(
            name,
            BTreeMap::from([("gas", gas), ("bytes", bytes as u64)]),
        );
    }
    compare(&(serde_json::to_string_pretty(&table).expect("plain data") + "\n"));
}

fn compare(table: &str) {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../bridge-contracts/snapshots/Proofs.json");
    if env::var("SPILLWAY_COSTS").is_ok_and(|value| value == "write") {
        fs::write(path, table).expect("the folder is there");
        return;
    }
    let committed = fs::read_to_string(path).expect("the table is committed");
    assert_eq!(table, committed, "SPILLWAY_COSTS=write writes the table");
}
