//! The one entry point for checks and tests: `cargo xtask check`, `cargo xtask test` and
//! `cargo xtask contracts`, `cargo xtask ci`, which is all three, and `cargo xtask artifacts`. Each runs named steps in
//! order and stops at the first failure.

mod artifacts;
mod check;
mod clients;
mod contracts;
mod edges;
mod installation;
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
    /// The contracts: format, artifacts, tests with gas figures and invariants, slither, halmos.
    Contracts,
    /// `check`, `contracts`, then `test`: what must pass before a change goes in.
    Ci(CheckArgs),
    /// Compiles the contracts and writes `bridge-contracts/artifacts`.
    Artifacts(ArtifactsArgs),
}

#[derive(Args)]
struct ArtifactsArgs {
    /// Write nothing; fail if an artifact is not what the sources compile to.
    #[arg(long)]
    check: bool,
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
        Task::Contracts => contracts::run(steps, &workspace),
        Task::Ci(args) => {
            check::run(steps, &workspace, args.advisories)?;
            contracts::run(steps, &workspace)?;
            test::run(steps, &workspace, false, &[])
        }
        Task::Artifacts(ArtifactsArgs { check: true }) => {
            steps.run("artifacts", || artifacts::check(&workspace))
        }
        Task::Artifacts(ArtifactsArgs { check: false }) => {
            steps.run("artifacts", || artifacts::write(&workspace))
        }
    }
}
