//! Which operations of a batch are said to be signed by some accounts.

use std::collections::BTreeSet;

use alloy_primitives::Address;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::chunk::{Chunk, Operations};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::Operation;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;

use super::batch::{Claim, invalid};
use super::blocks::Blocks;
use super::ledger::Ledger;
use super::verdict::WrongKind;

/// An authorised operation, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Who is said to have signed it.
    pub sender: Address,
    /// The chunk's place in the batch, from 0.
    pub chunk: usize,
    /// The operation's place among all of the chunk, from 0.
    pub operation: usize,
    /// Its place among the batch's authorised operations, from 0.
    pub place: u64,
    /// The block of L2 that holds it.
    pub block: u64,
}

/// The operations of these accounts in the batch after the ledger's, in order, and the headers of all its blocks. Executes the
/// batch, and hashes no state.
///
/// # Errors
/// What is wrong with the batch.
pub fn signed_by(
    ledger: &Ledger,
    claim: &Claim<'_>,
    accounts: &BTreeSet<Address>,
) -> Result<(Vec<Signed>, Vec<BlockHeader>), WrongKind> {
    let chunks = claim.data.as_ref().map_err(|malformed| *malformed)?;
    let before = ledger.state.counters();
    let mut walk = Walk {
        state: ledger.state.clone(),
        blocks: Blocks::after(ledger.head),
        headers: Vec::new(),
        messages: claim.messages_after(before, before).iter(),
        tokens: claim.tokens,
        accounts,
        start: before.authorised_count,
        found: Vec::new(),
    };
    for (place, chunk) in chunks.iter().enumerate() {
        walk.chunk(place, chunk)?;
    }
    let Walk {
        state,
        blocks,
        mut headers,
        found,
        ..
    } = walk;
    headers.push(blocks.finish(&state));
    Ok((found, headers))
}

struct Walk<'a> {
    state: State,
    blocks: Blocks,
    /// Of the blocks that have ended.
    headers: Vec<BlockHeader>,
    messages: std::slice::Iter<'a, InboxMessage>,
    tokens: &'a TokenTable,
    accounts: &'a BTreeSet<Address>,
    /// Authorised operations before the batch.
    start: u64,
    found: Vec<Signed>,
}

impl Walk<'_> {
    fn chunk(&mut self, chunk: usize, bytes: &Chunk) -> Result<(), WrongKind> {
        let mut operations = Operations::new(bytes);
        let mut operation = 0;
        let wrong = |error| invalid(chunk, error);
        while let Some(next) = operations
            .next(&self.state, &mut self.messages, self.tokens)
            .map_err(wrong)?
        {
            self.headers.extend(self.blocks.before(&next, &self.state));
            if let Some(sender) = sender(&next.operation, &self.state)
                && self.accounts.contains(&sender)
            {
                self.found.push(Signed {
                    sender,
                    chunk,
                    operation,
                    place: self.state.counters().authorised_count - self.start,
                    block: self.state.counters().block_number,
                });
            }
            operations.apply(&mut self.state, &next).map_err(wrong)?;
            operation += 1;
        }
        Ok(())
    }
}

/// Whose signature an operation needs.
fn sender(operation: &Operation, state: &State) -> Option<Address> {
    match operation {
        Operation::Transfer { from, .. }
        | Operation::TransferNew { from, .. }
        | Operation::Withdraw { from, .. }
        | Operation::Payout { from, .. } => state.address(*from),
        Operation::Block { .. } | Operation::Inbox { .. } => None,
    }
}
