//! A malicious poster: batches that are right up to some chunk, and then are not.

use alloy_primitives::B256;
use spillway_batcher::SourceBlock;
use spillway_batcher::batch::SealedBatch;
use spillway_batcher::packer::Packer;
use spillway_protocol::batch::BatchHeader;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::chunk::Chunk;
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::limits::{CHUNK_BYTES, CHUNK_ROOT_BYTES};
use spillway_protocol::operation::Operation;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::{ETH, TokenTable};
use spillway_protocol::transition;

use super::chain::FEE_ACCOUNT;

/// L2 after the last batch that is right, and the messages that wait on L1.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) state: State,
    pub(crate) tree: StateTree,
    pub(crate) tokens: TokenTable,
    /// The last block.
    pub(crate) head: BlockHeader,
    /// The last batch's header hash.
    pub(crate) parent: B256,
    /// All messages that were ever sent.
    pub(crate) messages: Vec<InboxMessage>,
}

impl Ground {
    /// Before the first batch.
    pub(crate) fn genesis(tokens: TokenTable, messages: Vec<InboxMessage>) -> Self {
        let state = State::genesis(FEE_ACCOUNT);
        let tree = StateTree::build(&state, std::iter::empty()).unwrap();
        Self {
            state,
            tree,
            tokens,
            head: BlockHeader::genesis(),
            parent: B256::ZERO,
            messages,
        }
    }

    fn accumulator(&self, count: u64) -> InboxAccumulator {
        let messages = &self.messages[..count as usize];
        messages
            .iter()
            .fold(InboxAccumulator::ZERO, |before, message| {
                message.accumulate(&before)
            })
    }

    /// A batch of one block with these operations, which must be valid; the ground is then after it. Nobody signed them.
    pub(crate) fn honest(&mut self, operations: &[Operation]) -> SealedBatch {
        self.signed(operations, &[])
    }

    /// The same, with the hashes of the transactions behind the authorised operations. What is missing is zero.
    pub(crate) fn signed(&mut self, operations: &[Operation], hashes: &[B256]) -> SealedBatch {
        let consumed = self.state.counters().inbox_count as usize;
        let mut draft = Draft::new(self);
        let mut bytes = Vec::new();
        for operation in operations {
            let scope = Scope::of(&draft.state, &self.tokens);
            codec::encode(operation, &scope, &mut bytes).unwrap();
            assert!(draft.apply(operation), "{operation:?}");
        }
        let counters = *draft.state.counters();
        let messages = self.messages[consumed..counters.inbox_count as usize].to_vec();
        let authorised = counters.authorised_count - self.state.counters().authorised_count;
        let block = SourceBlock {
            header: self.head.next(&counters, &messages, &bytes),
            operations: bytes,
            messages,
            listings: Vec::new(),
            transaction_hashes: (0..authorised as usize)
                .map(|place| hashes.get(place).copied().unwrap_or_default())
                .collect(),
        };
        let (mut state, mut tree) = (draft.state, self.tree.clone());
        let mut packer = Packer::new(
            self.state.clone(),
            tree.clone(),
            self.tokens.clone(),
            self.head,
            self.parent,
        );
        packer.push(&block).unwrap();
        let batch = packer.seal().unwrap();
        let changes = state.take_changes();
        tree.update(&state, changes).unwrap();
        (self.state, self.tree) = (state, tree);
        (self.head, self.parent) = (block.header, batch.header_hash());
        batch
    }

