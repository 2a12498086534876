//! `spillway wallet escape`: everything of an account leaves L2, from L1 data alone, with the sequencer gone.
//!
//! 1. [`begin`]: the rollup is switched to escape mode, if its conditions hold. From then on nothing is posted.
//! 2. [`settle`]: the batches that were posted become final, once they cannot be challenged any more.
//! 3. L1 is replayed, up to the last final state.
//! 4. [`leave`]: the account's balances, its deposits that were never credited, and its withdrawals are paid out.
//!
//! Each step looks at L1 first and does what is left, so a run that was interrupted is simply followed by another.

mod begin;
mod leave;
mod settle;

use alloy_primitives::Address;
use anyhow::Result;
use clap::Args;
use serde_json::json;

use self::leave::Leaving;
use super::chains::{ChainArgs, Chains};
use super::facts::Facts;
use super::keys::KeyArgs;
use super::l1::{L1, Sent, Signing};
use super::replayed::{self, BlobArgs};

/// `spillway wallet escape`.
#[derive(Debug, Args)]
pub(super) struct EscapeArgs {
    /// End instead of waiting until the posted batches are final.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    blobs: BlobArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    chains: ChainArgs,
}

/// Somebody who leaves.
#[derive(Clone, Copy, Debug)]
struct Escape<'a> {
    args: &'a EscapeArgs,
    chains: &'a Chains,
    l1: &'a L1,
    signing: &'a Signing<'a>,
    account: Address,
}

/// A transaction that was sent on the way, and what it did.
#[derive(Debug)]
struct Step {
    what: String,
    sent: Sent,
}

/// Leaves.
pub(super) async fn run(args: &EscapeArgs) -> Result<()> {
    let chains = args.chains.open()?;
    let signer = args.keys.signer(chains.deployment.l1_chain_id)?;
    let l1 = chains.l1().await?;
    let signing = l1.signing(&signer, &args.keys)?;
    let escape = Escape {
        args,
        chains: &chains,
        l1: &l1,
        signing: &signing,
        account: signer.address(),
    };
    let (steps, left) = escape.run().await?;
    let mut facts = Facts::default();
    facts.add_text("account", &signer.address());
    let shown = steps.iter().map(|step| {
        let hash = step.sent.hash();
        let value =
            json!({"what": step.what, "transaction_hash": hash, "l1_block": step.sent.block()});
        (value, format!("{} by {hash}", step.what))
    });
    facts.add_list("done", shown.collect());
    let stuck = left.iter().map(|left| (json!(left), left.clone()));
    facts.add_list("left", stuck.collect());
    facts.print(chains.json)?;
    anyhow::ensure!(
        left.is_empty(),
        "not all has left: run this again when the reasons above are gone"
    );
    Ok(())
}

impl Escape<'_> {
    /// Answers what was done, and what could not be.
    async fn run(&self) -> Result<(Vec<Step>, Vec<String>)> {
        // What an interrupted run has sent is to be seen before anything is decided.
        self.signing.settle().await?;
        let mut steps = Vec::new();
        steps.extend(self.begin().await?);
        let consumed = match self.settled().await? {
            Some(consumed) => consumed,
            None => {
                steps.extend(self.settle().await?);
                let settled = self.settled().await?;
                anyhow::Context::context(
                    settled,
                    "L1 does not call the batches settled, which were made final: run this again, with another L1 node (--l1-url) if \
                     it says so again",
                )?
            }
        };
        let replayed =
            replayed::replay(self.chains, self.l1, &self.args.blobs, self.account).await?;
        let mut leaving = Leaving::new(self, &replayed, steps);
        leaving.exit().await?;
        leaving.refund(consumed).await?;
        leaving.claim().await?;
        Ok(leaving.finish())
    }
}
