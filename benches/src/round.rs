//! One round: draw, fund, sign, frame, drive, check.

use crate::accounts::Fleet;
use crate::answer::check;
use crate::drive::Drive;
use crate::ledger::Ledger;
use crate::node::Node;
use crate::request::{Framing, lanes};
use crate::rpc::Rpc;
use crate::workload::{draw, sign};
use crate::{closed_loop, cpu, funding, open_loop};
use anyhow::{Context, Result};
use serde::Serialize;
use std::time::{Duration, Instant};

/// What a round sends, and how.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Transfers in the round.
    pub transfers: usize,
    /// How they are put into requests.
    pub framing: Framing,
    /// Transfers in one request.
    pub per_request: usize,
    /// Connections, each with one request in flight.
    pub connections: usize,
    /// Open loop at this many transfers a second; closed loop if `None`.
    pub rate_per_s: Option<f64>,
    /// Whether an answer means that the transfer is in a block. If not, the clock runs on until the
    /// node shows that all are, and latencies are not reported.
    pub answer_confirms: bool,
}

/// What came of a round.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// Confirmed transfers a second.
    pub transfers_per_s: f64,
    /// From send (open loop: from due) to the answer that confirms.
    pub latency: Option<Latency>,
    /// Cores that this program kept busy.
    pub client_cores: Option<f64>,
    /// Cores that the node kept busy, if this program started it.
    pub node_cores: Option<f64>,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Latency {
    /// Median.
    pub p50_ms: f64,
    /// 90th percentile.
    pub p90_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

/// Runs one round and checks it. `label` names the round: with the seed it decides the transfers.
///
/// # Errors
/// If the node fails, or any transfer was not applied exactly once.
pub async fn run(
    node: &Node,
    fleet: &Fleet,
    seed: u64,
    label: &str,
    load: Load,
) -> Result<Measured> {
    let mut rpc = Rpc::open(&node.host).await?;
    let plan = draw(seed, label, load.transfers, fleet);
    let terms = funding::terms(node, &mut rpc).await?;
    funding::top_up(node, &mut rpc, fleet, &plan, terms)
        .await
        .context("funding the senders")?;
    let ledger = Ledger::read(&mut rpc, fleet).await?;
    let signed = sign(&plan, fleet, &ledger.nonces, terms)?;
    let framed = lanes(
        &signed,
        load.framing,
        load.connections,
        load.per_request,
        &node.host,
    );

    let clock = Clock::start(node);
    let drive = match load.rate_per_s {
        None => closed_loop::drive(&node.host, framed).await?,
        Some(rate) => {
            // One lane would do; the lanes' requests are put back into the order of the round.
            let mut requests: Vec<_> = framed.into_iter().flatten().collect();
            requests.sort_unstable_by_key(|request| request.transfers[0]);
            open_loop::drive(&node.host, requests, rate, load.connections).await?
        }
    };
    if !load.answer_confirms {
        ledger.settled(node, &mut rpc, &plan).await?;
    }
    let measured = clock.stop(&drive, load);

    for lane in &drive.lanes {
        check(lane.requests.iter(), &lane.answers, load.framing, &signed)?;
    }
    ledger
        .check_after(&mut rpc, fleet, &plan)
        .await
        .context("the node disagrees with its answers")?;
    Ok(measured)
}

impl Latency {
    fn of(drive: &Drive) -> Self {
        let at = |quantile| drive.latency_us.value_at_quantile(quantile) as f64 / 1000.0;
        Self {
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            max_ms: at(1.0),
        }
    }
}

/// Processor time of both sides since the start of a drive.
struct Clock {
    start: Instant,
    node: Option<u32>,
    client_used: Option<Duration>,
    node_used: Option<Duration>,
}

impl Clock {
    fn start(node: &Node) -> Self {
        Self {
            start: Instant::now(),
            node: node.pid(),
            client_used: cpu::used(std::process::id()),
            node_used: node.pid().and_then(cpu::used),
        }
    }

    /// Stops at the last answer; where answers do not confirm, now, when all transfers are in a block.
    fn stop(&self, drive: &Drive, load: Load) -> Measured {
        let end = if load.answer_confirms {
            drive.end
        } else {
            Instant::now()
        };
        let (client_cores, node_cores) = self.cores();
        Measured {
            transfers_per_s: load.transfers as f64 / (end - drive.start).as_secs_f64(),
            latency: load.answer_confirms.then(|| Latency::of(drive)),
            client_cores,
            node_cores,
        }
    }

    /// Busy cores of the client and of the node.
    fn cores(&self) -> (Option<f64>, Option<f64>) {
        let elapsed = self.start.elapsed().as_secs_f64();
        let cores = |pid: Option<u32>, before: Option<Duration>| {
            let used = pid.and_then(cpu::used)?.checked_sub(before?)?;
            Some(used.as_secs_f64() / elapsed)
        };
        (
            cores(Some(std::process::id()), self.client_used),
            cores(self.node, self.node_used),
        )
    }
}
