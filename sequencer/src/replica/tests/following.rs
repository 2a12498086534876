//! What a replica comes to: the sequencer's chain, its signatures, its answers.

use super::*;
use crate::submission::SubmitError;

/// Everything that clients can ask for.
fn check_same(ours: &View, theirs: &View) {
    assert_eq!(place(ours), place(theirs));
    assert_eq!(ours.header_signer(), theirs.header_signer());
    for number in 0..=theirs.block_number() {
        let block = theirs.block(number).unwrap().unwrap();
        assert_eq!(ours.block(number).unwrap().as_ref(), Some(&block));
        assert_eq!(
            ours.block_by_hash(&block.hash).unwrap().as_ref(),
            Some(&block)
        );
        let signed = theirs.signed_blocks().signed_header(number).unwrap();
        assert_eq!(ours.signed_blocks().signed_header(number).unwrap(), signed);
        assert_eq!(signed.is_some(), number > 0);
        for hash in &block.transaction_hashes {
            let found = ours.transaction(hash).unwrap();
            assert_eq!(found, theirs.transaction(hash).unwrap());
            assert!(found.is_some());
        }
    }
    let [ours, theirs] = [ours, theirs].map(|view| Feed::read(view, 1, 1_024, JSON_BYTES_MAX));
    assert_eq!(ours.unwrap(), theirs.unwrap());
}

#[tokio::test]
async fn in_groups_and_over_restarts_it_comes_to_the_same_chain() {
    let chain = Chain::new().await;
    let sequencer = chain.start();
    let theirs = sequencer.view();
    for group in [1, 3, 1_000] {
        let dir = tempfile::tempdir().unwrap();
        let mut restarts = 0;
        loop {
            let mut replica = start(&dir);
            let next = replica.view().block_number() + 1;
            assert_eq!(replica.report().block_number, next - 1);
            check_whole(&replica);
            let blocks = received(&theirs, next, group);
            if blocks.is_empty() {
                check_same(&replica.view(), &theirs);
                break replica.stop().unwrap();
            }
            let last = blocks.last().unwrap().number();
            assert_eq!(replica.import(blocks).unwrap(), last);
            restarts += 1;
            replica.stop().unwrap();
        }
        assert_eq!(restarts, chain.head().div_ceil(group));
    }
    sequencer.stop().unwrap();
}

#[tokio::test]
async fn a_replica_follows_a_replica_and_goes_on_after_an_empty_group() {
    let chain = Chain::new().await;
    let sequencer = chain.start();
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [mut first, mut second] = [&dirs[0], &dirs[1]].map(start);
    for next in 1..=chain.head() {
        first.import(received(&sequencer.view(), next, 1)).unwrap();
        catch_up(&mut second, &first.view());
        assert_eq!(second.import(Vec::new()).unwrap(), next);
    }
    check_same(&second.view(), &sequencer.view());
}

#[tokio::test]
async fn it_makes_snapshots_and_starts_from_them() {
    let chain = Chain::new().await;
    let sequencer = chain.start();
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(&dir);
    config.storage.snapshot_every_bytes = 1;
    let mut replica = Replica::start(&config, key().address()).unwrap();
    replica.import(received(&sequencer.view(), 1, 5)).unwrap();
    replica.stop().unwrap();
    let mut replica = start(&dir);
    assert_eq!(replica.report().snapshot, 5);
    catch_up(&mut replica, &sequencer.view());
    check_same(&replica.view(), &sequencer.view());
}

#[tokio::test]
async fn it_takes_no_transactions_and_answers_what_is_durable() {
    let chain = Chain::new().await;
    let sequencer = chain.start();
    let dir = tempfile::tempdir().unwrap();
    let mut replica = start(&dir);
    catch_up(&mut replica, &sequencer.view());
    let submitter = replica.submitter();
    let raw = crate::rollback::tests::transfer(1, 12, Address::repeat_byte(1), 5);
    let refused = Err(SubmitError::Replica);
    assert_eq!(submitter.submit(raw.clone()).await, refused);
    assert_eq!(submitter.submit_all(vec![raw; 3]).await, vec![refused; 3]);
    let sender = crate::rollback::tests::signer(1).address();
    assert_eq!(submitter.pending_nonce(sender).await, 12);
    let executed = chain.blocks.last().unwrap().transaction_hashes[0];
    assert_eq!(submitter.is_queued(executed).await, Ok(false));
    assert!(!submitter.halted() && !submitter.accepting());
    assert_eq!(submitter.waiting(), 0);
}
