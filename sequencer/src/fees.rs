//! What recent blocks paid.

use std::collections::VecDeque;

use crate::block::Block;

/// Blocks whose fees are kept, which is also the most that `eth_feeHistory` answers for.
pub const FEE_HISTORY_BLOCKS: usize = 1_024;

/// Base fee and gas of recent blocks, the oldest first.
#[derive(Debug, Default)]
pub struct FeeHistory {
    blocks: VecDeque<BlockFees>,
}

/// What `eth_feeHistory` needs of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockFees {
    /// The block's number.
    pub number: u64,
    /// In wei a unit of gas.
    pub base_fee: u64,
    /// Transactions in it.
    pub transactions: usize,
}

impl FeeHistory {
    pub(crate) fn push(&mut self, block: &Block) {
        if self.blocks.len() == FEE_HISTORY_BLOCKS {
            self.blocks.pop_front();
        }
        self.blocks.push_back(BlockFees {
            number: block.header.number,
            base_fee: block.header.base_fee,
            transactions: block.transaction_hashes.len(),
        });
    }

    /// The blocks from `first` to `last` that are known, the oldest first.
    pub fn range(&self, first: u64, last: u64) -> impl Iterator<Item = &BlockFees> {
        self.blocks
            .iter()
            .filter(move |fees| (first..=last).contains(&fees.number))
    }
}
