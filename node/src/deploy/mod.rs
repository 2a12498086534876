//! `spillway deploy`: the contracts onto L1, or a deployment compared with what is there.

mod arguments;
mod plan;

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use spillway_l1::deployment::{self, Deployer, Deployment, Plan, Report, Reservation};
use spillway_l1::{connect, connect_as};

pub(crate) use self::arguments::DeployArgs;
use self::arguments::NewArgs;
use crate::{key, logging, output, service};

/// Deploys, or verifies.
pub(crate) fn run(args: &DeployArgs) -> Result<()> {
    logging::install(&args.log)?;
    match &args.deployment {
        Some(file) => service::block_on(verify(args, file)),
        None => service::block_on(deploy(args)),
    }
}

/// All that can be refused without L1 is refused first, then all that can be without a transaction.
async fn deploy(args: &DeployArgs) -> Result<()> {
    let new = &args.new;
    let key = key::of_deployer(new.private_key_file.as_deref(), new.development)?;
    let address = key.address();
    let plan = plan::plan(new, address)?;
    let l1 = connect_as(&args.l1_url, key).context("--l1-url")?;
    let reservation = Reservation::new(&new.out).context("--out")?;

    let deployer = Deployer {
        l1,
        address,
        patience: new.transaction_timeout,
    };
    let deployment = deploy_unless_stopped(&deployer, &plan).await?;
    reservation.publish(&deployment)?;
    if args.json {
        return say_json(&deployment);
    }
    output::say(&summary(&deployment, new)?)
}

/// A signal ends the wait, so that the reservation goes.
async fn deploy_unless_stopped(deployer: &Deployer, plan: &Plan) -> Result<Deployment> {
    tokio::select! {
        deployed = deployment::deploy(deployer, plan) => {
            deployed.context("nothing usable was deployed")
        }
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("cannot listen for Ctrl-C")?;
            bail!("stopped: nothing usable was deployed; start again for a deployment at other addresses")
        }
    }
}

async fn verify(args: &DeployArgs, file: &Path) -> Result<()> {
    let deployment = Deployment::read(file).context("--deployment")?;
    let l1 = connect(&args.l1_url).context("--l1-url")?;
    let report = deployment::verify(&l1, &deployment).await?;
    if args.json {
        say_json(&Verdict {
            ok: report.holds(),
            report: &report,
        })?;
    } else {
        output::say(&format!("{report}\n"))?;
    }
    if !report.holds() {
        bail!(
            "L1 at {} is not what {} says: do not use this deployment",
            args.l1_url,
            file.display()
        );
    }
    Ok(())
}

/// What `--verify --json` prints.
#[derive(Serialize)]
struct Verdict<'a> {
    ok: bool,
    #[serde(flatten)]
    report: &'a Report,
}

fn say_json(value: &impl Serialize) -> Result<()> {
    output::say(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// What was deployed, and what is left to do.
fn summary(deployment: &Deployment, new: &NewArgs) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "L1 chain id  {}", deployment.l1_chain_id)?;
    writeln!(text, "L2 chain id  {}", deployment.l2_chain_id)?;
    writeln!(text, "timelock     {}", deployment.timelock)?;
    writeln!(text, "inbox        {}", deployment.inbox)?;
    writeln!(text, "bridge       {}", deployment.bridge)?;
    writeln!(text, "rollup       {}", deployment.rollup)?;
    let disputes = &deployment.disputes;
    writeln!(text, "disputes     {} (transition)", disputes.transition)?;
    writeln!(text, "             {} (batch)", disputes.batch)?;
    writeln!(
        text,
        "             {} (equivocation)",
        disputes.equivocation
    )?;
    writeln!(
        text,
        "             {} (authorisation)",
        disputes.authorisation
    )?;
    writeln!(text, "posted data  {}", disputes.posted_data)?;
    if let Some(token) = deployment.token {
        writeln!(text, "test token   {token}")?;
    }
    writeln!(
        text,
        "\nWritten to {}, and checked against L1.",
        new.out.display()
    )?;
    if !new.development {
        writeln!(
            text,
            "Next: each sequencer's bond (depositBond), and --verify again once the blocks are final."
        )?;
    }
    Ok(text)
}
