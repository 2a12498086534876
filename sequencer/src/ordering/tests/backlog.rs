//! What the orderer makes of the backlog to L1: the base fee of blocks, and their room.

use super::*;
use crate::genesis::Genesis;
use crate::ledger::Ledger;

/// A report that wants that base fee, with a backlog below every target.
fn wanting(base_fee: u128) -> Backlog {
    Backlog {
        unposted_bytes: 0,
        wei_per_byte: base_fee * 2_100,
    }
}

/// A report of a backlog in percent of the limit, which asks for no higher base fee.
fn backlog(percent: u64) -> Backlog {
    Backlog {
        unposted_bytes: config().limit_bytes * percent / 100,
        wei_per_byte: 0,
    }
}

fn config() -> BacklogConfig {
    BacklogConfig {
        target_bytes: 1_000,
        limit_bytes: 10_000,
        base_fee_max: BASE_FEE,
    }
}

fn paying(from: Address, nonce: u64, max_fee: u128) -> Admitted {
    let intent = Intent::Transfer {
        asset: Asset::Eth,
        recipient: CAROL,
        amount: 1,
    };
    with_intent(from, nonce, intent, 0, max_fee)
}

/// An orderer with a shrinking room for so many transactions in a block.
fn crowded(transactions_max: usize) -> Orderer<u32> {
    let mut orderer = orderer().with_backlog_config(config());
    orderer.blocks.transactions_max = transactions_max;
    orderer
}

/// Seals a block and says how many transactions it has.
fn sealed(orderer: &mut Orderer<u32>, ms: u64) -> usize {
    let sealed = orderer.seal(at(ms)).unwrap();
    sealed.block.transaction_hashes.len()
}

#[test]
fn the_base_fee_of_blocks_rises_with_the_seconds_and_replays() {
    let genesis = Genesis {
        chain_id: 1,
        fee_account: Address::ZERO,
    };
    let mut ledger = Ledger::genesis(&genesis);
    let mut orderer: Orderer<u32> = Orderer::new(
        State::genesis(Address::ZERO),
        TokenTable::default(),
        BlockHeader::genesis(),
        blocks(),
        queues(),
    );
    let deposit = InboxMessage::Deposit {
        to: ALICE,
        token: 0,
        amount: FUNDS,
        lock: false,
    };
    orderer.consume(at(0), &deposit).unwrap();
    orderer.set_backlog(wanting(1_000));
    // The first byte tells the short form of a block operation, with the seconds in it, from the long one.
    for (nonce, (ms, base_fee, first_byte)) in (0..).zip([
        // The block of the deposit had begun before the report.
        (0, 10, 0x1f),
        (500, 10, 0x10),
        (1_000, 11, 0x1f),
        (1_999, 11, 0x10),
        (2_000, 12, 0x1f),
        (5_000, 15, 0x1f),
        (65_000, 24, 0x1f),
    ]) {
        let outcome = submit(&mut orderer, at(ms), paying(ALICE, nonce, 1_000));
        assert_eq!(outcome, Outcome::Executed);
        let block = orderer.seal(at(ms)).unwrap().block;
        assert_eq!(block.header.base_fee, base_fee, "at {ms} ms");
        assert_eq!(block.body.operations[0], first_byte, "at {ms} ms");
        ledger.apply(&block.header, &block.body).unwrap();
    }

    // A start knows the newest block and no backlog.
    let (state, tokens) = (ledger.state().clone(), ledger.tokens().clone());
    let head = *ledger.head();
    let mut restarted: Orderer<u32> = Orderer::new(state, tokens, head, blocks(), queues());
    let block = restarted.seal(at(75_000)).unwrap().block;
    assert_eq!(block.header.base_fee, 24, "it goes on from the newest");
    restarted.set_backlog(wanting(0));
    let block = restarted.seal(at(76_000)).unwrap().block;
    assert_eq!(
        block.header.base_fee, 21,
        "an eighth down, towards the floor"
    );
}

#[test]
fn a_base_fee_above_the_cap_of_some_is_refused_to_them_alone() {
    let mut orderer = orderer();
    orderer.set_backlog(wanting(1_000));
    // Blocks of the first second still have the old base fee.
    let outcome = submit(&mut orderer, at(999), paying(ALICE, 0, 10));
    assert_eq!(outcome, Outcome::Executed);
    orderer.seal(at(999)).unwrap();
    for nonce in [1, 2] {
        // The second one would be held, and is refused for the same reason before it is.
        let outcome = submit(&mut orderer, at(1_000), paying(ALICE, nonce, 10));
        assert_eq!(
            refused(outcome),
            format!(
                "max fee per gas less than block base fee: address {ALICE}, maxFeePerGas: 10, baseFee: 11"
            )
        );
    }
    let outcome = submit(&mut orderer, at(1_000), paying(BOB, 0, 11));
    assert_eq!(outcome, Outcome::Executed, "others go on");
}

