//! The only stage with I/O: a batch's data, wherever it is.

use alloy_eips::eip4844::Blob;
use spillway_l1::batches::SubmittedBatch;
use spillway_l1::beacon::{BlobSource, PostedIn};

use super::data::{self, BatchData};
use super::error::DerivationError;

/// The chunks of a batch. Blobs are believed by their versioned hashes only, which the derivation has held against the
/// batch's commitment.
///
/// # Errors
/// [`DerivationError::Temporary`] while a blob is nowhere.
pub async fn fetch(
    source: &BlobSource,
    batch: &SubmittedBatch,
) -> Result<BatchData, DerivationError> {
    Ok(data::of(batch, &fetch_blobs(source, batch).await?))
}

/// The blobs of a batch, in order; none of one in calldata. The source keeps them, so that they are there again when the
/// batch has to be proven wrong.
///
/// # Errors
/// As [`fetch`].
pub async fn fetch_blobs(
    source: &BlobSource,
    batch: &SubmittedBatch,
) -> Result<Vec<Box<Blob>>, DerivationError> {
    if batch.versioned_hashes.is_empty() {
        return Ok(Vec::new());
    }
    let posted = PostedIn {
        timestamp: batch.submission.posted_at,
        l1_block: batch.l1_block,
    };
    let blobs = source.blobs(posted, &batch.versioned_hashes).await;
    blobs.map_err(|error| DerivationError::Temporary {
        number: batch.number,
        error,
    })
}
