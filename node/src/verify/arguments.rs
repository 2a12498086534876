//! What can be typed after `spillway verify`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::LogArgs;

/// The wait before data that is not there is asked for again.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// Batches between two copies of the state, to which it goes back when L1 forks.
pub(super) const CHECKPOINT_INTERVAL: u64 = 64;

/// `spillway verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The L1 node's JSON-RPC, http://HOST:PORT; several with commas between.
    #[arg(long, value_name = "URL", value_delimiter = ',', required = true)]
    pub(super) l1_url: Vec<String>,
    /// The beacon node's API, http://HOST:PORT; several with commas between. [default: as --l1-url]
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    pub(super) beacon_url: Vec<String>,
    /// The deployment's file.
    #[arg(long, value_name = "FILE", default_value = "deployment.json")]
    pub(super) deployment: PathBuf,
    /// Where blobs are kept: the next run does not ask for them again.
    #[arg(long, value_name = "DIR", default_value = "./spillway-blobs")]
    pub(super) blobs: PathBuf,
    /// Stop after that batch. [default: the newest on L1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) batch: Option<u64>,
    /// Begin after the batch that a snapshot was saved after, instead of at genesis. It must be final on L1.
    #[arg(long, value_name = "FILE")]
    pub(super) snapshot: Option<PathBuf>,
    /// Save the state after the last batch there, for --snapshot of a later run.
    #[arg(long, value_name = "FILE")]
    pub(super) save_snapshot: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// What is logged.
    #[command(flatten)]
    pub(super) log: LogArgs,
}
