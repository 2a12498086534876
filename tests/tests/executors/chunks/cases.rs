//! Random chunks on random states.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use spillway_protocol::chunk::{Chunk, ChunkLimits};
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::limits::{CHUNK_BYTES, CHUNK_ROOT_BYTES};
use spillway_protocol::operation::Operation;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;
use spillway_protocol::transition;

use super::operations::{Source, Taste, message};
use super::states::Ground;

/// What is wrong with a chunk by intention; chance does the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrongness {
    /// Only operations that are valid.
    None,
    /// Operations go in as they come, until one is invalid.
    AsTheyCome,
    /// A valid chunk of which some bytes are changed.
    Mutated,
    /// No chunk at all.
    Noise,
}

/// A chunk on a state, with the messages that it may consume.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) ground: Ground,
    pub(super) messages: Vec<InboxMessage>,
    pub(super) chunk: Chunk,
}

impl Case {
    pub(super) fn random(seed: u64, tokens: &TokenTable) -> Self {
        let rng = &mut StdRng::seed_from_u64(seed);
        let ground = Ground::random(rng, tokens);
        let waiting = *[0, 3, 8, 40].choose(rng).expect("some");
        let messages: Vec<_> = (0..waiting)
            .map(|_| message(rng, &ground.state, tokens))
            .collect();
        let wrongness = match rng.random_range(0..10) {
            0..4 => Wrongness::None,
            4..7 => Wrongness::AsTheyCome,
            7..9 => Wrongness::Mutated,
            _ => Wrongness::Noise,
        };
        let mut chunk = [0; CHUNK_BYTES];
        rng.fill(&mut chunk[..CHUNK_ROOT_BYTES]);
        let operations = &mut chunk[CHUNK_ROOT_BYTES..];
        if wrongness == Wrongness::Noise {
            noise(rng, operations);
        } else {
            fill(rng, &ground.state, &messages, tokens, wrongness, operations);
        }
        if wrongness == Wrongness::Mutated {
            mutate(rng, operations);
        }
        Self {
            ground,
            messages,
            chunk,
        }
    }
}

/// Random bytes, as far as they go: the first byte often begins an operation.
fn noise(rng: &mut StdRng, operations: &mut [u8]) {
    let length = rng.random_range(0..=operations.len());
    rng.fill(&mut operations[..length]);
    if rng.random_ratio(1, 2) && length > 0 {
        operations[0] = *[0x10, 0x11, 0x1f, 0x20, 0x30, 0x40, 0x41, 0x50]
            .choose(rng)
            .expect("some");
    }
}

fn mutate(rng: &mut StdRng, operations: &mut [u8]) {
    let used = operations
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(1, |last| last + 1);
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..used);
        match rng.random_range(0..5) {
            0 => operations[at] = rng.random(),
            1 => operations[at] ^= 1 << rng.random_range(0..8),
            2 => operations[at] = 0,
            3 => operations.swap(at, rng.random_range(0..used)),
            _ => operations[at..].fill(0),
        }
    }
}

/// Fills a chunk with operations.
fn fill(
    rng: &mut StdRng,
    before: &State,
    messages: &[InboxMessage],
    tokens: &TokenTable,
    wrongness: Wrongness,
    operations: &mut [u8],
) {
    let taste = *[
        Taste::Mixed,
        Taste::Mixed,
        Taste::Crowded,
        Taste::Rich,
        Taste::Devout,
    ]
    .choose(rng)
    .expect("some");
    let mut builder = Builder {
        state: before.clone(),
        limits: ChunkLimits::default(),
        waiting: messages.iter(),
        tokens,
        bytes: Vec::new(),
    };
    let (wanted, mut tries) = (rng.random_range(0..=operations.len()), 0);
    while builder.bytes.len() < wanted && tries < 400 {
        tries += 1;
        let message = builder.waiting.as_slice().first();
        let (state, tokens) = (&builder.state, builder.tokens);
        let operation = Source {
            rng,
            state,
            tokens,
            message,
        }
        .operation(taste);
        let as_they_come = wrongness == Wrongness::AsTheyCome;
        if !builder.push(&operation, operations.len(), as_they_come) && as_they_come {
            break;
        }
    }
    operations[..builder.bytes.len()].copy_from_slice(&builder.bytes);
}

struct Builder<'a> {
    state: State,
    limits: ChunkLimits,
    waiting: std::slice::Iter<'a, InboxMessage>,
    tokens: &'a TokenTable,
    bytes: Vec<u8>,
}

impl Builder<'_> {
    /// Adds an operation if it fits. False if it is invalid, or cut off by the end of the chunk; it is added only if `anyway`
    /// then, and must be the last.
    fn push(&mut self, operation: &Operation, room: usize, anyway: bool) -> bool {
        let mut bytes = Vec::new();
        let scope = Scope::of(&self.state, self.tokens);
        if codec::encode(operation, &scope, &mut bytes).is_err() {
            return true;
        }
        let left = room - self.bytes.len();
        if bytes.len() > left {
            if anyway {
                self.bytes.extend_from_slice(&bytes[..left]);
            }
            return !anyway;
        }
        let message = self.waiting.as_slice().first();
        let mut limits = self.limits.clone();
        let admitted = limits.admit(operation, &self.state, message);
        let valid =
            admitted.is_ok() && transition::apply(&mut self.state, operation, message).is_ok();
        if valid {
            self.limits = limits;
            if matches!(operation, Operation::Inbox { .. }) {
                self.waiting.next();
            }
        }
        if valid || anyway {
            self.bytes.extend_from_slice(&bytes);
        }
        valid
    }
}
