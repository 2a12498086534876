//! `[relayer.pool]`: the accounts that pay fast withdrawals and fill each other, and their limits.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use spillway_relayer::advances::TokenTerms;
use spillway_relayer::pools::{AssetConfig, Band, Limits, OperatingConfig, PoolsConfig};

use super::batcher::{gwei, read_key};
use super::typed;
use super::validated::{account, or_default, ranged};
use crate::amounts;
use crate::relaying::{ColdAccount, PoolConfig, PoolToken};

/// The section of ETH among the assets.
const ETH: &str = "ETH";
const ETH_DECIMALS: u8 = 18;

/// Shares are in hundredths of a percent.
const SHARE_MAX: u32 = 10_000;

/// Reads the keys on the way.
pub(super) fn validate(typed: &typed::Pool) -> Result<PoolConfig> {
    let eth = typed.assets.get(ETH);
    let eth = eth
        .context("relayer.pool.assets.ETH is not there: it says how full the accounts are to be")?;
    ensure!(
        eth.decimals.is_none(),
        "relayer.pool.assets.ETH.decimals is there: ETH has {ETH_DECIMALS}, leave it out"
    );
    let (eth_config, eth_terms) = asset(ETH, eth, ETH_DECIMALS)?;
    let mut config = PoolsConfig::new(eth_config);
    let mut tokens = BTreeMap::new();
    for (name, typed) in typed.assets.iter().filter(|(name, _)| *name != ETH) {
        let address = account("relayer.pool.assets", name)?;
        let decimals = typed.decimals;
        let decimals = decimals.with_context(|| {
            format!("relayer.pool.assets.{name}.decimals is not there: it is the token's on L1")
        })?;
        let decimals = ranged(
            &format!("relayer.pool.assets.{name}.decimals"),
            decimals,
            0..=36,
        )?;
        let (asset, terms) = asset(name, typed, decimals)?;
        config.tokens.insert(address, asset);
        tokens.insert(address, PoolToken { decimals, terms });
    }
    config.operating = operating(typed)?;
    config.confirmations = or_default(typed.confirmations, config.confirmations, |value| {
        ranged(
            "relayer.pool.confirmations",
            value,
            0..=spillway_relayer::pools::CONFIRMATIONS_MAX,
        )
    })?;
    config.fee_ceiling = gwei(
        "relayer.pool.fee_ceiling_gwei",
        typed.fee_ceiling_gwei,
        config.fee_ceiling,
    )?;
    config.check().context("relayer.pool")?;
    Ok(PoolConfig {
        hot_key: read_key("relayer.pool.hot_key_file", &typed.hot_key_file)?,
        cold: cold(typed)?,
        pools: config,
        eth_terms,
        tokens,
    })
}

fn cold(typed: &typed::Pool) -> Result<ColdAccount> {
    match (&typed.cold, &typed.cold_key_file) {
        (Some(address), None) => account("relayer.pool.cold", address).map(ColdAccount::Offline),
        (None, Some(file)) => {
            let key = read_key("relayer.pool.cold_key_file", file)?;
            Ok(ColdAccount::Online(key))
        }
        _ => bail!(
            "relayer.pool needs either cold, the reserve's address, or cold_key_file, its key"
        ),
    }
}

fn operating(typed: &typed::Pool) -> Result<OperatingConfig> {
    let default = OperatingConfig::default();
    let eth = |key: &str, typed: Option<&String>, default| match typed {
        None => Ok(default),
        Some(text) => units(&format!("relayer.pool.{key}"), text, ETH_DECIMALS),
    };
    let low = eth("operating_low", typed.operating_low.as_ref(), default.low)?;
    Ok(OperatingConfig {
        low,
        target: eth(
            "operating_target",
            typed.operating_target.as_ref(),
            default.target,
        )?,
        urgent: default.urgent.min(low),
        ..default
    })
}

/// How an asset is kept, and what fast withdrawals of it cost.
fn asset(
    name: &str,
    typed: &typed::PoolAsset,
    decimals: u8,
) -> Result<(AssetConfig, Option<TokenTerms>)> {
    let amount =
        |key: &str, text: &str| units(&format!("relayer.pool.assets.{name}.{key}"), text, decimals);
    let optional = |key: &str, text: &Option<String>, default| {
        text.as_ref().map_or(Ok(default), |text| amount(key, text))
    };
    let hot = Band {
        low: amount("low", &typed.low)?,
        target: amount("target", &typed.target)?,
        high: amount("high", &typed.high)?,
        urgent: optional("urgent", &typed.urgent, 0)?,
    };
    let default = match name {
        ETH => AssetConfig::eth(hot),
        _ => AssetConfig::new(hot, (hot.target.saturating_sub(hot.low) / 10).max(1)),
    };
    let limits = Limits {
        move_max: optional("move_max", &typed.move_max, default.hot_limits.move_max)?,
        day_max: optional("day_max", &typed.day_max, default.hot_limits.day_max)?,
    };
    let config = AssetConfig {
        minimum: optional("minimum", &typed.minimum, default.minimum)?,
        hot_limits: limits,
        cold_limits: limits,
        ..default
    };
    let terms = typed.fast.as_ref();
    let terms = terms.map(|fast| terms_of(name, fast, decimals));
    Ok((config, terms.transpose()?))
}

fn terms_of(name: &str, typed: &typed::Fast, decimals: u8) -> Result<TokenTerms> {
    let key = |key: &str| format!("relayer.pool.assets.{name}.fast.{key}");
    let amount = |name: &str, text: &str| units(&key(name), text, decimals);
    Ok(TokenTerms {
        share_bps: ranged(&key("share_bps"), typed.share_bps, 0..=SHARE_MAX)?,
        flat: typed
            .flat
            .as_ref()
            .map_or(Ok(0), |text| amount("flat", text))?,
        each_max: amount("each_max", &typed.each_max)?,
        outstanding_max: amount("outstanding_max", &typed.outstanding_max)?,
        daily_max: amount("daily_max", &typed.daily_max)?,
    })
}

/// An amount in the smallest unit.
fn units(key: &str, text: &str, decimals: u8) -> Result<u128> {
    amounts::parse(text, decimals, "it").with_context(|| format!("{key} = {text:?}"))
}

#[cfg(test)]
mod tests;
