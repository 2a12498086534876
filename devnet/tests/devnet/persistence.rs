//! A chain in a directory: what a kill leaves is what comes back.

use std::fs;
use std::path::Path;

use alloy_primitives::{B256, Bytes, U256};
use spillway_devnet::chain::Dropped;
use spillway_devnet::{Config, Devnet, StartError, StoreError};

use crate::support::{LOGGER, address, call_to, config, deploy, sidecar, sign, transfer};
use crate::support::{blob_transaction, sign_blobs};

fn in_dir(dir: &Path) -> Config {
    Config {
        dir: Some(dir.to_owned()),
        ..config()
    }
}

fn open(dir: &Path) -> Devnet {
    Devnet::start(in_dir(dir)).unwrap()
}

fn submit(devnet: &Devnet, raw: &[u8]) -> B256 {
    let client = devnet.client();
    let request = client.request("eth_sendRawTransaction", (Bytes::copy_from_slice(raw),));
    futures_util::FutureExt::now_or_never(request)
        .unwrap()
        .unwrap()
}

/// Hashes of all blocks.
fn hashes(devnet: &Devnet) -> Vec<B256> {
    let chain = devnet.chain();
    let numbers = 0..=chain.head().header.number;
    numbers
        .map(|number| chain.block(number).unwrap().hash)
        .collect()
}

/// Transactions, fees that were held, a balance that was set, a reorg.
fn live_through_much(devnet: &Devnet) {
    let controls = devnet.controls();
    submit(devnet, &sign(0, deploy(0, &LOGGER)));
    let block = controls.mine(1).unwrap();
    let logger = block.transactions[0].contract.unwrap();
    submit(devnet, &sign(0, call_to(1, logger, Bytes::new())));
    controls.set_base_fee(Some(12_345_678_901));
    controls.set_blob_base_fee(Some(1_000));
    controls.mine(2).unwrap();
    controls.set_base_fee(None);
    controls.set_balance(address(30), U256::from(8)).unwrap();
    controls.set_code(address(31), LOGGER.into()).unwrap();
    controls.mine(1).unwrap();
    controls.reorg(2, Dropped::Lost).unwrap();
    submit(devnet, &sign(1, transfer(0)));
    controls.warp(1_000);
    controls.mine(1).unwrap();
    controls.reorg(1, Dropped::Repooled).unwrap();
    controls.mine(2).unwrap();
    submit(devnet, &sign(2, call_to(0, address(31), Bytes::new())));
    controls.mine(1).unwrap();
}

#[test]
fn what_was_there_comes_back_without_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    let before = open(dir.path());
    live_through_much(&before);
    let (want, time) = (hashes(&before), before.chain().head().header.timestamp);
    drop(before);

    let after = open(dir.path());
    assert_eq!(hashes(&after), want);
    let chain = after.chain();
    assert_eq!(chain.balance(&address(30)), U256::from(8));
    assert_eq!((chain.nonce(&address(0)), chain.nonce(&address(1))), (2, 1));
    assert!(chain.block(2).unwrap().logs().count() == 1);
    assert!(chain.head().logs().count() == 1, "of the code that was set");
    drop(chain);
    // It goes on, in time too, and reorgs as far as before.
    let next = after.controls().mine(1).unwrap();
    assert!(next.header.timestamp > time);
    after.controls().reorg(6, Dropped::Repooled).unwrap();
    let want = hashes(&after);
    drop(after);
    assert_eq!(hashes(&open(dir.path())), want);
}

#[test]
fn wherever_the_log_is_torn_a_whole_chain_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let devnet = open(dir.path());
    live_through_much(&devnet);
    let last = hashes(&devnet);
    drop(devnet);
    let log = dir.path().join("chain.log");
    let whole = fs::read(&log).unwrap();
    // Every seventh length, from the whole down to the genesis record.
    let mut lengths = Vec::new();
    for length in (60..whole.len()).rev().step_by(7) {
        fs::write(&log, &whole[..length]).unwrap();
        let found = hashes(&open(dir.path()));
        lengths.push(found.len());
        // The same again: the cut was clean.
        assert_eq!(hashes(&open(dir.path())), found);
    }
    assert_eq!(lengths.last(), Some(&1), "only genesis is left at the end");
    fs::write(&log, &whole).unwrap();
    assert_eq!(hashes(&open(dir.path())), last);
}

#[test]
fn damage_and_other_chains_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let devnet = open(dir.path());
    live_through_much(&devnet);
    let second = Devnet::start(in_dir(dir.path()));
    assert!(matches!(
        second,
        Err(StartError::Store(StoreError::Locked(_)))
    ));
    drop(devnet);

    let mut other = in_dir(dir.path());
    other.chain.gas_limit += 1;
    let refused = Devnet::start(other).unwrap_err();
    assert!(matches!(
        refused,
        StartError::Store(StoreError::OtherChain(_))
    ));

    let log = dir.path().join("chain.log");
    let mut bytes = fs::read(&log).unwrap();
    bytes[100] ^= 1;
    fs::write(&log, bytes).unwrap();
    let refused = Devnet::start(in_dir(dir.path())).unwrap_err();
    assert!(
        matches!(refused, StartError::Store(StoreError::Damaged { .. })),
        "{refused}"
    );
}

/// Needs the KZG set-up.
#[test]
fn blobs_come_back_until_they_are_too_old() {
    let dir = tempfile::tempdir().unwrap();
    let config = || {
        let mut config = in_dir(dir.path());
        config.chain.history.blob_blocks = 5;
        // Nothing fits into memory: everything is read from disk.
        config.chain.history.blob_bytes = 0;
        config
    };
    let devnet = Devnet::start(config()).unwrap();
    let sidecar = sidecar(b"on disk", 1);
    let hash = sidecar.versioned_hashes().next().unwrap();
    submit(
        &devnet,
        &sign_blobs(0, blob_transaction(0, [hash]), &sidecar),
    );
    let block = devnet.controls().mine(1).unwrap();
    let path = format!("/eth/v1/beacon/blobs/{}", block.hash);
    let first = devnet.beacon(&path);
    assert_eq!(first.status, 200);
    assert!(
        first
            .body
            .contains(&alloy_primitives::hex::encode(sidecar.blobs[0]))
    );
    drop(devnet);

    let devnet = Devnet::start(config()).unwrap();
    assert_eq!(devnet.beacon(&path).body, first.body);
    devnet.controls().mine(4).unwrap();
    assert_eq!(devnet.beacon(&path).status, 200);
    devnet.controls().mine(1).unwrap();
    let gone = devnet.beacon(&path);
    assert_eq!(gone.status, 404);
    assert!(gone.body.contains("no longer kept"), "{}", gone.body);
    assert_eq!(fs::read_dir(dir.path().join("blobs")).unwrap().count(), 0);
}
