//! The answer to `eth_feeHistory`, as loosely as nodes give it.

use alloy_primitives::{U64, U128};
use serde::Deserialize;

/// The answer as it came: fields may be missing, null, or too short.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeeHistory {
    oldest_block: U64,
    base_fee_per_gas: Vec<U128>,
    #[serde(default)]
    base_fee_per_blob_gas: Option<Vec<Option<U128>>>,
    #[serde(default)]
    gas_used_ratio: Option<Vec<Option<f64>>>,
    #[serde(default)]
    reward: Option<Vec<Option<Vec<U128>>>>,
}

/// What makes an answer useless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// It holds no block and the one after it.
    #[error("{0} base fees: there is no block and the next one among them. Use another node")]
    TooShort(usize),
    /// The block numbers overflow.
    #[error("block numbers beyond any chain. Use another node")]
    Numbers,
}

/// Wei per gas in one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockFees {
    pub(super) number: u64,
    pub(super) base_fee: u128,
    /// None if the node does not say, or if there are no blobs.
    pub(super) blob_base_fee: Option<u128>,
    /// None for a block without transactions, or if the node does not say.
    pub(super) priority_fee: Option<u128>,
}

impl FeeHistory {
    pub(super) fn oldest_block(&self) -> u64 {
        self.oldest_block.to()
    }

    /// The blocks, and as the last one what the next block takes.
    pub(super) fn blocks(&self) -> Result<Vec<BlockFees>, HistoryError> {
        let count = self.base_fee_per_gas.len();
        if count < 2 {
            return Err(HistoryError::TooShort(count));
        }
        let oldest = self.oldest_block();
        oldest
            .checked_add(count as u64)
            .ok_or(HistoryError::Numbers)?;
        let block = |index: usize| BlockFees {
            number: oldest + index as u64,
            base_fee: self.base_fee_per_gas[index].to(),
            blob_base_fee: self.blob_base_fee(index),
            priority_fee: self.priority_fee(index),
        };
        Ok((0..count).map(block).collect())
    }

    /// Nodes answer zero for blocks from before there were blobs; the fee is never below 1 wei.
    fn blob_base_fee(&self, index: usize) -> Option<u128> {
        let fees = self.base_fee_per_blob_gas.as_ref()?;
        let fee = fees.get(index).copied().flatten()?;
        Some(fee.to()).filter(|fee| *fee != 0)
    }

    /// Nodes answer zero for empty blocks, which says nothing about what it takes to get in.
    fn priority_fee(&self, index: usize) -> Option<u128> {
        let ratios = self.gas_used_ratio.as_ref();
        let ratio = ratios.and_then(|ratios| ratios.get(index).copied().flatten());
        let tips = self.reward.as_ref()?.get(index)?.as_ref()?;
        let tip: u128 = tips.first()?.to();
        (ratio != Some(0.0)).then_some(tip)
    }
}
