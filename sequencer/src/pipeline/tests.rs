//! The whole sequencer on a disk that fails: what it acknowledges, and what it says.

use std::io;

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use spillway_protocol::inbox::InboxMessage;
use tempfile::TempDir;

use super::*;
use crate::genesis::Genesis;
use crate::journal::simulated_disk::{Crash, Fault, SimulatedDisk};
use crate::submission::{Accepted, Answer, SubmitError};

const CHAIN_ID: u64 = 51_717;

fn config(dir: &TempDir) -> Config {
    let genesis = Genesis {
        chain_id: CHAIN_ID,
        fee_account: Address::repeat_byte(0xfe),
    };
    Config::new(genesis, dir.path().to_owned())
}

fn start(dir: &TempDir, disk: &SimulatedDisk) -> Result<Sequencer, StartError> {
    start_with(&config(dir), disk)
}

fn start_with(config: &Config, disk: &SimulatedDisk) -> Result<Sequencer, StartError> {
    let storage = Arc::new(disk.clone());
    let progress = Progress::default();
    Sequencer::start_on(config, &progress, |options| {
        Journal::open_in(storage, options)
    })
}

fn signer() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(1)).unwrap()
}

fn transfer(nonce: u64) -> Bytes {
    let transaction = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(Address::repeat_byte(2)),
        value: U256::from(nonce + 1),
        ..TxEip1559::default()
    };
    let signature = signer()
        .sign_hash_sync(&transaction.signature_hash())
        .unwrap();
    Bytes::from(TxEnvelope::from(transaction.into_signed(signature)).encoded_2718())
}

fn deposit() -> L1Event {
    let to = signer().address();
    L1Event::Message(InboxMessage::Deposit {
        to,
        token: 0,
        amount: 10u128.pow(18),
        lock: false,
    })
}

/// Starts on a fresh disk, with the signer's deposit made.
async fn funded(dir: &TempDir, disk: &SimulatedDisk) -> Sequencer {
    funded_with(&config(dir), disk).await
}

async fn funded_with(config: &Config, disk: &SimulatedDisk) -> Sequencer {
    let sequencer = start_with(config, disk).unwrap();
    let mut newest = sequencer.view().newest();
    sequencer.deliver([deposit()]);
    newest
        .wait_for(|_| sequencer.view().account(&signer().address()).is_some())
        .await
        .unwrap();
    sequencer
}

fn is_durable(answer: &Answer) -> bool {
    matches!(answer, Ok(Accepted::Durable { .. }))
}

/// Sends transfers until one is refused; how many were acknowledged, and the refusal.
async fn send_until_refused(sequencer: &Sequencer) -> (u64, SubmitError) {
    let submitter = sequencer.submitter();
    for nonce in 0..1_000 {
        match submitter.submit(transfer(nonce)).await {
            Ok(accepted) => assert!(is_durable(&Ok(accepted))),
            Err(error) => return (nonce, error),
        }
    }
    panic!("the disk was to fail");
}

