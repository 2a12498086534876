//! The newest blocks, in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alloy_primitives::B256;

use crate::block::Block;
use crate::index::Executed;
use crate::outcome::Outcomes;

/// Blocks that the index does not hold yet, and a few that it does.
#[derive(Debug, Default)]
pub(super) struct Recent {
    blocks: BTreeMap<u64, Executed>,
    by_hash: HashMap<B256, u64>,
    transactions: HashMap<B256, (u64, u32)>,
}

/// Indexed blocks that stay in memory, because wallets ask for the newest ones.
pub(super) const RECENT_BLOCKS: u64 = 256;

impl Recent {
    pub(super) fn insert(&mut self, executed: Executed) {
        let block = &executed.block;
        let number = block.header.number;
        self.by_hash.insert(block.hash, number);
        let places = block.listed_hashes().zip(0u32..);
        self.transactions
            .extend(places.map(|(hash, place)| (hash, (number, place))));
        self.blocks.insert(number, executed);
    }

    pub(super) fn forget_before(&mut self, number: u64) {
        while let Some(entry) = self
            .blocks
            .first_entry()
            .filter(|entry| *entry.key() < number)
        {
            let Executed { block, .. } = entry.remove();
            self.by_hash.remove(&block.hash);
            for hash in block.listed_hashes() {
                self.transactions.remove(&hash);
            }
        }
    }

    pub(super) fn block(&self, number: u64) -> Option<&Arc<Block>> {
        self.blocks.get(&number).map(|executed| &executed.block)
    }

    pub(super) fn outcomes(&self, number: u64) -> Option<&Arc<Outcomes>> {
        self.blocks.get(&number).map(|executed| &executed.outcomes)
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
