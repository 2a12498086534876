//! `spillway wallet status`: how far deposits, withdrawals or a transaction are.

use alloy_primitives::{Address, B256};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

use super::chains::{ChainArgs, Chains};
use super::deposit;
use super::facts::Facts;
use super::l2::Of;
use super::records::{Deposit, word};
use super::tokens::{self, Token};
use super::withdraw;
use crate::address;

/// Deposits and withdrawals that are shown unless said otherwise, and at most.
const SHOWN: u16 = 20;
const SHOWN_MAX: i64 = 1_024;

/// `spillway wallet status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Whose deposits and withdrawals.
    #[arg(value_name = "ADDRESS", value_parser = address::parse, required_unless_present = "transaction")]
    address: Option<Address>,
    /// How final that transaction on L2 is.
    #[arg(long, value_name = "HASH")]
    transaction: Option<B256>,
    /// So many deposits and withdrawals, the newest.
    #[arg(long, value_name = "N", default_value_t = SHOWN, value_parser = clap::value_parser!(u16).range(1..=SHOWN_MAX))]
    newest: u16,
    #[command(flatten)]
    chains: ChainArgs,
}

/// Asks and prints.
pub(super) async fn run(args: &StatusArgs) -> Result<()> {
    let chains = args.chains.open()?;
    chains.l2.check_chain(chains.deployment.l2_chain_id)?;
    let mut facts = Facts::default();
    if let Some(hash) = args.transaction {
        tell_transaction(&chains, hash, &mut facts)?;
    }
    if let Some(address) = args.address {
        facts.add_text("address", &address);
        tell_bridging(&chains, address, args.newest.into(), &mut facts).await?;
    }
    facts.print(chains.json)
}

fn tell_transaction(chains: &Chains, hash: B256, facts: &mut Facts) -> Result<()> {
    let finality = chains.l2.finality(hash)?;
    let finality = finality.with_context(|| {
        format!("the node at --rpc does not know {hash}: it was dropped, or never handed in there")
    })?;
    facts.add_text("transaction_hash", &hash);
    facts.add_text("finality", &word(finality.status));
    if let Some(block) = finality.block_number {
        facts.add_number("block_number", block);
    }
    Ok(())
}

async fn tell_bridging(
    chains: &Chains,
    address: Address,
    newest: usize,
    facts: &mut Facts,
) -> Result<()> {
    let of = Of::Address(address);
    let deposits = chains.l2.deposits(of, newest)?;
    let withdrawals = chains.l2.withdrawals(of, newest)?;
    let (Some(mut deposits), Some(mut withdrawals)) = (deposits, withdrawals) else {
        anyhow::bail!(
            "the node at --rpc does not follow deposits and withdrawals: ask one with the role relayer"
        );
    };
    // Whatever it was asked for.
    deposits.truncate(newest);
    withdrawals.truncate(newest);
    let tokens = tokens::listed(&chains.l1().await?, chains.deployment.bridge).await?;
    let show = |id: u8, units: u128| {
        let token = tokens.iter().find(|token| token.id == id);
        token.map_or_else(
            || format!("{units} of token {id}"),
            |token: &Token| token.show(units),
        )
    };
    let deposits = deposits.iter().map(|it| {
        let amount = show(it.token, it.amount.to());
        let text = format!("{}: {amount}, {}", it.index, deposit::how_far(it));
        (deposit_json(it), text)
    });
    facts.add_list("deposits", deposits.collect());
    let withdrawals = withdrawals.iter().map(|it| {
        let amount = show(it.token, it.amount.to());
        let text = format!(
            "{}: {amount} to {}, {}",
            it.index,
            it.recipient,
            withdraw::how_far(it)
        );
        (withdraw::as_json(it), text)
    });
    facts.add_list("withdrawals", withdrawals.collect());
    Ok(())
}

fn deposit_json(deposit: &Deposit) -> Value {
    json!({
        "index": deposit.index, "to": deposit.to, "token": deposit.token, "amount": deposit.amount,
        "transaction_hash": deposit.transaction_hash, "status": deposit.status,
        "confirmations": deposit.confirmations, "needed": deposit.needed,
    })
}
