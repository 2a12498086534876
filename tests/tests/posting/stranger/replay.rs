//! Batches, executed one after the other, and everything that they claim held against what comes out.

use alloy_primitives::{Address, B256};
use anyhow::{Context as _, Result, ensure};
use spillway_protocol::batch::{batch_hash, blob_commitment, calldata_commitment, header_hash};
use spillway_protocol::blob;
use spillway_protocol::chunk::{self, Chunk};
use spillway_protocol::limits::{BLOB_CHUNKS, CALLDATA_CHUNKS_MAX, CHUNK_BYTES};
use spillway_protocol::root::StateTree;
use spillway_protocol::state::{Counters, State};

use super::beacon::Beacon;
use super::blocks::Blocks;
use super::history::{History, Posted};

/// Seconds that a batch's clock may be ahead of L1's.
const AHEAD_MAX: u64 = 60;

/// The chain after some batches.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) state: State,
    tree: StateTree,
    blocks: Blocks,
    pub(super) root: B256,
    parent: B256,
}

impl Replay {
    pub(super) fn genesis(fee_account: Address) -> Result<Self> {
        let state = State::genesis(fee_account);
        let tree = StateTree::build(&state, std::iter::empty())?;
        Ok(Self {
            blocks: Blocks::new(state.clone()),
            root: tree.root(&state),
            state,
            tree,
            parent: B256::ZERO,
        })
    }

    /// The newest block's hash.
    pub(super) fn block_hash(&self) -> B256 {
        self.blocks.head().hash()
    }

    /// Executes the next batch.
    pub(super) fn batch(
        &mut self,
        posted: &Posted,
        chunks: &[Chunk],
        history: &History,
    ) -> Result<()> {
        let header = &posted.header;
        ensure!(header.parent == self.parent, "another parent");
        let submission = &posted.submission;
        ensure!(
            batch_hash(header, submission) == posted.hash,
            "another batch hash"
        );
        let before = *self.state.counters();
        self.execute(posted, chunks, history)?;
        self.blocks.close();
        self.check_header(posted, &before, history)?;
        self.parent = header_hash(header);
        Ok(())
    }

    fn execute(&mut self, posted: &Posted, chunks: &[Chunk], history: &History) -> Result<()> {
        let consumed = usize::try_from(self.state.counters().inbox_count)?;
        // What was sent after the batch cannot be in it.
        let waiting = history.messages.get(consumed..posted.messages);
        let waiting = waiting.context("more messages are consumed than were sent")?;
        let (mut for_root, mut for_blocks) = (waiting.iter(), waiting.iter());
        let tokens = &posted.tokens;
        for (number, chunk) in chunks.iter().enumerate() {
            let (state, tree) = (&mut self.state, &mut self.tree);
            self.root = chunk::execute(state, tree, chunk, &mut for_root, tokens)
                .with_context(|| format!("chunk {number}"))?;
            ensure!(
                chunk::claimed_root(chunk) == self.root,
                "chunk {number}: another root"
            );
            self.blocks.chunk(chunk, &mut for_blocks, tokens)?;
        }
        Ok(())
    }

    fn check_header(&self, posted: &Posted, before: &Counters, history: &History) -> Result<()> {
        let (header, now) = (&posted.header, self.state.counters());
        ensure!(header.state_root == self.root, "another state root");
        ensure!(
            header.block_number == now.block_number,
            "another last block"
        );
        ensure!(now.block_number > before.block_number, "no block at all");
        ensure!(header.block_hash == self.block_hash(), "another block hash");
        ensure!(header.timestamp == now.timestamp, "another timestamp");
        let posted_at = posted.submission.posted_at;
        ensure!(now.timestamp <= posted_at + AHEAD_MAX, "ahead of L1");
        let authorised = now.authorised_count - before.authorised_count;
        ensure!(
            u64::from(header.auth_count) == authorised,
            "another count of operations"
        );
        ensure!(
            header.inbox_count == now.inbox_count,
            "another count of messages"
        );
        let accumulator = history.accumulator(now.inbox_count)?;
        ensure!(
            header.inbox_accumulator == accumulator,
            "another hash chain of the inbox"
        );
        Ok(())
    }
}

/// The chunks of a batch, which are those that L1 was shown.
pub(super) async fn chunks(posted: &Posted, beacon: &Beacon) -> Result<Vec<Chunk>> {
    let (count, submission) = (usize::from(posted.header.chunk_count), &posted.submission);
    if posted.versioned_hashes.is_empty() {
        let (chunks, rest) = posted.chunks.as_chunks::<CHUNK_BYTES>();
        ensure!(
            rest.is_empty() && chunks.len() == count,
            "another count of chunks"
        );
        ensure!(count <= CALLDATA_CHUNKS_MAX, "too many chunks for calldata");
        ensure!(
            submission.data_commitment == calldata_commitment(chunks),
            "another commitment"
        );
        return Ok(chunks.to_vec());
    }
    ensure!(posted.chunks.is_empty(), "blobs and calldata");
    let hashes = &posted.versioned_hashes;
    ensure!(
        hashes.len() == count.div_ceil(BLOB_CHUNKS),
        "another count of blobs"
    );
    ensure!(
        submission.data_commitment == blob_commitment(hashes),
        "another commitment"
    );
    let mut chunks = Vec::with_capacity(count);
    for blob in beacon.blobs(posted).await? {
        let here = (count - chunks.len()).min(BLOB_CHUNKS);
        chunks.extend(blob::unpack(&blob, here)?);
    }
    Ok(chunks)
}
