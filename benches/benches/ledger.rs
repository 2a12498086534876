//! The state at a million accounts: execution, the codec, the state root, and replay.

use alloy_primitives::B256;
use criterion::{BatchSize, Criterion, Throughput};
use spillway_batcher::packer::Packer;
use spillway_batcher::{AllCores, SourceBlock};
use spillway_benches::population::Population;
use spillway_protocol::block::{self, BlockHeader};
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::keccak::OneThread;
use spillway_protocol::operation::Operation;
use spillway_protocol::root::{Delta, StateTree};
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;
use spillway_protocol::transition;
use spillway_sequencer::block::Block;
use spillway_sequencer::config::{BlockConfig, QueueConfig};
use spillway_sequencer::ledger::Ledger;
use spillway_sequencer::ordering::{Now, Orderer, Outcome};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

const SEED: u64 = 1;
const ACCOUNTS: u32 = 1_000_000;
const BASE_FEE: u64 = 1_000_000;
/// Transfers of one measured pass: far more accounts than the caches hold.
const TRANSFERS: usize = 100_000;
/// What 464 bytes of operations hold of them.
const CHUNK_TRANSFERS: usize = 55;
/// Transfers of a block when the sequencer is busy.
const BLOCK_TRANSFERS: usize = 5_000;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let mut population = Population::new(SEED, ACCOUNTS);
    let mut state = population.state().expect("addresses differ");
    begin_block(&mut state);
    let operations = population.operations(TRANSFERS);
    execute(&mut criterion, &mut state, &operations);
    resolve_and_execute(&mut criterion, &mut state, &mut population);
    code(&mut criterion, &state, &operations);
    state_root(&mut criterion, &mut state, &operations);
    pack(&mut criterion, &state, &operations);
    replay(&mut criterion, &mut state, &operations);
    follow(&mut criterion);
    criterion.final_summary();
}

fn begin_block(state: &mut State) {
    let begin = Operation::Block {
        seconds: 0,
        base_fee: BASE_FEE,
    };
    transition::apply(state, &begin, None).expect("a block can begin");
}

fn apply(state: &mut State, operation: &Operation) {
    transition::apply(state, operation, None).expect("every account can pay");
}

/// The transition alone.
fn execute(criterion: &mut Criterion, state: &mut State, operations: &[Operation]) {
    let mut group = criterion.benchmark_group("execute");
    group.throughput(Throughput::Elements(operations.len() as u64));
    group.bench_function("apply", |bencher| {
        bencher.iter(|| {
            for operation in operations {
                apply(state, operation);
            }
            state.clear_changes();
        });
    });
    group.finish();
}

/// What the orderer does with a transaction's meaning: addresses to indices, bytes, effect.
fn resolve_and_execute(criterion: &mut Criterion, state: &mut State, population: &mut Population) {
    let tokens = TokenTable::default();
    let transfers = population.transfers(TRANSFERS);
    let mut bytes = Vec::new();
    let mut group = criterion.benchmark_group("execute");
    group.throughput(Throughput::Elements(transfers.len() as u64));
    group.bench_function("resolve, encode and apply", |bencher| {
        bencher.iter(|| {
            bytes.clear();
            for transfer in &transfers {
                let sender = transfer.signer_ref();
                let operation = transition::resolve(state, &tokens, sender, &transfer.intent)
                    .expect("both accounts exist");
                codec::encode(&operation, &Scope::of(state, &tokens), &mut bytes)
                    .expect("both indices exist");
                apply(state, &operation);
            }
            state.clear_changes();
        });
    });
    group.finish();
}

fn code(criterion: &mut Criterion, state: &State, operations: &[Operation]) {
    let tokens = TokenTable::default();
    let scope = Scope::of(state, &tokens);
    let mut bytes = Vec::new();
    let mut group = criterion.benchmark_group("codec");
    group.throughput(Throughput::Elements(operations.len() as u64));
    group.bench_function("encode", |bencher| {
        bencher.iter(|| encode(operations, &scope, &mut bytes));
    });
    encode(operations, &scope, &mut bytes);
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (operation, len) = codec::decode(rest, &scope).expect("encoded above");
                black_box(operation);
                rest = &rest[len..];
            }
        });
    });
    group.finish();
    let each = bytes.len() as f64 / operations.len() as f64;
    println!("codec: {each:.3} bytes a transfer, without chunk and blob overhead\n");
}

fn encode(operations: &[Operation], scope: &Scope<'_>, bytes: &mut Vec<u8>) {
    bytes.clear();
    for operation in operations {
        codec::encode(operation, scope, bytes).expect("both indices exist");
    }
}

