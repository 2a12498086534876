//! Which batches stand, through forks of L1 and reverts, and that they are what `Rollup` lets stand.

use std::collections::VecDeque;
use std::sync::Arc;

use alloy_primitives::B256;
use spillway_l1::batches::SubmittedBatch;
use spillway_protocol::batch::{blob_commitment, calldata_commitment, header_hash};
use spillway_protocol::limits::{BATCH_BLOBS_MAX, BLOB_CHUNKS, CALLDATA_CHUNKS_MAX, CHUNK_BYTES};

use super::arrivals::Arrivals;
use super::error::Contradiction;

/// What a batch is: its claim and its data. Posted again in another block of L1 it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    header_hash: B256,
    data_commitment: B256,
}

#[derive(Clone, Debug)]
struct Entry {
    l1_block: u64,
    identity: Identity,
    batch: Arc<SubmittedBatch>,
}

/// Batches that fell together.
#[derive(Clone, Debug)]
struct Fallen {
    l1_block: u64,
    entries: VecDeque<Entry>,
}

/// The newest batch that can neither fall nor be forked away, or genesis.
#[derive(Clone, Copy, Debug, Default)]
struct Base {
    number: u64,
    l1_block: u64,
    header_hash: B256,
    inbox_count: u64,
    /// One more than its submission id.
    submissions: u64,
}

/// The batches that stand on L1's head.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    base: Base,
    /// The base itself, which a proof about the next batch shows to L1. None for genesis.
    base_batch: Option<Arc<SubmittedBatch>>,
    batches: VecDeque<Entry>,
    /// What fell, in order: a fork can take the revert back.
    fallen: Vec<Fallen>,
    /// What `Rollup` calls final, with the block in which it did; ascending.
    finalised: Vec<(u64, u64)>,
}

impl Standing {
    /// The newest batch that stands; 0 if there is none.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.base.number + self.batches.len() as u64
    }

    /// The newest batch that is let go; 0 if none is.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.base.number
    }

    /// A batch that stands and is not let go.
    #[must_use]
    pub fn batch(&self, number: u64) -> Option<&Arc<SubmittedBatch>> {
        self.entry(number).map(|entry| &entry.batch)
    }

    /// The batch before a standing one; none before the first.
    #[must_use]
    pub fn parent_of(&self, number: u64) -> Option<&Arc<SubmittedBatch>> {
        if number == self.base.number.saturating_add(1) {
            return self.base_batch.as_ref();
        }
        self.batch(number.checked_sub(1)?)
    }

    pub(super) fn identity(&self, number: u64) -> Option<Identity> {
        self.entry(number).map(|entry| entry.identity)
    }

    fn entry(&self, number: u64) -> Option<&Entry> {
        let place = number.checked_sub(self.base.number + 1)?;
        self.batches.get(usize::try_from(place).ok()?)
    }

    /// What the next batch continues.
    fn tip(&self) -> Base {
        let Some(Entry {
            l1_block,
            identity,
            batch,
        }) = self.batches.back()
        else {
            return self.base;
        };
        Base {
            number: batch.number,
            l1_block: *l1_block,
            header_hash: identity.header_hash,
            inbox_count: batch.header.inbox_count,
            submissions: batch.submission.id.saturating_add(1),
        }
    }

    /// Takes in a batch that was posted in that block, after the messages that had arrived.
    ///
    /// # Errors
    /// [`Contradiction`], with nothing changed.
    pub fn submitted(
        &mut self,
        l1_block: u64,
        batch: SubmittedBatch,
        arrivals: &Arrivals,
    ) -> Result<(), Contradiction> {
        let tip = self.tip();
        check_place(&tip, &batch)?;
        check_inbox(&tip, &batch, arrivals)?;
        check_data(&batch)?;
        self.batches.push_back(Entry {
            l1_block,
            identity: Identity {
                header_hash: header_hash(&batch.header),
                data_commitment: batch.submission.data_commitment,
            },
            batch: Arc::new(batch),
        });
        Ok(())
    }

    /// That batch and all later ones have fallen.
    ///
    /// # Errors
    /// [`Contradiction::NotStanding`], with nothing changed.
    pub fn reverted(&mut self, l1_block: u64, number: u64) -> Result<(), Contradiction> {
        let is_final = self
            .finalised
            .last()
            .is_some_and(|(_, last)| number <= *last);
        if is_final || self.entry(number).is_none() {
            return Err(Contradiction::NotStanding(number));
        }
        let kept = (number - self.base.number - 1) as usize;
        let entries = self.batches.split_off(kept);
        self.fallen.push(Fallen { l1_block, entries });
        Ok(())
    }

    /// `Rollup` calls that batch and all before it final.
    ///
    /// # Errors
    /// [`Contradiction::NotStanding`], with nothing changed.
    pub fn finalised(&mut self, l1_block: u64, number: u64) -> Result<(), Contradiction> {
        if number == 0 || number > self.head() {
            return Err(Contradiction::NotStanding(number));
        }
        self.finalised.push((l1_block, number));
        Ok(())
    }

    /// Forgets what was logged in the blocks after that one; all of it, if there is none.
    ///
    /// # Errors
    /// [`Contradiction::FinalForked`] if what is let go was in one of them.
    pub fn roll_back(&mut self, to: Option<u64>) -> Result<(), Contradiction> {
        let is_gone = |l1_block: u64| to.is_none_or(|to| l1_block > to);
        if self.base.number != 0 && is_gone(self.base.l1_block) {
            return Err(Contradiction::FinalForked(self.base.l1_block));
        }
        self.finalised.retain(|(l1_block, _)| !is_gone(*l1_block));
        self.batches.retain(|entry| !is_gone(entry.l1_block));
        // Newest first: what fell earlier stood below what fell later.
        while let Some(fallen) = self.fallen.pop_if(|fallen| is_gone(fallen.l1_block)) {
            let stands_again = fallen.entries.into_iter();
            self.batches
                .extend(stands_again.filter(|entry| !is_gone(entry.l1_block)));
        }
        Ok(())
    }

    /// The newest batch that can neither fall nor be forked away, if L1's blocks up to that one are final.
    #[must_use]
    pub fn settled(&self, final_block: u64) -> u64 {
        let settled = self
            .finalised
            .iter()
            .rev()
            .find(|(block, _)| *block <= final_block);
        settled.map_or(self.base.number, |(_, number)| *number)
    }

    /// Lets go of a batch and all before it. It must be [settled](Self::settled).
    pub fn forget_through(&mut self, number: u64) {
        let kept = |entry: &Entry| entry.batch.number > number;
        let gone = self.batches.partition_point(|entry| !kept(entry));
        let is_whole = self.batches.drain(..gone).next_back();
        let Some(Entry {
            l1_block,
            identity,
            batch,
        }) = is_whole
        else {
            return;
        };
        self.base = Base {
            number,
            l1_block,
            header_hash: identity.header_hash,
            inbox_count: batch.header.inbox_count,
            submissions: batch.submission.id.saturating_add(1),
        };
        self.base_batch = Some(batch);
        // A fork does not reach below the block in which the batch became final, so not to what fell below it either.
        self.fallen.retain(|fallen| fallen.entries.iter().any(kept));
        self.finalised.retain(|(_, last)| *last >= number);
    }
}

