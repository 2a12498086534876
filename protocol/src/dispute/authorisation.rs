//! The proof of an authorised operation, with which L1 learns what must have been signed.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256};

use super::accounts::pack;
use crate::chunk::{Chunk, ChunkError, NextOperation, Operations};
use crate::inbox::InboxMessage;
use crate::operation::{Operation, Payee, Target};
use crate::root::{StatePreimage, StateTree};
use crate::state::{FEE_ACCOUNT, State};
use crate::token::{TokenId, TokenTable};
use crate::tree::{MultiproofError, TreeError};

/// What a contract needs to find what an operation of a chunk calls for: `docs/disputes.md`, "Authorisation".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationProof {
    /// The operation's place among all of the chunk, from 0.
    pub operation: usize,
    /// The preimage of the state root before the batch.
    pub at_batch: StatePreimage,
    /// The preimage of the state root before the chunk.
    pub before: StatePreimage,
    /// The preimage of the state root after the chunk.
    pub afterwards: StatePreimage,
    /// The fee account, the sender and the recipients with an index, as they are after the chunk, packed.
    pub accounts: Vec<u8>,
    /// Their multiproof.
    pub siblings: Vec<B256>,
}

/// What the sender of a signed transaction asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemandKind {
    /// A transfer, to a new account or not.
    Transfer,
    /// A withdrawal.
    Withdraw,
    /// A payout.
    Payout,
}

/// What an operation calls for: the transaction that authorises it says this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Its place among the batch's authorised operations, from 0: that of the transaction's hash in the auth root.
    pub place: u64,
    /// Wei a unit of gas, of its block. The transaction's fee cap is no less.
    pub base_fee: u64,
    /// Who signed.
    pub sender: Address,
    /// The sender's authorised operations before it.
    pub nonce: u64,
    /// What it is.
    pub kind: DemandKind,
    /// The token.
    pub token: TokenId,
    /// Recipients and amounts, in order; one unless it is a payout.
    pub payments: Vec<(Address, u128)>,
}

/// Why there is no such proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationProofError {
    /// The chunk is invalid: prove that instead.
    #[error("the chunk is invalid, which is a dispute of its own: {0}")]
    Invalid(#[from] ChunkError),
    /// The chunk has fewer operations.
    #[error("the chunk has no operation {0}")]
    NoSuchOperation(usize),
    /// A block or an inbox operation.
    #[error("operation {0} is signed by nobody")]
    NotAuthorised(usize),
    /// The trees are of another state: the caller's mistake.
    #[error("the trees do not belong to the state: {0}")]
    Tree(#[from] TreeError),
    /// The trees are of another state: the caller's mistake.
    #[error("the trees do not belong to the state: {0}")]
    Multiproof(#[from] MultiproofError),
}

/// Makes the proof of the operation at that place of a chunk, and says what it calls for.
///
/// `state` and `tree` are those before the chunk, and are those after it when this returns; `at_batch` is of the state
/// before the batch; `messages` are those that the chunk may consume.
///
/// # Errors
/// [`OperationProofError`].
pub fn prove_operation(
    state: &mut State,
    tree: &mut StateTree,
    at_batch: &StatePreimage,
    chunk: &Chunk,
    operation: usize,
    messages: &[InboxMessage],
    tokens: &TokenTable,
) -> Result<(OperationProof, Demand), OperationProofError> {
    let before = tree.preimage(state);
    let target = execute(state, chunk, operation, messages, tokens)?;
    let changes = state.take_changes();
    tree.update(state, changes)?;

    let mut proven = target.accounts;
    proven.push(FEE_ACCOUNT);
    proven.sort_unstable();
    proven.dedup();
    let mut accounts = Vec::new();
    for index in &proven {
        if let Some(account) = state.account(*index) {
            pack(&mut accounts, *index, &account, false);
        }
    }
    let mut demand = target.demand;
    let start = at_batch.counters.authorised_count;
    demand.place = demand.place.saturating_sub(start);
    let proof = OperationProof {
        operation,
        at_batch: *at_batch,
        before,
        afterwards: tree.preimage(state),
        accounts,
        siblings: tree.accounts().multiproof(&proven)?,
    };
    Ok((proof, demand))
}

/// What is known of the operation when it is about to be applied.
struct Found {
    /// With the count of all authorised operations before it as its place.
    demand: Demand,
    /// The sender, and the recipients with an index.
    accounts: Vec<u32>,
}

/// Executes the whole chunk, and looks at the operation on the way.
fn execute(
    state: &mut State,
    chunk: &Chunk,
    target: usize,
    messages: &[InboxMessage],
    tokens: &TokenTable,
) -> Result<Found, OperationProofError> {
    let mut operations = Operations::new(chunk);
    let mut waiting = messages.iter();
    let (mut found, mut place) = (None, 0usize);
    while let Some(next) = operations.next(state, &mut waiting, tokens)? {
        let met = (place == target).then(|| look(state, &next));
        operations.apply(state, &next)?;
        if let Some(met) = met {
            found = Some(met.ok_or(OperationProofError::NotAuthorised(target))?);
        }
        place = place.saturating_add(1);
    }
    found.ok_or(OperationProofError::NoSuchOperation(target))
}

/// What an authorised operation calls for on the state before it.
fn look(state: &State, next: &NextOperation<'_, '_>) -> Option<Found> {
    let (from, token, kind, payees) = match &next.operation {
        Operation::Transfer {
            from,
            to,
            token,
            amount,
        } => (
            *from,
            *token,
            DemandKind::Transfer,
            one(Target::Index(*to), *amount),
        ),
        Operation::TransferNew {
            from,
            to,
            token,
            amount,
        } => (
            *from,
            *token,
            DemandKind::Transfer,
            one(Target::New(*to), *amount),
        ),
        Operation::Withdraw {
            from,
            token,
            amount,
            recipient,
        } => {
            let recipient = recipient.or_else(|| state.address(*from))?;
            (
                *from,
                *token,
                DemandKind::Withdraw,
                one(Target::New(recipient), *amount),
            )
        }
        Operation::Payout {
            from,
            token,
            payees,
        } => (*from, *token, DemandKind::Payout, payees.clone()),
        Operation::Block { .. } | Operation::Inbox { .. } => return None,
    };
    let mut accounts = Vec::from([from]);
    let payments = payments(state, &payees, &mut accounts)?;
    Some(Found {
        demand: Demand {
            place: state.counters().authorised_count,
            base_fee: state.counters().base_fee,
            sender: state.address(from)?,
            nonce: state.nonce(from)?,
            kind,
            token,
            payments,
        },
        accounts,
    })
}

fn one(target: Target, amount: u128) -> Vec<Payee> {
    Vec::from([Payee { target, amount }])
}

/// Recipients by address; those with an index are added to the accounts. One may have been created by an earlier payment.
fn payments(
    state: &State,
    payees: &[Payee],
    accounts: &mut Vec<u32>,
) -> Option<Vec<(Address, u128)>> {
    let mut created: Vec<Address> = Vec::new();
    payees
        .iter()
        .map(|payee| {
            let address = match payee.target {
                Target::New(address) => {
                    created.push(address);
                    address
                }
                Target::Index(index) => {
                    accounts.push(index);
                    let new = index.checked_sub(state.account_count());
                    match new {
                        Some(place) => *created.get(place as usize)?,
                        None => state.address(index)?,
                    }
                }
            };
            Some((address, payee.amount))
        })
        .collect()
}
