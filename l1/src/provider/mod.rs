//! One provider over several nodes. When one fails, is rate-limited or lags behind, another one is asked.
//!
//! [`Health`] decides whom to ask and is a state machine; the transport asks.

mod health;
mod reading;
mod transport;

use std::time::Duration;

use alloy_provider::{DynProvider, Provider, RootProvider};
use alloy_rpc_client::RpcClient;
use alloy_transport::BoxTransport;
use reqwest::{Client, Url};

pub use health::{Choice, Failure, Health};
use transport::{Failover, Setup};

/// How nodes are asked.
#[derive(Clone, Copy, Debug)]
pub struct ProviderSettings {
    /// The chain that all of them must be on.
    pub chain_id: u64,
    /// The longest that one node may take for one answer.
    pub request_timeout: Duration,
    /// How many times one question is asked at most, of whichever nodes.
    pub attempts_max: u32,
    /// Blocks that a node may be behind the highest head seen, and is still believed.
    pub lag_max: u64,
    /// Seed for the waits.
    pub seed: u64,
}

impl ProviderSettings {
    /// What fits mainnet.
    #[must_use]
    pub fn new(chain_id: u64) -> Self {
        Self {
            chain_id,
            request_timeout: Duration::from_secs(10),
            attempts_max: 6,
            lag_max: 2,
            seed: 0,
        }
    }
}

/// A node, and how it is reached.
#[derive(Clone, Debug)]
pub struct Endpoint {
    name: String,
    transport: BoxTransport,
}

impl Endpoint {
    /// A node behind plain HTTP.
    ///
    /// # Errors
    /// [`ProviderError`] for another URL.
    pub fn http(url: &str) -> Result<Self, ProviderError> {
        let unusable = || ProviderError::Url(url.to_owned());
        let parsed = Url::parse(url).map_err(|_| unusable())?;
        if parsed.scheme() != "http" || !parsed.has_host() {
            return Err(unusable());
        }
        // A proxy of the environment knows nothing of a node on this machine. Timeouts are this module's.
        let client = Client::builder().no_proxy().build()?;
        Ok(Self {
            // A URL may hold a secret in its path, and this is for logs.
            name: parsed.authority().to_owned(),
            transport: RpcClient::new_http_with_client(client, parsed)
                .transport()
                .clone(),
        })
    }

    /// A node behind any other transport, for instance one in the same process.
    #[must_use]
    pub fn new(name: impl Into<String>, transport: BoxTransport) -> Self {
        Self {
            name: name.into(),
            transport,
        }
    }
}

/// Why there is no provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Not a URL that can be used.
    #[error("{0} is no L1 node's address: give http://HOST:PORT (https needs a proxy in between)")]
    Url(String),
    /// The HTTP client cannot be made.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// No nodes.
    #[error("no L1 node is named: give at least one URL")]
    NoEndpoints,
    /// A node is on another chain.
    #[error("{name} is on chain {found}, not on {expected}: give the URL of the right L1")]
    WrongChain {
        /// The node.
        name: String,
        /// Its chain id.
        found: u64,
        /// The one that was expected.
        expected: u64,
    },
    /// None of the nodes answers.
    #[error("no L1 node answers: {0}")]
    NoAnswer(String),
}

/// A provider over these nodes, of which the first is asked as long as it does well.
///
/// A node that does not answer now is checked before it is used later; at least one has to answer.
///
/// # Errors
/// [`ProviderError`].
pub async fn connect(
    endpoints: Vec<Endpoint>,
    settings: ProviderSettings,
) -> Result<DynProvider, ProviderError> {
    if endpoints.is_empty() {
        return Err(ProviderError::NoEndpoints);
    }
    let setup = Setup::new(endpoints, settings);
    setup.check_chain_ids().await?;
    let client = RpcClient::new(Failover::new(setup), false);
    Ok(RootProvider::new(client).erased())
}

#[cfg(test)]
mod tests;
