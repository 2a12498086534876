//! A batch, from its first chunk to its header.

use std::mem;

use alloy_primitives::B256;
use spillway_protocol::batch::BatchHeader;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::chunk::{Chunk, ChunkError, claimed_root};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::limits::{CHUNK_INBOX_OPERATIONS_MAX, CHUNK_ROOT_BYTES};
use spillway_protocol::root::{Delta, StateTree};
use spillway_protocol::state::{Counters, State};
use spillway_protocol::token::TokenTable;

use super::blocks::Blocks;
use super::execution::Execution;
use super::hashing::AllCores;
use super::ledger::Ledger;
use super::verdict::{HeaderField, TransitionFault, Verdict, Wrong, WrongKind};
use crate::derivation::BatchData;

/// Chunks that are hashed at once: enough work for all cores, and few megabytes.
const CHUNKS_AT_ONCE: usize = 64;

/// What a batch says, with what its execution needs.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The header, which continues the ledger's batch.
    pub header: &'a BatchHeader,
    /// The chunks, as many as the header says.
    pub data: &'a BatchData,
    /// The messages after those that the ledger has consumed: at least [`messages_max`], or all.
    pub messages: &'a [InboxMessage],
    /// The listed tokens.
    pub tokens: &'a TokenTable,
}

impl<'a> Claim<'a> {
    /// The messages that may still be consumed after that state, which is the ledger's or one within the batch. They end
    /// at the header's inbox count: a chunk that consumes a later one is invalid.
    pub(crate) fn messages_after(&self, ledger: &Counters, state: &Counters) -> &'a [InboxMessage] {
        let place = |count: u64| {
            let place = count.saturating_sub(ledger.inbox_count);
            usize::try_from(place)
                .unwrap_or(usize::MAX)
                .min(self.messages.len())
        };
        let end = place(self.header.inbox_count);
        &self.messages[place(state.inbox_count).min(end)..end]
    }
}

/// Whether the first operation of a chunk begins a block, as L1 sees it: a batch must begin with such a chunk.
const fn begins_block(chunk: &Chunk) -> bool {
    const BLOCK_TAG: u8 = 1;
    chunk[CHUNK_ROOT_BYTES] >> 4 == BLOCK_TAG
}

/// Messages that so many chunks can consume, at most.
#[must_use]
pub fn messages_max(chunk_count: u16) -> usize {
    usize::from(chunk_count) * CHUNK_INBOX_OPERATIONS_MAX
}

/// Replays the batch after the ledger's. A ledger that met a wrong batch is of no use and is gone; keep a copy, or see
/// [`before_chunk`].
#[must_use]
pub fn replay(mut ledger: Ledger, claim: &Claim<'_>) -> Verdict {
    let before = *ledger.state.counters();
    let batch = ledger.batch + 1;
    let found = execute(&mut ledger, claim).and_then(|()| {
        let mismatch = mismatch(&ledger, claim, &before);
        mismatch.map_or(Ok(()), |field| Err(WrongKind::Header(field)))
    });
    match found {
        Ok(()) => {
            ledger.batch = batch;
            if ledger.head.hash() != claim.header.block_hash {
                ledger.other_block_hash.get_or_insert(batch);
            }
            Verdict::Agrees(Box::new(ledger))
        }
        Err(kind) => Verdict::Wrong(Wrong { batch, kind }),
    }
}

/// The state and the trees before a chunk of the batch after the ledger's, for a proof about that chunk. The chunks before
/// it must be right.
///
/// # Errors
/// What is wrong with a chunk before it.
pub fn before_chunk(
    mut ledger: Ledger,
    claim: &Claim<'_>,
    chunk: usize,
) -> Result<(State, StateTree), WrongKind> {
    let chunks = claim.data.as_ref().map_err(|malformed| *malformed)?;
    let before = &chunks[..chunk.min(chunks.len())];
    run(&mut ledger, before, claim)?;
    Ok((ledger.state, ledger.tree))
}

