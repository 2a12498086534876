//! Scripts of blocks, and what may be delivered after each.

use std::sync::LazyLock;

use alloy_primitives::B256;
use proptest::prelude::*;
use spillway_l1::transactions::BlockRef;
use spillway_protocol::inbox::InboxMessage;

use super::*;

fn message(n: u64) -> InboxMessage {
    InboxMessage::Lock {
        sender: Address::repeat_byte(1),
        account: u32::try_from(n).unwrap(),
    }
}

/// The hash chain after so many messages, at most 400.
fn chain(messages: u64) -> InboxAccumulator {
    static CHAIN: LazyLock<Vec<InboxAccumulator>> = LazyLock::new(|| {
        let mut chain = vec![InboxAccumulator::ZERO];
        for n in 0..400 {
            let previous = &chain[usize::try_from(n).unwrap()];
            chain.push(message(n).accumulate(previous));
        }
        chain
    });
    CHAIN[usize::try_from(messages).unwrap()]
}

fn sent(n: u64) -> Arrival {
    Arrival::Message {
        index: n,
        accumulator: chain(n + 1),
        message: message(n),
    }
}

fn listing(id: u8) -> Listing {
    Listing {
        address: Address::repeat_byte(id),
        decimals: 6,
    }
}

fn token(id: u8) -> Arrival {
    let Listing { address, decimals } = listing(id);
    Arrival::Token {
        id,
        address,
        decimals,
        base_exponent: 3,
    }
}

fn consumed(messages: u64, tokens: u8) -> Consumed {
    Consumed {
        messages,
        accumulator: chain(messages),
        tokens: (1..=tokens).map(Address::repeat_byte).collect(),
    }
}

fn intake(depth: u64) -> Intake {
    Intake::new(Finality::Depth(depth), Consumed::default())
}

/// Everything that may be delivered: `m` and the number of a message, `t` and that of a token.
fn taken(intake: &mut Intake) -> Vec<String> {
    let name = |event| match event {
        L1Event::Message(InboxMessage::Lock { account, .. }) => format!("m{account}"),
        L1Event::Listing(listing) => format!("t{}", listing.address[0]),
        other => panic!("{other:?}"),
    };
    let events = intake.take(u64::MAX, u64::MAX);
    events.into_iter().map(name).collect()
}

#[test]
fn a_block_is_delivered_once_it_is_deep_enough() {
    let mut intake = intake(2);
    for (block, arrivals, delivered) in [
        (5, vec![token(1), sent(0)], &[][..]),
        (6, vec![], &[]),
        (7, vec![sent(1)], &["t1", "m0"]),
        // Blocks without logs may be left out.
        (20, vec![sent(2), token(2)], &["m1"]),
        (22, vec![], &["m2", "t2"]),
    ] {
        intake.block(block, arrivals, None).unwrap();
        assert_eq!(taken(&mut intake), delivered, "block {block}");
    }
}

#[test]
fn safe_and_final_blocks_are_the_nodes_to_name() {
    let markers = |safe, finalized| Markers {
        latest: BlockRef {
            number: 100,
            hash: B256::ZERO,
        },
        safe,
        finalized,
    };
    for (finality, markers, delivered) in [
        (Finality::Safe, Some(markers(Some(5), None)), &["m0"][..]),
        (Finality::Safe, Some(markers(Some(4), Some(5))), &[]),
        (
            Finality::Finalized,
            Some(markers(None, Some(6))),
            &["m0", "m1"],
        ),
        (Finality::Finalized, Some(markers(Some(6), None)), &[]),
        (Finality::Finalized, None, &[]),
    ] {
        let mut intake = Intake::new(finality, Consumed::default());
        intake.block(5, vec![sent(0)], markers).unwrap();
        intake.block(6, vec![sent(1)], markers).unwrap();
        assert_eq!(taken(&mut intake), delivered, "{finality:?} {markers:?}");
    }
}

#[test]
fn what_was_consumed_is_passed_over() {
    for (messages, tokens, delivered) in [
        (0, 0, &["t1", "m0", "m1", "t2", "m2"][..]),
        (1, 1, &["m1", "t2", "m2"]),
        (2, 1, &["t2", "m2"]),
        (2, 2, &["m2"]),
        (3, 2, &[]),
        (9, 9, &[]),
    ] {
        let mut intake = Intake::new(Finality::Depth(0), consumed(messages, tokens));
        intake.block(1, vec![token(1), sent(0)], None).unwrap();
        intake.block(2, vec![sent(1), token(2)], None).unwrap();
        intake.block(3, vec![sent(2)], None).unwrap();
        assert_eq!(taken(&mut intake), delivered, "{messages} {tokens}");
    }
}

#[test]
fn l1_must_show_what_was_consumed() {
    let mut other = Intake::new(
        Finality::Depth(0),
        Consumed {
            accumulator: chain(7),
            ..consumed(2, 0)
        },
    );
    other.block(1, vec![sent(0)], None).unwrap();
    let error = other.block(2, vec![sent(1), sent(2)], None).unwrap_err();
    assert_eq!(error, IntakeError::OtherMessages(2));
    assert_eq!(taken(&mut other), [""; 0]);

    let mut other = Intake::new(
        Finality::Depth(0),
        Consumed {
            tokens: vec![Address::repeat_byte(9)],
            ..Consumed::default()
        },
    );
    let error = other.block(1, vec![token(1)], None).unwrap_err();
    let (expected, found) = (Address::repeat_byte(9), Address::repeat_byte(1));
    assert_eq!(
        error,
        IntakeError::OtherToken {
            number: 1,
            expected,
            found
        }
    );
}

