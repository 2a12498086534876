//! What the orderer answers, seals and holds, on invented time.

mod again;
mod backlog;

use super::*;
use crate::admission::Transaction;
use alloy_primitives::Bytes;
use spillway_protocol::limits::{BLOCK_CHUNKS_MAX, CHUNK_INBOX_OPERATIONS_MAX};
use spillway_protocol::transaction::{Asset, Intent, Payee};

const ALICE: Address = Address::repeat_byte(0xaa);
const BOB: Address = Address::repeat_byte(0xbb);
const CAROL: Address = Address::repeat_byte(0xcc);
const BASE_FEE: u64 = 10;
const FEE: u128 = 21_000 * BASE_FEE as u128;
const FUNDS: u128 = 100 * FEE;

fn at(ms: u64) -> Now {
    Now {
        elapsed: Duration::from_millis(ms),
        unix: 1_000 + ms / 1_000,
    }
}

fn blocks() -> BlockConfig {
    BlockConfig {
        interval_min: Duration::from_millis(5),
        interval_max: Duration::from_secs(1),
        transactions_max: 4,
        base_fee_min: BASE_FEE,
    }
}

fn queues() -> QueueConfig {
    QueueConfig {
        lane_transactions_max: 10,
        held_max: 5,
        nonce_gap_max: 8,
        held_for: Duration::from_secs(30),
    }
}

/// An orderer on a ledger where Alice and Bob are funded. Its tokens are numbers.
fn orderer() -> Orderer<u32> {
    let mut orderer = Orderer::new(
        State::genesis(Address::ZERO),
        TokenTable::default(),
        BlockHeader::genesis(),
        blocks(),
        queues(),
    );
    for to in [ALICE, BOB] {
        let deposit = InboxMessage::Deposit {
            to,
            token: 0,
            amount: FUNDS,
            lock: false,
        };
        orderer.consume(at(0), &deposit).unwrap();
    }
    let sealed = orderer.seal(at(0)).unwrap();
    orderer.durable(sealed.block.header.number);
    orderer
}

/// A transfer; `salt` makes otherwise equal ones different.
fn transfer(from: Address, nonce: u64, to: Address, amount: u128, salt: u8) -> Admitted {
    let intent = Intent::Transfer {
        asset: Asset::Eth,
        recipient: to,
        amount,
    };
    with_intent(from, nonce, intent, salt, 1_000)
}

fn with_intent(
    from: Address,
    nonce: u64,
    intent: Intent,
    salt: u8,
    max_fee_per_gas: u128,
) -> Admitted {
    let raw = format!("{from} {nonce} {intent:?} {salt} {max_fee_per_gas}").into_bytes();
    let hash = spillway_protocol::keccak::keccak256(&raw);
    let raw = Bytes::from(raw);
    Admitted::new_unchecked(
        Transaction {
            raw,
            hash,
            nonce,
            max_fee_per_gas,
            intent,
        },
        from,
    )
}

/// Submits, and tells the outcome; the caller's token must come back exactly if it is not executed.
fn submit(orderer: &mut Orderer<u32>, now: Now, transaction: Admitted) -> Outcome {
    let (outcome, token) = orderer.submit(now, transaction, 7);
    assert_eq!(token.is_none(), outcome == Outcome::Executed);
    outcome
}

