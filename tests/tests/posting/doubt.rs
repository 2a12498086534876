//! The stranger would notice: whatever is wrong in what L1 shows is found, and by the check that is there for it.

use alloy_primitives::{Address, B256};
use alloy_rpc_types_eth::Log;
use alloy_sol_types::SolEvent as _;
use spillway_protocol::batch::{batch_hash, calldata_commitment};
use spillway_protocol::limits::{CHUNK_BYTES, CHUNK_ROOT_BYTES};
use spillway_tests::Anvil;

use super::rollup::Rollup;
use super::stranger::contracts::BatchSubmitted;
use super::stranger::{derive, derive_altered};

type Fraud = fn(&mut BatchSubmitted);

/// What is changed in the first batch, and what the stranger says to it.
const FRAUDS: [(Fraud, &str); 15] = [
    (|it| it.number += 1, "comes as number 1"),
    (
        |it| it.batch.submissionId += 1,
        "a submission id is used twice or left out",
    ),
    (
        |it| it.batch.poster = Address::ZERO,
        "the contract keeps another",
    ),
    (
        |it| it.batch.header.parent = B256::repeat_byte(1),
        "another parent",
    ),
    (
        |it| it.batch.header.chunkCount += 1,
        "another count of chunks",
    ),
    (
        |it| it.batch.header.stateRoot = B256::ZERO,
        "another state root",
    ),
    (
        |it| it.batch.header.authCount += 1,
        "another count of operations",
    ),
    (
        |it| it.batch.header.inboxCount += 1,
        "another count of messages",
    ),
    (
        |it| it.batch.header.inboxAccumulator.0[0] ^= 1,
        "another hash chain",
    ),
    (|it| it.batch.header.blockNumber += 1, "another last block"),
    (
        |it| it.batch.header.blockHash = B256::ZERO,
        "another block hash",
    ),
    (|it| it.batch.header.timestamp += 1, "another timestamp"),
    (|it| it.batch.postedAt -= 1_000, "ahead of L1"),
    (|it| flip(it, 0), "chunk 0: another root"),
    (|it| flip(it, CHUNK_ROOT_BYTES), "chunk 0: at byte 32"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_believes_nothing() {
    let anvil = Anvil::start(&[]);
    let arguments = ["--post-as", "calldata"];
    let mut rollup = Rollup::start(Some(anvil.url()), &arguments, 9).await;
    rollup.send_each(5, 5).await;
    rollup.posted().await;
    let contracts = rollup.contracts();
    derive(anvil.url(), &contracts).await.expect("a chain");
    for (fraud, expected) in FRAUDS {
        let altered = derive_altered(anvil.url(), &contracts, |log| commit(log, fraud)).await;
        let error = format!("{:#}", altered.expect_err(expected));
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

/// Commits a fraud as somebody would who controls the L1 node: with the hashes that go with it.
fn commit(log: &mut Log, fraud: Fraud) {
    let Ok(submitted) = BatchSubmitted::decode_log(&log.inner) else {
        return;
    };
    let mut submitted = submitted.data;
    if submitted.number != 1 {
        return;
    }
    fraud(&mut submitted);
    let (chunks, _) = submitted.chunks.as_chunks::<CHUNK_BYTES>();
    submitted.batch.dataCommitment = calldata_commitment(chunks);
    let (header, submission) = (
        submitted.batch.header.decoded(),
        submitted.batch.submission(),
    );
    submitted.batchHash = batch_hash(&header, &submission);
    log.inner.data = submitted.encode_log_data();
}

fn flip(submitted: &mut BatchSubmitted, byte: usize) {
    let mut chunks = submitted.chunks.to_vec();
    chunks[byte] ^= 0x80;
    submitted.chunks = chunks.into();
}
