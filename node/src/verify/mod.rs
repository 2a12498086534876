//! `spillway verify`: the chain from L1 alone, up to its state root.

mod arguments;
mod bar;
pub(crate) mod finality;
mod report;
pub(crate) mod snapshot;

use std::path::Path;

use anyhow::{Context, Result, bail};
use spillway_l1::beacon::{Archive, BeaconClient, BlobSource};
use spillway_l1::deployment::Deployment;
use spillway_l1::events::{Finality, ReaderSettings};
use spillway_verifier::replay::Ledger;
use spillway_verifier::{Progress, Until, Verifier, VerifierConfig};
use tokio::sync::watch;

pub(crate) use self::arguments::VerifyArgs;
use self::arguments::{CHECKPOINT_INTERVAL, RETRY_INTERVAL};
use self::report::say;
use crate::{l1, logging, service};

/// Derives, replays and prints.
pub(crate) fn run(args: &VerifyArgs) -> Result<()> {
    logging::install(&args.log)?;
    service::block_on(verify(args))
}

async fn verify(args: &VerifyArgs) -> Result<()> {
    let deployment = Deployment::read(&args.deployment).context("--deployment")?;
    if let Some(path) = &args.save_snapshot {
        snapshot::check_place(path)?;
    }
    let read = args.snapshot.as_deref();
    let read = read
        .map(|path| snapshot::read(path, &deployment).context("--snapshot"))
        .transpose()?;
    let l1 = l1::connect(&args.l1_url, deployment.l1_chain_id).await;
    let l1 = l1.map_err(l1::explain)?;
    // What the file says is not believed: contracts with other code would let other batches stand.
    let verified = l1::verify(&l1, &deployment).await;
    verified.map_err(l1::explain)?;
    let ledger = match read {
        None => Ledger::genesis(deployment.genesis.fee_account),
        Some(read) => snapshot::certify(read, &l1, &deployment)
            .await
            .context("L1 does not certify the snapshot")?,
    };
    let from = ledger.batch();
    check_target(args.batch, from)?;
    let (tell, progress) = watch::channel(Progress::default());
    let config = config(&deployment);
    let blobs = blobs(&args.blobs, &args.beacon_url, &args.l1_url)?;
    let mut verifier = Verifier::after(ledger, config, l1.clone(), blobs, tell);
    verify_all(args, &mut verifier, &progress).await?;
    let found = *progress.borrow();
    let verdict = check(args, &found);
    let saved = match (&args.save_snapshot, &verdict) {
        (Some(path), Ok(())) => snapshot::save(path, &verifier, &l1, &deployment)
            .await
            .map(Some),
        _ => Ok(None),
    };
    // Whatever became of the file, what was found is said.
    say(args, from, &found, saved.as_ref().ok().copied().flatten())?;
    verdict.and(saved.map(drop))
}

/// A target that lies behind the beginning would be called reached.
fn check_target(target: Option<u64>, from: u64) -> Result<()> {
    match target {
        Some(target) if target < from => bail!(
            "--batch {target}: the snapshot is after batch {from}. Take an earlier snapshot, or begin at genesis"
        ),
        _ => Ok(()),
    }
}

async fn verify_all(
    args: &VerifyArgs,
    verifier: &mut Verifier,
    progress: &watch::Receiver<Progress>,
) -> Result<()> {
    let drawing = tokio::spawn(bar::draw(progress.clone(), args.batch));
    let until = args.batch.map_or(Until::Head, Until::Batch);
    let outcome = tokio::select! {
        outcome = verifier.run(until) => outcome.map_err(Into::into),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot listen for Ctrl-C")
            .and_then(|()| bail!("stopped")),
    };
    drawing.abort();
    outcome
}

/// How the rollup of a deployment is verified.
pub(crate) fn config(deployment: &Deployment) -> VerifierConfig {
    VerifierConfig {
        contracts: deployment.contracts(),
        l1_block: deployment.l1_block.number,
        fee_account: deployment.genesis.fee_account,
        finality: Finality::Finalized,
        reader: ReaderSettings::default(),
        retry_interval: RETRY_INTERVAL,
        checkpoint_interval: CHECKPOINT_INTERVAL,
    }
}

/// Blobs come from the archive, then from the beacon nodes; by default these are where L1 is.
pub(crate) fn blobs(
    archive: &Path,
    beacon_urls: &[String],
    l1_urls: &[String],
) -> Result<BlobSource> {
    let archive = Archive::open(archive).context("--blobs")?;
    let urls = if beacon_urls.is_empty() {
        l1_urls
    } else {
        beacon_urls
    };
    let beacon = BeaconClient::new(urls).context("--beacon-url")?;
    Ok(BlobSource::new(archive, Some(beacon)))
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
