//! How fast batches are packed, and proven for blobs.

use anyhow::{Context, Result, anyhow};
use spillway_batcher::SourceBlock;
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::packer::Packer;
use spillway_batcher::price::Form;
use spillway_l1::batches::sidecar;
use std::hint::black_box;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::batches::pack_full;
use crate::cpu;

/// What some work took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// By the clock.
    pub wall: Duration,
    /// Of all cores together, to 10 ms.
    pub cpu: Duration,
}

/// Does the work, and measures it.
///
/// # Errors
/// The work's own, or that there is no `/proc`.
pub fn timed(work: impl FnOnce() -> Result<()>) -> Result<Took> {
    let cpu_used = || cpu::used(std::process::id()).context("this needs Linux's /proc");
    let (cpu, began) = (cpu_used()?, Instant::now());
    work()?;
    let wall = began.elapsed();
    Ok(Took {
        wall,
        cpu: cpu_used()?.saturating_sub(cpu),
    })
}

/// Several measurements of the same work.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// The median by the clock. Whatever else runs on the machine shows in it.
    pub wall: Duration,
    /// The fastest by the clock.
    pub fastest: Duration,
    /// The median of all cores' time.
    pub cpu: Duration,
}

impl Summary {
    /// Sums up at least one measurement.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn of(measured: &[Took]) -> Self {
        let sorted = |time: fn(&Took) -> Duration| {
            let mut times: Vec<_> = measured.iter().map(time).collect();
            times.sort_unstable();
            times
        };
        let (wall, cpu) = (sorted(|took| took.wall), sorted(|took| took.cpu));
        let middle = measured.len() / 2;
        Self {
            wall: wall[middle],
            fastest: wall[0],
            cpu: cpu[middle],
        }
    }
}

/// Executes the blocks, makes chunks of them, and finds the roots on all cores.
///
/// # Errors
/// When a block does not follow.
pub fn pack(mut packer: Packer, blocks: &[SourceBlock]) -> Result<Took> {
    timed(|| {
        pack_full(&mut packer, blocks, Form::Blobs, |batch| {
            black_box(batch);
        })
    })
}

/// Computes the commitments and cell proofs of the batches' blobs, one batch after the other, a thread a blob.
///
/// # Errors
/// Never for chunks.
pub fn prove(batches: &[SealedBatch]) -> Result<Took> {
    timed(|| batches.iter().try_for_each(prove_one))
}

fn prove_one(batch: &SealedBatch) -> Result<()> {
    black_box(sidecar(&batch.chunks)?);
    Ok(())
}

/// Both at once: each batch is proven while the next ones are packed, as the batcher does it.
///
/// # Errors
/// As [`pack`] and [`prove`].
pub fn pack_and_prove(mut packer: Packer, blocks: &[SourceBlock]) -> Result<Took> {
    timed(|| {
        thread::scope(|scope| {
            let (sealed, batches) = sync_channel(1);
            let proving = scope.spawn(move || prove_all(&batches));
            let packed = pack_full(&mut packer, blocks, Form::Blobs, |batch| {
                // Nobody listens only after a proof has failed, and then that is the error.
                let _ = sealed.send(batch);
            });
            drop(sealed);
            let proven = proving.join();
            proven.map_err(|_| anyhow!("the proving thread panicked"))??;
            packed
        })
    })
}

fn prove_all(batches: &Receiver<SealedBatch>) -> Result<()> {
    batches.iter().try_for_each(|batch| prove_one(&batch))
}
