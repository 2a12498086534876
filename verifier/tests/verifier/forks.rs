//! Random posts, reverts and forks: whatever happened on the way, the derivation is as if it had read L1's last fork alone.

use alloy_primitives::B256;
use alloy_rpc_types_eth::Log;
use proptest::prelude::*;
use proptest::sample::Index;
use spillway_batcher::batch::SealedBatch;
use spillway_protocol::batch::{BatchHeader, Submission, header_hash};
use spillway_protocol::inbox::InboxAccumulator;
use spillway_verifier::derivation::Derivation;

use super::logs::{CONTRACTS, block, finalised, reverted, rollback, submitted};

/// Blocks of L1 that a fork takes back, at most.
const FORK_MAX: u64 = 6;

#[derive(Clone, Debug)]
enum Step {
    /// The next batch, in one of a few versions.
    Post(u8),
    Revert(Index),
    Finalise(Index),
    Fork(u64),
    /// The consumer takes what there is.
    Drain,
    /// The consumer has no state later than this and begins again there.
    Seek(Index),
    /// What is settled is let go.
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u8..3).prop_map(Step::Post),
        1 => any::<Index>().prop_map(Step::Revert),
        1 => any::<Index>().prop_map(Step::Finalise),
        2 => (1..=FORK_MAX).prop_map(Step::Fork),
        4 => Just(Step::Drain),
        1 => any::<Index>().prop_map(Step::Seek),
        1 => Just(Step::Forget),
    ]
}

/// L1, block by block from number 1, and who reads it.
struct World {
    blocks: Vec<Vec<Log>>,
    submissions: u64,
    derivation: Derivation,
    /// What the consumer has taken, from batch 1 on.
    taken: Vec<(BatchHeader, Submission)>,
    /// The newest block that is final.
    final_block: u64,
}

impl World {
    fn new() -> Self {
        Self {
            blocks: Vec::new(),
            submissions: 0,
            derivation: Derivation::new(CONTRACTS),
            taken: Vec::new(),
            final_block: 0,
        }
    }

    fn tip(&self) -> u64 {
        self.blocks.len() as u64
    }

    fn mine(&mut self, log: Log) {
        self.blocks.push(vec![log.clone()]);
        self.final_block = self.final_block.max(self.tip().saturating_sub(FORK_MAX));
        self.derivation.take(block(self.tip(), vec![log])).unwrap();
    }

    /// What somebody derives who reads this fork alone.
    fn anew(&self) -> Derivation {
        let mut derivation = Derivation::new(CONTRACTS);
        for (number, logs) in (1..).zip(&self.blocks) {
            derivation.take(block(number, logs.clone())).unwrap();
        }
        derivation
    }

    fn step(&mut self, step: &Step) {
        let anew = self.anew();
        let standing = anew.standing();
        let (head, settled) = (standing.head(), standing.settled(u64::MAX));
        match step {
            Step::Post(version) => {
                let parent = standing
                    .batch(head)
                    .map_or(B256::ZERO, |batch| header_hash(&batch.header));
                let batch = batch(parent, *version);
                self.mine(submitted(head + 1, self.submissions, &batch));
                self.submissions += 1;
            }
            Step::Revert(index) if head > settled => {
                self.mine(reverted(
                    settled + 1 + index.index((head - settled) as usize) as u64,
                ));
            }
            Step::Finalise(index) if head > settled => {
                self.mine(finalised(
                    settled + 1 + index.index((head - settled) as usize) as u64,
                ));
            }
            Step::Revert(_) | Step::Finalise(_) => {}
            Step::Fork(depth) => {
                let to = self.tip().saturating_sub(*depth).max(self.final_block);
                self.blocks.truncate(to as usize);
                self.derivation.take(rollback(to)).unwrap();
            }
            Step::Drain => self.drain(),
            Step::Seek(index) => {
                let base = self.derivation.standing().base();
                let to = base + index.index((self.taken.len() as u64 - base) as usize + 1) as u64;
                self.derivation.seek(to);
                self.taken.truncate(to as usize);
            }
            Step::Forget => {
                let settled = self.derivation.standing().settled(self.final_block);
                if settled <= self.derivation.handed_out_to() {
                    self.derivation.forget_through(settled);
                }
            }
        }
    }

    fn drain(&mut self) {
        loop {
            match self.derivation.next_batch() {
                Ok(Some(batch)) => {
                    assert_eq!(batch.number, self.taken.len() as u64 + 1);
                    self.taken.push((batch.header, batch.submission));
                }
                Ok(None) => return,
                Err(reset) => self.taken.truncate(reset.to as usize),
            }
        }
    }

    fn check(&mut self) {
        self.drain();
        let mut anew = self.anew();
        let mut expected = Vec::new();
        while let Some(batch) = anew.next_batch().unwrap() {
            expected.push((batch.header, batch.submission.data_commitment));
        }
        let taken = self.taken.iter();
        let taken: Vec<_> = taken
            .map(|(header, s)| (*header, s.data_commitment))
            .collect();
        assert_eq!(taken, expected);
        let (found, anew) = (self.derivation.standing(), anew.standing());
        assert_eq!(found.head(), anew.head());
        assert_eq!(found.settled(u64::MAX), anew.settled(u64::MAX));
        for number in found.base() + 1..=found.head() {
            assert_eq!(found.batch(number), anew.batch(number));
        }
    }
}

/// Versions differ in data, or in the header as well.
fn batch(parent: B256, version: u8) -> SealedBatch {
    SealedBatch {
        header: BatchHeader {
            parent,
            state_root: B256::ZERO,
            auth_root: B256::repeat_byte(version / 2),
            auth_count: 0,
            inbox_count: 0,
            inbox_accumulator: InboxAccumulator::ZERO,
            chunk_count: 1,
            block_number: 0,
            block_hash: B256::ZERO,
            timestamp: 0,
        },
        chunks: vec![[version; 496]],
        first_block: 1,
        waits_since: 0,
        operation_bytes: 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_happened_only_the_last_fork_counts(steps in proptest::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            if matches!(step, Step::Drain) {
                world.check();
            }
        }
        world.check();
    }
}
