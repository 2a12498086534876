//! Ordering: transactions and L1's messages become blocks, on a state that one thread owns.
//!
//! The [`Orderer`] is a state machine: inputs and the time go in, outcomes and sealed blocks come out.
//! It knows no thread, socket, file or clock, so the same code runs under [`crate::pipeline`] and in
//! a simulation. `T` is what a caller wants back when a transaction's block is sealed.

mod again;
mod error;
mod held;
mod open_block;

#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::codec::{self, Scope};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{DepositTarget, Operation};
use spillway_protocol::state::State;
use spillway_protocol::token::{ETH, TokenTable};
use spillway_protocol::transition;

use crate::admission::Admitted;
use crate::backlog::{Backlog, Pacing};
use crate::block::{Block, Listing};
use crate::config::{BacklogConfig, BlockConfig, QueueConfig};

pub use error::OrderingError;
use error::{cost, insufficient_funds, resolve_error};
use held::Held;
use open_block::OpenBlock;

/// The time, as a caller tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since some fixed moment, never decreasing: what waits and intervals are measured by.
    pub elapsed: Duration,
    /// Seconds since 1970: what blocks are stamped with.
    pub unix: u64,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the open block, or in a block that is not durable yet; the caller's token comes back
    /// with a sealed block.
    Executed,
    /// It waits for the nonces before its own.
    Held,
    /// It was refused.
    Refused(OrderingError),
}

/// A block that was sealed, with the tokens of those who wait for it.
#[derive(Debug)]
pub struct SealedBlock<T> {
    /// The block.
    pub block: Arc<Block>,
    /// Who waits for it, with the hash of their transaction.
    pub waiting: Vec<(T, B256)>,
}

/// Orders and executes.
#[derive(Debug)]
pub struct Orderer<T> {
    state: State,
    tokens: TokenTable,
    head: BlockHeader,
    open: OpenBlock<T>,
    held: Held,
    /// Sealed blocks that are not durable yet, and the transactions in them and in the open block.
    unsynced: VecDeque<Arc<Block>>,
    executing: HashSet<B256>,
    /// Senders whose held transactions a full block left behind.
    left_behind: Vec<Address>,
    sealed_at: Duration,
    blocks: BlockConfig,
    queues: QueueConfig,
    pacing: Pacing,
}

impl<T> Orderer<T> {
    /// Goes on from a state, whose newest block has that header, with the default [`BacklogConfig`].
    #[must_use]
    pub fn new(
        state: State,
        tokens: TokenTable,
        head: BlockHeader,
        blocks: BlockConfig,
        queues: QueueConfig,
    ) -> Self {
        Self {
            state,
            tokens,
            head,
            open: OpenBlock::default(),
            held: Held::new(queues),
            unsynced: VecDeque::new(),
            executing: HashSet::new(),
            left_behind: Vec::new(),
            sealed_at: Duration::ZERO,
            blocks,
            queues,
            pacing: Pacing::new(blocks.base_fee_min, BacklogConfig::default()),
        }
    }

    /// Follows the backlog to L1 as told.
    #[must_use]
    pub fn with_backlog_config(mut self, config: BacklogConfig) -> Self {
        self.pacing = Pacing::new(self.blocks.base_fee_min, config);
        self
    }

    /// Executes a transaction, holds it, or refuses it. `token` comes back with a sealed block if it was
    /// executed, and at once otherwise.
    pub fn submit(&mut self, now: Now, transaction: Admitted, token: T) -> (Outcome, Option<T>) {
        let sender = transaction.signer();
        let hash = transaction.hash;
        if self.executing.contains(&hash) {
            self.open.wait(token, hash);
            return (Outcome::Executed, None);
        }
        let nonce = self.nonce(&sender);
        let result = if transaction.nonce > nonce {
            self.hold(now, transaction, nonce).map(|()| Outcome::Held)
        } else {
            self.execute(now, &transaction).map(|()| Outcome::Executed)
        };
        match result {
            Ok(Outcome::Executed) => {
                self.open.wait(token, hash);
                self.release_held(now, &sender);
                (Outcome::Executed, None)
            }
            Ok(outcome) => (outcome, Some(token)),
            Err(error) => (Outcome::Refused(error), Some(token)),
        }
    }

