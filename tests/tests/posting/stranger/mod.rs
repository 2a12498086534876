//! A stranger: somebody who has an L1 node, a beacon endpoint, the contracts' addresses and the protocol crate, and
//! nothing else of this project. From these it derives the chain, and believes nothing that it can check.

mod beacon;
mod blocks;
pub(crate) mod contracts;
mod history;
mod replay;

use std::fs;
use std::path::Path;

use alloy_primitives::{Address, B256, hex};
use alloy_rpc_types_eth::Log;
use alloy_sol_types::SolCall;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use spillway_protocol::state::State;
use spillway_tests::Rpc;

use self::beacon::Beacon;
use self::contracts::{FEE_ACCOUNTCall, GENESIS_STATE_ROOTCall, batchHashCall};
use self::history::History;
pub(crate) use self::history::{Form, Posted};
use self::replay::Replay;

/// Where the contracts are: what a rollup publishes of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contracts {
    pub(crate) inbox: Address,
    pub(crate) bridge: Address,
    pub(crate) rollup: Address,
    /// The test token.
    pub(crate) token: Address,
    /// The L1 block of the first of them.
    first_block: u64,
}

impl Contracts {
    /// From `deployment.json` in a state directory.
    pub(crate) fn published(dir: &Path) -> Self {
        let text = fs::read(dir.join("deployment.json")).expect("a deployment");
        let file: Value = serde_json::from_slice(&text).expect("JSON");
        let address = |name: &str| file[name].as_str().and_then(|text| text.parse().ok());
        Self {
            inbox: address("inbox").expect("an inbox"),
            bridge: address("bridge").expect("a bridge"),
            rollup: address("rollup").expect("a rollup"),
            token: address("token").expect("a token"),
            first_block: file["l1_block"]["number"].as_u64().expect("a number"),
        }
    }
}

/// What L1 says, and nobody has to be trusted for.
#[derive(Debug)]
pub(crate) struct Derived {
    pub(crate) state: State,
    pub(crate) state_root: B256,
    /// The newest block's hash. Its number is the state's.
    pub(crate) block_hash: B256,
    /// The batches that stand.
    pub(crate) batches: Vec<Posted>,
}

impl Derived {
    /// The newest block on L1.
    pub(crate) fn block(&self) -> u64 {
        self.state.counters().block_number
    }

    /// Batches that came in that form.
    pub(crate) fn count(&self, form: Form) -> usize {
        self.batches
            .iter()
            .filter(|batch| batch.form() == form)
            .count()
    }
}

/// Derives the chain from an L1 that serves JSON-RPC and the beacon endpoints at one URL.
pub(crate) async fn derive(url: &str, contracts: &Contracts) -> Result<Derived> {
    let l1 = Rpc::new(url);
    let history = history(&l1, contracts, |_| {}).await?;
    replay(&l1, contracts, history).await
}

/// How many batches stand.
pub(crate) async fn standing(l1: &Rpc, contracts: &Contracts) -> Result<usize> {
    let history = history(l1, contracts, |_| {}).await?;
    Ok(history.batches.len())
}

/// The same as [`derive`], with one of the logs changed before it is read: a test of the stranger.
pub(crate) async fn derive_altered(
    url: &str,
    contracts: &Contracts,
    alter: impl FnMut(&mut Log),
) -> Result<Derived> {
    let l1 = Rpc::new(url);
    let history = history(&l1, contracts, alter).await?;
    replay(&l1, contracts, history).await
}

async fn history(
    l1: &Rpc,
    contracts: &Contracts,
    mut alter: impl FnMut(&mut Log),
) -> Result<History> {
    let filter = json!([{
        "address": [contracts.inbox, contracts.bridge, contracts.rollup],
        "fromBlock": format!("{:#x}", contracts.first_block),
        "toBlock": "latest",
    }]);
    let logs: Vec<Log> = serde_json::from_value(l1.call("eth_getLogs", filter).await?)?;
    let mut history = History::default();
    for mut log in logs {
        alter(&mut log);
        let block = log.block_number.context("a log without a block")?;
        history.take_in(contracts, block, &log.inner)?;
    }
    Ok(history)
}

async fn replay(l1: &Rpc, contracts: &Contracts, history: History) -> Result<Derived> {
    let fee_account = read(l1, contracts.rollup, FEE_ACCOUNTCall {}).await?;
    let mut replay = Replay::genesis(fee_account)?;
    let genesis = read(l1, contracts.rollup, GENESIS_STATE_ROOTCall {}).await?;
    ensure!(replay.root == genesis, "another genesis");
    let beacon = Beacon::connect(l1.url()).await?;
    for posted in &history.batches {
        let what = || format!("batch {} in L1 block {}", posted.number, posted.l1_block);
        let chunks = replay::chunks(posted, &beacon).await.with_context(what)?;
        replay.batch(posted, &chunks, &history).with_context(what)?;
        let kept = batchHashCall {
            number: posted.number,
        };
        let kept = read(l1, contracts.rollup, kept).await?;
        ensure!(
            kept == posted.hash,
            "{}: the contract keeps another",
            what()
        );
    }
    Ok(Derived {
        state_root: replay.root,
        block_hash: replay.block_hash(),
        state: replay.state,
        batches: history.batches,
    })
}

/// Calls a view function.
async fn read<C: SolCall>(l1: &Rpc, to: Address, call: C) -> Result<C::Return> {
    let request = json!([{ "to": to, "data": hex::encode_prefixed(call.abi_encode()) }, "latest"]);
    let answer = l1.call("eth_call", request).await?;
    let answer = hex::decode(answer.as_str().context("no bytes")?)?;
    Ok(C::abi_decode_returns(&answer)?)
}
