//! The golden vectors, read back: every file is decoded and held against the library, so that a vector
//! edited by hand, or one that the code no longer gives, fails.
//!
//! The files are written by `cargo run -p spillway-protocol --example vectors`.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod formats;
mod operations;
#[path = "../../examples/vectors/schema.rs"]
mod schema;
mod states;
mod transactions;

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use spillway_protocol::account::{Account, TokenBalance, TokenBalances};
use spillway_protocol::state::Counters;
use spillway_protocol::token::TokenTable;

/// Reads a file of vectors.
fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("vectors")
        .join(name);
    let text = fs::read_to_string(&path).expect(name);
    serde_json::from_str(&text).expect(name)
}

/// The table of the listed tokens, which begins with ETH.
fn token_table(rows: &[schema::Token]) -> TokenTable {
    let mut table = TokenTable::default();
    for row in &rows[1..] {
        assert_eq!(table.list(row.address, row.decimals), Ok(row.token));
    }
    for ((row, listed), token) in rows.iter().zip(table.as_slice()).zip(0..) {
        assert_eq!(row.token, token);
        assert_eq!(row.base_exponent, listed.base_exponent);
        assert_eq!(row.decimals, listed.decimals);
        assert_eq!(row.address, listed.address);
    }
    table
}

fn account(row: &schema::Account) -> Account {
    let entries = row
        .tokens
        .iter()
        .map(|entry| TokenBalance {
            token: entry.token,
            amount: entry.amount,
        })
        .collect();
    Account {
        address: row.address,
        nonce: row.nonce,
        locked: row.locked,
        eth: row.eth,
        tokens: TokenBalances::from_entries(entries).expect("ascending, none zero"),
    }
}

fn counters(row: &schema::Counters) -> Counters {
    Counters {
        withdrawal_count: row.withdrawal_count,
        inbox_count: row.inbox_count,
        authorised_count: row.authorised_count,
        block_number: row.block_number,
        timestamp: row.timestamp,
        base_fee: row.base_fee,
    }
}

/// The name of an error's variant, as the files have it.
fn variant(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    text.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
        .into()
}
