//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use spillway_batcher::policy::Forms;
use tracing_subscriber::EnvFilter;

use crate::config::validated;
use crate::deploy::DeployArgs;
use crate::verify::VerifyArgs;
use crate::wallet::WalletArgs;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "spillway",
    version,
    about = "A Layer-2 payments rollup on Ethereum"
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a development chain on this machine, with funded test accounts.
    Dev(DevArgs),
    /// Run the roles that a configuration file lists.
    Node(NodeArgs),
    /// Deploy the contracts to L1, or compare a deployment with what is there.
    Deploy(Box<DeployArgs>),
    /// Derive the chain from L1 alone, check every batch, and print the state root.
    Verify(VerifyArgs),
    /// Ask a running node how far it is.
    Status(StatusArgs),
    /// Pay, deposit, withdraw, and leave without the operator's help.
    Wallet(Box<WalletArgs>),
}

/// `spillway dev`.
#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// State directory; the chain goes on from what it holds.
    #[arg(long, default_value = "./spillway-dev")]
    pub(crate) dir: PathBuf,
    /// Where JSON-RPC listens, HTTP and WebSocket; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9545")]
    pub(crate) rpc: SocketAddr,
    /// Where the L1 that comes with it listens: JSON-RPC over HTTP and WebSocket, and the beacon endpoints.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8545")]
    pub(crate) l1: SocketAddr,
    /// Use another L1 (chain id 31337, as anvil's), at http://HOST:PORT; several with commas between.
    #[arg(long, value_name = "URL", value_delimiter = ',', conflicts_with_all = ["l1", "l1_block_time"])]
    pub(crate) l1_url: Vec<String>,
    /// Time between blocks of the L1 that comes with it.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = block_time)]
    pub(crate) l1_block_time: Duration,
    /// Blocks of L1 after which its messages are consumed. [default: 2, and 0 with --l1-url]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=256))]
    pub(crate) l1_depth: Option<u64>,
    /// How long a batch can be challenged; fixed at the first start. [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    pub(crate) challenge_window: Option<Duration>,
    /// The chain id that transactions must name; fixed at the first start. [default: 51717]
    #[arg(long, value_name = "N", value_parser = chain_id)]
    pub(crate) chain_id: Option<u64>,
    /// How long transactions wait at most until their batch is sent; half as long while L1 costs what it usually does.
    #[arg(long, value_name = "TIME", default_value = "6s", value_parser = whole_seconds)]
    pub(crate) max_batch_age: Duration,
    /// In which form batches are posted.
    #[arg(long, value_name = "FORM", value_enum, default_value_t = PostAs::Cheaper)]
    pub(crate) post_as: PostAs,
    /// Without a relayer: withdrawals wait until somebody claims them, and nobody pays them early.
    #[arg(long)]
    pub(crate) no_relayer: bool,
    /// Follow the revert on L1 with that fork id, though the one before was less than an hour ago.
    #[arg(long, value_name = "FORK")]
    pub(crate) follow_revert: Option<u64>,
    /// What is logged.
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// In which form batches are posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PostAs {
    /// Blobs or calldata, whichever is cheaper at the time.
    Cheaper,
    /// Blobs.
    Blobs,
    /// Calldata wherever a batch fits it.
    Calldata,
}

impl From<PostAs> for Forms {
    fn from(typed: PostAs) -> Self {
        match typed {
            PostAs::Cheaper => Self::Cheaper,
            PostAs::Blobs => Self::Blobs,
            PostAs::Calldata => Self::Calldata,
        }
    }
}

/// `spillway node`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NodeArgs {
    /// The configuration, in TOML; docs/operators_guide.md lists its keys.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Follow the revert on L1 with that fork id, though the one before was less than an hour ago.
    #[arg(long, value_name = "FORK")]
    pub(crate) follow_revert: Option<u64>,
    /// What is logged.
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// `spillway status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The node's JSON-RPC, as http://HOST:PORT.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9545")]
    pub(crate) rpc: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a running node logs. Logs go to stderr.
