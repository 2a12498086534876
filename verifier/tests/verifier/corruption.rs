//! Each kind of wrong batch is found, at its place, under the name of the dispute that proves it.

use alloy_eips::eip4844::Blob;
use alloy_primitives::B256;
use spillway_batcher::batch::SealedBatch;
use spillway_protocol::batch::BatchHeader;
use spillway_protocol::blob;
use spillway_protocol::chunk::{Chunk, ChunkError, claimed_root};
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::limits::{BLOB_CHUNKS, CHUNK_FIELD_ELEMENTS, FIELD_ELEMENT_BYTES};
use spillway_protocol::operation::{DepositTarget, Operation};
use spillway_protocol::state::State;
use spillway_protocol::token::{ETH, TokenTable};
use spillway_protocol::transition::{self, Rejection};
use spillway_verifier::derivation::{BatchData, MalformedElement, data};
use spillway_verifier::replay::{
    Claim, Dispute, HeaderField, Ledger, TransitionFault, Verdict, Wrong, WrongKind, before_chunk,
    replay,
};

use super::chain::{Built, FEE_ACCOUNT, busy, large};

/// Replays the first batches unchanged and the one of that place as it is given.
fn replay_last(built: &Built, place: usize, header: &BatchHeader, data: &BatchData) -> Verdict {
    let mut ledger = Ledger::genesis(FEE_ACCOUNT);
    for batch in &built.batches[..place] {
        ledger = agreed(replay_on(
            ledger,
            built,
            &batch.header,
            &Ok(batch.chunks.clone()),
        ));
    }
    replay_on(ledger, built, header, data)
}

fn replay_on(ledger: Ledger, built: &Built, header: &BatchHeader, data: &BatchData) -> Verdict {
    let consumed = ledger.head().inbox_count as usize;
    let claim = Claim {
        header,
        data,
        messages: &built.messages[consumed..],
        tokens: &built.tokens,
    };
    replay(ledger, &claim)
}

fn agreed(verdict: Verdict) -> Ledger {
    match verdict {
        Verdict::Agrees(ledger) => *ledger,
        Verdict::Wrong(wrong) => panic!("{wrong}"),
    }
}

fn wrong(verdict: Verdict) -> Wrong {
    match verdict {
        Verdict::Agrees(ledger) => panic!("batch {} is taken for right", ledger.batch()),
        Verdict::Wrong(wrong) => wrong,
    }
}

/// What is found when the chunks of the second batch are changed like that.
fn with_chunks(built: &Built, change: impl FnOnce(&mut Vec<Chunk>)) -> WrongKind {
    let batch = &built.batches[1];
    let mut chunks = batch.chunks.clone();
    change(&mut chunks);
    let wrong = wrong(replay_last(built, 1, &batch.header, &Ok(chunks)));
    assert_eq!(wrong.batch, 2);
    wrong.kind
}

fn with_header(built: &Built, change: impl FnOnce(&mut BatchHeader)) -> WrongKind {
    let SealedBatch {
        mut header, chunks, ..
    } = built.batches[1].clone();
    change(&mut header);
    wrong(replay_last(built, 1, &header, &Ok(chunks))).kind
}

#[test]
fn every_byte_of_every_root_counts() {
    let built = busy();
    for chunk in 0..built.batches[1].chunks.len() {
        for byte in [0, 13, 31] {
            let kind = with_chunks(&built, |chunks| chunks[chunk][byte] ^= 1);
            let derived = claimed_root(&built.batches[1].chunks[chunk]);
            let WrongKind::Transition {
                chunk: found,
                fault,
            } = kind
            else {
                panic!("{kind:?}");
            };
            assert_eq!(found, chunk);
            assert!(
                matches!(fault, TransitionFault::OtherRoot { derived: found, .. } if found == derived)
            );
            assert_eq!(kind.dispute(), Dispute::Transition { chunk });
        }
    }
}

#[test]
fn an_operation_that_is_none_is_found_where_it_is() {
    let built = busy();
    for chunk in 1..built.batches[1].chunks.len() {
        let kind = with_chunks(&built, |chunks| chunks[chunk][32] = 0x70);
        let WrongKind::Transition {
            chunk: found,
            fault,
        } = kind
        else {
            panic!("{kind:?}");
        };
        assert_eq!(found, chunk);
        assert!(matches!(
            fault,
            TransitionFault::Invalid(ChunkError::Undecodable(32, _))
        ));
        assert_eq!(kind.dispute(), Dispute::Transition { chunk });
    }
}

