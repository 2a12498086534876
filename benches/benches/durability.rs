//! From a transaction to the disk: the journal, the core behind admission, and the whole sequencer
//! in one process. All of it on the disk of the target folder.

use alloy_primitives::Bytes;
use criterion::{BatchSize, Criterion, SamplingMode, Throughput};
use spillway_benches::accounts::Fleet;
use spillway_benches::engine::Engine;
use spillway_benches::population::{BALANCE_WEI, GENESIS, Population};
use spillway_benches::workload::{Terms, draw, sign};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::token::ETH;
use spillway_sequencer::Sequencer;
use spillway_sequencer::config::Config;
use spillway_sequencer::journal::{Journal, Options};
use spillway_sequencer::lanes::L1Event;
use spillway_sequencer::submission::{Accepted, Submitter};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const SEED: u64 = 1;
const ACCOUNTS: u32 = 1_000_000;
const TERMS: Terms = Terms {
    chain_id: GENESIS.chain_id,
    max_fee: 1_000_000_000,
};
/// Transfers of one pass through the core.
const CORE_TRANSFERS: usize = 200_000;
/// Transfers of one pass through the sequencer: clients x requests x transfers of a request.
const CLIENTS: usize = 8;
const REQUESTS: usize = 5;
const REQUEST_TRANSFERS: usize = 500;
const SENDERS: usize = 256;
const RECIPIENTS: usize = 10_000;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    journal(&mut criterion);
    core(&mut criterion, "order, execute and journal", false);
    core(&mut criterion, "and replay for readers", true);
    end_to_end(&mut criterion);
    criterion.final_summary();
}

fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written")
}

fn journal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal append and sync");
    for kib in [4, 64, 256] {
        let dir = folder();
        let (mut journal, _) = Journal::open(dir.path(), &Options::new(GENESIS.id().0))
            .expect("a journal can be made");
        let payload = vec![0x5a; kib << 10];
        group.throughput(Throughput::Bytes(payload.len() as u64));
        group.bench_function(format!("{kib} KiB"), |bencher| {
            bencher.iter(|| {
                let number = journal.next_number();
                journal
                    .append(number, &[&payload])
                    .expect("the disk takes it");
                journal.sync().expect("the disk syncs")
            });
        });
    }
    group.finish();
}

/// Everything between admission and the answer, on two threads.
fn core(criterion: &mut Criterion, name: &str, with_ledger: bool) {
    let dir = folder();
    let mut population = Population::new(SEED, ACCOUNTS);
    let state = population.state().expect("addresses differ");
    let mut engine = Engine::new(dir.path(), state, with_ledger).expect("a journal can be made");
    let mut group = criterion.benchmark_group("without signatures");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(CORE_TRANSFERS as u64));
    group.bench_function(name, |bencher| {
        bencher.iter_batched(
            || population.transfers(CORE_TRANSFERS),
            |transfers| engine.transfer(transfers).expect("every account can pay"),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Signed transfers in, durable answers out; several clients, each with a request under way.
fn end_to_end(criterion: &mut Criterion) {
    let dir = folder();
    let runtime = Runtime::new().expect("a runtime starts");
    let fleet = Fleet::derive(SEED, SENDERS, RECIPIENTS).expect("the seed's keys are valid");
    let config = Config::new(GENESIS, dir.path().to_owned());
    let sequencer = Sequencer::start(&config).expect("a sequencer starts in an empty folder");
    runtime.block_on(deposit(&sequencer, &fleet));
    let mut nonces = vec![0; SENDERS];
    let mut group = criterion.benchmark_group("end to end");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(
        (CLIENTS * REQUESTS * REQUEST_TRANSFERS) as u64,
    ));
    group.bench_function("submit_all", |bencher| {
        bencher.iter_batched(
            || signed_requests(&fleet, &mut nonces),
            |clients| runtime.block_on(submit(&sequencer, clients)),
            BatchSize::PerIteration,
        );
    });
    group.finish();
    sequencer.stop().expect("the sequencer stops cleanly");
}

/// Gives senders and recipients an account each, and waits until they have it.
async fn deposit(sequencer: &Sequencer, fleet: &Fleet) {
    let senders = fleet.senders.iter().map(|sender| sender.address());
    let addresses = senders.chain(fleet.recipients.iter().copied());
    sequencer.deliver(addresses.map(|to| {
        L1Event::Message(InboxMessage::Deposit {
            to,
            token: ETH,
            amount: BALANCE_WEI,
            lock: false,
        })
    }));
    let view = sequencer.view();
    let mut newest = view.newest();
    let all = (1 + SENDERS + RECIPIENTS) as u32;
    while view.with_ledger(|ledger| ledger.state().account_count()) < all {
        newest.changed().await.expect("the sequencer runs");
    }
}

/// For each client its requests. A sender belongs to one client, so that its nonces arrive in order.
fn signed_requests(fleet: &Fleet, nonces: &mut [u64]) -> Vec<Vec<Vec<Bytes>>> {
    let count = CLIENTS * REQUESTS * REQUEST_TRANSFERS;
    let label = format!("end to end {}", nonces[0]);
    let plan = draw(SEED, &label, count, fleet);
    let signed = sign(&plan, fleet, nonces, TERMS).expect("keys sign");
    let mut clients = vec![Vec::new(); CLIENTS];
    for transfer in signed {
        nonces[transfer.sender] += 1;
        clients[transfer.sender % CLIENTS].push(Bytes::from(transfer.raw));
    }
    let requests = |all: Vec<Bytes>| all.chunks(REQUEST_TRANSFERS).map(<[_]>::to_vec).collect();
    clients.into_iter().map(requests).collect()
}

async fn submit(sequencer: &Sequencer, clients: Vec<Vec<Vec<Bytes>>>) {
    let run = |requests| tokio::spawn(client(sequencer.submitter(), requests));
    let clients: Vec<_> = clients.into_iter().map(run).collect();
    for client in clients {
        client.await.expect("no client fails");
    }
}

async fn client(submitter: Submitter, requests: Vec<Vec<Bytes>>) {
    for request in requests {
        for answer in submitter.submit_all(request).await {
            assert!(matches!(answer, Ok(Accepted::Durable { .. })), "{answer:?}");
        }
    }
}
