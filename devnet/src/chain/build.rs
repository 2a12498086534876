//! Building one block: its transactions one by one, then its header.

use std::sync::Arc;

use alloy_consensus::constants::EMPTY_WITHDRAWALS;
use alloy_consensus::proofs::{calculate_receipt_root, calculate_transaction_root};
use alloy_consensus::transaction::Recovered;
use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom,
    Transaction, TxEnvelope,
};
use alloy_eips::eip2718::Encodable2718;
use alloy_eips::eip2935::HISTORY_STORAGE_ADDRESS;
use alloy_eips::eip4788::BEACON_ROOTS_ADDRESS;
use alloy_eips::eip4844::DATA_GAS_PER_BLOB;
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{B256, Bloom, Bytes, Keccak256};
use alloy_rlp::Encodable;
use revm::context::result::ExecutionResult;

use super::block::{Block, Included};
use super::execute::ExecutionError;
use super::fees::Fees;
use super::world::Undo;
use super::{Chain, Environment};

/// What `extra_data` says of every block but genesis.
const EXTRA_DATA: &[u8] = b"spillway-devnet";

/// What a block is begun with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beginning {
    pub(super) timestamp: u64,
    pub(super) fees: Fees,
    /// Reorgs before it, so that a block that replaces another one differs from it.
    pub(super) fork: u64,
}

/// A block in the making. The chain's state moves on with it.
#[derive(Debug)]
pub(super) struct Building {
    pub(super) header: Header,
    transactions: Vec<Included>,
    undo: Undo,
    blobs: u64,
    logs: u64,
}

/// Why a transaction is not in the block.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The block has no room for its gas or blobs.
    NoRoom,
    /// It cannot run.
    Invalid(ExecutionError),
}

impl Building {
    /// Begins the block after the head: what the protocol itself writes comes first.
    pub(super) fn begin(chain: &mut Chain, beginning: &Beginning) -> Result<Self, ExecutionError> {
        let mut building = Self {
            header: header(chain, beginning),
            transactions: Vec::new(),
            undo: Undo::default(),
            blobs: 0,
            logs: 0,
        };
        let parent = Bytes::copy_from_slice(building.header.parent_hash.as_slice());
        let calls = [HISTORY_STORAGE_ADDRESS, BEACON_ROOTS_ADDRESS].map(|to| (to, parent.clone()));
        let environment = building.environment(chain);
        let changes = environment.system_calls(chain.newest(), calls)?;
        chain.world.apply(changes, &mut building.undo);
        Ok(building)
    }

    fn environment<'a>(&'a self, chain: &'a Chain) -> Environment<'a> {
        Environment {
            header: &self.header,
            chain_id: chain.config.chain_id,
            blobs: &chain.config.blobs,
        }
    }

    /// Runs a transaction as the block's next.
    pub(super) fn include(
        &mut self,
        chain: &mut Chain,
        transaction: &Recovered<TxEnvelope>,
    ) -> Result<(), Refusal> {
        let gas_left = self.header.gas_limit.saturating_sub(self.header.gas_used);
        let blobs = self.blobs + transaction.blob_count().unwrap_or_default();
        if transaction.gas_limit() > gas_left || blobs > chain.config.blobs.max_blob_count {
            return Err(Refusal::NoRoom);
        }
        let outcome = self
            .environment(chain)
            .transact(chain.newest(), transaction)
            .map_err(Refusal::Invalid)?;
        chain.world.apply(outcome.state, &mut self.undo);
        self.blobs = blobs;
        self.record(transaction, outcome.result);
        Ok(())
    }

    fn record(&mut self, transaction: &Recovered<TxEnvelope>, result: ExecutionResult) {
        let gas_used = result.tx_gas_used();
        let success = result.is_success();
        let contract = result.created_address();
        self.header.gas_used += gas_used;
        let logs = if success {
            result.into_logs()
        } else {
            Vec::new()
        };
        let receipt = Receipt {
            status: Eip658Value::Eip658(success),
            cumulative_gas_used: self.header.gas_used,
            logs,
        };
        let logs_before = self.logs;
        self.logs += receipt.logs.len() as u64;
        let base_fee = self.header.base_fee_per_gas;
        self.transactions.push(Included {
            receipt: ReceiptEnvelope::from_typed(
                transaction.tx_type(),
                ReceiptWithBloom::from(receipt),
            ),
            gas_used,
            effective_gas_price: transaction.effective_gas_price(base_fee),
            contract,
            logs_before,
            transaction: transaction.clone(),
        });
    }

    /// Finishes the header, and makes the block the chain's head.
    pub(super) fn finish(mut self, chain: &mut Chain) -> Arc<Block> {
        let envelopes: Vec<&TxEnvelope> = self
            .transactions
            .iter()
            .map(|one| &*one.transaction)
            .collect();
        let receipts: Vec<&ReceiptEnvelope> =
            self.transactions.iter().map(|one| &one.receipt).collect();
        let bloom = receipts
            .iter()
            .fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom());
        let size: usize = envelopes.iter().map(|one| one.encode_2718_len()).sum();
        let header = Header {
            state_root: chain.world.commitment(chain.commitment, &self.undo),
            transactions_root: calculate_transaction_root(&envelopes),
            receipts_root: calculate_receipt_root(&receipts),
            logs_bloom: bloom,
            blob_gas_used: Some(self.blobs * DATA_GAS_PER_BLOB),
            ..std::mem::take(&mut self.header)
        };
        let size = size + header.length();
        let block = Arc::new(Block {
            hash: header.hash_slow(),
            header,
            transactions: self.transactions,
            size,
        });
        chain.extend(Arc::clone(&block), self.undo);
        block
    }
}

fn header(chain: &Chain, beginning: &Beginning) -> Header {
    let parent = chain.head();
    Header {
        parent_hash: parent.hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: chain.config.fee_recipient,
        number: parent.header.number + 1,
        gas_limit: chain.config.gas_limit,
        timestamp: beginning.timestamp,
        extra_data: Bytes::from_static(EXTRA_DATA),
        mix_hash: randomness(parent.hash, beginning.fork),
        base_fee_per_gas: Some(beginning.fees.base_fee),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        excess_blob_gas: Some(beginning.fees.excess_blob_gas),
        // A beacon block has the root of its execution block here.
        parent_beacon_block_root: Some(parent.hash),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    }
}

/// PREVRANDAO: the same for the same chain, other than that of a block it replaces.
fn randomness(parent: B256, fork: u64) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(parent);
    hasher.update(fork.to_be_bytes());
    hasher.finalize()
}