fn refused(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused(error) => error.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_sealed_block_replays_to_the_same_header() {
    let mut orderer = orderer();
    let mut ledger = crate::ledger::Ledger::genesis(&crate::genesis::Genesis {
        chain_id: 1,
        fee_account: Address::ZERO,
    });
    // The blocks that funded the accounts.
    let deposit = |to| InboxMessage::Deposit {
        to,
        token: 0,
        amount: FUNDS,
        lock: false,
    };
    let mut first = Orderer::<u32>::new(
        State::genesis(Address::ZERO),
        TokenTable::default(),
        BlockHeader::genesis(),
        blocks(),
        queues(),
    );
    first.consume(at(0), &deposit(ALICE)).unwrap();
    first.consume(at(0), &deposit(BOB)).unwrap();
    let block = first.seal(at(0)).unwrap().block;
    ledger.apply(&block.header, &block.body).unwrap();

    submit(&mut orderer, at(10), transfer(ALICE, 0, BOB, 5, 0));
    submit(&mut orderer, at(11), transfer(BOB, 0, CAROL, 6, 0));
    let payees = vec![
        Payee {
            recipient: CAROL,
            amount: 1,
        },
        Payee {
            recipient: ALICE,
            amount: 2,
        },
    ];
    let payout = Intent::Payout {
        asset: Asset::Eth,
        payees,
    };
    submit(
        &mut orderer,
        at(12),
        with_intent(ALICE, 1, payout, 0, 1_000),
    );
    let sealed = orderer.seal(at(15)).unwrap();
    assert_eq!(sealed.waiting.len(), 3);
    assert_eq!(sealed.block.transaction_hashes.len(), 3);
    ledger
        .apply(&sealed.block.header, &sealed.block.body)
        .unwrap();
    assert_eq!(ledger.head(), &sealed.block.header);
    let carol = ledger.state().index_of(&CAROL).unwrap();
    assert_eq!(ledger.state().balance(carol, 0), 7);
}

#[test]
fn refusals_speak_as_geth_does() {
    let rich = || transfer(ALICE, 0, BOB, FUNDS, 0);
    let mut orderer = orderer();
    submit(&mut orderer, at(1), transfer(BOB, 0, ALICE, 0, 0));
    let token = Intent::Transfer {
        asset: Asset::Token(CAROL),
        recipient: BOB,
        amount: 1,
    };
    for (transaction, words) in [
        (
            transfer(BOB, 0, ALICE, 1, 1),
            "nonce too low: address 0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB, tx: 0 state: 1",
        ),
        (
            transfer(ALICE, 9, BOB, 1, 0),
            "nonce too high: address 0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa, tx: 9 state: 0; at most 8 ahead are held",
        ),
        (
            rich(),
            "insufficient funds for gas * price + value: address 0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa have 21000000 want 21210000",
        ),
        (
            transfer(CAROL, 0, BOB, 5, 0),
            "insufficient funds for gas * price + value: address 0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC have 0 want 210005",
        ),
        (
            with_intent(ALICE, 0, rich().intent.clone(), 0, 9),
            "max fee per gas less than block base fee: address 0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa, maxFeePerGas: 9, baseFee: 10",
        ),
        (
            with_intent(ALICE, 0, token, 0, 1_000),
            "token 0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC is not listed by the bridge",
        ),
    ] {
        let outcome = submit(&mut orderer, at(2), transaction);
        assert_eq!(refused(outcome), words);
    }
}

#[test]
fn what_is_refused_leaves_nothing_in_the_block() {
    let mut orderer = orderer();
    submit(&mut orderer, at(1), transfer(ALICE, 0, BOB, FUNDS, 0));
    assert!(!orderer.has_content());
    let sealed = orderer.seal(at(1_000)).unwrap();
    assert_eq!(
        sealed.block.body.operations.len(),
        1,
        "a block operation alone"
    );
    assert!(sealed.waiting.is_empty());
}

#[test]
fn reversed_nonces_are_held_and_executed_in_order() {
    let mut orderer = orderer();
    for nonce in (1..4).rev() {
        let outcome = submit(&mut orderer, at(1), transfer(ALICE, nonce, BOB, 1, 0));
        assert_eq!(outcome, Outcome::Held);
    }
    assert_eq!(orderer.nonce(&ALICE), 0);
    assert_eq!(
        submit(&mut orderer, at(2), transfer(ALICE, 0, BOB, 1, 0)),
        Outcome::Executed
    );
    assert_eq!(orderer.nonce(&ALICE), 4);
    let sealed = orderer.seal(at(6)).unwrap();
    assert_eq!(sealed.block.transaction_hashes.len(), 4);
    assert_eq!(
        sealed.waiting.len(),
        1,
        "those that were held were answered then"
    );
}

#[test]
fn held_transactions_that_a_full_block_left_behind_go_into_the_next() {
    let mut orderer = orderer();
    for nonce in 1..=5 {
        submit(&mut orderer, at(1), transfer(ALICE, nonce, BOB, 1, 0));
    }
    submit(&mut orderer, at(2), transfer(ALICE, 0, BOB, 1, 0));
    assert_eq!(orderer.room(), 0);
    assert_eq!(
        orderer.seal(at(7)).unwrap().block.transaction_hashes.len(),
        4
    );
    assert_eq!(orderer.nonce(&ALICE), 6);
    assert_eq!(
        orderer.seal(at(12)).unwrap().block.transaction_hashes.len(),
        2
    );
}

#[test]
fn holding_is_bounded_in_number_time_and_to_those_who_can_pay() {
    let mut orderer = orderer();
    let poor = submit(&mut orderer, at(1), transfer(CAROL, 1, BOB, 0, 0));
    assert!(refused(poor).starts_with("insufficient funds"));
    for nonce in 1..=5 {
        let outcome = submit(&mut orderer, at(1), transfer(ALICE, nonce, BOB, 1, 0));
        assert_eq!(outcome, Outcome::Held);
    }
    let sixth = submit(&mut orderer, at(1), transfer(BOB, 1, ALICE, 1, 0));
    assert_eq!(sixth, Outcome::Refused(OrderingError::HeldFull));
    let again = submit(&mut orderer, at(2), transfer(ALICE, 3, BOB, 1, 0));
    assert_eq!(again, Outcome::Held, "the same one again takes no room");
    orderer.seal(at(30_000)).unwrap();
    let early = submit(&mut orderer, at(30_000), transfer(BOB, 1, ALICE, 1, 0));
    assert_eq!(early, Outcome::Refused(OrderingError::HeldFull));
    orderer.seal(at(30_001)).unwrap();
    let late = submit(&mut orderer, at(30_001), transfer(BOB, 1, ALICE, 1, 0));
    assert_eq!(late, Outcome::Held, "what was held for 30 s has gone");
}

#[test]
fn a_held_transaction_gives_way_to_one_that_offers_a_tenth_more() {
    let intent = |amount| Intent::Transfer {
        asset: Asset::Eth,
        recipient: BOB,
        amount,
    };
    let mut orderer = orderer();
    for (max_fee, amount, expected) in [
        (1_000, 1, "Held"),
        (1_099, 2, "replacement transaction underpriced"),
        (1_100, 3, "Held"),
        (1_100, 4, "replacement transaction underpriced"),
    ] {
        let transaction = with_intent(ALICE, 1, intent(amount), 0, max_fee);
        assert_eq!(
            refused(submit(&mut orderer, at(1), transaction)),
            expected,
            "{max_fee}"
        );
    }
    let bob = orderer.state.index_of(&BOB).unwrap();
    submit(&mut orderer, at(2), transfer(ALICE, 0, BOB, 0, 0));
    assert_eq!(orderer.state.balance(bob, 0), FUNDS + 3);
}

#[test]
fn the_same_transaction_again_waits_for_the_same_block() {
    let mut orderer = orderer();
    let transaction = transfer(ALICE, 0, BOB, 1, 0);
    submit(&mut orderer, at(1), transaction.clone());
    submit(&mut orderer, at(2), transaction.clone());
    let first = orderer.seal(at(6)).unwrap();
    assert_eq!(
        (first.waiting.len(), first.block.transaction_hashes.len()),
        (2, 1)
    );
    // The block is with the journal, not durable yet: an answer may follow the next one.
    submit(&mut orderer, at(7), transaction.clone());
    assert!(orderer.has_content());
    let second = orderer.seal(at(11)).unwrap();
    assert_eq!(
        (second.waiting.len(), second.block.transaction_hashes.len()),
        (1, 0)
    );
    orderer.durable(first.block.header.number);
    let outcome = submit(&mut orderer, at(12), transaction);
    assert!(
        refused(outcome).starts_with("nonce too low"),
        "whoever asks looks the hash up"
    );
}

#[test]
fn sealing_is_due_soon_with_content_and_each_second_without() {
    let mut orderer = orderer();
    orderer.seal(at(100)).unwrap();
    assert_eq!(orderer.seal_at(), Duration::from_millis(1_100));
    submit(&mut orderer, at(101), transfer(ALICE, 0, BOB, 1, 0));
    assert_eq!(orderer.seal_at(), Duration::from_millis(105));
}

#[test]
fn timestamps_follow_the_clock_but_never_back() {
    let mut orderer = orderer();
    for (unix, expected) in [
        (2_000, 2_000),
        (1_999, 2_000),
        (2_014, 2_014),
        (9_000, 9_000),
    ] {
        let now = Now {
            elapsed: Duration::from_secs(unix),
            unix,
        };
        let header = orderer.seal(now).unwrap().block.header;
        assert_eq!(header.timestamp, expected);
    }
}

#[test]
fn a_payout_that_no_chunk_holds_is_refused() {
    let payees = (1..=64)
        .map(|n| Payee {
            recipient: Address::with_last_byte(n),
            amount: u128::from(n),
        })
        .collect();
    let intent = Intent::Payout {
        asset: Asset::Eth,
        payees,
    };
    let outcome = submit(
        &mut orderer(),
        at(1),
        with_intent(ALICE, 0, intent, 0, 1_000),
    );
    assert!(
        refused(outcome).starts_with("payout is too large"),
        "64 new accounts"
    );
}

#[test]
fn messages_and_listings_of_l1_become_part_of_the_block() {
    let mut orderer = orderer();
    let usd = Address::repeat_byte(9);
    orderer
        .list(
            at(1),
            Listing {
                address: usd,
                decimals: 6,
            },
        )
        .unwrap();
    let deposit = InboxMessage::Deposit {
        to: CAROL,
        token: 1,
        amount: 5,
        lock: true,
    };
    orderer.consume(at(1), &deposit).unwrap();
    let carol = orderer.state.index_of(&CAROL).unwrap();
    assert_eq!(orderer.state.balance(carol, 1), 5);
    let sealed = orderer.seal(at(6)).unwrap();
    assert_eq!(
        (
            sealed.block.body.messages.len(),
            sealed.block.body.listings.len()
        ),
        (1, 1)
    );
    let again = orderer.list(
        at(7),
        Listing {
            address: usd,
            decimals: 6,
        },
    );
    assert!(matches!(again, Err(OrderingError::Listing(_))));
}

#[test]
fn a_block_takes_no_more_than_its_chunks() {
    let unbounded = BlockConfig {
        transactions_max: usize::MAX,
        ..blocks()
    };
    let mut orderer: Orderer<u32> = Orderer::new(
        State::genesis(Address::ZERO),
        TokenTable::default(),
        BlockHeader::genesis(),
        unbounded,
        queues(),
    );
    let deposit = InboxMessage::Deposit {
        to: ALICE,
        token: 0,
        amount: 1,
        lock: false,
    };
    // The first chunk has the block operation and 32 messages; each of the others 32 messages.
    let mut messages = 0;
    while orderer.room() > 0 {
        orderer.consume(at(0), &deposit).unwrap();
        messages += 1;
    }
    assert_eq!(
        messages,
        (BLOCK_CHUNKS_MAX - 1) * CHUNK_INBOX_OPERATIONS_MAX + 1
    );
    orderer.seal(at(0)).unwrap();
    assert_eq!(
        orderer.room(),
        BLOCK_CHUNKS_MAX - 1,
        "the next block is empty"
    );
}
