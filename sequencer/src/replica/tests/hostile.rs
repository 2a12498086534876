//! Whatever comes, there is an answer.

use alloy_primitives::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::refusals::sign;
use super::*;
use crate::feed::FeedListing;
use crate::rollback::tests::transfer;

fn json() -> Vec<u8> {
    let block = any_block();
    let feed = Feed {
        newest: 9,
        forks: Vec::new(),
        blocks: vec![block],
    };
    serde_json::to_vec(&feed).unwrap()
}

fn any_block() -> FeedBlock {
    let mut block = FeedBlock {
        number: 1,
        hash: B256::ZERO,
        parent: spillway_protocol::block::BlockHeader::genesis().hash(),
        timestamp: 1_770_000_000,
        base_fee: 1_000_000,
        inbox_count: 0,
        inbox_accumulator: Default::default(),
        operations: Bytes::from_static(&[1, 2, 3]),
        messages: Vec::new(),
        listings: Vec::new(),
        transactions: vec![transfer(1, 0, Address::repeat_byte(3), 5)],
        transactions_root: B256::ZERO,
        fork_id: 0,
        signature: None,
    };
    sign(&mut block, &key());
    block
}

fn read(json: &[u8]) -> Option<Vec<ReceivedBlock>> {
    let feed: Feed = serde_json::from_slice(json).ok()?;
    let blocks = feed.blocks.into_iter();
    blocks
        .map(ReceivedBlock::try_from)
        .collect::<Result<_, _>>()
        .ok()
}

fn bytes(length_max: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..length_max).prop_map(Bytes::from)
}

fn message() -> impl Strategy<Value = Bytes> {
    use spillway_protocol::inbox::InboxMessage;
    let messages = (any::<[u8; 20]>(), any::<u8>(), any::<u128>(), 0..4u8).prop_map(
        |(address, token, amount, kind)| match kind {
            0 => InboxMessage::Deposit {
                to: address.into(),
                token,
                amount,
                lock: token > 9,
            },
            1 => InboxMessage::ForcedWithdrawal {
                sender: address.into(),
                account: token.into(),
                token,
                amount,
                recipient: address.into(),
            },
            2 => InboxMessage::Lock {
                sender: address.into(),
                account: token.into(),
            },
            _ => InboxMessage::Unlock {
                sender: address.into(),
                account: token.into(),
            },
        },
    );
    messages.prop_map(|message| Bytes::copy_from_slice(message.encode().as_bytes()))
}

fn transaction() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        bytes(40),
        (1..4u8, 0..3u64, any::<u128>()).prop_map(|(from, nonce, value)| transfer(
            from,
            nonce,
            Address::repeat_byte(3),
            value
        )),
    ]
}

/// A block after genesis with the sequencer's signature, and with anything in it.
fn signed_block() -> impl Strategy<Value = FeedBlock> {
    let listing = (any::<[u8; 20]>(), any::<u8>()).prop_map(|(address, decimals)| FeedListing {
        address: address.into(),
        decimals,
    });
    let lists = (
        vec(message(), 0..4),
        vec(listing, 0..4),
        vec(transaction(), 0..4),
    );
    (any::<u64>(), any::<u64>(), bytes(60), lists).prop_map(|(time, fee, operations, lists)| {
        let (messages, listings, transactions) = lists;
        let mut block = FeedBlock {
            timestamp: time,
            base_fee: fee,
            operations,
            messages,
            listings,
            transactions,
            ..any_block()
        };
        sign(&mut block, &key());
        block
    })
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes in vec(any::<u8>(), 0..200)) {
        read(&bytes);
    }

    #[test]
    fn json_with_changed_bytes_gets_an_answer(changes in vec((any::<usize>(), any::<u8>()), 1..4)) {
        let mut json = json();
        for (place, byte) in changes {
            let place = place % json.len();
            json[place] = byte;
        }
        read(&json);
    }
}

#[test]
fn any_block_that_the_sequencer_signs_is_refused_unless_it_is_right() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = start(&dir);
    let genesis = place(&replica.view());
    let mut runner = proptest::test_runner::TestRunner::default();
    let refused = |block: FeedBlock| {
        let block = ReceivedBlock::try_from(block).unwrap();
        let error = replica.import(vec![block]).unwrap_err();
        prop_assert!(!error.is_final(), "{}", error);
        prop_assert_eq!(place(&replica.view()), genesis);
        Ok(())
    };
    let cell = std::cell::RefCell::new(refused);
    runner
        .run(&signed_block(), |block| (cell.borrow_mut())(block))
        .unwrap();
}
