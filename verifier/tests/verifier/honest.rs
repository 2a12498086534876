//! Honest chains derive and replay to the root that made them.

use alloy_eips::eip4844::Blob;
use proptest::prelude::*;
use spillway_protocol::blob;
use spillway_protocol::chunk;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_verifier::derivation::{BatchData, Derivation, data};
use spillway_verifier::replay::{Claim, Ledger, Verdict, messages_max, replay};

use super::chain::{Built, FEE_ACCOUNT, build, busy, plan};
use super::logs::{CONTRACTS, arrivals, block, submitted};

/// Derives a chain from logs, and replays it.
pub(crate) fn verify(built: &Built) -> Verdict {
    let mut derivation = Derivation::new(CONTRACTS);
    derivation
        .take(block(1, arrivals(&built.messages)))
        .unwrap();
    for (number, batch) in (1..).zip(&built.batches) {
        let log = submitted(number, number - 1, batch);
        derivation.take(block(number + 1, vec![log])).unwrap();
    }
    let mut ledger = Ledger::genesis(FEE_ACCOUNT);
    while let Some(posted) = derivation.next_batch().unwrap() {
        let header = &posted.header;
        let data = if posted.versioned_hashes.is_empty() {
            Ok(data::of_calldata(&posted))
        } else {
            let sealed = &built.batches[posted.number as usize - 1];
            of_blobs(&sealed.chunks)
        };
        let consumed = ledger.head().inbox_count;
        let (messages, tokens) = derivation.inputs(consumed, messages_max(header.chunk_count));
        let claim = Claim {
            header,
            data: &data,
            messages: &messages,
            tokens,
        };
        match replay(ledger, &claim) {
            Verdict::Agrees(after) => ledger = *after,
            wrong @ Verdict::Wrong(_) => return wrong,
        }
    }
    Verdict::Agrees(Box::new(ledger))
}

/// Through blobs and back.
pub(crate) fn of_blobs(chunks: &[chunk::Chunk]) -> BatchData {
    let blobs = blob::pack(chunks).into_iter();
    let blobs: Vec<_> = blobs.map(|blob| Box::new(Blob::from(*blob))).collect();
    data::of_blobs(&blobs, chunks.len() as u16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_random_chain_derives_and_replays_to_its_root(plan in plan(12, 400)) {
        let built = build(&plan);
        match verify(&built) {
            Verdict::Agrees(ledger) => {
                prop_assert_eq!(ledger.root(), built.root);
                prop_assert_eq!(ledger.batch(), built.batches.len() as u64);
                prop_assert_eq!(ledger.head().inbox_count, built.messages.len() as u64);
            }
            Verdict::Wrong(wrong) => prop_assert!(false, "{}", wrong),
        }
    }

    /// The replay has a loop of its own over a chunk's operations, so that it can hash later. Whatever the bytes, its
    /// verdict is that of the protocol.
    #[test]
    fn whatever_a_chunk_holds_the_verdict_is_the_protocols(
        at in 32_usize..496,
        xor in 1_u8..,
        batch in 0_usize..3,
        chunk in any::<prop::sample::Index>(),
    ) {
        let mut built = busy();
        let place = chunk.index(built.batches[batch].chunks.len());
        built.batches[batch].chunks[place][at] ^= xor;
        match verify(&built) {
            // Other operations can have the same effect, as those of a transfer to oneself. The block hash tells them apart.
            Verdict::Agrees(ledger) => {
                prop_assert_eq!(ledger.other_block_hash(), Some(batch as u64 + 1));
                prop_assert_eq!(protocols_verdict(&built), None);
            }
            Verdict::Wrong(wrong) => prop_assert_eq!(Some(wrong.to_string()), protocols_verdict(&built)),
        }
    }
}

/// What [`chunk::execute`] says of the first chunk that is wrong, if one is.
fn protocols_verdict(built: &Built) -> Option<String> {
    let mut state = State::genesis(FEE_ACCOUNT);
    let mut tree = StateTree::build(&state, std::iter::empty()).unwrap();
    let mut consumed = 0;
    for (number, batch) in (1..).zip(&built.batches) {
        if batch.chunks[0][32] >> 4 != 1 {
            return Some(format!(
                "batch {number} is wrong: its first operation does not begin a block"
            ));
        }
        for (place, bytes) in batch.chunks.iter().enumerate() {
            let told = format!("batch {number} is wrong: chunk {place}: ");
            let claimed = chunk::claimed_root(bytes);
            // They end at the batch's own count.
            let end = batch.header.inbox_count as usize;
            let mut messages = built.messages[consumed..end].iter();
            let waiting = messages.len();
            let executed =
                chunk::execute(&mut state, &mut tree, bytes, &mut messages, &built.tokens);
            consumed += waiting - messages.len();
            match executed {
                Err(error) => return Some(format!("{told}{error}")),
                Ok(derived) if derived != claimed => {
                    return Some(format!(
                        "{told}it claims the root {claimed} and leads to {derived}"
                    ));
                }
                Ok(_) => {}
            }
        }
    }
    None
}
