//! Blobs from a beacon endpoint, believed only by their versioned hashes.

use std::collections::HashMap;
use std::sync::Arc;

use alloy_eips::eip4844::{AsCkzg as _, Blob, kzg_to_versioned_hash};
use alloy_primitives::B256;
use anyhow::{Context as _, Result, ensure};
use reqwest::StatusCode;
use serde_json::Value;

use super::history::Posted;

/// Commitments alone need no tables for proofs, whose loading takes seconds.
const PRECOMPUTE: u64 = 0;

/// Asks one endpoint.
#[derive(Debug)]
pub(super) struct Beacon {
    http: reqwest::Client,
    url: String,
    slots: Slots,
}

/// What a block is called there.
#[derive(Debug, Clone, Copy)]
enum Slots {
    /// As the beacon API has it.
    ByTime { genesis: u64, seconds: u64 },
    /// Anvil 1.7 serves `genesis` and `blobs`, but no `spec`, and takes the number of an execution block for a slot.
    ByNumber,
}

impl Beacon {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let mut beacon = Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            url: url.to_owned(),
            slots: Slots::ByNumber,
        };
        let genesis = beacon.get("/eth/v1/beacon/genesis").await?;
        let genesis = genesis.context("no genesis")?;
        if let Some(spec) = beacon.get("/eth/v1/config/spec").await? {
            beacon.slots = Slots::ByTime {
                genesis: number(&genesis["data"]["genesis_time"])?,
                seconds: number(&spec["data"]["SECONDS_PER_SLOT"])?,
            };
        }
        Ok(beacon)
    }

    /// A batch's blobs, in order.
    pub(super) async fn blobs(&self, posted: &Posted) -> Result<Vec<Arc<Blob>>> {
        let slot = match self.slots {
            Slots::ByNumber => posted.l1_block,
            Slots::ByTime { genesis, seconds } => {
                let since = posted.submission.posted_at.checked_sub(genesis);
                let since = since.context("a batch before genesis")?;
                let is_a_slot = seconds > 0 && since.is_multiple_of(seconds);
                ensure!(is_a_slot, "a batch between two slots");
                since / seconds
            }
        };
        let names: Vec<_> = posted
            .versioned_hashes
            .iter()
            .map(B256::to_string)
            .collect();
        let path = format!(
            "/eth/v1/beacon/blobs/{slot}?versioned_hashes={}",
            names.join(",")
        );
        let answer = self
            .get(&path)
            .await?
            .context("the beacon node has no such block")?;
        let data = answer["data"].as_array().context("no list of blobs")?;
        let blobs: Vec<Blob> = data
            .iter()
            .map(|blob| Ok(blob.as_str().context("no blob")?.parse()?))
            .collect::<Result<_>>()?;
        let wanted = posted.versioned_hashes.clone();
        tokio::task::spawn_blocking(move || select(blobs, &wanted)).await?
    }

    async fn get(&self, path: &str) -> Result<Option<Value>> {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(answer.error_for_status()?.json().await?))
    }
}

/// The blobs with those versioned hashes, in their order.
fn select(blobs: Vec<Blob>, wanted: &[B256]) -> Result<Vec<Arc<Blob>>> {
    let settings = c_kzg::ethereum_kzg_settings(PRECOMPUTE);
    let mut found = HashMap::new();
    for blob in blobs {
        let commitment = settings.blob_to_kzg_commitment(blob.as_ckzg())?;
        let hash = kzg_to_versioned_hash(commitment.to_bytes().as_slice());
        found.insert(hash, Arc::new(blob));
    }
    let pick = |hash| found.get(hash).cloned();
    let picked = wanted
        .iter()
        .map(|hash| pick(hash).with_context(|| format!("no blob {hash}")));
    picked.collect()
}

fn number(value: &Value) -> Result<u64> {
    Ok(value.as_str().context("no number")?.parse()?)
}
