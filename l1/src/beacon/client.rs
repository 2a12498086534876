//! Asks beacon nodes over HTTP.

use std::sync::OnceLock;
use std::time::Duration;

use alloy_eips::eip4844::Blob;
use alloy_primitives::B256;
use reqwest::{Client, StatusCode, Url};

use super::PostedIn;
use super::answer::{self, AnswerError, Slots};

/// A block holds less than a hundred blobs for years to come, of 256 KiB each in hexadecimal.
const BODY_BYTES_MAX: usize = 64 << 20;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Why beacon nodes do not deliver.
#[derive(Debug, thiserror::Error)]
pub enum BeaconError {
    /// Not a URL that can be used.
    #[error(
        "{0} is no beacon node's address: give http://HOST:PORT (https needs a proxy in between)"
    )]
    Url(String),
    /// The HTTP client cannot be made.
    #[error("no HTTP client: {0}")]
    Client(reqwest::Error),
    /// There is no one to ask.
    #[error("the blob is not in the archive and no beacon node is named: give a beacon URL")]
    NoNodes,
    /// All of them failed.
    #[error(
        "no beacon node delivers: {0}. Blobs older than 18 days are only on nodes that keep them all"
    )]
    AllFailed(String),
}

#[derive(Debug, thiserror::Error)]
enum NodeError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("status {0}")]
    Status(StatusCode),
    #[error("an answer above {BODY_BYTES_MAX} bytes")]
    TooLarge,
    #[error("{0}")]
    Answer(#[from] AnswerError),
    #[error("{0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Several beacon nodes, asked one after the other.
#[derive(Debug)]
pub struct BeaconClient {
    client: Client,
    nodes: Vec<Url>,
    slots: OnceLock<Slots>,
}

impl BeaconClient {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// [`BeaconError`] for URLs that are not plain HTTP, or none at all.
    pub fn new(urls: &[String]) -> Result<Self, BeaconError> {
        let nodes = urls
            .iter()
            .map(|url| parse(url))
            .collect::<Result<Vec<_>, _>>()?;
        if nodes.is_empty() {
            return Err(BeaconError::NoNodes);
        }
        let client = Client::builder()
            .no_proxy()
            .timeout(REQUEST_TIMEOUT)
            .build();
        Ok(Self {
            client: client.map_err(BeaconError::Client)?,
            nodes,
            slots: OnceLock::new(),
        })
    }

    /// The blobs with these versioned hashes, in their order, out of that block, checked.
    ///
    /// # Errors
    /// [`BeaconError`] if no node has all of them.
    pub async fn blobs(
        &self,
        posted: PostedIn,
        hashes: &[B256],
    ) -> Result<Vec<Box<Blob>>, BeaconError> {
        let mut failures = Vec::new();
        for node in &self.nodes {
            match self.blobs_of(node, posted, hashes).await {
                Ok(blobs) => return Ok(blobs),
                Err(error) => {
                    let name = node.authority();
                    tracing::warn!(node = name, %error, "beacon node does not deliver; the next one is asked");
                    failures.push(format!("{name}: {error}"));
                }
            }
        }
        Err(BeaconError::AllFailed(failures.join("; ")))
    }

    async fn blobs_of(
        &self,
        node: &Url,
        posted: PostedIn,
        hashes: &[B256],
    ) -> Result<Vec<Box<Blob>>, NodeError> {
        let slot = self.slots(node).await?.of(posted)?;
        let names: Vec<_> = hashes.iter().map(B256::to_string).collect();
        let query = format!(
            "eth/v1/beacon/blobs/{slot}?versioned_hashes={}",
            names.join(",")
        );
        let blobs = match self.get(node, &query).await {
            Ok(body) => answer::blobs(&body)?,
            // A node from before that endpoint was made.
            Err(NodeError::Status(_)) => {
                let sidecars = format!("eth/v1/beacon/blob_sidecars/{slot}");
                answer::sidecars(&self.get(node, &sidecars).await?)?
            }
            Err(error) => return Err(error),
        };
        let hashes = hashes.to_vec();
        let select = move || answer::select(blobs, &hashes);
        Ok(tokio::task::spawn_blocking(select).await??)
    }

    /// The same for all nodes, so the first one that says it is believed: with a wrong one, no blob is found.
    async fn slots(&self, node: &Url) -> Result<Slots, NodeError> {
        if let Some(slots) = self.slots.get() {
            return Ok(*slots);
        }
        let genesis = self.get(node, "eth/v1/beacon/genesis").await?;
        let slots = match self.get(node, "eth/v1/config/spec").await {
            Ok(spec) => Slots::read(&genesis, &spec)?,
            Err(NodeError::Status(StatusCode::NOT_FOUND)) => Slots::ByNumber,
            Err(error) => return Err(error),
        };
        Ok(*self.slots.get_or_init(|| slots))
    }

    async fn get(&self, node: &Url, path: &str) -> Result<Vec<u8>, NodeError> {
        let base = node.as_str().trim_end_matches('/');
        let mut answer = self.client.get(format!("{base}/{path}")).send().await?;
        if !answer.status().is_success() {
            return Err(NodeError::Status(answer.status()));
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await? {
            if body.len() + part.len() > BODY_BYTES_MAX {
                return Err(NodeError::TooLarge);
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }
}

fn parse(url: &str) -> Result<Url, BeaconError> {
    let unusable = || BeaconError::Url(url.to_owned());
    let parsed = Url::parse(url).map_err(|_| unusable())?;
    if parsed.scheme() == "http" && parsed.has_host() {
        Ok(parsed)
    } else {
        Err(unusable())
    }
}
