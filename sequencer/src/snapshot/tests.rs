//! Snapshots against the journal they are made from, whole and damaged.

use std::time::Duration;

use alloy_primitives::Address;
use spillway_protocol::inbox::InboxMessage;

use super::*;
use crate::block::Listing;
use crate::config::{BlockConfig, QueueConfig};
use crate::journal::{Journal, Options};
use crate::ordering::{Now, Orderer};

const GENESIS: Genesis = Genesis {
    chain_id: 7,
    fee_account: Address::repeat_byte(0xfe),
};

/// A journal of blocks that deposit, withdraw by force and lock.
fn journal(dir: &Path, blocks: u64) -> Reader {
    let mut orderer = Orderer::<()>::new(
        spillway_protocol::state::State::genesis(GENESIS.fee_account),
        spillway_protocol::token::TokenTable::default(),
        spillway_protocol::block::BlockHeader::genesis(),
        BlockConfig::default(),
        QueueConfig::default(),
    );
    let (mut journal, _) = Journal::open(dir, &Options::new(GENESIS.id().0)).unwrap();
    for number in 1..=blocks {
        let now = Now {
            elapsed: Duration::from_secs(number),
            unix: 1_000 + number,
        };
        if number == 1 {
            orderer
                .list(
                    now,
                    Listing {
                        address: Address::repeat_byte(9),
                        decimals: 6,
                    },
                )
                .unwrap();
        }
        let to = Address::with_last_byte(number as u8);
        for (token, amount) in [(0, 1_000 * u128::from(number)), (1, 5)] {
            orderer
                .consume(
                    now,
                    &InboxMessage::Deposit {
                        to,
                        token,
                        amount,
                        lock: false,
                    },
                )
                .unwrap();
        }
        let force = InboxMessage::ForcedWithdrawal {
            sender: to,
            account: number as u32,
            token: 0,
            amount: 1,
            recipient: to,
        };
        orderer.consume(now, &force).unwrap();
        let lock = InboxMessage::Lock {
            sender: to,
            account: number as u32,
        };
        orderer.consume(now, &lock).unwrap();
        let block = orderer.seal(now).unwrap().block;
        journal
            .append(number, &[&record::encode(&block.header, &block.body)])
            .unwrap();
        journal.sync().unwrap();
    }
    journal.reader()
}

fn replayed(reader: &Reader, to: u64) -> Ledger {
    let mut ledger = Ledger::genesis(&GENESIS);
    replay(&mut ledger, reader, to).unwrap();
    ledger
}

/// Compares all that matters of two ledgers.
fn assert_same(one: &mut Ledger, other: &mut Ledger) {
    assert_eq!(one.head(), other.head());
    assert_eq!(one.tokens(), other.tokens());
    assert_eq!(one.state_root().unwrap(), other.state_root().unwrap());
    assert_eq!(one.withdrawal_leaves(), other.withdrawal_leaves());
    for token in 0..2 {
        assert_eq!(one.state().supply(token), other.state().supply(token));
    }
}

#[test]
fn a_snapshot_gives_the_ledger_of_its_block_and_the_journal_goes_on_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let reader = journal(&dir.path().join("journal"), 20);
    let snapshots = dir.path().join("snapshots");
    make(&snapshots, &GENESIS, &reader, 12, 0).unwrap();
    let (mut ledger, unusable) = load_newest(&snapshots, &GENESIS).unwrap();
    assert!(unusable.is_empty());
    assert_same(&mut ledger, &mut replayed(&reader, 12));
    replay(&mut ledger, &reader, u64::MAX).unwrap();
    assert_same(&mut ledger, &mut replayed(&reader, 20));
}

#[test]
fn the_ledger_of_any_block_is_found_whatever_snapshots_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let (snapshots, reader) = (
        dir.path().join("snapshots"),
        journal(&dir.path().join("journal"), 9),
    );
    make(&snapshots, &GENESIS, &reader, 4, 0).unwrap();
    let newest = make(&snapshots, &GENESIS, &reader, 7, 0).unwrap();
    // Somebody else is making one.
    let unfinished = snapshots.join("00000000000000000009.tmp");
    fs::write(&unfinished, "half").unwrap();
    let root = |number| {
        let mut ledger = ledger_at(&snapshots, &GENESIS, &reader, number).unwrap();
        assert_eq!(ledger.head().number, number);
        ledger.state_root().unwrap()
    };
    for number in 0..=9 {
        let mut replayed = Ledger::genesis(&GENESIS);
        replay(&mut replayed, &reader, number).unwrap();
        assert_eq!(
            root(number),
            replayed.state_root().unwrap(),
            "block {number}"
        );
    }
    fs::write(newest, "damaged").unwrap();
    let before = root(8);
    assert!(unfinished.exists());
    fs::remove_dir_all(&snapshots).unwrap();
    assert_eq!(root(8), before);
    let beyond = ledger_at(&snapshots, &GENESIS, &reader, 10).unwrap();
    assert_eq!(beyond.head().number, 9);
}

