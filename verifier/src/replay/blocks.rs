//! The chain of blocks, cut out of the operations: no state root commits to it, the header's block hash does.

use spillway_protocol::block::BlockHeader;
use spillway_protocol::chunk::NextOperation;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::Operation;
use spillway_protocol::state::State;

/// Blocks as a batch's operations go by, the first of which begins one.
#[derive(Debug)]
pub(super) struct Blocks {
    head: BlockHeader,
    /// Bytes of the block that is open; none if no block is.
    operations: Vec<u8>,
    /// Messages that it consumed.
    consumed: Vec<InboxMessage>,
}

impl Blocks {
    /// After that block.
    pub(super) const fn after(head: BlockHeader) -> Self {
        Self {
            head,
            operations: Vec::new(),
            consumed: Vec::new(),
        }
    }

    /// Takes in an operation that is about to be applied to the state. Answers the block that ends before it.
    pub(super) fn before(
        &mut self,
        next: &NextOperation<'_, '_>,
        state: &State,
    ) -> Option<BlockHeader> {
        let ended = match next.operation {
            Operation::Block { .. } => self.close(state),
            _ => None,
        };
        self.operations.extend_from_slice(next.bytes);
        self.consumed.extend(next.message);
        ended
    }

    fn close(&mut self, state: &State) -> Option<BlockHeader> {
        if self.operations.is_empty() {
            return None;
        }
        self.head = self
            .head
            .next(state.counters(), &self.consumed, &self.operations);
        self.operations.clear();
        self.consumed.clear();
        Some(self.head)
    }

    /// The last block, at the end of a batch.
    pub(super) fn finish(mut self, state: &State) -> BlockHeader {
        self.close(state);
        self.head
    }
}