#[derive(Clone, Debug, Args)]
pub(crate) struct LogArgs {
    /// What is logged: a level, or per module, as in "info,spillway_sequencer=debug".
    #[arg(long = "log", value_name = "FILTER", env = "SPILLWAY_LOG", default_value = "info", value_parser = filter)]
    pub(crate) filter: String,
    /// How a log line looks.
    #[arg(long = "log-format", value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

pub(crate) fn chain_id(text: &str) -> Result<u64, String> {
    let id = text.parse().map_err(|_| "not a whole number".to_owned())?;
    if validated::CHAIN_IDS.contains(&id) {
        return Ok(id);
    }
    let (first, last) = validated::CHAIN_IDS.into_inner();
    Err(format!("a chain id is {first} to {last}"))
}

/// `7d`, `12h`, `90s`, `1h 30m`: times that L1 counts.
pub(crate) fn whole_seconds(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.subsec_nanos() != 0 {
        return Err("L1 counts in whole seconds".to_owned());
    }
    Ok(duration)
}

fn block_time(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (Duration::from_millis(10)..=Duration::from_secs(3_600)).contains(&duration) {
        return Ok(duration);
    }
    Err("a block time is 10ms to 1h".to_owned())
}

/// A filter is kept as text because it cannot be cloned once it is parsed.
fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_defaults_of_dev() {
        let Command::Dev(dev) = Cli::parse_from(["spillway", "dev"]).command else {
            unreachable!()
        };
        assert_eq!(dev.dir, PathBuf::from("./spillway-dev"));
        assert_eq!(dev.rpc.to_string(), "127.0.0.1:9545");
        assert_eq!(dev.l1.to_string(), "127.0.0.1:8545");
        assert_eq!(dev.l1_block_time, Duration::from_secs(1));
        assert!(dev.l1_url.is_empty());
        assert_eq!((dev.chain_id, dev.challenge_window), (None, None));
        assert_eq!(dev.max_batch_age, Duration::from_secs(6));
        assert_eq!(dev.post_as, PostAs::Cheaper);
        assert_eq!(dev.log.format, LogFormat::Text);
    }

    #[test]
    fn several_l1_nodes_are_separated_by_commas() {
        let typed = ["spillway", "dev", "--l1-url", "http://a:1,http://b:2"];
        let Command::Dev(dev) = Cli::parse_from(typed).command else {
            unreachable!()
        };
        assert_eq!(dev.l1_url, ["http://a:1", "http://b:2"]);
    }

    #[test]
    fn times_are_whole_seconds_with_a_unit() {
        for (text, seconds) in [
            ("7d", 604_800),
            ("12h", 43_200),
            ("30s", 30),
            ("1h30m", 5_400),
        ] {
            assert_eq!(whole_seconds(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "7", "d", "500ms", "-1d", "99999999999999999999d"] {
            whole_seconds(text).unwrap_err();
        }
    }

    #[test]
    fn bad_arguments_name_the_flag() {
        for (arguments, named) in [
            (&["dev", "--chain-id", "0"][..], "--chain-id"),
            (
                &["dev", "--chain-id", "9007199254740992"],
                "1 to 9007199254740991",
            ),
            (&["dev", "--rpc", "localhost"], "--rpc"),
            (&["dev", "--l1", "localhost"], "--l1"),
            (
                &["dev", "--l1", "127.0.0.1:1", "--l1-url", "http://h:1"],
                "cannot be used with",
            ),
            (&["dev", "--l1-block-time", "1"], "--l1-block-time"),
            (&["dev", "--l1-block-time", "9ms"], "10ms to 1h"),
            (&["dev", "--l1-depth", "257"], "--l1-depth"),
            (&["dev", "--challenge-window", "500ms"], "whole seconds"),
            (&["dev", "--max-batch-age", "1"], "--max-batch-age"),
            (&["dev", "--post-as", "smoke"], "--post-as"),
            (&["dev", "--follow-revert", "x"], "--follow-revert"),
            (&["dev", "--log", "spillway=loud"], "--log"),
            (&["dev", "--log-format", "xml"], "--log-format"),
            (&["node"], "--config"),
            (&["launch"], "unrecognized subcommand"),
        ] {
            let typed = ["spillway"].iter().chain(arguments);
            let error = Cli::try_parse_from(typed).unwrap_err().to_string();
            assert!(error.contains(named), "{arguments:?}: {error}");
        }
    }
}
