//! `spillway wallet balance`: what an address has on both chains, and what is on the way between them.

use alloy_primitives::{Address, U256};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use spillway_bridge_contracts::TestToken;
use spillway_protocol::token::ETH;

use super::chains::{ChainArgs, Chains};
use super::facts::Facts;
use super::l1::L1;
use super::l2::Of;
use super::records::{DepositStatus, WithdrawalStatus};
use super::tokens::{self, Token};
use crate::address;
use crate::amounts;

/// Deposits and withdrawals that are looked through for what is on the way.
const NEWEST: usize = 1_024;

/// `spillway wallet balance`.
#[derive(Debug, Args)]
pub(super) struct BalanceArgs {
    /// Whose.
    #[arg(value_name = "ADDRESS", value_parser = address::parse)]
    address: Address,
    /// Only this token: its symbol, its address on L1, or its number. [default: ETH and all tokens]
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    #[command(flatten)]
    chains: ChainArgs,
}

/// Asks and prints.
pub(super) async fn run(args: &BalanceArgs) -> Result<()> {
    let chains = args.chains.open()?;
    chains.l2.check_chain(chains.deployment.l2_chain_id)?;
    let account = args.address;
    let l1 = chains.l1().await?;
    let bridge = chains.deployment.bridge;
    let tokens = match args.token.as_deref() {
        Some(name) => vec![tokens::named(&l1, bridge, Some(name)).await?],
        None => tokens::listed(&l1, bridge).await?,
    };
    let way = OnTheWay::of(&chains, account)?;
    let mut rows = Vec::with_capacity(tokens.len());
    for token in &tokens {
        rows.push(row(&chains, &l1, token, account, way.as_ref()).await?);
    }
    let mut facts = Facts::default();
    facts.add_text("address", &account);
    facts.add_list("balances", rows);
    facts.print(chains.json)
}

async fn row(
    chains: &Chains,
    l1: &L1,
    token: &Token,
    account: Address,
    way: Option<&OnTheWay>,
) -> Result<(Value, String)> {
    let (on_l2, on_l1) = if token.id == ETH {
        (
            Some(chains.l2.balance(account)?),
            l1.balance(account).await?,
        )
    } else {
        let question = TestToken::balanceOfCall { account };
        (
            chains.l2.token_balance(token.address, account)?,
            l1.read(token.address, question).await?,
        )
    };
    let (coming, leaving) = way.map_or((None, None), |way| {
        let (coming, leaving) = way.of_token(token);
        (Some(coming), Some(leaving))
    });
    let quantity = |units: Option<u128>| units.map(|units| format!("{units:#x}"));
    let value = json!({
        "token": token.id, "address": (token.id != ETH).then_some(token.address), "symbol": token.symbol,
        "decimals": token.decimals, "l2": quantity(on_l2), "l1": on_l1,
        "coming": quantity(coming), "leaving": quantity(leaving),
    });
    let mut text = match on_l2 {
        Some(units) => token.show(units),
        None => format!("{}: the node does not answer eth_call", token.symbol),
    };
    text += &format!("  (on L1 {}", shown(on_l1, token));
    for (what, units) in [("coming", coming), ("leaving", leaving)] {
        if let Some(units @ 1..) = units {
            text += &format!(", {what} {}", amounts::format(units, token.decimals));
        }
    }
    Ok((value, text + ")"))
}

/// An amount on L1, where a token may be more than 128 bits of something.
fn shown(units: U256, token: &Token) -> String {
    u128::try_from(units).map_or_else(
        |_| "more than 2^128".to_owned(),
        |units| amounts::format(units, token.decimals),
    )
}

/// Amounts between the chains, by token.
#[derive(Debug)]
struct OnTheWay {
    coming: Vec<(u8, u128)>,
    leaving: Vec<(u8, u128)>,
}

impl OnTheWay {
    /// None if the node does not follow them.
    fn of(chains: &Chains, account: Address) -> Result<Option<Self>> {
        let of = Of::Address(account);
        let deposits = chains.l2.deposits(of, NEWEST)?;
        let withdrawals = chains.l2.withdrawals(of, NEWEST)?;
        let (Some(deposits), Some(withdrawals)) = (deposits, withdrawals) else {
            return Ok(None);
        };
        let is_over = |status| matches!(status, DepositStatus::Credited | DepositStatus::Refunded);
        let coming = deposits
            .iter()
            .filter(|deposit| deposit.to == account && !is_over(deposit.status));
        let leaving = withdrawals
            .iter()
            .filter(|record| record.status != WithdrawalStatus::Paid);
        Ok(Some(Self {
            coming: coming.map(|it| (it.token, it.amount.to())).collect(),
            leaving: leaving.map(|it| (it.token, it.amount.to())).collect(),
        }))
    }

    fn of_token(&self, token: &Token) -> (u128, u128) {
        let sum = |amounts: &[(u8, u128)]| {
            let its = amounts.iter().filter(|(id, _)| *id == token.id);
            its.fold(0_u128, |sum, (_, units)| sum.saturating_add(*units))
        };
        (sum(&self.coming), sum(&self.leaving))
    }
}
