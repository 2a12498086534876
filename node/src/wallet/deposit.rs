//! `spillway wallet deposit`: funds from L1 to L2.

use std::time::Duration;

use alloy_primitives::{Address, Bytes, U256};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall, SolEvent};
use anyhow::{Context, Result, bail};
use clap::Args;
use spillway_bridge_contracts::{Inbox, TestToken};
use spillway_protocol::token::ETH;
use tokio::time::sleep;

use super::chains::{ChainArgs, Chains};
use super::facts::Facts;
use super::keys::KeyArgs;
use super::l1::{Call, L1, Sent, Signing};
use super::l2::{L2, Of};
use super::records::{Deposit, DepositStatus, word};
use super::send::add_amount;
use super::tokens::{Amount, AmountArgs};
use crate::address;

/// Pause between two looks.
const POLL: Duration = Duration::from_millis(500);

/// `spillway wallet deposit`.
#[derive(Debug, Args)]
pub(super) struct DepositArgs {
    #[command(flatten)]
    amount: AmountArgs,
    /// Whose account on L2. [default: the signer's]
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    to: Option<Address>,
    /// Also lock the account: nothing moves its funds until `unlock`. Only the signer's own.
    #[arg(long)]
    lock: bool,
    /// End when the deposit is on L1, before it is credited.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    chains: ChainArgs,
}

/// Deposits, and waits for the credit.
pub(super) async fn run(args: &DepositArgs) -> Result<()> {
    let chains = args.chains.open()?;
    let signer = args.keys.signer(chains.deployment.l1_chain_id)?;
    let l1 = chains.l1().await?;
    let bridge = chains.deployment.bridge;
    let amount = args.amount.read(&l1, bridge).await?;
    let to = args.to.unwrap_or(signer.address());
    let sent = deposit(args, &chains, &l1, &signer, &amount, to).await?;
    let index = message_index(&sent, chains.deployment.inbox)?;
    chains.teller.say(&format!(
        "the deposit is message {index} of the inbox, in block {} of L1",
        sent.block()
    ));
    let status = if args.no_wait {
        DepositStatus::Seen
    } else {
        credited(&chains, index).await?
    };
    let mut facts = Facts::default();
    facts.add_text("from", &signer.address());
    facts.add_text("to", &to);
    add_amount(&mut facts, &amount);
    facts.add_text("transaction_hash", &sent.hash());
    facts.add_number("l1_block", sent.block());
    facts.add_number("index", index);
    facts.add_text("status", &word(status));
    facts.print(chains.json)
}

async fn deposit(
    args: &DepositArgs,
    chains: &Chains,
    l1: &L1,
    signer: &PrivateKeySigner,
    amount: &Amount,
    to: Address,
) -> Result<Sent> {
    let signing = l1.signing(signer, &args.keys)?;
    let what = format!(
        "deposit {amount} for {to}{}",
        if args.lock {
            ", and lock that account"
        } else {
            ""
        }
    );
    let (value, data) = if amount.token.id == ETH {
        let call = Inbox::depositEthCall {
            to,
            lock_: args.lock,
        };
        (amount.units, call.abi_encode())
    } else {
        allow(l1, &signing, amount, chains.deployment.bridge).await?;
        let call = Inbox::depositTokenCall {
            token: amount.token.address,
            to,
            amount: U256::from(amount.units),
            lock_: args.lock,
        };
        (0, call.abi_encode())
    };
    let call = Call {
        what,
        to: chains.deployment.inbox,
        value,
        data: data.into(),
    };
    signing.send(&call).await
}

/// Lets the bridge take as much as is deposited, and no more, unless it may already.
async fn allow(l1: &L1, signing: &Signing<'_>, amount: &Amount, bridge: Address) -> Result<()> {
    let token = amount.token.address;
    let question = TestToken::allowanceCall {
        owner: signing.address,
        spender: bridge,
    };
    let allowed = l1.read(token, question).await?;
    if allowed >= U256::from(amount.units) {
        return Ok(());
    }
    let approve = |units: u128| -> Bytes {
        let call = TestToken::approveCall {
            spender: bridge,
            value: U256::from(units),
        };
        call.abi_encode().into()
    };
    let call = |what, data| Call {
        what,
        to: token,
        value: 0,
        data,
    };
    // Some tokens change an allowance only from or to nothing.
    if !allowed.is_zero()
        && l1
            .call(signing.address, token, approve(amount.units))
            .await
            .is_err()
    {
        let what = format!(
            "take back what the bridge may take of {}",
            amount.token.symbol
        );
        signing.send(&call(what, approve(0))).await?;
    }
    let what = format!("let the bridge take {amount}");
    signing.send(&call(what, approve(amount.units))).await?;
    Ok(())
}

/// The index of the message that a transaction appended to the inbox.
pub(super) fn message_index(sent: &Sent, inbox: Address) -> Result<u64> {
    let logs = sent.receipt.logs().iter();
    let mut messages = logs
        .filter(|log| log.address() == inbox)
        .filter_map(|log| Inbox::MessageSent::decode_log(&log.inner).ok());
    let last = messages.next_back();
    last.map(|message| message.index)
        .with_context(|| format!("L1 shows no message in {}: ask another node", sent.hash()))
}

/// Waits until L2 has consumed a deposit.
async fn credited(chains: &Chains, index: u64) -> Result<DepositStatus> {
    let mut waiting = chains.teller.waiting();
    loop {
        match look(&chains.l2, index) {
            Ok((DepositStatus::Refunded, _)) => {
                bail!(
                    "the rollup has ended, and deposit {index} was paid back on L1: leave with what the account has on L2 by `spillway \
                     wallet escape`"
                )
            }
            Ok((status, how_far)) => {
                waiting.tell(&how_far);
                if status == DepositStatus::Credited {
                    return Ok(status);
                }
            }
            // It is on L1 whatever becomes of one question.
            Err(error) => waiting.tell(&format!(
                "the deposit is on L1; L2 does not say how far it is: {error:#}"
            )),
        }
        sleep(POLL).await;
    }
}

/// How far a deposit is. A node that does not follow deposits still says how many messages it has consumed.
fn look(l2: &L2, index: u64) -> Result<(DepositStatus, String)> {
    let Some(told) = l2.deposits(Of::Index(index), 1)? else {
        return Ok(if l2.status()?.inbox_count > index {
            (DepositStatus::Credited, "credited".to_owned())
        } else {
            (DepositStatus::Seen, "seen; not credited yet".to_owned())
        });
    };
    let found = told.into_iter().find(|deposit| deposit.index == index);
    Ok(found.map_or_else(
        || {
            (
                DepositStatus::Seen,
                "on L1; L2 has not seen it yet".to_owned(),
            )
        },
        |deposit| (deposit.status, how_far(&deposit)),
    ))
}

/// How far it is, for people.
pub(super) fn how_far(deposit: &Deposit) -> String {
    match (deposit.status, deposit.confirmations, deposit.needed) {
        (DepositStatus::Seen | DepositStatus::Confirming, Some(now), Some(needed)) => {
            format!("seen, confirming {now} of {needed}")
        }
        (status, _, _) => word(status),
    }
}
