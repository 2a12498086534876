//! The witness with which L1 executes a chunk.

use alloc::vec::Vec;
use core::slice;

use alloy_primitives::{Address, B256};

use super::accounts::pack;
use crate::chunk::{Chunk, ChunkError, NextOperation, Operations};
use crate::inbox::{EncodedMessage, InboxMessage};
use crate::operation::{Operation, Target};
use crate::root::{StatePreimage, StateTree};
use crate::state::State;
use crate::token::TokenTable;
use crate::transition::Rejection;
use crate::tree::MultiproofError;

/// What a contract needs to execute a chunk, beside its bytes and the state root before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The preimage of the state root before the chunk.
    pub state: StatePreimage,
    /// The accounts that it touches, packed, ascending by index: `docs/disputes.md`, "Accounts".
    pub accounts: Vec<u8>,
    /// The multiproof of these accounts and, if the chunk is valid, of those that it creates.
    pub siblings: Vec<B256>,
    /// The inbox messages that it consumes.
    pub messages: Vec<EncodedMessage>,
    /// The withdrawal tree's peaks, lowest first, if it withdraws anything.
    pub peaks: Vec<B256>,
    /// The place, among the accounts and then those that the chunk creates, of one whose address the
    /// chunk gives to a new account.
    pub holder: Option<u32>,
}

/// A witness, and what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// For the contract.
    pub witness: Witness,
    /// Whether the chunk is valid. The root that it then leads to follows from its execution.
    pub verdict: Result<(), ChunkError>,
}

/// Why there is no witness: the caller's mistake, not the chunk's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// The trees are of another state.
    #[error("the trees do not belong to the state: {0}")]
    Tree(#[from] MultiproofError),
}

/// Makes the witness with which L1 executes a chunk, whether that is valid or not.
///
/// `state` and `tree` are those before the chunk, `messages` those that it may consume: of the messages
/// up to the inbox count in its batch's header, those that the state has not consumed. Copies the state.
///
/// # Errors
/// [`WitnessError`]: the tree is not the state's.
pub fn prove(
    state: &State,
    tree: &StateTree,
    chunk: &Chunk,
    messages: &[InboxMessage],
    tokens: &TokenTable,
) -> Result<Proof, WitnessError> {
    let mut run = Run::new(state, chunk);
    let verdict = run.execute(messages, tokens);
    let before = state.account_count();
    let mut given: Vec<u32> = run.operations.limits().accounts().to_vec();
    given.retain(|index| *index < before);
    let holder = run.holder.map(|index| place(&mut given, index, before));

    let mut proven = given.clone();
    let mut count = before;
    if verdict.is_ok() {
        count = run.after.account_count();
        proven.extend(before..count);
    }
    let withdraws = run.after.counters().withdrawal_count != state.counters().withdrawal_count;
    let frontier = withdraws.then(|| tree.withdrawals().frontier());
    let witness = Witness {
        state: tree.preimage(state),
        accounts: pack_all(state, &given, run.operations.limits().token_accounts()),
        siblings: tree.accounts().growing_multiproof(&proven, count)?,
        messages: messages
            .iter()
            .take(run.consumed)
            .map(InboxMessage::encode)
            .collect(),
        peaks: frontier
            .iter()
            .flat_map(|frontier| frontier.peaks().copied())
            .collect(),
        holder,
    };
    Ok(Proof { witness, verdict })
}

/// An execution that remembers what a witness needs.
struct Run<'c> {
    after: State,
    operations: Operations<'c>,
    /// Messages taken, by an operation that is invalid included.
    consumed: usize,
    /// The account that has the address already which made the chunk invalid.
    holder: Option<u32>,
}

impl<'c> Run<'c> {
    fn new(before: &State, chunk: &'c Chunk) -> Self {
        Self {
            after: before.clone(),
            operations: Operations::new(chunk),
            consumed: 0,
            holder: None,
        }
    }

    fn execute(
        &mut self,
        messages: &[InboxMessage],
        tokens: &TokenTable,
    ) -> Result<(), ChunkError> {
        let mut waiting = messages.iter();
        let verdict = self.execute_with(&mut waiting, tokens);
        self.consumed = messages.len().saturating_sub(waiting.len());
        verdict
    }

    fn execute_with(
        &mut self,
        waiting: &mut slice::Iter<'_, InboxMessage>,
        tokens: &TokenTable,
    ) -> Result<(), ChunkError> {
        while let Some(next) = self.operations.next(&self.after, waiting, tokens)? {
            let applied = self.operations.apply(&mut self.after, &next);
            if let Err(ChunkError::Invalid(_, Rejection::AccountExists)) = applied {
                self.holder = holder(&self.after, &next);
            }
            applied?;
        }
        Ok(())
    }
}

/// The account whose address the operation would give to a new one; one that the operation itself
/// creates included.
fn holder(state: &State, next: &NextOperation<'_, '_>) -> Option<u32> {
    match (&next.operation, next.message) {
        (Operation::TransferNew { to, .. }, _)
        | (Operation::Inbox { .. }, Some(InboxMessage::Deposit { to, .. })) => state.index_of(to),
        (Operation::Payout { payees, .. }, _) => {
            let mut created: Vec<Address> = Vec::new();
            payees.iter().find_map(|payee| {
                let Target::New(address) = payee.target else {
                    return None;
                };
                let earlier = created.iter().position(|other| *other == address);
                created.push(address);
                let earlier = earlier.and_then(|at| u32::try_from(at).ok());
                state
                    .index_of(&address)
                    .or_else(|| state.account_count().checked_add(earlier?))
            })
        }
        _ => None,
    }
}

/// Where an account is among those given, to which it is added if it was there before the chunk, and
/// those that the chunk creates.
fn place(given: &mut Vec<u32>, index: u32, before: u32) -> u32 {
    let at = match given.binary_search(&index) {
        Ok(at) => at,
        Err(at) if index < before => {
            given.insert(at, index);
            at
        }
        Err(_) => {
            let created = index.saturating_sub(before) as usize;
            given.len().saturating_add(created)
        }
    };
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn pack_all(state: &State, given: &[u32], with_tokens: &[u32]) -> Vec<u8> {
    let mut packed = Vec::new();
    for index in given {
        if let Some(account) = state.account(*index) {
            let tokens = with_tokens.binary_search(index).is_ok();
            pack(&mut packed, *index, &account, tokens);
        }
    }
    packed
}
