//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::config::validated;
use crate::deploy::DeployArgs;

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
    /// Ask a running node how far it is.
    Status(StatusArgs),
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
    /// The chain id that transactions must name.
    #[arg(long, value_name = "N", default_value_t = 51_717, value_parser = chain_id)]
    pub(crate) chain_id: u64,
    /// What is logged.
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// `spillway node`.
#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// The configuration, in TOML; docs/operators_guide.md lists its keys.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
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
#[derive(Debug, Args)]
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
        assert_eq!(dev.chain_id, 51_717);
        assert_eq!(dev.log.format, LogFormat::Text);
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
