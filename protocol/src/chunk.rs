//! Chunks: the unit of data that one L1 transaction can prove wrong.
//!
//! 496 bytes: the state root after the chunk, then operations, then zeros. What a chunk may touch is
//! limited, so that the proof of any chunk fits an L1 transaction whatever its accounts hold.

use alloc::vec::Vec;

use alloy_primitives::B256;

use crate::codec::{self, DecodeError, Scope};
use crate::inbox::InboxMessage;
use crate::limits::{
    CHUNK_ACCOUNTS_MAX, CHUNK_BYTES, CHUNK_INBOX_OPERATIONS_MAX, CHUNK_OPERATION_BYTES,
    CHUNK_ROOT_BYTES, CHUNK_TOKEN_ENTRIES_MAX,
};
use crate::operation::{DepositTarget, Operation, Target};
use crate::root::StateTree;
use crate::state::{FEE_ACCOUNT, State};
use crate::token::{ETH, TokenTable};
use crate::transition::{self, Rejection};
use crate::tree::TreeError;

/// A chunk's bytes.
pub type Chunk = [u8; CHUNK_BYTES];

/// The limit of a chunk that an operation would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitExceeded {
    /// More bytes than a chunk holds.
    #[error("more than {CHUNK_OPERATION_BYTES} bytes of operations")]
    Bytes,
    /// More accounts than a chunk may touch.
    #[error("more than {CHUNK_ACCOUNTS_MAX} accounts")]
    Accounts,
    /// More token entries than a chunk may touch.
    #[error("more than {CHUNK_TOKEN_ENTRIES_MAX} token entries")]
    TokenEntries,
    /// More inbox operations than a chunk may hold.
    #[error("more than {CHUNK_INBOX_OPERATIONS_MAX} inbox operations")]
    InboxOperations,
}

/// What the operations of a chunk have touched so far, held against the limits.
///
/// Accounts: the fee account, and each account that an operation names (an inbox message's account, if
/// it exists, included). Token entries: for each account whose tokens are touched, the length of its
/// list when they first are; and one for each credit of a token, which may lengthen a list. Token
/// entries so bound the memory that a proof of the chunk needs, without a look at its effects.
#[derive(Clone, Debug)]
pub struct ChunkLimits {
    /// Ascending.
    accounts: Vec<u32>,
    /// Ascending.
    token_accounts: Vec<u32>,
    token_entries: usize,
    inbox_operations: usize,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self {
            accounts: Vec::from([FEE_ACCOUNT]),
            token_accounts: Vec::new(),
            token_entries: 0,
            inbox_operations: 0,
        }
    }
}

impl ChunkLimits {
    /// Counts an operation that is about to be applied to the state.
    ///
    /// # Errors
    /// The first limit that it exceeds. The counts are then void: a chunk ends there.
    pub fn admit(
        &mut self,
        operation: &Operation,
        state: &State,
        message: Option<&InboxMessage>,
    ) -> Result<(), LimitExceeded> {
        match operation {
            Operation::Block { .. } => {}
            Operation::Transfer {
                from, to, token, ..
            } => {
                self.touch(*from, *token != ETH, state);
                self.credit(*to, *token != ETH, state);
            }
            Operation::TransferNew { from, token, .. } => {
                self.touch(*from, *token != ETH, state);
                self.credit(state.account_count(), *token != ETH, state);
            }
            Operation::Withdraw { from, token, .. } => self.touch(*from, *token != ETH, state),
            Operation::Payout {
                from,
                token,
                payees,
            } => {
                self.touch(*from, *token != ETH, state);
                let mut next_new = state.account_count();
                for payee in payees {
                    let to = match payee.target {
                        Target::Index(index) => index,
                        Target::New(_) => {
                            let index = next_new;
                            next_new = next_new.saturating_add(1);
                            index
                        }
                    };
                    self.credit(to, *token != ETH, state);
                }
            }
            Operation::Inbox { target } => self.admit_message(*target, state, message),
        }
        self.check()
    }

    fn admit_message(
        &mut self,
        target: Option<DepositTarget>,
        state: &State,
        message: Option<&InboxMessage>,
    ) {
        self.inbox_operations = self.inbox_operations.saturating_add(1);
        match (message, target) {
            (Some(InboxMessage::Deposit { token, .. }), Some(target)) => {
                let index = match target {
                    DepositTarget::Index(index) => index,
                    DepositTarget::New => state.account_count(),
                };
                self.credit(index, *token != ETH, state);
            }
            (Some(InboxMessage::ForcedWithdrawal { account, token, .. }), _)
                if *account < state.account_count() =>
            {
                self.touch(*account, *token != ETH, state);
            }
            (
                Some(InboxMessage::Lock { account, .. } | InboxMessage::Unlock { account, .. }),
                _,
            ) if *account < state.account_count() => self.touch(*account, false, state),
            _ => {}
        }
    }

    fn touch(&mut self, index: u32, tokens: bool, state: &State) {
        if let Err(at) = self.accounts.binary_search(&index) {
            self.accounts.insert(at, index);
        }
        if tokens && let Err(at) = self.token_accounts.binary_search(&index) {
            self.token_accounts.insert(at, index);
            self.token_entries = self
                .token_entries
                .saturating_add(state.token_entries(index));
        }
    }

    fn credit(&mut self, index: u32, token: bool, state: &State) {
        self.touch(index, token, state);
        self.token_entries = self.token_entries.saturating_add(usize::from(token));
    }

    fn check(&self) -> Result<(), LimitExceeded> {
        if self.accounts.len() > CHUNK_ACCOUNTS_MAX {
            return Err(LimitExceeded::Accounts);
        }
        if self.token_entries > CHUNK_TOKEN_ENTRIES_MAX {
            return Err(LimitExceeded::TokenEntries);
        }
        if self.inbox_operations > CHUNK_INBOX_OPERATIONS_MAX {
            return Err(LimitExceeded::InboxOperations);
        }
        Ok(())
    }
}

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
    let mut limits = ChunkLimits::default();
    let mut at = CHUNK_ROOT_BYTES;
    while let Some(rest) = chunk.get(at..)
        && let Some(first) = rest.first()
    {
        if *first == codec::END_OF_CHUNK {
            let tail = rest.iter().position(|byte| *byte != 0);
            match tail {
                None => break,
                Some(offset) => return Err(ChunkError::Padding(at.saturating_add(offset))),
            }
        }
        let scope = Scope::of(state, tokens);
        let (operation, len) =
            codec::decode(rest, &scope).map_err(|error| ChunkError::Undecodable(at, error))?;
        let message = match operation {
            Operation::Inbox { .. } => messages.next(),
            _ => None,
        };
        limits
            .admit(&operation, state, message)
            .map_err(|limit| ChunkError::Limit(at, limit))?;
        transition::apply(state, &operation, message)
            .map_err(|rejection| ChunkError::Invalid(at, rejection))?;
        at = at.saturating_add(len);
    }
    let changes = state.take_changes();
    tree.update(state, changes)?;
    Ok(tree.root(state))
}