/// Executes all chunks and brings the ledger to its last block.
fn execute(ledger: &mut Ledger, claim: &Claim<'_>) -> Result<(), WrongKind> {
    let chunks = claim.data.as_ref().map_err(|malformed| *malformed)?;
    if !chunks.first().is_some_and(begins_block) {
        return Err(WrongKind::NoBlock);
    }
    ledger.head = run(ledger, chunks, claim)?;
    Ok(())
}

/// Executes chunks and compares the root after each. Answers the last block.
fn run(ledger: &mut Ledger, chunks: &[Chunk], claim: &Claim<'_>) -> Result<BlockHeader, WrongKind> {
    let before = *ledger.state.counters();
    let mut roots = Roots {
        tree: &mut ledger.tree,
        chunks,
        compared: 0,
    };
    let mut execution = Execution {
        state: &mut ledger.state,
        blocks: Blocks::after(ledger.head),
        messages: claim.messages_after(&before, &before).iter(),
        tokens: claim.tokens,
        kept: ledger.kept.as_mut(),
    };
    let mut executed = Vec::new();
    for group in chunks.chunks(CHUNKS_AT_ONCE) {
        let unhashed = mem::take(&mut executed);
        let (compared, (deltas, error)) =
            rayon::join(|| roots.compare(&unhashed), || execution.chunks(group));
        compared?;
        executed = deltas;
        if let Some(error) = error {
            roots.compare(&executed)?;
            return Err(invalid(roots.compared, error));
        }
    }
    roots.compare(&executed)?;
    let Execution { state, blocks, .. } = execution;
    Ok(blocks.finish(state))
}

/// The comparison of roots, which follows the execution.
#[derive(Debug)]
struct Roots<'a> {
    tree: &'a mut StateTree,
    chunks: &'a [Chunk],
    /// Chunks whose roots are right.
    compared: usize,
}

impl Roots<'_> {
    /// Finds the roots of the next chunks, and holds them against those claimed.
    fn compare(&mut self, deltas: &[Delta]) -> Result<(), WrongKind> {
        // No batch can bring this about: trees of another state would make right batches look wrong.
        let roots = self.tree.follow(deltas, &mut AllCores);
        let roots =
            roots.expect("the trees are those of the state that the deltas were taken from");
        for derived in roots {
            let claimed = claimed_root(&self.chunks[self.compared]);
            if claimed != derived {
                let fault = TransitionFault::OtherRoot { claimed, derived };
                return Err(WrongKind::Transition {
                    chunk: self.compared,
                    fault,
                });
            }
            self.compared += 1;
        }
        Ok(())
    }
}

pub(super) const fn invalid(chunk: usize, error: ChunkError) -> WrongKind {
    WrongKind::Transition {
        chunk,
        fault: TransitionFault::Invalid(error),
    }
}

/// The first field of the header that is not what the chunks lead to.
fn mismatch(ledger: &Ledger, claim: &Claim<'_>, before: &Counters) -> Option<HeaderField> {
    let (header, counters) = (claim.header, ledger.state.counters());
    let authorised = counters.authorised_count - before.authorised_count;
    let last_root: Option<B256> = claim.data.as_ref().ok()?.last().map(claimed_root);
    let checks = [
        (HeaderField::StateRoot, last_root == Some(header.state_root)),
        (
            HeaderField::AuthCount,
            authorised == u64::from(header.auth_count),
        ),
        (
            HeaderField::InboxCount,
            counters.inbox_count == header.inbox_count,
        ),
        (
            HeaderField::BlockNumber,
            counters.block_number == header.block_number,
        ),
        (
            HeaderField::Timestamp,
            counters.timestamp == header.timestamp,
        ),
    ];
    checks
        .into_iter()
        .find(|(_, agrees)| !agrees)
        .map(|(field, _)| field)
}
