//! A batch in blobs on an L1 that consists of storage words, and the transaction that fells it.

use alloy_eips::eip4844::Blob;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolValue};
use spillway_bridge_contracts::TransitionDisputes::{
    Batch, BatchHeader, ChunkProof, RootProof, proveCall,
};
use spillway_bridge_contracts::{BRIDGE, INBOX, POSTED_DATA, ROLLUP, TRANSITION_DISPUTES};
use spillway_l1::kzg::{ChunkOpening, CommittedBlob, RootOpening};
use spillway_protocol::batch::blob_commitment;
use spillway_protocol::blob::pack;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::dispute::Witness;
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::limits::BLOB_CHUNKS;

use super::imagined::{CONSUMED, tokens};
use crate::chunks::encoded;
use crate::chunks::l1::{list, send};
use crate::evm::{Evm, mapped};

const INBOX_AT: Address = Address::repeat_byte(0x01);
const BRIDGE_AT: Address = Address::repeat_byte(0x02);
const DISPUTES_AT: Address = Address::repeat_byte(0x03);
const ROLLUP_AT: Address = Address::repeat_byte(0x04);
const POSTED_DATA_AT: Address = Address::repeat_byte(0x05);

/// Slots of `Rollup`'s variables.
const SEQUENCERS: u64 = 0;
const HEAD: u64 = 3;
const BATCH_HASHES: u64 = 7;
const DISPUTES: u64 = 9;

/// The sequencer of all batches here.
const SEQUENCER: Address = Address::repeat_byte(0x5e);
/// The chunk's place in its batch.
const PLACE: usize = 1;

/// What a transaction took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transaction {
    pub(super) gas: u64,
    /// Of its calldata.
    pub(super) bytes: usize,
}

/// Fells a batch of one full blob by its second chunk, which claims the root zero.
pub(super) fn fell(chunk: &Chunk, witness: &Witness) -> Transaction {
    let blob = blob(chunk, witness);
    let committed = CommittedBlob::new(&blob).expect("it is a blob");
    let versioned = committed.versioned_hash();
    let batch = batch(2, blob_commitment(&[versioned]));
    let parent = batch_before();
    let mut opening = chunk_proof(&committed.open_chunk(PLACE).expect("it is well-formed"));
    let mut before = root_proof(&committed.open_root(PLACE - 1).expect("it is well-formed"));
    opening.versionedHashes = vec![versioned];
    before.versionedHashes = vec![versioned];
    let call = proveCall {
        number: 2,
        batch: batch.clone(),
        parent: parent.clone(),
        chunk: U256::from(PLACE),
        opening,
        before,
        witness: encoded(witness),
    };
    let mut evm = contracts();
    post(&mut evm, &[parent, batch]);
    let messages: Vec<_> = witness
        .messages
        .iter()
        .map(|message| InboxMessage::decode(message.as_bytes()).expect("it was encoded"))
        .collect();
    send(
        &mut evm,
        INBOX_AT,
        CONSUMED,
        InboxAccumulator::repeat_byte(7),
        &messages,
    );
    let called = evm.call(DISPUTES_AT, &call);
    called.result.expect("the batch falls");
    Transaction {
        gas: called.gas,
        bytes: call.abi_encode().len(),
    }
}

fn blob(chunk: &Chunk, witness: &Witness) -> Blob {
    let mut chunks = vec![[0xab; 496]; BLOB_CHUNKS];
    chunks[PLACE - 1][..32].copy_from_slice(witness.state.root().as_slice());
    chunks[PLACE] = *chunk;
    let packed = pack(&chunks).remove(0);
    Blob::new(*packed)
}

fn contracts() -> Evm {
    let mut evm = Evm::default();
    evm.deploy(INBOX_AT, &INBOX, []);
    evm.deploy(BRIDGE_AT, &BRIDGE, []);
    evm.deploy(POSTED_DATA_AT, &POSTED_DATA, []);
    let window = B256::from(U256::from(1_000));
    evm.deploy(ROLLUP_AT, &ROLLUP, [("CHALLENGE_WINDOW", window)]);
    let places = [
        ("rollup", ROLLUP_AT),
        ("postedData", POSTED_DATA_AT),
        ("_inbox", INBOX_AT),
        ("_bridge", BRIDGE_AT),
    ];
    let places = places.map(|(name, at)| (name, at.into_word()));
    evm.deploy(DISPUTES_AT, &TRANSITION_DISPUTES, places);
    list(&mut evm, BRIDGE_AT, &tokens());
    let listed = mapped(DISPUTES_AT.into_word(), DISPUTES);
    evm.store(ROLLUP_AT, listed, U256::from(1));
    let bond = mapped(SEQUENCER.into_word(), SEQUENCERS);
    evm.store(ROLLUP_AT, bond, U256::from(10).pow(U256::from(18)));
    evm.fund(ROLLUP_AT, U256::from(10).pow(U256::from(18)));
    // Where half of the bond goes. On a real L1 it has been there for long.
    evm.fund(Address::ZERO, U256::from(1));
    evm
}

/// These batches stand, from number 1 on.
fn post(evm: &mut Evm, batches: &[Batch]) {
    for (number, batch) in (1u64..).zip(batches) {
        let slot = mapped(B256::from(U256::from(number)), BATCH_HASHES);
        evm.store(ROLLUP_AT, slot, hash(batch).into());
    }
    let count = batches.len() as u64;
    let head = U256::from(count) | U256::from(count) << 128;
    evm.store(ROLLUP_AT, U256::from(HEAD), head);
}

/// As docs/protocol.md, "Batches", has it: the fields packed are the preimages.
fn hash(batch: &Batch) -> B256 {
    let header = alloy_primitives::keccak256(batch.header.abi_encode_packed());
    let rest = (
        batch.dataCommitment,
        batch.postedAt,
        batch.submissionId,
        batch.poster,
    );
    alloy_primitives::keccak256([header.as_slice(), &rest.abi_encode_packed()].concat())
}

fn batch_before() -> Batch {
    batch(1, B256::repeat_byte(1))
}

fn batch(number: u64, data_commitment: B256) -> Batch {
    Batch {
        header: BatchHeader {
            parent: B256::repeat_byte(2),
            stateRoot: B256::repeat_byte(3),
            authRoot: B256::repeat_byte(4),
            authCount: 1_000,
            inboxCount: CONSUMED + 32,
            inboxAccumulator: Default::default(),
            chunkCount: 256,
            blockNumber: 1 << 30,
            blockHash: B256::repeat_byte(5),
            timestamp: 1_800_000_000,
        },
        dataCommitment: data_commitment,
        postedAt: 1,
        submissionId: number - 1,
        poster: SEQUENCER,
    }
}

fn chunk_proof(opening: &ChunkOpening) -> ChunkProof {
    ChunkProof {
        chunk: opening.chunk.into(),
        commitment: opening.commitment.into(),
        proof: opening.proof.into(),
        ..Default::default()
    }
}

fn root_proof(opening: &RootOpening) -> RootProof {
    RootProof {
        start: opening.start.into(),
        commitment: opening.commitment.to_vec().into(),
        proofs: opening.proofs.concat().into(),
        ..Default::default()
    }
}
