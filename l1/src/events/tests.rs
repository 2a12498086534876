//! The core against a chain that forks, nodes that lag behind, refuse and lie about forks.

use alloy_primitives::{Address, B256, Bytes, Log as PrimitiveLog, keccak256};
use alloy_rpc_types_eth::Log;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::transactions::BlockRef;

const CONTRACT: Address = Address::repeat_byte(7);
const START: u64 = 3;

#[derive(Clone, Debug)]
struct ModelBlock {
    header: Header,
    logs: Vec<Log>,
}

#[derive(Clone, Debug, Default)]
struct Model {
    blocks: Vec<ModelBlock>,
    salt: u64,
}

impl Model {
    fn mine(&mut self, rng: &mut StdRng) {
        self.salt += 1;
        let number = self.blocks.len() as u64;
        let parent = self
            .blocks
            .last()
            .map_or(B256::ZERO, |block| block.header.block.hash);
        let hash = keccak256(format!("{parent} {number} {}", self.salt));
        let count = if rng.random_bool(0.3) {
            rng.random_range(1..4)
        } else {
            0
        };
        let log = |index: u64| Log {
            inner: PrimitiveLog::new_unchecked(
                CONTRACT,
                vec![hash],
                Bytes::from(vec![index as u8]),
            ),
            block_hash: Some(hash),
            block_number: Some(number),
            log_index: Some(index),
            ..Log::default()
        };
        self.blocks.push(ModelBlock {
            header: Header {
                block: BlockRef { number, hash },
                parent,
                timestamp: number * 12,
            },
            // Nodes answer them in order; the reader does not rely on it.
            logs: (0..count).rev().map(log).collect(),
        });
    }

    fn fork(&mut self, depth: usize, rng: &mut StdRng) {
        let kept = self.blocks.len().saturating_sub(depth).max(1);
        let length = self.blocks.len() + rng.random_range(0..3) - usize::from(rng.random_bool(0.1));
        self.blocks.truncate(kept);
        while self.blocks.len() < length {
            self.mine(rng);
        }
    }

    /// What a node that has the first so many blocks says.
    fn answer(&self, question: &Question, known: usize, range_max: u64, finalized: bool) -> Answer {
        let blocks = &self.blocks[..known];
        let latest = blocks.last().expect("genesis").header.block;
        let depth = FORK_DEPTH_MAX as u64;
        match question {
            Question::Markers => Answer::Markers(Markers {
                latest,
                safe: None,
                finalized: finalized.then(|| (self.blocks.len() as u64 - 1).saturating_sub(depth)),
            }),
            Question::Header(number) => {
                Answer::Header(blocks.get(*number as usize).map(|block| block.header))
            }
            Question::LogsOf(block) => match blocks.iter().find(|b| b.header.block == *block) {
                Some(block) => Answer::Logs(block.logs.clone()),
                None => Answer::Refused,
            },
            Question::LogsIn(from, to) if to - from >= range_max || *to > latest.number => {
                Answer::Refused
            }
            Question::LogsIn(from, to) => {
                let range = &blocks[*from as usize..=*to as usize];
                Answer::Logs(range.iter().flat_map(|block| block.logs.clone()).collect())
            }
        }
    }

    fn logs(&self, to: u64) -> Vec<Log> {
        let blocks = self
            .blocks
            .iter()
            .filter(|b| (START..=to).contains(&b.header.block.number));
        let sorted = |block: &ModelBlock| {
            let mut logs = block.logs.clone();
            logs.sort_by_key(|log| log.log_index);
            logs
        };
        blocks.flat_map(sorted).collect()
    }
}

const FORK_DEPTH_MAX: usize = 20;

/// What an owner makes of the items: the blocks, taken back on a rollback.
#[derive(Debug, Default)]
struct Owner {
    blocks: Vec<Block>,
    rollbacks: usize,
}

