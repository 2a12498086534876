//! The connection to an L1 node.

use std::time::Duration;

use alloy_network::EthereumWallet;
use alloy_primitives::Address;
use alloy_provider::{DynProvider, Provider, ProviderBuilder};
use alloy_rpc_types_eth::{BlockId, TransactionRequest};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall;
use alloy_transport::TransportError;
use reqwest::{Client, Url};

/// No request that is made here keeps a healthy node busy for longer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Not a URL that can be used.
    #[error("{0} is no L1 node's address: give http://HOST:PORT (https needs a proxy in between)")]
    Url(String),
    /// The HTTP client cannot be made.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A question that L1 did not answer.
#[derive(Debug, thiserror::Error)]
#[error("L1 node, asked for {what}: {source}")]
pub struct RpcError {
    /// What was asked for.
    pub what: &'static str,
    /// What came back instead.
    pub source: TransportError,
}

impl RpcError {
    /// For `map_err`.
    pub(crate) fn about(what: &'static str) -> impl FnOnce(TransportError) -> Self {
        move |source| Self { what, source }
    }
}

/// A connection that only reads. Nothing is asked yet.
///
/// # Errors
/// [`ConnectError`] for a URL that is not plain HTTP.
pub fn connect(url: &str) -> Result<DynProvider, ConnectError> {
    let (client, url) = http(url)?;
    Ok(ProviderBuilder::new().connect_reqwest(client, url).erased())
}

/// A connection that signs with a key, and fills in gas and fees.
///
/// # Errors
/// [`ConnectError`] for a URL that is not plain HTTP.
pub fn connect_as(url: &str, key: PrivateKeySigner) -> Result<DynProvider, ConnectError> {
    let (client, url) = http(url)?;
    Ok(ProviderBuilder::new()
        .wallet(EthereumWallet::from(key))
        .connect_reqwest(client, url)
        .erased())
}

fn http(url: &str) -> Result<(Client, Url), ConnectError> {
    let unusable = || ConnectError::Url(url.to_owned());
    let parsed = Url::parse(url).map_err(|_| unusable())?;
    if parsed.scheme() != "http" || !parsed.has_host() {
        return Err(unusable());
    }
    let client = Client::builder()
        // A proxy of the environment knows nothing of a node on this machine.
        .no_proxy()
        .timeout(REQUEST_TIMEOUT)
        .build()?;
    Ok((client, parsed))
}

/// Calls a view function at the newest block. `None` when it reverts, or answers something else than the function
/// would: then there is another contract, or none.
pub(crate) async fn read<C: SolCall>(
    l1: &DynProvider,
    to: Address,
    call: C,
) -> Result<Option<C::Return>, RpcError> {
    let request = TransactionRequest::default()
        .to(to)
        .input(call.abi_encode().into());
    match l1.call(request).block(BlockId::latest()).await {
        Ok(answer) => Ok(C::abi_decode_returns(&answer).ok()),
        Err(error) if error.is_error_resp() => Ok(None),
        Err(error) => Err(RpcError::about(C::SIGNATURE)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_is_taken() {
        connect("http://127.0.0.1:8545").unwrap();
        for url in [
            "",
            "localhost:8545",
            "https://example.org",
            "ws://127.0.0.1:1",
            "http://",
        ] {
            let error = connect(url).unwrap_err().to_string();
            assert!(error.contains("http://HOST:PORT"), "{error}");
        }
    }
}
