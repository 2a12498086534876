//! The two chains that a command speaks to, and the deployment that says which they are.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use spillway_l1::deployment::Deployment;

use super::l1::L1;
use super::l2::L2;
use super::progress::Teller;

/// Where the chains are, and how the command speaks.
#[derive(Clone, Debug, Args)]
pub(super) struct ChainArgs {
    /// The node's JSON-RPC, as http://HOST:PORT.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9545")]
    rpc: String,
    /// The L1 node's JSON-RPC, as http://HOST:PORT.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8545")]
    l1_url: String,
    /// The deployment's file.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "./spillway-dev/deployment.json"
    )]
    deployment: PathBuf,
    /// Print one JSON object; what happens meanwhile is told on stderr.
    #[arg(long)]
    pub(super) json: bool,
}

/// Both chains.
#[derive(Debug)]
pub(super) struct Chains {
    pub(super) deployment: Deployment,
    pub(super) l2: L2,
    pub(super) l1_url: String,
    pub(super) teller: Teller,
    pub(super) json: bool,
}

impl ChainArgs {
    /// Reads the deployment. Nothing is asked yet.
    pub(super) fn open(&self) -> Result<Chains> {
        Ok(Chains {
            deployment: Deployment::read(&self.deployment).context("--deployment")?,
            l2: L2::at(&self.rpc)?,
            l1_url: self.l1_url.clone(),
            teller: Teller::new(self.json),
            json: self.json,
        })
    }
}

impl Chains {
    /// L1, which is found to be the deployment's.
    pub(super) async fn l1(&self) -> Result<L1> {
        L1::of(&self.deployment, &self.l1_url, self.teller).await
    }
}
