//! What the contracts owe an account once the rollup has ended, paid out: balances, deposits that were never credited, withdrawals.

use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;
use anyhow::{Context, Result};
use spillway_bridge_contracts::{Bridge, Inbox};
use spillway_l1::batches::SubmittedBatch;
use spillway_l1::encoding;
use spillway_l1::payments::Claim;
use spillway_protocol::account::Account;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::token::{ETH, TokenId};
use spillway_protocol::withdrawal::Withdrawal;

use super::{Escape, Step};
use crate::wallet::claim::pay;
use crate::wallet::l1::Call;
use crate::wallet::replayed::Replayed;
use crate::wallet::reverts::Reverted;
use crate::wallet::tokens;

/// Withdrawals in one claim: each takes up to `PAYOUT_GAS`, and a transaction 2^24.
const CLAIMED_AT_ONCE: usize = 40;

/// What is under way.
#[derive(Debug)]
pub(super) struct Leaving<'a> {
    escape: &'a Escape<'a>,
    replayed: &'a Replayed,
    steps: Vec<Step>,
    /// What could not be paid, and why.
    left: Vec<String>,
}

impl<'a> Leaving<'a> {
    /// With what was done before.
    pub(super) const fn new(
        escape: &'a Escape<'a>,
        replayed: &'a Replayed,
        steps: Vec<Step>,
    ) -> Self {
        Self {
            escape,
            replayed,
            steps,
            left: Vec::new(),
        }
    }

    /// What was done, and what is left.
    pub(super) fn finish(self) -> (Vec<Step>, Vec<String>) {
        (self.steps, self.left)
    }

    /// Pays the balances out that have not left. All at once; one by one if one of them cannot be paid.
    pub(super) async fn exit(&mut self) -> Result<()> {
        let state = self.replayed.ledger()?.state();
        let Some(index) = state.index_of(&self.escape.account) else {
            return Ok(());
        };
        let account = state.account(index).with_context(|| {
            format!("the replay of L1 knows account {index} by its address alone: report this")
        })?;
        let mut held = Vec::new();
        for (token, units) in balances(&account) {
            let question = Bridge::exitedCall {
                account: index,
                token,
            };
            let has_left = self.escape.l1.read(self.bridge(), question).await?;
            if !has_left {
                held.push((token, units));
            }
        }
        if held.is_empty() {
            return Ok(());
        }
        let all = self.exit_call(index, &account, &held)?;
        if held.len() == 1 || self.would_work(&all).await? {
            return self.step(&all).await;
        }
        for one in held {
            let call = self.exit_call(index, &account, &[one])?;
            self.step(&call).await?;
        }
        Ok(())
    }

    fn exit_call(&self, index: u32, account: &Account, held: &[(TokenId, u128)]) -> Result<Exit> {
        let ledger = self.replayed.ledger()?;
        let head = self.head()?;
        let call = Bridge::exitCall {
            batch: encoding::bridge_batch(&head.header, &head.submission),
            state: encoding::state(&ledger.tree().preimage(ledger.state())),
            account: encoding::account(index, account),
            siblings: ledger.tree().accounts().multiproof(&[index])?,
            tokens: held.iter().map(|(token, _)| *token).collect(),
            recipient: self.escape.account,
        };
        Ok(Exit {
            what: Pays::Balances(held.to_vec()),
            to: self.bridge(),
            data: call.abi_encode().into(),
        })
    }

    /// Pays the account's deposits back that no batch has consumed.
    pub(super) async fn refund(&mut self, consumed: u64) -> Result<()> {
        let inbox = self.escape.chains.deployment.inbox;
        for (index, message) in self.replayed.unconsumed(consumed) {
            let InboxMessage::Deposit {
                to,
                token,
                amount,
                lock,
            } = message
            else {
                continue;
            };
            let question = Inbox::refundedCall { index };
            if to != self.escape.account || self.escape.l1.read(inbox, question).await? {
                continue;
            }
            let call = Inbox::refundCall {
                index,
                to,
                token,
                amount,
                locked: lock,
            };
            let exit = Exit {
                what: Pays::Deposit(index, token, amount),
                to: inbox,
                data: call.abi_encode().into(),
            };
            self.step(&exit).await?;
        }
        Ok(())
    }

    /// Claims the withdrawals that were never paid.
    pub(super) async fn claim(&mut self) -> Result<()> {
        let mut unpaid = Vec::new();
        for (index, withdrawal) in self.replayed.ledger()?.kept_withdrawals() {
            if !self.was_claimed(*index).await? {
                unpaid.push((*index, *withdrawal));
            }
        }
        for some in unpaid.chunks(CLAIMED_AT_ONCE) {
            self.claim_some(some).await?;
        }
        Ok(())
    }