    /// The nonce of an account after everything executed; zero without an account.
    #[must_use]
    pub fn nonce(&self, address: &Address) -> u64 {
        self.state
            .index_of(address)
            .and_then(|index| self.state.nonce(index))
            .unwrap_or(0)
    }

    /// Whether a transaction is held, or executed in a block that is not durable yet.
    #[must_use]
    pub fn is_queued(&self, hash: &B256) -> bool {
        self.executing.contains(hash) || self.held.contains(hash)
    }

    /// How many transactions are held for earlier nonces.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Learns what posting costs and how far it is behind. The room of the open block follows at once, the
    /// base fee from the next block on.
    pub const fn set_backlog(&mut self, backlog: Backlog) {
        self.pacing.set_backlog(backlog);
    }

    /// Lists a token that L1 has listed.
    ///
    /// # Errors
    /// When the table does not take it, which L1 excludes.
    pub fn list(&mut self, now: Now, listing: Listing) -> Result<(), OrderingError> {
        self.begin_block(now)?;
        self.tokens
            .list(listing.address, listing.decimals)
            .map_err(OrderingError::Listing)?;
        self.open.body.listings.push(listing);
        Ok(())
    }

    /// Consumes a message of the L1 inbox.
    ///
    /// # Errors
    /// When the state does not take it, which L1 excludes.
    pub fn consume(&mut self, now: Now, message: &InboxMessage) -> Result<(), OrderingError> {
        self.begin_block(now)?;
        let target = match message {
            InboxMessage::Deposit { to, .. } => Some(match self.state.index_of(to) {
                Some(index) => DepositTarget::Index(index),
                None => DepositTarget::New,
            }),
            _ => None,
        };
        self.apply(&Operation::Inbox { target }, Some(message))?;
        self.open.body.messages.push(*message);
        Ok(())
    }

    /// Learns that the blocks up to that one are durable.
    pub fn durable(&mut self, block_number: u64) {
        while let Some(block) = self
            .unsynced
            .pop_front_if(|block| block.header.number <= block_number)
        {
            for hash in &block.transaction_hashes {
                self.executing.remove(hash);
            }
        }
    }

    /// When there will be something to seal, given that nothing else comes in.
    #[must_use]
    pub fn seal_at(&self) -> Duration {
        let interval = if self.open.has_content() {
            self.blocks.interval_min
        } else {
            self.blocks.interval_max
        };
        self.sealed_at.saturating_add(interval)
    }

    /// How many more transactions the open block takes.
    #[must_use]
    pub fn room(&self) -> usize {
        let all = self.blocks.transactions_max;
        self.open.room(self.pacing.transactions_max(all))
    }

    /// How many more events of L1 the open block takes. A backlog leaves them their room: L1 forces
    /// them in, and funds on their way in must not wait for posting.
    #[must_use]
    pub fn l1_room(&self) -> usize {
        self.open.l1_room()
    }

