//! From blobs or calldata to chunks.

use alloy_eips::eip4844::Blob;
use spillway_l1::batches::SubmittedBatch;
use spillway_protocol::blob;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::limits::BLOB_CHUNKS;

/// A field element of a chunk that does not begin with a zero byte: proof enough that the batch is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field element {element} of blob {blob} does not begin with a zero byte")]
pub struct MalformedElement {
    /// The blob's place in the batch, from 0.
    pub blob: usize,
    /// The element's place in the blob, 0 to 4,095.
    pub element: usize,
}

/// A batch's chunks, or why it has none.
pub type BatchData = Result<Vec<Chunk>, MalformedElement>;

/// The chunks of a batch, whose blobs are given in order if it was posted in blobs.
///
/// # Errors
/// As [`of_blobs`].
pub fn of(batch: &SubmittedBatch, blobs: &[Box<Blob>]) -> BatchData {
    if batch.versioned_hashes.is_empty() {
        return Ok(of_calldata(batch));
    }
    of_blobs(blobs, batch.header.chunk_count)
}

/// The chunks of a batch that was posted as calldata.
#[must_use]
pub fn of_calldata(batch: &SubmittedBatch) -> Vec<Chunk> {
    batch.chunks.as_chunks().0.to_vec()
}

/// The chunks in a batch's blobs, which are given in order: as many as there are, up to the count.
///
/// # Errors
/// The first malformed field element. What follows the last chunk is not looked at, as on L1.
pub fn of_blobs(blobs: &[Box<Blob>], chunk_count: u16) -> BatchData {
    let mut chunks = Vec::with_capacity(usize::from(chunk_count));
    for (number, bytes) in blobs.iter().enumerate() {
        let rest = usize::from(chunk_count) - chunks.len();
        let unpacked = blob::unpack(bytes, rest.min(BLOB_CHUNKS));
        chunks.extend(unpacked.map_err(|malformed| MalformedElement {
            blob: number,
            element: malformed.0,
        })?);
    }
    Ok(chunks)
}
