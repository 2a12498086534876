//! Amounts, leaves, roots, messages, lists, blocks, batches.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256};
use spillway_protocol::account;
use spillway_protocol::amount;
use spillway_protocol::batch::{self, BatchHeader, Submission};
use spillway_protocol::blob;
use spillway_protocol::block::{self, BlockHeader};
use spillway_protocol::chain_id;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::keccak::keccak256;
use spillway_protocol::limits::FIELD_ELEMENT_BYTES;
use spillway_protocol::root::{StatePreimage, StateTree};
use spillway_protocol::state::State;
use spillway_protocol::tree::{
    Frontier, MerkleProof, list_depth, list_root, multiproof_root, verify_list_proof, verify_proof,
};
use spillway_protocol::withdrawal::Withdrawal;

use crate::schema;
use crate::{account, counters, read};

#[test]
fn amounts() {
    let file: schema::Amounts = read("amounts.json");
    assert_eq!(file.base_exponents.len(), 39);
    for row in &file.base_exponents {
        assert_eq!(amount::base_exponent(row.decimals), Some(row.base_exponent));
    }
    for row in &file.valid {
        let (code, mantissa) = split(&row.encoded).expect("two bytes of code");
        assert_eq!(code, row.code);
        let encoded = amount::encode(row.amount, row.base_exponent);
        assert_eq!(encoded.as_bytes(), &row.encoded[..], "{row:?}");
        let decoded = amount::decode(code, mantissa, row.base_exponent);
        assert_eq!(decoded, Some(row.amount), "{row:?}");
    }
    for row in &file.invalid {
        let (code, mantissa) = split(&row.encoded).expect("two bytes of code");
        assert_eq!(
            amount::decode(code, mantissa, row.base_exponent),
            None,
            "{row:?}"
        );
    }
}

fn split(encoded: &[u8]) -> Option<(u16, &[u8])> {
    let (code, mantissa) = encoded.split_first_chunk()?;
    Some((u16::from_be_bytes(*code), mantissa))
}

#[test]
fn account_leaves() {
    let file: schema::AccountLeaves = read("account_leaves.json");
    assert!(!file.accounts.is_empty());
    for row in &file.accounts {
        let account = account(&row.account);
        let preimage = account::leaf_preimage(
            &account.address,
            account.nonce,
            account.locked,
            account.eth,
            &row.tokens_hash,
        );
        assert_eq!(row.tokens_hash, account.tokens.hash(), "{row:?}");
        assert_eq!(row.preimage[..], preimage, "{row:?}");
        assert_eq!(row.leaf, account.leaf(), "{row:?}");
        assert_eq!(row.leaf, keccak256(&row.preimage), "{row:?}");
    }
}

#[test]
fn withdrawal_leaves() {
    let file: schema::WithdrawalLeaves = read("withdrawal_leaves.json");
    let root = file.roots.last().expect("the root of all").root;
    let mut frontier = Frontier::new();
    assert_eq!(
        (0, frontier.root()),
        (file.roots[0].count, file.roots[0].root)
    );
    for (row, after) in file.withdrawals.iter().zip(&file.roots[1..]) {
        let withdrawal = Withdrawal {
            account: row.account,
            recipient: row.recipient,
            token: row.token,
            amount: row.amount,
        };
        assert_eq!(row.leaf, withdrawal.leaf(row.index), "{row:?}");
        assert_eq!(frontier.append(row.leaf), Ok(row.index));
        assert_eq!((frontier.len(), frontier.root()), (after.count, after.root));
        let proof = MerkleProof(row.proof[..].try_into().expect("32 siblings"));
        assert!(verify_proof(&root, row.index, &row.leaf, &proof), "{row:?}");
    }
    assert_eq!(file.roots.len(), file.withdrawals.len() + 1);
}

#[test]
fn state_roots() {
    let file: schema::StateRoots = read("state_roots.json");
    assert!(!file.genesis.is_empty() && !file.roots.is_empty());
    for row in &file.genesis {
        let state = State::genesis(row.fee_account);
        let tree = StateTree::build(&state, std::iter::empty()).unwrap();
        assert_eq!(tree.root(&state), row.root);
    }
    for row in &file.roots {
        let preimage = StatePreimage {
            accounts_root: row.accounts_root,
            withdrawals_root: row.withdrawals_root,
            account_count: row.account_count,
            counters: counters(&row.counters),
        };
        assert_eq!(preimage.root(), row.root, "{row:?}");
    }
}

#[test]
fn inbox() {
    let file: schema::Inbox = read("inbox.json");
    assert!(!file.messages.is_empty());
    let mut accumulator = InboxAccumulator::ZERO;
    for row in &file.messages {
        let message = message(row);
        assert_eq!(message.encode().as_bytes(), &row.encoded[..], "{row:?}");
        assert_eq!(InboxMessage::decode(&row.encoded), Some(message), "{row:?}");
        accumulator = message.accumulate(&accumulator);
        assert_eq!(accumulator, row.accumulator, "{row:?}");
    }
    for row in &file.invalid {
        assert_eq!(InboxMessage::decode(&row.encoded), None, "{row:?}");
    }
}

fn message(row: &schema::Message) -> InboxMessage {
    let (sender, account, token, amount) = (row.sender, row.account, row.token, row.amount);
    match row.kind.as_str() {
        "deposit" => InboxMessage::Deposit {
            to: row.to,
            token,
            amount,
            lock: row.lock,
        },
        "forced_withdrawal" => InboxMessage::ForcedWithdrawal {
            sender,
            account,
            token,
            amount,
            recipient: row.recipient,
        },
        "lock" => InboxMessage::Lock { sender, account },
        "unlock" => InboxMessage::Unlock { sender, account },
        other => panic!("no such kind: {other}"),
    }
}

