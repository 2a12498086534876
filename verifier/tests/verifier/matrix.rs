//! The fraud matrix: everything that a batch can be wrong about is proven, wherever in the batch it is.
//!
//! Some rejections cannot come about within the lifetime of a rollup, and are for the differential test of the executors: an
//! account, a nonce, a block number or a withdrawal beyond the last one. `UnknownAccount` and `PayeeCount` never come from
//! bytes, which do not decode then, and `NoBlock` is what a batch that does not begin with a block is proven wrong for.

use alloy_primitives::{Address, B256};
use spillway_batcher::batch::SealedBatch;
use spillway_protocol::batch::BatchHeader;
use spillway_protocol::limits::{BLOB_CHUNKS, CHUNK_FIELD_ELEMENTS};
use spillway_protocol::operation::{DepositTarget, Operation, Target};
use spillway_protocol::token::ETH;

use super::court::{Court, Form, Watcher};
use super::forging::{Draft, Ground, transfer};
use super::village::{
    HOLDERS, HOLDERS_COUNT, LOCKED, PITTANCE, POOR, RICH, RICH_ADDRESS, found, payout, tokens,
};

type Forge = fn(&mut Draft<'_>);
type Change = fn(&mut BatchHeader);

/// A stranger to L2.
const NOBODY: Address = Address::repeat_byte(0xbb);
/// Has ETH and no tokens.
const SETTLER: u32 = 100;

/// What is wrong with a chunk, and the words for it.
const CHUNKS: [(&str, Forge); 35] = [
    ("it claims the root", |draft| {
        draft.claim = Some(B256::repeat_byte(7));
    }),
    ("the rest of the chunk is not zero", |draft| {
        draft.raw(&[0, 0, 1]);
    }),
    // Bytes that are no operation.
    ("end within an operation", |draft| {
        while draft.room() >= 5 {
            draft.push(&transfer(RICH, RICH, ETH, 0));
        }
        let rest = [&[0x80][..], &[0; 4]].concat();
        draft.raw(&rest[..draft.room().min(4)]);
    }),
    ("0x70 begins no operation", |draft| draft.raw(&[0x70])),
    ("is not below the account count", |draft| {
        draft.raw(&[0x30, 130, 0, 0]);
    }),
    ("token 9 is not listed", |draft| {
        draft.raw(&[0xf0, 0, 0, 9, 0, 0]);
    }),
    ("token is not in its shortest form", |draft| {
        draft.raw(&[0xf0, 0, 0, 3, 0, 0]);
    }),
    ("token is not in its shortest form", |draft| {
        draft.raw(&[0x31, 1, 0, 0, 0]);
    }),
    ("block is not in its shortest form", |draft| {
        draft.raw(&[0x1f, 0, 0, 0, 1]);
        draft.raw(&1_000_u64.to_be_bytes());
    }),
    ("amount code 65535 is invalid", |draft| {
        draft.raw(&[0x80, 0, 0, 0xff, 0xff]);
    }),
    ("amount code 63001 is invalid", |draft| {
        draft.raw(&[0x80, 0, 0, 0xf6, 0x19, 0]);
    }),
    ("1 to 64 recipients, not 0", |draft| {
        draft.raw(&[0x50, 1, 0]);
    }),
    ("1 to 64 recipients, not 65", |draft| {
        draft.raw(&[0x50, 1, 65]);
    }),
    // Limits of a chunk.
    ("more than 112 accounts", |draft| {
        for from in (HOLDERS..HOLDERS + 112).step_by(2) {
            draft.push(&transfer(from, from + 1, ETH, 0));
        }
    }),
    ("more than 512 token entries", |draft| {
        for number in 0..33 {
            let from = HOLDERS + (2 * number) % HOLDERS_COUNT;
            draft.push(&transfer(from, from + 1, 1, 1));
        }
    }),
    ("more than 32 inbox operations", |draft| {
        for number in 0..33 {
            let target = (number != 1).then_some(DepositTarget::Index(RICH));
            draft.push(&Operation::Inbox { target });
        }
    }),
    // What the state does not allow.
    ("account is locked", |draft| {
        draft.push(&transfer(LOCKED, RICH, ETH, 1));
    }),
    ("sender holds none of token 2", |draft| {
        draft.push(&transfer(SETTLER, RICH, 2, 0));
    }),
    ("insufficient funds: balance 1000000", |draft| {
        draft.push(&transfer(POOR, RICH, ETH, PITTANCE));
    }),
    ("insufficient funds: balance 1000,", |draft| {
        draft.push(&transfer(HOLDERS, RICH, 1, 1_001));
    }),
    ("insufficient funds for the fee", |draft| {
        draft.push(&transfer(POOR, RICH, 1, 1));
    }),
    ("insufficient funds", |draft| {
        let payees = [RICH, POOR].map(Target::Index).into_iter();
        draft.push(&payout(ETH, u128::MAX, payees));
    }),
    ("amount is zero", |draft| draft.push(&new(NOBODY, 0))),
    ("amount is zero", |draft| draft.push(&withdrawal(0, None))),
    ("must be left out", |draft| {
        draft.push(&withdrawal(1, Some(RICH_ADDRESS)));
    }),
    // An address that has an account: before the batch, in the chunk, in the operation.
    ("has an account already", |draft| {
        draft.push(&new(RICH_ADDRESS, 1));
    }),
    ("has an account already", |draft| {
        draft.push(&new(NOBODY, 1));
        draft.push(&new(NOBODY, 1));
    }),
    ("has an account already", |draft| {
        let payees = [NOBODY, RICH_ADDRESS].map(Target::New).into_iter();
        draft.push(&payout(ETH, 1, payees));
    }),
    ("has an account already", |draft| {
        let payees = [NOBODY, NOBODY].map(Target::New).into_iter();
        draft.push(&payout(ETH, 1, payees));
    }),
    ("has an account already", |draft| {
        consume(draft, Some(DepositTarget::New));
    }),
    // Messages.
    ("no inbox message waits", |draft| draft.raw(&[0x41, 1])),
    ("does not fit the inbox message", |draft| {
        consume(draft, None);
    }),
    ("does not fit the inbox message", |draft| {
        consume(draft, Some(DepositTarget::Index(POOR)));
    }),
    ("does not fit the inbox message", |draft| {
        let target = Some(DepositTarget::Index(RICH));
        draft.push(&Operation::Inbox { target });
        consume(draft, target);
    }),
    // The batch is not a row of blocks' operations, but of right ones: nothing but a root is wrong.
    ("it claims the root", |draft| {
        draft.push(&withdrawal(5, None));
        draft.push(&new(NOBODY, 5));
        draft.claim = Some(B256::ZERO);
    }),
];

/// What is wrong with a header.
const HEADERS: [(&str, Change); 5] = [
    ("state root", |header| {
        header.state_root = B256::repeat_byte(1);
    }),
    ("authorised operations", |header| header.auth_count += 1),
    ("block number", |header| header.block_number += 1),
    ("timestamp", |header| header.timestamp += 1),
    ("block number", |header| header.block_number = 0),
];

/// A transfer to a new account.
fn new(to: Address, amount: u128) -> Operation {
    Operation::TransferNew {
        from: SETTLER,
        to,
        token: ETH,
        amount,
    }
}

fn withdrawal(amount: u128, recipient: Option<Address>) -> Operation {
    Operation::Withdraw {
        from: RICH,
        token: ETH,
        amount,
        recipient,
    }
}

/// Consumes a message with the wrong target. The header counts the message.
fn consume(draft: &mut Draft<'_>, target: Option<DepositTarget>) {
    draft.push(&Operation::Inbox { target });
    draft.claimed_messages = 1;
}

/// A court with a village, and what founds it.
async fn convene() -> (Court, Watcher, Ground, SealedBatch, Ground) {
    let court = Court::new().await;
    let (founding, ground) = found(&court.l1).await;
    let genesis = Ground::genesis(tokens(&court.l1), ground.messages.clone());
    let watcher = court.prover().await;
    (court, watcher, genesis, founding, ground)
}

/// Each dispute once on a ground, with what is wrong in or about the chunk of that place.
async fn disputes(
    court: &mut Court,
    watcher: &mut Watcher,
    ground: &Ground,
    place: usize,
    form: Form,
) {
    for (words, forge) in [
        ("it claims the root", CHUNKS[0].1),
        ("the rest of the chunk is not zero", CHUNKS[1].1),
        ("begins no operation", CHUNKS[3].1),
    ] {
        court.post(form, &ground.forge(place, forge), None).await;
        let found = court.falls(watcher, words).await;
        let told = format!("chunk {place}:");
        assert!(found.to_string().contains(&told), "{found}");
    }
    for (words, change) in HEADERS {
        let mut batch = ground.forge(place, |_| ());
        change(&mut batch.header);
        court.post(form, &batch, None).await;
        court.falls(watcher, words).await;
    }
    // The count says one more than was consumed.
    let batch = ground.forge(place, |draft| draft.claimed_messages = 1);
    court.post(form, &batch, None).await;
    court.falls(watcher, "inbox count").await;
    // The first operation is none that begins a block, and then there is none at all.
    for forge in [
        (|draft| draft.push(&transfer(0, 0, ETH, 0))) as Forge,
        |_| (),
    ] {
        let batch = ground.forge(0, |draft| {
            draft.clear();
            forge(draft);
        });
        court.post(form, &batch, None).await;
        court.falls(watcher, "does not begin a block").await;
    }
    if form == Form::Blobs {
        for element in [0, 1, 15] {
            let element = place * CHUNK_FIELD_ELEMENTS + element;
            let batch = ground.forge(place, |_| ());
            court.post(form, &batch, Some(element)).await;
            court
                .falls(watcher, "does not begin with a zero byte")
                .await;
        }
    }
}

/// The chain goes on, and nobody disputes it.
async fn goes_on(court: &Court, watcher: &mut Watcher, mut ground: Ground) {
    let forks = court.l1.forks().await;
    for form in [Form::Calldata, Form::Blobs, Form::Calldata] {
        let begin = Operation::Block {
            seconds: 1,
            base_fee: 1_000,
        };
        let operations = [begin, transfer(RICH, POOR, ETH, 5), withdrawal(5, None)];
        let batch = ground.honest(&operations);
        court.post(form, &batch, None).await;
    }
    let (number, _) = court.head().await;
    let progress = watcher.verifies(number).await;
    assert_eq!(progress.state_root, ground.tree.root(&ground.state));
    assert_eq!((progress.wrong, progress.proving), (None, None));
    assert_eq!(progress.other_block_hash, None);
    assert_eq!(court.l1.forks().await, forks);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_wrong_in_calldata_is_proven() {
    let (mut court, mut watcher, genesis, founding, ground) = convene().await;
    for place in [0, 2] {
        disputes(&mut court, &mut watcher, &genesis, place, Form::Calldata).await;
    }
    court.post(Form::Calldata, &founding, None).await;
    watcher.verifies(1).await;
    disputes(&mut court, &mut watcher, &ground, 57, Form::Calldata).await;
    for (number, (words, forge)) in CHUNKS.iter().enumerate() {
        let batch = ground.forge(number % 4, *forge);
        court.post(Form::Calldata, &batch, None).await;
        court.falls(&mut watcher, words).await;
    }
    goes_on(&court, &mut watcher, ground).await;
    court.costs.print("in calldata");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_wrong_in_blobs_is_proven() {
    let (mut court, mut watcher, genesis, founding, ground) = convene().await;
    disputes(&mut court, &mut watcher, &genesis, 0, Form::Blobs).await;
    court.post(Form::Blobs, &founding, None).await;
    watcher.verifies(1).await;
    for (number, (words, forge)) in CHUNKS.iter().enumerate() {
        let batch = ground.forge((number + 1) % 4, *forge);
        court.post(Form::Blobs, &batch, None).await;
        court.falls(&mut watcher, words).await;
    }
    goes_on(&court, &mut watcher, ground).await;
    court.costs.print("in blobs");
}

/// The chunk before the first one of the second blob is in the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_wrong_in_the_second_blob_is_proven() {
    let (mut court, mut watcher, genesis, founding, ground) = convene().await;
    disputes(&mut court, &mut watcher, &genesis, BLOB_CHUNKS, Form::Blobs).await;
    court.post(Form::Calldata, &founding, None).await;
    watcher.verifies(1).await;
    disputes(
        &mut court,
        &mut watcher,
        &ground,
        BLOB_CHUNKS + 3,
        Form::Blobs,
    )
    .await;
    goes_on(&court, &mut watcher, ground).await;
    court.costs.print("in the second blob");
}