    /// In one call. Those that their recipients or tokens refuse stay unpaid, and do not stop the others.
    async fn claim_some(&mut self, withdrawals: &[(u32, Withdrawal)]) -> Result<()> {
        let indices: Vec<_> = withdrawals.iter().map(|(index, _)| *index).collect();
        let what = self.described(withdrawals).await?;
        let data = self.claim_call(withdrawals)?;
        match pay(
            self.escape.signing,
            self.bridge(),
            what.clone(),
            data,
            &indices,
        )
        .await
        {
            Ok(sent) => self.steps.push(Step { what, sent }),
            Err(error) => {
                for index in indices {
                    if !self.was_claimed(index).await? {
                        self.left.push(format!("withdrawal {index}: {error:#}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// The batch that holds what is paid out.
    fn head(&self) -> Result<&SubmittedBatch> {
        let head = self.replayed.head();
        head.map(AsRef::as_ref)
            .context("the replay of L1 has balances, and no batch that holds them: report this")
    }

    async fn was_claimed(&self, index: u32) -> Result<bool> {
        let question = Bridge::claimedCall { index };
        self.escape.l1.read(self.bridge(), question).await
    }

    fn claim_call(&self, withdrawals: &[(u32, Withdrawal)]) -> Result<Bytes> {
        let ledger = self.replayed.ledger()?;
        let head = self.head()?;
        let indices: Vec<_> = withdrawals.iter().map(|(index, _)| *index).collect();
        let claim = Claim {
            batch: head.number,
            header: &head.header,
            submission: &head.submission,
            state: &ledger.tree().preimage(ledger.state()),
            withdrawals,
            siblings: &ledger.tree().withdrawals().multiproof(&indices)?,
        };
        Ok(claim.call())
    }

    async fn described(&self, withdrawals: &[(u32, Withdrawal)]) -> Result<String> {
        let mut parts = Vec::with_capacity(withdrawals.len());
        for (index, withdrawal) in withdrawals {
            let amount = self.shown(withdrawal.token, withdrawal.amount).await?;
            parts.push(format!(
                "withdrawal {index}, {amount} to {}",
                withdrawal.recipient
            ));
        }
        Ok(format!("claim {}", parts.join("; ")))
    }

    /// Sends a payment. One that L1 refuses is noted, and the others go on.
    async fn step(&mut self, exit: &Exit) -> Result<()> {
        let what = match &exit.what {
            Pays::Balances(held) => {
                let mut parts = Vec::with_capacity(held.len());
                for (token, units) in held {
                    parts.push(self.shown(*token, *units).await?);
                }
                format!("leave L2 with {}", parts.join(", "))
            }
            Pays::Deposit(index, token, units) => {
                let amount = self.shown(*token, *units).await?;
                format!("take deposit {index} back, {amount}")
            }
        };
        let call = Call {
            what: what.clone(),
            to: exit.to,
            value: 0,
            data: exit.data.clone(),
        };
        match self.escape.signing.send(&call).await {
            Ok(sent) => self.steps.push(Step { what, sent }),
            Err(error) if error.downcast_ref::<Reverted>().is_some() => {
                self.left.push(format!("{error:#}"));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn would_work(&self, exit: &Exit) -> Result<bool> {
        let Escape { l1, account, .. } = self.escape;
        match l1.call(*account, exit.to, exit.data.clone()).await {
            Ok(_) => Ok(true),
            Err(error) if error.downcast_ref::<Reverted>().is_some() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// An amount for people. A token that does not answer any more is called by its number.
    async fn shown(&self, token: TokenId, units: u128) -> Result<String> {
        let found = tokens::numbered(self.escape.l1, self.bridge(), token).await;
        Ok(found.map_or_else(
            |_| format!("{units} of token {token}"),
            |token| token.show(units),
        ))
    }

    const fn bridge(&self) -> alloy_primitives::Address {
        self.escape.chains.deployment.bridge
    }
}

/// A payment to the account.
#[derive(Debug)]
struct Exit {
    what: Pays,
    to: alloy_primitives::Address,
    data: Bytes,
}

/// What it pays.
#[derive(Debug)]
enum Pays {
    Balances(Vec<(TokenId, u128)>),
    /// The message's index, the token and the amount.
    Deposit(u64, TokenId, u128),
}

/// All that an account holds.
fn balances(account: &Account) -> Vec<(TokenId, u128)> {
    let eth = (account.eth > 0).then_some((ETH, account.eth));
    let tokens = account.tokens.entries().iter();
    let tokens = tokens.map(|entry| (entry.token, entry.amount));
    eth.into_iter().chain(tokens).collect()
}
