//! What L1 charges for batches, in blobs and in calldata, and where the two cost the same.

use anyhow::Result;
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::packer::{FULL_CHUNKS, Packer};
use spillway_batcher::price::{BLOB_GAS, Form, submission_gas};
use spillway_protocol::limits::CALLDATA_CHUNKS_MAX;

use super::batches::of_chunks;
use super::l1::L1;
use super::load::Blocks;

/// Chunks of the batches that are posted; the last fill five blobs, the most that a batch fills.
const CHUNKS: [usize; 7] = [1, 5, 15, 30, 60, 256, FULL_CHUNKS - 1];

/// Gas of a transaction that posted a batch.
#[derive(Clone, Copy, Debug)]
pub struct Gas {
    /// What L1 charged.
    pub used: u64,
    /// What the batcher reckons with.
    pub reckoned: u64,
}

/// Batches of so many chunks, posted in both forms.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Chunks.
    pub chunks: usize,
    /// Blobs that they fill.
    pub blobs: usize,
    /// Transfers of the batch in blobs.
    pub transfers: u32,
    /// Gas of posting blobs, without blob gas.
    pub in_blobs: Gas,
    /// Gas of posting calldata, if so many chunks fit.
    pub in_calldata: Option<Gas>,
}

impl Row {
    /// The price of blob gas over the price of gas at which both forms cost the same. Where blobs are dearer than
    /// that, calldata is the cheaper form.
    #[must_use]
    pub fn break_even(&self) -> Option<f64> {
        let more = self.in_calldata?.used as f64 - self.in_blobs.used as f64;
        Some(more / (self.blobs as u64 * BLOB_GAS) as f64)
    }
}

/// Posts batches of each size on an L1 in this process. The packer is at its start, and the blocks, which are far
/// smaller than a chunk, come next.
///
/// # Errors
/// When L1 refuses a batch, or a block does not follow.
pub async fn measure(mut packer: Packer, mut blocks: Blocks) -> Result<Vec<Row>> {
    let l1 = L1::start().await?;
    let mut batch = |chunks| of_chunks(&mut packer, chunks, || blocks.next_block());
    // The first batch of all writes where the contract has never written.
    l1.post(batch(1)?, Form::Blobs).await?;
    let mut rows = Vec::new();
    for chunks in CHUNKS {
        let posted = batch(chunks)?;
        let (blobs, transfers) = (posted.blobs(), posted.header.auth_count);
        let in_blobs = post(&l1, posted, Form::Blobs).await?;
        let in_calldata = if chunks <= CALLDATA_CHUNKS_MAX {
            Some(post(&l1, batch(chunks)?, Form::Calldata).await?)
        } else {
            None
        };
        rows.push(Row {
            chunks,
            blobs,
            transfers,
            in_blobs,
            in_calldata,
        });
    }
    Ok(rows)
}

async fn post(l1: &L1, batch: SealedBatch, form: Form) -> Result<Gas> {
    let reckoned = submission_gas(form, &batch);
    let used = l1.post(batch, form).await?;
    Ok(Gas { used, reckoned })
}
