//! Drives a Spillway node, and anvil beside it, with transfers signed beforehand, and prints transfers
//! a second and latencies as a table.

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use spillway_benches::campaign::{self, Mode, Settings, Subject};
use spillway_benches::node::installed_anvil;
use spillway_benches::report::Report;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};

/// Measures confirmed transfers a second and their latency over JSON-RPC.
#[derive(Debug, Parser)]
struct Options {
    /// What to measure; may be given more than once. All modes if not given.
    #[arg(long = "mode", value_enum)]
    modes: Vec<Mode>,
    /// Rounds of each mode; the table has medians.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Transfers in a round, except in mode `rate`.
    #[arg(long, default_value_t = 100_000)]
    transfers: usize,
    /// The same for anvil. Enough of them that its blocks of 1 s do not round the result much.
    #[arg(long, default_value_t = 20_000)]
    anvil_transfers: usize,
    /// Accounts that send.
    #[arg(long, default_value_t = 200)]
    senders: usize,
    /// Accounts that are paid, by a Zipf distribution.
    #[arg(long, default_value_t = 10_000)]
    recipients: usize,
    /// Connections, each with one request in flight, in the modes `single` and `rate`.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Transfers in a JSON-RPC array, in mode `batch`.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Transfers in a request, in mode `bulk`.
    #[arg(long, default_value_t = 1_000)]
    bulk: usize,
    /// Requests in flight, in the modes `batch` and `bulk`.
    #[arg(long, default_value_t = 4)]
    in_flight: usize,
    /// Transfers that fall due each second, in mode `rate`.
    #[arg(long, default_value_t = 1_000.0)]
    rate: f64,
    /// Length of a round in mode `rate`.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Repeats the transfers of an earlier run; drawn and printed if not given.
    #[arg(long)]
    seed: Option<u64>,
    /// A node that runs already, as http://ADDRESS:PORT. Otherwise one is started.
    #[arg(long)]
    rpc: Option<String>,
    /// The `spillway` binary to start.
    #[arg(long, default_value = "target/release/spillway")]
    spillway_bin: PathBuf,
    /// Where the started node keeps its files; choose the disk whose durability counts.
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// Measures anvil in the same run, in the mining mode that is fastest for it.
    #[arg(long)]
    vs_anvil: bool,
    /// Measures anvil alone.
    #[arg(long, conflicts_with = "rpc")]
    only_anvil: bool,
    /// The anvil to start; the one below benches/node_modules if not given.
    #[arg(long)]
    anvil_bin: Option<PathBuf>,
    /// Writes all rounds to this file as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let json = options.json.clone();
    let settings = validate(options)?;
    // One thread: the node needs the cores more than the client does.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(run_until_told_to_stop(&settings))?;
    if let Some(path) = json {
        std::fs::write(&path, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    print!("{report}");
    Ok(())
}

/// A signal drops the campaign, and with it the nodes that it started.
async fn run_until_told_to_stop(settings: &Settings) -> Result<Report> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        report = campaign::run(settings) => report,
        _ = terminate.recv() => bail!("terminated"),
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    }
}

/// Turns what was typed into a run in which every choice is made.
fn validate(options: Options) -> Result<Settings> {
    let counts = [
        ("rounds", options.rounds),
        ("transfers", options.transfers),
        ("anvil-transfers", options.anvil_transfers),
        ("senders", options.senders),
        ("recipients", options.recipients),
        ("connections", options.connections),
        ("batch", options.batch),
        ("bulk", options.bulk),
        ("in-flight", options.in_flight),
    ];
    for (name, count) in counts {
        ensure!(count > 0, "--{name} must be at least 1");
    }
    ensure!(
        options.rate.is_finite() && options.rate > 0.0,
        "--rate must be positive"
    );
    ensure!(
        options.rate * options.seconds >= 1.0,
        "--rate times --seconds must be at least 1"
    );
    let seed = options
        .seed
        .unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let anvil_bin = match options.anvil_bin {
        _ if !options.vs_anvil && !options.only_anvil => None,
        Some(path) => Some(path),
        None => Some(installed_anvil(Path::new(env!("CARGO_MANIFEST_DIR")))?),
    };
    let subject = match options.rpc {
        _ if options.only_anvil => Subject::Absent,
        Some(url) => Subject::Running(url),
        None => Subject::Start {
            binary: options.spillway_bin,
            parent: options.dir,
        },
    };
    let all = vec![Mode::Single, Mode::Batch, Mode::Bulk, Mode::Rate];
    Ok(Settings {
        seed,
        modes: if options.modes.is_empty() {
            all
        } else {
            options.modes
        },
        rounds: options.rounds,
        transfers: options.transfers,
        anvil_transfers: options.anvil_transfers,
        senders: options.senders,
        recipients: options.recipients,
        connections: options.connections,
        batch: options.batch,
        bulk: options.bulk,
        in_flight: options.in_flight,
        rate_per_s: options.rate,
        seconds: options.seconds,
        subject,
        anvil_bin,
        command: repeat_command(options.seed.is_some(), seed),
    })
}

/// The command as it was typed, with the seed if that was drawn here.
fn repeat_command(seed_was_given: bool, seed: u64) -> String {
    let typed: Vec<String> = std::env::args().skip(1).collect();
    let mut command = "cargo run --release -p spillway-benches --bin throughput --".to_owned();
    for argument in &typed {
        command.push(' ');
        command.push_str(argument);
    }
    if !seed_was_given {
        command.push_str(&format!(" --seed {seed}"));
    }
    command
}
