//! What a chunk may touch.

use alloc::vec::Vec;

use crate::inbox::InboxMessage;
use crate::limits::{
    CHUNK_ACCOUNTS_MAX, CHUNK_INBOX_OPERATIONS_MAX, CHUNK_OPERATION_BYTES, CHUNK_TOKEN_ENTRIES_MAX,
};
use crate::operation::{DepositTarget, Operation, Target};
use crate::state::{FEE_ACCOUNT, State};
use crate::token::ETH;

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
    /// The first limit that an operation would exceed. Nothing is counted from there on.
    exceeded: Option<LimitExceeded>,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self {
            accounts: Vec::from([FEE_ACCOUNT]),
            token_accounts: Vec::new(),
            token_entries: 0,
            inbox_operations: 0,
            exceeded: None,
        }
    }
}

impl ChunkLimits {
    /// The accounts that were counted, ascending. Where a limit is exceeded, those up to there.
    pub(crate) fn accounts(&self) -> &[u32] {
        &self.accounts
    }

    /// Those of them whose tokens were counted, ascending.
    pub(crate) fn token_accounts(&self) -> &[u32] {
        &self.token_accounts
    }

    /// Counts an operation that is about to be applied to the state.
    ///
    /// # Errors
    /// The first limit that it exceeds. The chunk ends there.
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
        self.exceeded.map_or(Ok(()), Err)
    }

    fn admit_message(
        &mut self,
        target: Option<DepositTarget>,
        state: &State,
        message: Option<&InboxMessage>,
    ) {
        self.inbox_operations = self.inbox_operations.saturating_add(1);
        if self.inbox_operations > CHUNK_INBOX_OPERATIONS_MAX {
            self.exceeded = Some(LimitExceeded::InboxOperations);
            return;
        }
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
        if self.exceeded.is_some() {
            return;
        }
        if let Err(at) = self.accounts.binary_search(&index) {
            if self.accounts.len() == CHUNK_ACCOUNTS_MAX {
                self.exceeded = Some(LimitExceeded::Accounts);
                return;
            }
            self.accounts.insert(at, index);
        }
        if tokens && let Err(at) = self.token_accounts.binary_search(&index) {
            self.token_accounts.insert(at, index);
            self.count_token_entries(state.token_entries(index));
        }
    }

    fn credit(&mut self, index: u32, token: bool, state: &State) {
        self.touch(index, token, state);
        self.count_token_entries(usize::from(token));
    }

    fn count_token_entries(&mut self, count: usize) {
        self.token_entries = self.token_entries.saturating_add(count);
        if self.exceeded.is_none() && self.token_entries > CHUNK_TOKEN_ENTRIES_MAX {
            self.exceeded = Some(LimitExceeded::TokenEntries);
        }
    }
}
