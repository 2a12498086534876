//! The block that is being filled.

use alloy_primitives::B256;
use spillway_protocol::chunk::{ChunkBuilder, LimitExceeded};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::limits::BLOCK_CHUNKS_MAX;
use spillway_protocol::operation::Operation;
use spillway_protocol::state::State;

use crate::admission::Admitted;
use crate::block::{BlockBody, Included};

/// Bytes of signed transactions in a block from which it takes no more: far below what a journal record may hold, and so few that
/// `spillway_blocks` answers with any block within the default limit on a response.
const RAW_BYTES_MAX: usize = 6 << 20;

#[derive(Debug)]
pub(super) struct OpenBlock<T> {
    /// Without operations until the block has begun.
    pub(super) body: BlockBody,
    pub(super) transaction_hashes: Vec<B256>,
    pub(super) waiting: Vec<(T, B256)>,
    raw_bytes: usize,
    /// The chunk that the next operation would go into, if the block began with a new one.
    chunk: ChunkBuilder,
    /// Chunks that are full.
    chunks: usize,
}

impl<T> Default for OpenBlock<T> {
    fn default() -> Self {
        Self {
            body: BlockBody::default(),
            transaction_hashes: Vec::new(),
            waiting: Vec::new(),
            raw_bytes: 0,
            chunk: ChunkBuilder::default(),
            chunks: 0,
        }
    }
}

impl<T> OpenBlock<T> {
    /// Counts the operation whose bytes begin at `start`, and which is about to be applied. If it then is not, the
    /// block is only cut a little sooner.
    ///
    /// # Errors
    /// When it fits no chunk at all.
    pub(super) fn count(
        &mut self,
        operation: &Operation,
        start: usize,
        state: &State,
        message: Option<&InboxMessage>,
    ) -> Result<(), LimitExceeded> {
        let bytes = self.body.operations.get(start..).unwrap_or_default();
        if self.chunk.push(operation, bytes, state, message).is_ok() {
            return Ok(());
        }
        let mut next = ChunkBuilder::default();
        let result = next.push(operation, bytes, state, message);
        if result.is_ok() {
            self.chunks += 1;
            self.chunk = next;
        }
        result
    }

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

    /// Whether its block operation is in it.
    pub(super) const fn has_begun(&self) -> bool {
        !self.body.operations.is_empty()
    }

    /// Whether anything but the block operation is in it, or someone waits for it.
    pub(super) fn has_content(&self) -> bool {
        !(self.transaction_hashes.is_empty()
            && self.waiting.is_empty()
            && self.body.messages.is_empty()
            && self.body.listings.is_empty())
    }

    /// How many more transactions the block takes, of at most that many: so few that a batch holds any block.
    pub(super) fn room(&self, transactions_max: usize) -> usize {
        if self.raw_bytes >= RAW_BYTES_MAX {
            return 0;
        }
        transactions_max
            .saturating_sub(self.transaction_hashes.len())
            .min(self.l1_room())
    }

    /// How many more events of L1 the block takes, if it takes no transactions.
    pub(super) const fn l1_room(&self) -> usize {
        // An operation begins one new chunk at most.
        BLOCK_CHUNKS_MAX.saturating_sub(self.chunks + 1)
    }
}
