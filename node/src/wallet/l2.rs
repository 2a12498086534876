//! The node of L2 that a wallet speaks to. Nothing that it says is believed where it could cost anything: a transaction is signed for
//! the deployment's chain, and what pays on L1 is held against L1.

use std::thread::sleep;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U64, U128, U256, hex};
use alloy_sol_types::SolCall;
use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use spillway_bridge_contracts::TestToken;
use spillway_protocol::token::TokenId;

use super::records::{
    AccountProof, Deposit, Finality, Quote, Receipt, Status, WithdrawalProof, WithdrawalRecord,
};
use crate::ask::{Asker, Refused};

/// A node that answers at all answers within this, a transaction that waits for its block included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answers are lists of 1,024 records.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// Codes of errors: the method is not there; busy, nothing happened.
const METHOD_MISSING: i64 = -32601;
const BUSY: i64 = -32005;

/// How long it is asked again, and how often.
const BUSY_MAX: Duration = Duration::from_secs(60);
const BUSY_POLL: Duration = Duration::from_millis(500);

/// A node. It is asked on the thread that wants to know, as a command does one thing after the other.
#[derive(Debug)]
pub(super) struct L2 {
    asker: Asker,
}

/// Whose records are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Address(Address),
    Index(u64),
}

impl Of {
    fn param(self) -> Value {
        match self {
            Self::Address(address) => json!(address),
            Self::Index(index) => json!(index),
        }
    }
}

impl L2 {
    /// At `http://HOST:PORT`. Nothing is asked yet.
    pub(super) fn at(url: &str) -> Result<Self> {
        ensure!(
            url.starts_with("http://"),
            "--rpc {url}: it must be http://HOST:PORT"
        );
        Ok(Self {
            asker: Asker::new(url, TIMEOUT, ANSWER_BYTES_MAX),
        })
    }

    /// Refuses a node of another chain than the deployment's: what is signed is for that one.
    pub(super) fn check_chain(&self, expected: u64) -> Result<()> {
        let found: U64 = self.ask("eth_chainId", &json!([]))?;
        ensure!(
            found.to::<u64>() == expected,
            "the node at --rpc is of chain {found}, and the deployment of chain {expected}: nothing is signed for another chain"
        );
        Ok(())
    }

    /// Wei of an account.
    pub(super) fn balance(&self, account: Address) -> Result<u128> {
        let wei: U128 = self.ask("eth_getBalance", &json!([account, "latest"]))?;
        Ok(wei.to())
    }

    /// What an account holds of a token, in its smallest unit; none if the node does not answer calls.
    pub(super) fn token_balance(&self, token: Address, account: Address) -> Result<Option<u128>> {
        let data = TestToken::balanceOfCall { account }.abi_encode();
        let call = json!({"to": token, "data": hex::encode_prefixed(data)});
        let answer: Option<Bytes> = unless_missing(self.ask("eth_call", &json!([call, "latest"])))?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let units = TestToken::balanceOfCall::abi_decode_returns_validate(&answer)
            .context("the node's answer to balanceOf is none")?;
        let units =
            u128::try_from(units).context("the node tells of more than any account holds")?;
        Ok(Some(units))
    }

    /// The nonce to sign with next.
    pub(super) fn next_nonce(&self, account: Address) -> Result<u64> {
        let nonce: U64 = self.ask("eth_getTransactionCount", &json!([account, "pending"]))?;
        Ok(nonce.to())
    }

    /// The price that a transaction should offer, in wei a unit of gas.
    pub(super) fn gas_price(&self) -> Result<u128> {
        let price: U128 = self.ask("eth_gasPrice", &json!([]))?;
        Ok(price.to())
    }

    /// Hands a transaction in. It may be handed in again.
    pub(super) fn send_raw(&self, raw: &[u8]) -> Result<B256> {
        self.ask(
            "eth_sendRawTransaction",
            &json!([hex::encode_prefixed(raw)]),
        )
    }

    /// The receipt of a transaction, once it is in a block.
    pub(super) fn receipt(&self, hash: B256) -> Result<Option<Receipt>> {
        self.asker
            .ask_for("eth_getTransactionReceipt", &json!([hash]))
            .map_err(plainly)
    }

    /// How final a transaction is; none if the node does not know it.
    pub(super) fn finality(&self, hash: B256) -> Result<Option<Finality>> {
        self.asker
            .ask_for("spillway_finality", &json!([hash]))
            .map_err(plainly)
    }

    /// What the node says of itself.
    pub(super) fn status(&self) -> Result<Status> {
        self.ask("spillway_status", &json!([]))
    }

    /// Deposits, the newest first; none if the node does not follow them.
    pub(super) fn deposits(&self, of: Of, max: usize) -> Result<Option<Vec<Deposit>>> {
        unless_missing(self.ask("spillway_deposits", &json!([of.param(), max])))
    }

