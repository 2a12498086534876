//! The chain of blocks, cut out of the operations in chunks: what no root commits to, and the header's block hash does.

use anyhow::{Result, ensure};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::codec::{self, END_OF_CHUNK, Scope};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::limits::CHUNK_ROOT_BYTES;
use spillway_protocol::operation::Operation;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;
use spillway_protocol::transition;

/// A walk over operations. It keeps a state of its own, since what bytes mean depends on it.
#[derive(Debug)]
pub(super) struct Blocks {
    state: State,
    head: BlockHeader,
    /// Bytes of the block that is not closed yet.
    operations: Vec<u8>,
    /// Messages that it consumed.
    consumed: Vec<InboxMessage>,
}

impl Blocks {
    pub(super) fn new(genesis: State) -> Self {
        Self {
            state: genesis,
            head: BlockHeader::genesis(),
            operations: Vec::new(),
            consumed: Vec::new(),
        }
    }

    /// Walks over a chunk's operations.
    pub(super) fn chunk<'m>(
        &mut self,
        chunk: &Chunk,
        messages: &mut impl Iterator<Item = &'m InboxMessage>,
        tokens: &TokenTable,
    ) -> Result<()> {
        let mut rest = &chunk[CHUNK_ROOT_BYTES..];
        while rest.first().is_some_and(|first| *first != END_OF_CHUNK) {
            let (operation, len) = codec::decode(rest, &Scope::of(&self.state, tokens))?;
            match operation {
                Operation::Block { .. } => self.close(),
                _ => ensure!(!self.operations.is_empty(), "a batch begins within a block"),
            }
            let message = match operation {
                Operation::Inbox { .. } => messages.next(),
                _ => None,
            };
            transition::apply(&mut self.state, &operation, message)?;
            let (bytes, after) = rest.split_at(len);
            self.operations.extend_from_slice(bytes);
            self.consumed.extend(message);
            rest = after;
        }
        self.state.clear_changes();
        Ok(())
    }

    /// Ends the open block: a batch holds whole ones.
    pub(super) fn close(&mut self) {
        if !self.operations.is_empty() {
            self.head = self
                .head
                .next(self.state.counters(), &self.consumed, &self.operations);
            self.operations.clear();
            self.consumed.clear();
        }
    }

    /// The newest closed block.
    pub(super) const fn head(&self) -> &BlockHeader {
        &self.head
    }
}
