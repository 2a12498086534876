//! The first block, and the state that it begins with.

use alloy_consensus::constants::EMPTY_WITHDRAWALS;
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, Header};
use alloy_eips::eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE};
use alloy_eips::eip4788::{BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::B256;
use alloy_rlp::Encodable;
use revm::bytecode::Bytecode;

use super::Block;
use super::world::{Undo, World};
use crate::config::ChainConfig;

/// The contracts that the protocol writes to, and the funded accounts.
pub(super) fn state(config: &ChainConfig) -> (World, B256) {
    let mut world = World::default();
    let mut undo = Undo::default();
    for (address, code) in [
        (HISTORY_STORAGE_ADDRESS, &HISTORY_STORAGE_CODE),
        (BEACON_ROOTS_ADDRESS, &BEACON_ROOTS_CODE),
    ] {
        world.set_code(address, Bytecode::new_legacy(code.clone()), &mut undo);
    }
    for (address, balance) in &config.funded {
        world.set_balance(*address, *balance, &mut undo);
    }
    let commitment = world.commitment(B256::ZERO, &undo);
    (world, commitment)
}

/// The block.
pub(super) fn block(config: &ChainConfig, timestamp: u64, state_root: B256) -> Block {
    let header = Header {
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        state_root,
        transactions_root: EMPTY_ROOT_HASH,
        receipts_root: EMPTY_ROOT_HASH,
        beneficiary: config.fee_recipient,
        gas_limit: config.gas_limit,
        timestamp,
        base_fee_per_gas: Some(config.base_fee),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    };
    Block {
        hash: header.hash_slow(),
        size: header.length(),
        header,
        transactions: Vec::new(),
    }
}
