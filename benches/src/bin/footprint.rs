//! Prints what an account costs in memory, and how long a sequencer takes to start over a data folder
//! of many accounts and journaled transfers.
//!
//! Each figure comes from a process of its own, so that none sees the memory that another has left
//! behind: the program calls itself with `--measure`.

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use spillway_benches::engine::Engine;
use spillway_benches::population::{GENESIS, Population};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::root::StateTree;
use spillway_protocol::token::TokenTable;
use spillway_sequencer::Sequencer;
use spillway_sequencer::config::Config;
use spillway_sequencer::journal::Reader;
use spillway_sequencer::ledger::Ledger;
use spillway_sequencer::snapshot;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const SEED: u64 = 1;
/// Transfers that are drawn, driven and forgotten together while the data folder is made.
const DRIVEN: u64 = 100_000;

/// Measures memory an account, and restarts.
#[derive(Debug, Parser)]
struct Options {
    /// Accounts of the ledger.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u32,
    /// Transfers in the journal.
    #[arg(long, default_value_t = 1_000_000)]
    transfers: u64,
    /// Where the data folder is made, and removed at the end; choose the disk that counts.
    #[arg(long, default_value = "target")]
    dir: PathBuf,
    /// Measures one figure and prints it as JSON: how the program calls itself.
    #[arg(long, hide = true)]
    measure: Option<Figure>,
}

/// A figure that takes a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Figure {
    State,
    Tree,
    Ledger,
    Start,
}

/// How a start went.
#[derive(Debug, Serialize, Deserialize)]
struct Start {
    took: Duration,
    replayed: u64,
    indexed_blocks: u64,
    resident_bytes: u64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(options.accounts > 0, "--accounts must be at least 1");
    match options.measure {
        None => report(&options),
        Some(Figure::Start) => print_json(&start(&options.dir)?),
        Some(figure) => print_json(&memory(figure, options.accounts)?),
    }
}

fn report(options: &Options) -> Result<()> {
    let accounts = options.accounts;
    println!("Memory at {accounts} accounts, fresh from a snapshot\n");
    println!("| what | B an account |\n|---|---|");
    for (figure, what) in [
        (Figure::State, "state: accounts and their addresses' index"),
        (Figure::Tree, "trees over it"),
        (Figure::Ledger, "ledger that readers see: state and trees"),
    ] {
        let bytes: u64 = run(options, figure, &options.dir)?;
        println!("| {what} | {} |", bytes / u64::from(accounts));
    }
    let temporary = tempfile::tempdir_in(&options.dir)
        .with_context(|| format!("cannot write to {}", options.dir.display()))?;
    restarts(options, temporary.path())
}

fn restarts(options: &Options, dir: &Path) -> Result<()> {
    let (reader, deposited) = fill(options, dir)?;
    let snapshots = dir.join("snapshots");
    let (accounts, transfers) = (options.accounts, options.transfers);
    println!("\nStart at {accounts} accounts and {transfers} journaled transfers\n");
    println!("| snapshot | query index | replayed | indexed blocks | s | resident B an account |");
    println!("|---|---|---|---|---|---|");
    row(options, dir, "none", "lost")?;
    row(options, dir, "none", "kept")?;
    let began = Instant::now();
    snapshot::make(&snapshots, &GENESIS, &reader, deposited, 0)?;
    let made = began.elapsed();
    row(options, dir, "before the transfers", "kept")?;
    fs::remove_dir_all(dir.join("index"))?;
    row(options, dir, "before the transfers", "lost")?;
    snapshot::make(&snapshots, &GENESIS, &reader, reader.last_synced(), 0)?;
    row(options, dir, "after the transfers", "kept")?;
    println!(
        "\nThe first snapshot, replay from genesis included: {:.2} s",
        made.as_secs_f64()
    );
    Ok(())
}

fn row(options: &Options, dir: &Path, snapshot: &str, index: &str) -> Result<()> {
    let start: Start = run(options, Figure::Start, dir)?;
    println!(
        "| {snapshot} | {index} | {} | {} | {:.2} | {} |",
        start.replayed,
        start.indexed_blocks,
        start.took.as_secs_f64(),
        start.resident_bytes / u64::from(options.accounts),
    );
    Ok(())
}

/// Journals deposits and transfers. Returns a reader of the journal, and the last block of deposits.
fn fill(options: &Options, dir: &Path) -> Result<(Reader, u64)> {
    let genesis = Ledger::genesis(&GENESIS).state().clone();
    let mut engine = Engine::new(&dir.join("journal"), genesis, false)?;
    let mut population = Population::new(SEED, options.accounts);
    engine.consume(population.deposits())?;
    let deposited = engine.journal().next_number() - 1;
    let mut left = options.transfers;
    while left > 0 {
        let count = left.min(DRIVEN);
        engine.transfer(population.transfers(count as usize))?;
        left -= count;
    }
    Ok((engine.journal().reader(), deposited))
}

/// Measures a figure in a process of its own.
fn run<T: DeserializeOwned>(options: &Options, figure: Figure, dir: &Path) -> Result<T> {
    let name = figure
        .to_possible_value()
        .context("every figure has a name")?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["--measure", name.get_name()])
        .args(["--accounts", &options.accounts.to_string()])
        .arg("--dir")
        .arg(dir);
    if figure != Figure::Start {
        // Large blocks that are freed then go back to the system, and what is left is what lives.
        command.env("MALLOC_MMAP_THRESHOLD_", "131072");
    }
    let output = command.output().context("cannot run this program again")?;
    if !output.status.success() {
        bail!(
            "measuring {name:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn print_json(value: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

/// Bytes that come to reside in memory when the thing is built.
fn memory(figure: Figure, accounts: u32) -> Result<u64> {
    let population = Population::new(SEED, accounts);
    let before = resident_bytes()?;
    let state = population.state()?;
    let with_state = resident_bytes()?;
    let none = std::iter::empty();
    let bytes = match figure {
        Figure::State => with_state - before,
        Figure::Tree => {
            let tree = StateTree::build(&state, none)?;
            let bytes = resident_bytes()? - with_state;
            black_box(tree);
            bytes
        }
        Figure::Ledger => {
            let head = BlockHeader::genesis();
            let ledger = Ledger::import(state, TokenTable::default(), head, none.collect())?;
            let bytes = resident_bytes()? - before;
            black_box(ledger);
            bytes
        }
        Figure::Start => bail!("a start is measured over a data folder"),
    };
    Ok(bytes)
}

fn start(dir: &Path) -> Result<Start> {
    let sequencer = Sequencer::start(&Config::new(GENESIS, dir.to_owned()))?;
    let report = sequencer.report();
    let start = Start {
        took: report.took,
        replayed: report.replayed,
        indexed_blocks: report.index.added,
        resident_bytes: resident_bytes()?,
    };
    sequencer.stop()?;
    Ok(start)
}

/// Memory of this process that is in RAM.
fn resident_bytes() -> Result<u64> {
    const PAGE_BYTES: u64 = 4_096;
    let statm = fs::read_to_string("/proc/self/statm").context("this needs Linux's /proc")?;
    let pages = statm
        .split_ascii_whitespace()
        .nth(1)
        .context("/proc/self/statm has no second field")?;
    Ok(pages.parse::<u64>()? * PAGE_BYTES)
}
