//! What the state was after the newest blocks.
//!
//! A ledger holds the state after its newest block. Wallets ask for the blocks just before it as well: MetaMask reads balances, nonces and
//! calls at the number of the block that it heard of last, which may be twenty seconds old. So the readers' ledger remembers, for each
//! account and supply that a block is about to change, what it was before. What something was after a block is what it was before the
//! first later block that changed it; or what it is, if none did.
//!
//! It is bounded in bytes, the oldest blocks go first, and it is empty after a start.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use spillway_protocol::account::Account;
use spillway_protocol::block::{BlockHeader, Step};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{DepositTarget, Operation, Target};
use spillway_protocol::state::{FEE_ACCOUNT, State};
use spillway_protocol::token::TokenId;

/// Blocks that stay whatever they take, so that a call which has begun on the newest one can end there.
const BLOCKS_MIN: usize = 16;
/// About what a block takes beside its accounts, what an account takes without tokens, and what a token takes.
const BLOCK_BYTES: usize = 320;
const ACCOUNT_BYTES: usize = 192;
const TOKEN_BYTES: usize = 32;

/// The changes of the newest blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// None: nothing is remembered.
    bytes_max: Option<usize>,
    bytes: usize,
    /// Of consecutive blocks, the newest last.
    blocks: VecDeque<Changed>,
    accounts: Versions<u32, Account>,
    supplies: Versions<TokenId, u128>,
    /// Of the block that is being executed.
    current: Changed,
}

/// What a block has changed, and what was before it.
#[derive(Clone, Debug, Default)]
struct Changed {
    before: BlockHeader,
    account_count: u32,
    accounts: Vec<u32>,
    supplies: Vec<TokenId>,
    bytes: usize,
}

/// Values by key, and then by the number of the block that ended them, ascending.
#[derive(Clone, Debug)]
struct Versions<K, V>(HashMap<K, VecDeque<(u64, V)>>);

impl<K, V> Default for Versions<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash, V> Versions<K, V> {
    /// Whether that block has an entry already, as the newest.
    fn has(&self, key: K, block: u64) -> bool {
        let versions = self.0.get(&key);
        versions.is_some_and(|all| all.back().is_some_and(|(number, _)| *number == block))
    }

    fn push(&mut self, key: K, block: u64, value: V) {
        // Most keys have one version: room for it alone.
        let versions = self.0.entry(key);
        let versions = versions.or_insert_with(|| VecDeque::with_capacity(1));
        versions.push_back((block, value));
    }

    fn pop_oldest(&mut self, key: K) {
        if let Some(versions) = self.0.get_mut(&key) {
            versions.pop_front();
            if versions.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    /// The value after a block, if a later one has changed it.
    fn after(&self, key: K, block: u64) -> Option<&V> {
        let versions = self.0.get(&key)?;
        let first = versions.partition_point(|(number, _)| *number <= block);
        versions.get(first).map(|(_, value)| value)
    }
}

impl Past {
    /// Remembers about so many bytes from now on.
    pub(crate) const fn remember(&mut self, bytes_max: usize) {
        self.bytes_max = Some(bytes_max);
    }

    /// A block begins on that state.
    pub(crate) fn begin(&mut self, before: BlockHeader, state: &State) {
        self.current = Changed {
            before,
            account_count: state.account_count(),
            bytes: BLOCK_BYTES,
            ..Changed::default()
        };
    }

    /// Notes what an operation is about to change.
    pub(crate) fn observe(&mut self, step: &Step<'_>) {
        if self.bytes_max.is_none() {
            return;
        }
        let state = &*step.state;
        if let Some(sender) = step.operation.sender() {
            self.note(state, sender);
            self.note(state, FEE_ACCOUNT);
        }
        match step.operation {
            Operation::Transfer { to, .. } => self.note(state, *to),
            Operation::Withdraw { token, .. } => self.note_supply(state, *token),
            Operation::Payout { payees, .. } => {
                for payee in payees {
                    if let Target::Index(account) = payee.target {
                        self.note(state, account);
                    }
                }
            }
            Operation::Inbox { target } => self.note_message(state, *target, step.message),
            Operation::Block { .. } | Operation::TransferNew { .. } => {}
        }
    }

    fn note_message(
        &mut self,
        state: &State,
        target: Option<DepositTarget>,
        message: Option<&InboxMessage>,
    ) {
        if let Some(DepositTarget::Index(account)) = target {
            self.note(state, account);
        }
        match message {
            Some(InboxMessage::Deposit { token, .. }) => self.note_supply(state, *token),
            Some(InboxMessage::ForcedWithdrawal { account, token, .. }) => {
                self.note(state, *account);
                self.note_supply(state, *token);
            }
            Some(InboxMessage::Lock { account, .. } | InboxMessage::Unlock { account, .. }) => {
                self.note(state, *account);
            }
            None => {}
        }
    }

    /// Accounts that came into being in this block were not there before.
    fn note(&mut self, state: &State, account: u32) {
        let block = self.current.before.number + 1;
        if account >= self.current.account_count || self.accounts.has(account, block) {
            return;
        }
        let Some(value) = state.account(account) else {
            return;
        };
        self.current.bytes += ACCOUNT_BYTES + TOKEN_BYTES * value.tokens.entries().len();
        self.current.accounts.push(account);
        self.accounts.push(account, block, value);
    }

    fn note_supply(&mut self, state: &State, token: TokenId) {
        let block = self.current.before.number + 1;
        if !self.supplies.has(token, block) {
            self.current.bytes += TOKEN_BYTES;
            self.current.supplies.push(token);
            self.supplies.push(token, block, state.supply(token));
        }
    }

    /// The block has been executed.
    pub(crate) fn end(&mut self) {
        let Some(bytes_max) = self.bytes_max else {
            return;
        };
        let block = std::mem::take(&mut self.current);
        self.bytes += block.bytes;
        self.blocks.push_back(block);
        while self.bytes > bytes_max
            && self.blocks.len() > BLOCKS_MIN
            && let Some(oldest) = self.blocks.pop_front()
        {
            self.bytes -= oldest.bytes;
            for account in oldest.accounts {
                self.accounts.pop_oldest(account);
            }
            for token in oldest.supplies {
                self.supplies.pop_oldest(token);
            }
        }
    }

    /// What the block after that one has changed; none if it is not remembered.
    fn next(&self, block: u64) -> Option<&Changed> {
        let oldest = self.blocks.front()?.before.number;
        let place = usize::try_from(block.checked_sub(oldest)?).ok()?;
        self.blocks.get(place)
    }

    /// The header of a block, if the state after it is remembered.
    pub(crate) fn header(&self, block: u64) -> Option<&BlockHeader> {
        self.next(block).map(|changed| &changed.before)
    }

    /// How many accounts there were after a block that is remembered.
    pub(crate) fn account_count(&self, block: u64) -> u32 {
        self.next(block).map_or(0, |changed| changed.account_count)
    }

    /// An account after a block that is remembered, if it has changed since.
    pub(crate) fn account(&self, index: u32, block: u64) -> Option<&Account> {
        self.accounts.after(index, block)
    }

    /// A supply after a block that is remembered, if it has changed since.
    pub(crate) fn supply(&self, token: TokenId, block: u64) -> Option<u128> {
        self.supplies.after(token, block).copied()
    }
}
