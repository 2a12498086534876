//! Blocks, transactions and receipts in the words of Ethereum.
//!
//! What this chain has no counterpart for is zero or empty: blocks carry no state root (chunks do), no
//! receipts root and no logs bloom; receipts carry no logs. The transactions root is the one that
//! the sequencer signs, and not that of a Merkle-Patricia trie. Deposits are operations of L1's inbox and
//! not transactions, so they show in balances alone.

use alloy_consensus::transaction::Recovered;
use alloy_consensus::{Eip658Value, Receipt, ReceiptEnvelope, ReceiptWithBloom, TxEnvelope};
use alloy_eips::eip2718::{Decodable2718, Eip2718Error};
use alloy_primitives::{Address, B256, Bloom, U256};
use alloy_rpc_types_eth::{
    Block as RpcBlock, BlockTransactions, Header, Log, Transaction, TransactionReceipt,
};
use spillway_protocol::gas;
use spillway_protocol::transaction::{
    Intent, TransactionError, TransactionType, WalletTransaction,
};
use spillway_protocol::tree::list_root;

use super::{RpcConfig, gas_limit};
use crate::block::{Block, Included};
use crate::view::View;

/// Why a block cannot be shown. Admission and replay exclude it.
#[derive(Debug, thiserror::Error)]
pub(super) enum BrokenBlock {
    /// A transaction that admission would not take.
    #[error("block {0} holds a transaction that is none: {1}")]
    Transaction(u64, TransactionError),
    /// A transaction that Ethereum's decoder does not take.
    #[error("block {0} holds a transaction that is none: {1}")]
    Envelope(u64, Eip2718Error),
}

/// What blocks are shown with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    chain_id: u64,
    fee_account: Address,
    gas_limit: u64,
}

impl Chain {
    /// The chain of a view.
    pub(super) fn of(view: &View, config: &RpcConfig) -> Self {
        let genesis = view.genesis();
        Self {
            chain_id: genesis.chain_id,
            fee_account: genesis.fee_account,
            gas_limit: gas_limit(config.block_transactions_max),
        }
    }

    /// A block's header.
    pub(super) fn header(&self, block: &Block) -> Result<Header, BrokenBlock> {
        let mut gas_used = 0u64;
        for included in &block.body.transactions {
            gas_used = gas_used.saturating_add(self.gas(block, included)?);
        }
        let inner = alloy_consensus::Header {
            parent_hash: block.header.parent,
            beneficiary: self.fee_account,
            state_root: B256::ZERO,
            transactions_root: list_root(&block.transaction_hashes),
            receipts_root: B256::ZERO,
            number: block.header.number,
            gas_limit: self.gas_limit,
            gas_used,
            timestamp: block.header.timestamp,
            base_fee_per_gas: Some(block.header.base_fee),
            ..alloy_consensus::Header::default()
        };
        Ok(Header {
            hash: block.hash,
            inner,
            total_difficulty: None,
            size: Some(size(block)),
        })
    }

    /// A block, with whole transactions or their hashes.
    pub(super) fn block(&self, block: &Block, full: bool) -> Result<RpcBlock, BrokenBlock> {
        let transactions = if full {
            let all = 0..block.body.transactions.len();
            let all = all.filter_map(|index| self.transaction(block, index).transpose());
            BlockTransactions::Full(all.collect::<Result<_, _>>()?)
        } else {
            BlockTransactions::Hashes(block.transaction_hashes.clone())
        };
        Ok(RpcBlock::new(self.header(block)?, transactions))
    }

    /// The transaction at that place of a block, `None` past its end.
    pub(super) fn transaction(
        &self,
        block: &Block,
        index: usize,
    ) -> Result<Option<Transaction>, BrokenBlock> {
        let Some(included) = block.body.transactions.get(index) else {
            return Ok(None);
        };
        let envelope = TxEnvelope::decode_2718_exact(&included.raw)
            .map_err(|error| BrokenBlock::Envelope(block.header.number, error))?;
        Ok(Some(Transaction {
            inner: Recovered::new_unchecked(envelope, included.sender),
            block_hash: Some(block.hash),
            block_number: Some(block.header.number),
            transaction_index: Some(index as u64),
            effective_gas_price: Some(u128::from(block.header.base_fee)),
            block_timestamp: Some(block.header.timestamp),
        }))
    }

