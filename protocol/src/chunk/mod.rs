//! Chunks: the unit of data that one L1 transaction can prove wrong.
//!
//! 496 bytes: the state root after the chunk, then operations, then zeros. What a chunk may touch is
//! limited, so that the proof of any chunk fits an L1 transaction whatever its accounts hold.

mod limits;
mod operations;

use alloc::vec::Vec;

use alloy_primitives::B256;

use crate::codec::DecodeError;
use crate::inbox::InboxMessage;
use crate::limits::{CHUNK_BYTES, CHUNK_OPERATION_BYTES, CHUNK_ROOT_BYTES};
use crate::operation::Operation;
use crate::root::StateTree;
use crate::state::State;
use crate::token::TokenTable;
use crate::transition::Rejection;
use crate::tree::TreeError;

pub use limits::{ChunkLimits, LimitExceeded};
pub use operations::{NextOperation, Operations};

/// A chunk's bytes.
pub type Chunk = [u8; CHUNK_BYTES];

/// Collects operations until a chunk is full.
#[derive(Clone, Debug, Default)]
pub struct ChunkBuilder {
    operations: Vec<u8>,
    limits: ChunkLimits,
}

impl ChunkBuilder {
    /// Adds an operation with its bytes, which is about to be applied to the state.
    ///
    /// # Errors
    /// The limit that it would exceed. The chunk is unchanged but takes no more: close it with
    /// [`Self::finish`], and put the operation into the next one.
    pub fn push(
        &mut self,
        operation: &Operation,
        bytes: &[u8],
        state: &State,
        message: Option<&InboxMessage>,
    ) -> Result<(), LimitExceeded> {
        if self.operations.len().saturating_add(bytes.len()) > CHUNK_OPERATION_BYTES {
            return Err(LimitExceeded::Bytes);
        }
        self.limits.admit(operation, state, message)?;
        self.operations.extend_from_slice(bytes);
        Ok(())
    }

    /// Whether nothing was added yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The chunk's bytes, with the state root after its operations. The builder is empty again.
    pub fn finish(&mut self, root: &B256) -> Chunk {
        let mut chunk = [0; CHUNK_BYTES];
        let bytes = root.iter().chain(&self.operations);
        chunk
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        *self = Self::default();
        chunk
    }
}

/// Why a chunk is invalid. L1 does not tell one reason from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// Something after the end of the operations.
    #[error("at byte {0}: the rest of the chunk is not zero")]
    Padding(usize),
    /// Bytes that are no operation.
    #[error("at byte {0}: {1}")]
    Undecodable(usize, DecodeError),
    /// An operation beyond the chunk's limits.
    #[error("at byte {0}: {1}")]
    Limit(usize, LimitExceeded),
    /// An operation that the state does not allow.
    #[error("at byte {0}: {1}")]
    Invalid(usize, Rejection),
    /// The trees were not those of the state: the caller's mistake, not the chunk's.
    #[error("the trees do not belong to the state: {0}")]
    Tree(#[from] TreeError),
}

/// The state root that a chunk claims.
#[must_use]
pub fn claimed_root(chunk: &Chunk) -> B256 {
    B256::from(
        chunk
            .first_chunk::<CHUNK_ROOT_BYTES>()
            .copied()
            .unwrap_or_default(),
    )
}

/// Decodes and executes a chunk: the state root after it, or why it is invalid.
///
/// Total: any bytes have an answer. `messages` are the inbox messages that wait, the next one first;
/// those that are consumed are taken from it. The claimed root is not looked at.
///
/// # Errors
/// [`ChunkError`] at the first thing wrong; the caller then discards the state and its trees.
pub fn execute<'m>(
    state: &mut State,
    tree: &mut StateTree,
    chunk: &Chunk,
    messages: &mut impl Iterator<Item = &'m InboxMessage>,
    tokens: &TokenTable,
) -> Result<B256, ChunkError> {
    Operations::new(chunk).apply_all(state, messages, tokens)?;
    let changes = state.take_changes();
    tree.update(state, changes)?;
    Ok(tree.root(state))
}
