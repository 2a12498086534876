//! Whether the contracts on L1 are what `deployment.json` says: nothing is believed that can be computed or read.
//!
//! - [`code`]: the code of each contract is the compiled one, and its immutables have the file's values.
//! - [`creation`]: `Rollup` was created with the file's dispute contracts and no other, and sequencers: no getter lists them.
//! - [`governance`]: the timelock's delay, and who may do what by its events.
//! - [`sequencers`]: who may post by the events, less who left.

mod check;
mod code;
mod creation;
mod governance;
mod sequencers;

use alloy_primitives::Address;
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::{BlockNumberOrTag, Filter, Log};
use alloy_sol_types::SolEvent;
use spillway_bridge_contracts::{Bridge, Rollup};
use spillway_protocol::chain_id;

pub use check::{Check, Report};

use super::file::Deployment;
use super::parameters::DEVELOPMENT_L1;
use crate::connection::{RpcError, read};

/// Compares L1 with a deployment.
///
/// # Errors
/// [`RpcError`] when L1 does not answer. What it answers is in the report, however wrong.
pub async fn verify(l1: &DynProvider, deployment: &Deployment) -> Result<Report, RpcError> {
    let mut checks = chain(l1, deployment).await?;
    let creation = creation::find(l1, deployment).await?;
    checks.extend(code::check(l1, deployment, creation.as_ref()).await?);
    checks.push(creation::check(deployment, creation.as_ref()));
    checks.push(disputes(l1, deployment).await?);
    checks.extend(governance::check(l1, deployment).await?);
    checks.push(sequencers::check(l1, deployment).await?);
    checks.extend(token(l1, deployment).await?);
    Ok(Report { checks })
}

/// The chain is the file's, and the file agrees with itself.
async fn chain(l1: &DynProvider, deployment: &Deployment) -> Result<Vec<Check>, RpcError> {
    let id = l1
        .get_chain_id()
        .await
        .map_err(RpcError::about("its chain id"))?;
    let number = BlockNumberOrTag::Number(deployment.l1_block.number);
    let block = l1.get_block_by_number(number).await;
    let block = block.map_err(RpcError::about("the block of the deployment"))?;
    let found = block.map_or_else(
        || "no such block".to_owned(),
        |block| block.header.hash.to_string(),
    );
    let genesis = super::genesis(deployment.genesis.fee_account);
    let mut checks = vec![
        Check::new("L1 chain id", &deployment.l1_chain_id, &id),
        Check::new(
            format!("L1 block {}", deployment.l1_block.number),
            &deployment.l1_block.hash,
            &found,
        ),
        Check::new(
            "genesis state root",
            &deployment.genesis.state_root,
            &genesis.state_root,
        ),
    ];
    // A development network may have any.
    if deployment.l1_chain_id != DEVELOPMENT_L1 {
        let derived = chain_id::derive(deployment.l1_chain_id, &deployment.rollup);
        checks.push(Check::new(
            "L2 chain id, derived",
            &deployment.l2_chain_id,
            &derived,
        ));
    }
    Ok(checks)
}

/// That `Rollup` lists each of them. That it lists no others is in the check of the creation.
async fn disputes(l1: &DynProvider, deployment: &Deployment) -> Result<Check, RpcError> {
    let expected = deployment.disputes.list();
    let mut found = Vec::new();
    for account in expected {
        let call = Rollup::isDisputesCall { account };
        if read(l1, deployment.rollup, call).await? == Some(true) {
            found.push(account);
        }
    }
    Ok(Check::set("dispute contracts", &expected, found))
}

async fn token(l1: &DynProvider, deployment: &Deployment) -> Result<Option<Check>, RpcError> {
    let Some(token) = deployment.token else {
        return Ok(None);
    };
    let id = read(l1, deployment.bridge, Bridge::tokenIdCall { token }).await?;
    let found = id.map_or_else(|| "not listed".to_owned(), |id| id.to_string());
    Ok(Some(Check::new("test token's number", &1, &found)))
}

/// The events of one kind that a contract of the deployment has emitted, in order.
async fn events<E: SolEvent>(
    l1: &DynProvider,
    deployment: &Deployment,
    contract: Address,
) -> Result<Vec<E>, RpcError> {
    let filter = Filter::new()
        .address(contract)
        .event_signature(E::SIGNATURE_HASH)
        .from_block(deployment.l1_block.number)
        .to_block(BlockNumberOrTag::Latest);
    let logs = l1
        .get_logs(&filter)
        .await
        .map_err(RpcError::about(E::SIGNATURE))?;
    // Another contract at that address may emit what it likes under the same name.
    let decoded = |log: &Log| E::decode_log(&log.inner).ok().map(|log| log.data);
    Ok(logs.iter().filter_map(decoded).collect())
}
