//! `spillway wallet payout`: many payments with few signatures.

use std::path::PathBuf;

use alloy_primitives::Bytes;
use alloy_signer_local::PrivateKeySigner;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};
use spillway_protocol::amount::base_exponent;
use spillway_protocol::transaction::Intent;

use super::chains::{ChainArgs, Chains};
use super::facts::Facts;
use super::keys::KeyArgs;
use super::l2::refused;
use super::payees::{self, Row};
use super::send::add_amount;
use super::splitting::{Placed, split};
use super::submit::{Done, Order, submit};
use super::tokens::{self, Amount, Token};

/// The node's words for a payout that fits no chunk.
const TOO_LARGE: &str = "payout is too large";

/// `spillway wallet payout`.
#[derive(Debug, Args)]
pub(super) struct PayoutArgs {
    /// Whom to pay how much: lines of ADDRESS,AMOUNT, or JSON as [{"address": "0x...", "amount": "1.5"}].
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "to",
        conflicts_with = "to"
    )]
    file: Option<PathBuf>,
    /// Whom to pay how much, for each.
    #[arg(long, value_name = "ADDRESS,AMOUNT")]
    to: Vec<String>,
    /// Of which token: its symbol, its address on L1, or its number. [default: ETH]
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    chains: ChainArgs,
}

/// Pays.
pub(super) async fn run(args: &PayoutArgs) -> Result<()> {
    let chains = args.chains.open()?;
    let token = token(&chains, args.token.as_deref()).await?;
    let rows = match &args.file {
        Some(path) => payees::of_file(path, &token).context("--file")?,
        None => payees::of_arguments(&args.to, &token)?,
    };
    let signer = args.keys.signer(chains.deployment.l1_chain_id)?;
    chains.l2.check_chain(chains.deployment.l2_chain_id)?;
    let (count, sum) = (rows.len(), payees::sum(&rows));
    let payouts = planned(&chains, &token, rows)?;
    let amount = Amount { units: sum, token };
    chains.teller.say(&format!(
        "{amount} to {count} recipients, in {} payouts",
        payouts.len()
    ));
    let paid = Paying {
        chains: &chains,
        signer: &signer,
        keys: &args.keys,
        token: &amount.token,
    };
    let paid = paid.all(payouts).await?;
    let mut facts = Facts::default();
    facts.add_text("from", &signer.address());
    facts.add_number("recipients", count as u64);
    add_amount(&mut facts, &amount);
    facts.add_list("payouts", paid.iter().map(|paid| paid.shown()).collect());
    facts.print(chains.json)
}

async fn token(chains: &Chains, name: Option<&str>) -> Result<Token> {
    match name {
        None => Ok(Token::eth()),
        Some(name) => {
            tokens::named(&chains.l1().await?, chains.deployment.bridge, Some(name)).await
        }
    }
}

/// The rows as payouts. Who has neither ETH nor a nonce is taken for new, which only costs room.
fn planned(chains: &Chains, token: &Token, rows: Vec<Row>) -> Result<Vec<Vec<Row>>> {
    let mut placed = Vec::with_capacity(rows.len());
    for row in rows {
        let account = row.payee.recipient;
        let is_new = chains.l2.balance(account)? == 0 && chains.l2.next_nonce(account)? == 0;
        placed.push(Placed { row, is_new });
    }
    let accounts = chains.l2.status()?.accounts;
    let exponent = base_exponent(token.decimals).context("a token with too many decimals")?;
    Ok(split(placed, exponent, accounts))
}

/// A payout that was made.
#[derive(Debug)]
struct Paid {
    done: Done,
    first: String,
    last: String,
    recipients: usize,
}

impl Paid {
    fn shown(&self) -> (Value, String) {
        let Self {
            done,
            first,
            last,
            recipients,
        } = self;
        let value = json!({
            "transaction_hash": done.hash, "block_number": done.block, "recipients": recipients,
            "first": first, "last": last,
        });
        let text = format!(
            "{}, block {}: {recipients} recipients, {first} to {last}",
            done.hash, done.block
        );
        (value, text)
    }
}

/// Who pays.
#[derive(Clone, Copy, Debug)]
struct Paying<'a> {
    chains: &'a Chains,
    signer: &'a PrivateKeySigner,
    keys: &'a KeyArgs,
    token: &'a Token,
}

impl Paying<'_> {
    /// One after the other. What was paid when one fails is said, so that it is not paid again.
    async fn all(self, payouts: Vec<Vec<Row>>) -> Result<Vec<Paid>> {
        let mut paid: Vec<Paid> = Vec::new();
        let mut rest: Vec<_> = payouts.into_iter().rev().collect();
        while let Some(rows) = rest.pop() {
            match self.one(&rows).await {
                Ok(done) => {
                    self.chains.teller.say(&done.shown().1);
                    paid.push(done);
                }
                // What accounts hold takes room too, and only the node knows it.
                Err(error) if rows.len() > 1 && is_too_large(&error) => {
                    let (first, second) = rows.split_at(rows.len() / 2);
                    rest.extend([second.to_vec(), first.to_vec()]);
                }
                Err(error) => {
                    let from = rows.first().map(|row| row.place.clone());
                    return Err(error.context(format!(
                        "{} rows were paid; not paid are all from {} on. Pay those alone when you try again",
                        paid.iter().map(|paid| paid.recipients).sum::<usize>(),
                        from.unwrap_or_default()
                    )));
                }
            }
        }
        Ok(paid)
    }

    async fn one(self, rows: &[Row]) -> Result<Paid> {
        let place = |row: Option<&Row>| row.map(|row| row.place.clone()).unwrap_or_default();
        let (first, last) = (place(rows.first()), place(rows.last()));
        let order = Order {
            what: format!(
                "pay {} to {} recipients, {first} to {last}",
                self.token.show(payees::sum(rows)),
                rows.len()
            ),
            intent: Intent::Payout {
                asset: self.token.asset(),
                payees: rows.iter().map(|row| row.payee).collect(),
            },
            memo: Bytes::new(),
        };
        Ok(Paid {
            done: submit(self.chains, self.signer, self.keys, &order).await?,
            first,
            last,
            recipients: rows.len(),
        })
    }
}

fn is_too_large(error: &anyhow::Error) -> bool {
    refused(error).is_some_and(|refused| refused.message.contains(TOO_LARGE))
}
