//! Blocks: their hash, what the sequencer signs of them, and their execution.

use alloy_primitives::B256;

use crate::chunk::LimitExceeded;
use crate::codec::{self, DecodeError, Scope};
use crate::inbox::{InboxAccumulator, InboxMessage};
use crate::keccak::{keccak256, keccak256_parts};
use crate::operation::Operation;
use crate::state::{Counters, State};
use crate::token::TokenTable;
use crate::transition::{self, Rejection};

/// What a block's hash commits to. All of it derives from L1 data alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockHeader {
    /// The previous block's hash; zero for genesis.
    pub parent: B256,
    /// The block's number; genesis is 0.
    pub number: u64,
    /// In seconds.
    pub timestamp: u64,
    /// In wei a unit of gas.
    pub base_fee: u64,
    /// Inbox messages consumed up to and with this block.
    pub inbox_count: u64,
    /// The inbox's hash chain after them.
    pub inbox_accumulator: InboxAccumulator,
    /// The hash of the block's operation bytes, its block operation first.
    pub operations_hash: B256,
}

impl BlockHeader {
    /// The header of genesis, which has no operations.
    #[must_use]
    pub fn genesis() -> Self {
        Self {
            operations_hash: keccak256(&[]),
            ..Self::default()
        }
    }

    /// The header of the block after this one, whose execution left those counters.
    #[must_use]
    pub fn next(&self, counters: &Counters, messages: &[InboxMessage], operations: &[u8]) -> Self {
        let inbox_accumulator = messages
            .iter()
            .fold(self.inbox_accumulator, |previous, message| {
                message.accumulate(&previous)
            });
        Self {
            parent: self.hash(),
            number: counters.block_number,
            timestamp: counters.timestamp,
            base_fee: counters.base_fee,
            inbox_count: counters.inbox_count,
            inbox_accumulator,
            operations_hash: keccak256(operations),
        }
    }

    /// `H(parent || number u64 || timestamp u64 || base_fee u64 || inbox_count u64 || inbox_acc 24 ||
    /// H(op bytes))`.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256_parts(&[
            self.parent.as_slice(),
            &self.number.to_be_bytes(),
            &self.timestamp.to_be_bytes(),
            &self.base_fee.to_be_bytes(),
            &self.inbox_count.to_be_bytes(),
            self.inbox_accumulator.as_slice(),
            self.operations_hash.as_slice(),
        ])
    }
}

/// What the sequencer signs: `H("spillway/header" || chain id u64 || fork id u64 || block_hash ||
/// tx_root)`, where `tx_root` is the [`crate::tree::list_root`] of the block's transaction hashes and
/// the fork id counts the reverts on L1 so far.
#[must_use]
pub fn signing_digest(chain_id: u64, fork_id: u64, block_hash: &B256, tx_root: &B256) -> B256 {
    keccak256_parts(&[
        b"spillway/header",
        &chain_id.to_be_bytes(),
        &fork_id.to_be_bytes(),
        block_hash.as_slice(),
        tx_root.as_slice(),
    ])
}

/// Why operation bytes are not a valid block on a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The bytes do not begin with a block operation, or hold a second one.
    #[error("at byte {0}: a block begins with a block operation and holds no other")]
    Boundary(usize),
    /// Bytes that are no operation.
    #[error("at byte {0}: {1}")]
    Undecodable(usize, DecodeError),
    /// An operation that the state does not allow.
    #[error("at byte {0}: {1}")]
    Invalid(usize, Rejection),
    /// An operation that fits no chunk.
    #[error("at byte {0}: the operation fits no chunk: {1}")]
    Limit(usize, LimitExceeded),
    /// Inbox messages that came with the block and were not consumed in it.
    #[error("{0} inbox messages were not consumed")]
    MessagesLeft(usize),
}

/// Executes a block's operation bytes, with the inbox messages that it consumes, in order.
///
/// # Errors
/// [`BlockError`] at the first thing wrong; the state then holds what came before it, so the caller
/// discards it.
pub fn execute(
    state: &mut State,
    operations: &[u8],
    messages: &[InboxMessage],
    tokens: &TokenTable,
) -> Result<(), BlockError> {
    execute_observed(state, operations, messages, tokens, |_| Ok(()))
}

/// An operation of a block that is about to be applied.
#[derive(Debug)]
pub struct Step<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The message that it consumes.
    pub message: Option<&'a InboxMessage>,
    /// The state before it, for its changes to be taken.
    pub state: &'a mut State,
}

/// As [`execute`], and shows each operation to `before_each` before it is applied, which may end it there.
///
/// # Errors
/// As [`execute`]; [`BlockError::Limit`] if `before_each` finds that it fits no chunk.
pub fn execute_observed(
    state: &mut State,
    operations: &[u8],
    messages: &[InboxMessage],
    tokens: &TokenTable,
    mut before_each: impl FnMut(Step<'_>) -> Result<(), LimitExceeded>,
) -> Result<(), BlockError> {
    let mut messages = messages.iter();
    let mut at = 0usize;
    while let Some(rest) = operations.get(at..).filter(|rest| !rest.is_empty()) {
        let scope = Scope::of(state, tokens);
        let (operation, len) =
            codec::decode(rest, &scope).map_err(|error| BlockError::Undecodable(at, error))?;
        if matches!(operation, Operation::Block { .. }) != (at == 0) {
            return Err(BlockError::Boundary(at));
        }
        let message = match operation {
            Operation::Inbox { .. } => messages.next(),
            _ => None,
        };
        before_each(Step {
            operation: &operation,
            bytes: rest.get(..len).unwrap_or(rest),
            message,
            state,
        })
        .map_err(|limit| BlockError::Limit(at, limit))?;
        transition::apply(state, &operation, message)
            .map_err(|rejection| BlockError::Invalid(at, rejection))?;
        at = at.saturating_add(len);
    }
    if at == 0 {
        return Err(BlockError::Boundary(0));
    }
    match messages.len() {
        0 => Ok(()),
        left => Err(BlockError::MessagesLeft(left)),
    }
}
