//! Prints the latency of transfers while nobody else is there, and while clients ask for as much as they can get.

use alloy_primitives::{Address, B256, Bytes};
use alloy_signer::Signer;
use anyhow::{Context, Result};
use clap::Parser;
use serde_json::{Value, json};
use spillway_benches::accounts::Fleet;
use spillway_benches::attack::Attack;
use spillway_benches::node::Node;
use spillway_benches::request::Framing;
use spillway_benches::round::{self, Load, Measured};
use std::path::PathBuf;

/// `JUMPDEST PUSH0 JUMP`, as what a contract's constructor does.
const ENDLESS: &str = "0x5b5f56";
/// Accounts of a stream.
const FOLLOWED_MAX: usize = 64;
/// Streams of so many accounts that a node takes, of all clients together.
const STREAMS_OF_PAYERS: usize = 1_000;

/// Measures what searches, calls, batches and subscriptions cost those who send.
#[derive(Debug, Parser)]
struct Options {
    /// Transfers that fall due each second.
    #[arg(long, default_value_t = 500.0)]
    rate: f64,
    /// Length of a round.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Clients that ask, each with one request under way.
    #[arg(long, default_value_t = 32)]
    clients: usize,
    /// Subscriptions.
    #[arg(long, default_value_t = 10_000)]
    subscriptions: usize,
    /// Everything random derives from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The `spillway` binary to start.
    #[arg(long, default_value = "target/release/spillway")]
    spillway_bin: PathBuf,
    /// Where the node keeps its files.
    #[arg(long, default_value = "target")]
    dir: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let node = Node::spillway(&options.spillway_bin, &options.dir).await?;
    let fleet = Fleet::derive(options.seed, 100, 10_000)?;
    println!("{}", heading());
    // The first round warms the node up and gives the searches blocks to read.
    drive(&options, &node, &fleet, "warm-up").await?;
    let label = "nobody, before";
    println!(
        "{}",
        row(label, &drive(&options, &node, &fleet, label).await?, "")
    );
    for (label, attack) in attacks(&options, &fleet)? {
        let mut running = attack.begin(&node.host).await?;
        let before = running.answers();
        let measured = drive(&options, &node, &fleet, label).await?;
        let (answers, alive) = (running.answers() - before, running.alive());
        let beside = format!("{answers} ({alive} clients)");
        println!("{}", row(label, &measured, &beside));
    }
    let label = "nobody, after";
    println!(
        "{}",
        row(label, &drive(&options, &node, &fleet, label).await?, "")
    );
    Ok(())
}

fn attacks(options: &Options, fleet: &Fleet) -> Result<Vec<(&'static str, Attack)>> {
    let requests = |body: String| Attack::Requests {
        clients: options.clients,
        body,
    };
    let searches = |filter: Value| requests(call("eth_getLogs", &json!([filter])));
    let subscriptions = |method, params: &dyn Fn(usize) -> Value| Attack::Subscriptions {
        method,
        params: (0..options.subscriptions).map(params).collect(),
    };
    let paid_most = fleet.recipients.first().context("nobody is paid")?;
    let payers = fleet.senders.iter().map(Signer::address);
    let payers: Vec<_> = payers.take(FOLLOWED_MAX).collect();
    Ok(vec![
        (
            "getLogs over everything",
            searches(json!({"fromBlock": "earliest"})),
        ),
        (
            "getLogs of one account",
            searches(json!({
                "fromBlock": "earliest",
                "topics": [null, null, Address::repeat_byte(9).into_word()],
            })),
        ),
        (
            "endless eth_call",
            requests(call("eth_call", &json!([{ "data": ENDLESS }, "latest"]))),
        ),
        ("batches of 1 MB", requests(batch())),
        (
            "subscriptions to own payments",
            subscriptions("eth_subscribe", &own_payments),
        ),
        (
            "subscriptions to newHeads",
            subscriptions("eth_subscribe", &|_| json!(["newHeads"])),
        ),
        (
            "accounts followed, one each",
            subscriptions("spillway_subscribe", &own_account),
        ),
        (
            "one that is paid, by all",
            subscriptions("spillway_subscribe", &|_| followed(&[*paid_most])),
        ),
        (
            "64 who pay, by 1,000",
            Attack::Subscriptions {
                method: "spillway_subscribe",
                params: vec![followed(&payers); STREAMS_OF_PAYERS],
            },
        ),
    ])
}

fn followed(accounts: &[Address]) -> Value {
    json!(["accounts", { "accounts": accounts }])
}

fn call(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}

/// As many calls as a batch may have, and spaces between them that make it a megabyte: transfers with memos are estimated.
fn batch() -> String {
    const CALLS: usize = 1_000;
    const CALL_BYTES: usize = 1_000;
    let transfer = json!({ "to": Address::repeat_byte(9), "data": Bytes::from(vec![7; 256]) });
    let one = call("eth_estimateGas", &json!([transfer]));
    let calls = vec![format!("{one:<CALL_BYTES$}"); CALLS];
    format!("[{}]", calls.join(","))
}

/// An account of one's own.
fn own_account(number: usize) -> Value {
    let account = Address::left_padding_from(&number.to_be_bytes());
    followed(&[account])
}

/// The logs of payments to an account of one's own.
fn own_payments(number: usize) -> Value {
    let account = B256::left_padding_from(&number.to_be_bytes());
    json!(["logs", {"topics": [null, null, account]}])
}

async fn drive(options: &Options, node: &Node, fleet: &Fleet, label: &str) -> Result<Measured> {
    let load = Load {
        transfers: (options.rate * options.seconds) as usize,
        framing: Framing::Single,
        per_request: 1,
        connections: 64,
        rate_per_s: Some(options.rate),
        answer_confirms: true,
    };
    round::run(node, fleet, options.seed, label, load).await
}

fn heading() -> String {
    format!(
        "{:<32}{:>12}{:>9}{:>9}{:>9}{:>12}  {}",
        "beside the transfers",
        "transfers/s",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "node cores",
        "answers, or bytes"
    )
}

fn row(label: &str, measured: &Measured, beside: &str) -> String {
    let latency = measured.latency;
    let ms = |of: fn(&round::Latency) -> f64| {
        latency
            .as_ref()
            .map_or_else(String::new, |latency| format!("{:.1}", of(latency)))
    };
    let cores = measured.node_cores;
    format!(
        "{label:<32}{:>12.0}{:>9}{:>9}{:>9}{:>12}  {beside}",
        measured.transfers_per_s,
        ms(|latency| latency.p50_ms),
        ms(|latency| latency.p90_ms),
        ms(|latency| latency.p99_ms),
        cores.map_or_else(String::new, |cores| format!("{cores:.2}")),
    )
}
