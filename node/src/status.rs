//! `spillway status`: one question to a running node.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::cli::StatusArgs;
use crate::output;

/// A node that answers at all answers this at once.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The answer has a few hundred bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// The lines that come first, in this order; what else a node says follows by name.
const ORDER: [&str; 13] = [
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
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        // A proxy of the environment knows nothing of a node on this machine.
        .proxy(None)
        .build()
        .into();
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "spillway_status", "params": []});
    let mut response = agent
        .post(url)
        .header("content-type", "application/json")
        .send(request.to_string())
        .with_context(|| {
            format!("no node answers at {url} (is it running? --rpc names another address)")
        })?;
    let body = response
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .read_to_string();
    let body = body.with_context(|| format!("{url} broke off its answer"))?;
    let answer: Value = serde_json::from_str(&body)
        .with_context(|| format!("{url} does not answer in JSON: is it a Spillway node?"))?;
    result_of(&answer)
        .with_context(|| format!("{url} does not say its status: is it a Spillway node?"))
}

fn result_of(answer: &Value) -> Result<Map<String, Value>> {
    match (answer.get("result"), answer.get("error")) {
        (Some(Value::Object(status)), _) => Ok(status.clone()),
        (_, Some(error)) => bail!("it answers {error}"),
        _ => bail!("it answers {answer}"),
    }
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
        let answer = json!({"result": {
            "version": "1", "accounts": 21, "state_root": "0xab", "chain_id": 51717, "halted": false,
        }});
        let text = lines(&result_of(&answer).unwrap());
        assert_eq!(
            text,
            "chain_id   51717\nstate_root 0xab\naccounts   21\nhalted     false\nversion    1\n"
        );
    }

    #[test]
    fn another_kind_of_server_is_told_apart() {
        let unknown = json!({"error": {"code": -32601, "message": "Method not found"}});
        assert!(
            result_of(&unknown)
                .unwrap_err()
                .to_string()
                .contains("Method not found")
        );
        for odd in [json!({"result": 5}), json!([]), json!(null)] {
            result_of(&odd).unwrap_err();
        }
    }
}
