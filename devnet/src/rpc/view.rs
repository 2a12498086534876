//! The chain as a caller sees it: up to the newest block, or, to one that meets the fault of a stale head,
//! up to an older one.

use std::sync::Arc;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256};
use jsonrpsee::types::ErrorObjectOwned;
use parking_lot::RwLockReadGuard;

use super::error;
use crate::chain::{Block, Chain, StateAt};
use crate::node::Node;

/// The chain, up to some block.
#[derive(Debug)]
pub(super) struct View<'a> {
    chain: RwLockReadGuard<'a, Chain>,
    /// The number of the newest block that is seen.
    head: u64,
}

impl<'a> View<'a> {
    /// The chain without its newest blocks.
    pub(super) fn new(node: &'a Node, stale: u64) -> Self {
        let chain = node.chain();
        let newest = chain.head().header.number;
        let head = newest.saturating_sub(stale).max(chain.oldest_block());
        Self { chain, head }
    }

    /// The whole chain, what is not seen included.
    pub(super) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The newest block that is seen.
    pub(super) fn head(&self) -> &Arc<Block> {
        let head = self.chain.block(self.head);
        head.unwrap_or_else(|| self.chain.head())
    }

    /// The number that a tag stands for. `pending` is `latest`: what is not mined is not shown.
    pub(super) fn number(&self, at: BlockNumberOrTag) -> u64 {
        let config = self.chain.config();
        match at {
            BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => self.head,
            BlockNumberOrTag::Safe => self.head.saturating_sub(config.safe_depth),
            BlockNumberOrTag::Finalized => self.head.saturating_sub(config.finalized_depth),
            BlockNumberOrTag::Earliest => 0,
            BlockNumberOrTag::Number(number) => number,
        }
    }

    /// The block of that number, `None` if there is none yet.
    pub(super) fn by_number(&self, number: u64) -> Result<Option<&Arc<Block>>, ErrorObjectOwned> {
        if number < self.chain.oldest_block() {
            return Err(error::pruned(self.chain.oldest_block()));
        }
        Ok(self.seen(self.chain.block(number)))
    }

    pub(super) fn by_hash(&self, hash: &B256) -> Option<&Arc<Block>> {
        self.seen(self.chain.block_by_hash(hash))
    }

    /// The block that a call is about, `None` if there is none.
    pub(super) fn find(&self, at: BlockId) -> Result<Option<&Arc<Block>>, ErrorObjectOwned> {
        match at {
            BlockId::Hash(hash) => Ok(self.by_hash(&hash.block_hash)),
            BlockId::Number(number) => self.by_number(self.number(number)),
        }
    }

    /// The block that a call needs, the newest if it names none.
    pub(super) fn required(&self, at: Option<BlockId>) -> Result<&Arc<Block>, ErrorObjectOwned> {
        let found = self.find(at.unwrap_or_default())?;
        found.ok_or_else(|| error::refused("header not found"))
    }

    /// The state after the block that a call is about.
    pub(super) fn state(&self, at: Option<BlockId>) -> Result<StateAt<'_>, ErrorObjectOwned> {
        let number = self.required(at)?.header.number;
        self.chain.state_at(number).ok_or_else(|| {
            let kept = self.chain.config().history.states;
            error::call(&crate::chain::CallError::NoState { number, kept })
        })
    }

    /// The block of a transaction, and its place there.
    pub(super) fn transaction(&self, hash: &B256) -> Option<(&Arc<Block>, usize)> {
        let (block, index) = self.chain.transaction(hash)?;
        Some((self.seen(Some(block))?, index))
    }

    /// The account's next nonce, those in the mempool included.
    pub(super) fn pending_nonce(&self, address: &Address) -> u64 {
        self.chain.pending_nonce(address)
    }

    fn seen<'b>(&self, block: Option<&'b Arc<Block>>) -> Option<&'b Arc<Block>> {
        block.filter(|block| block.header.number <= self.head)
    }
}
