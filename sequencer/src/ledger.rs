//! The ledger after some block, as replay of the journal makes it: state, trees, tokens, head.
//!
//! The sequencer executes on a state of its own; this one follows the durable blocks by executing
//! their bytes, like every other node. What it comes to must be what the block's header says, so each
//! durable block is checked by a second execution before a client hears of it.

use alloy_primitives::{Address, B256};
use spillway_protocol::account::Account;
use spillway_protocol::block::{self, BlockError, BlockHeader};
use spillway_protocol::root::{StatePreimage, StateTree};
use spillway_protocol::state::State;
use spillway_protocol::token::{ListingError, TokenId, TokenTable};
use spillway_protocol::tree::TreeError;
use spillway_protocol::withdrawal::Withdrawal;

use crate::block::BlockBody;
use crate::genesis::Genesis;
use crate::outcome::Outcomes;
use crate::past::Past;
use crate::view::Summary;

/// Accounts that may have changed before their hashes are brought up to date. Bounds what a request
/// for the state root has to wait for.
const UNHASHED_MAX: usize = 4_096;

/// Why a block does not continue a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A token that cannot be listed.
    #[error("block {0}: {1}")]
    Listing(u64, ListingError),
    /// Operations that are not valid.
    #[error("block {0}: {1}")]
    Block(u64, BlockError),
    /// The block's header is not what its execution comes to.
    #[error(
        "block {0} does not follow from the ledger: its header differs from what its operations do"
    )]
    Header(u64),
    /// The number of transactions is not that of authorised operations.
    #[error("block {0} has {1} transactions for {2} authorised operations")]
    Transactions(u64, usize, u64),
    /// The trees did not follow the state.
    #[error("block {0}: {1}")]
    Tree(u64, TreeError),
}

/// What a block did that its bytes do not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The withdrawals that it made, in their order.
    pub withdrawals: Vec<Withdrawal>,
    /// What became of its withdrawals and messages.
    pub outcomes: Outcomes,
}

/// The state after one of the newest blocks.
#[derive(Clone, Copy, Debug)]
pub struct StateAt<'a> {
    ledger: &'a Ledger,
    number: u64,
}

impl<'a> StateAt<'a> {
    /// The ledger after the newest block.
    #[must_use]
    pub const fn newest(&self) -> &'a Ledger {
        self.ledger
    }

    /// The block's header.
    #[must_use]
    pub fn header(&self) -> &'a BlockHeader {
        let past = self.ledger.past.header(self.number);
        past.unwrap_or(&self.ledger.head)
    }

    /// The tokens that are listed by now.
    #[must_use]
    pub const fn tokens(&self) -> &'a TokenTable {
        &self.ledger.tokens
    }

    /// An account by its address, none if there was none.
    #[must_use]
    pub fn account(&self, address: &Address) -> Option<Account> {
        let Ledger {
            state, past, head, ..
        } = self.ledger;
        let index = state.index_of(address)?;
        if self.number < head.number {
            if index >= past.account_count(self.number) {
                return None;
            }
            if let Some(account) = past.account(index, self.number) {
                return Some(account.clone());
            }
        }
        state.account(index)
    }

    /// The sum of all balances of a token.
    #[must_use]
    pub fn supply(&self, token: TokenId) -> u128 {
        let past = self.ledger.past.supply(token, self.number);
        past.unwrap_or_else(|| self.ledger.state.supply(token))
    }
}

/// State, trees, tokens and head after a block.
#[derive(Clone, Debug)]
pub struct Ledger {
    state: State,
    tree: StateTree,
    tokens: TokenTable,
    head: BlockHeader,
    past: Past,
}

impl Ledger {
    /// The ledger at genesis.
    #[must_use]
    pub fn genesis(genesis: &Genesis) -> Self {
        Self {
            state: State::genesis(genesis.fee_account),
            tree: StateTree::default(),
            tokens: TokenTable::default(),
            head: BlockHeader::genesis(),
            past: Past::default(),
        }
    }

    /// A ledger from the parts of a snapshot.
    ///
    /// # Errors
    /// [`TreeError`] when there are more withdrawals than indices.
    pub fn import(
        state: State,
        tokens: TokenTable,
        head: BlockHeader,
        withdrawals: Vec<B256>,
    ) -> Result<Self, TreeError> {
        let tree = StateTree::build(&state, withdrawals.into_iter())?;
        Ok(Self::from_parts(state, tree, tokens, head))
    }

    /// A ledger from the parts of one that somebody else has kept. The trees are those over the state.
    #[must_use]
    pub fn from_parts(
        state: State,
        tree: StateTree,
        tokens: TokenTable,
        head: BlockHeader,
    ) -> Self {
        Self {
            state,
            tree,
            tokens,
            head,
            past: Past::default(),
        }
    }

    /// Remembers the states after the newest blocks from now on, as far as they take about so many bytes.
    #[must_use]
    pub const fn remembering(mut self, bytes_max: usize) -> Self {
        self.past.remember(bytes_max);
        self
    }

