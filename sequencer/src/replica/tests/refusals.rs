//! Each way in which a block can be wrong, as a table. What is before the block is taken, nothing of it is, and the right
//! block is taken next.

use alloy_primitives::{Bytes, FixedBytes, Signature, U256, uint};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::keccak::keccak256;
use spillway_protocol::tree::list_root;

use super::*;
use crate::block::{Block, BlockBody, Included};
use crate::rollback::tests::transfer;

/// Makes hash and root those of the rest, as one does who wants to be believed.
pub(super) fn reckon(block: &mut FeedBlock) {
    let hashes: Vec<_> = block.transactions.iter().map(keccak256_of).collect();
    block.transactions_root = list_root(&hashes);
    block.hash = header(block).hash();
}

fn keccak256_of(bytes: &Bytes) -> B256 {
    keccak256(bytes)
}

fn header(block: &FeedBlock) -> BlockHeader {
    BlockHeader {
        parent: block.parent,
        number: block.number,
        timestamp: block.timestamp,
        base_fee: block.base_fee,
        inbox_count: block.inbox_count,
        inbox_accumulator: block.inbox_accumulator,
        operations_hash: keccak256(&block.operations),
    }
}

/// The same, signed, as the sequencer itself could do.
pub(super) fn sign(block: &mut FeedBlock, key: &HeaderSigner) {
    reckon(block);
    let raw = block.transactions.iter().cloned();
    let body = BlockBody {
        operations: block.operations.to_vec(),
        transactions: raw
            .map(|raw| Included {
                sender: Address::ZERO,
                raw,
            })
            .collect(),
        ..BlockBody::default()
    };
    let signed = Block::new(header(block), body);
    let signature = key.sign(CHAIN_ID, block.fork_id, &signed).unwrap();
    block.signature = Some(Bytes::from(signature.as_bytes()));
}

/// Whether the sequencer signed what was done to its block.
#[derive(Clone, Copy)]
enum By {
    Sequencer,
    SomeoneBetween,
}

use By::{Sequencer, SomeoneBetween};

const DIFFERS: &str = "not what its transactions and messages make";

type Change = fn(&mut FeedBlock);

fn last_byte(block: &mut FeedBlock) {
    let mut operations = block.operations.to_vec();
    *operations.last_mut().unwrap() ^= 1;
    block.operations = operations.into();
}

/// A signature that recovers to the same signer, and that no contract takes.
fn upper_half(block: &mut FeedBlock) {
    const ORDER: U256 =
        uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
    let signature = Signature::try_from(block.signature.as_ref().unwrap().as_ref()).unwrap();
    let mirrored = Signature::new(signature.r(), ORDER - signature.s(), !signature.v());
    block.signature = Some(Bytes::from(mirrored.as_bytes()));
}

/// A transfer that is valid, and that the sequencer did not execute.
fn foreign() -> Bytes {
    transfer(3, 0, Address::repeat_byte(8), 7)
}

fn deposit() -> Bytes {
    let message = InboxMessage::Deposit {
        to: Address::repeat_byte(5),
        token: 0,
        amount: 9,
        lock: false,
    };
    Bytes::copy_from_slice(message.encode().as_bytes())
}

/// A block with three transfers: twice from account 1, then from account 2.
#[rustfmt::skip]
const WITH_TRANSFERS: &[(&str, Change, By, &str)] = &[
    ("an operation changed on the way", last_byte, SomeoneBetween, "is not signed by"),
    ("an operation changed", last_byte, Sequencer, DIFFERS),
    ("an operation repeated", |it| it.operations = [&it.operations[..], &it.operations[12..]].concat().into(), Sequencer, DIFFERS),
    ("no operations", |it| it.operations = Bytes::new(), Sequencer, DIFFERS),
    ("a transaction dropped on the way", |it| drop(it.transactions.pop()), SomeoneBetween, "is not signed by"),
    ("a transaction dropped", |it| drop(it.transactions.pop()), Sequencer, DIFFERS),
    ("all transactions dropped", |it| it.transactions.clear(), Sequencer, DIFFERS),
    ("a foreign transaction for one", |it| it.transactions[2] = foreign(), Sequencer, DIFFERS),
    ("a foreign transaction added", |it| it.transactions.push(foreign()), Sequencer, DIFFERS),
    ("transactions exchanged", |it| it.transactions.swap(0, 1), Sequencer, "nonce too high"),
    ("a transaction twice", |it| it.transactions[1] = it.transactions[0].clone(), Sequencer, "nonce too low"),
    ("bytes that are no transaction", |it| it.transactions[1] = Bytes::from_static(&[2, 1]), Sequencer, "transaction 1 of block"),
    ("another base fee", |it| it.base_fee += 1, Sequencer, DIFFERS),
    ("a base fee beyond the caps", |it| it.base_fee = u64::MAX, Sequencer, "max fee per gas less than"),
    ("a later time", |it| it.timestamp += 1, Sequencer, DIFFERS),
    ("a time before the last", |it| it.timestamp = 0, Sequencer, DIFFERS),
    ("a time beyond all", |it| it.timestamp = u64::MAX, Sequencer, DIFFERS),
    ("a message more", |it| it.messages.push(deposit()), Sequencer, DIFFERS),
    ("another inbox", |it| it.inbox_accumulator = FixedBytes::repeat_byte(3), Sequencer, DIFFERS),
    ("another count of messages", |it| it.inbox_count += 1, Sequencer, DIFFERS),
    ("another's signature", |it| sign(it, &HeaderSigner::new(B256::repeat_byte(9)).unwrap()), SomeoneBetween, "but by 0x"),
    ("a signature in the upper half", upper_half, SomeoneBetween, "is not signed by"),
    ("a signature of zeros", |it| it.signature = Some([&[0; 64][..], &[27]].concat().into()), SomeoneBetween, "is not signed by"),
    ("no signature", |it| it.signature = None, SomeoneBetween, "is not signed, so nobody"),
    ("a later fork", |it| it.fork_id = 1, Sequencer, "is of fork 1, and the chain here is on fork 0"),
    ("a gap", |it| it.number += 1, Sequencer, "is next"),
    ("the block before", |it| it.number -= 1, Sequencer, "is next"),
    ("the last number", |it| it.number = u64::MAX, Sequencer, "is next"),
    ("another parent", |it| it.parent = B256::repeat_byte(3), Sequencer, "is built on 0x0303"),
];

