//! `spillway wallet withdraw`: funds from L2 to L1. The withdrawal is made on L2 at once, and paid on L1 once its batch is final.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, Bytes};
use alloy_signer_local::PrivateKeySigner;
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use spillway_protocol::transaction::Intent;
use tokio::time::sleep;

use super::chains::{ChainArgs, Chains};
use super::facts::Facts;
use super::keys::KeyArgs;
use super::l2::Of;
use super::records::{WithdrawalRecord, WithdrawalStatus, word};
use super::send::{add_amount, amount};
use super::submit::{Done, Order, submit};
use super::times::when;
use super::tokens::{Amount, AmountArgs};
use crate::address;

/// Pause between two looks.
const POLL: Duration = Duration::from_millis(500);

/// How long a node that follows withdrawals may take to see one that is durable.
const SEEN_WITHIN: Duration = Duration::from_secs(15);

/// The newest withdrawals of an account, among which a new one is.
const NEWEST: usize = 64;

/// `spillway wallet withdraw`.
#[derive(Debug, Args)]
pub(super) struct WithdrawArgs {
    #[command(flatten)]
    amount: AmountArgs,
    /// Who is paid on L1. [default: the signer]
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    recipient: Option<Address>,
    /// Wait until it is paid on L1: hours or days, with real windows.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    chains: ChainArgs,
}

/// Withdraws.
pub(super) async fn run(args: &WithdrawArgs) -> Result<()> {
    let chains = args.chains.open()?;
    let signer = args.keys.signer(chains.deployment.l1_chain_id)?;
    let amount = amount(&chains, &args.amount).await?;
    let recipient = args.recipient.unwrap_or(signer.address());
    let made = withdraw(&chains, &signer, &args.keys, &amount, recipient).await?;
    if args.wait {
        let index = made.record.as_ref().map(|record| record.index);
        let Some(index) = index else {
            anyhow::bail!(
                "{} is durable, and the node at --rpc does not say how far it is: ask one with the role relayer, by `spillway wallet status`",
                made.done.hash
            );
        };
        paid(&chains, index).await?;
    }
    made.facts(&chains, &signer, &amount, recipient)
        .print(chains.json)
}

/// A withdrawal that is durable on L2.
#[derive(Debug)]
pub(super) struct Made {
    done: Done,
    /// None if the node does not say.
    pub(super) record: Option<WithdrawalRecord>,
}

impl Made {
    fn facts(
        &self,
        chains: &Chains,
        signer: &PrivateKeySigner,
        amount: &Amount,
        recipient: Address,
    ) -> Facts {
        let mut facts = Facts::default();
        facts.add_text("from", &signer.address());
        facts.add_text("recipient", &recipient);
        add_amount(&mut facts, amount);
        self.done.tell(&mut facts);
        match &self.record {
            Some(record) => {
                facts.add_number("index", record.index.into());
                // It is durable whatever becomes of one question.
                let now = chains.l2.withdrawal(record.index);
                let now = now.unwrap_or_else(|_| record.clone());
                facts.add_text("status", &word(now.status));
                if let Some(payment) = &now.payment {
                    facts.add_text("payment", &payment.transaction_hash);
                }
            }
            None => facts.add(
                "index",
                Value::Null,
                "the node does not say: ask one with the role relayer, by `spillway wallet status`",
            ),
        }
        facts
    }
}

/// Withdraws, and looks for the withdrawal's index.
pub(super) async fn withdraw(
    chains: &Chains,
    signer: &PrivateKeySigner,
    keys: &KeyArgs,
    amount: &Amount,
    recipient: Address,
) -> Result<Made> {
    let order = Order {
        what: format!("withdraw {amount} to {recipient} on L1"),
        intent: Intent::Withdraw {
            asset: amount.token.asset(),
            recipient,
            amount: amount.units,
        },
        memo: Bytes::new(),
    };
    let done = submit(chains, signer, keys, &order).await?;
    let is_it = |record: &WithdrawalRecord| {
        record.block_number == done.block
            && record.recipient == recipient
            && record.token == amount.token.id
            && record.amount.to::<u128>() == amount.units
    };
    let deadline = Instant::now() + SEEN_WITHIN;
    loop {
        match chains.l2.withdrawals(Of::Address(signer.address()), NEWEST) {
            Ok(Some(told)) => {
                if let Some(record) = told.into_iter().find(is_it) {
                    let record = Some(record);
                    return Ok(Made { done, record });
                }
            }
            Ok(None) => return Ok(Made { done, record: None }),
            // It is durable whatever becomes of one question.
            Err(error) => {
                let teller = chains.teller;
                teller.say(&format!(
                    "the withdrawal is durable; L2 does not say its index: {error:#}"
                ));
            }
        }
        if Instant::now() >= deadline {
            return Ok(Made { done, record: None });
        }
        sleep(POLL).await;
    }
}

/// Waits until L1 has paid a withdrawal.
pub(super) async fn paid(chains: &Chains, index: u32) -> Result<WithdrawalRecord> {
    let mut waiting = chains.teller.waiting();
    loop {
        match chains.l2.withdrawal(index) {
            Ok(record) => {
                waiting.tell(&format!("withdrawal {index}: {}", how_far(&record)));
                if record.status == WithdrawalStatus::Paid {
                    return Ok(record);
                }
            }
            // It stands whatever becomes of one question.
            Err(error) => waiting.tell(&format!(
                "withdrawal {index} stands; L2 does not say how far it is: {error:#}"
            )),
        }
        sleep(POLL).await;
    }
}

/// How far it is, for people.
pub(super) fn how_far(record: &WithdrawalRecord) -> String {
    let mut text = word(record.status);
    match (record.status, record.claimable_at, &record.payment) {
        (WithdrawalStatus::Posted, Some(at), _) => {
            text += &format!(
                " in batch {}, claimable at {}",
                record.batch.unwrap_or_default(),
                when(at)
            );
        }
        (WithdrawalStatus::Paid, _, Some(payment)) => {
            text += &format!(" to {} by {}", payment.to, payment.transaction_hash);
        }
        _ => {}
    }
    if let Some(failure) = &record.failure {
        text += &format!(", {} payments did not go through", failure.times);
    }
    if let Some(advance) = &record.advance {
        text += &format!(", fast withdrawal {}", word(advance.status));
    }
    text
}

/// A withdrawal for programs.
pub(super) fn as_json(record: &WithdrawalRecord) -> Value {
    json!({
        "index": record.index, "account": record.account, "recipient": record.recipient, "token": record.token,
        "amount": record.amount, "block_number": record.block_number, "status": record.status, "batch": record.batch,
        "claimable_at": record.claimable_at, "payment": record.payment, "failure": record.failure,
        "advance": record.advance.as_ref().map(|advance| advance.status),
    })
}
