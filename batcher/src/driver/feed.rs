//! Blocks out of the journal into batches: the part that computes, and so runs on a thread of its own.

use std::fmt;
use std::time::{Duration, Instant};

use alloy_primitives::B256;
use spillway_protocol::limits::BLOB_CHUNKS;

use crate::batch::SealedBatch;
use crate::journal::{Blocks, JournalError, Ledger};
use crate::packer::{PackError, Packer};
use crate::policy::{OpenBatch, PostingConfig, PriceLevel, SealReason};
use crate::price::Form;
use crate::source::SourceBlock;

/// The longest that it works at a stretch.
const SLICE: Duration = Duration::from_millis(200);

/// Bytes of operations that at least fit a chunk if they are short, as transfers are.
const DENSE_CHUNK_BYTES: usize = 448;

/// Why it cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum FeedError {
    /// Journal and state disagree.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Blocks cannot be read.
    #[error("durable blocks cannot be read: {0}")]
    Journal(JournalError),
    /// A batch on L1 that this packer does not cut.
    #[error("no batch of this chain ends with block {0}, as one on L1 does")]
    Uncut(u64),
    /// The journal ends too early.
    #[error("the journal ends with block {found}; L1 has a batch that ends with block {wanted}")]
    Short {
        /// Its last block.
        found: u64,
        /// The block that was looked for.
        wanted: u64,
    },
}

/// What the policy goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions {
    pub(super) posting: PostingConfig,
    pub(super) level: PriceLevel,
    /// The form in which what is sealed now is posted.
    pub(super) form: Form,
    /// Seconds since 1970.
    pub(super) now: u64,
    /// Chunks that may be sealed.
    pub(super) room: usize,
}

/// What came out.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) batches: Vec<(SealedBatch, SealReason)>,
    /// Whether there is more to do at once.
    pub(super) more: bool,
}

/// A packer with the blocks that it is fed.
pub(super) struct Feed {
    packer: Packer,
    blocks: Box<dyn Blocks>,
    /// The block that comes after the packed ones, when it was read before there was room.
    next: Option<SourceBlock>,
    /// The most chunks that a block filled, of the open batch and of the one before it.
    widest: usize,
    widest_before: usize,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("packer", &self.packer)
            .finish_non_exhaustive()
    }
}

impl Feed {
    /// Goes on after the ledger's head, the last block of the batch with the header hash `parent`.
    pub(super) fn new(ledger: Ledger, parent: B256, blocks: Box<dyn Blocks>) -> Self {
        let Ledger {
            state,
            tree,
            tokens,
            head,
        } = ledger;
        Self {
            packer: Packer::new(state, tree, tokens, head, parent),
            blocks,
            next: None,
            widest: 1,
            widest_before: 1,
        }
    }

    /// The newest block packed.
    pub(super) const fn head(&self) -> u64 {
        self.packer.head().number
    }

    /// Bytes of operations in the open batch.
    pub(super) const fn open_bytes(&self) -> usize {
        self.packer.operation_bytes()
    }

    /// Packs what is durable, and seals what is full; at the end of the journal also what is old, so that a backlog makes
    /// full batches.
    pub(super) fn fill(&mut self, conditions: &Conditions) -> Result<Filled, FeedError> {
        let until = Instant::now() + SLICE;
        let mut filled = Filled::default();
        let mut room = conditions.room;
        while room >= BLOB_CHUNKS {
            let at_end = self.read()?.is_none();
            let due = self.due(conditions);
            if let Some(reason) = due.filter(|reason| at_end || *reason == SealReason::Full) {
                let batch = self.seal()?;
                room = room.saturating_sub(batch.chunks.len());
                filled.batches.push((batch, reason));
                continue;
            }
            let Some(block) = self.next.take() else { break };
            self.push(&block)?;
            if Instant::now() >= until {
                filled.more = true;
                break;
            }
        }
        Ok(filled)
    }

    /// Packs up to that block and seals: a batch that was cut there before.
    pub(super) fn cut(&mut self, wanted: u64) -> Result<SealedBatch, FeedError> {
        if wanted <= self.head() {
            return Err(FeedError::Uncut(wanted));
        }
        while self.head() < wanted {
            let found = self.head();
            self.read()?.ok_or(FeedError::Short { found, wanted })?;
            if let Some(block) = self.next.take() {
                match self.push(&block) {
                    Err(PackError::Full(_)) => return Err(FeedError::Uncut(wanted)),
                    pushed => pushed?,
                }
            }
        }
        Ok(self.seal()?)
    }

    fn read(&mut self) -> Result<Option<&SourceBlock>, FeedError> {
        if self.next.is_none() {
            self.next = self.blocks.next_block().map_err(FeedError::Journal)?;
        }
        Ok(self.next.as_ref())
    }

    fn push(&mut self, block: &SourceBlock) -> Result<(), PackError> {
        let before = self.packer.chunks();
        self.packer.push(block)?;
        self.widest = self.widest.max(self.packer.chunks() - before);
        Ok(())
    }

    fn seal(&mut self) -> Result<SealedBatch, PackError> {
        let batch = self.packer.seal()?;
        (self.widest, self.widest_before) = (1, self.widest);
        Ok(batch)
    }

    /// Chunks that the next block may fill, as far as it is known.
    fn next_chunks(&self) -> usize {
        let bytes = self.next.as_ref().map_or(0, |block| block.operations.len());
        bytes / DENSE_CHUNK_BYTES + 1
    }

    fn due(&self, conditions: &Conditions) -> Option<SealReason> {
        let age = |since: u64| Duration::from_secs(conditions.now.saturating_sub(since));
        let open = OpenBatch {
            chunks: self.packer.chunks(),
            block_chunks: self.widest.max(self.widest_before).max(self.next_chunks()),
            age: self.packer.first_timestamp().map(age),
            content_age: self.packer.content_timestamp().map(age),
        };
        conditions
            .posting
            .seal(&open, conditions.level, conditions.form)
    }
}
