//! Mining: the next block from the mempool, or as the log has it.

use std::sync::Arc;

use alloy_consensus::TxEnvelope;
use alloy_consensus::transaction::{Recovered, SignerRecoverable};
use alloy_primitives::B256;

use super::build::{Beginning, Building, Refusal};
use super::world::Undo;
use super::{Block, Chain, ChainError, ExecutionError, Fees};
use crate::pool::{Pool, Submission, Verdict};

/// Blocks that BLOCKHASH reaches back to.
const BLOCK_HASHES: usize = 256;

/// A block that was mined, and its blobs.
#[derive(Clone, Debug)]
pub struct Mined {
    /// The block.
    pub block: Arc<Block>,
    /// Its blob transactions, whole.
    pub blobs: Vec<Arc<Submission>>,
}

/// A block as the log has it.
#[derive(Clone, Debug)]
pub(crate) struct PastBlock {
    pub(crate) timestamp: u64,
    pub(crate) fees: Fees,
    pub(crate) fork: u64,
    pub(crate) transactions: Vec<TxEnvelope>,
    pub(crate) hash: B256,
}

impl Chain {
    /// Mines a block of what waits, at that time in Unix seconds. Its timestamp is the beginning of a slot:
    /// that of `now`, or the one after the parent's if that is later.
    ///
    /// # Errors
    /// When revm fails, which no transaction can bring about.
    pub fn mine(&mut self, now: u64) -> Result<Mined, ExecutionError> {
        let beginning = Beginning {
            timestamp: self.next_timestamp(now),
            fees: self.fees_after(self.head()),
            fork: self.forks,
        };
        let (base_fee, blob_fee) = self.next_fees();
        let mut building = Building::begin(self, &beginning)?;
        let mut blobs = Vec::new();
        // The pool is put aside, as its transactions move the state that they are chosen by.
        let pool = std::mem::replace(&mut self.pool, Pool::new(self.config.pool));
        let mut best = pool.best(base_fee, blob_fee, |sender| self.world.account(sender));
        while let Some(submission) = best.offer() {
            match building.include(self, submission.transaction()) {
                Ok(()) => {
                    if submission.has_blobs() {
                        blobs.push(submission);
                    }
                    best.settle(Verdict::Included);
                }
                Err(Refusal::NoRoom) => best.settle(Verdict::Skipped),
                Err(Refusal::Invalid(reason)) => {
                    tracing::debug!(hash = %submission.hash(), %reason, "not included");
                    best.settle(Verdict::Skipped);
                }
            }
        }
        self.pool = pool;
        let block = building.finish(self);
        self.keep_blobs(&block, blobs.clone());
        self.settle_pool();
        Ok(Mined { block, blobs })
    }

    /// Mines the block that was mined before, from the log.
    pub(crate) fn replay(&mut self, past: &PastBlock) -> Result<Arc<Block>, ChainError> {
        let number = self.head().header.number + 1;
        let wrong = |reason: String| ChainError::Replay { number, reason };
        let beginning = Beginning {
            timestamp: past.timestamp,
            fees: past.fees,
            fork: past.fork,
        };
        self.forks = past.fork;
        let mut building =
            Building::begin(self, &beginning).map_err(|error| wrong(error.to_string()))?;
        for transaction in &past.transactions {
            let signer = transaction
                .recover_signer()
                .map_err(|error| wrong(error.to_string()))?;
            let transaction = Recovered::new_unchecked(transaction.clone(), signer);
            building
                .include(self, &transaction)
                .map_err(|refusal| wrong(format!("{refusal:?}")))?;
        }
        let block = building.finish(self);
        if block.hash != past.hash {
            return Err(wrong(format!(
                "its hash is {}, and was {}",
                block.hash, past.hash
            )));
        }
        Ok(block)
    }

    fn next_timestamp(&self, now: u64) -> u64 {
        let seconds = self.seconds_per_slot();
        let since = now.saturating_sub(self.genesis_timestamp);
        let slot = self.genesis_timestamp + since / seconds * seconds;
        let next = self.head().header.timestamp.saturating_add(seconds);
        slot.max(next)
    }

    /// Makes a block the head, and forgets what is too old.
    pub(super) fn extend(&mut self, block: Arc<Block>, undo: Undo) {
        self.commitment = block.header.state_root;
        self.history.push(block);
        self.undos.push_back(undo);
        self.grants.push_back(Vec::new());
        while self.undos.len() > self.config.history.states {
            self.undos.pop_front();
            self.grants.pop_front();
        }
        let blocks_min = self.config.history.states.max(BLOCK_HASHES) + 1;
        self.history
            .prune(self.config.history.block_bytes, blocks_min);
    }
}
