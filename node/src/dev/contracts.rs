//! The contracts of a development chain: deployed at the first start, checked at every other.

use std::path::PathBuf;
use std::time::Duration;

use alloy_provider::DynProvider;
use anyhow::{Context, Result, bail, ensure};
use spillway_l1::deployment::{
    self, Deployer, Deployment, Development, Governance, Parameters, Plan, Reservation, Settings,
};
use spillway_protocol::chain_id;

use super::accounts::Accounts;
use super::l1::L1;
use super::sending;
use crate::cli::DevArgs;
use crate::directory::Directory;
use crate::l1::{L1Error, verify};

const NAME: &str = "deployment.json";

/// How long a transaction may take to get into a block.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the deployment is written down.
pub(super) fn path(directory: &Directory) -> PathBuf {
    directory.path().join(NAME)
}

/// Whether the contracts were deployed. A chain without a deployment is refused: its deposits are on no L1.
pub(super) fn is_deployed(directory: &Directory) -> Result<bool> {
    if directory.holds(NAME)? {
        return Ok(true);
    }
    ensure!(
        !directory.holds("journal")?,
        "{} holds a chain, and no {NAME} says where its contracts are: put the file back, or choose another directory with \
         --dir (chains of versions before L1 cannot go on)",
        directory.path().display()
    );
    Ok(false)
}

/// The deployment of this directory, made if there is none. `signing` holds the keys of all accounts.
pub(super) async fn deployed(
    directory: &Directory,
    args: &DevArgs,
    accounts: &Accounts,
    l1: &L1,
    signing: &DynProvider,
) -> Result<Deployment> {
    let path = path(directory);
    if !is_deployed(directory)? {
        let reservation = Reservation::new(&path)?;
        let deployment = deploy(args, accounts, signing).await?;
        reservation.publish(&deployment)?;
        return Ok(deployment);
    }
    let deployment = Deployment::read(&path)?;
    check_wishes(args, &deployment)
        .with_context(|| format!("{} is of another chain", path.display()))?;
    match verify(l1.provider(), &deployment).await {
        Ok(()) => Ok(deployment),
        Err(error @ L1Error::Differs(_)) => Err(error).with_context(|| {
            format!(
                "the L1 at {} is not the one of {}: it was begun anew, or is another one. Start the right L1, or choose \
                 another directory with --dir",
                l1.url(),
                path.display()
            )
        }),
        Err(error) => Err(error.into()),
    }
}

async fn deploy(args: &DevArgs, accounts: &Accounts, signing: &DynProvider) -> Result<Deployment> {
    let address = accounts.deployer().address;
    sending::settle(signing, &[address]).await?;
    let deployer = Deployer {
        l1: signing.clone(),
        address,
        patience: PATIENCE,
    };
    let plan = plan(args, accounts)?;
    deployment::deploy(&deployer, &plan)
        .await
        .context("the contracts are not deployed; the next start begins anew")
}

/// What was fixed at the first start cannot be asked for otherwise.
fn check_wishes(args: &DevArgs, deployment: &Deployment) -> Result<()> {
    let held = deployment.l2_chain_id;
    if let Some(chain_id) = args.chain_id.filter(|wanted| *wanted != held) {
        bail!(
            "it has chain id {held}, and --chain-id {chain_id} was given: leave it out, or choose another --dir"
        );
    }
    let held = deployment.parameters.challenge_window;
    let wanted = args.challenge_window.map(|window| window.as_secs());
    if let Some(window) = wanted.filter(|wanted| *wanted != held) {
        bail!(
            "its challenge window is {held} s, and --challenge-window asks for {window} s: leave it out, or choose another --dir"
        );
    }
    Ok(())
}

fn plan(args: &DevArgs, accounts: &Accounts) -> Result<Plan> {
    let plan = Plan::new(Settings {
        parameters: parameters(args.challenge_window),
        fee_account: accounts.fees,
        sequencers: vec![accounts.sequencer.address],
        governance: Governance {
            delay: 0,
            proposers: vec![accounts.deployer().address],
        },
        development: Some(Development {
            chain_id: args.chain_id.unwrap_or(chain_id::DEVELOPMENT),
        }),
    });
    plan.context("--challenge-window")
}

/// The development preset. What must be longer than the challenge window grows with it.
fn parameters(challenge_window: Option<Duration>) -> Parameters {
    let preset = Parameters::development();
    let window = challenge_window.map_or(preset.challenge_window, |window| window.as_secs());
    let longer = window.saturating_sub(preset.challenge_window);
    Parameters {
        challenge_window: window,
        max_stall: preset.max_stall.saturating_add(longer),
        sequencer_delay: preset.sequencer_delay.saturating_add(longer),
        ..preset
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(typed: &[&str]) -> DevArgs {
        let typed = ["spillway", "dev"].iter().chain(typed);
        match Cli::parse_from(typed).command {
            Command::Dev(args) => args,
            _ => unreachable!(),
        }
    }

    #[test]
    fn any_challenge_window_gives_a_plan_that_holds() {
        let accounts = Accounts::derive().unwrap();
        for window in ["1s", "30s", "2m", "7d", "1000d"] {
            let plan = plan(&args(&["--challenge-window", window]), &accounts).unwrap();
            let expected = humantime::parse_duration(window).unwrap().as_secs();
            assert_eq!(plan.settings().parameters.challenge_window, expected);
        }
        for window in ["0s", "4000d"] {
            let refused = plan(&args(&["--challenge-window", window]), &accounts).unwrap_err();
            assert!(format!("{refused:#}").contains("challenge"), "{refused:#}");
        }
    }

    #[test]
    fn the_preset_is_the_default() {
        assert_eq!(parameters(None), Parameters::development());
    }

    #[test]
    fn a_chain_without_a_deployment_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::open(parent.path(), "--dir").unwrap();
        assert!(!is_deployed(&directory).unwrap());
        std::fs::create_dir(parent.path().join("journal")).unwrap();
        let refused = is_deployed(&directory).unwrap_err().to_string();
        assert!(refused.contains("no deployment.json"), "{refused}");
        std::fs::write(parent.path().join(NAME), "{}").unwrap();
        assert!(is_deployed(&directory).unwrap());
    }
}