#[test]
fn lists() {
    let file: schema::Lists = read("lists.json");
    for row in &file.lists {
        assert_eq!(list_root(&row.hashes), row.root, "{row:?}");
    }
    for row in &file.proofs {
        let found = verify_list_proof(&row.root, row.count, row.index, &row.leaf, &row.proof);
        assert_eq!(found, row.valid, "{row:?}");
        assert!(!row.valid || row.proof.len() == list_depth(row.count));
    }
    assert!(file.proofs.iter().any(|row| row.valid) && file.proofs.iter().any(|row| !row.valid));
}

#[test]
fn blocks() {
    let file: schema::Blocks = read("blocks.json");
    assert_eq!(file.headers[0].hash, BlockHeader::genesis().hash());
    let mut parent = B256::ZERO;
    for row in &file.headers {
        let header = BlockHeader {
            parent: row.parent,
            number: row.number,
            timestamp: row.timestamp,
            base_fee: row.base_fee,
            inbox_count: row.inbox_count,
            inbox_accumulator: row.inbox_accumulator,
            operations_hash: row.operations_hash,
        };
        assert_eq!(row.parent, parent, "{row:?}");
        assert_eq!(row.operations_hash, keccak256(&row.operations), "{row:?}");
        assert_eq!(row.hash, header.hash(), "{row:?}");
        parent = row.hash;
    }
    for row in &file.signatures {
        let digest =
            block::signing_digest(row.chain_id, row.fork_id, &row.block_hash, &row.tx_root);
        assert_eq!(row.tx_root, list_root(&row.transaction_hashes), "{row:?}");
        assert_eq!(row.digest, digest, "{row:?}");
    }
}

#[test]
fn batches() {
    let file: schema::Batches = read("batch.json");
    for row in &file.batches {
        let header = BatchHeader {
            parent: row.parent,
            state_root: row.state_root,
            auth_root: row.auth_root,
            auth_count: row.auth_count,
            inbox_count: row.inbox_count,
            inbox_accumulator: row.inbox_accumulator,
            chunk_count: row.chunk_count,
            block_number: row.block_number,
            block_hash: row.block_hash,
            timestamp: row.timestamp,
        };
        let submission = Submission {
            data_commitment: row.data_commitment,
            posted_at: row.posted_at,
            id: row.submission_id,
            poster: row.poster,
        };
        assert_eq!(row.header[..], header.encode(), "{row:?}");
        assert_eq!(row.header_hash, batch::header_hash(&header), "{row:?}");
        assert_eq!(row.hash, batch::batch_hash(&header, &submission), "{row:?}");
        assert_ne!(row.poster, Address::ZERO);
    }
    for row in &file.blob_commitments {
        let commitment = batch::blob_commitment(&row.versioned_hashes);
        assert_eq!(row.commitment, commitment);
    }
    for row in &file.calldata_commitments {
        let chunks: Vec<_> = row.chunks.iter().map(|bytes| chunk(bytes)).collect();
        let hashes: Vec<_> = chunks.iter().map(|chunk| keccak256(chunk)).collect();
        assert_eq!(row.chunk_hashes, hashes);
        assert_eq!(row.commitment, batch::calldata_commitment(&chunks));
    }
    let chunks: Vec<_> = file
        .field_elements
        .iter()
        .map(|row| chunk(&row.chunk))
        .collect();
    let blobs = blob::pack(&chunks);
    let (elements, _) = blobs[0].as_chunks::<FIELD_ELEMENT_BYTES>();
    for (row, elements) in file.field_elements.iter().zip(elements.chunks(16)) {
        assert_eq!(row.elements, elements);
    }
}

fn chunk(bytes: &[u8]) -> Chunk {
    bytes.try_into().expect("496 bytes")
}

#[test]
fn multiproofs() {
    let file: schema::Multiproofs = read("multiproofs.json");
    assert!(!file.proofs.is_empty() && !file.invalid.is_empty());
    let root = |count, indices: &[u32], leaves: &[B256], siblings: &[B256]| {
        let leaves: Vec<_> = indices
            .iter()
            .copied()
            .zip(leaves.iter().copied())
            .collect();
        multiproof_root(count, &leaves, siblings)
    };
    for row in &file.proofs {
        let found = root(row.count, &row.indices, &row.leaves, &row.siblings);
        assert_eq!(found, Ok(row.root), "{row:?}");
    }
    for row in &file.invalid {
        let found = root(row.count, &row.indices, &row.leaves, &row.siblings);
        assert_ne!(found, Ok(row.root), "{}", row.why);
    }
}

#[test]
fn chain_ids() {
    let file: schema::ChainIds = read("chain_ids.json");
    assert!(!file.chain_ids.is_empty());
    for row in &file.chain_ids {
        let found = chain_id::derive(row.l1_chain_id, &row.rollup);
        assert_eq!(found, row.chain_id, "{row:?}");
    }
}

#[test]
fn fast_withdrawals() {
    let file: schema::FastWithdrawals = read("fast_withdrawals.json");
    assert!(file.consents.len() >= 11);
    for row in &file.consents {
        let consent = FastWithdrawal {
            index: row.index,
            withdrawal: Withdrawal {
                account: row.account,
                recipient: row.recipient,
                token: row.token,
                amount: row.amount,
            },
            fee: row.fee,
            deadline: row.deadline,
        };
        let found = consent.signing_hash(row.l1_chain_id, &row.bridge);
        assert_eq!(found, row.signing_hash, "{row:?}");
    }
    let hashes: BTreeSet<_> = file.consents.iter().map(|row| row.signing_hash).collect();
    assert_eq!(hashes.len(), file.consents.len(), "a field is not signed");
}
