//! Messages of an account to L2 that go through L1, so that no sequencer can leave them out.

use alloy_primitives::Bytes;
use alloy_signer_local::PrivateKeySigner;
use anyhow::Result;
use clap::Args;
use tokio::time::sleep;

use super::POLL;
use super::account_index;
use super::chains::{ChainArgs, Chains};
use super::deposit::message_index;
use super::facts::Facts;
use super::keys::KeyArgs;
use super::l1::{Call, L1, Sent};
use super::replayed::BlobArgs;
use super::times::{length, when};

/// What every message takes.
#[derive(Debug, Args)]
pub(super) struct MessageArgs {
    /// The account's index on L2. [default: looked up, at the sequencer or by a replay of L1]
    #[arg(long, value_name = "N")]
    account_index: Option<u32>,
    /// Wait until L2 has consumed the message.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    blobs: BlobArgs,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    #[command(flatten)]
    pub(super) chains: ChainArgs,
}

/// Sends the message that `data` encodes for the account's index, says what happens next, and waits if that is asked for.
pub(super) async fn send(
    args: &MessageArgs,
    chains: &Chains,
    l1: &L1,
    signer: &PrivateKeySigner,
    what: &str,
    mut facts: Facts,
    data: impl FnOnce(u32) -> Bytes,
) -> Result<()> {
    let account = match args.account_index {
        Some(index) => index,
        None => account_index::find(chains, l1, &args.blobs, signer.address()).await?,
    };
    let call = Call {
        what: format!("{what}, account {account} of {}", signer.address()),
        to: chains.deployment.inbox,
        value: 0,
        data: data(account),
    };
    let sent = l1.signing(signer, &args.keys)?.send(&call).await?;
    let index = message_index(&sent, chains.deployment.inbox)?;
    tell_next(chains, l1, &sent, index).await?;
    facts.add_text("account", &signer.address());
    facts.add_number("account_index", account.into());
    facts.add_text("transaction_hash", &sent.hash());
    facts.add_number("l1_block", sent.block());
    facts.add_number("index", index);
    if args.wait {
        consumed(chains, index).await;
        facts.add_text("status", "consumed");
    } else {
        facts.add_text("status", "sent");
    }
    facts.print(chains.json)
}

async fn tell_next(chains: &Chains, l1: &L1, sent: &Sent, index: u64) -> Result<()> {
    let parameters = &chains.deployment.parameters;
    let (_, now) = l1.head().await?;
    let inclusion = parameters.force_inclusion_window;
    let escape = parameters.escape_delay;
    chains.teller.say(&format!(
        "it is message {index} of the inbox, in block {} of L1. The sequencer has {} to consume it: after {} no batch is posted \
         without it. If it is not consumed by {}, anybody can end the rollup, and everybody leaves with `spillway wallet escape`",
        sent.block(),
        length(inclusion),
        when(now.saturating_add(inclusion)),
        when(now.saturating_add(escape)),
    ));
    Ok(())
}

/// Waits until L2 has consumed the message at that index.
async fn consumed(chains: &Chains, index: u64) {
    let mut waiting = chains.teller.waiting();
    loop {
        match chains.l2.status() {
            Ok(status) if status.inbox_count > index => return,
            Ok(status) => waiting.tell(&format!(
                "L2 has consumed {} messages, and this is number {}",
                status.inbox_count,
                index.saturating_add(1)
            )),
            // It is on L1 whatever becomes of one question.
            Err(error) => waiting.tell(&format!(
                "the message is on L1; L2 does not answer: {error:#}"
            )),
        }
        sleep(POLL).await;
    }
}
