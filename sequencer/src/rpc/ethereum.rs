//! Blocks, transactions, receipts and logs in the words of Ethereum.
//!
//! What this chain has no counterpart for is zero: blocks carry no state root (chunks do) and no receipts root. The
//! transactions root is the one that the sequencer signs, and not that of a Merkle-Patricia trie.
//!
//! A block's messages from L1 are operations without a signed transaction. One transaction without a signature, the last one
//! of the block, stands for all of them, so that what they did has a receipt and logs.

use alloy_consensus::transaction::Recovered;
use alloy_consensus::{
    Eip658Value, Receipt, ReceiptEnvelope, ReceiptWithBloom, Signed, TxEnvelope, TxLegacy,
};
use alloy_eips::eip2718::{Decodable2718, Eip2718Error};
use alloy_primitives::{Address, B256, Bloom, Signature, TxKind, U256, logs_bloom};
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
use crate::effects::{Effect, Effects};
use crate::logs::{self, INBOX_ADDRESS, SYSTEM_ADDRESS};
use crate::view::{BlockLog, ReadError, View};

/// Why a block cannot be shown. Admission and replay exclude it.
#[derive(Debug, thiserror::Error)]
pub(super) enum BrokenBlock {
    /// A transaction that admission would not take.
    #[error("block {0} holds a transaction that is none: {1}")]
    Transaction(u64, TransactionError),
    /// A transaction that Ethereum's decoder does not take.
    #[error("block {0} holds a transaction that is none: {1}")]
    Envelope(u64, Eip2718Error),
    /// What its messages did is not known.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What blocks are shown with.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    view: View,
    chain_id: u64,
    fee_account: Address,
    gas_limit: u64,
}

impl Chain {
    /// The chain of a view.
    pub(super) fn of(view: &View, config: &RpcConfig) -> Self {
        let genesis = view.genesis();
        Self {
            view: view.clone(),
            chain_id: genesis.chain_id,
            fee_account: genesis.fee_account,
            gas_limit: gas_limit(config.block_transactions_max),
        }
    }

    /// A block's header.
    pub(super) fn header(&self, block: &Block) -> Result<Header, BrokenBlock> {
        let (mut gas_used, mut bloom) = (0u64, Bloom::ZERO);
        let mut effects = self.effects(block)?;
        let mut accrue = |effect: Effect<'_>| {
            logs::of_effect(&effect, |log| bloom.accrue_log(&log));
        };
        for included in &block.body.transactions {
            let (_, gas) = self.read(block, included, &mut effects, &mut accrue)?;
            gas_used = gas_used.saturating_add(gas);
        }
        effects.of_messages(block, &self.view.tokens(), &mut accrue);
        let inner = alloy_consensus::Header {
            parent_hash: block.header.parent,
            beneficiary: self.fee_account,
            state_root: B256::ZERO,
            transactions_root: list_root(&block.transaction_hashes),
            receipts_root: B256::ZERO,
            logs_bloom: bloom,
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
            let all = 0..block.listed_len();
            let all = all.filter_map(|index| self.transaction(block, index).transpose());
            BlockTransactions::Full(all.collect::<Result<_, _>>()?)
        } else {
            BlockTransactions::Hashes(block.listed_hashes().collect())
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
            let hash = block.system_hash();
            let hash = hash.filter(|_| index == block.transaction_hashes.len());
            return Ok(hash.map(|hash| {
                let inner = self.system_transaction(block, hash);
                placed(block, index, inner, 0)
            }));
        };
        let envelope = TxEnvelope::decode_2718_exact(&included.raw)
            .map_err(|error| BrokenBlock::Envelope(block.header.number, error))?;
        let inner = Recovered::new_unchecked(envelope, included.sender);
        Ok(Some(placed(block, index, inner, block.header.base_fee)))
    }

    /// The transaction that stands for a block's messages. Nobody signed it: r and s are zero.
    fn system_transaction(&self, block: &Block, hash: B256) -> Recovered<TxEnvelope> {
        let transaction = TxLegacy {
            chain_id: Some(self.chain_id),
            nonce: block.first_message(),
            to: TxKind::Call(INBOX_ADDRESS),
            ..TxLegacy::default()
        };
        let unsigned = Signature::new(U256::ZERO, U256::ZERO, false);
        let signed = Signed::new_unchecked(transaction, unsigned, hash);
        Recovered::new_unchecked(TxEnvelope::Legacy(signed), SYSTEM_ADDRESS)
    }

    /// The receipt of the transaction at that place of a block, `None` past its end.
    pub(super) fn receipt(
        &self,
        block: &Block,
        index: usize,
    ) -> Result<Option<TransactionReceipt>, BrokenBlock> {
        let mut effects = self.effects(block)?;
        let mut before = Before::default();
        for included in block.body.transactions.iter().take(index) {
            let count = |effect: Effect<'_>| before.logs += logs::count(&effect);
            let (_, gas) = self.read(block, included, &mut effects, count)?;
            before.gas = before.gas.saturating_add(gas);
        }
        if let Some(included) = block.body.transactions.get(index) {
            let receipt = self.receipt_after(block, index, included, &mut effects, &mut before);
            return receipt.map(Some);
        }
        let hash = block.system_hash();
        let hash = hash.filter(|_| index == block.transaction_hashes.len());
        Ok(hash.map(|hash| self.system_receipt(block, hash, &mut effects, before)))
    }

    /// All receipts of a block.
    pub(super) fn receipts(&self, block: &Block) -> Result<Vec<TransactionReceipt>, BrokenBlock> {
        let mut effects = self.effects(block)?;
        let mut before = Before::default();
        let mut receipts = Vec::with_capacity(block.listed_len());
        for (index, included) in block.body.transactions.iter().enumerate() {
            let receipt = self.receipt_after(block, index, included, &mut effects, &mut before)?;
            receipts.push(receipt);
        }
        let system = block.system_hash();
        receipts.extend(system.map(|hash| self.system_receipt(block, hash, &mut effects, before)));
        Ok(receipts)
    }

    /// The receipt of a signed transaction, given what is before it in the block; adds its own.
    fn receipt_after(
        &self,
        block: &Block,
        index: usize,
        included: &Included,
        effects: &mut Effects,
        before: &mut Before,
    ) -> Result<TransactionReceipt, BrokenBlock> {
        let mut found = Vec::new();
        let (transaction, gas_used) = self.read(block, included, effects, |effect| {
            logs::of_effect(&effect, |log| found.push(log));
        })?;
        before.gas = before.gas.saturating_add(gas_used);
        let hash = block.transaction_hashes.get(index).copied();
        let receipt = Shown {
            index,
            hash: hash.unwrap_or_default(),
            from: included.sender,
            to: transaction.to,
            gas_used,
            gas_price: block.header.base_fee,
        };
        Ok(receipt.receipt(block, transaction.transaction_type, found, before))
    }

    fn system_receipt(
        &self,
        block: &Block,
        hash: B256,
        effects: &mut Effects,
        mut before: Before,
    ) -> TransactionReceipt {
        let mut found = Vec::new();
        effects.of_messages(block, &self.view.tokens(), |effect| {
            logs::of_effect(&effect, |log| found.push(log));
        });
        let receipt = Shown {
            index: block.transaction_hashes.len(),
            hash,
            from: SYSTEM_ADDRESS,
            to: INBOX_ADDRESS,
            gas_used: 0,
            gas_price: 0,
        };
        receipt.receipt(block, TransactionType::Legacy, found, &mut before)
    }

    fn effects(&self, block: &Block) -> Result<Effects, BrokenBlock> {
        Ok(Effects::new(&*self.view.outcomes(block)?))
    }

    /// The next transaction and its gas; shows its effects.
    fn read<'a>(
        &self,
        block: &Block,
        included: &'a Included,
        effects: &mut Effects,
        visit: impl FnMut(Effect<'a>),
    ) -> Result<(WalletTransaction<'a>, u64), BrokenBlock> {
        let transaction = WalletTransaction::decode(&included.raw, self.chain_id);
        transaction
            .and_then(|transaction| {
                let intent = Intent::of(&transaction)?;
                effects.of_transaction(included, &transaction, &intent, visit);
                Ok((transaction, gas::gas(intent.gas_kind())))
            })
            .map_err(|error| BrokenBlock::Transaction(block.header.number, error))
    }
}

