//! Scripts of blocks, and how far L1 has the chain after each.

use spillway_l1::batches::SubmittedBatch;
use spillway_protocol::batch::{BatchHeader, Submission};

use super::*;

fn root(block: u64) -> B256 {
    B256::left_padding_from(&block.to_be_bytes())
}

/// A batch up to that block of L2.
fn submitted(number: u64, block: u64) -> BatchEvent {
    BatchEvent::Submitted(Box::new(SubmittedBatch {
        number,
        l1_block: 0,
        header: BatchHeader {
            parent: Default::default(),
            state_root: root(block),
            auth_root: Default::default(),
            auth_count: 0,
            inbox_count: 0,
            inbox_accumulator: Default::default(),
            chunk_count: 1,
            block_number: block,
            block_hash: Default::default(),
            timestamp: 0,
        },
        submission: Submission {
            data_commitment: Default::default(),
            posted_at: 0,
            id: 0,
            poster: Default::default(),
        },
        versioned_hashes: Vec::new(),
        chunks: Default::default(),
    }))
}

fn reverted(number: u64) -> BatchEvent {
    BatchEvent::Reverted { number }
}

fn finalized(number: u64) -> BatchEvent {
    BatchEvent::Finalized { number }
}

/// Posted, final on L1, withdrawable.
fn shown(standing: &Standing, finalized: Option<u64>) -> (u64, u64, u64) {
    let progress = standing.progress(finalized);
    let posted = Some(progress.posted).filter(|posted| *posted > 0);
    assert_eq!(progress.posted_state_root, posted.map(root));
    (progress.posted, progress.l1_final, progress.withdrawable)
}

fn ours(_: &BatchEvent) -> bool {
    true
}

#[test]
fn batches_are_posted_then_final_then_withdrawable() {
    let mut standing = Standing::default();
    for (block, events, l1_final, expected) in [
        (10, vec![], Some(9), (0, 0, 0)),
        (11, vec![submitted(1, 100)], Some(10), (100, 0, 0)),
        (
            12,
            vec![submitted(2, 200), submitted(3, 300)],
            Some(11),
            (300, 100, 0),
        ),
        (13, vec![finalized(1)], Some(11), (300, 100, 100)),
        (14, vec![], Some(12), (300, 300, 100)),
        (15, vec![finalized(3)], Some(12), (300, 300, 300)),
        (16, vec![submitted(4, 400)], Some(15), (400, 300, 300)),
        (17, vec![], None, (400, 0, 300)),
        (500, vec![], None, (400, 400, 300)),
    ] {
        standing.block(block, 0, events, ours);
        assert_eq!(shown(&standing, l1_final), expected, "block {block}");
    }
}

#[test]
fn fallen_batches_count_no_more() {
    let mut standing = Standing::default();
    standing.block(1, 0, vec![submitted(1, 100)], ours);
    standing.block(2, 0, vec![submitted(2, 200), submitted(3, 300)], ours);
    assert_eq!(shown(&standing, Some(2)), (300, 300, 0));
    standing.block(3, 0, vec![reverted(2)], ours);
    // They are gone from the head, so what was final before does not show them either.
    assert_eq!(shown(&standing, Some(2)), (100, 100, 0));
    standing.block(4, 0, vec![submitted(2, 250)], ours);
    assert_eq!(shown(&standing, Some(3)), (250, 100, 0));
}

#[test]
fn a_fork_takes_back_what_it_drops() {
    let mut standing = Standing::default();
    standing.block(1, 0, vec![submitted(1, 100)], ours);
    standing.block(2, 0, vec![submitted(2, 200), finalized(1)], ours);
    standing.block(3, 0, vec![reverted(2)], ours);
    assert_eq!(shown(&standing, Some(1)), (100, 100, 100));
    standing.roll_back(Some(2));
    assert_eq!(shown(&standing, Some(1)), (200, 100, 100));
    standing.roll_back(Some(1));
    assert_eq!(shown(&standing, Some(1)), (100, 100, 0));
    standing.roll_back(None);
    assert_eq!(shown(&standing, None), (0, 0, 0));
}