#[test]
fn padding_is_zero() {
    let built = busy();
    let last = built.batches[1].chunks.len() - 1;
    assert_eq!(
        built.batches[1].chunks[last][495], 0,
        "the last chunk has padding"
    );
    let kind = with_chunks(&built, |chunks| chunks[last][495] = 1);
    let fault = TransitionFault::Invalid(ChunkError::Padding(495));
    assert_eq!(kind, WrongKind::Transition { chunk: last, fault });
}

/// Roots are compared long after execution, in another order than that of the chunks: the first thing wrong is told all
/// the same.
#[test]
fn of_two_wrong_chunks_the_first_is_told() {
    let built = large();
    let batch = &built.batches[0];
    assert!(batch.chunks.len() > 140, "{} chunks", batch.chunks.len());
    let places = [0, 1, 63, 64, 65, 127, 128, 140];
    for (at, first) in places.iter().enumerate() {
        for second in &places[at + 1..] {
            let mut chunks = batch.chunks.clone();
            chunks[*first][0] ^= 1;
            chunks[*second][33] ^= 0xff;
            let kind = wrong(replay_last(&built, 0, &batch.header, &Ok(chunks))).kind;
            let place = Dispute::Transition { chunk: *first };
            assert_eq!(kind.dispute(), place, "roots {first}, operations {second}");

            let mut chunks = batch.chunks.clone();
            chunks[*first][33] ^= 0xff;
            chunks[*second][0] ^= 1;
            let kind = wrong(replay_last(&built, 0, &batch.header, &Ok(chunks))).kind;
            assert_eq!(kind.dispute(), place, "operations {first}, roots {second}");
        }
    }
}

#[test]
fn every_field_of_the_header_is_named() {
    type Change = fn(&mut BatchHeader);
    let changes: [(HeaderField, Change); 5] = [
        (HeaderField::StateRoot, |header| {
            header.state_root.0[31] ^= 1;
        }),
        (HeaderField::AuthCount, |header| header.auth_count += 1),
        (HeaderField::InboxCount, |header| header.inbox_count += 1),
        (HeaderField::BlockNumber, |header| header.block_number += 1),
        (HeaderField::Timestamp, |header| header.timestamp -= 1),
    ];
    let built = busy();
    for (field, change) in changes {
        let kind = with_header(&built, change);
        assert_eq!(kind, WrongKind::Header(field));
        let dispute = match field {
            HeaderField::StateRoot => Dispute::LastRoot,
            _ => Dispute::Counts,
        };
        assert_eq!(kind.dispute(), dispute);
    }
}

/// The messages of a batch end at the count in its header: what consumes a later one is invalid.
#[test]
fn a_message_beyond_the_headers_count_is_not_there() {
    let built = busy();
    let kind = with_header(&built, |header| header.inbox_count -= 1);
    let WrongKind::Transition { fault, .. } = kind else {
        panic!("{kind:?}");
    };
    let TransitionFault::Invalid(ChunkError::Invalid(_, rejection)) = fault else {
        panic!("{fault:?}");
    };
    assert_eq!(rejection, Rejection::NoMessage);
}

/// Nobody can prove it, and everything else is right: the replay goes on from the hash that it derived.
#[test]
fn another_block_hash_is_told_for_ever_after() {
    let built = busy();
    let mut ledger = Ledger::genesis(FEE_ACCOUNT);
    for (place, batch) in built.batches.iter().enumerate() {
        let mut header = batch.header;
        if place == 1 {
            header.block_hash = B256::ZERO;
        }
        let data = Ok(batch.chunks.clone());
        ledger = agreed(replay_on(ledger, &built, &header, &data));
        assert_eq!(ledger.other_block_hash(), (place > 0).then_some(2));
        assert_eq!(ledger.head().hash(), batch.header.block_hash);
    }
}

#[test]
fn the_top_byte_of_every_field_element_of_a_chunk_is_zero() {
    let built = large();
    let batch = &built.batches[0];
    let elements = batch.chunks.len() * CHUNK_FIELD_ELEMENTS;
    for at in [0, 1, 15, 16, 4_095, 4_096, elements - 1] {
        let mut blobs = blob::pack(&batch.chunks);
        let (blob, element) = (at / (BLOB_CHUNKS * CHUNK_FIELD_ELEMENTS), at % 4_096);
        blobs[blob][element * FIELD_ELEMENT_BYTES] = 1;
        let data = of_blobs(blobs, batch.header.chunk_count);
        let malformed = MalformedElement { blob, element };
        assert_eq!(data, Err(malformed));
        let kind = wrong(replay_last(&built, 0, &batch.header, &data)).kind;
        assert_eq!(kind.dispute(), Dispute::MalformedElement(malformed));
    }
    let mut blobs = blob::pack(&batch.chunks);
    let (blob, element) = (elements / 4_096, elements % 4_096);
    blobs[blob][element * FIELD_ELEMENT_BYTES] = 1;
    let data = of_blobs(blobs, batch.header.chunk_count);
    assert_eq!(
        data.as_ref(),
        Ok(&batch.chunks),
        "what follows the chunks is nobody's"
    );
}

