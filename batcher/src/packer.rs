//! From blocks to batches: execution once more, chunk by chunk.
//!
//! Operations are executed one after the other; what a chunk's root needs of the state is copied when the
//! chunk is full, and hashed later for many chunks at once and on all cores
//! ([`StateTree::follow`]).

use std::mem;

use alloy_primitives::B256;
use spillway_protocol::batch::BatchHeader;
use spillway_protocol::block::{self, BlockError, BlockHeader, Step};
use spillway_protocol::chunk::{Chunk, ChunkBuilder, LimitExceeded};
use spillway_protocol::limits::{BATCH_BLOBS_MAX, BLOB_CHUNKS, BLOCK_CHUNKS_MAX, CHUNK_ROOT_BYTES};
use spillway_protocol::root::{Delta, StateTree};
use spillway_protocol::state::State;
use spillway_protocol::token::{ListingError, TokenTable};
use spillway_protocol::tree::{TreeError, list_root};

use crate::batch::SealedBatch;
use crate::hashing::AllCores;
use crate::source::SourceBlock;

/// A batch takes no further block from here on, so that whatever block came last, the batch can be posted.
pub const FULL_CHUNKS: usize = BATCH_BLOBS_MAX * BLOB_CHUNKS - BLOCK_CHUNKS_MAX - 1;

/// Full chunks that wait for their roots: enough hashes for all cores, and few megabytes.
const UNHASHED_MAX: usize = 64;

/// Why a block cannot be packed. The journal and this state disagree, or the journal is of another chain:
/// nothing must be posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Not the block that follows.
    #[error("block {found} came where block {expected} was due")]
    OutOfOrder {
        /// The number that is due.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// A token that cannot be listed.
    #[error("block {0}: {1}")]
    Listing(u64, ListingError),
    /// Operations that are not valid.
    #[error("block {0}: {1}")]
    Block(u64, BlockError),
    /// The block's header is not what its operations lead to.
    #[error("block {0} does not follow: its header differs from what its operations do")]
    Header(u64),
    /// The number of transactions is not that of authorised operations.
    #[error(
        "block {number} has {transactions} transactions for {authorised} authorised operations"
    )]
    Transactions {
        /// The block.
        number: u64,
        /// Transactions that came with it.
        transactions: usize,
        /// Authorised operations in it.
        authorised: u64,
    },
    /// The trees did not follow the state.
    #[error("block {0}: {1}")]
    Tree(u64, TreeError),
    /// There is no block to seal.
    #[error("there is no block to seal a batch of")]
    Empty,
    /// The batch takes no more blocks; seal it first.
    #[error("the batch is full: seal it before block {0}")]
    Full(u64),
}

/// The blocks of the batch that is not sealed yet.
#[derive(Debug, Default)]
struct OpenBatch {
    chunk: ChunkBuilder,
    /// Full chunks, their roots still zero.
    chunks: Vec<Chunk>,
    /// The roots of the first of them.
    roots: Vec<B256>,
    /// What the roots of the others need of the state.
    deltas: Vec<Delta>,
    transaction_hashes: Vec<B256>,
    operation_bytes: usize,
    first_timestamp: u64,
    /// The timestamp of the first block that holds transactions or messages.
    content_timestamp: Option<u64>,
}

impl OpenBatch {
    /// Takes an operation that is about to be applied.
    fn add(&mut self, step: Step<'_>) -> Result<(), LimitExceeded> {
        let Step {
            operation,
            bytes,
            message,
            state,
        } = step;
        if self.chunk.push(operation, bytes, state, message).is_err() {
            self.close_chunk(state);
            self.chunk.push(operation, bytes, state, message)?;
        }
        self.operation_bytes += bytes.len();
        Ok(())
    }

    fn close_chunk(&mut self, state: &mut State) {
        self.chunks.push(self.chunk.finish(&B256::ZERO));
        self.deltas.push(Delta::take(state));
    }

    /// Finds the roots that are due.
    fn hash(&mut self, tree: &mut StateTree) -> Result<(), TreeError> {
        let roots = tree.follow(&self.deltas, &mut AllCores)?;
        self.deltas.clear();
        self.roots.extend(roots);
        Ok(())
    }

    /// The chunks with their roots, all of which are known.
    fn into_chunks(self) -> Vec<Chunk> {
        let mut chunks = self.chunks;
        for (chunk, root) in chunks.iter_mut().zip(self.roots) {
            chunk[..CHUNK_ROOT_BYTES].copy_from_slice(root.as_slice());
        }
        chunks
    }
}

/// Packs blocks, one after the other, into the open batch.
#[derive(Debug)]
pub struct Packer {
    state: State,
    tree: StateTree,
    tokens: TokenTable,
    /// The newest block packed.
    head: BlockHeader,
    /// The last block of the last sealed batch.
    sealed: BlockHeader,
    /// The last sealed batch's header hash.
    parent: B256,
    open: OpenBatch,
}

