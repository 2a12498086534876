//! Which batches stand on L1, from what `Rollup` logged, through reorgs of L1 and reverts of batches.

use alloy_primitives::B256;
use spillway_l1::batches::BatchEvent;
use spillway_protocol::batch::{BatchHeader, header_hash};

/// A batch's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The batch's number; 0 before the first.
    pub(super) number: u64,
    /// Its header's hash; zero before the first.
    pub(super) header_hash: B256,
    /// Its last block.
    pub(super) block: u64,
    /// That block's hash.
    pub(super) block_hash: B256,
    /// The state root after it.
    pub(super) state_root: B256,
}

impl Place {
    pub(super) fn of(number: u64, header: &BatchHeader) -> Self {
        Self {
            number,
            header_hash: header_hash(header),
            block: header.block_number,
            block_hash: header.block_hash,
            state_root: header.state_root,
        }
    }
}

#[derive(Clone, Debug)]
enum Change {
    Submitted(u64, Box<BatchHeader>),
    Reverted(u64),
}

/// What fell was final before: whatever was built on it has to begin again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BaseFell;

/// The newest batch in a finalised block, and what happened in the blocks after it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    base: Place,
    /// Reverts in final blocks.
    base_forks: u64,
    /// With the L1 block of each, ascending.
    changes: Vec<(u64, Change)>,
}

impl Standing {
    /// From the newest batch in final blocks, in which there were so many reverts.
    pub(super) const fn new(base: Place, base_forks: u64) -> Self {
        Self {
            base,
            base_forks,
            changes: Vec::new(),
        }
    }

    /// The newest batch in finalised blocks.
    pub(super) const fn base(&self) -> &Place {
        &self.base
    }

    /// Takes in what was logged in a block.
    pub(super) fn apply(&mut self, l1_block: u64, event: BatchEvent) {
        let change = match event {
            BatchEvent::Submitted(batch) => Change::Submitted(batch.number, Box::new(batch.header)),
            BatchEvent::Reverted { number } => Change::Reverted(number),
            BatchEvent::Finalized { .. } | BatchEvent::Escaped => return,
        };
        self.changes.push((l1_block, change));
    }

    /// Forgets what was logged in the blocks after that one.
    pub(super) fn roll_back(&mut self, l1_block: u64) {
        self.changes.retain(|(block, _)| *block <= l1_block);
    }

    /// Moves the base to the newest batch in the blocks up to that one.
    pub(super) fn finalise(&mut self, l1_block: u64) -> Result<(), BaseFell> {
        let is_final = self
            .changes
            .partition_point(|(block, _)| *block <= l1_block);
        let standing = standing(&self.base, &self.changes[..is_final])?;
        if let Some((number, header)) = standing.last() {
            self.base = Place::of(*number, header);
        }
        let settled = self.changes.drain(..is_final);
        self.base_forks += count_reverts(settled.as_slice());
        Ok(())
    }

    /// Reverts up to the head.
    pub(super) fn forks(&self) -> u64 {
        self.base_forks + count_reverts(&self.changes)
    }

    /// The batches after the base that stand on the head, in order.
    pub(super) fn batches(&self) -> Result<Vec<(u64, &BatchHeader)>, BaseFell> {
        standing(&self.base, &self.changes)
    }

    /// The newest batch that stands on the head.
    pub(super) fn head(&self) -> Result<Place, BaseFell> {
        let batches = self.batches()?;
        let newest = batches
            .last()
            .map(|(number, header)| Place::of(*number, header));
        Ok(newest.unwrap_or(self.base))
    }
}

fn count_reverts(changes: &[(u64, Change)]) -> u64 {
    let is_revert = |(_, change): &&(u64, Change)| matches!(change, Change::Reverted(_));
    changes.iter().filter(is_revert).count() as u64
}

fn standing<'c>(
    base: &Place,
    changes: &'c [(u64, Change)],
) -> Result<Vec<(u64, &'c BatchHeader)>, BaseFell> {
    let mut standing: Vec<(u64, &BatchHeader)> = Vec::new();
    for (_, change) in changes {
        match change {
            Change::Submitted(number, header) => standing.push((*number, header)),
            Change::Reverted(number) if *number <= base.number => return Err(BaseFell),
            Change::Reverted(number) => standing.retain(|(standing, _)| standing < number),
        }
    }
    Ok(standing)
}

#[cfg(test)]
mod tests {
    use spillway_l1::batches::SubmittedBatch;
    use spillway_protocol::batch::Submission;

    use super::*;

    fn header(block: u64) -> BatchHeader {
        BatchHeader {
            parent: B256::ZERO,
            state_root: B256::ZERO,
            auth_root: B256::ZERO,
            auth_count: 0,
            inbox_count: 0,
            inbox_accumulator: Default::default(),
            chunk_count: 1,
            block_number: block,
            block_hash: B256::ZERO,
            timestamp: 0,
        }
    }

    /// Batch `number` ends with block `10 number`.
    fn submitted(number: u64) -> BatchEvent {
        BatchEvent::Submitted(Box::new(SubmittedBatch {
            number,
            l1_block: 0,
            header: header(10 * number),
            submission: Submission {
                data_commitment: B256::ZERO,
                posted_at: 0,
                id: 0,
                poster: Default::default(),
            },
            versioned_hashes: Vec::new(),
            chunks: Default::default(),
        }))
    }

    fn head(standing: &Standing) -> u64 {
        standing.head().unwrap().block
    }

    #[test]
    fn the_head_follows_submissions_reverts_and_reorgs() {
        let mut standing = Standing::new(Place::default(), 0);
        assert_eq!(head(&standing), 0);
        standing.apply(100, submitted(1));
        standing.apply(101, submitted(2));
        standing.apply(102, submitted(3));
        assert_eq!(head(&standing), 30);
        standing.apply(103, BatchEvent::Reverted { number: 2 });
        assert_eq!((head(&standing), standing.forks()), (10, 1));
        standing.apply(103, submitted(2));
        assert_eq!(head(&standing), 20);
        // The revert's block is gone, and with it the batch after it.
        standing.roll_back(102);
        assert_eq!((head(&standing), standing.forks()), (30, 0));
        standing.roll_back(100);
        assert_eq!(head(&standing), 10);
        standing.roll_back(99);
        assert_eq!(head(&standing), 0);
    }

    #[test]
    fn the_base_is_what_final_blocks_say() {
        let mut standing = Standing::new(Place::default(), 0);
        for number in 1..=4 {
            standing.apply(100 + number, submitted(number));
        }
        standing.finalise(102).unwrap();
        assert_eq!(*standing.base(), Place::of(2, &header(20)));
        assert_eq!(head(&standing), 40);
        assert_eq!(standing.batches().unwrap().len(), 2);
        standing.finalise(102).unwrap();
        assert_eq!(standing.base().number, 2);
        standing.roll_back(0);
        assert_eq!(head(&standing), 20, "what is final is not rolled back");
    }

    #[test]
    fn a_base_that_falls_is_noticed() {
        let mut standing = Standing::new(Place::of(3, &header(30)), 7);
        standing.apply(7, BatchEvent::Reverted { number: 4 });
        standing.finalise(7).unwrap();
        assert_eq!((head(&standing), standing.forks()), (30, 8));
        standing.apply(8, BatchEvent::Reverted { number: 3 });
        assert_eq!(standing.head(), Err(BaseFell));
        assert_eq!(standing.finalise(8), Err(BaseFell));
    }
}