impl Owner {
    fn take(&mut self, item: Item) {
        match item {
            Item::Block(block) => {
                if let Some(last) = self.blocks.last() {
                    assert!(
                        block.header.block.number > last.header.block.number,
                        "out of order"
                    );
                }
                self.blocks.push(block);
            }
            Item::Rollback { to } => {
                let kept = to.map_or(0, |to| {
                    let at = self
                        .blocks
                        .iter()
                        .position(|block| block.header.block == to);
                    1 + at.expect("a rollback to a block that was handed out")
                });
                assert!(kept < self.blocks.len(), "a rollback of nothing");
                self.blocks.truncate(kept);
                self.rollbacks += 1;
            }
        }
    }

    fn logs(&self) -> Vec<Log> {
        self.blocks
            .iter()
            .flat_map(|block| block.logs.clone())
            .collect()
    }
}

fn follower(cursor: Cursor) -> Follower {
    let filter = LogFilter {
        addresses: vec![CONTRACT],
        topics: Vec::new(),
    };
    Follower::new(cursor, filter, FORK_DEPTH_MAX as u64)
}

fn run(seed: u64) -> Owner {
    let rng = &mut StdRng::seed_from_u64(seed);
    let mut model = Model::default();
    for _ in 0..rng.random_range(1..200) {
        model.mine(rng);
    }
    let finalized = rng.random_bool(0.5);
    let mut core = follower(Cursor::before(START));
    let mut owner = Owner::default();
    for _ in 0..400 {
        match rng.random_range(0..20) {
            0..3 => model.mine(rng),
            3 => model.fork(rng.random_range(1..=FORK_DEPTH_MAX / 2), rng),
            // It starts again from what the owner kept.
            4 => core = follower(core.cursor().clone()),
            _ => {}
        }
        let lag = if rng.random_bool(0.2) {
            rng.random_range(0..4)
        } else {
            0
        };
        let known = model.blocks.len().saturating_sub(lag).max(1);
        let answer = match rng.random_bool(0.1) {
            true => Answer::Refused,
            false => model.answer(&core.question(), known, rng.random_range(1..60), finalized),
        };
        if let Progress::Items(items) = core.answer(answer).expect("no fork is too deep") {
            items.into_iter().for_each(|item| owner.take(item));
        }
    }
    // A chain that has become shorter looks like a node that is behind, until it grows again.
    while model.blocks.len() as u64 <= core.cursor().next() {
        model.mine(rng);
    }
    // Nothing fails any more: it gets to the head.
    for _ in 0..1_000 {
        let answer = model.answer(&core.question(), model.blocks.len(), u64::MAX, finalized);
        match core.answer(answer).expect("no fork is too deep") {
            Progress::Items(items) => items.into_iter().for_each(|item| owner.take(item)),
            Progress::AtHead => break,
            _ => {}
        }
    }
    let head = model.blocks.last().expect("genesis").header.block;
    if head.number >= START {
        assert_eq!(core.cursor().tip(), Some(head));
    }
    assert_eq!(owner.logs(), model.logs(head.number));
    owner
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn the_owner_ends_up_with_the_logs_of_the_chain(seed: u64) {
        run(seed);
    }
}

#[test]
fn the_random_runs_hold_rollbacks() {
    assert!((0..20).map(|seed| run(seed).rollbacks).sum::<usize>() > 20);
}

#[test]
fn a_fork_deeper_than_all_links_is_an_error() {
    let rng = &mut StdRng::seed_from_u64(1);
    let mut model = Model::default();
    let mut core = follower(Cursor::before(0));
    for _ in 0..700 {
        model.mine(rng);
        for _ in 0..4 {
            core.answer(model.answer(&core.question(), model.blocks.len(), 9, false))
                .expect("no fork");
        }
    }
    model.fork(650, rng);
    let end = (0..10_000).find_map(|_| {
        core.answer(model.answer(&core.question(), model.blocks.len(), 9, false))
            .err()
    });
    assert_eq!(end, Some(ForkedTooDeep));
}

#[test]
fn a_cursor_survives_being_written_down() {
    let mut cursor = Cursor::before(5);
    for number in 5..700 {
        let hash = B256::with_last_byte(number as u8);
        cursor.push(BlockRef { number, hash });
    }
    let text = serde_json::to_string(&cursor).expect("JSON");
    assert_eq!(
        serde_json::from_str::<Cursor>(&text).expect("a cursor"),
        cursor
    );
}
