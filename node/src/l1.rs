//! The way to L1, and to the deployment on it.

use alloy_provider::{DynProvider, Provider};
use alloy_transport::TransportError;
use anyhow::anyhow;
use spillway_l1::RpcError;
use spillway_l1::deployment::{self, Deployment, L1Block};
use spillway_l1::provider::{self, Endpoint, ProviderError, ProviderSettings};

/// Why L1 cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum L1Error {
    /// No way to a node, or to one of the right chain.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// A node does not answer a question.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// A node does not answer a question.
    #[error("L1 node, asked for the block of the deployment: {0}")]
    Transport(#[from] TransportError),
    /// The deployment is not there.
    #[error("it differs in: {0}")]
    Differs(String),
}

impl L1Error {
    /// Whether the same may succeed later, with nothing changed.
    pub(crate) const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Provider(ProviderError::NoAnswer(_)) | Self::Rpc(_) | Self::Transport(_)
        )
    }
}

/// What a command says of it whose flags name L1 and the deployment. A node that does not answer is told from the wrong one.
pub(crate) fn explain(error: L1Error) -> anyhow::Error {
    match error {
        L1Error::Differs(_) => anyhow!(
            "L1 is not what the deployment says: {error}. Check --l1-url and --deployment; `spillway deploy --verify \
             --deployment FILE` compares all of it"
        ),
        _ => anyhow::Error::new(error).context("--l1-url"),
    }
}

/// A provider over nodes that are all on that chain.
pub(crate) async fn connect(urls: &[String], chain_id: u64) -> Result<DynProvider, L1Error> {
    let endpoints: Result<Vec<_>, _> = urls.iter().map(|url| Endpoint::http(url)).collect();
    let settings = ProviderSettings::new(chain_id);
    Ok(provider::connect(endpoints?, settings).await?)
}

/// Makes sure that this is the chain that the deployment is on. What is there was compared when the file was written, and
/// `spillway deploy --verify` does it again; that asks for many blocks' logs at once, which some nodes refuse.
pub(crate) async fn recognise(l1: &DynProvider, deployment: &Deployment) -> Result<(), L1Error> {
    let L1Block { number, hash } = deployment.l1_block;
    let block = l1.get_block_by_number(number.into()).await?;
    if block.is_some_and(|block| block.header.hash == hash) {
        return Ok(());
    }
    Err(L1Error::Differs(format!("block {number}")))
}

/// Makes sure that L1 has the contracts as the deployment says.
pub(crate) async fn verify(l1: &DynProvider, deployment: &Deployment) -> Result<(), L1Error> {
    // First, as a shorter chain does not answer what is asked of its later blocks.
    recognise(l1, deployment).await?;
    let report = deployment::verify(l1, deployment).await?;
    if report.holds() {
        return Ok(());
    }
    tracing::error!("L1 is not what the deployment says:\n{report}");
    let differing = report.checks.iter().filter(|check| !check.ok);
    let names: Vec<_> = differing.map(|check| check.name.as_str()).collect();
    Err(L1Error::Differs(names.join(", ")))
}
