//! The `spillway` binary: command line, configuration, wiring, logs. It is the only crate that knows all the
//! others, and the only one with a catch-all error.

mod address;
mod amounts;
mod ask;
mod batching;
mod chain_file;
mod cli;
mod config;
mod deploy;
mod dev;
mod directory;
mod follower;
mod following;
mod key;
mod l1;
mod logging;
mod manager;
mod node;
mod output;
mod panics;
mod relaying;
mod service;
mod status;
mod verify;
mod verifying;
mod wallet;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::Dev(args) => dev::run(args),
        Command::Deploy(args) => deploy::run(args),
        Command::Node(args) => node::run(args),
        Command::Status(args) => status::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Wallet(args) => wallet::run(args),
    }
}
