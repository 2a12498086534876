//! What can be asked of the chain.

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};

use super::{Block, Chain, Fees, HeldFees, StateAt, fees};
use crate::config::ChainConfig;
use crate::pool::Submission;

impl Chain {
    /// What it was made with.
    #[must_use]
    pub const fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// Unix seconds of slot 0.
    #[must_use]
    pub const fn genesis_timestamp(&self) -> u64 {
        self.genesis_timestamp
    }

    /// The newest block.
    #[must_use]
    pub fn head(&self) -> &Arc<Block> {
        self.history.head()
    }

    /// The block of that number, `None` if there is none or it is no longer kept.
    #[must_use]
    pub fn block(&self, number: u64) -> Option<&Arc<Block>> {
        self.history.by_number(number)
    }

    /// The block of that hash.
    #[must_use]
    pub fn block_by_hash(&self, hash: &B256) -> Option<&Arc<Block>> {
        self.history.by_hash(hash)
    }

    /// The block of a transaction, and the transaction's place in it.
    #[must_use]
    pub fn transaction(&self, hash: &B256) -> Option<(&Arc<Block>, usize)> {
        self.history.by_transaction(hash)
    }

    /// The block of a slot.
    #[must_use]
    pub fn block_by_slot(&self, slot: u64) -> Option<&Arc<Block>> {
        let seconds = slot.checked_mul(self.seconds_per_slot())?;
        let timestamp = self.genesis_timestamp.checked_add(seconds)?;
        let block = self.history.by_timestamp(timestamp)?;
        (block.header.timestamp == timestamp).then_some(block)
    }

    /// The slot of a block.
    #[must_use]
    pub fn slot(&self, block: &Block) -> u64 {
        let seconds = block
            .header
            .timestamp
            .saturating_sub(self.genesis_timestamp);
        seconds / self.seconds_per_slot()
    }

    /// The number of the oldest block that is kept.
    #[must_use]
    pub fn oldest_block(&self) -> u64 {
        self.history.oldest()
    }

    /// The blob transactions of a block, `None` when they are not in memory.
    #[must_use]
    pub fn blob_transactions(&self, block: &Block) -> Option<&[Arc<Submission>]> {
        self.blobs.of(block.header.number, &block.hash)
    }

    /// A transaction that waits for a block.
    #[must_use]
    pub fn pending(&self, hash: &B256) -> Option<&Arc<Submission>> {
        self.pool.get(hash)
    }

    /// How many transactions wait.
    #[must_use]
    pub fn pending_count(&self) -> usize {
        self.pool.len()
    }

    /// An account's balance after the newest block, in wei.
    #[must_use]
    pub fn balance(&self, address: &Address) -> U256 {
        self.world.account(address).balance
    }

    /// An account's next nonce after the newest block.
    #[must_use]
    pub fn nonce(&self, address: &Address) -> u64 {
        self.world.account(address).nonce
    }

    /// The account's next nonce, those in the mempool included up to the first gap.
    #[must_use]
    pub fn pending_nonce(&self, address: &Address) -> u64 {
        let nonce = self.world.account(address).nonce;
        self.pool.next_nonce(address, nonce)
    }

    /// The fees of the next block: wei per gas, and wei per blob gas.
    #[must_use]
    pub fn next_fees(&self) -> (u64, u128) {
        let fees = self.fees_after(self.head());
        let blob_fee = self.config.blobs.calc_blob_fee(fees.excess_blob_gas);
        (fees.base_fee, blob_fee)
    }

    /// The fees of the block after that one, if it follows the rules, and as they are held.
    pub(crate) fn fees_after(&self, block: &Block) -> Fees {
        fees::next(block, &self.config.blobs, &self.held)
    }

    /// The fees that are held.
    #[must_use]
    pub const fn held_fees(&self) -> HeldFees {
        self.held
    }

    /// The state after a block, `None` if it is no longer kept.
    pub(crate) fn state_at(&self, number: u64) -> Option<StateAt<'_>> {
        let behind = self.head().header.number.checked_sub(number)?;
        let later = self
            .undos
            .len()
            .checked_sub(usize::try_from(behind).ok()?)?;
        Some(StateAt {
            world: &self.world,
            undos: &self.undos,
            later,
            history: &self.history,
        })
    }

    /// The newest state.
    pub(crate) fn newest(&self) -> StateAt<'_> {
        StateAt {
            world: &self.world,
            undos: &self.undos,
            later: self.undos.len(),
            history: &self.history,
        }
    }
}