#[test]
fn gaps_repeats_and_wrong_chains_are_errors() {
    let wrong = Arrival::Message {
        index: 1,
        accumulator: chain(9),
        message: message(1),
    };
    for (arrival, error) in [
        (
            sent(0),
            IntakeError::Index {
                expected: 1,
                found: 0,
            },
        ),
        (
            sent(2),
            IntakeError::Index {
                expected: 1,
                found: 2,
            },
        ),
        (wrong, IntakeError::Accumulator(1)),
        (
            token(2),
            IntakeError::TokenNumber {
                expected: 1,
                found: 2,
            },
        ),
    ] {
        let mut intake = intake(0);
        intake.block(1, vec![sent(0)], None).unwrap();
        assert_eq!(intake.block(2, vec![arrival], None), Err(error));
    }
}

#[test]
fn a_fork_above_what_is_deep_is_read_again() {
    let mut intake = intake(2);
    intake.block(5, vec![sent(0)], None).unwrap();
    intake.block(6, vec![sent(1)], None).unwrap();
    intake.block(7, vec![sent(2)], None).unwrap();
    assert_eq!(taken(&mut intake), ["m0"]);
    intake.roll_back(Some(5)).unwrap();
    // The same depth is counted anew, from what is on the chain now.
    intake.block(6, vec![], None).unwrap();
    assert_eq!(taken(&mut intake), [""; 0]);
    intake.block(7, vec![sent(1)], None).unwrap();
    intake.block(9, vec![], None).unwrap();
    assert_eq!(taken(&mut intake), ["m1"]);
}

#[test]
fn a_fork_below_what_was_delivered_is_an_error() {
    for (to, expected) in [
        (Some(6), Ok(())),
        (Some(5), Ok(())),
        (Some(4), Err(IntakeError::Forked(5))),
        (None, Err(IntakeError::Forked(5))),
    ] {
        let mut intake = intake(1);
        intake.block(5, vec![sent(0)], None).unwrap();
        // Deep enough, and without anything to take back.
        intake.block(6, vec![], None).unwrap();
        intake.block(7, vec![], None).unwrap();
        assert_eq!(intake.roll_back(to), expected, "{to:?}");
    }
}

#[test]
fn not_more_is_delivered_than_the_chain_keeps_up_with() {
    let mut intake = intake(0);
    for n in 0..10 {
        intake.block(n + 1, vec![sent(n)], None).unwrap();
    }
    for (consumed, delivered) in [(0, 4), (0, 0), (3, 3), (3, 0), (7, 3), (10, 0)] {
        assert_eq!(intake.take(consumed, 4).len(), delivered, "{consumed}");
    }
    assert_eq!(intake.waiting(), 0);
}

/// What L1 does next, in a random script.
#[derive(Clone, Debug)]
enum Step {
    /// A block with so many messages.
    Block(u64),
    /// So many of the newest blocks are gone.
    Fork(usize),
    /// The node starts again.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u64..4).prop_map(Step::Block),
        2 => (0usize..4).prop_map(Step::Fork),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    /// Forks that are not deeper than the depth, and restarts, change nothing: messages come in their order, each once.
    #[test]
    fn every_message_comes_once_in_order(script in proptest::collection::vec(step(), 0..80)) {
        const DEPTH: u64 = 3;
        let mut blocks: Vec<u64> = Vec::new();
        let mut highest = 0;
        let mut intake = intake(DEPTH);
        let mut delivered = 0u64;
        for step in script {
            match step {
                Step::Block(messages) => {
                    let first = blocks.iter().sum::<u64>();
                    blocks.push(messages);
                    highest = highest.max(blocks.len());
                    let arrivals = (first..first + messages).map(sent).collect();
                    intake.block(blocks.len() as u64, arrivals, None).unwrap();
                }
                Step::Fork(depth) => {
                    let kept = highest - highest.min(usize::try_from(DEPTH).unwrap());
                    blocks.truncate(blocks.len().saturating_sub(depth).max(kept));
                    let to = blocks.len() as u64;
                    intake.roll_back((to > 0).then_some(to)).unwrap();
                }
                Step::Restart => {
                    intake = Intake::new(Finality::Depth(DEPTH), consumed(delivered, 0));
                    let mut first = 0;
                    for (number, messages) in (1..).zip(&blocks) {
                        let arrivals = (first..first + messages).map(sent).collect();
                        intake.block(number, arrivals, None).unwrap();
                        first += messages;
                    }
                }
            }
            for name in taken(&mut intake) {
                prop_assert_eq!(name, format!("m{delivered}"));
                delivered += 1;
            }
            let deep = blocks.len().saturating_sub(usize::try_from(DEPTH).unwrap());
            let expected = blocks[..deep].iter().sum::<u64>();
            prop_assert!(delivered >= expected, "{} of {}", delivered, expected);
        }
    }
}