    /// Withdrawals, the newest first; none if the node does not follow them.
    pub(super) fn withdrawals(&self, of: Of, max: usize) -> Result<Option<Vec<WithdrawalRecord>>> {
        unless_missing(self.ask("spillway_withdrawals", &json!([of.param(), max])))
    }

    /// The withdrawal with that index.
    pub(super) fn withdrawal(&self, index: u32) -> Result<WithdrawalRecord> {
        let found = self.withdrawals(Of::Index(index.into()), 1)?;
        let found = found.context(
            "the node at --rpc does not follow withdrawals: ask one with the role relayer",
        )?;
        let record = found.into_iter().find(|record| record.index == index);
        record.with_context(|| format!("the node at --rpc knows no withdrawal {index}"))
    }

    /// A claim of a withdrawal.
    pub(super) fn withdrawal_proof(&self, index: u32) -> Result<WithdrawalProof> {
        self.ask_patiently("spillway_withdrawalProof", &json!([index]))
    }

    /// An account under the root of the newest final batch; none if it is not there.
    pub(super) fn account_proof(&self, account: Address) -> Result<Option<AccountProof>> {
        self.asker
            .ask_for("spillway_accountProof", &json!([account]))
            .map_err(plainly)
    }

    /// What the pool asks for paying so much at once.
    pub(super) fn fast_withdrawal_quote(&self, token: TokenId, amount: u128) -> Result<Quote> {
        let params = json!([token, U256::from(amount)]);
        of_pool(self.ask_patiently("spillway_fastWithdrawalQuote", &params))
    }

    /// Hands an order in. It may be handed in again.
    pub(super) fn fast_withdraw(&self, order: &Value) -> Result<Value> {
        self.ask_patiently("spillway_fastWithdraw", &json!([order]))
    }

    /// Asks again while the node is busy, which a node is for a while after its start. Nothing happens by asking twice.
    fn ask_patiently<T: DeserializeOwned>(&self, method: &str, params: &Value) -> Result<T> {
        let deadline = Instant::now() + BUSY_MAX;
        loop {
            match self.ask(method, params) {
                Err(error) if is_busy(&error) && Instant::now() < deadline => sleep(BUSY_POLL),
                answered => return answered,
            }
        }
    }

    fn ask<T: DeserializeOwned>(&self, method: &str, params: &Value) -> Result<T> {
        self.asker.ask(method, params).map_err(plainly)
    }
}

/// A refusal is the node's word on what was asked for, and no sign that it is another kind of server.
fn plainly(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Refused>() {
        Ok(refused) => anyhow::Error::new(refused).context("the node at --rpc refuses"),
        Err(error) => error.context("--rpc"),
    }
}

/// None where the node does not have the method.
fn unless_missing<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if refused(&error).is_some_and(|refused| refused.code == METHOD_MISSING) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Says so where there is nobody who pays early.
fn of_pool<T>(answer: Result<T>) -> Result<T> {
    unless_missing(answer)?.context(
        "the node at --rpc has no pool that pays withdrawals early: ask one that has, or withdraw without a pool and wait until that is final",
    )
}

/// The error that a node answered; none if it did not answer.
pub(super) fn refused(error: &anyhow::Error) -> Option<&Refused> {
    error.downcast_ref()
}

fn is_busy(error: &anyhow::Error) -> bool {
    refused(error).is_some_and(|refused| refused.code == BUSY)
}

/// Whether nothing happened, and the same may succeed a moment later: no answer, or a busy node.
pub(super) fn is_temporary(error: &anyhow::Error) -> bool {
    refused(error).is_none_or(|refused| refused.code == BUSY)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn answered(code: i64) -> anyhow::Error {
        let refused = Refused {
            code,
            message: "nonce too low".to_owned(),
        };
        plainly(anyhow::Error::new(refused).context("is it a Spillway node?"))
    }

    #[test]
    fn what_a_node_refuses_is_told_from_what_it_does_not_answer() {
        let told = format!("{:#}", answered(-32000));
        assert_eq!(
            told,
            "the node at --rpc refuses: it answers error -32000: nonce too low"
        );
        assert!(!is_temporary(&answered(-32000)));
        assert!(is_temporary(&answered(BUSY)));
        assert!(is_temporary(&plainly(anyhow!("no node answers"))));
        assert!(
            unless_missing::<u8>(Err(answered(METHOD_MISSING)))
                .unwrap()
                .is_none()
        );
        unless_missing::<u8>(Err(answered(-32000))).unwrap_err();
        let error = of_pool::<u8>(Err(answered(METHOD_MISSING))).unwrap_err();
        assert!(error.to_string().contains("ask one that has"), "{error}");
        let error = of_pool::<u8>(Err(answered(-32000))).unwrap_err();
        assert!(refused(&error).is_some(), "{error}");
    }
}
