//! How fast batches are derived and replayed: blobs from the archive, checked against their versioned hashes, unpacked,
//! executed, and the root after each chunk compared.
//!
//!     cargo run --release -p spillway-verifier --example speed -- [ACCOUNTS] [BATCHES]
//!
//! Senders and recipients are drawn evenly from all accounts, which is harder on caches than any real load; amounts have
//! two to four digits.

use std::env;
use std::time::Instant;

use alloy_eips::eip4844::Blob;
use alloy_primitives::{Address, B256};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_batcher::SourceBlock;
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::packer::{FULL_CHUNKS, Packer};
use spillway_l1::batches::SubmittedBatch;
use spillway_l1::beacon::{Archive, BlobSource};
use spillway_protocol::account::Account;
use spillway_protocol::batch::{Submission, blob_commitment};
use spillway_protocol::blob;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::operation::Operation;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::{Counters, State};
use spillway_protocol::token::{ETH, TokenTable};
use spillway_protocol::transition;
use spillway_verifier::derivation::{BatchData, fetch};
use spillway_verifier::replay::{Claim, Ledger, Verdict, replay};
use tempfile::TempDir;

const TRANSFERS_IN_BLOCK: usize = 50;

/// How many times everything is measured.
const ROUNDS: usize = 5;

type Fault = Box<dyn std::error::Error>;

fn main() -> Result<(), Fault> {
    let mut arguments = env::args().skip(1).map(|argument| argument.parse::<u32>());
    let accounts = arguments.next().transpose()?.unwrap_or(1_000_000);
    let count = arguments.next().transpose()?.unwrap_or(4);

    let (ledger, batches) = chain(accounts, count)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let archive = TempDir::new()?;
    let source = BlobSource::new(Archive::open(archive.path())?, None);
    let mut posted = Vec::new();
    for batch in &batches {
        posted.push(runtime.block_on(post(&source, batch))?);
    }
    let transfers: u64 = batches
        .iter()
        .map(|batch| u64::from(batch.header.auth_count))
        .sum();
    println!("{accounts} accounts, {count} batches, {transfers} transfers");
    for _ in 0..ROUNDS {
        let start = ledger.clone();
        let took = Instant::now();
        let data = runtime.block_on(fetch_all(&source, &posted))?;
        print(transfers, "derive", took);
        let took = Instant::now();
        replay_all(start, &posted, &data)?;
        print(transfers, "replay", took);
        let start = ledger.clone();
        let took = Instant::now();
        runtime.block_on(overlapped(start, &source, &posted))?;
        print(transfers, "both at once, as the verifier does", took);
    }
    Ok(())
}

fn print(transfers: u64, work: &str, since: Instant) {
    let rate = transfers as f64 / since.elapsed().as_secs_f64();
    println!("{rate:>10.0} transfers/s  {work}");
}

/// A ledger with so many accounts, and full batches upon it.
fn chain(accounts: u32, count: u32) -> Result<(Ledger, Vec<SealedBatch>), Fault> {
    let funded = (0..accounts).map(|number| Account {
        address: Address::left_padding_from(&(number + 1).to_be_bytes()),
        eth: 10_u128.pow(24),
        ..Account::default()
    });
    let mut state = State::import(funded, Counters::default())?;
    let tree = StateTree::build(&state, std::iter::empty())?;
    let genesis = BlockHeader::genesis();
    let ledger = Ledger::of_snapshot(state.clone(), tree.clone(), genesis, 0);
    let mut packer = Packer::new(
        state.clone(),
        tree,
        TokenTable::default(),
        genesis,
        B256::ZERO,
    );
    let (mut random, mut head) = (StdRng::seed_from_u64(1), genesis);
    let mut batches = Vec::new();
    while batches.len() < count as usize {
        let block = block(&mut state, &head, &mut random)?;
        head = block.header;
        packer.push(&block)?;
        if packer.chunks() >= FULL_CHUNKS {
            batches.push(packer.seal()?);
        }
    }
    Ok((ledger, batches))
}

fn block(state: &mut State, head: &BlockHeader, random: &mut StdRng) -> Result<SourceBlock, Fault> {
    let (tokens, mut operations) = (TokenTable::default(), Vec::new());
    let accounts = state.account_count();
    let mut apply = |operation: &Operation| -> Result<(), Fault> {
        codec::encode(operation, &Scope::of(state, &tokens), &mut operations)?;
        Ok(transition::apply(state, operation, None)?)
    };
    let (seconds, base_fee) = (0, 1_000_000);
    apply(&Operation::Block { seconds, base_fee })?;
    for _ in 0..TRANSFERS_IN_BLOCK {
        apply(&Operation::Transfer {
            from: random.random_range(0..accounts),
            to: random.random_range(0..accounts),
            token: ETH,
            amount: random.random_range(10..10_000) * 10_u128.pow(14),
        })?;
    }
    state.clear_changes();
    Ok(SourceBlock {
        header: head.next(state.counters(), &[], &operations),
        operations,
        messages: Vec::new(),
        listings: Vec::new(),
        transaction_hashes: vec![B256::ZERO; TRANSFERS_IN_BLOCK],
    })
}

/// Puts a batch's blobs into the archive, and answers what L1 would say of it.
async fn post(source: &BlobSource, batch: &SealedBatch) -> Result<SubmittedBatch, Fault> {
    let blobs = blob::pack(&batch.chunks).into_iter();
    let versioned_hashes = source
        .keep(blobs.map(|blob| Blob::from(*blob)).collect())
        .await?;
    Ok(SubmittedBatch {
        number: 1,
        l1_block: 1,
        header: batch.header,
        submission: Submission {
            data_commitment: blob_commitment(&versioned_hashes),
            posted_at: 0,
            id: 0,
            poster: Address::ZERO,
        },
        versioned_hashes,
        chunks: Default::default(),
    })
}

async fn fetch_all(
    source: &BlobSource,
    posted: &[SubmittedBatch],
) -> Result<Vec<BatchData>, Fault> {
    let mut data = Vec::new();
    for batch in posted {
        data.push(fetch(source, batch).await?);
    }
    Ok(data)
}

fn replay_all(
    mut ledger: Ledger,
    posted: &[SubmittedBatch],
    data: &[BatchData],
) -> Result<(), Fault> {
    for (batch, data) in posted.iter().zip(data) {
        ledger = replay_one(ledger, batch, data)?;
    }
    Ok(())
}

fn replay_one(ledger: Ledger, batch: &SubmittedBatch, data: &BatchData) -> Result<Ledger, Fault> {
    let claim = Claim {
        header: &batch.header,
        data,
        messages: &[],
        tokens: &TokenTable::default(),
    };
    match replay(ledger, &claim) {
        Verdict::Agrees(ledger) => Ok(*ledger),
        Verdict::Wrong(wrong) => Err(wrong.into()),
    }
}

/// Each batch is fetched while the one before it is replayed.
async fn overlapped(
    mut ledger: Ledger,
    source: &BlobSource,
    posted: &[SubmittedBatch],
) -> Result<(), Fault> {
    let Some(first) = posted.first() else {
        return Ok(());
    };
    let mut data = fetch(source, first).await?;
    for (place, batch) in posted.iter().enumerate() {
        let next = posted.get(place + 1).cloned();
        let source = source.clone();
        let ahead = next.map(|next| tokio::spawn(async move { fetch(&source, &next).await }));
        ledger = tokio::task::block_in_place(|| replay_one(ledger, batch, &data))?;
        if let Some(ahead) = ahead {
            data = ahead.await??;
        }
    }
    Ok(())
}
