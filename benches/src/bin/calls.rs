//! Measures `eth_call` on a running node, or on one that it starts: calls a second, and what is left for transfers.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use spillway_benches::calls::{self, Settings};
use spillway_benches::node::Node;

/// Measures calls a second, and the latency of transfers beside calls.
#[derive(Debug, Parser)]
struct Options {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections that call, each with one request in flight.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Connections that make endless calls.
    #[arg(long, default_value_t = 64)]
    attackers: usize,
    /// Transfers that fall due each second while their latency is measured.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// A node that runs already, as http://ADDRESS:PORT. Otherwise one is started.
    #[arg(long)]
    rpc: Option<String>,
    /// The `spillway` binary to start.
    #[arg(long, default_value = "target/release/spillway")]
    spillway_bin: PathBuf,
    /// Where the started node keeps its files; choose the disk whose durability counts.
    #[arg(long, default_value = "target")]
    dir: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(options.seconds > 0, "--seconds must be at least 1");
    ensure!(options.rate > 0, "--rate must be at least 1");
    let settings = Settings {
        duration: Duration::from_secs(options.seconds),
        connections: options.connections,
        attackers: options.attackers,
        transfers_per_s: options.rate,
    };
    let node = match &options.rpc {
        Some(url) => Node::running(url).await?,
        None => Node::spillway(&options.spillway_bin, &options.dir).await?,
    };
    print!("{}", calls::run(&node, settings).await?);
    Ok(())
}
