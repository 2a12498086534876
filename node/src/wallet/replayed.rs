//! L2 as L1 alone has it: every batch that stands, derived, replayed and found right. For when the sequencer is gone, or lies.

use std::path::PathBuf;
use std::sync::Arc;

use alloy_primitives::Address;
use anyhow::{Context, Result, bail};
use clap::Args;
use spillway_l1::batches::SubmittedBatch;
use spillway_protocol::inbox::InboxMessage;
use spillway_verifier::replay::Ledger;
use spillway_verifier::{Progress, Until, Verifier};
use tokio::sync::watch;

use super::chains::Chains;
use super::l1::L1;
use super::progress::Waiting;
use crate::{l1, verify};

/// Where blobs are found.
#[derive(Clone, Debug, Args)]
pub(super) struct BlobArgs {
    /// Beacon nodes' API, http://HOST:PORT, with commas between: for blobs, when L1 has to be replayed. [default: as --l1-url]
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    beacon_url: Vec<String>,
    /// Where blobs are kept. Beacon nodes drop them after some 18 days; this folder may be a copy of somebody's archive.
    #[arg(long, value_name = "DIR", default_value = "./spillway-blobs")]
    blobs: PathBuf,
}

/// L2 after the newest batch that stands, and what has not been consumed.
#[derive(Debug)]
pub(super) struct Replayed {
    verifier: Verifier,
}

/// Replays L1 up to its head, keeping the withdrawals that concern an account.
pub(super) async fn replay(
    chains: &Chains,
    l1: &L1,
    blobs: &BlobArgs,
    account: Address,
) -> Result<Replayed> {
    let deployment = &chains.deployment;
    // What the file says is not believed: contracts with other code would let other batches stand.
    let verified = l1::verify(&l1.provider, deployment).await;
    verified.map_err(l1::explain)?;
    let urls = [chains.l1_url.clone()];
    let source = verify::blobs(&blobs.blobs, &blobs.beacon_url, &urls)?;
    let ledger = Ledger::genesis(deployment.genesis.fee_account).keeping_withdrawals_of(account);
    let (tell, progress) = watch::channel(Progress::default());
    let config = verify::config(deployment);
    let mut verifier = Verifier::after(ledger, config, l1.provider.clone(), source, tell);
    let telling = tokio::spawn(follow(progress.clone(), chains.teller.waiting()));
    let outcome = verifier.run(Until::Head).await;
    telling.abort();
    outcome?;
    if let Some(wrong) = progress.borrow().wrong {
        bail!(
            "{wrong}: a verifier has to prove it wrong before it is final (`spillway node` with the role verifier)"
        );
    }
    Ok(Replayed { verifier })
}

/// Tells how far the replay is, until it ends.
async fn follow(mut progress: watch::Receiver<Progress>, mut waiting: Waiting) {
    waiting.tell("replaying what L1 has");
    while progress.changed().await.is_ok() {
        let now = *progress.borrow_and_update();
        if now.posted_batch > 0 {
            let (batch, all) = (now.batch, now.posted_batch);
            waiting.tell_often(&format!("replaying what L1 has: batch {batch} of {all}"));
        }
    }
}

impl Replayed {
    /// The state after the newest batch.
    pub(super) fn ledger(&self) -> Result<&Ledger> {
        self.verifier
            .ledger()
            .context("the replay has no state: start again")
    }

    /// The newest batch that stands; none if there is none.
    pub(super) fn head(&self) -> Option<&Arc<SubmittedBatch>> {
        let standing = self.verifier.derivation().standing();
        standing.parent_of(standing.head() + 1)
    }

    /// The messages that no standing batch has consumed, from that index on.
    pub(super) fn unconsumed(&self, consumed: u64) -> Vec<(u64, InboxMessage)> {
        let (messages, _) = self.verifier.derivation().inputs(consumed, usize::MAX);
        (consumed..).zip(messages).collect()
    }
}