#[test]
fn a_held_transaction_that_a_risen_base_fee_exceeds_goes_and_the_later_ones_wait() {
    let mut orderer = orderer();
    let cheap = paying(ALICE, 1, 10);
    let cheap_hash = cheap.hash;
    assert_eq!(submit(&mut orderer, at(1), cheap), Outcome::Held);
    let later = paying(ALICE, 2, 1_000);
    assert_eq!(submit(&mut orderer, at(1), later), Outcome::Held);
    orderer.seal(at(1)).unwrap();
    orderer.set_backlog(wanting(1_000));
    let outcome = submit(&mut orderer, at(2_000), paying(ALICE, 0, 1_000));
    assert_eq!(outcome, Outcome::Executed);
    assert_eq!(orderer.nonce(&ALICE), 1);
    assert!(!orderer.is_queued(&cheap_hash));
    let outcome = submit(&mut orderer, at(2_000), paying(BOB, 0, 1_000));
    assert_eq!(outcome, Outcome::Executed, "others go on");
    let outcome = submit(&mut orderer, at(2_001), paying(ALICE, 1, 1_000));
    assert_eq!(outcome, Outcome::Executed);
    assert_eq!(orderer.nonce(&ALICE), 3, "one that pays releases the rest");
}

#[test]
fn room_shrinks_for_transactions_and_not_for_l1() {
    let mut orderer = crowded(100);
    let l1_room = orderer.l1_room();
    for (percent, room) in [
        (0, 100),
        (100, 100),
        (150, 50),
        (200, 4),
        (900, 4),
        (0, 100),
    ] {
        orderer.set_backlog(backlog(percent));
        assert_eq!(
            (orderer.room(), orderer.l1_room()),
            (room, l1_room),
            "{percent} percent of the limit"
        );
    }
    orderer.set_backlog(backlog(200));
    for nonce in 0..4 {
        submit(&mut orderer, at(1), paying(ALICE, nonce, 1_000));
    }
    assert_eq!(orderer.room(), 0);
    assert!(orderer.l1_room() > 0);
    let deposit = InboxMessage::Deposit {
        to: CAROL,
        token: 0,
        amount: 5,
        lock: false,
    };
    for _ in 0..100 {
        orderer.consume(at(2), &deposit).unwrap();
    }
    let block = orderer.seal(at(6)).unwrap().block;
    assert_eq!(
        (
            block.transaction_hashes.len(),
            block.body.messages.len(),
            block.header.base_fee
        ),
        (4, 100, BASE_FEE)
    );
}

#[test]
fn what_was_held_keeps_to_the_room_too() {
    let mut orderer = crowded(100);
    for nonce in 1..=5 {
        submit(&mut orderer, at(1), paying(ALICE, nonce, 1_000));
    }
    orderer.set_backlog(backlog(200));
    submit(&mut orderer, at(2), paying(ALICE, 0, 1_000));
    assert_eq!(sealed(&mut orderer, 7), 4);
    assert_eq!(sealed(&mut orderer, 12), 2);

    let mut orderer = crowded(1);
    for nonce in [2, 1, 0] {
        submit(&mut orderer, at(1), paying(ALICE, nonce, 1_000));
    }
    for ms in [6, 11, 16] {
        assert_eq!(sealed(&mut orderer, ms), 1, "at {ms} ms");
    }
    assert_eq!(orderer.nonce(&ALICE), 3);
}

#[test]
fn queued_is_what_is_held_or_not_durable_yet() {
    let mut orderer = orderer();
    let (first, second) = (paying(ALICE, 0, 1_000), paying(ALICE, 1, 1_000));
    let hashes = [first.hash, second.hash];
    let queued = |orderer: &Orderer<u32>| hashes.map(|hash| orderer.is_queued(&hash));
    submit(&mut orderer, at(1), second);
    assert_eq!(queued(&orderer), [false, true]);
    submit(&mut orderer, at(2), first);
    assert_eq!(queued(&orderer), [true, true]);
    let block = orderer.seal(at(6)).unwrap().block;
    assert_eq!(queued(&orderer), [true, true], "it is with the journal");
    orderer.durable(block.header.number);
    assert_eq!(queued(&orderer), [false, false]);

    let (old, new) = (paying(BOB, 1, 1_000), paying(BOB, 1, 2_000));
    let hashes = [old.hash, new.hash];
    let queued = |orderer: &Orderer<u32>| hashes.map(|hash| orderer.is_queued(&hash));
    submit(&mut orderer, at(7), old);
    submit(&mut orderer, at(7), new);
    assert_eq!(queued(&orderer), [false, true], "one gave way to the other");
    orderer.seal(at(40_000)).unwrap();
    assert_eq!(queued(&orderer), [false, false], "held for too long");
}
