//! The block that is being filled.

use alloy_primitives::B256;

use crate::admission::Admitted;
use crate::block::{BlockBody, Included};

/// Bytes of signed transactions in a block, at most: far below what a journal record may hold.
const RAW_BYTES_MAX: usize = 16 << 20;

#[derive(Debug)]
pub(super) struct OpenBlock<T> {
    /// Without operations until the block has begun.
    pub(super) body: BlockBody,
    pub(super) transaction_hashes: Vec<B256>,
    pub(super) waiting: Vec<(T, B256)>,
    raw_bytes: usize,
}

impl<T> Default for OpenBlock<T> {
    fn default() -> Self {
        Self {
            body: BlockBody::default(),
            transaction_hashes: Vec::new(),
            waiting: Vec::new(),
            raw_bytes: 0,
        }
    }
}

impl<T> OpenBlock<T> {
    /// Adds a transaction whose operation was applied.
    pub(super) fn push(&mut self, transaction: &Admitted) {
        self.raw_bytes += transaction.raw.len();
        self.transaction_hashes.push(transaction.hash);
        self.body.transactions.push(Included {
            sender: transaction.signer(),
            raw: transaction.raw.clone(),
        });
    }

    /// Adds someone who waits until this block is durable.
    pub(super) fn wait(&mut self, token: T, hash: B256) {
        self.waiting.push((token, hash));
    }

    /// Whether anything but the block operation is in it, or someone waits for it.
    pub(super) fn has_content(&self) -> bool {
        !(self.transaction_hashes.is_empty()
            && self.waiting.is_empty()
            && self.body.messages.is_empty()
            && self.body.listings.is_empty())
    }

    pub(super) fn room(&self, transactions_max: usize) -> usize {
        if self.raw_bytes >= RAW_BYTES_MAX {
            return 0;
        }
        transactions_max.saturating_sub(self.transaction_hashes.len())
    }
}
