//! A chunk's operations, decoded and executed.

use super::{Chunk, ChunkError, ChunkLimits};
use crate::codec::{self, Scope};
use crate::inbox::InboxMessage;
use crate::limits::CHUNK_ROOT_BYTES;
use crate::operation::Operation;
use crate::state::State;
use crate::token::TokenTable;
use crate::transition;

/// The operations of a chunk, one after the other: for whoever does more with each than execute it.
#[derive(Clone, Debug)]
pub struct Operations<'c> {
    chunk: &'c Chunk,
    at: usize,
    limits: ChunkLimits,
}

/// An operation that the next [`Operations::apply`] applies.
#[derive(Clone, Debug)]
pub struct NextOperation<'c, 'm> {
    /// The operation.
    pub operation: Operation,
    /// Its bytes.
    pub bytes: &'c [u8],
    /// The message that it consumes.
    pub message: Option<&'m InboxMessage>,
}

impl<'c> Operations<'c> {
    /// Those of that chunk.
    #[must_use]
    pub fn new(chunk: &'c Chunk) -> Self {
        Self {
            chunk,
            at: CHUNK_ROOT_BYTES,
            limits: ChunkLimits::default(),
        }
    }

    /// Decodes the next operation and holds it against the limits. `None` at the end.
    ///
    /// # Errors
    /// [`ChunkError`], if the chunk is invalid there.
    pub fn next<'m>(
        &mut self,
        state: &State,
        messages: &mut impl Iterator<Item = &'m InboxMessage>,
        tokens: &TokenTable,
    ) -> Result<Option<NextOperation<'c, 'm>>, ChunkError> {
        let at = self.at;
        let rest = self.chunk.get(at..).unwrap_or_default();
        if rest
            .first()
            .is_none_or(|first| *first == codec::END_OF_CHUNK)
        {
            return match rest.iter().position(|byte| *byte != 0) {
                None => Ok(None),
                Some(offset) => Err(ChunkError::Padding(at.saturating_add(offset))),
            };
        }
        let scope = Scope::of(state, tokens);
        let (operation, len) =
            codec::decode(rest, &scope).map_err(|error| ChunkError::Undecodable(at, error))?;
        let message = match operation {
            Operation::Inbox { .. } => messages.next(),
            _ => None,
        };
        self.limits
            .admit(&operation, state, message)
            .map_err(|limit| ChunkError::Limit(at, limit))?;
        Ok(Some(NextOperation {
            operation,
            bytes: rest.get(..len).unwrap_or_default(),
            message,
        }))
    }

    /// Applies the operation that [`Self::next`] gave.
    ///
    /// # Errors
    /// [`ChunkError::Invalid`].
    pub fn apply(
        &mut self,
        state: &mut State,
        next: &NextOperation<'_, '_>,
    ) -> Result<(), ChunkError> {
        transition::apply(state, &next.operation, next.message)
            .map_err(|rejection| ChunkError::Invalid(self.at, rejection))?;
        self.at = self.at.saturating_add(next.bytes.len());
        Ok(())
    }

    /// Applies all that are left.
    ///
    /// # Errors
    /// [`ChunkError`] at the first thing wrong.
    pub fn apply_all<'m>(
        &mut self,
        state: &mut State,
        messages: &mut impl Iterator<Item = &'m InboxMessage>,
        tokens: &TokenTable,
    ) -> Result<(), ChunkError> {
        while let Some(next) = self.next(state, messages, tokens)? {
            self.apply(state, &next)?;
        }
        Ok(())
    }

    /// What the operations so far count against the limits.
    pub(crate) const fn limits(&self) -> &ChunkLimits {
        &self.limits
    }
}
