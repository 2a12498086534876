//! The one entry point for checks and tests: `cargo xtask check`, `cargo xtask test` and
//! `cargo xtask ci`, which is both. Each runs named steps in order and stops at the first failure.

mod check;
mod clients;
mod edges;
mod purity;
mod steps;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::steps::Steps;
use crate::workspace::Workspace;

#[derive(Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    about = "Checks and tests of the repository"
)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Formatting, dependency edges, licences, lints, purity of the core, docs, golden vectors.
    Check(CheckArgs),
    /// Builds the programs, installs the client libraries, runs doc tests and all other tests.
    Test(TestArgs),
    /// `check`, then `test`: what must pass before a change goes in.
    Ci(CheckArgs),
}

#[derive(Args)]
struct CheckArgs {
    /// Also ask the RustSec advisory database (fetched from the network).
    #[arg(long)]
    advisories: bool,
}

#[derive(Args)]
struct TestArgs {
    /// Test optimised builds.
    #[arg(long)]
    release: bool,
    /// Passed on to `cargo nextest run`, for example a filter.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    nextest: Vec<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut steps = Steps::new();
    let result = run(&cli.command, &mut steps);
    println!("\n{steps}");
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task, steps: &mut Steps) -> Result<()> {
    let workspace = Workspace::open()?;
    match task {
        Task::Check(args) => check::run(steps, &workspace, args.advisories),
        Task::Test(args) => test::run(steps, &workspace, args.release, &args.nextest),
        Task::Ci(args) => {
            check::run(steps, &workspace, args.advisories)?;
            test::run(steps, &workspace, false, &[])
        }
    }
}
