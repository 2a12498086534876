//! `spillway wallet send`: a payment on L2.

use alloy_primitives::{Address, Bytes};
use anyhow::{Result, ensure};
use clap::Args;
use spillway_protocol::limits::MEMO_BYTES_MAX;
use spillway_protocol::transaction::Intent;

use super::chains::{ChainArgs, Chains};
use super::facts::Facts;
use super::keys::KeyArgs;
use super::submit::{Order, submit};
use super::tokens::{Amount, AmountArgs, Token};
use crate::address;

/// `spillway wallet send`.
#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// Whom to pay.
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    to: Address,
    #[command(flatten)]
    amount: AmountArgs,
    /// A note of at most 256 bytes, which everybody can read.
    #[arg(long, value_name = "TEXT", default_value = "")]
    memo: String,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    chains: ChainArgs,
}

/// Pays.
pub(super) async fn run(args: &SendArgs) -> Result<()> {
    let chains = args.chains.open()?;
    ensure!(
        args.memo.len() <= MEMO_BYTES_MAX,
        "--memo has {} bytes, and {MEMO_BYTES_MAX} fit",
        args.memo.len()
    );
    let signer = args.keys.signer(chains.deployment.l1_chain_id)?;
    let amount = amount(&chains, &args.amount).await?;
    let order = Order {
        what: format!("send {amount} to {}", args.to),
        intent: Intent::Transfer {
            asset: amount.token.asset(),
            recipient: args.to,
            amount: amount.units,
        },
        memo: Bytes::copy_from_slice(args.memo.as_bytes()),
    };
    let done = submit(&chains, &signer, &args.keys, &order).await?;
    let mut facts = Facts::default();
    facts.add_text("from", &signer.address());
    facts.add_text("to", &args.to);
    add_amount(&mut facts, &amount);
    done.tell(&mut facts);
    facts.print(chains.json)
}

/// What was written, in a token's units. For ETH nobody has to be asked, so payments go on while L1 does not answer.
pub(super) async fn amount(chains: &Chains, args: &AmountArgs) -> Result<Amount> {
    if args.is_of_eth() {
        return args.of(Token::eth());
    }
    args.read(&chains.l1().await?, chains.deployment.bridge)
        .await
}

/// Says an amount: for programs in the smallest unit, as quantities are.
pub(super) fn add_amount(facts: &mut Facts, amount: &Amount) {
    facts.add("amount", format!("{:#x}", amount.units), amount.to_string());
    facts.add_number("token", amount.token.id.into());
}
