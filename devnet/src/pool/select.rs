//! Which transaction comes next into a block: the one that pays the block's producer most, of those whose
//! turn it is for their sender.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use alloy_consensus::Transaction;
use alloy_primitives::Address;

use super::{Pool, Submission, Waiting};
use crate::chain::Account;

/// What became of the transaction that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is in the block; its sender's next one has a turn.
    Included,
    /// Not in this block, and nothing after it of the same sender.
    Skipped,
}

/// The transactions of a pool in the order in which a block takes them.
#[derive(Debug)]
pub(crate) struct Best<'a> {
    pool: &'a Pool,
    base_fee: u64,
    blob_fee: u128,
    heads: BinaryHeap<(u128, Reverse<u64>, Address, u64)>,
    offered: Option<(Address, u64)>,
}

impl Pool {
    /// The transactions that a block with those fees can take. Senders stand as `account` says.
    pub(crate) fn best(
        &self,
        base_fee: u64,
        blob_fee: u128,
        account: impl Fn(&Address) -> Account,
    ) -> Best<'_> {
        let mut best = Best {
            pool: self,
            base_fee,
            blob_fee,
            heads: BinaryHeap::new(),
            offered: None,
        };
        for sender in self.accounts.keys() {
            best.add_head(*sender, account(sender).nonce);
        }
        best
    }
}

impl Best<'_> {
    /// The next transaction. What became of the one before is told first, by [`Self::settle`].
    pub(crate) fn offer(&mut self) -> Option<Arc<Submission>> {
        let (_, _, sender, nonce) = self.heads.pop()?;
        self.offered = Some((sender, nonce));
        self.find(sender, nonce)
            .map(|waiting| Arc::clone(&waiting.submission))
    }

    /// Says what became of the transaction that was offered last.
    pub(crate) fn settle(&mut self, verdict: Verdict) {
        if let Some((sender, nonce)) = self.offered.take()
            && verdict == Verdict::Included
        {
            self.add_head(sender, nonce + 1);
        }
    }

    fn find(&self, sender: Address, nonce: u64) -> Option<&Waiting> {
        self.pool.accounts.get(&sender)?.get(&nonce)
    }

    /// Gives the transaction of that nonce a turn, if there is one that pays the block's fees.
    fn add_head(&mut self, sender: Address, nonce: u64) {
        let Some(waiting) = self.find(sender, nonce) else {
            return;
        };
        let transaction = &**waiting.submission.transaction();
        let pays_blobs = transaction
            .max_fee_per_blob_gas()
            .is_none_or(|fee| fee >= self.blob_fee);
        let arrival = Reverse(waiting.arrival);
        if let Some(tip) = transaction.effective_tip_per_gas(self.base_fee)
            && pays_blobs
        {
            self.heads.push((tip, arrival, sender, nonce));
        }
    }
}
