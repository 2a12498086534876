//! The ledger's state in memory, without its trees.
//!
//! [`crate::transition`] changes it, [`crate::root::StateTree`] commits to it. It remembers what has
//! changed since it was last asked, so that a tree over it can follow.

mod accounts;
mod address_index;

use alloc::boxed::Box;
use alloc::vec::Vec;

use alloy_primitives::{Address, B256};

use crate::account::Account;
use crate::limits::TOKENS_MAX;
use crate::token::{ETH, TokenId};
use crate::withdrawal::Withdrawal;

use accounts::Accounts;
use address_index::AddressIndex;

/// The index of the account that fees go to.
pub const FEE_ACCOUNT: u32 = 0;

/// The numbers of the state that are not accounts. All of them are under the state root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Withdrawals so far.
    pub withdrawal_count: u32,
    /// Inbox messages consumed so far.
    pub inbox_count: u64,
    /// Authorised operations so far.
    pub authorised_count: u64,
    /// The newest block's number; 0 at genesis.
    pub block_number: u64,
    /// The newest block's timestamp in seconds; 0 at genesis.
    pub timestamp: u64,
    /// The newest block's base fee in wei a unit of gas; 0 at genesis.
    pub base_fee: u64,
}

/// What changed in a state since [`State::take_changes`].
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Indices of accounts that changed or were created, unsorted and with repetitions.
    pub accounts: Vec<u32>,
    /// New withdrawals, in order.
    pub withdrawals: Vec<Withdrawal>,
}

/// Why accounts do not make a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Two accounts share an address.
    #[error("two accounts share the address {0}")]
    DuplicateAddress(Address),
    /// More accounts than indices.
    #[error("more than 2^32 - 1 accounts")]
    TooManyAccounts,
    /// The balances of a token add up to 2^128 or more.
    #[error("the balances of token {0} add up to 2^128 or more")]
    SupplyOverflow(TokenId),
    /// No account at all: there is always the fee account.
    #[error("there is no fee account")]
    NoFeeAccount,
}

/// The state: accounts by index and by address, the counters, and each token's supply.
///
/// **Invariant**: the balances of a token add up to its supply, which is below 2^128; so no credit
/// that a debit or a checked deposit pays for can overflow.
#[derive(Clone, Debug)]
pub struct State {
    accounts: Accounts,
    by_address: AddressIndex,
    counters: Counters,
    supply: Box<[u128; TOKENS_MAX]>,
    changes: Changes,
}

impl State {
    /// The state at genesis: the fee account, empty.
    #[must_use]
    pub fn genesis(fee_account: Address) -> Self {
        let mut state = Self {
            accounts: Accounts::default(),
            by_address: AddressIndex::default(),
            counters: Counters::default(),
            supply: Box::new([0; TOKENS_MAX]),
            changes: Changes::default(),
        };
        state.create(fee_account);
        state
    }

    /// Builds a state from its accounts by index and its counters, as a snapshot holds them.
    ///
    /// # Errors
    /// [`ImportError`] when they cannot be a state's.
    pub fn import(
        accounts: impl Iterator<Item = Account>,
        counters: Counters,
    ) -> Result<Self, ImportError> {
        let mut state = Self {
            accounts: Accounts::default(),
            by_address: AddressIndex::default(),
            counters,
            supply: Box::new([0; TOKENS_MAX]),
            changes: Changes::default(),
        };
        for account in accounts {
            state.import_account(&account)?;
        }
        if state.account_count() == 0 {
            return Err(ImportError::NoFeeAccount);
        }
        state.changes = Changes::default();
        Ok(state)
    }

    fn import_account(&mut self, account: &Account) -> Result<(), ImportError> {
        if self.index_of(&account.address).is_some() {
            return Err(ImportError::DuplicateAddress(account.address));
        }
        let index = self
            .create(account.address)
            .ok_or(ImportError::TooManyAccounts)?;
        self.accounts.set_nonce(index, account.nonce);
        self.accounts.set_locked(index, account.locked);
        self.accounts.set_balance(index, ETH, account.eth);
        self.mint(ETH, account.eth)
            .ok_or(ImportError::SupplyOverflow(ETH))?;
        for entry in account.tokens.entries() {
            self.accounts.set_balance(index, entry.token, entry.amount);
            self.mint(entry.token, entry.amount)
                .ok_or(ImportError::SupplyOverflow(entry.token))?;
        }
        Ok(())
    }

    /// How many accounts there are: at least 1, the fee account.
    #[must_use]
    pub fn account_count(&self) -> u32 {
        self.accounts.len()
    }

    /// The numbers that are not accounts.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The account of that index.
    #[must_use]
    pub fn account(&self, index: u32) -> Option<Account> {
        self.accounts.get(index)
    }

