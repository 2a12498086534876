//! `[relayer]`: with which key withdrawals are claimed, when, and for how much.

use std::time::Duration;

use anyhow::{Result, ensure};
use spillway_l1::transactions::{Kind, Price, Settings};
use spillway_relayer::policy::ClaimPolicy;

use super::batcher::{gwei, read_key};
use super::l1::L1Config;
use super::pool;
use super::typed;
use super::validated::{or_default, ranged};
use crate::relaying::RelayingConfig;

/// How often L1 and L2 are asked: a fraction of the time between L1's blocks.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The longest service level, in seconds: a month.
const SERVICE_LEVEL_MAX: u64 = 30 * 86_400;

/// Reads the key on the way.
pub(super) fn validate(typed: &typed::Relayer, l1: &L1Config) -> Result<RelayingConfig> {
    let default = Settings::new(Kind::Ordinary);
    Ok(RelayingConfig {
        key: read_key("relayer.key_file", &typed.key_file)?,
        pool: typed.pool.as_ref().map(pool::validate).transpose()?,
        policy: policy(typed)?,
        caps: Price {
            max_fee: gwei(
                "relayer.max_fee_gwei",
                typed.max_fee_gwei,
                default.caps.max_fee,
            )?,
            priority_fee: gwei(
                "relayer.max_priority_fee_gwei",
                typed.max_priority_fee_gwei,
                default.caps.priority_fee,
            )?,
            ..default.caps
        },
        finality: l1.finality,
        deposit_finality: l1.finality,
        confirmations: or_default(typed.confirmations, default.confirmations, |value| {
            ranged("relayer.confirmations", value, 1..=1_024)
        })?,
        poll_interval: POLL_INTERVAL,
    })
}

fn policy(typed: &typed::Relayer) -> Result<ClaimPolicy> {
    let default = ClaimPolicy::default();
    let percent = |key: &str, typed, default| {
        or_default(typed, default, |value| {
            ranged(&format!("relayer.{key}"), value, 0..=10_000)
        })
    };
    let policy = ClaimPolicy {
        service_level: or_default(typed.service_level_s, default.service_level, |value| {
            ranged("relayer.service_level_s", value, 0..=SERVICE_LEVEL_MAX)
        })?,
        first_percent: percent("first_percent", typed.first_percent, default.first_percent)?,
        last_percent: percent("last_percent", typed.last_percent, default.last_percent)?,
        claims_max: or_default(typed.claims_max, default.claims_max, |value| {
            ranged("relayer.claims_max", value, 1..=default.claims_max)
        })?,
    };
    ensure!(
        policy.first_percent <= policy.last_percent,
        "relayer.first_percent = {} is above relayer.last_percent = {}: what is accepted at first must not be more than what is \
         accepted at last",
        policy.first_percent,
        policy.last_percent
    );
    Ok(policy)
}

#[cfg(test)]
mod tests;