/// A block with two deposits, a forced withdrawal and a listing.
#[rustfmt::skip]
const WITH_MESSAGES: &[(&str, Change, By, &str)] = &[
    ("another message", |it| it.messages[0] = deposit(), Sequencer, DIFFERS),
    ("messages exchanged", |it| it.messages.swap(0, 2), Sequencer, DIFFERS),
    ("a message dropped", |it| drop(it.messages.pop()), Sequencer, DIFFERS),
    ("all messages dropped", |it| it.messages.clear(), Sequencer, DIFFERS),
    ("a token listed again", |it| it.listings.push(it.listings[0].clone()), Sequencer, "takes from L1 is not valid"),
];

async fn check_all(table: &[(&str, Change, By, &str)], is_target: impl Fn(&Block) -> bool) {
    let chain = Chain::new().await;
    let sequencer = chain.start();
    let theirs = sequencer.view();
    let target = chain.blocks.iter().skip(3).find(|block| is_target(block));
    let target = target.unwrap().header.number;
    let good = received(&theirs, 1, u64::MAX);
    for (what, change, by, words) in table {
        let mut bad = feed(&theirs, target, 1).remove(0);
        change(&mut bad);
        match by {
            Sequencer => sign(&mut bad, &key()),
            SomeoneBetween => reckon(&mut bad),
        }
        let dir = tempfile::tempdir().unwrap();
        let mut replica = start(&dir);
        let mut group = good.clone();
        group[target as usize - 1] = bad.clone().try_into().unwrap();
        let error = replica.import(group).unwrap_err();
        assert!(error.to_string().contains(words), "{what}: {error}");
        assert!(!error.is_final(), "{what}");
        let (number, hash, _) = place(&replica.view());
        assert_eq!(
            (number, hash),
            (target - 1, good[number as usize - 1].hash())
        );
        assert_eq!(replica.view().journal().last_synced(), number, "{what}");
        assert_eq!(
            replica
                .view()
                .signed_blocks()
                .signed_header(target)
                .unwrap(),
            None
        );
        // Alone, as the first of a group, it is refused as well.
        replica.import(vec![bad.try_into().unwrap()]).unwrap_err();
        catch_up(&mut replica, &theirs);
        assert_eq!(place(&replica.view()), place(&theirs), "{what}");
        check_whole(&replica);
    }
}

#[tokio::test]
async fn a_wrong_block_of_transfers_is_refused_and_the_right_one_taken() {
    check_all(WITH_TRANSFERS, |block| block.transaction_hashes.len() == 3).await;
}

#[tokio::test]
async fn a_wrong_block_of_messages_is_refused_and_the_right_one_taken() {
    check_all(WITH_MESSAGES, |block| block.body.messages.len() == 3).await;
}

#[tokio::test]
async fn a_block_that_contradicts_itself_is_none() {
    let chain = Chain::new().await;
    let sequencer = chain.start();
    let block = feed(&sequencer.view(), 1, 1).remove(0);
    let table: &[(Change, &str)] = &[
        (|it| it.timestamp += 1, "is said to have the hash"),
        (last_byte, "is said to have the hash"),
        (|it| it.hash = B256::ZERO, "is said to have the hash"),
        (
            |it| it.transactions.push(Bytes::new()),
            "the transactions root",
        ),
        (
            |it| it.transactions_root = B256::ZERO,
            "the transactions root",
        ),
        (|it| it.messages.push(Bytes::new()), "is no message"),
        (
            |it| it.messages.push([&deposit()[..], &[0]].concat().into()),
            "is no message",
        ),
        (
            |it| it.signature = Some(Bytes::new()),
            "signature of block 1 is none",
        ),
        (
            |it| it.signature = Some(vec![27; 64].into()),
            "signature of block 1 is none",
        ),
        (
            |it| it.signature = Some(vec![27; 66].into()),
            "signature of block 1 is none",
        ),
        (
            |it| it.signature = Some(vec![1; 65].into()),
            "signature of block 1 is none",
        ),
    ];
    for (change, words) in table {
        let mut block = block.clone();
        change(&mut block);
        let error = ReceivedBlock::try_from(block).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
