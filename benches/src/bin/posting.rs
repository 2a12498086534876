//! Prints what posting to L1 costs: bytes a transfer by part, gas of a batch in blobs and in calldata with the
//! break-even, and how fast batches are made, proven, and executed again from their blobs.
//!
//! Bytes and gas follow from the seed alone. Speeds depend on the machine and on what else runs there.

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use spillway_batcher::SourceBlock;
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::price::Form;
use spillway_benches::population::Population;
use spillway_benches::posting::batches::{full, transfers};
use spillway_benches::posting::gas::{self, Gas};
use spillway_benches::posting::load::{Blocks, Load, Start};
use spillway_benches::posting::parts::Parts;
use spillway_benches::posting::replay::{self, Posted};
use spillway_benches::posting::speed::{self, Summary, Took};
use spillway_l1::kzg;
use std::iter::repeat_with;
use std::thread::available_parallelism;

/// Small blocks, so that a batch of any number of chunks can be made of whole ones.
const GAS_LOAD: Load = Load {
    transfers_per_s: 2_000,
};

/// Measures what posting to L1 costs.
#[derive(Debug, Parser)]
struct Options {
    /// What to measure; may be given more than once. Everything if not given.
    #[arg(long = "figure", value_enum)]
    figures: Vec<Figure>,
    /// Accounts of the ledger.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u32,
    /// Transfers to pack. What does not fill a batch at the end is left out.
    #[arg(long, default_value_t = 500_000)]
    transfers: usize,
    /// Transfers a second for which bytes are counted; may be given more than once.
    #[arg(long = "load", default_values_t = [100, 1_000, 10_000], value_parser = clap::value_parser!(u32).range(1..))]
    loads: Vec<u32>,
    /// Transfers a second for which speeds are measured.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    speed_load: u32,
    /// Times that each speed is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Repeats the transfers of an earlier run; drawn and printed if not given.
    #[arg(long)]
    seed: Option<u64>,
}

/// A table to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Figure {
    Bytes,
    Gas,
    Speed,
}

fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(options.accounts > 0, "--accounts must be at least 1");
    ensure!(options.rounds > 0, "--rounds must be at least 1");
    let seed = options
        .seed
        .unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let start = Start::of(&Population::new(seed, options.accounts))?;
    let run = Run {
        options,
        seed,
        start,
    };
    let cores = available_parallelism()?;
    println!(
        "Seed {seed}, {} accounts, {cores} cores",
        run.options.accounts
    );
    for (figure, print) in [
        (Figure::Bytes, Run::bytes as fn(&Run) -> Result<()>),
        (Figure::Gas, Run::gas),
        (Figure::Speed, Run::speed),
    ] {
        if run.options.figures.is_empty() || run.options.figures.contains(&figure) {
            print(&run)?;
        }
    }
    Ok(())
}

/// What all tables are made from.
struct Run {
    options: Options,
    seed: u64,
    start: Start,
}

impl Run {
    fn blocks(&self, load: Load) -> Blocks {
        let population = Population::new(self.seed, self.options.accounts);
        Blocks::new(population, &self.start, load)
    }

    /// Bytes by part, a table for each form and a column for each load.
    fn bytes(&self) -> Result<()> {
        let mut columns: [Vec<Column>; 2] = Default::default();
        for transfers_per_s in self.options.loads.iter().copied() {
            let load = Load { transfers_per_s };
            let blocks = self.blocks(load).take(self.options.transfers)?;
            for (form, columns) in [Form::Blobs, Form::Calldata].into_iter().zip(&mut columns) {
                columns.push(self.column(load, &blocks, form)?);
            }
        }
        let [blobs, calldata] = columns;
        println!("\nBytes a transfer in blobs\n");
        print_bytes(&blobs);
        println!("\nBytes a transfer in calldata\n");
        print_bytes(&calldata);
        Ok(())
    }

    fn column(&self, load: Load, blocks: &[SourceBlock], form: Form) -> Result<Column> {
        let batches = full(&mut self.start.packer(), blocks, form)?;
        // The fee account is one of them.
        let accounts = self.start.state.account_count();
        Ok(Column {
            load,
            batches: batches.len(),
            parts: Parts::of(&batches, form, accounts)?,
        })
    }

    /// Gas by the number of chunks.
    fn gas(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let blocks = self.blocks(GAS_LOAD);
        let rows = runtime.block_on(gas::measure(self.start.packer(), blocks))?;
        println!("\nGas of a batch, measured on the embedded L1\n");
        println!(
            "| chunks | transfers | blobs | gas in blobs | reckoned | gas in calldata | reckoned | break-even |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for row in rows {
            let [in_blobs, blobs_reckoned] = gas_cells(Some(row.in_blobs));
            let [in_calldata, calldata_reckoned] = gas_cells(row.in_calldata);
            let break_even = row.break_even();
            let break_even = break_even.map_or("-".to_owned(), |ratio| format!("{ratio:.3}"));
            println!(
                "| {} | {} | {} | {in_blobs} | {blobs_reckoned} | {in_calldata} | {calldata_reckoned} | {break_even} |",
                row.chunks, row.transfers, row.blobs
            );
        }
        Ok(())
    }

