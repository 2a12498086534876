//! Structured logs, on stderr: stdout is for what a command answers.

use std::io::IsTerminal;

use anyhow::{Context, Result, anyhow};
use tracing_subscriber::EnvFilter;

use crate::cli::{LogArgs, LogFormat};

/// Installs the log for the whole process. Called once.
pub(crate) fn install(args: &LogArgs) -> Result<()> {
    let filter = EnvFilter::try_new(&args.filter).context("--log")?;
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        // The complaint about a log line that could not be written is an `eprintln!`, which would panic for
        // the same reason: a closed stderr must not end a ledger.
        .log_internal_errors(false);
    let installed = match args.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
    installed.map_err(|error| anyhow!("cannot install the log: {error}"))
}
