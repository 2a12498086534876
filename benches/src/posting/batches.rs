//! Blocks to batches, cut where the batcher's policy cuts them.

use anyhow::{Result, ensure};
use spillway_batcher::SourceBlock;
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::packer::Packer;
use spillway_batcher::policy::{OpenBatch, PostingConfig, PriceLevel};
use spillway_batcher::price::Form;
use std::time::Duration;

/// Bytes of operations in half a chunk.
const HALF_CHUNK_BYTES: usize = 200;

/// Packs blocks and hands on each batch that is full by the default policy. What is left over stays open in the
/// packer.
///
/// # Errors
/// When a block does not follow.
pub fn pack_full(
    packer: &mut Packer,
    blocks: &[SourceBlock],
    form: Form,
    mut take: impl FnMut(SealedBatch),
) -> Result<()> {
    let policy = PostingConfig::default();
    let mut block_chunks = 1;
    for block in blocks {
        let before = packer.chunks();
        packer.push(block)?;
        block_chunks = block_chunks.max(packer.chunks() - before);
        // Nothing is old here, so that a batch is due only when it is full.
        let open = OpenBatch {
            chunks: packer.chunks(),
            block_chunks,
            age: Some(Duration::ZERO),
            content_age: Some(Duration::ZERO),
        };
        if policy.seal(&open, PriceLevel::AVERAGE, form).is_some() {
            take(packer.seal()?);
        }
    }
    Ok(())
}

/// The full batches of those blocks.
///
/// # Errors
/// When a block does not follow, or they do not fill a single batch.
pub fn full(packer: &mut Packer, blocks: &[SourceBlock], form: Form) -> Result<Vec<SealedBatch>> {
    let mut batches = Vec::new();
    pack_full(packer, blocks, form, |batch| batches.push(batch))?;
    ensure!(
        !batches.is_empty(),
        "the transfers do not fill a batch: pass more --transfers"
    );
    Ok(batches)
}

/// A batch of so many chunks, the last of them about half full. `next` yields blocks far smaller than a chunk.
///
/// # Errors
/// When a block does not follow, or the blocks are too large.
pub fn of_chunks(
    packer: &mut Packer,
    chunks: usize,
    mut next: impl FnMut() -> Result<SourceBlock>,
) -> Result<SealedBatch> {
    while packer.chunks() < chunks {
        packer.push(&next()?)?;
    }
    let enough = packer.operation_bytes() + HALF_CHUNK_BYTES;
    while packer.operation_bytes() < enough {
        packer.push(&next()?)?;
    }
    let batch = packer.seal()?;
    let found = batch.chunks.len();
    ensure!(found == chunks, "{found} chunks came out, not {chunks}");
    Ok(batch)
}

/// Transfers in batches that hold nothing else.
#[must_use]
pub fn transfers(batches: &[SealedBatch]) -> u64 {
    let counts = batches.iter().map(|batch| batch.header.auth_count);
    counts.map(u64::from).sum()
}
