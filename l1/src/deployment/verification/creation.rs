//! The transaction that created `Rollup`.
//!
//! The list of dispute contracts is a mapping: one can ask about an address, but not for all. A hidden one could fell
//! every batch. The constructor's arguments are the only place where all are named.

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::BlockNumberOrTag;

use super::check::Check;
use crate::connection::RpcError;
use crate::deployment::creation::{self, Addresses, RollupArguments};
use crate::deployment::file::Deployment;
use crate::deployment::parameters::DEVELOPMENT_L1;

/// What L1 knows of the transaction.
#[derive(Debug)]
pub(super) struct Creation {
    /// The contract that it created.
    contract: Option<Address>,
    input: Bytes,
    /// Of its block, in seconds.
    pub(super) timestamp: u64,
}

/// Finds the transaction that the file names, if it is in a block.
pub(super) async fn find(
    l1: &DynProvider,
    deployment: &Deployment,
) -> Result<Option<Creation>, RpcError> {
    const WHAT: &str = "the transaction that created Rollup";
    let hash = deployment.rollup_transaction;
    let transaction = l1
        .get_transaction_by_hash(hash)
        .await
        .map_err(RpcError::about(WHAT))?;
    let receipt = l1
        .get_transaction_receipt(hash)
        .await
        .map_err(RpcError::about(WHAT))?;
    let (Some(transaction), Some(receipt)) = (transaction, receipt) else {
        return Ok(None);
    };
    let Some(number) = receipt.block_number else {
        return Ok(None);
    };
    let block = l1
        .get_block_by_number(BlockNumberOrTag::Number(number))
        .await;
    Ok(block.map_err(RpcError::about(WHAT))?.map(|block| Creation {
        contract: receipt.contract_address,
        input: transaction.input().clone(),
        timestamp: block.header.timestamp,
    }))
}

/// The contract was created by the compiled code with the file's arguments.
pub(super) fn check(deployment: &Deployment, creation: Option<&Creation>) -> Check {
    let expected = fingerprint(deployment.rollup, &expected_input(deployment));
    let found = match creation {
        None => "no such transaction".to_owned(),
        Some(Creation { contract: None, .. }) => "a transaction that creates nothing".to_owned(),
        Some(Creation {
            contract: Some(contract),
            input,
            ..
        }) => fingerprint(*contract, input),
    };
    Check::new("rollup creation", &expected, &found)
}

fn expected_input(deployment: &Deployment) -> Bytes {
    let at = Addresses {
        timelock: deployment.timelock,
        inbox: deployment.inbox,
        bridge: deployment.bridge,
        rollup: deployment.rollup,
        disputes: deployment.disputes,
    };
    let derived = spillway_protocol::chain_id::derive(deployment.l1_chain_id, &deployment.rollup);
    let chosen = deployment.l1_chain_id == DEVELOPMENT_L1 && deployment.l2_chain_id != derived;
    creation::rollup(
        &at,
        RollupArguments {
            sequencers: &deployment.sequencers,
            parameters: &deployment.parameters,
            fee_account: deployment.genesis.fee_account,
            development_chain_id: if chosen { deployment.l2_chain_id } else { 0 },
        },
    )
}

fn fingerprint(contract: Address, input: &[u8]) -> String {
    let hash: B256 = keccak256(input);
    format!("{contract} by {hash}")
}