    /// The state after the newest block.
    #[must_use]
    pub const fn now(&self) -> StateAt<'_> {
        StateAt {
            ledger: self,
            number: self.head.number,
        }
    }

    /// The state after the block with that number; none if it is not remembered, or there is no such block yet.
    #[must_use]
    pub fn at(&self, number: u64) -> Option<StateAt<'_>> {
        let is_known = number == self.head.number || self.past.header(number).is_some();
        is_known.then_some(StateAt {
            ledger: self,
            number,
        })
    }

    /// The state, the trees over it, the tokens and the head.
    ///
    /// # Errors
    /// Never, as far as the ledger came from its blocks.
    pub fn into_parts(
        mut self,
    ) -> Result<(State, StateTree, TokenTable, BlockHeader), LedgerError> {
        self.state_root()?;
        Ok((self.state, self.tree, self.tokens, self.head))
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The listed tokens.
    #[must_use]
    pub const fn tokens(&self) -> &TokenTable {
        &self.tokens
    }

    /// The newest block's header.
    #[must_use]
    pub const fn head(&self) -> &BlockHeader {
        &self.head
    }

    /// Executes the next block. Answers the withdrawals that it made, and what of it the block alone does not tell.
    ///
    /// # Errors
    /// [`LedgerError`]. The ledger is then between two blocks, and of no use.
    pub fn apply(
        &mut self,
        header: &BlockHeader,
        body: &BlockBody,
    ) -> Result<Applied, LedgerError> {
        let number = header.number;
        for listing in &body.listings {
            self.tokens
                .list(listing.address, listing.decimals)
                .map_err(|error| LedgerError::Listing(number, error))?;
        }
        let before = *self.state.counters();
        let mut outcomes = Outcomes::after(before.withdrawal_count);
        let past = &mut self.past;
        past.begin(self.head, &self.state);
        block::execute_observed(
            &mut self.state,
            &body.operations,
            &body.messages,
            &self.tokens,
            |step| {
                outcomes.observe(&step);
                past.observe(&step);
                Ok(())
            },
        )
        .map_err(|error| LedgerError::Block(number, error))?;
        let counters = self.state.counters();
        let authorised = counters.authorised_count - before.authorised_count;
        if authorised != body.transactions.len() as u64 {
            return Err(LedgerError::Transactions(
                number,
                body.transactions.len(),
                authorised,
            ));
        }
        let head = self.head.next(counters, &body.messages, &body.operations);
        if head != *header {
            return Err(LedgerError::Header(number));
        }
        self.head = head;
        self.past.end();
        let count = counters.withdrawal_count - before.withdrawal_count;
        let unhashed = &self.state.changes().withdrawals;
        let made = unhashed.len().saturating_sub(count as usize);
        let made = unhashed.get(made..).unwrap_or_default().to_vec();
        if self.state.changes().accounts.len() >= UNHASHED_MAX {
            self.hash()?;
        }
        Ok(Applied {
            withdrawals: made,
            outcomes,
        })
    }

    fn hash(&mut self) -> Result<(), LedgerError> {
        let changes = self.state.take_changes();
        self.tree
            .update(&self.state, changes)
            .map_err(|error| LedgerError::Tree(self.head.number, error))
    }

    /// The leaves of all withdrawals, in order, as of the last time that the trees were brought up to date.
    #[must_use]
    pub fn withdrawal_leaves(&self) -> &[B256] {
        self.tree.withdrawals().leaves()
    }

    /// The trees over the state, brought up to date.
    ///
    /// # Errors
    /// [`LedgerError::Tree`], never for a ledger that came from its blocks.
    pub fn tree(&mut self) -> Result<&StateTree, LedgerError> {
        self.hash()?;
        Ok(&self.tree)
    }

    /// All that the state root commits to.
    ///
    /// # Errors
    /// As [`Self::tree`].
    pub fn preimage(&mut self) -> Result<StatePreimage, LedgerError> {
        self.hash()?;
        Ok(self.tree.preimage(&self.state))
    }

    /// The state root.
    ///
    /// # Errors
    /// As [`Self::tree`].
    pub fn state_root(&mut self) -> Result<B256, LedgerError> {
        self.hash()?;
        Ok(self.tree.root(&self.state))
    }

    /// A summary, its state root brought up to date.
    ///
    /// # Errors
    /// As [`Self::tree`].
    pub fn summary(&mut self) -> Result<Summary, LedgerError> {
        let state_root = self.state_root()?;
        let counters = self.state.counters();
        Ok(Summary {
            block_number: self.head.number,
            block_hash: self.head.hash(),
            timestamp: self.head.timestamp,
            base_fee: self.head.base_fee,
            state_root,
            accounts: self.state.account_count(),
            transactions: counters.authorised_count,
            inbox_count: counters.inbox_count,
            withdrawals: counters.withdrawal_count,
        })
    }
}
