//! What can be typed after `spillway deploy`.

use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::utils::parse_ether;
use alloy_primitives::{Address, U256};
use clap::Args;

use crate::cli::{LogArgs, chain_id, whole_seconds};

/// `spillway deploy`.
#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    /// The L1 node's JSON-RPC, as http://HOST:PORT.
    #[arg(long, value_name = "URL")]
    pub(super) l1_url: String,
    /// Deploy nothing: compare what is on L1 with a deployment's file. Ends with 1 if anything differs.
    #[arg(long, requires = "deployment")]
    pub(super) verify: bool,
    /// The file to compare with.
    #[arg(long, value_name = "FILE", requires = "verify")]
    pub(super) deployment: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// What to deploy.
    #[command(flatten)]
    pub(super) new: NewArgs,
    /// What is logged.
    #[command(flatten)]
    pub(super) log: LogArgs,
}

/// A new deployment.
#[derive(Debug, Args)]
#[group(id = "new", conflicts_with = "verify")]
pub(super) struct NewArgs {
    /// The file that is written at the end. It must not exist.
    #[arg(long, value_name = "FILE", default_value = "deployment.json")]
    pub(super) out: PathBuf,
    /// The key that pays, in hex, in a file; or in the environment as SPILLWAY_PRIVATE_KEY. It has no rights afterwards.
    #[arg(long, value_name = "FILE")]
    pub(super) private_key_file: Option<PathBuf>,
    /// How long a transaction may take to get into a block, as 10m.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = whole_seconds)]
    pub(super) transaction_timeout: Duration,
    /// A development network (L1 chain id 31337): short windows, a listed test token, staked bonds, and defaults for all that
    /// has none.
    #[arg(long)]
    pub(super) development: bool,
    /// Who may post batches, for each sequencer; each has to stake the bond first.
    #[arg(long = "sequencer", value_name = "ADDRESS", value_parser = address)]
    pub(super) sequencers: Vec<Address>,
    /// Account 0 of L2, which receives the fees.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(super) fee_account: Option<Address>,
    /// Who may propose to the timelock, for each: lists tokens, changes the set of sequencers.
    #[arg(long = "proposer", value_name = "ADDRESS", value_parser = address)]
    pub(super) proposers: Vec<Address>,
    /// Between a proposal and its execution. [default: 2d]
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    pub(super) timelock_delay: Option<Duration>,
    /// How long a batch can be challenged. [default: 7d]
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    pub(super) challenge_window: Option<Duration>,
    /// How long a challenge can be answered. [default: 1d]
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    pub(super) response_window: Option<Duration>,
    /// A message from L1 older than this must be consumed. [default: 1d]
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    pub(super) force_inclusion_window: Option<Duration>,
    /// After so long without a batch, or with a message not consumed, anyone can begin the escape. [default: 3d]
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    pub(super) escape_delay: Option<Duration>,
    /// And after so long with a message that no final batch consumed. [default: 30d]
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    pub(super) max_stall: Option<Duration>,
    /// Between a change of the set of sequencers and its effect. [default: 10d]
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    pub(super) sequencer_delay: Option<Duration>,
    /// What a sequencer stakes, in ETH. [default: 10]
    #[arg(long, value_name = "ETH", value_parser = ether)]
    pub(super) bond: Option<u128>,
    /// The least that who challenges an authorisation puts up, in ETH. [default: 0.01]
    #[arg(long, value_name = "ETH", value_parser = ether)]
    pub(super) challenge_bond: Option<u128>,
    /// The L2 chain id of a development network; elsewhere it follows from the contract's address. [default: 51717]
    #[arg(long, value_name = "N", requires = "development", value_parser = chain_id)]
    pub(super) chain_id: Option<u64>,
}

fn address(text: &str) -> Result<Address, &'static str> {
    crate::address::parse(text)
}

fn ether(text: &str) -> Result<u128, String> {
    let wei: U256 = parse_ether(text).map_err(|error| error.to_string())?;
    u128::try_from(wei).map_err(|_| "more ETH than there is".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        deploy: DeployArgs,
    }

    fn parse(typed: &str) -> Result<DeployArgs, String> {
        let typed = ["deploy", "--l1-url", "http://h:1"]
            .into_iter()
            .chain(typed.split_whitespace());
        Line::try_parse_from(typed)
            .map(|line| line.deploy)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_bond_is_in_ether() {
        assert_eq!(ether("10"), Ok(10_000_000_000_000_000_000));
        assert_eq!(ether("0.5"), Ok(500_000_000_000_000_000));
        for text in ["ten", "-1", "1e60", "999999999999999999999999999999999"] {
            ether(text).unwrap_err();
        }
    }

    #[test]
    fn verifying_and_deploying_exclude_each_other() {
        parse("--verify --deployment a.json --json").unwrap();
        parse("--out a.json --sequencer 0x00000000000000000000000000000000000000aa").unwrap();
        for (typed, named) in [
            ("--verify", "--deployment"),
            ("--deployment a.json", "--verify"),
            ("--verify --deployment a.json --out b.json", "--verify"),
            ("--verify --deployment a.json --bond 1", "--verify"),
            ("--chain-id 5", "--development"),
            ("--private-key 0x01", "--private-key"),
            ("--bond x", "--bond"),
            ("--challenge-bond x", "--challenge-bond"),
            ("--without-disputes", "--without-disputes"),
            (
                "--fee-account 0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                "checksum",
            ),
        ] {
            let error = parse(typed).unwrap_err();
            assert!(error.contains(named), "{typed}: {error}");
        }
    }
}
