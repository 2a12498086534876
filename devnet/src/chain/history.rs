//! The blocks that are kept, found by number, by hash and by transaction.

use std::collections::VecDeque;
use std::sync::Arc;

use alloy_primitives::B256;
use alloy_primitives::map::B256Map;

use super::block::Block;

/// The kept blocks: a row of them up to the newest. The oldest go when they take too much memory.
#[derive(Debug)]
pub(crate) struct History {
    blocks: VecDeque<Arc<Block>>,
    by_hash: B256Map<u64>,
    by_transaction: B256Map<(u64, usize)>,
    bytes: usize,
}

impl History {
    /// A history that begins with that block.
    pub(crate) fn new(genesis: Arc<Block>) -> Self {
        let mut history = Self {
            blocks: VecDeque::new(),
            by_hash: B256Map::default(),
            by_transaction: B256Map::default(),
            bytes: 0,
        };
        history.push(genesis);
        history
    }

    /// The newest block.
    pub(crate) fn head(&self) -> &Arc<Block> {
        // It begins with a block, `pop` leaves one and `prune` leaves more.
        self.blocks.back().expect("there is always a head")
    }

    /// The number of the oldest block that is kept.
    pub(crate) fn oldest(&self) -> u64 {
        self.blocks.front().map_or(0, |block| block.header.number)
    }

    pub(crate) fn by_number(&self, number: u64) -> Option<&Arc<Block>> {
        let index = number.checked_sub(self.oldest())?;
        self.blocks.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn by_hash(&self, hash: &B256) -> Option<&Arc<Block>> {
        self.by_number(*self.by_hash.get(hash)?)
    }

    /// The block of a transaction, and its place there.
    pub(crate) fn by_transaction(&self, hash: &B256) -> Option<(&Arc<Block>, usize)> {
        let (number, index) = *self.by_transaction.get(hash)?;
        Some((self.by_number(number)?, index))
    }

    /// The newest block at or before that time.
    pub(crate) fn by_timestamp(&self, timestamp: u64) -> Option<&Arc<Block>> {
        let later = self
            .blocks
            .partition_point(|block| block.header.timestamp <= timestamp);
        self.blocks.get(later.checked_sub(1)?)
    }

    /// Adds the next block.
    pub(crate) fn push(&mut self, block: Arc<Block>) {
        let number = block.header.number;
        self.by_hash.insert(block.hash, number);
        for (index, included) in block.transactions.iter().enumerate() {
            self.by_transaction
                .insert(*included.transaction.tx_hash(), (number, index));
        }
        self.bytes = self.bytes.saturating_add(block.memory_bytes());
        self.blocks.push_back(block);
    }

    /// Takes the newest block away, unless it is the only one.
    pub(crate) fn pop(&mut self) -> Option<Arc<Block>> {
        if self.blocks.len() < 2 {
            return None;
        }
        let block = self.blocks.pop_back()?;
        self.forget(&block);
        Some(block)
    }

    /// Drops the oldest blocks until the rest takes no more than that, but leaves so many.
    pub(crate) fn prune(&mut self, bytes_max: usize, blocks_min: usize) {
        while self.bytes > bytes_max && self.blocks.len() > blocks_min.max(1) {
            if let Some(block) = self.blocks.pop_front() {
                self.forget(&block);
            }
        }
    }

    fn forget(&mut self, block: &Block) {
        self.by_hash.remove(&block.hash);
        for included in &block.transactions {
            self.by_transaction.remove(included.transaction.tx_hash());
        }
        self.bytes = self.bytes.saturating_sub(block.memory_bytes());
    }
}
