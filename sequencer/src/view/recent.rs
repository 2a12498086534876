//! The newest blocks, in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alloy_primitives::B256;

use crate::block::Block;

/// Blocks that the index does not hold yet, and a few that it does.
#[derive(Debug, Default)]
pub(super) struct Recent {
    blocks: BTreeMap<u64, Arc<Block>>,
    by_hash: HashMap<B256, u64>,
    transactions: HashMap<B256, (u64, u32)>,
}

/// Indexed blocks that stay in memory, because wallets ask for the newest ones.
pub(super) const RECENT_BLOCKS: u64 = 256;

impl Recent {
    pub(super) fn insert(&mut self, block: &Arc<Block>) {
        let number = block.header.number;
        self.by_hash.insert(block.hash, number);
        let places = block.transaction_hashes.iter().zip(0u32..);
        self.transactions
            .extend(places.map(|(hash, place)| (*hash, (number, place))));
        self.blocks.insert(number, Arc::clone(block));
    }

    pub(super) fn forget_before(&mut self, number: u64) {
        while let Some(entry) = self
            .blocks
            .first_entry()
            .filter(|entry| *entry.key() < number)
        {
            let block = entry.remove();
            self.by_hash.remove(&block.hash);
            for hash in &block.transaction_hashes {
                self.transactions.remove(hash);
            }
        }
    }

    pub(super) fn block(&self, number: u64) -> Option<&Arc<Block>> {
        self.blocks.get(&number)
    }

    /// The number of the block with that hash.
    pub(super) fn number(&self, hash: &B256) -> Option<u64> {
        self.by_hash.get(hash).copied()
    }

    /// The block that holds a transaction, and the transaction's place in it.
    pub(super) fn place(&self, hash: &B256) -> Option<(u64, u32)> {
        self.transactions.get(hash).copied()
    }
}