fn of_blobs(blobs: Vec<Box<blob::Blob>>, chunk_count: u16) -> BatchData {
    let blobs: Vec<_> = blobs
        .into_iter()
        .map(|blob| Box::new(Blob::from(*blob)))
        .collect();
    data::of_blobs(&blobs, chunk_count)
}

#[test]
fn a_batch_begins_with_a_block() {
    let built = busy();
    for first in [0, 0x20, 0x40, 0x80] {
        let kind = with_chunks(&built, |chunks| chunks[0][32] = first);
        assert_eq!(kind, WrongKind::NoBlock);
        assert_eq!(kind.dispute(), Dispute::NoBlock);
    }
    // One that is none is for the chunk's execution to find.
    let kind = with_chunks(&built, |chunks| chunks[0][32] = 0x1f);
    assert!(matches!(kind.dispute(), Dispute::Transition { chunk: 0 }));
}

#[test]
fn a_second_account_of_one_address_is_found_where_it_is_made() {
    let mut state = State::genesis(FEE_ACCOUNT);
    let deposit = InboxMessage::Deposit {
        to: FEE_ACCOUNT,
        token: ETH,
        amount: 5,
        lock: false,
    };
    let begin = Operation::Block {
        seconds: 0,
        base_fee: 0,
    };
    let consume = Operation::Inbox {
        target: Some(DepositTarget::Index(0)),
    };
    let again = Operation::TransferNew {
        from: 0,
        to: FEE_ACCOUNT,
        token: ETH,
        amount: 1,
    };
    let chunk = chunk_of(
        &mut state,
        &[(begin, None), (consume, Some(deposit)), (again, None)],
    );
    let built = Built {
        messages: vec![deposit],
        tokens: TokenTable::default(),
        ..busy()
    };
    let header = BatchHeader {
        chunk_count: 1,
        ..built.batches[0].header
    };
    let ledger = Ledger::genesis(FEE_ACCOUNT);
    let kind = wrong(replay_on(ledger, &built, &header, &Ok(vec![chunk]))).kind;
    assert_eq!(kind.dispute(), Dispute::Transition { chunk: 0 });
}

/// A chunk with a root of zero. Operations that the state refuses are in it all the same.
fn chunk_of(state: &mut State, operations: &[(Operation, Option<InboxMessage>)]) -> Chunk {
    let tokens = TokenTable::default();
    let mut bytes = Vec::new();
    for (operation, message) in operations {
        codec::encode(operation, &Scope::of(state, &tokens), &mut bytes).unwrap();
        let _ = transition::apply(state, operation, message.as_ref());
    }
    let mut chunk = [0; 496];
    chunk[32..][..bytes.len()].copy_from_slice(&bytes);
    chunk
}

#[test]
fn the_state_before_a_chunk_is_found_again() {
    let built = busy();
    let ledger = agreed(replay_last(
        &built,
        0,
        &built.batches[0].header,
        &Ok(built.batches[0].chunks.clone()),
    ));
    let batch = &built.batches[1];
    let mut chunks = batch.chunks.clone();
    let last = chunks.len() - 1;
    chunks[last][32] = 0x70;
    let consumed = ledger.head().inbox_count as usize;
    let claim = Claim {
        header: &batch.header,
        data: &Ok(chunks),
        messages: &built.messages[consumed..],
        tokens: &built.tokens,
    };
    assert!(matches!(replay(ledger.clone(), &claim), Verdict::Wrong(_)));
    let (state, tree) = before_chunk(ledger.clone(), &claim, 0).unwrap();
    assert_eq!(tree.root(&state), ledger.root());
    for chunk in 1..=last {
        let (state, tree) = before_chunk(ledger.clone(), &claim, chunk).unwrap();
        assert_eq!(tree.root(&state), claimed_root(&batch.chunks[chunk - 1]));
    }
    before_chunk(ledger, &claim, last + 1).unwrap_err();
}