    /// Whether the open block holds anything that a client or L1 waits for.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.open.has_content()
    }

    /// Drops what was held too long, and seals the open block, empty or not.
    ///
    /// # Errors
    /// When the block counter is full.
    pub fn seal(&mut self, now: Now) -> Result<SealedBlock<T>, OrderingError> {
        self.held.expire(now.elapsed);
        self.begin_block(now)?;
        self.sealed_at = now.elapsed;
        self.state.clear_changes();
        let open = std::mem::take(&mut self.open);
        let header = self.head.next(
            self.state.counters(),
            &open.body.messages,
            &open.body.operations,
        );
        self.head = header;
        let block = Arc::new(Block {
            hash: header.hash(),
            header,
            body: open.body,
            transaction_hashes: open.transaction_hashes,
        });
        self.unsynced.push_back(Arc::clone(&block));
        for sender in std::mem::take(&mut self.left_behind) {
            self.release_held(now, &sender);
        }
        Ok(SealedBlock {
            block,
            waiting: open.waiting,
        })
    }

    /// Holds a transaction whose nonce is ahead, for a sender that could pay for it now.
    fn hold(&mut self, now: Now, transaction: Admitted, nonce: u64) -> Result<(), OrderingError> {
        let (sender, gap) = (transaction.signer(), self.queues.nonce_gap_max);
        if transaction.nonce - nonce > gap {
            return Err(OrderingError::NonceTooHigh {
                address: sender,
                transaction: transaction.nonce,
                state: nonce,
                gap,
            });
        }
        let base_fee = self.base_fee(now);
        self.check_fee_cap(&transaction, base_fee)?;
        let balance = self
            .state
            .index_of(&sender)
            .map_or(0, |index| self.state.balance(index, ETH));
        if cost(&transaction.intent, base_fee) > balance {
            return Err(insufficient_funds(&transaction, balance, base_fee));
        }
        self.held.insert(now.elapsed, transaction)
    }

    /// Executes what was held for the nonces that the sender has now reached.
    fn release_held(&mut self, now: Now, sender: &Address) {
        while self.room() > 0 {
            let Some(transaction) = self.held.take(sender, self.nonce(sender)) else {
                return;
            };
            // What has become invalid meanwhile goes, as when the base fee has risen above its cap: its
            // sender was told that it was not durable.
            if self.execute(now, &transaction).is_err() {
                return;
            }
        }
        if self.held.waits(sender, self.nonce(sender)) {
            self.left_behind.push(*sender);
        }
    }

    fn execute(&mut self, now: Now, transaction: &Admitted) -> Result<(), OrderingError> {
        let address = transaction.signer();
        let state = self.nonce(&address);
        if transaction.nonce < state {
            return Err(OrderingError::NonceTooLow {
                address,
                transaction: transaction.nonce,
                state,
            });
        }
        self.begin_block(now)?;
        let base_fee = self.state.counters().base_fee;
        self.check_fee_cap(transaction, base_fee)?;
        let operation =
            transition::resolve(&self.state, &self.tokens, &address, &transaction.intent)
                .map_err(|error| resolve_error(error, transaction, base_fee))?;
        self.apply(&operation, None)
            .map_err(|error| error.of(transaction, base_fee))?;
        self.executing.insert(transaction.hash);
        self.open.push(transaction);
        Ok(())
    }

    /// Encodes and applies an operation. Nothing has changed when it fails.
    fn apply(
        &mut self,
        operation: &Operation,
        message: Option<&InboxMessage>,
    ) -> Result<(), OrderingError> {
        let start = self.open.body.operations.len();
        let scope = Scope::of(&self.state, &self.tokens);
        codec::encode(operation, &scope, &mut self.open.body.operations)
            .map_err(OrderingError::Encode)?;
        let result = self.check_and_apply(operation, start, message);
        if result.is_err() {
            self.open.body.operations.truncate(start);
        }
        result
    }

    fn check_and_apply(
        &mut self,
        operation: &Operation,
        start: usize,
        message: Option<&InboxMessage>,
    ) -> Result<(), OrderingError> {
        self.open
            .count(operation, start, &self.state, message)
            .map_err(OrderingError::PayoutTooLarge)?;
        transition::apply(&mut self.state, operation, message).map_err(OrderingError::Rejected)
    }

    /// Begins a block unless one is open. Its timestamp never goes back, whatever the clock does.
    fn begin_block(&mut self, now: Now) -> Result<(), OrderingError> {
        if self.open.has_begun() {
            return Ok(());
        }
        let operation = Operation::Block {
            seconds: u32::try_from(self.seconds_since_block(now)).unwrap_or(u32::MAX),
            base_fee: self.base_fee(now),
        };
        self.apply(&operation, None)
    }

    fn seconds_since_block(&self, now: Now) -> u64 {
        now.unix.saturating_sub(self.state.counters().timestamp)
    }

    /// The base fee of the open block, or of one that begins now.
    fn base_fee(&self, now: Now) -> u64 {
        let last = self.state.counters().base_fee;
        if self.open.has_begun() {
            return last;
        }
        self.pacing.base_fee(last, self.seconds_since_block(now))
    }

    fn check_fee_cap(&self, transaction: &Admitted, base_fee: u64) -> Result<(), OrderingError> {
        let max_fee = transaction.max_fee_per_gas;
        if max_fee < u128::from(base_fee) {
            let address = transaction.signer();
            return Err(OrderingError::FeeCapTooLow {
                address,
                max_fee,
                base_fee,
            });
        }
        Ok(())
    }
}
