//! A sequencer's chain, followed by replicas in folders of their own: through JSON, as over the network.

mod following;
mod hostile;
mod refusals;
mod rolling_back;
mod storage;

use std::sync::Arc;

use alloy_primitives::{Address, B256};
use tempfile::TempDir;

use super::*;
use crate::feed::{Feed, FeedBlock};
use crate::journal::simulated_disk::SimulatedDisk;
use crate::rollback::tests::{CHAIN_ID, Chain, GENESIS};
use crate::signing::HeaderSigner;
use crate::view::Summary;

/// More than the answers of these tests take.
const JSON_BYTES_MAX: usize = 16 << 20;

/// The key that [`Chain`] signs with.
fn key() -> HeaderSigner {
    HeaderSigner::new(B256::repeat_byte(0x77)).unwrap()
}

fn config(dir: &TempDir) -> Config {
    let mut config = Config::new(GENESIS, dir.path().to_owned());
    config.storage.segment_bytes = 1_500;
    config
}

fn start(dir: &TempDir) -> Replica {
    Replica::start(&config(dir), key().address()).unwrap()
}

/// On a disk that fails, all but snapshots and index.
fn start_on_disk(dir: &TempDir, disk: &SimulatedDisk) -> Replica {
    let open = |options: &journal::Options| Journal::open_in(Arc::new(disk.clone()), options);
    Replica::start_on(&config(dir), key().address(), open, || Ok(disk.clone())).unwrap()
}

/// Blocks from that number on, as a follower reads them.
fn feed(view: &View, from: u64, count: u64) -> Vec<FeedBlock> {
    let feed = Feed::read(view, from, count, JSON_BYTES_MAX).unwrap();
    let json = serde_json::to_string(&feed).unwrap();
    let read: Feed = serde_json::from_str(&json).unwrap();
    assert_eq!(read, feed);
    read.blocks
}

fn received(view: &View, from: u64, count: u64) -> Vec<ReceivedBlock> {
    let blocks = feed(view, from, count).into_iter();
    blocks.map(|block| block.try_into().unwrap()).collect()
}

/// Imports all that the other node has beyond ours.
fn catch_up(replica: &mut Replica, from: &View) -> u64 {
    let next = replica.view().block_number() + 1;
    replica.import(received(from, next, u64::MAX)).unwrap()
}

/// The place in the chain, and the state.
fn place(view: &View) -> (u64, B256, B256) {
    let Summary {
        block_number,
        block_hash,
        state_root,
        ..
    } = view.summary().unwrap();
    (block_number, block_hash, state_root)
}

/// Each block has its signature, and readers see no more than what is durable.
fn check_whole(replica: &Replica) {
    let view = replica.view();
    for number in 1..=view.block_number() {
        let signed = view.signed_blocks().signed_header(number).unwrap().unwrap();
        assert_eq!(signed.signed_by(CHAIN_ID), Some(replica.signer));
        assert_eq!(signed.header.number, number);
    }
}