    /// The receipt of the transaction at that place of a block, `None` past its end.
    pub(super) fn receipt(
        &self,
        block: &Block,
        index: usize,
    ) -> Result<Option<TransactionReceipt>, BrokenBlock> {
        let mut cumulative_gas = 0u64;
        for included in block.body.transactions.iter().take(index) {
            cumulative_gas = cumulative_gas.saturating_add(self.gas(block, included)?);
        }
        let included = block.body.transactions.get(index);
        included
            .map(|one| self.receipt_after(block, index, one, &mut cumulative_gas))
            .transpose()
    }

    /// All receipts of a block.
    pub(super) fn receipts(&self, block: &Block) -> Result<Vec<TransactionReceipt>, BrokenBlock> {
        let mut cumulative_gas = 0u64;
        let included = block.body.transactions.iter().enumerate();
        included
            .map(|(index, one)| self.receipt_after(block, index, one, &mut cumulative_gas))
            .collect()
    }

    /// The receipt of a transaction, given the gas used before it; adds its own.
    fn receipt_after(
        &self,
        block: &Block,
        index: usize,
        included: &Included,
        cumulative_gas: &mut u64,
    ) -> Result<TransactionReceipt, BrokenBlock> {
        let (transaction, gas_used) = self.read(block, included)?;
        *cumulative_gas = cumulative_gas.saturating_add(gas_used);
        let receipt = Receipt {
            status: Eip658Value::Eip658(true),
            cumulative_gas_used: *cumulative_gas,
            logs: Vec::new(),
        };
        Ok(TransactionReceipt {
            inner: envelope(transaction.transaction_type, receipt),
            transaction_hash: block
                .transaction_hashes
                .get(index)
                .copied()
                .unwrap_or_default(),
            transaction_index: Some(index as u64),
            block_hash: Some(block.hash),
            block_number: Some(block.header.number),
            gas_used,
            effective_gas_price: u128::from(block.header.base_fee),
            blob_gas_used: None,
            blob_gas_price: None,
            from: included.sender,
            to: Some(transaction.to),
            contract_address: None,
        })
    }

    fn gas(&self, block: &Block, included: &Included) -> Result<u64, BrokenBlock> {
        self.read(block, included).map(|(_, gas)| gas)
    }

    /// A transaction and its gas.
    fn read<'a>(
        &self,
        block: &Block,
        included: &'a Included,
    ) -> Result<(WalletTransaction<'a>, u64), BrokenBlock> {
        let transaction = WalletTransaction::decode(&included.raw, self.chain_id);
        transaction
            .and_then(|transaction| {
                let gas = gas::gas(Intent::of(&transaction)?.gas_kind());
                Ok((transaction, gas))
            })
            .map_err(|error| BrokenBlock::Transaction(block.header.number, error))
    }
}

fn envelope(kind: TransactionType, receipt: Receipt<Log>) -> ReceiptEnvelope<Log> {
    let receipt = ReceiptWithBloom {
        receipt,
        logs_bloom: Bloom::ZERO,
    };
    match kind {
        TransactionType::Legacy => ReceiptEnvelope::Legacy(receipt),
        TransactionType::AccessList => ReceiptEnvelope::Eip2930(receipt),
        TransactionType::DynamicFee => ReceiptEnvelope::Eip1559(receipt),
    }
}

/// Bytes of the operations and the signed transactions.
fn size(block: &Block) -> U256 {
    let transactions: usize = block
        .body
        .transactions
        .iter()
        .map(|one| one.raw.len())
        .sum();
    U256::from(block.body.operations.len() + transactions)
}