/// The trees after each chunk. The throughput is in transfers, so its inverse is a transfer's share.
/// The root after each chunk: alone, and many at once as the batcher finds them.
fn state_root(criterion: &mut Criterion, state: &mut State, operations: &[Operation]) {
    let mut tree = StateTree::build(state, std::iter::empty()).expect("there are no withdrawals");
    state.clear_changes();
    let deltas: Vec<Delta> = operations
        .chunks_exact(CHUNK_TRANSFERS)
        .map(|chunk| {
            chunk.iter().for_each(|operation| apply(state, operation));
            Delta::take(state)
        })
        .collect();
    let mut group = criterion.benchmark_group("state root");
    for at_once in [1, 64] {
        let mut next = deltas.chunks_exact(at_once).cycle();
        group.throughput(Throughput::Elements((CHUNK_TRANSFERS * at_once) as u64));
        group.bench_function(format!("{at_once} chunks at once, one core"), |bencher| {
            bencher.iter(|| tree.follow(next.next().unwrap_or_default(), &mut OneThread));
        });
    }
    let mut next = deltas.chunks_exact(64).cycle();
    group.bench_function("64 chunks at once, all cores", |bencher| {
        bencher.iter(|| tree.follow(next.next().unwrap_or_default(), &mut AllCores));
    });
    group.finish();
}

/// From a block to a sealed batch: execution, chunks, roots.
fn pack(criterion: &mut Criterion, state: &State, operations: &[Operation]) {
    let mut block = SourceBlock {
        header: BlockHeader::genesis(),
        operations: Vec::new(),
        messages: Vec::new(),
        listings: Vec::new(),
        transaction_hashes: vec![B256::ZERO; BLOCK_TRANSFERS],
    };
    let begin = [Operation::Block {
        seconds: 0,
        base_fee: BASE_FEE,
    }];
    let head = BlockHeader {
        number: state.counters().block_number,
        ..BlockHeader::genesis()
    };
    let tokens = TokenTable::default();
    let mut after = state.clone();
    for operation in begin.iter().chain(&operations[..BLOCK_TRANSFERS]) {
        codec::encode(
            operation,
            &Scope::of(&after, &tokens),
            &mut block.operations,
        )
        .expect("both indices exist");
        apply(&mut after, operation);
    }
    block.header = head.next(after.counters(), &[], &block.operations);
    let tree = StateTree::build(state, std::iter::empty()).expect("there are no withdrawals");

    let mut group = criterion.benchmark_group("batcher");
    group.throughput(Throughput::Elements(BLOCK_TRANSFERS as u64));
    group.bench_function("block to sealed batch", |bencher| {
        bencher.iter_batched(
            || {
                Packer::new(
                    state.clone(),
                    tree.clone(),
                    tokens.clone(),
                    head,
                    B256::ZERO,
                )
            },
            |mut packer| {
                packer.push(&block).expect("the block follows");
                (packer.seal(), packer)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// A block from its bytes, as verifiers and followers execute it.
fn replay(criterion: &mut Criterion, state: &mut State, operations: &[Operation]) {
    let tokens = TokenTable::default();
    let mut bytes = Vec::new();
    let begin = [Operation::Block {
        seconds: 0,
        base_fee: BASE_FEE,
    }];
    for operation in begin.iter().chain(operations) {
        codec::encode(operation, &Scope::of(state, &tokens), &mut bytes)
            .expect("both indices exist");
    }
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(operations.len() as u64));
    group.bench_function("block::execute", |bencher| {
        bencher.iter(|| {
            block::execute(state, &bytes, &[], &tokens).expect("the block is valid");
            state.clear_changes();
        });
    });
    group.finish();
}

/// Sealed blocks on the ledger that readers see, its trees included.
fn follow(criterion: &mut Criterion) {
    let mut population = Population::new(SEED, ACCOUNTS);
    let state = population.state().expect("addresses differ");
    let head = block::BlockHeader::genesis();
    let tokens = TokenTable::default;
    let mut ledger = Ledger::import(state.clone(), tokens(), head, Vec::new())
        .expect("there are no withdrawals");
    let (blocks, queues) = (BlockConfig::default(), QueueConfig::default());
    let mut orderer = Orderer::new(state, tokens(), head, blocks, queues);
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(BLOCK_TRANSFERS as u64));
    group.bench_function("Ledger::apply", |bencher| {
        bencher.iter_batched(
            || seal(&mut orderer, &mut population),
            |block| {
                ledger
                    .apply(&block.header, &block.body)
                    .expect("it continues the ledger");
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn seal(orderer: &mut Orderer<()>, population: &mut Population) -> Arc<Block> {
    let now = Now {
        elapsed: Duration::ZERO,
        unix: 1_800_000_000,
    };
    for transfer in population.transfers(BLOCK_TRANSFERS) {
        let (outcome, _) = orderer.submit(now, transfer, ());
        assert_eq!(outcome, Outcome::Executed);
    }
    let block = orderer.seal(now).expect("a block can begin").block;
    orderer.durable(block.header.number);
    block
}
