//! The fees of the last blocks.

use std::collections::VecDeque;

use super::history::{BlockFees, FeeHistory, HistoryError};
use crate::transactions::Market;

/// Fees in wei per gas. Averages are over the blocks of the window, the next block not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// The latest block.
    pub block: u64,
    /// Its base fee.
    pub base_fee: u128,
    /// The next block's.
    pub next_base_fee: u128,
    /// The latest block's blob base fee; none if the node says nothing about blobs.
    pub blob_base_fee: Option<u128>,
    /// The next block's.
    pub next_blob_base_fee: Option<u128>,
    /// The median over the last blocks of the tip at the percentile, at least the configured minimum.
    pub priority_fee: u128,
    /// Average base fee.
    pub base_fee_average: u128,
    /// Average blob base fee over the blocks that have one.
    pub blob_base_fee_average: Option<u128>,
    /// Blocks that the averages are over.
    pub blocks: usize,
}

impl Fees {
    /// What a transaction has to pay in the next block.
    #[must_use]
    pub fn market(&self) -> Market {
        Market {
            base_fee: self.next_base_fee,
            priority_fee: self.priority_fee,
            blob_base_fee: self.next_blob_base_fee.unwrap_or(0),
        }
    }
}

/// The fees of the last blocks, as many as were asked for.
#[derive(Debug)]
pub struct Window {
    blocks: VecDeque<BlockFees>,
    blocks_max: usize,
    priority_fee_min: u128,
}

impl Window {
    /// An empty window of that many blocks, at least one.
    #[must_use]
    pub fn new(blocks_max: usize, priority_fee_min: u128) -> Self {
        Self {
            blocks: VecDeque::new(),
            blocks_max: blocks_max.max(1),
            priority_fee_min,
        }
    }

    /// Whether it knows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Whether an answer that begins with that block leaves nothing out.
    pub(super) fn reaches(&self, oldest: u64) -> bool {
        self.blocks
            .back()
            .is_none_or(|newest| oldest <= newest.number.saturating_add(1))
    }

    /// Takes in an answer. Blocks that it has again take the place of the former ones, since the chain may have forked.
    ///
    /// # Errors
    /// [`HistoryError`]; nothing has changed.
    pub fn absorb(&mut self, history: &FeeHistory) -> Result<Fees, HistoryError> {
        let mut answered = history.blocks()?;
        let next = answered.pop().ok_or(HistoryError::TooShort(0))?;
        let latest = *answered.last().ok_or(HistoryError::TooShort(1))?;
        let oldest = history.oldest_block();
        if !self.reaches(oldest) {
            self.blocks.clear();
        }
        let kept = self.blocks.partition_point(|block| block.number < oldest);
        self.blocks.truncate(kept);
        let priority_fee = median_tip(&answered).max(self.priority_fee_min);
        self.blocks.extend(answered);
        let surplus = self.blocks.len().saturating_sub(self.blocks_max);
        self.blocks.drain(..surplus);
        Ok(Fees {
            block: latest.number,
            base_fee: latest.base_fee,
            next_base_fee: next.base_fee,
            blob_base_fee: latest.blob_base_fee,
            next_blob_base_fee: next.blob_base_fee,
            priority_fee,
            base_fee_average: average(self.blocks.iter().map(|block| block.base_fee)).unwrap_or(0),
            blob_base_fee_average: average(self.blocks.iter().filter_map(|b| b.blob_base_fee)),
            blocks: self.blocks.len(),
        })
    }
}

fn average(fees: impl Iterator<Item = u128>) -> Option<u128> {
    let (sum, count) = fees.fold((0u128, 0u128), |(sum, count), fee| {
        (sum.saturating_add(fee), count + 1)
    });
    sum.checked_div(count)
}

fn median_tip(blocks: &[BlockFees]) -> u128 {
    let recent = &blocks[blocks.len().saturating_sub(super::TIP_BLOCKS as usize)..];
    let mut tips: Vec<_> = recent
        .iter()
        .filter_map(|block| block.priority_fee)
        .collect();
    tips.sort_unstable();
    tips.get(tips.len() / 2).copied().unwrap_or(0)
}
