//! The blobs of recent blocks, in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::B256;

use crate::config::HistoryLimits;
use crate::pool::Submission;

/// The blob transactions of recent blocks, whole.
#[derive(Debug, Default)]
pub(crate) struct KeptBlobs {
    blocks: BTreeMap<u64, (B256, Vec<Arc<Submission>>)>,
    bytes: usize,
}

impl KeptBlobs {
    /// Keeps a block's blob transactions, and drops the oldest that are over the limits.
    pub(crate) fn keep(
        &mut self,
        number: u64,
        hash: B256,
        transactions: Vec<Arc<Submission>>,
        limits: &HistoryLimits,
    ) {
        if !transactions.is_empty() {
            self.bytes = self.bytes.saturating_add(bytes(&transactions));
            self.blocks.insert(number, (hash, transactions));
        }
        let first = number.saturating_sub(limits.blob_blocks.saturating_sub(1));
        while let Some((oldest, _)) = self.blocks.first_key_value() {
            if *oldest >= first && self.bytes <= limits.blob_bytes {
                return;
            }
            let oldest = *oldest;
            self.take(oldest);
        }
    }

    /// The blob transactions of a block, `None` when they are not in memory.
    pub(crate) fn of(&self, number: u64, hash: &B256) -> Option<&[Arc<Submission>]> {
        let (kept, transactions) = self.blocks.get(&number)?;
        (kept == hash).then_some(transactions)
    }

    /// Takes away those of a block.
    pub(crate) fn take(&mut self, number: u64) -> Vec<Arc<Submission>> {
        let (_, transactions) = self.blocks.remove(&number).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(bytes(&transactions));
        transactions
    }
}

fn bytes(transactions: &[Arc<Submission>]) -> usize {
    transactions.iter().map(|one| one.bytes()).sum()
}
