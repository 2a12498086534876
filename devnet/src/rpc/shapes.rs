//! Blocks, transactions, receipts and logs in the shapes of JSON-RPC.

use alloy_consensus::transaction::Recovered;
use alloy_consensus::{ReceiptEnvelope, Transaction as _, TxEnvelope};
use alloy_eips::eip7840::BlobParams;
use alloy_primitives::{Log as PrimitiveLog, U256};
use alloy_rpc_types_eth::{
    Block as RpcBlock, BlockTransactions, Header, Log, Transaction, TransactionReceipt, Withdrawals,
};

use crate::chain::{Block, Included};

/// A block's header.
pub(crate) fn header(block: &Block) -> Header {
    Header {
        hash: block.hash,
        inner: block.header.clone(),
        total_difficulty: None,
        size: Some(U256::from(block.size)),
    }
}

/// A block, with whole transactions or their hashes.
pub(super) fn block(block: &Block, full: bool) -> RpcBlock {
    let count = block.transactions.len();
    let transactions = if full {
        let all = (0..count).filter_map(|index| transaction(block, index));
        BlockTransactions::Full(all.collect())
    } else {
        let hashes = block.transactions.iter();
        BlockTransactions::Hashes(hashes.map(|one| *one.transaction.tx_hash()).collect())
    };
    RpcBlock::new(header(block), transactions).with_withdrawals(Some(Withdrawals::default()))
}

/// The transaction at that place of a block, `None` past its end.
pub(super) fn transaction(block: &Block, index: usize) -> Option<Transaction> {
    let included = block.transactions.get(index)?;
    Some(Transaction {
        inner: included.transaction.clone(),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        transaction_index: Some(index as u64),
        effective_gas_price: Some(included.effective_gas_price),
        block_timestamp: Some(block.header.timestamp),
    })
}

/// A transaction that waits for a block.
pub(super) fn pending(transaction: &Recovered<TxEnvelope>) -> Transaction {
    Transaction {
        inner: transaction.clone(),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: None,
        block_timestamp: None,
    }
}

/// The receipt of the transaction at that place of a block, `None` past its end.
pub(super) fn receipt(
    block: &Block,
    index: usize,
    blobs: &BlobParams,
) -> Option<TransactionReceipt> {
    let included = block.transactions.get(index)?;
    let transaction = &included.transaction;
    let blob_gas_used = transaction.blob_gas_used();
    let blob_fee = || blobs.calc_blob_fee(block.excess_blob_gas());
    Some(TransactionReceipt {
        inner: receipt_envelope(block, index, included),
        transaction_hash: *transaction.tx_hash(),
        transaction_index: Some(index as u64),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        gas_used: included.gas_used,
        effective_gas_price: included.effective_gas_price,
        blob_gas_used,
        blob_gas_price: blob_gas_used.map(|_| blob_fee()),
        from: transaction.signer(),
        to: transaction.to(),
        contract_address: included.contract,
    })
}

fn receipt_envelope(block: &Block, index: usize, included: &Included) -> ReceiptEnvelope<Log> {
    let mut log_index = included.logs_before;
    included.receipt.clone().map_logs(|inner| {
        let shape = log(block, index, log_index, inner);
        log_index += 1;
        shape
    })
}

/// A log, at its place in a block.
pub(super) fn log(block: &Block, transaction: usize, index: u64, inner: PrimitiveLog) -> Log {
    let included = block.transactions.get(transaction);
    Log {
        inner,
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        block_timestamp: Some(block.header.timestamp),
        transaction_hash: included.map(|one| *one.transaction.tx_hash()),
        transaction_index: Some(transaction as u64),
        log_index: Some(index),
        removed: false,
    }
}