impl Packer {
    /// Goes on from the state after block `head`, the last of the batch whose header hash is `parent` (zero
    /// before the first batch). `tree` are the trees over that state.
    #[must_use]
    pub fn new(
        mut state: State,
        tree: StateTree,
        tokens: TokenTable,
        head: BlockHeader,
        parent: B256,
    ) -> Self {
        state.clear_changes();
        Self {
            state,
            tree,
            tokens,
            head,
            sealed: head,
            parent,
            open: OpenBatch::default(),
        }
    }

    /// The newest block packed.
    #[must_use]
    pub const fn head(&self) -> &BlockHeader {
        &self.head
    }

    /// The last block of the last sealed batch.
    #[must_use]
    pub const fn sealed(&self) -> &BlockHeader {
        &self.sealed
    }

    /// The trees over the state after the last sealed batch, or a little later.
    #[must_use]
    pub const fn tree(&self) -> &StateTree {
        &self.tree
    }

    /// Chunks of the open batch, one that is not full included.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.open.chunks.len() + usize::from(!self.open.chunk.is_empty())
    }

    /// Bytes of operations in the open batch.
    #[must_use]
    pub const fn operation_bytes(&self) -> usize {
        self.open.operation_bytes
    }

    /// The timestamp of the open batch's first block, in seconds; `None` if it has no block.
    #[must_use]
    pub fn first_timestamp(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.open.first_timestamp)
    }

    /// Whether the open batch has no block.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.head.number == self.sealed.number
    }

    /// The timestamp of the open batch's first block with transactions or messages, in seconds; `None` if its blocks are
    /// empty.
    #[must_use]
    pub const fn content_timestamp(&self) -> Option<u64> {
        self.open.content_timestamp
    }

    /// Packs the next block.
    ///
    /// # Errors
    /// [`PackError::OutOfOrder`] and [`PackError::Full`] with nothing changed. After any other the packer is of
    /// no use.
    pub fn push(&mut self, block: &SourceBlock) -> Result<(), PackError> {
        let number = block.header.number;
        let expected = self.head.number + 1;
        if number != expected {
            return Err(PackError::OutOfOrder {
                expected,
                found: number,
            });
        }
        if self.chunks() >= FULL_CHUNKS {
            return Err(PackError::Full(number));
        }
        for (address, decimals) in &block.listings {
            self.tokens
                .list(*address, *decimals)
                .map_err(|error| PackError::Listing(number, error))?;
        }
        self.execute(block)?;
        let timestamp = block.header.timestamp;
        if self.is_empty() {
            self.open.first_timestamp = timestamp;
        }
        if !(block.transaction_hashes.is_empty() && block.messages.is_empty()) {
            self.open.content_timestamp.get_or_insert(timestamp);
        }
        self.open
            .transaction_hashes
            .extend_from_slice(&block.transaction_hashes);
        self.head = block.header;
        if self.open.deltas.len() >= UNHASHED_MAX {
            self.hash()?;
        }
        Ok(())
    }

    /// Executes a block into chunks, and holds what comes out against what the sequencer said.
    fn execute(&mut self, block: &SourceBlock) -> Result<(), PackError> {
        let number = block.header.number;
        let authorised_before = self.state.counters().authorised_count;
        let open = &mut self.open;
        block::execute_observed(
            &mut self.state,
            &block.operations,
            &block.messages,
            &self.tokens,
            |step| open.add(step),
        )
        .map_err(|error| PackError::Block(number, error))?;

        let counters = self.state.counters();
        let authorised = counters.authorised_count - authorised_before;
        if authorised != block.transaction_hashes.len() as u64 {
            return Err(PackError::Transactions {
                number,
                transactions: block.transaction_hashes.len(),
                authorised,
            });
        }
        if self.head.next(counters, &block.messages, &block.operations) != block.header {
            return Err(PackError::Header(number));
        }
        Ok(())
    }

    fn hash(&mut self) -> Result<(), PackError> {
        self.open
            .hash(&mut self.tree)
            .map_err(|error| PackError::Tree(self.head.number, error))
    }

    /// Seals the open batch, which must have a block, and begins the next.
    ///
    /// # Errors
    /// [`PackError::Empty`] with nothing changed, or [`PackError::Tree`].
    pub fn seal(&mut self) -> Result<SealedBatch, PackError> {
        if self.is_empty() {
            return Err(PackError::Empty);
        }
        self.open.close_chunk(&mut self.state);
        self.hash()?;
        let open = mem::take(&mut self.open);
        let header = BatchHeader {
            parent: self.parent,
            state_root: open.roots.last().copied().unwrap_or_default(),
            auth_root: list_root(&open.transaction_hashes),
            auth_count: open.transaction_hashes.len() as u32,
            inbox_count: self.head.inbox_count,
            inbox_accumulator: self.head.inbox_accumulator,
            chunk_count: open.chunks.len() as u16,
            block_number: self.head.number,
            block_hash: self.head.hash(),
            timestamp: self.head.timestamp,
        };
        let batch = SealedBatch {
            header,
            first_block: self.sealed.number + 1,
            waits_since: open.content_timestamp.unwrap_or(open.first_timestamp),
            operation_bytes: open.operation_bytes,
            chunks: open.into_chunks(),
        };
        self.sealed = self.head;
        self.parent = batch.header_hash();
        Ok(batch)
    }
}
