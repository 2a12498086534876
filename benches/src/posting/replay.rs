//! What a stranger does with the blobs of batches: check them, unpack them, execute them chunk by chunk.

use alloy_eips::eip4844::{AsCkzg, Blob};
use anyhow::{Result, anyhow, ensure};
use spillway_batcher::batch::SealedBatch;
use spillway_l1::kzg;
use spillway_protocol::blob;
use spillway_protocol::chunk;
use spillway_protocol::limits::BLOB_CHUNKS;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;
use std::hint::black_box;
use std::thread;

use super::load::Start;
use super::speed::{Took, timed};

/// A batch as L1 has it.
#[derive(Debug)]
pub struct Posted {
    blobs: Vec<Blob>,
    chunks: usize,
}

impl Posted {
    /// The batch in blobs.
    #[must_use]
    pub fn of(batch: &SealedBatch) -> Self {
        let blobs = blob::pack(&batch.chunks).into_iter();
        Self {
            blobs: blobs.map(|blob| Blob::from(*blob)).collect(),
            chunks: batch.chunks.len(),
        }
    }
}

/// Computes each blob's commitment, by which a stranger knows that it is the one that was posted. One core.
///
/// # Errors
/// Never for blobs that hold chunks.
pub fn check(batches: &[Posted]) -> Result<Took> {
    timed(|| check_all(batches))
}

/// Unpacks, decodes and executes all chunks, and holds the root after each against the one that it claims. One
/// core.
///
/// # Errors
/// When a chunk is invalid or claims another root.
pub fn execute(start: &Start, batches: &[Posted]) -> Result<Took> {
    let mut ledger = Ledger::at(start);
    timed(|| ledger.execute_all(batches))
}

/// Both at once, on a core each: nothing is believed before its blobs are checked, but it can be executed.
///
/// # Errors
/// As [`check`] and [`execute`].
pub fn check_and_execute(start: &Start, batches: &[Posted]) -> Result<Took> {
    let mut ledger = Ledger::at(start);
    timed(|| {
        thread::scope(|scope| {
            let checking = scope.spawn(|| check_all(batches));
            let executed = ledger.execute_all(batches);
            let checked = checking.join();
            checked.map_err(|_| anyhow!("the checking thread panicked"))??;
            executed
        })
    })
}

fn check_all(batches: &[Posted]) -> Result<()> {
    for blob in batches.iter().flat_map(|batch| &batch.blobs) {
        black_box(kzg::settings().blob_to_kzg_commitment(blob.as_ckzg())?);
    }
    Ok(())
}

/// What a stranger keeps.
struct Ledger {
    state: State,
    tree: StateTree,
    tokens: TokenTable,
}

impl Ledger {
    fn at(start: &Start) -> Self {
        Self {
            state: start.state.clone(),
            tree: start.tree.clone(),
            tokens: TokenTable::default(),
        }
    }

    fn execute_all(&mut self, batches: &[Posted]) -> Result<()> {
        batches.iter().try_for_each(|batch| self.execute(batch))
    }

    fn execute(&mut self, batch: &Posted) -> Result<()> {
        let mut left = batch.chunks;
        for blob in &batch.blobs {
            let count = left.min(BLOB_CHUNKS);
            left -= count;
            for chunk in blob::unpack(blob, count)? {
                let (state, messages) = (&mut self.state, &mut std::iter::empty());
                let root = chunk::execute(state, &mut self.tree, &chunk, messages, &self.tokens)?;
                let claimed = chunk::claimed_root(&chunk);
                ensure!(root == claimed, "a chunk claims {claimed}, not {root}");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::Population;
    use crate::posting::batches::of_chunks;
    use crate::posting::load::{Blocks, Load};

    #[test]
    fn blobs_replay_to_the_roots_that_they_claim_and_to_no_other() {
        let population = Population::new(3, 1_000);
        let start = Start::of(&population).unwrap();
        let load = Load {
            transfers_per_s: 2_000,
        };
        let mut blocks = Blocks::new(population, &start, load);
        let mut packer = start.packer();
        let mut batch = || of_chunks(&mut packer, 300, || blocks.next_block()).unwrap();
        let batches = [batch(), batch()];
        let mut posted: Vec<_> = batches.iter().map(Posted::of).collect();
        execute(&start, &posted).unwrap();
        // A byte of the last chunk's root.
        posted[1].blobs[1][43 * 16 * 32 + 1] ^= 1;
        let error = execute(&start, &posted).unwrap_err().to_string();
        assert!(error.contains("a chunk claims"), "{error}");
    }
}