    /// Speeds of making batches and of executing them again.
    fn speed(&self) -> Result<()> {
        let load = Load {
            transfers_per_s: self.options.speed_load,
        };
        let mut blocks = self.blocks(load).take(self.options.transfers)?;
        let batches = full(&mut self.start.packer(), &blocks, Form::Blobs)?;
        let last = batches.last().map_or(0, |batch| batch.header.block_number);
        blocks.retain(|block| block.header.number <= last);
        // Loads the set-up, which takes seconds, before anything is timed.
        kzg::settings();
        println!(
            "\nSpeed: {} full batches, {} transfers, {} rounds\n",
            batches.len(),
            transfers(&batches),
            self.options.rounds
        );
        println!(
            "| work | transfers/s, median | fastest | CPU, us a transfer |\n|---|---|---|---|"
        );
        self.posting_speed(&blocks, &batches)?;
        self.replay_speed(&batches)
    }

    fn posting_speed(&self, blocks: &[SourceBlock], batches: &[SealedBatch]) -> Result<()> {
        let count = transfers(batches);
        let pack = || speed::pack(self.start.packer(), blocks);
        let prove = || speed::prove(batches);
        let both = || speed::pack_and_prove(self.start.packer(), blocks);
        print_speed("pack, with roots", count, self.measure(pack)?);
        print_speed("prove (KZG)", count, self.measure(prove)?);
        print_speed("pack and prove at once", count, self.measure(both)?);
        Ok(())
    }

    fn replay_speed(&self, batches: &[SealedBatch]) -> Result<()> {
        let count = transfers(batches);
        let posted: Vec<_> = batches.iter().map(Posted::of).collect();
        let check = || replay::check(&posted);
        let execute = || replay::execute(&self.start, &posted);
        let both = || replay::check_and_execute(&self.start, &posted);
        for (work, took) in [
            ("replay: check blobs, one core", self.measure(check)?),
            (
                "replay: unpack, execute, roots, one core",
                self.measure(execute)?,
            ),
            ("replay: both at once, a core each", self.measure(both)?),
        ] {
            print_speed(work, count, took);
        }
        Ok(())
    }

    fn measure(&self, work: impl FnMut() -> Result<Took>) -> Result<Summary> {
        let rounds: Result<Vec<_>> = repeat_with(work).take(self.options.rounds).collect();
        Ok(Summary::of(&rounds?))
    }
}

/// Bytes under one load.
struct Column {
    load: Load,
    batches: usize,
    parts: Parts,
}

fn print_bytes(columns: &[Column]) {
    let row = |name: &str, cell: &dyn Fn(&Column) -> String| {
        let cells: Vec<_> = columns.iter().map(cell).collect();
        println!("| {name} | {} |", cells.join(" | "));
    };
    row("transfers/s", &|column| {
        column.load.transfers_per_s.to_string()
    });
    println!("|---{}|", "|---".repeat(columns.len()));
    row("transfers a block", &|column| {
        column.load.block_transfers().to_string()
    });
    row("full batches", &|column| column.batches.to_string());
    row("transfers a batch", &|column| {
        (column.parts.transfers / column.batches as u64).to_string()
    });
    let Some(first) = columns.first() else { return };
    for (part, (name, _)) in first.parts.per_transfer().iter().enumerate() {
        row(name, &|column| {
            format!("{:.3}", column.parts.per_transfer()[part].1)
        });
    }
}

/// The gas, and what the batcher reckons with, with by how many percent it is wrong.
fn gas_cells(gas: Option<Gas>) -> [String; 2] {
    match gas {
        None => ["-".to_owned(), "-".to_owned()],
        Some(Gas { used, reckoned }) => {
            let off = 100.0 * (reckoned as f64 / used as f64 - 1.0);
            [used.to_string(), format!("{reckoned} ({off:+.1} %)")]
        }
    }
}

fn print_speed(work: &str, transfers: u64, took: Summary) {
    let [median, fastest] =
        [took.wall, took.fastest].map(|wall| transfers as f64 / wall.as_secs_f64());
    let cpu_us = took.cpu.as_secs_f64() * 1e6 / transfers as f64;
    println!("| {work} | {median:.0} | {fastest:.0} | {cpu_us:.2} |");
}
