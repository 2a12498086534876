//! `[l1]`: where the chain's contracts are, and when a block of L1 counts.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use spillway_l1::deployment::Deployment;
use spillway_l1::events::Finality;
use spillway_sequencer::genesis::Genesis;

use super::typed;
use super::validated::ranged;

/// Nodes of L1, at most.
const URLS_MAX: usize = 16;

/// Blocks that messages may have to wait for at most: less than what the reader of L1 remembers.
const DEPTH_MAX: u64 = 256;

/// The L1 of a chain.
#[derive(Clone, Debug)]
pub(crate) struct L1Config {
    /// Its nodes, the preferred one first.
    pub(crate) urls: Vec<String>,
    /// The deployment's file.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) deployment: Deployment,
    /// When the messages of a block of L1 are consumed.
    pub(crate) finality: Finality,
}

impl L1Config {
    /// What the chain begins with.
    pub(super) fn genesis(&self) -> Genesis {
        Genesis {
            chain_id: self.deployment.l2_chain_id,
            fee_account: self.deployment.genesis.fee_account,
        }
    }
}

/// Reads the deployment's file on the way.
pub(super) fn validate(typed: &typed::L1) -> Result<L1Config> {
    ensure!(
        (1..=URLS_MAX).contains(&typed.urls.len()),
        "l1.urls has {} entries: it must list 1 to {URLS_MAX} nodes, as in [\"http://127.0.0.1:8545\"]",
        typed.urls.len()
    );
    let path = Path::new(&typed.deployment);
    Ok(L1Config {
        urls: typed.urls.clone(),
        path: path.to_path_buf(),
        deployment: Deployment::read(path).context("l1.deployment")?,
        finality: finality(typed.finality.as_ref())?,
    })
}

fn finality(typed: Option<&toml::Value>) -> Result<Finality> {
    match typed {
        None => Ok(Finality::Finalized),
        Some(toml::Value::String(word)) if word == "finalized" => Ok(Finality::Finalized),
        Some(toml::Value::String(word)) if word == "safe" => Ok(Finality::Safe),
        Some(toml::Value::Integer(depth)) => {
            ranged("l1.finality", *depth, 0..=DEPTH_MAX).map(Finality::Depth)
        }
        Some(other) => bail!(
            "l1.finality = {other}: it must be \"finalized\", \"safe\", or a number of blocks, 0 to {DEPTH_MAX}"
        ),
    }
}

#[cfg(test)]
pub(super) mod tests;