/// A write or sync that fails: nothing is acknowledged after it, reads go on, and after a restart,
/// whether the page cache survived or not, all that was acknowledged is there.
async fn check_failing_disk(seed: u64, after: u64, kind: io::ErrorKind, crash: Crash) {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(seed);
    let sequencer = funded(&dir, &disk).await;
    disk.fail_after(after, Fault::Error(kind));
    let (acknowledged, error) = send_until_refused(&sequencer).await;
    assert_eq!(error, SubmitError::Halted);
    let submitter = sequencer.submitter();
    assert!(submitter.halted());
    assert_eq!(
        submitter.submit(transfer(acknowledged)).await,
        Err(SubmitError::Halted)
    );
    let account = sequencer.view().account(&signer().address()).unwrap();
    assert_eq!(
        account.nonce, acknowledged,
        "readers see exactly what is durable"
    );
    sequencer.stop().unwrap();

    disk.restart(crash);
    let sequencer = start(&dir, &disk).unwrap();
    let nonce = sequencer.view().account(&signer().address()).unwrap().nonce;
    assert!(
        nonce == acknowledged || nonce == acknowledged + 1,
        "{acknowledged} -> {nonce}"
    );
    for number in 0..acknowledged {
        let hash = spillway_protocol::keccak::keccak256(&transfer(number));
        assert!(
            sequencer.view().transaction(&hash).unwrap().is_some(),
            "transfer {number}"
        );
    }
    assert!(is_durable(
        &sequencer.submitter().submit(transfer(nonce)).await
    ));
    sequencer.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_write_or_sync_stops_acknowledging_and_loses_nothing() {
    // Appending a block is a write and a sync, so both come up; the first ones open the segment.
    for (seed, after) in (0..6).zip([0, 1, 2, 5, 8, 11]) {
        for crash in [Crash::Process, Crash::Power] {
            check_failing_disk(seed, after, io::ErrorKind::Other, crash).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_acknowledging_and_loses_nothing() {
    check_failing_disk(7, 4, io::ErrorKind::StorageFull, Crash::Process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_at_any_operation_loses_nothing_acknowledged() {
    for seed in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let disk = SimulatedDisk::new(seed);
        let sequencer = funded(&dir, &disk).await;
        disk.fail_after(seed, Fault::Stop);
        let (acknowledged, _) = send_until_refused(&sequencer).await;
        sequencer.stop().unwrap();
        disk.restart(Crash::Power);
        let sequencer = start(&dir, &disk).unwrap();
        let nonce = sequencer.view().account(&signer().address()).unwrap().nonce;
        assert!(
            nonce >= acknowledged,
            "seed {seed}: {acknowledged} acknowledged, {nonce} found"
        );
        sequencer.stop().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_and_start_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(1);
    let sequencer = funded(&dir, &disk).await;
    let raw: Vec<_> = (0..100).map(transfer).collect();
    let answers = sequencer.submitter().submit_all(raw).await;
    assert!(answers.iter().all(is_durable));
    sequencer.stop().unwrap();
    disk.restart(Crash::Power);
    let sequencer = start(&dir, &disk).unwrap();
    assert_eq!(sequencer.report().replayed, 100);
    let summary = sequencer.view().summary().unwrap();
    assert_eq!(summary.transactions, 100);
    assert!(summary.block_number >= sequencer.report().block_number);
    sequencer.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_executed_is_answered_again_and_what_is_ahead_is_held() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(2);
    let sequencer = funded(&dir, &disk).await;
    let submitter = sequencer.submitter();
    let held = submitter.submit(transfer(1)).await;
    assert!(matches!(held, Ok(Accepted::Held { .. })));
    assert_eq!(submitter.pending_nonce(signer().address()).await, 0);
    let first = submitter.submit(transfer(0)).await;
    assert!(is_durable(&first));
    assert_eq!(submitter.pending_nonce(signer().address()).await, 2);
    for nonce in [0, 1, 0] {
        let again = submitter.submit(transfer(nonce)).await;
        assert!(is_durable(&again), "{nonce}: {again:?}");
    }
    let mixed = submitter
        .submit_all(vec![transfer(2), Bytes::from_static(&[1]), transfer(3)])
        .await;
    assert!(is_durable(&mixed[0]) && is_durable(&mixed[2]));
    assert!(matches!(mixed[1], Err(SubmitError::Admission(_))));
    sequencer.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_stop_transactions_are_refused_and_reads_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(3);
    let sequencer = funded(&dir, &disk).await;
    let (submitter, view) = (sequencer.submitter(), sequencer.view());
    sequencer.stop().unwrap();
    assert_eq!(
        submitter.submit(transfer(0)).await,
        Err(SubmitError::Halted)
    );
    assert!(view.account(&signer().address()).is_some());
}

#[test]
fn a_second_sequencer_on_the_same_journal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(4);
    let first = start(&dir, &disk).unwrap();
    assert!(matches!(
        start(&dir, &disk),
        Err(StartError::Journal(JournalError::Locked { .. }))
    ));
    first.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_journal_fails_under_load_everybody_is_answered_and_the_stop_returns() {
    for seed in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let disk = SimulatedDisk::new(seed);
        let sequencer = funded(&dir, &disk).await;
        disk.fail_after(seed % 5, Fault::Error(io::ErrorKind::Other));
        let submitter = sequencer.submitter();
        let clients: Vec<_> = (0..40)
            .map(|nonce| {
                let submitter = submitter.clone();
                tokio::spawn(async move { submitter.submit(transfer(nonce)).await })
            })
            .collect();
        let mut durable = 0;
        for client in clients {
            durable += u64::from(is_durable(&client.await.unwrap()));
        }
        let account = sequencer.view().account(&signer().address()).unwrap();
        assert!(durable <= account.nonce, "seed {seed}");
        sequencer.stop().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_index_readers_find_everything_in_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(6);
    let sequencer = funded(&dir, &disk).await;
    let answers = sequencer
        .submitter()
        .submit_all((0..10).map(transfer).collect())
        .await;
    assert!(answers.iter().all(is_durable));
    sequencer.stop().unwrap();
    disk.restart(Crash::Process);

    // After a restart no block is in memory.
    let sequencer = start(&dir, &disk).unwrap();
    let view = sequencer.view();
    let hash = spillway_protocol::keccak::keccak256(&transfer(7));
    let indexed = view.transaction(&hash).unwrap().unwrap();
    view.fail_index();
    let searched = view.transaction(&hash).unwrap().unwrap();
    assert_eq!(searched, indexed);
    let block = view.block_by_hash(&indexed.0.hash).unwrap();
    assert_eq!(block, Some(indexed.0));
    assert_eq!(view.transaction(&B256::repeat_byte(3)).unwrap(), None);
    sequencer.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dear_l1_raises_the_base_fee_and_a_restart_goes_on_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(7);
    let sequencer = funded(&dir, &disk).await;
    let view = sequencer.view();
    let head = |view: &View| view.with_ledger(|ledger| ledger.head().base_fee);
    let min = config(&dir).blocks.base_fee_min;
    assert_eq!((head(&view), view.base_fee()), (min, min));
    sequencer.set_backlog(Backlog {
        unposted_bytes: 0,
        wei_per_byte: u128::from(min) * 21_000,
    });
    // Empty blocks come each second, and each may raise it.
    let mut newest = view.newest();
    newest.wait_for(|_| head(&view) > min).await.unwrap();
    let raised = head(&view);
    assert!(view.base_fee() >= raised, "the next block has no less");
    sequencer.stop().unwrap();

    disk.restart(Crash::Process);
    let sequencer = start(&dir, &disk).unwrap();
    let view = sequencer.view();
    let last = head(&view);
    assert!(last >= raised);
    assert_eq!(view.base_fee(), last);
    assert!(is_durable(&sequencer.submitter().submit(transfer(0)).await));
    assert_eq!(head(&view), last, "nothing is known of the backlog yet");
    sequencer.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_the_limit_blocks_are_small_deposits_go_in_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::new(8);
    let mut config = config(&dir);
    config.queues.lane_transactions_max = 60;
    config.backlog.base_fee_max = config.blocks.base_fee_min;
    let sequencer = funded_with(&config, &disk).await;
    let (view, submitter) = (sequencer.view(), sequencer.submitter());
    let first = view.block_number() + 1;
    sequencer.set_backlog(Backlog {
        unposted_bytes: 2 * config.backlog.limit_bytes,
        wei_per_byte: 0,
    });
    // The answer comes after the report was taken.
    assert_eq!(submitter.pending_nonce(signer().address()).await, 0);
    let raw: Vec<_> = (0..100).map(transfer).collect();
    sequencer.deliver([deposit(); 50]);
    let answers = submitter.submit_all(raw).await;
    // They came together, so the lane took what it holds and refused the rest.
    let (taken, refused) = answers.split_at(60);
    assert!(taken.iter().all(is_durable));
    assert!(refused.iter().all(|one| *one == Err(SubmitError::Busy)));
    let account = view.account(&signer().address()).unwrap();
    assert_eq!(account.nonce, 60);

    let blocks: Vec<_> = (first..=view.block_number())
        .map(|number| view.block(number).unwrap().unwrap())
        .collect();
    let sizes = blocks.iter().map(|block| block.transaction_hashes.len());
    assert_eq!(sizes.clone().max(), Some(4), "a trickle");
    assert_eq!(sizes.sum::<usize>(), 60);
    let with_deposits = blocks.iter().find(|block| !block.body.messages.is_empty());
    assert_eq!(
        with_deposits.map(|block| block.body.messages.len()),
        Some(50)
    );
    sequencer.stop().unwrap();
}
