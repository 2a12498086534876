//! `[batcher]`: with which keys batches are posted, when, and for how much.

use std::path::Path;
use std::time::Duration;

use alloy_signer_local::PrivateKeySigner;
use anyhow::{Context, Result, bail, ensure};
use spillway_batcher::policy::{Forms, PostingConfig};
use spillway_l1::transactions::{Kind, Price, Settings};

use super::l1::L1Config;
use super::typed;
use super::validated::{account, or_default, ranged};
use crate::batching::BatchingConfig;
use crate::key;

/// How often L1 and the journal are looked at: a fraction of the time between L1's blocks.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

const GWEI: u128 = 1_000_000_000;

/// Reads the keys on the way.
pub(super) fn validate(typed: &typed::Batcher, l1: &L1Config) -> Result<BatchingConfig> {
    let blob_key = read_key("batcher.blob_key_file", &typed.blob_key_file)?;
    let calldata_key = read_key("batcher.calldata_key_file", &typed.calldata_key_file)?;
    ensure!(
        blob_key.address() != calldata_key.address(),
        "batcher.blob_key_file and batcher.calldata_key_file hold the same key: nodes of L1 refuse an account that sends \
         both blobs and calldata"
    );
    let sequencer = match &typed.sequencer {
        Some(address) => account("batcher.sequencer", address)?,
        None => calldata_key.address(),
    };
    let default = Settings::new(Kind::Blob);
    Ok(BatchingConfig {
        sequencer,
        blob_key,
        calldata_key,
        posting: posting(typed)?,
        caps: Price {
            max_fee: gwei(
                "batcher.max_fee_gwei",
                typed.max_fee_gwei,
                default.caps.max_fee,
            )?,
            priority_fee: gwei(
                "batcher.max_priority_fee_gwei",
                typed.max_priority_fee_gwei,
                default.caps.priority_fee,
            )?,
            blob_fee: gwei(
                "batcher.max_blob_fee_gwei",
                typed.max_blob_fee_gwei,
                default.caps.blob_fee,
            )?,
        },
        finality: l1.finality,
        confirmations: or_default(typed.confirmations, default.confirmations, |value| {
            ranged("batcher.confirmations", value, 1..=1_024)
        })?,
        poll_interval: POLL_INTERVAL,
    })
}

/// The private key in a file that a key of the configuration names.
pub(super) fn read_key(key: &str, file: &str) -> Result<PrivateKeySigner> {
    key::from_file(Path::new(file)).with_context(|| format!("{key} = {file:?}"))
}

fn posting(typed: &typed::Batcher) -> Result<PostingConfig> {
    let default = PostingConfig::default();
    let seconds = |key: &str, typed, default, max| {
        or_default(typed, default, |value| {
            ranged(&format!("batcher.{key}"), value, 1..=max).map(Duration::from_secs)
        })
    };
    Ok(PostingConfig {
        max_batch_age: seconds(
            "max_batch_age_s",
            typed.max_batch_age_s,
            default.max_batch_age,
            86_400,
        )?,
        heartbeat: seconds(
            "heartbeat_s",
            typed.heartbeat_s,
            default.heartbeat,
            7 * 86_400,
        )?,
        target_blobs: or_default(typed.target_blobs, default.target_blobs, |value| {
            ranged("batcher.target_blobs", value, 1..=5)
        })?,
        forms: match typed.post_as.as_deref() {
            None | Some("cheaper") => Forms::Cheaper,
            Some("blobs") => Forms::Blobs,
            Some("calldata") => Forms::Calldata,
            Some(other) => bail!(
                "batcher.post_as = {other:?}: it must be \"cheaper\", \"blobs\" or \"calldata\""
            ),
        },
        ..default
    })
}

/// Wei of a key in gwei.
pub(super) fn gwei(key: &str, typed: Option<i64>, default: u128) -> Result<u128> {
    or_default(typed, default, |value| {
        let gwei: u64 = ranged(key, value, 1..=1_000_000)?;
        Ok(u128::from(gwei) * GWEI)
    })
}

#[cfg(test)]
mod tests;