#[test]
fn two_snapshots_are_kept_and_one_that_posting_can_begin_at() {
    for (needed, kept) in [
        // Nothing is on L1: the oldest.
        (0, [1, 5, 6]),
        (2, [2, 5, 6]),
        (3, [3, 5, 6]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let reader = journal(&dir.path().join("journal"), 6);
        let snapshots = dir.path().join("snapshots");
        for number in 1..=6 {
            let needed = if number > needed { needed } else { 0 };
            make(&snapshots, &GENESIS, &reader, number, needed).unwrap();
        }
        let paths = list(&snapshots, EXTENSION).unwrap();
        let numbers: Vec<_> = paths.iter().filter_map(|path| number_of(path)).collect();
        assert!(numbers.ends_with(&kept[1..]), "{needed}: {numbers:?}");
        assert!(numbers[0] <= needed.max(1), "{needed}: {numbers:?}");
        assert!(numbers.len() <= 3, "{needed}: {numbers:?}");
    }
}

#[test]
fn every_damaged_byte_and_every_truncation_makes_a_snapshot_unusable() {
    let dir = tempfile::tempdir().unwrap();
    let reader = journal(&dir.path().join("journal"), 3);
    let snapshots = dir.path().join("snapshots");
    let path = make(&snapshots, &GENESIS, &reader, 3, 0).unwrap();
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(&path, &damaged).unwrap();
        assert!(load(&path, &GENESIS).is_err(), "byte {at}");
        fs::write(&path, &whole[..at]).unwrap();
        assert!(load(&path, &GENESIS).is_err(), "{at} bytes");
    }
    fs::write(&path, &whole).unwrap();
    assert!(load(&path, &GENESIS).is_ok());
}

#[test]
fn an_unusable_snapshot_is_passed_over_for_an_older_one_and_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let reader = journal(&dir.path().join("journal"), 8);
    let snapshots = dir.path().join("snapshots");
    make(&snapshots, &GENESIS, &reader, 4, 0).unwrap();
    let newest = make(&snapshots, &GENESIS, &reader, 8, 0).unwrap();
    fs::write(&newest, b"").unwrap();
    let (ledger, unusable) = load_newest(&snapshots, &GENESIS).unwrap();
    assert_eq!(ledger.head().number, 4);
    assert_eq!(unusable.len(), 1);
    assert_eq!(unusable[0].path, newest);
    make(&snapshots, &GENESIS, &reader, 8, 0).unwrap();
    assert_eq!(
        load_newest(&snapshots, &GENESIS).unwrap().0.head().number,
        8
    );
}

#[test]
fn a_ledger_that_is_saved_is_the_one_that_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let reader = journal(&dir.path().join("journal"), 5);
    let path = dir.path().join("kept.snapshot");
    let mut ledger = replayed(&reader, 5);
    fs::write(&path, "what was there").unwrap();
    save(&mut ledger, &GENESIS, &path).unwrap();
    assert_same(&mut load(&path, &GENESIS).unwrap(), &mut ledger);
    // Other parts of the program keep the same as parts.
    let (state, tree, tokens, head) = ledger.into_parts().unwrap();
    let mut ledger = Ledger::from_parts(state, tree, tokens, head);
    let before = fs::read(&path).unwrap();
    save(&mut ledger, &GENESIS, &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(list(dir.path(), UNFINISHED).unwrap().is_empty());
}

#[test]
fn what_cannot_be_saved_leaves_everything_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::genesis(&GENESIS);
    let folder = dir.path().join("a folder");
    fs::create_dir_all(folder.join("that is not empty")).unwrap();
    for path in [folder, dir.path().join("nowhere/kept.snapshot")] {
        let error = save(&mut ledger, &GENESIS, &path).unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_snapshot_of_another_chain_is_unusable() {
    let dir = tempfile::tempdir().unwrap();
    let reader = journal(&dir.path().join("journal"), 2);
    let path = make(&dir.path().join("snapshots"), &GENESIS, &reader, 2, 0).unwrap();
    let other = Genesis {
        chain_id: 8,
        ..GENESIS
    };
    assert!(matches!(load(&path, &other), Err(FormatError::Genesis)));
}

#[test]
fn accounts_that_do_not_hash_to_the_root_are_unusable_whatever_the_checksum_says() {
    let dir = tempfile::tempdir().unwrap();
    let reader = journal(&dir.path().join("journal"), 2);
    let path = make(&dir.path().join("snapshots"), &GENESIS, &reader, 2, 0).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // The last byte of the named root; then the checksum is made to fit.
    bytes[8 + 4 + 32 + 31] ^= 1;
    let end = bytes.len() - 4;
    let crc = crc32fast::hash(&bytes[..end]).to_be_bytes();
    bytes[end..].copy_from_slice(&crc);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(
        load(&path, &GENESIS),
        Err(FormatError::Root { .. })
    ));
}

#[test]
fn what_a_crash_left_unfinished_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = dir.path().join("snapshots");
    fs::create_dir_all(&snapshots).unwrap();
    let unfinished = snapshots.join("00000000000000000005.tmp");
    fs::write(&unfinished, b"half of it").unwrap();
    load_newest(&snapshots, &GENESIS).unwrap();
    assert!(!unfinished.exists());
}
