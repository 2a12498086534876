//! A chunk's operations on a state.

use spillway_protocol::chunk::{Chunk, ChunkError, Operations};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::root::Delta;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;

use super::blocks::Blocks;
use super::ledger::KeptWithdrawals;

/// What chunks are executed on and with.
#[derive(Debug)]
pub(super) struct Execution<'a> {
    pub(super) state: &'a mut State,
    pub(super) blocks: Blocks,
    /// Messages that wait, the next one first.
    pub(super) messages: std::slice::Iter<'a, InboxMessage>,
    pub(super) tokens: &'a TokenTable,
    /// Whoever keeps withdrawals.
    pub(super) kept: Option<&'a mut KeptWithdrawals>,
}

impl Execution<'_> {
    /// Executes a chunk as [`chunk::execute`](spillway_protocol::chunk::execute) does, but hashes nothing: answers what
    /// its root needs.
    pub(super) fn chunk(&mut self, chunk: &Chunk) -> Result<Delta, ChunkError> {
        let mut operations = Operations::new(chunk);
        while let Some(next) = operations.next(self.state, &mut self.messages, self.tokens)? {
            self.blocks.before(&next, self.state);
            operations.apply(self.state, &next)?;
        }
        if let Some(kept) = &mut self.kept {
            let count = self.state.counters().withdrawal_count;
            kept.note(&self.state.changes().withdrawals, count);
        }
        Ok(Delta::take(self.state))
    }

    /// Executes chunks until one is invalid: what the roots of the valid ones need, and the error.
    pub(super) fn chunks(&mut self, chunks: &[Chunk]) -> (Vec<Delta>, Option<ChunkError>) {
        let mut deltas = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            match self.chunk(chunk) {
                Ok(delta) => deltas.push(delta),
                Err(error) => return (deltas, Some(error)),
            }
        }
        (deltas, None)
    }
}
