//! What the sequencer signs, as a follower reads and checks it.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Signature, hex, keccak256};
use rand::Rng as _;
use serde_json::{Value, json};
use spillway_protocol::block::{BlockHeader, signing_digest};
use spillway_protocol::tree::list_root;
use spillway_tests::{CHAIN_ID, Rpc, accounts};

use super::dice;
use super::felled::{Felled, SEQUENCER};
use super::number;

/// Blocks of a request.
const BLOCKS: u64 = 100;

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a text")).expect("hex")
}

fn hash(value: &Value) -> B256 {
    B256::from_slice(&bytes(value))
}

/// Reads all blocks, and checks that each follows from its bytes and from the one before it, and is signed. Answers the
/// signatures with the fork id that they are for.
async fn checked(rpc: &Rpc, sequencer: Address) -> BTreeMap<u64, (u64, Vec<u8>)> {
    let mut signatures = BTreeMap::new();
    let mut parent = BlockHeader::genesis().hash();
    loop {
        let from = signatures.len() as u64 + 1;
        let feed = rpc
            .call("spillway_blocks", json!([from, BLOCKS]))
            .await
            .expect("blocks");
        let blocks = feed["blocks"].as_array().expect("a list");
        for block in blocks {
            let header = BlockHeader {
                parent: hash(&block["parent"]),
                number: number(block, "number"),
                timestamp: number(block, "timestamp"),
                base_fee: number(block, "base_fee"),
                inbox_count: number(block, "inbox_count"),
                inbox_accumulator: bytes(&block["inbox_accumulator"])
                    .as_slice()
                    .try_into()
                    .expect("24 bytes"),
                operations_hash: keccak256(bytes(&block["operations"])),
            };
            assert_eq!(
                (header.number, header.parent),
                (signatures.len() as u64 + 1, parent)
            );
            assert_eq!(header.hash(), hash(&block["hash"]));
            parent = header.hash();
            let raw = block["transactions"].as_array().expect("a list").iter();
            let root = list_root(&raw.map(|raw| keccak256(bytes(raw))).collect::<Vec<_>>());
            assert_eq!(root, hash(&block["transactions_root"]));
            let fork_id = number(block, "fork_id");
            let digest = signing_digest(CHAIN_ID, fork_id, &parent, &root);
            let signature = bytes(&block["signature"]);
            let parsed = Signature::from_raw(&signature).expect("a signature");
            assert_eq!(
                parsed.recover_address_from_prehash(&digest).expect("a key"),
                sequencer
            );
            signatures.insert(header.number, (fork_id, signature));
        }
        if blocks.is_empty() {
            return signatures;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_block_is_signed_the_same_after_a_restart_and_anew_on_a_new_fork() {
    let mut dice = dice();
    // Nobody claims, which would make batches final before they fall.
    let arguments = ["--post-as", "calldata", "--l1-depth", "2", "--no-relayer"];
    let mut felled = Felled::start(&arguments, dice.random()).await;
    let sequencer = accounts::funded(SEQUENCER).address();
    felled.until_standing(2).await;
    let status = felled.rollup.status().await;
    let signer = status["header_signer"].as_str().expect("a signer");
    assert_eq!(signer.parse::<Address>(), Ok(sequencer));
    let before = checked(&felled.rollup.rpc(), sequencer).await;
    assert!(before.values().all(|(fork_id, _)| *fork_id == 0));

    felled.rollup.stop();
    felled.rollup.resume(&arguments).await;
    let again = checked(&felled.rollup.rpc(), sequencer).await;
    assert!(again.len() >= before.len());
    assert!(before.iter().all(|(block, signed)| again[block] == *signed));

    let last_block = felled.fell(2).await;
    felled.followed(1).await;
    let after = checked(&felled.rollup.rpc(), sequencer).await;
    for (block, (fork_id, signature)) in &after {
        assert_eq!(*fork_id, u64::from(*block > last_block), "block {block}");
        let is_same = again
            .get(block)
            .is_some_and(|(_, before)| before == signature);
        assert_eq!(is_same, *block <= last_block, "block {block}");
    }
    let feed = felled
        .rollup
        .rpc()
        .call("spillway_blocks", json!([1, 1]))
        .await
        .expect("blocks");
    assert_eq!(
        feed["forks"],
        json!([{ "id": 1, "last_block": last_block }])
    );
    assert_eq!(feed["blocks"].as_array().map(Vec::len), Some(1));
    drop(felled.rollup);
    felled.l1.stop().await;
}
