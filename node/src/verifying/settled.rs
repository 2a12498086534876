//! Where a verifier begins: after the last batch that an earlier run has kept, or at genesis.

use std::path::{Path, PathBuf};

use alloy_provider::DynProvider;
use anyhow::Result;
use spillway_l1::deployment::Deployment;
use spillway_verifier::Settled;
use spillway_verifier::replay::Ledger;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::verify::snapshot::{certify, read, write};

/// The file's name in the state directory.
const NAME: &str = "verified.snapshot";

/// Keeps what the verifier need not replay again.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    path: PathBuf,
    deployment: Deployment,
}

impl Kept {
    /// In that directory.
    pub(super) fn new(dir: &Path, deployment: &Deployment) -> Self {
        Self {
            path: dir.join(NAME),
            deployment: deployment.clone(),
        }
    }

    /// The ledger that was kept, certified by L1; none to begin at genesis.
    pub(super) async fn load(&self, l1: &DynProvider) -> Option<Ledger> {
        if !self.path.exists() {
            return None;
        }
        match self.try_load(l1).await {
            Ok(ledger) => {
                tracing::info!(
                    batch = ledger.batch(),
                    "the verification begins after a batch that was verified before"
                );
                Some(ledger)
            }
            Err(error) => {
                tracing::warn!("the verification begins at genesis: {error:#}");
                None
            }
        }
    }

    async fn try_load(&self, l1: &DynProvider) -> Result<Ledger> {
        let (kept, l1, runtime) = (self.clone(), l1.clone(), Handle::current());
        // On one thread from the file to the ledger: hashing a large one takes long.
        let work = move || {
            let file = read(&kept.path, &kept.deployment)?;
            runtime.block_on(certify(file, &l1, &kept.deployment))
        };
        spawn_blocking(work).await?
    }

    /// Keeps what it is handed until the verifier ends.
    pub(super) async fn keep(&self, mut settled: mpsc::Receiver<Settled>) {
        while let Some((ledger, tokens)) = settled.recv().await {
            let (kept, batch) = (self.clone(), ledger.batch());
            let written =
                spawn_blocking(move || write(&kept.path, &ledger, &tokens, &kept.deployment));
            match written
                .await
                .map_err(Into::into)
                .and_then(|written| written)
            {
                Ok(()) => tracing::debug!(batch, "kept what was verified"),
                Err(error) => tracing::error!(batch, "what was verified is not kept: {error:#}"),
            }
        }
    }
}
