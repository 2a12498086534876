//! Vectors of what is posted to L1 and its commitments: lists, blocks, batches.

use alloy_primitives::{Address, B256, Bytes};
use spillway_protocol::batch::{self, BatchHeader, Submission};
use spillway_protocol::blob;
use spillway_protocol::block::{self, BlockHeader};
use spillway_protocol::chain_id;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::keccak::keccak256;
use spillway_protocol::limits::FIELD_ELEMENT_BYTES;
use spillway_protocol::operation::{DepositTarget, Operation};
use spillway_protocol::state::State;
use spillway_protocol::transition;
use spillway_protocol::tree::{
    MerkleTree, list_proof, list_root, multiproof_root, verify_list_proof,
};

use crate::schema;
use crate::setting::{ALICE, BOB, CHAIN_ID, ETHER, FEE, GWEI, hash, tokens};

pub(crate) fn lists() -> schema::Lists {
    let hashes: Vec<_> = (0..9).map(|n| hash(&format!("list {n}"))).collect();
    let lists = [0, 1, 2, 3, 4, 5, 8, 9]
        .map(|count| schema::List {
            hashes: hashes[..count].to_vec(),
            root: list_root(&hashes[..count]),
        })
        .into_iter()
        .chain([schema::List {
            // Only the count tells it from the list of three.
            hashes: [&hashes[..3], &[B256::ZERO]].concat(),
            root: list_root(&[&hashes[..3], &[B256::ZERO]].concat()),
        }])
        .collect();
    let proof = |count: u32, index: u32| schema::ListProof {
        count,
        index,
        leaf: hashes[index as usize],
        proof: list_proof(&hashes[..count as usize], index).unwrap(),
        root: list_root(&hashes[..count as usize]),
        valid: true,
        why: String::new(),
    };
    let invalid = |mut row: schema::ListProof, why: &str, change: fn(&mut schema::ListProof)| {
        change(&mut row);
        (row.valid, row.why) = (false, why.into());
        row
    };
    let proofs = vec![
        proof(1, 0),
        proof(2, 1),
        proof(5, 0),
        proof(5, 4),
        proof(9, 8),
        invalid(proof(5, 4), "another count", |row| row.count = 6),
        invalid(proof(5, 4), "an index past the end", |row| row.index = 5),
        invalid(proof(5, 4), "another index", |row| row.index = 3),
        invalid(proof(5, 4), "another leaf", |row| row.leaf = hash("other")),
        invalid(proof(5, 4), "too short", |row| row.proof.truncate(2)),
        invalid(proof(5, 4), "too long", |row| row.proof.push(B256::ZERO)),
    ];
    for row in &proofs {
        let found = verify_list_proof(&row.root, row.count, row.index, &row.leaf, &row.proof);
        assert_eq!(found, row.valid, "{}", row.why);
    }
    schema::Lists { lists, proofs }
}

pub(crate) fn blocks() -> schema::Blocks {
    let tokens = tokens();
    let mut state = State::genesis(FEE);
    let mut header = BlockHeader::genesis();
    let mut headers = vec![header_row(&header, &[])];
    let deposit = InboxMessage::Deposit {
        to: ALICE,
        token: 0,
        amount: ETHER,
        lock: false,
    };
    let begin = |seconds, base_fee| Operation::Block { seconds, base_fee };
    let receive = Operation::Inbox {
        target: Some(DepositTarget::New),
    };
    let pay = Operation::TransferNew {
        from: 1,
        to: BOB,
        token: 0,
        amount: GWEI,
    };
    for (operations, messages) in [
        (vec![begin(1_700_000_000, 7), receive], vec![deposit]),
        (vec![begin(1, 7)], vec![]),
        (vec![begin(0, 7), pay], vec![]),
    ] {
        let mut bytes = Vec::new();
        // Each operation's width follows from the state before it, so encoding executes.
        let mut ahead = state.clone();
        let mut waiting = messages.iter();
        for operation in &operations {
            let scope = Scope::of(&ahead, &tokens);
            codec::encode(operation, &scope, &mut bytes).unwrap();
            let message = match operation {
                Operation::Inbox { .. } => waiting.next(),
                _ => None,
            };
            transition::apply(&mut ahead, operation, message).unwrap();
        }
        block::execute(&mut state, &bytes, &messages, &tokens).unwrap();
        header = header.next(state.counters(), &messages, &bytes);
        headers.push(header_row(&header, &bytes));
    }
    let hashes = vec![hash("transaction 0"), hash("transaction 1")];
    let signatures = [(CHAIN_ID, 0, vec![]), (u64::MAX, 3, hashes)].map(
        |(chain_id, fork_id, transaction_hashes)| {
            let (block_hash, tx_root) = (header.hash(), list_root(&transaction_hashes));
            schema::HeaderDigest {
                block_hash,
                chain_id,
                digest: block::signing_digest(chain_id, fork_id, &block_hash, &tx_root),
                fork_id,
                transaction_hashes,
                tx_root,
            }
        },
    );
    schema::Blocks {
        headers,
        signatures: signatures.into(),
    }
}

