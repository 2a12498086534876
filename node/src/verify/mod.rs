//! `spillway verify`: the chain from L1 alone, up to its state root.

mod arguments;
mod bar;

use anyhow::{Context, Result, bail};
use serde_json::json;
use spillway_l1::beacon::{Archive, BeaconClient, BlobSource};
use spillway_l1::deployment::Deployment;
use spillway_l1::events::{ContractAddresses, Finality, ReaderSettings};
use spillway_verifier::{Progress, Until, Verifier, VerifierConfig};
use tokio::sync::watch;

pub(crate) use self::arguments::VerifyArgs;
use self::arguments::{CHECKPOINT_INTERVAL, RETRY_INTERVAL};
use crate::{l1, logging, output, service};

/// Derives, replays and prints.
pub(crate) fn run(args: &VerifyArgs) -> Result<()> {
    logging::install(&args.log)?;
    service::block_on(verify(args))
}

async fn verify(args: &VerifyArgs) -> Result<()> {
    let deployment = Deployment::read(&args.deployment).context("--deployment")?;
    let l1 = l1::connect(&args.l1_url, deployment.l1_chain_id)
        .await
        .context("--l1-url")?;
    // What the file says is not believed: contracts with other code would let other batches stand.
    l1::verify(&l1, &deployment)
        .await
        .context("L1 is not what the deployment says")?;
    let (tell, progress) = watch::channel(Progress::default());
    let mut verifier = Verifier::new(config(&deployment), l1, blobs(args)?, tell);
    let drawing = tokio::spawn(bar::draw(progress.clone(), args.batch));
    let until = args.batch.map_or(Until::Head, Until::Batch);
    let outcome = tokio::select! {
        outcome = verifier.run(until) => outcome.map_err(Into::into),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot listen for Ctrl-C")
            .and_then(|()| bail!("stopped")),
    };
    drawing.abort();
    outcome?;
    let found = *progress.borrow();
    say(args, &found)?;
    check(args, &found)
}

fn config(deployment: &Deployment) -> VerifierConfig {
    VerifierConfig {
        contracts: ContractAddresses {
            inbox: deployment.inbox,
            bridge: deployment.bridge,
            rollup: deployment.rollup,
        },
        l1_block: deployment.l1_block.number,
        fee_account: deployment.genesis.fee_account,
        finality: Finality::Finalized,
        reader: ReaderSettings::default(),
        retry_interval: RETRY_INTERVAL,
        checkpoint_interval: CHECKPOINT_INTERVAL,
    }
}

/// Blobs come from the archive, then from the beacon node; by default that is where L1 is.
fn blobs(args: &VerifyArgs) -> Result<BlobSource> {
    let archive = Archive::open(&args.blobs).context("--blobs")?;
    let urls = if args.beacon_url.is_empty() {
        &args.l1_url
    } else {
        &args.beacon_url
    };
    let beacon = BeaconClient::new(urls).context("--beacon-url")?;
    Ok(BlobSource::new(archive, Some(beacon)))
}

fn say(args: &VerifyArgs, found: &Progress) -> Result<()> {
    if args.json {
        let said = json!({
            "batch": found.batch,
            "block": found.block,
            "state_root": found.state_root,
            "transactions": found.transactions,
            "posted_batch": found.posted_batch,
            "wrong": found.wrong.map(|wrong| wrong.to_string()),
            "other_block_hash": found.other_block_hash,
        });
        return output::say(&format!("{said:#}\n"));
    }
    output::say(&format!(
        "batch        {}\nblock        {}\nstate_root   {}\ntransactions {}\n",
        found.batch, found.block, found.state_root, found.transactions
    ))
}

/// What was printed is right as far as it goes. That it does not go to the end is an error.
fn check(args: &VerifyArgs, found: &Progress) -> Result<()> {
    if let Some(wrong) = found.wrong {
        bail!("{wrong}: dispute it, or leave before it is final");
    }
    if let Some(batch) = found.other_block_hash {
        bail!(
            "batch {batch} names another block hash than its operations lead to: its state is right, and its sequencer \
             contradicts what it has signed"
        );
    }
    match args.batch {
        Some(target) if found.batch < target => bail!("L1 has no batch {target}"),
        _ => Ok(()),
    }
}
