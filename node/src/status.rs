//! `spillway status`: one question to a running node.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::ask::Asker;
use crate::cli::StatusArgs;
use crate::output;

/// A node that answers at all answers this at once.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The answer has a few hundred bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// The lines that come first, in this order; what else a node says follows by name.
const ORDER: [&str; 15] = [
    "chain_id",
    "block_number",
    "block_hash",
    "timestamp",
    "state_root",
    "accounts",
    "transactions",
    "base_fee",
    "posted_block",
    "posted_state_root",
    "verified_block",
    "safe_block",
    "l1_final_block",
    "withdrawable_block",
    "unposted_bytes",
];

/// Asks and prints.
pub(crate) fn run(args: &StatusArgs) -> Result<()> {
    let status = ask(&args.rpc)?;
    if args.json {
        return output::say(&format!("{:#}\n", Value::Object(status)));
    }
    output::say(&lines(&status))
}

fn ask(url: &str) -> Result<Map<String, Value>> {
    ensure!(
        url.starts_with("http://"),
        "--rpc {url}: it must be http://HOST:PORT"
    );
    Asker::new(url, TIMEOUT, ANSWER_BYTES_MAX)
        .ask("spillway_status", &json!([]))
        .context("--rpc")
}

/// One line a fact, the values aligned.
fn lines(status: &Map<String, Value>) -> String {
    let known = ORDER.iter().filter_map(|name| status.get_key_value(*name));
    let mut others: Vec<_> = status
        .iter()
        .filter(|(name, _)| !ORDER.contains(&name.as_str()))
        .collect();
    others.sort_by_key(|(name, _)| *name);
    let width = status.keys().map(String::len).max().unwrap_or_default();
    known
        .chain(others)
        .fold(String::new(), |mut text, (name, value)| {
            let shown = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{name:width$} {shown}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_facts_come_first_and_all_are_aligned() {
        let status = json!({
            "version": "1", "accounts": 21, "state_root": "0xab", "chain_id": 51717, "halted": false,
        });
        let text = lines(status.as_object().unwrap());
        assert_eq!(
            text,
            "chain_id   51717\nstate_root 0xab\naccounts   21\nhalted     false\nversion    1\n"
        );
    }
}