#[test]
fn a_batch_that_is_not_ours_ends_the_count() {
    let not_second = |event: &BatchEvent| match event {
        BatchEvent::Submitted(batch) => batch.number != 2,
        _ => true,
    };
    let mut standing = Standing::default();
    let events = vec![submitted(1, 100), submitted(2, 200), submitted(3, 300)];
    standing.block(1, 0, events, not_second);
    assert_eq!(shown(&standing, Some(1)), (100, 100, 0));
    standing.block(2, 0, vec![finalized(1)], ours);
    standing.block(3, 0, vec![finalized(2)], ours);
    assert_eq!(standing.progress(Some(3)).withdrawable, 100);
    standing.block(4, 0, vec![reverted(2), submitted(2, 220)], ours);
    standing.roll_back(Some(2));
    standing.block(3, 0, vec![reverted(2), submitted(2, 220)], ours);
    assert_eq!(shown(&standing, Some(3)), (220, 220, 100));
}

/// What is too old to be taken back is kept as one state, whatever came with it.
#[test]
fn old_events_are_folded_and_count_on() {
    let mut standing = Standing::default();
    for number in 1..=2_000u64 {
        let mut events = vec![submitted(number, number * 10)];
        if number > 30 {
            events.push(finalized(number - 30));
        }
        standing.block(number, 0, events, ours);
    }
    assert!(standing.recent.len() <= 2 * (REMEMBERED as usize + 1));
    assert!(standing.base.pending.len() <= 31);
    assert_eq!(shown(&standing, Some(1_990)), (20_000, 19_900, 19_700));
    standing.roll_back(Some(1_600));
    assert_eq!(shown(&standing, Some(1_590)), (16_000, 15_900, 15_700));
}

#[test]
fn a_revert_knows_where_it_leaves_the_chain() {
    let last = |block: u64| Last::Ours {
        block,
        hash: Default::default(),
    };
    let theirs = Last::Theirs {
        block: 300,
        hash: Default::default(),
    };
    let not_third = |event: &BatchEvent| match event {
        BatchEvent::Submitted(batch) => batch.number != 3,
        _ => true,
    };
    let mut standing = Standing::default();
    standing.block(1, 10, vec![submitted(1, 100), submitted(2, 200)], ours);
    standing.block(
        2,
        20,
        vec![finalized(1), reverted(2), submitted(2, 250)],
        ours,
    );
    standing.block(3, 30, vec![submitted(3, 300), submitted(4, 400)], not_third);
    assert_eq!(standing.foreign().map(|posted| posted.number), Some(3));
    standing.block(4, 40, vec![reverted(4), reverted(3)], ours);
    assert_eq!(standing.foreign(), None);
    let reverts = |standing: &Standing| -> Vec<_> {
        let reverts = standing.reverts().iter();
        reverts
            .map(|it| (it.fork_id, it.batch, it.last, it.at))
            .collect()
    };
    let all = [
        (1, 2, last(100), 20),
        (2, 4, theirs, 40),
        (3, 3, last(250), 40),
    ];
    assert_eq!(reverts(&standing), all);
    standing.roll_back(Some(3));
    assert_eq!(reverts(&standing), all[..1]);
    standing.roll_back(Some(0));
    standing.block(1, 50, vec![submitted(1, 100), reverted(1)], ours);
    assert_eq!(reverts(&standing), [(1, 1, last(0), 50)]);
}

/// A replica comes to hold the blocks long after L1 has their batches.
#[test]
fn what_is_held_later_counts_from_then_on() {
    let theirs = |_: &BatchEvent| false;
    let mut standing = Standing::default();
    let first = vec![submitted(1, 100), submitted(2, 200), submitted(3, 300)];
    standing.block(1, 0, first, theirs);
    standing.block(2, 0, vec![finalized(1), finalized(2)], theirs);
    standing.block(3, 0, vec![reverted(3), submitted(3, 350)], theirs);
    assert_eq!(shown(&standing, Some(3)), (0, 0, 0));
    assert_eq!(standing.reverts()[0].last.ours(), None);
    standing.look_again(|block, _| block <= 100);
    assert_eq!(shown(&standing, Some(3)), (100, 100, 100));
    standing.look_again(|block, _| block <= 200);
    assert_eq!(shown(&standing, Some(3)), (200, 200, 200));
    let ours = standing.reverts()[0].last.ours();
    assert_eq!(ours.map(|(block, _)| block), Some(200));
    // Long after, when it cannot be taken back.
    standing.block(REMEMBERED + 10, 0, vec![finalized(3)], theirs);
    standing.block(2 * REMEMBERED + 20, 0, Vec::new(), theirs);
    assert_eq!(standing.base.settled_theirs.len(), 1);
    standing.look_again(|_, _| true);
    assert_eq!(shown(&standing, Some(2 * REMEMBERED)), (350, 350, 350));
}