/// What is before a transaction in its block.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    gas: u64,
    logs: u64,
}

/// What a receipt says beside its logs.
struct Shown {
    index: usize,
    hash: B256,
    from: Address,
    to: Address,
    gas_used: u64,
    gas_price: u64,
}

impl Shown {
    /// The receipt, given the gas up to and with the transaction, and the logs before it; counts its own.
    fn receipt(
        self,
        block: &Block,
        kind: TransactionType,
        found: Vec<alloy_primitives::Log>,
        before: &mut Before,
    ) -> TransactionReceipt {
        let place = Some((self.index as u64, self.hash));
        let bloom = logs_bloom(&found);
        let logs: Vec<_> = (before.logs..)
            .zip(found)
            .map(|(at, log)| rpc_log(block, place, at, log))
            .collect();
        before.logs += logs.len() as u64;
        let receipt = Receipt {
            status: Eip658Value::Eip658(true),
            cumulative_gas_used: before.gas,
            logs,
        };
        TransactionReceipt {
            inner: envelope(kind, receipt, bloom),
            transaction_hash: self.hash,
            transaction_index: Some(self.index as u64),
            block_hash: Some(block.hash),
            block_number: Some(block.header.number),
            gas_used: self.gas_used,
            effective_gas_price: u128::from(self.gas_price),
            blob_gas_used: None,
            blob_gas_price: None,
            from: self.from,
            to: Some(self.to),
            contract_address: None,
        }
    }
}

/// A log of a block, as its receipt and the searches show it.
pub(super) fn block_log(block: &Block, at: usize, found: BlockLog) -> Log {
    let hash = block.transaction_hashes.get(found.transaction).copied();
    let hash = hash.or_else(|| block.system_hash());
    let place = hash.map(|hash| (found.transaction as u64, hash));
    rpc_log(block, place, at as u64, found.log)
}

fn rpc_log(
    block: &Block,
    place: Option<(u64, B256)>,
    at: u64,
    inner: alloy_primitives::Log,
) -> Log {
    Log {
        inner,
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        block_timestamp: Some(block.header.timestamp),
        transaction_hash: place.map(|(_, hash)| hash),
        transaction_index: place.map(|(index, _)| index),
        log_index: Some(at),
        removed: false,
    }
}

/// A transaction at its place.
fn placed(
    block: &Block,
    index: usize,
    inner: Recovered<TxEnvelope>,
    gas_price: u64,
) -> Transaction {
    Transaction {
        inner,
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        transaction_index: Some(index as u64),
        effective_gas_price: Some(u128::from(gas_price)),
        block_timestamp: Some(block.header.timestamp),
    }
}

fn envelope(
    kind: TransactionType,
    receipt: Receipt<Log>,
    logs_bloom: Bloom,
) -> ReceiptEnvelope<Log> {
    let receipt = ReceiptWithBloom {
        receipt,
        logs_bloom,
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