    /// A batch whose chunk of that place is forged: so many right ones come before it, and an empty one comes after it.
    pub(crate) fn forge(&self, place: usize, forge: impl FnOnce(&mut Draft<'_>)) -> SealedBatch {
        let mut draft = Draft::new(self);
        draft.begin_block(self.state.counters().base_fee);
        for _ in 0..place {
            draft.nothing();
            draft.close();
        }
        forge(&mut draft);
        draft.close();
        draft.close();
        draft.seal()
    }
}

pub(crate) fn transfer(from: u32, to: u32, token: u8, amount: u128) -> Operation {
    Operation::Transfer {
        from,
        to,
        token,
        amount,
    }
}

/// A batch in the making.
#[derive(Debug)]
pub(crate) struct Draft<'g> {
    ground: &'g Ground,
    pub(crate) state: State,
    tree: StateTree,
    bytes: Vec<u8>,
    chunks: Vec<Chunk>,
    /// Taken for the claimed root of the chunk that is open.
    pub(crate) claim: Option<B256>,
    /// Messages that the header says are consumed, beyond those that were.
    pub(crate) claimed_messages: u64,
}

impl<'g> Draft<'g> {
    fn new(ground: &'g Ground) -> Self {
        let (mut state, tree) = (ground.state.clone(), ground.tree.clone());
        state.clear_changes();
        Self {
            ground,
            state,
            tree,
            bytes: Vec::new(),
            chunks: Vec::new(),
            claim: None,
            claimed_messages: 0,
        }
    }

    /// Forgets what was put into the open chunk.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.state = self.ground.state.clone();
        self.state.clear_changes();
    }

    fn apply(&mut self, operation: &Operation) -> bool {
        let next = self.state.counters().inbox_count as usize;
        let message = match operation {
            Operation::Inbox { .. } => self.ground.messages.get(next),
            _ => None,
        };
        transition::apply(&mut self.state, operation, message).is_ok()
    }

    /// Appends an operation, whether it is valid or not.
    pub(crate) fn push(&mut self, operation: &Operation) {
        let scope = Scope::of(&self.state, &self.ground.tokens);
        codec::encode(operation, &scope, &mut self.bytes).unwrap();
        self.apply(operation);
    }

    /// Appends bytes that may be anything.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes that the open chunk has room for.
    pub(crate) fn room(&self) -> usize {
        CHUNK_BYTES - CHUNK_ROOT_BYTES - self.bytes.len()
    }

    fn begin_block(&mut self, base_fee: u64) {
        let seconds = 1;
        self.push(&Operation::Block { seconds, base_fee });
    }

    /// The richest account that is sure to be there pays itself nothing.
    fn nothing(&mut self) {
        let last = self.state.account_count().min(2) - 1;
        self.push(&transfer(last, last, ETH, 0));
    }

    /// Ends the chunk, with the root that its valid operations lead to.
    pub(crate) fn close(&mut self) {
        let changes = self.state.take_changes();
        self.tree.update(&self.state, changes).unwrap();
        let root = self.claim.take();
        let root = root.unwrap_or_else(|| self.tree.root(&self.state));
        let mut chunk = [0; CHUNK_BYTES];
        chunk[..CHUNK_ROOT_BYTES].copy_from_slice(root.as_slice());
        chunk[CHUNK_ROOT_BYTES..][..self.bytes.len()].copy_from_slice(&self.bytes);
        self.bytes.clear();
        self.chunks.push(chunk);
    }

    fn seal(self) -> SealedBatch {
        let (counters, before) = (self.state.counters(), self.ground.state.counters());
        let inbox_count = counters.inbox_count + self.claimed_messages;
        let last = self.chunks[self.chunks.len() - 1];
        let header = BatchHeader {
            parent: self.ground.parent,
            state_root: B256::from_slice(&last[..CHUNK_ROOT_BYTES]),
            auth_root: B256::ZERO,
            auth_count: (counters.authorised_count - before.authorised_count) as u32,
            inbox_count,
            inbox_accumulator: self.ground.accumulator(inbox_count),
            chunk_count: self.chunks.len() as u16,
            block_number: counters.block_number,
            block_hash: B256::ZERO,
            timestamp: counters.timestamp,
        };
        SealedBatch {
            header,
            chunks: self.chunks,
            first_block: before.block_number + 1,
            waits_since: 0,
            operation_bytes: 0,
        }
    }
}
