//! Many transactions on L1 at once, as a set-up has them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::TransactionRequest;
use anyhow::{Context, Result, bail, ensure};
use spillway_l1::deployment::DEVELOPMENT_L1;
use tokio::time::sleep;

/// Gas of each: more than any of them takes, and little enough that a block holds all.
const GAS: u64 = 300_000;

/// How long they may take to get into blocks.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pause between two looks.
const POLL: Duration = Duration::from_millis(10);

/// A transaction to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// What it is for, to continue "the transaction for".
    pub(super) what: String,
    pub(super) from: Address,
    pub(super) to: Address,
    /// In wei.
    pub(super) value: u128,
    pub(super) input: Bytes,
}

/// Waits until no transaction of these accounts is under way, so that what they do can be seen on the chain.
pub(super) async fn settle(l1: &DynProvider, accounts: &[Address]) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    for account in accounts {
        while let waiting @ 1.. = under_way(l1, *account).await? {
            ensure!(
                Instant::now() < deadline,
                "{waiting} transactions of {account} are not in a block of L1 after {PATIENCE:?}: does it make blocks?"
            );
            sleep(POLL).await;
        }
    }
    Ok(())
}

async fn under_way(l1: &DynProvider, account: Address) -> Result<u64> {
    let settled = l1.get_transaction_count(account).latest().await;
    let pending = l1.get_transaction_count(account).pending().await;
    let nonce =
        |count: Result<u64, _>| count.with_context(|| format!("L1, asked for {account}'s nonce"));
    Ok(nonce(pending)?.saturating_sub(nonce(settled)?))
}

/// Sends all of them, each account's in their order, and waits until all have succeeded. `signing` holds the keys.
pub(super) async fn send_all(signing: &DynProvider, calls: &[Call]) -> Result<()> {
    if calls.is_empty() {
        return Ok(());
    }
    let mut sent = Vec::with_capacity(calls.len());
    let fees = signing.estimate_eip1559_fees().await;
    let fees = fees.context("L1, asked for its fees")?;
    let mut nonces = Nonces::default();
    for call in calls {
        let request = TransactionRequest {
            nonce: Some(nonces.next(signing, call.from).await?),
            gas: Some(GAS),
            max_fee_per_gas: Some(fees.max_fee_per_gas),
            max_priority_fee_per_gas: Some(fees.max_priority_fee_per_gas),
            chain_id: Some(DEVELOPMENT_L1),
            ..TransactionRequest::default()
                .from(call.from)
                .to(call.to)
                .value(U256::from(call.value))
                .input(call.input.clone().into())
        };
        let hash = signing.send_transaction(request).await;
        let hash = hash.with_context(|| format!("L1 refuses the transaction for {}", call.what))?;
        sent.push((*hash.tx_hash(), call));
    }
    let deadline = Instant::now() + PATIENCE;
    for (hash, call) in sent {
        succeeded(signing, hash, call, deadline).await?;
    }
    Ok(())
}

/// The next nonces of accounts of which nothing is under way.
#[derive(Debug, Default)]
struct Nonces(HashMap<Address, u64>);

impl Nonces {
    async fn next(&mut self, l1: &DynProvider, account: Address) -> Result<u64> {
        let next = match self.0.entry(account) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let nonce = l1.get_transaction_count(account).latest().await;
                unknown.insert(nonce.with_context(|| format!("L1, asked for {account}'s nonce"))?)
            }
        };
        *next += 1;
        Ok(*next - 1)
    }
}

async fn succeeded(l1: &DynProvider, hash: B256, call: &Call, deadline: Instant) -> Result<()> {
    let what = &call.what;
    loop {
        let answer = l1.get_transaction_receipt(hash).await;
        match answer {
            Ok(Some(receipt)) if receipt.status() => return Ok(()),
            Ok(Some(_)) => bail!("the transaction for {what}, {hash}, failed on L1"),
            Ok(None) => {}
            // It is under way whatever becomes of one question.
            Err(error) => tracing::warn!(%error, "L1 does not answer; it is asked again"),
        }
        ensure!(
            Instant::now() < deadline,
            "the transaction for {what}, {hash}, is not in a block of L1 after {PATIENCE:?}: does it make blocks?"
        );
        sleep(POLL).await;
    }
}
