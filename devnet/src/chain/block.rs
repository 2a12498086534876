//! A block, with what its transactions did.

use alloy_consensus::transaction::Recovered;
use alloy_consensus::{Header, ReceiptEnvelope, TxEnvelope};
use alloy_primitives::{Address, B256, Log};

/// A block of the chain.
#[derive(Debug)]
pub struct Block {
    /// Keccak of the header's RLP.
    pub hash: B256,
    /// The header. Its state root is no Merkle-Patricia root: see [`crate::chain`].
    pub header: Header,
    /// The transactions, in order, and their receipts.
    pub transactions: Vec<Included>,
    /// Bytes of the block's RLP, about.
    pub size: usize,
}

/// A transaction in a block, and what it did.
#[derive(Debug)]
pub struct Included {
    /// The transaction, without blobs.
    pub transaction: Recovered<TxEnvelope>,
    /// Its receipt.
    pub receipt: ReceiptEnvelope,
    /// Gas that it used itself.
    pub gas_used: u64,
    /// Wei that it paid per gas.
    pub effective_gas_price: u128,
    /// The contract that it created.
    pub contract: Option<Address>,
    /// Logs of the block before its own.
    pub logs_before: u64,
}

impl Block {
    /// Its logs, each with the place of its transaction and its own place in the block.
    pub fn logs(&self) -> impl Iterator<Item = (usize, u64, &Log)> {
        let transactions = self.transactions.iter().enumerate();
        transactions.flat_map(|(index, included)| {
            let logs = (included.logs_before..).zip(included.receipt.logs());
            logs.map(move |(log_index, log)| (index, log_index, log))
        })
    }

    /// The blob gas that it could charge for, which its header names.
    #[must_use]
    pub fn excess_blob_gas(&self) -> u64 {
        self.header.excess_blob_gas.unwrap_or_default()
    }

    /// Wei per gas.
    #[must_use]
    pub fn base_fee(&self) -> u64 {
        self.header.base_fee_per_gas.unwrap_or_default()
    }

    /// What it takes in memory, about: the structures, the bytes of the transactions, the logs.
    pub(crate) fn memory_bytes(&self) -> usize {
        let logs = self.transactions.iter().flat_map(|one| one.receipt.logs());
        let logs = logs.map(|log| 256 + log.data.data.len());
        size_of::<Self>()
            + 256
            + self.size
            + self.transactions.len() * (size_of::<Included>() + 512)
            + logs.sum::<usize>()
    }
}
