//! From what was typed to a checked plan.

use std::time::Duration;

use alloy_primitives::Address;
use anyhow::{Context, Result, bail};
use spillway_l1::deployment::{Development, Governance, Parameters, Plan, Settings};
use spillway_protocol::chain_id;

use super::arguments::NewArgs;
use crate::dev::accounts;

/// The plan, for a key with that address.
pub(super) fn plan(new: &NewArgs, deployer: Address) -> Result<Plan> {
    Ok(Plan::new(Settings {
        parameters: parameters(new),
        fee_account: fee_account(new)?,
        sequencers: addresses(&new.sequencers, "--sequencer", new, deployer)?,
        governance: governance(new, deployer)?,
        development: new.development.then(|| Development {
            chain_id: new.chain_id.unwrap_or(chain_id::DEVELOPMENT),
        }),
    })?)
}

fn parameters(new: &NewArgs) -> Parameters {
    let preset = if new.development {
        Parameters::development()
    } else {
        Parameters::default()
    };
    Parameters {
        challenge_window: seconds(new.challenge_window, preset.challenge_window),
        response_window: seconds(new.response_window, preset.response_window),
        force_inclusion_window: seconds(new.force_inclusion_window, preset.force_inclusion_window),
        escape_delay: seconds(new.escape_delay, preset.escape_delay),
        max_stall: seconds(new.max_stall, preset.max_stall),
        sequencer_delay: seconds(new.sequencer_delay, preset.sequencer_delay),
        bond: new.bond.unwrap_or(preset.bond),
        challenge_bond_floor: new.challenge_bond.unwrap_or(preset.challenge_bond_floor),
    }
}

fn governance(new: &NewArgs, deployer: Address) -> Result<Governance> {
    let preset = if new.development {
        0
    } else {
        Governance::DELAY
    };
    Ok(Governance {
        delay: seconds(new.timelock_delay, preset),
        proposers: addresses(&new.proposers, "--proposer", new, deployer)?,
    })
}

fn seconds(typed: Option<Duration>, preset: u64) -> u64 {
    typed.map_or(preset, |duration| duration.as_secs())
}

fn fee_account(new: &NewArgs) -> Result<Address> {
    match new.fee_account {
        Some(account) => Ok(account),
        None if new.development => accounts::fee_account(),
        None => bail!("--fee-account is missing: fees go there for ever"),
    }
}

/// On a development network the deployer does what nobody else was named for.
fn addresses(
    typed: &[Address],
    flag: &'static str,
    new: &NewArgs,
    deployer: Address,
) -> Result<Vec<Address>> {
    match typed {
        [] if new.development => Ok(vec![deployer]),
        [] => Err(anyhow::anyhow!("at least one is needed")).context(flag),
        typed => Ok(typed.to_vec()),
    }
}
