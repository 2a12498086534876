//! `[verifier]`: what a verifier proves with, where it finds blobs and blocks, and whom it guards.

use std::collections::BTreeSet;
use std::time::Duration;

use alloy_primitives::Address;
use anyhow::{Context, Result, bail, ensure};
use spillway_l1::beacon::BeaconClient;
use spillway_l1::events::ReaderSettings;
use spillway_l1::transactions::{Kind, Price, Settings};

use super::batcher::{gwei, read_key};
use super::l1::L1Config;
use super::typed;
use super::validated::{account, or_default, ranged};
use crate::following::FollowingConfig;
use crate::verifying::VerifyingConfig;

/// Accounts that one node guards, at most.
const GUARDED_MAX: usize = 10_000;

/// The part of the challenge window for which a node waits for transactions unless told otherwise, and the most of that.
const PATIENCE_PART: u64 = 4;
const PATIENCE_MAX: Duration = Duration::from_secs(3_600);

/// Reads the key on the way.
pub(super) fn validate(typed: &typed::Verifier, l1: &L1Config) -> Result<VerifyingConfig> {
    let key = typed.key_file.as_deref();
    let key = key.map(|file| read_key("verifier.key_file", file));
    let key = key.transpose()?;
    let guarded = guarded(&typed.guard)?;
    ensure!(
        guarded.is_empty() || key.is_some(),
        "verifier.guard lists accounts, and verifier.key_file is not there: who demands a transaction on L1 pays for it"
    );
    let default = Settings::new(Kind::Ordinary);
    Ok(VerifyingConfig {
        key,
        beacon_urls: beacon_urls(typed.beacon_urls.as_deref(), l1)?,
        guarded,
        patience: patience(typed.guard_patience_s, l1)?,
        caps: Price {
            max_fee: gwei(
                "verifier.max_fee_gwei",
                typed.max_fee_gwei,
                default.caps.max_fee,
            )?,
            priority_fee: gwei(
                "verifier.max_priority_fee_gwei",
                typed.max_priority_fee_gwei,
                default.caps.priority_fee,
            )?,
            ..default.caps
        },
        finality: l1.finality,
        confirmations: or_default(typed.confirmations, default.confirmations, |value| {
            ranged("verifier.confirmations", value, 1..=1_024)
        })?,
        reader: ReaderSettings::default(),
        watches_sequencer: typed.sequencer_url.is_some(),
    })
}

/// The sequencer that is followed: one elsewhere, or none beside one of our own.
pub(super) fn following(
    typed: &typed::Verifier,
    has_sequencer: bool,
) -> Result<Option<FollowingConfig>> {
    match (&typed.sequencer_url, &typed.sequencer, has_sequencer) {
        (None, None, true) => Ok(None),
        (Some(url), Some(signer), false) => {
            ensure!(
                url.starts_with("http://"),
                "verifier.sequencer_url = {url:?}: it must be http://HOST:PORT (https needs a proxy in between)"
            );
            Ok(Some(FollowingConfig {
                url: url.clone(),
                signer: account("verifier.sequencer", signer)?,
            }))
        }
        (_, _, true) => bail!(
            "verifier.sequencer_url or verifier.sequencer is there, and roles has \"sequencer\": leave them out, as the node \
             follows its own"
        ),
        (_, _, false) => bail!(
            "roles has no \"sequencer\": verifier.sequencer_url must name the JSON-RPC of one, and verifier.sequencer its \
             address on L1, whose signature its blocks have"
        ),
    }
}

fn guarded(typed: &[String]) -> Result<BTreeSet<Address>> {
    ensure!(
        typed.len() <= GUARDED_MAX,
        "verifier.guard lists {} accounts: at most {GUARDED_MAX}",
        typed.len()
    );
    typed
        .iter()
        .map(|address| account("verifier.guard", address))
        .collect()
}

/// Where blobs are: by default where L1 is.
fn beacon_urls(typed: Option<&[String]>, l1: &L1Config) -> Result<Vec<String>> {
    let urls = typed.unwrap_or(&l1.urls);
    // It says itself which URL is none.
    BeaconClient::new(urls).context("verifier.beacon_urls")?;
    Ok(urls.to_vec())
}

/// It must leave time for a challenge within the window.
fn patience(typed: Option<i64>, l1: &L1Config) -> Result<Duration> {
    let window = l1.deployment.parameters.challenge_window;
    let default = Duration::from_secs(window / PATIENCE_PART).min(PATIENCE_MAX);
    or_default(typed, default, |value| {
        let most = (window / 2).max(1);
        ranged("verifier.guard_patience_s", value, 0..=most).map(Duration::from_secs)
    })
}

#[cfg(test)]
mod tests;