    /// The leaf preimage of that account.
    #[must_use]
    pub fn leaf_preimage(&self, index: u32) -> Option<[u8; crate::account::LEAF_PREIMAGE_BYTES]> {
        self.accounts.leaf_preimage(index)
    }

    /// The leaf of that account, as its tree holds it.
    #[must_use]
    pub fn leaf(&self, index: u32) -> Option<B256> {
        self.leaf_preimage(index)
            .map(|preimage| crate::keccak::keccak256(&preimage))
    }

    /// The index of the account with that address.
    #[must_use]
    pub fn index_of(&self, address: &Address) -> Option<u32> {
        self.by_address.get(address, &self.accounts)
    }

    /// The address of that account.
    #[must_use]
    pub fn address(&self, index: u32) -> Option<Address> {
        self.accounts.address(index)
    }

    /// The nonce of that account.
    #[must_use]
    pub fn nonce(&self, index: u32) -> Option<u64> {
        self.accounts.nonce(index)
    }

    /// Whether that account is locked.
    #[must_use]
    pub fn locked(&self, index: u32) -> Option<bool> {
        self.accounts.locked(index)
    }

    /// What that account holds of a token, ETH included. Zero for an account that does not exist.
    #[must_use]
    pub fn balance(&self, index: u32, token: TokenId) -> u128 {
        self.accounts.balance(index, token)
    }

    /// How many tokens other than ETH that account holds: at most 255.
    #[must_use]
    pub fn token_entries(&self, index: u32) -> usize {
        self.accounts.token_entries(index)
    }

    /// The sum of all balances of a token: deposits less withdrawals.
    #[must_use]
    pub fn supply(&self, token: TokenId) -> u128 {
        self.supply
            .get(usize::from(token))
            .copied()
            .unwrap_or_default()
    }

    /// Takes what changed since the last call, or since the state was made.
    pub fn take_changes(&mut self) -> Changes {
        core::mem::take(&mut self.changes)
    }

    /// Forgets what changed, keeping the memory for what will.
    pub fn clear_changes(&mut self) {
        self.changes.accounts.clear();
        self.changes.withdrawals.clear();
    }

    /// What changed since [`Self::take_changes`] or [`Self::clear_changes`].
    #[must_use]
    pub const fn changes(&self) -> &Changes {
        &self.changes
    }
}

/// Changes, for [`crate::transition`] alone. Each assumes that what it needs was verified.
impl State {
    /// Creates an empty account. `None` when every index is taken.
    pub(crate) fn create(&mut self, address: Address) -> Option<u32> {
        let index = self.accounts.push(address)?;
        self.by_address.insert(index, &self.accounts);
        self.changes.accounts.push(index);
        Some(index)
    }

    /// Adds to a balance. `None` when it would reach 2^128, which the supply invariant excludes.
    #[must_use]
    pub(crate) fn credit(&mut self, index: u32, token: TokenId, amount: u128) -> Option<()> {
        let balance = self.accounts.balance(index, token).checked_add(amount)?;
        self.set_balance(index, token, balance);
        Some(())
    }

    /// Takes from a balance. `None` when it is too small.
    #[must_use]
    pub(crate) fn debit(&mut self, index: u32, token: TokenId, amount: u128) -> Option<()> {
        let balance = self.accounts.balance(index, token).checked_sub(amount)?;
        self.set_balance(index, token, balance);
        Some(())
    }

    fn set_balance(&mut self, index: u32, token: TokenId, amount: u128) {
        self.accounts.set_balance(index, token, amount);
        self.changes.accounts.push(index);
    }

    /// Counts funds that come in. `None`, and nothing counted, when the supply would reach 2^128.
    #[must_use]
    pub(crate) fn mint(&mut self, token: TokenId, amount: u128) -> Option<()> {
        let supply = self.supply.get_mut(usize::from(token))?;
        *supply = supply.checked_add(amount)?;
        Some(())
    }

    /// Counts funds that go out.
    #[must_use]
    pub(crate) fn burn(&mut self, token: TokenId, amount: u128) -> Option<()> {
        let supply = self.supply.get_mut(usize::from(token))?;
        *supply = supply.checked_sub(amount)?;
        Some(())
    }

    pub(crate) fn set_nonce(&mut self, index: u32, nonce: u64) {
        self.accounts.set_nonce(index, nonce);
        self.changes.accounts.push(index);
    }

    pub(crate) fn set_locked(&mut self, index: u32, locked: bool) {
        self.accounts.set_locked(index, locked);
        self.changes.accounts.push(index);
    }

    pub(crate) fn record_withdrawal(&mut self, withdrawal: Withdrawal) {
        self.changes.withdrawals.push(withdrawal);
    }

    pub(crate) const fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }
}
