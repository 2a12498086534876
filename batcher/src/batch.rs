//! A sealed batch and the forms in which it can be posted.

use alloy_primitives::B256;
use spillway_protocol::batch::{BatchHeader, header_hash};
use spillway_protocol::chunk::Chunk;
use spillway_protocol::limits::{BLOB_CHUNKS, CALLDATA_CHUNKS_MAX};

/// Whole blocks, packed and with every root: all that L1 is to know, but in which form it is posted.
///
/// Nothing in it depends on the form, the time or the sender, so that batches can be sealed ahead and posted
/// one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBatch {
    /// What is claimed.
    pub header: BatchHeader,
    /// The chunks, each with its root.
    pub chunks: Vec<Chunk>,
    /// The first block's number.
    pub first_block: u64,
    /// Since when it waits, in seconds: the timestamp of its first block with transactions or messages, or of its first
    /// block if all are empty.
    pub waits_since: u64,
    /// Bytes of operations in the chunks, without roots and padding.
    pub operation_bytes: usize,
}

impl SealedBatch {
    /// What the next batch names as its parent.
    #[must_use]
    pub fn header_hash(&self) -> B256 {
        header_hash(&self.header)
    }

    /// Blobs that the chunks fill.
    #[must_use]
    pub fn blobs(&self) -> usize {
        self.chunks.len().div_ceil(BLOB_CHUNKS)
    }

    /// Whether it can be posted as calldata at all.
    #[must_use]
    pub fn fits_calldata(&self) -> bool {
        self.chunks.len() <= CALLDATA_CHUNKS_MAX
    }
}
