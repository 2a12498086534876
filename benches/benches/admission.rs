//! From raw bytes to an admitted transaction: decoding, and recovery of the sender.

use alloy_primitives::Bytes;
use criterion::{BatchSize, Criterion, Throughput};
use spillway_benches::accounts::Fleet;
use spillway_benches::workload::{Terms, draw, sign};
use spillway_protocol::transaction::{Intent, WalletTransaction};
use spillway_sequencer::admission::{admit, admit_all};
use std::hint::black_box;
use std::time::Duration;

const SEED: u64 = 1;
const TERMS: Terms = Terms {
    chain_id: 51_717,
    max_fee: 1_000_000_000,
};
/// Transfers that are admitted one by one, and together.
const SINGLE: usize = 500;
const BULK: usize = 10_000;

fn main() {
    let raw = signed_transfers();
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    decode(&mut criterion, &raw);
    recovery(&mut criterion, &raw);
    criterion.final_summary();
}

fn signed_transfers() -> Vec<Bytes> {
    let fleet = Fleet::derive(SEED, 64, 1_000).expect("the seed's keys are valid");
    let plan = draw(SEED, "admission", BULK, &fleet);
    let signed = sign(&plan, &fleet, &[0; 64], TERMS).expect("keys sign");
    signed.into_iter().map(|signed| signed.raw.into()).collect()
}

/// The wallet format and its meaning, without hashing.
fn decode(criterion: &mut Criterion, raw: &[Bytes]) {
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(raw.len() as u64));
    group.bench_function("transaction and intent", |bencher| {
        bencher.iter(|| {
            for raw in raw {
                let transaction = WalletTransaction::decode(raw, TERMS.chain_id)
                    .expect("a transfer signed here decodes");
                black_box(Intent::of(&transaction).expect("it is a transfer"));
            }
        });
    });
    group.finish();
}

fn recovery(criterion: &mut Criterion, raw: &[Bytes]) {
    let mut group = criterion.benchmark_group("recovery");
    let single = &raw[..SINGLE];
    group.throughput(Throughput::Elements(SINGLE as u64));
    group.bench_function("one thread", |bencher| {
        bencher.iter(|| {
            for raw in single {
                black_box(admit(raw.clone(), TERMS.chain_id).expect("its signature is good"));
            }
        });
    });
    group.throughput(Throughput::Elements(BULK as u64));
    group.bench_function("all cores", |bencher| {
        bencher.iter_batched(
            || raw.to_vec(),
            |raw| {
                let admitted = admit_all(raw, TERMS.chain_id);
                assert!(
                    admitted.iter().all(Result::is_ok),
                    "every signature is good"
                );
                admitted
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}