fn header_row(header: &BlockHeader, operations: &[u8]) -> schema::Header {
    schema::Header {
        base_fee: header.base_fee,
        hash: header.hash(),
        inbox_accumulator: header.inbox_accumulator,
        inbox_count: header.inbox_count,
        number: header.number,
        operations: Bytes::copy_from_slice(operations),
        operations_hash: header.operations_hash,
        parent: header.parent,
        timestamp: header.timestamp,
    }
}

const POSTER: Address = Address::repeat_byte(0x90);

/// A chunk of 496 bytes that differ from their neighbours.
fn patterned_chunk(seed: u8) -> Chunk {
    std::array::from_fn(|at| seed.wrapping_add((at % 251) as u8))
}

pub(crate) fn batches() -> schema::Batches {
    let chunks = [patterned_chunk(1), patterned_chunk(7), patterned_chunk(99)];
    let calldata_commitments: Vec<_> = [1, 3]
        .map(|count| schema::CalldataCommitment {
            chunk_hashes: chunks[..count].iter().map(|c| keccak256(c)).collect(),
            chunks: chunks[..count]
                .iter()
                .map(|c| Bytes::copy_from_slice(c))
                .collect(),
            commitment: batch::calldata_commitment(&chunks[..count]),
        })
        .into();
    let versioned = |n: u8| {
        let mut hash = hash(&format!("blob {n}"));
        hash.0[0] = 1;
        hash
    };
    let blob_commitments: Vec<_> = [1, 6]
        .map(|count| {
            let versioned_hashes: Vec<_> = (0..count).map(versioned).collect();
            schema::BlobCommitment {
                commitment: batch::blob_commitment(&versioned_hashes),
                versioned_hashes,
            }
        })
        .into();
    let first = BatchHeader {
        parent: B256::ZERO,
        state_root: hash("state 1"),
        auth_root: list_root(&[]),
        auth_count: 0,
        inbox_count: 1,
        inbox_accumulator: InboxAccumulator::repeat_byte(0x1b),
        chunk_count: 3,
        block_number: 2,
        block_hash: hash("block 2"),
        timestamp: 1_700_000_001,
    };
    let first_row = batch_row(&first, 0, calldata_commitments[1].commitment);
    let second = BatchHeader {
        parent: batch::header_hash(&first),
        state_root: hash("state 2"),
        auth_root: list_root(&[hash("transaction 0")]),
        auth_count: u32::MAX,
        inbox_count: u64::MAX,
        inbox_accumulator: InboxAccumulator::repeat_byte(0xff),
        chunk_count: 1_536,
        block_number: u64::MAX,
        block_hash: hash("block 3"),
        timestamp: u64::MAX,
    };
    let second_row = batch_row(&second, 1, blob_commitments[1].commitment);
    let blobs = blob::pack(&chunks);
    let (elements, _) = blobs[0].as_chunks::<FIELD_ELEMENT_BYTES>();
    let field_elements = chunks.iter().zip(elements.chunks(16));
    schema::Batches {
        batches: vec![first_row, second_row],
        blob_commitments,
        calldata_commitments,
        field_elements: field_elements
            .map(|(chunk, elements)| schema::FieldElements {
                chunk: Bytes::copy_from_slice(chunk),
                elements: elements
                    .iter()
                    .map(|element| B256::from(*element))
                    .collect(),
            })
            .collect(),
    }
}

