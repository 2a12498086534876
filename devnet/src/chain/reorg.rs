//! Going back, and what survives it.

use std::sync::Arc;

use super::build::{Beginning, Building};
use super::{Block, Chain, ChainError};
use crate::pool::Submission;

/// What becomes of the transactions of blocks that a reorg drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// They go back to the mempool, from where later blocks take them.
    Repooled,
    /// They are gone.
    Lost,
}

/// What a reorg did.
#[derive(Clone, Debug)]
pub struct Reorg {
    /// The blocks that are gone, newest first.
    pub dropped: Vec<Arc<Block>>,
    /// The empty blocks in their place, oldest first.
    pub added: Vec<Arc<Block>>,
}

/// What was taken back.
#[derive(Debug)]
pub(crate) struct RolledBack {
    /// The blocks, newest first.
    dropped: Vec<Arc<Block>>,
    /// Their transactions, oldest first.
    submissions: Vec<Arc<Submission>>,
}

impl Chain {
    /// Puts empty blocks in the place of the newest ones, in their slots.
    ///
    /// # Errors
    /// When states are not kept that far back.
    pub fn reorg(&mut self, depth: usize, fate: Dropped) -> Result<Reorg, ChainError> {
        let RolledBack {
            dropped,
            submissions,
        } = self.roll_back(depth)?;
        self.forks += 1;
        let timestamps = dropped.iter().rev().map(|block| block.header.timestamp);
        let mut added = Vec::with_capacity(depth);
        for timestamp in timestamps {
            let beginning = Beginning {
                timestamp,
                fees: self.fees_after(self.head()),
                fork: self.forks,
            };
            let building =
                Building::begin(self, &beginning).map_err(|error| ChainError::Replay {
                    number: self.head().header.number + 1,
                    reason: error.to_string(),
                })?;
            added.push(building.finish(self));
        }
        if fate == Dropped::Repooled {
            for submission in submissions {
                let account = self.world.account(&submission.sender());
                // One that another has replaced meanwhile, or that cannot pay any more, is lost.
                let _ = self.pool.insert(submission, &account);
            }
        }
        self.settle_pool();
        Ok(Reorg { dropped, added })
    }

    /// Takes the newest blocks back. Balances and code that were set after them stay set. The mempool is left as it
    /// is: what waits may follow what the caller is about to give back.
    pub(crate) fn roll_back(&mut self, depth: usize) -> Result<RolledBack, ChainError> {
        let max = self.undos.len();
        if depth == 0 || depth > max {
            return Err(ChainError::Depth { depth, max });
        }
        let (mut dropped, mut submissions, mut grants) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..depth {
            let (Some(undo), Some(block)) = (self.undos.pop_back(), self.history.pop()) else {
                break;
            };
            self.world.undo(undo);
            grants.push(self.grants.pop_back().unwrap_or_default());
            let blobs = self.blobs.take(block.header.number);
            submissions.extend(submissions_of(&block, &blobs).rev());
            dropped.push(block);
        }
        submissions.reverse();
        self.commitment = self.head().header.state_root;
        let before = self.grants.back().cloned().unwrap_or_default();
        for grant in &before {
            self.commit_grant(grant);
        }
        for grant in grants.into_iter().rev().flatten() {
            self.grant(grant);
        }
        Ok(RolledBack {
            dropped,
            submissions,
        })
    }
}

/// The transactions of a block as they were submitted. One whose blobs are gone is left out.
fn submissions_of<'a>(
    block: &'a Block,
    blobs: &'a [Arc<Submission>],
) -> impl DoubleEndedIterator<Item = Arc<Submission>> + 'a {
    block.transactions.iter().filter_map(move |included| {
        let transaction = &included.transaction;
        if transaction.is_eip4844() {
            let hash = *transaction.tx_hash();
            return blobs.iter().find(|blob| blob.hash() == hash).cloned();
        }
        let bytes = transaction.eip2718_encoded_length();
        Some(Arc::new(Submission::known(
            transaction.clone(),
            None,
            bytes,
        )))
    })
}
