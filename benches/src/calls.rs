//! What `eth_call` takes and what it leaves: calls a second, and the latency of transfers beside them and beside calls that are made to
//! use up all that a call may.
//!
//! The program shares its cores with the node that it measures, as in the other runs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, Bytes, address};
use alloy_sol_types::SolCall;
use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use spillway_bridge_contracts::IMulticall3::Call3;
use spillway_bridge_contracts::Multicall3::aggregate3Call;
use spillway_bridge_contracts::TokenFacade::balanceOfCall;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::accounts::{derive, dev_accounts};
use crate::funding::terms;
use crate::http::{Connection, post};
use crate::node::Node;
use crate::rpc::Rpc;
use crate::workload::sign_transfer;

const MULTICALL3: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");
/// Balances that a multicall asks for.
const BALANCES: usize = 100;
/// `JUMPDEST PUSH0 JUMP`, as what a contract's constructor does.
const ENDLESS: &str = "0x5b5f56";

/// How long, and how hard.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Each measurement takes so long.
    pub duration: Duration,
    /// Connections that call, each with one request in flight.
    pub connections: usize,
    /// Connections that make endless calls.
    pub attackers: usize,
    /// Transfers that fall due each second while their latency is measured.
    pub transfers_per_s: u32,
}

/// The results.
#[derive(Debug)]
pub struct Report {
    calls: Vec<(&'static str, f64)>,
    transfers: Vec<(&'static str, Histogram<u64>, u64)>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "| call | a second |\n|---|---|")?;
        for (what, per_s) in &self.calls {
            writeln!(out, "| {what} | {per_s:.0} |")?;
        }
        writeln!(
            out,
            "\n| beside the transfers | calls answered | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|"
        )?;
        for (beside, latencies, calls) in &self.transfers {
            let ms = |micros: u64| Duration::from_micros(micros).as_secs_f64() * 1e3;
            let (p50, p99) = (
                latencies.value_at_quantile(0.5),
                latencies.value_at_quantile(0.99),
            );
            let (p50, p99, max) = (ms(p50), ms(p99), ms(latencies.max()));
            writeln!(
                out,
                "| {beside} | {calls} | {p50:.2} | {p99:.2} | {max:.2} |"
            )?;
        }
        Ok(())
    }
}

/// Runs all measurements, one after the other.
///
/// # Errors
/// If the node cannot be reached, has no listed token, or answers a transfer or a plain call with an error.
pub async fn run(node: &Node, settings: Settings) -> Result<Report> {
    let mut rpc = Rpc::open(&node.host).await?;
    let token = listed_token(&mut rpc).await?;
    let balance = balance_of(token, 0);
    let eth_balance = request("eth_getBalance", &json!([holder(0), "latest"]));
    let kinds = [
        ("eth_getBalance, to compare", eth_balance),
        ("balanceOf", balance.clone()),
        ("Multicall3 with 100 balanceOf", multicall(token)),
    ];
    let mut calls = Vec::new();
    for (what, body) in kinds {
        let load = Load::start(node, &body, settings.connections, true).await?;
        tokio::time::sleep(settings.duration).await;
        let count = load.stop().await?;
        calls.push((what, count as f64 / settings.duration.as_secs_f64()));
    }
    let endless = request("eth_call", &json!([{ "data": ENDLESS }, "latest"]));
    let mut transfers = Vec::new();
    for (beside, body, connections, is_plain) in [
        ("nothing", &balance, 0, true),
        ("balanceOf", &balance, settings.connections, true),
        ("endless calls", &endless, settings.attackers, false),
    ] {
        let load = Load::start(node, body, connections, is_plain).await?;
        let latencies = transfer(node, &mut rpc, settings).await?;
        transfers.push((beside, latencies, load.stop().await?));
    }
    Ok(Report { calls, transfers })
}

/// The first token that the chain lists.
async fn listed_token(rpc: &mut Rpc) -> Result<Address> {
    let blocks = rpc.call("spillway_blocks", json!([1, 64])).await?;
    let listing = blocks["blocks"].as_array().and_then(|blocks| {
        let mut listings = blocks.iter().filter_map(|block| block["listings"].get(0));
        listings.next().cloned()
    });
    let token = listing
        .as_ref()
        .and_then(|listing| listing["address"].as_str());
    let token = token.context("no token is listed in the first 64 blocks")?;
    Ok(token.parse()?)
}

fn holder(index: usize) -> Address {
    Address::from_word(derive(0, "holder", index))
}

fn request(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 0, "method": method, "params": params}).to_string()
}

