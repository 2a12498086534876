//! Accounts, storage and code: as they are, and as they were some blocks ago.
//!
//! There is one state, the newest. Each block leaves what it overwrote, so that it can be undone, and
//! so that the state before it can be read: the oldest note after a block says what was there.

use std::collections::VecDeque;
use std::convert::Infallible;

use alloy_primitives::map::{AddressMap, HashMap};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, Keccak256, U256};
use revm::bytecode::Bytecode;
use revm::database_interface::DatabaseRef;
use revm::state::{AccountInfo, EvmState};

use super::history::History;

/// An account, without its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) nonce: u64,
    pub(crate) balance: U256,
    pub(crate) code_hash: B256,
}

impl Account {
    /// One that has never sent, received or been created.
    pub(crate) const EMPTY: Self = Self {
        nonce: 0,
        balance: U256::ZERO,
        code_hash: KECCAK256_EMPTY,
    };
}

type Slot = (Address, U256);

/// What a block overwrote.
#[derive(Debug, Default)]
pub(crate) struct Undo {
    accounts: AddressMap<Option<Account>>,
    slots: HashMap<Slot, U256>,
}

/// The newest state. Code is never forgotten: it is small beside the gas that it costs to deploy.
#[derive(Debug, Default)]
pub(crate) struct World {
    accounts: AddressMap<Account>,
    slots: HashMap<Slot, U256>,
    code: HashMap<B256, Bytecode>,
}

impl World {
    /// The account at an address.
    pub(crate) fn account(&self, address: &Address) -> Account {
        self.accounts
            .get(address)
            .copied()
            .unwrap_or(Account::EMPTY)
    }

    /// The code of that hash.
    pub(crate) fn code(&self, hash: &B256) -> Bytecode {
        self.code.get(hash).cloned().unwrap_or_default()
    }

    /// Sets an account, `None` to remove it.
    fn set_account(&mut self, address: Address, account: Option<Account>, undo: &mut Undo) {
        let before = match account {
            Some(account) => self.accounts.insert(address, account),
            None => self.accounts.remove(&address),
        };
        undo.accounts.entry(address).or_insert(before);
    }

    fn set_slot(&mut self, slot: Slot, value: U256, undo: &mut Undo) {
        let before = if value.is_zero() {
            self.slots.remove(&slot)
        } else {
            self.slots.insert(slot, value)
        };
        undo.slots.entry(slot).or_insert(before.unwrap_or_default());
    }

    /// Sets a balance, creating the account if need be.
    pub(crate) fn set_balance(&mut self, address: Address, balance: U256, undo: &mut Undo) {
        let account = Account {
            balance,
            ..self.account(&address)
        };
        let account = (account != Account::EMPTY).then_some(account);
        self.set_account(address, account, undo);
    }

    /// Puts code at an address. A contract's nonce is never zero.
    pub(crate) fn set_code(&mut self, address: Address, code: Bytecode, undo: &mut Undo) {
        let code_hash = code.hash_slow();
        self.code.insert(code_hash, code);
        let before = self.account(&address);
        let account = Account {
            nonce: before.nonce.max(1),
            code_hash,
            ..before
        };
        self.set_account(address, Some(account), undo);
    }

    /// Takes over what a transaction changed. Since EIP-6780 only an account that was created in the
    /// same transaction is destroyed, so no storage of an older one ever goes.
    pub(crate) fn apply(&mut self, changes: EvmState, undo: &mut Undo) {
        for (address, account) in changes {
            if !account.is_touched() {
                continue;
            }
            if account.is_selfdestructed() || account.is_empty() {
                self.set_account(address, None, undo);
                continue;
            }
            if let Some(code) = &account.info.code
                && account.info.code_hash != KECCAK256_EMPTY
            {
                self.code
                    .entry(account.info.code_hash)
                    .or_insert_with(|| code.clone());
            }
            for (slot, value) in account.changed_storage_slots() {
                self.set_slot((address, *slot), value.present_value(), undo);
            }
            let after = Account {
                nonce: account.info.nonce,
                balance: account.info.balance,
                code_hash: account.info.code_hash,
            };
            if self.accounts.get(&address) != Some(&after) {
                self.set_account(address, Some(after), undo);
            }
        }
    }

    /// Undoes a block, which must be the newest.
    pub(crate) fn undo(&mut self, undo: Undo) {
        for (address, before) in undo.accounts {
            match before {
                Some(account) => self.accounts.insert(address, account),
                None => self.accounts.remove(&address),
            };
        }
        for (slot, before) in undo.slots {
            if before.is_zero() {
                self.slots.remove(&slot);
            } else {
                self.slots.insert(slot, before);
            }
        }
    }

    /// Commits to a block's changes, on top of the commitment before it: the header's state root.
    pub(crate) fn commitment(&self, parent: B256, undo: &Undo) -> B256 {
        let mut hasher = Keccak256::new();
        hasher.update(parent);
        let mut accounts: Vec<_> = undo.accounts.keys().collect();
        accounts.sort_unstable();
        for address in accounts {
            let account = self.account(address);
            hasher.update(address);
            hasher.update(account.nonce.to_be_bytes());
            hasher.update(account.balance.to_be_bytes::<32>());
            hasher.update(account.code_hash);
        }
        let mut slots: Vec<_> = undo.slots.keys().collect();
        slots.sort_unstable();
        for slot in slots {
            hasher.update(slot.0);
            hasher.update(slot.1.to_be_bytes::<32>());
            let value = self.slots.get(slot).copied().unwrap_or_default();
            hasher.update(value.to_be_bytes::<32>());
        }
        hasher.finalize()
    }
}

/// The state after some block, read through what later blocks overwrote.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateAt<'a> {
    pub(super) world: &'a World,
    pub(super) undos: &'a VecDeque<Undo>,
    /// Where in `undos` the first later block is.
    pub(super) later: usize,
    pub(super) history: &'a History,
}

impl StateAt<'_> {
    /// The account at an address.
    pub(crate) fn account(&self, address: &Address) -> Account {
        let later = self.undos.range(self.later..);
        let mut notes = later.filter_map(|undo| undo.accounts.get(address));
        match notes.next() {
            Some(before) => before.unwrap_or(Account::EMPTY),
            None => self.world.account(address),
        }
    }

    /// A storage slot.
    pub(crate) fn slot(&self, address: Address, index: U256) -> U256 {
        let slot = (address, index);
        let later = self.undos.range(self.later..);
        let mut notes = later.filter_map(|undo| undo.slots.get(&slot));
        let before = notes.next().or_else(|| self.world.slots.get(&slot));
        before.copied().unwrap_or_default()
    }

    /// The code at an address.
    pub(crate) fn code(&self, address: &Address) -> Bytecode {
        self.world.code(&self.account(address).code_hash)
    }
}

impl DatabaseRef for StateAt<'_> {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        let account = self.account(&address);
        if account == Account::EMPTY {
            return Ok(None);
        }
        let code = self.world.code(&account.code_hash);
        Ok(Some(AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            code: Some(code),
            account_id: None,
        }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.world.code(&code_hash))
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, Infallible> {
        Ok(self.slot(address, index))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Infallible> {
        let block = self.history.by_number(number);
        Ok(block.map(|block| block.hash).unwrap_or_default())
    }
}
