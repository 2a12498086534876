//! `spillway wallet force-withdraw`: a withdrawal that the sequencer cannot refuse.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use anyhow::Result;
use clap::Args;
use spillway_bridge_contracts::Inbox;

use super::facts::Facts;
use super::message::{self, MessageArgs};
use super::send::add_amount;
use super::tokens::AmountArgs;
use crate::address;

/// `spillway wallet force-withdraw`.
#[derive(Debug, Args)]
pub(super) struct ForceWithdrawArgs {
    /// At most; what the account holds if that is less.
    #[command(flatten)]
    amount: AmountArgs,
    /// Who is paid on L1. [default: the signer]
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    recipient: Option<Address>,
    #[command(flatten)]
    message: MessageArgs,
}

/// Sends the message.
pub(super) async fn run(args: &ForceWithdrawArgs) -> Result<()> {
    let message = &args.message;
    let chains = message.chains.open()?;
    let signer = message.keys.signer(chains.deployment.l1_chain_id)?;
    let l1 = chains.l1().await?;
    let bridge = chains.deployment.bridge;
    let amount = args.amount.read(&l1, bridge).await?;
    let recipient = args.recipient.unwrap_or(signer.address());
    let mut facts = Facts::default();
    add_amount(&mut facts, &amount);
    facts.add_text("recipient", &recipient);
    let what = format!("force a withdrawal of at most {amount} to {recipient}");
    let data = |account| {
        let call = Inbox::forceWithdrawalCall {
            account,
            token: amount.token.address,
            amount: U256::from(amount.units),
            recipient,
        };
        call.abi_encode().into()
    };
    message::send(message, &chains, &l1, &signer, &what, facts, data).await
}