fn balance_of(token: Address, index: usize) -> String {
    let account = holder(index);
    let data = Bytes::from(balanceOfCall { account }.abi_encode());
    request("eth_call", &json!([{"to": token, "data": data}, "latest"]))
}

fn multicall(token: Address) -> String {
    let call = |index| Call3 {
        target: token,
        allowFailure: false,
        callData: balanceOfCall {
            account: holder(index),
        }
        .abi_encode()
        .into(),
    };
    let calls = (0..BALANCES).map(call).collect();
    let data = Bytes::from(aggregate3Call { calls }.abi_encode());
    request(
        "eth_call",
        &json!([{"to": MULTICALL3, "data": data}, "latest"]),
    )
}

/// Connections that ask the same again and again.
struct Load {
    tasks: JoinSet<Result<()>>,
    stopped: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
}

impl Load {
    async fn start(node: &Node, body: &str, connections: usize, is_plain: bool) -> Result<Self> {
        let mut load = Self {
            tasks: JoinSet::new(),
            stopped: Arc::default(),
            answered: Arc::default(),
        };
        for _ in 0..connections {
            let mut connection = Connection::open(&node.host).await?;
            let request = post(&node.host, body);
            let (stopped, answered) = (Arc::clone(&load.stopped), Arc::clone(&load.answered));
            load.tasks.spawn(async move {
                while !stopped.load(Ordering::Relaxed) {
                    let answer = connection.exchange(&request).await?;
                    let is_result = answer.windows(8).any(|part| part == b"\"result\"");
                    ensure!(is_result == is_plain, "{}", String::from_utf8_lossy(answer));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            });
        }
        Ok(load)
    }

    /// Waits for the last answers; how many there were.
    async fn stop(mut self) -> Result<u64> {
        let count = self.answered.load(Ordering::Relaxed);
        self.stopped.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(count)
    }
}

/// Sends transfers as they fall due, and measures each from then until it is durable, in microseconds.
async fn transfer(node: &Node, rpc: &mut Rpc, settings: Settings) -> Result<Histogram<u64>> {
    let accounts = dev_accounts()?;
    let sender = accounts.first().context("a development account")?;
    let terms = terms(node, rpc).await?;
    let mut nonce = rpc
        .nonces(&[sender.address()])
        .await?
        .pop()
        .context("a nonce")?;
    let mut connection = Connection::open(&node.host).await?;
    let mut latencies = Histogram::new(3)?;
    let mut due = interval(Duration::from_secs(1) / settings.transfers_per_s);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let until = Instant::now() + settings.duration;
    while Instant::now() < until {
        let (raw, _) = sign_transfer(sender, holder(0), 1_000, nonce, terms)?;
        let raw = Bytes::from(raw);
        let request = post(
            &node.host,
            &request("eth_sendRawTransaction", &json!([raw])),
        );
        let since = due.tick().await;
        let answer = connection.exchange(&request).await?;
        let answer: Value = serde_json::from_slice(answer)?;
        ensure!(answer.get("result").is_some(), "{answer}");
        latencies.record(u64::try_from(since.elapsed().as_micros())?)?;
        nonce += 1;
    }
    ensure!(!latencies.is_empty(), "no transfer was sent");
    Ok(latencies)
}