fn check_place(tip: &Base, batch: &SubmittedBatch) -> Result<(), Contradiction> {
    let (expected, found) = (tip.number + 1, batch.number);
    if found != expected {
        return Err(Contradiction::BatchNumber { expected, found });
    }
    if batch.header.parent != tip.header_hash {
        return Err(Contradiction::Parent(found));
    }
    if batch.submission.id < tip.submissions {
        return Err(Contradiction::SubmissionId(found));
    }
    Ok(())
}

fn check_inbox(
    tip: &Base,
    batch: &SubmittedBatch,
    arrivals: &Arrivals,
) -> Result<(), Contradiction> {
    let (number, claimed) = (batch.number, batch.header.inbox_count);
    let (before, sent) = (tip.inbox_count, arrivals.count());
    if claimed < before || claimed > sent {
        return Err(Contradiction::InboxCount {
            number,
            claimed,
            before,
            sent,
        });
    }
    if arrivals.accumulator(claimed) != Some(batch.header.inbox_accumulator) {
        return Err(Contradiction::InboxAccumulator(number));
    }
    Ok(())
}

fn check_data(batch: &SubmittedBatch) -> Result<(), Contradiction> {
    let (number, chunk_count) = (batch.number, batch.header.chunk_count);
    let (chunks, blobs) = (usize::from(chunk_count), batch.versioned_hashes.len());
    let bytes = batch.chunks.len();
    let is_sized = match blobs {
        0 => chunks <= CALLDATA_CHUNKS_MAX && bytes == chunks * CHUNK_BYTES,
        _ => blobs <= BATCH_BLOBS_MAX && blobs == chunks.div_ceil(BLOB_CHUNKS) && bytes == 0,
    };
    if chunks == 0 || !is_sized {
        return Err(Contradiction::Size {
            number,
            chunks: chunk_count,
            blobs,
            bytes,
        });
    }
    let commitment = match blobs {
        0 => calldata_commitment(batch.chunks.as_chunks().0),
        _ => blob_commitment(&batch.versioned_hashes),
    };
    if commitment != batch.submission.data_commitment {
        return Err(Contradiction::Commitment(number));
    }
    Ok(())
}