fn batch_row(header: &BatchHeader, submission_id: u64, data_commitment: B256) -> schema::Batch {
    let submission = Submission {
        data_commitment,
        posted_at: 1_700_000_060 + submission_id,
        id: submission_id,
        poster: POSTER,
    };
    schema::Batch {
        auth_count: header.auth_count,
        auth_root: header.auth_root,
        block_hash: header.block_hash,
        block_number: header.block_number,
        chunk_count: header.chunk_count,
        data_commitment,
        hash: batch::batch_hash(header, &submission),
        header: Bytes::copy_from_slice(&header.encode()),
        header_hash: batch::header_hash(header),
        inbox_accumulator: header.inbox_accumulator,
        inbox_count: header.inbox_count,
        parent: header.parent,
        posted_at: submission.posted_at,
        poster: submission.poster,
        state_root: header.state_root,
        submission_id,
        timestamp: header.timestamp,
    }
}

pub(crate) fn multiproofs() -> schema::Multiproofs {
    let hashes: Vec<_> = (0..70).map(|n| hash(&format!("leaf {n}"))).collect();
    let proof = |count: u32, indices: &[u32]| {
        let tree = MerkleTree::from_leaves(hashes[..count as usize].iter().copied()).unwrap();
        schema::Multiproof {
            count,
            indices: indices.to_vec(),
            leaves: indices.iter().map(|n| hashes[*n as usize]).collect(),
            root: tree.root(),
            siblings: tree.multiproof(indices).unwrap(),
        }
    };
    let invalid =
        |row: schema::Multiproof, why: &str, change: fn(&mut schema::InvalidMultiproof)| {
            let mut invalid = schema::InvalidMultiproof {
                count: row.count,
                indices: row.indices,
                leaves: row.leaves,
                root: row.root,
                siblings: row.siblings,
                why: why.into(),
            };
            change(&mut invalid);
            invalid
        };
    let row = || proof(21, &[3, 4, 5, 20]);
    let proofs = vec![
        proof(1, &[0]),
        proof(2, &[0]),
        proof(2, &[1]),
        proof(2, &[0, 1]),
        proof(5, &[4]),
        proof(5, &[0, 4]),
        proof(64, &[63]),
        proof(70, &[0, 1, 2, 3, 4, 5, 6, 7]),
        proof(70, &[9, 33, 34, 35, 68, 69]),
        row(),
    ];
    let invalid = vec![
        invalid(row(), "a sibling is missing", |row| _ = row.siblings.pop()),
        invalid(row(), "a sibling is left over", |row| {
            row.siblings.push(B256::ZERO);
        }),
        invalid(row(), "another leaf", |row| row.leaves[1] = row.leaves[2]),
        invalid(row(), "another index", |row| row.indices[0] = 2),
        invalid(row(), "another count", |row| row.count = 22),
        invalid(row(), "siblings in another order", |row| {
            row.siblings.swap(0, 1);
        }),
    ];
    for row in &invalid {
        let leaves: Vec<_> = row
            .indices
            .iter()
            .copied()
            .zip(row.leaves.clone())
            .collect();
        let root = multiproof_root(row.count, &leaves, &row.siblings);
        assert_ne!(root, Ok(row.root), "{}", row.why);
    }
    schema::Multiproofs { invalid, proofs }
}

pub(crate) fn chain_ids() -> schema::ChainIds {
    let places = [
        (1, ALICE),
        (1, BOB),
        (11_155_111, ALICE),
        (u64::MAX, Address::ZERO),
    ];
    let chain_ids = places.map(|(l1_chain_id, rollup)| schema::ChainId {
        chain_id: chain_id::derive(l1_chain_id, &rollup),
        l1_chain_id,
        rollup,
    });
    schema::ChainIds {
        chain_ids: chain_ids.into(),
    }
}
