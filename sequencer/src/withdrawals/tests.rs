//! The file is damaged in every way, and made again from the journal.

use std::fs;

use alloy_primitives::Address;
use spillway_protocol::withdrawal::Withdrawal;

use super::*;
use crate::Sequencer;
use crate::rollback::tests::{Chain, signer};

/// Every withdrawal of a chain, by a start on it.
fn read_all(chain: &Chain) -> (Vec<MadeWithdrawal>, u32) {
    let sequencer = Sequencer::start(&chain.config).unwrap();
    let made = sequencer.view().withdrawals().read(0, PAGE_MAX).unwrap();
    let again = sequencer.report().withdrawals_made;
    sequencer.stop().unwrap();
    (made, again)
}

#[tokio::test]
async fn what_was_made_is_there_after_a_start() {
    let chain = Chain::new().await;
    let (made, again) = read_all(&chain);
    assert_eq!((made.len(), again), (6, 0), "one forced in each round");
    for one in &made {
        let expected = Withdrawal {
            account: signer(1).address(),
            recipient: signer(9).address(),
            token: 0,
            amount: 7,
        };
        assert_eq!(one.withdrawal, expected);
        let block = &chain.blocks[one.block as usize - 1];
        assert!(!block.body.messages.is_empty(), "block {}", one.block);
    }
    assert!(made.is_sorted_by(|a, b| a.block < b.block));
}

#[tokio::test]
async fn pages_end_where_the_withdrawals_do() {
    let chain = Chain::new().await;
    let sequencer = Sequencer::start(&chain.config).unwrap();
    let withdrawals = sequencer.view().withdrawals();
    let all = withdrawals.read(0, PAGE_MAX).unwrap();
    for (from, max, expected) in [
        (0, 0, 0..0),
        (0, 2, 0..2),
        (4, 1, 4..5),
        (4, usize::MAX, 4..6),
        (6, 1, 0..0),
        (u32::MAX, 1, 0..0),
    ] {
        let page = withdrawals.read(from, max).unwrap();
        assert_eq!(page, all[expected], "{from} {max}");
    }
    sequencer.stop().unwrap();
}

#[tokio::test]
async fn whatever_happened_to_the_file_a_start_makes_it_right() {
    let chain = Chain::new().await;
    let (expected, _) = read_all(&chain);
    let path = chain.config.dir.join(NAME);
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len(), 8 + 6 * 69);
    let mut damaged: Vec<(Vec<u8>, u32)> = vec![
        (Vec::new(), 6),
        (b"SPWDRWL0".to_vec(), 6),
        (whole[..8 + 3 * 69 + 1].to_vec(), 3),
        ([&whole[..], &[7; 100]].concat(), 0),
    ];
    for place in (0..whole.len()).step_by(23) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        let right = place.saturating_sub(8) / 69;
        damaged.push((bytes, 6 - right as u32));
    }
    for (bytes, again) in damaged {
        fs::write(&path, bytes).unwrap();
        assert_eq!(read_all(&chain), (expected.clone(), again));
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(read_all(&chain), (expected, 6));
}

/// Whole by its checksum and of another chain: the leaf tells.
#[tokio::test]
async fn records_of_another_chain_are_passed_over() {
    let chain = Chain::new().await;
    let (expected, _) = read_all(&chain);
    let path = chain.config.dir.join(NAME);
    let mut foreign = expected[2];
    foreign.withdrawal.recipient = Address::repeat_byte(0x66);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8 + 2 * 69..8 + 3 * 69].copy_from_slice(&foreign.encode());
    fs::write(&path, bytes).unwrap();
    assert_eq!(read_all(&chain), (expected, 4));
}

#[tokio::test]
async fn damage_is_told_while_it_runs() {
    let chain = Chain::new().await;
    let sequencer = Sequencer::start(&chain.config).unwrap();
    let path = chain.config.dir.join(NAME);
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[9], place(4)).unwrap();
    let withdrawals = sequencer.view().withdrawals();
    assert_eq!(withdrawals.read(0, 4).unwrap().len(), 4);
    let error = withdrawals.read(4, 1).unwrap_err();
    assert!(matches!(error, WithdrawalsError::Damaged(_)), "{error}");
    sequencer.stop().unwrap();
}

#[tokio::test]
async fn a_chain_that_goes_back_keeps_what_stands() {
    let chain = Chain::new().await;
    let (all, _) = read_all(&chain);
    for last_block in [0, all[2].block, all[3].block - 1, all[5].block] {
        cut_after(&chain.config.dir, last_block).unwrap();
        let kept = all.iter().filter(|made| made.block <= last_block).count();
        let (made, again) = read_all(&chain);
        assert_eq!((made, again as usize), (all.clone(), 6 - kept));
    }
}
