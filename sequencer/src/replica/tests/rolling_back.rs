//! Batches that fell on L1: the sequencer makes its void blocks again, and replicas follow it onto the new fork.

use std::fs;

use super::*;
use crate::Sequencer;
use crate::forks::Fork;
use crate::rollback::files::STEPS as FILE_STEPS;
use crate::rollback::replica::STEPS;
use crate::rollback::tests::{signer, transfer};
use crate::rollback::{archive, order};
use crate::signatures::NAME;

/// Rolls the sequencer back, lets it make a block more, and answers with it.
async fn rolled_back(chain: &Chain, fork: Fork) -> Sequencer {
    order(chain.dir.path(), fork).unwrap();
    let sequencer = chain.start();
    let raw = transfer(1, 12, signer(2).address(), 5);
    sequencer.submitter().submit(raw).await.unwrap();
    sequencer
}

/// A replica of the first blocks of a chain, stopped.
fn replica_of(chain: &Chain, blocks: u64) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let sequencer = chain.start();
    let mut replica = start(&dir);
    replica
        .import(received(&sequencer.view(), 1, blocks))
        .unwrap();
    replica.stop().unwrap();
    sequencer.stop().unwrap();
    dir
}

#[tokio::test]
async fn it_drops_what_is_void_and_takes_the_blocks_of_the_new_fork() {
    let chain = Chain::new().await;
    let (head, last) = (chain.head(), chain.head() / 2);
    let fork = chain.fork(1, last);
    let dir = replica_of(&chain, head);
    let old = {
        let sequencer = chain.start();
        received(&sequencer.view(), last + 1, 1)
    };
    let sequencer = rolled_back(&chain, fork).await;
    let theirs = sequencer.view();

    // The sequencer was faster: what it signed on a fork that is not known here is not taken.
    let mut replica = start(&dir);
    let error = replica.import(received(&theirs, head + 1, 1)).unwrap_err();
    assert!(
        matches!(
            error,
            ImportError::Fork {
                expected: 0,
                found: 1,
                ..
            }
        ),
        "{error}"
    );
    let told = replica
        .view()
        .signed_blocks()
        .signed_header(last + 1)
        .unwrap()
        .unwrap();
    replica.stop().unwrap();

    order(dir.path(), fork).unwrap();
    let mut replica = start(&dir);
    let report = replica.report().rollback.unwrap();
    assert_eq!(
        (report.fork_id, report.last_block, report.blocks),
        (1, last, 0)
    );
    let view = replica.view();
    assert_eq!(
        (view.block_number(), view.forks().unfinished()),
        (last, None)
    );
    check_whole(&replica);
    assert_eq!(view.signed_blocks().signed_header(last + 1).unwrap(), None);
    drop(view);
    // The sequencer is slower now.
    let error = replica.import(old).unwrap_err();
    assert!(
        matches!(
            error,
            ImportError::Fork {
                expected: 1,
                found: 0,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(catch_up(&mut replica, &theirs), head + 1);
    assert_eq!(place(&replica.view()), place(&theirs));
    check_whole(&replica);
    let again = replica
        .view()
        .signed_blocks()
        .signed_header(last + 1)
        .unwrap()
        .unwrap();
    assert_eq!((told.fork_id, again.fork_id), (0, 1));
    assert_ne!(told.signature, again.signature);
    replica.stop().unwrap();
    // What the sequencer had signed is put aside, in its places.
    let aside = fs::read(dir.path().join("forks/1").join(NAME)).unwrap();
    assert_eq!(aside.len() as u64, (head + 1) * 128);
    let at = (last as usize + 1) * 128 + 48;
    assert_eq!(aside[at..at + 65], told.signature.as_bytes());
    assert!(start(&dir).report().rollback.is_none(), "it is done once");
}

#[tokio::test]
async fn one_that_is_behind_puts_nothing_aside() {
    let chain = Chain::new().await;
    let (head, last) = (chain.head(), chain.head() / 2);
    let fork = chain.fork(1, last);
    let dirs: Vec<_> = [0, last - 1, last]
        .map(|blocks| (blocks, replica_of(&chain, blocks)))
        .into();
    let sequencer = rolled_back(&chain, fork).await;
    for (blocks, dir) in dirs {
        order(dir.path(), fork).unwrap();
        let mut replica = start(&dir);
        assert!(!archive(dir.path(), &fork).exists(), "{blocks}");
        let report = replica.report();
        assert_eq!(
            (report.block_number, report.rollback.unwrap().fork_id),
            (blocks, 1)
        );
        assert_eq!(catch_up(&mut replica, &sequencer.view()), head + 1);
        check_whole(&replica);
        assert_eq!(place(&replica.view()), place(&sequencer.view()));
    }
}

#[tokio::test]
async fn l1_has_the_last_word_on_what_stands() {
    let chain = Chain::new().await;
    let last = chain.head() / 2;
    let wrong = Fork {
        last_block_hash: B256::repeat_byte(9),
        ..chain.fork(1, last)
    };
    // Whoever has that block, or more, is on another chain.
    for blocks in [last, last + 1] {
        let dir = replica_of(&chain, blocks);
        order(dir.path(), wrong).unwrap();
        for _ in 0..2 {
            let refused = Replica::start(&config(&dir), key().address()).unwrap_err();
            let refused = refused.to_string();
            assert!(
                refused.contains("not the one that stands on L1"),
                "{refused}"
            );
        }
    }
    // Whoever is behind does not take it.
    let dir = replica_of(&chain, last - 1);
    order(dir.path(), wrong).unwrap();
    let mut replica = start(&dir);
    let sequencer = chain.start();
    let error = replica
        .import(received(&sequencer.view(), last, 1))
        .unwrap_err();
    assert!(matches!(error, ImportError::NotStanding { .. }), "{error}");
    assert_eq!(replica.view().block_number(), last - 1);
}

#[tokio::test]
async fn a_crash_after_any_step_is_made_good_by_the_next_start() {
    let chain = Chain::new().await;
    let fork = chain.fork(1, 3);
    let steps: Vec<_> = STEPS[..1].iter().chain(&FILE_STEPS).collect();
    let dirs: Vec<_> = (0..=steps.len())
        .map(|_| replica_of(&chain, chain.head()))
        .collect();
    let sequencer = rolled_back(&chain, fork).await;
    for (done, dir) in dirs.iter().enumerate() {
        order(dir.path(), fork).unwrap();
        for step in &steps[..done] {
            step(dir.path(), &fork, &chain.options()).unwrap();
        }
        // As a crash in the middle of a copy leaves it.
        let folder = dir.path().join("forks/1");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("signatures.unfinished"), "half").unwrap();
        let replica = start(dir);
        assert_eq!(replica.view().block_number(), 3, "{done} steps");
        replica.stop().unwrap();
        let mut replica = start(dir);
        assert!(replica.report().rollback.is_none());
        catch_up(&mut replica, &sequencer.view());
        check_whole(&replica);
        assert_eq!(
            place(&replica.view()),
            place(&sequencer.view()),
            "{done} steps"
        );
        let aside = fs::metadata(folder.join(NAME)).unwrap().len();
        assert_eq!(aside, (chain.head() + 1) * 128, "{done} steps");
    }
}
