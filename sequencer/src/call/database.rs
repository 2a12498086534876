//! The ledger as the EVM reads it.
//!
//! A call reads while blocks are published. All that it reads is of the block on which it began, which the ledger remembers for a while
//! ([`Ledger::at`](crate::ledger::Ledger::at)). So the lock is held for one read, and never while the EVM runs.

use std::collections::HashMap;

use alloy_primitives::{Address, B256, U256};
use revm::Database;
use revm::bytecode::Bytecode;
use revm::database_interface::DBErrorMarker;
use revm::state::AccountInfo;
use spillway_protocol::block::BlockHeader;

use super::CallError;
use super::facades::{self, Facade};
use super::overrides::StateOverrides;
use crate::ledger::{Ledger, StateAt};
use crate::view::{ReadError, View};

/// Why the EVM could not read something. Whoever runs the call finds the reason in [`LedgerDatabase::fault`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the ledger could not be read")]
pub(super) struct Unreadable;

impl DBErrorMarker for Unreadable {}

/// What stopped a call.
#[derive(Debug)]
pub(super) enum Fault {
    /// The state after its block is not remembered any more.
    Gone,
    /// As many reads as a call may have.
    TooManyReads,
    /// A block of which the hash was asked could not be read.
    Unread(ReadError),
}

/// The ledger after one block, with what was overridden, and what was read so far.
#[derive(Debug)]
pub(super) struct LedgerDatabase<'a> {
    view: &'a View,
    overrides: &'a StateOverrides,
    reads_max: usize,
    head: BlockHeader,
    accounts: HashMap<Address, AccountInfo>,
    slots: HashMap<(Address, U256), U256>,
    /// Of blocks before, which do not change.
    hashes: HashMap<u64, B256>,
    fault: Option<Fault>,
}

impl<'a> LedgerDatabase<'a> {
    /// Of the block with that number, or of the newest one.
    ///
    /// # Errors
    /// [`CallError::UnknownBlock`] and [`CallError::Gone`].
    pub(super) fn new(
        view: &'a View,
        overrides: &'a StateOverrides,
        reads_max: usize,
        at: Option<u64>,
    ) -> Result<Self, CallError> {
        let head = view.with_ledger(|ledger| state_at(ledger, at).map(|at| *at.header()))?;
        Ok(Self {
            view,
            overrides,
            reads_max,
            head,
            accounts: HashMap::new(),
            slots: HashMap::new(),
            hashes: HashMap::new(),
            fault: None,
        })
    }

    /// The block whose state it is.
    pub(super) const fn head(&self) -> &BlockHeader {
        &self.head
    }

    /// What stopped the call that ran on it, if it was that.
    pub(super) const fn fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// Reads the state after this block and no other.
    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(&StateAt<'_>) -> T,
    ) -> Result<T, Unreadable> {
        let number = self.head.number;
        let value = self
            .view
            .with_ledger(|ledger| ledger.at(number).map(|at| read(&at)));
        value.ok_or_else(|| self.stop(Fault::Gone))
    }

    fn stop(&mut self, fault: Fault) -> Unreadable {
        self.fault = Some(fault);
        Unreadable
    }

    fn count_read(&mut self) -> Result<(), Unreadable> {
        if self.accounts.len() + self.slots.len() + self.hashes.len() < self.reads_max {
            Ok(())
        } else {
            Err(self.stop(Fault::TooManyReads))
        }
    }

    /// An account as the ledger has it.
    fn account(&mut self, address: Address) -> Result<AccountInfo, Unreadable> {
        if let Some(account) = self.accounts.get(&address) {
            return Ok(account.clone());
        }
        self.count_read()?;
        let account = self.read(|at| account_of(at, &address))?;
        self.accounts.insert(address, account.clone());
        Ok(account)
    }
}

/// What the EVM needs to know of an account.
fn account_of(at: &StateAt<'_>, address: &Address) -> AccountInfo {
    let account = at.account(address);
    let (balance, nonce) = account.map_or((0, 0), |account| (account.eth, account.nonce));
    let mut info = AccountInfo {
        balance: U256::from(balance),
        nonce,
        ..AccountInfo::default()
    };
    if let Some(facade) = Facade::at(address, at.tokens()) {
        let code = facade.code();
        info.code_hash = code.hash;
        info.code = Some(code.bytecode.clone());
    }
    info
}

impl Database for LedgerDatabase<'_> {
    type Error = Unreadable;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Unreadable> {
        let mut account = self.account(address)?;
        if let Some(overridden) = self.overrides.get(&address) {
            overridden.apply_to(&mut account);
        }
        Ok(Some(account))
    }

    /// Accounts come with their code.
    fn code_by_hash(&mut self, _: B256) -> Result<Bytecode, Unreadable> {
        Ok(Bytecode::default())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Unreadable> {
        let overridden = self.overrides.get(&address);
        if let Some(value) = overridden.and_then(|it| it.slot(&slot)) {
            return Ok(value);
        }
        if let Some(value) = self.slots.get(&(address, slot)) {
            return Ok(*value);
        }
        self.count_read()?;
        let view = self.view;
        let name = || view.token_name(&address);
        let value = self.read(|at| facades::slot(at, &address, slot, name))?;
        self.slots.insert((address, slot), value);
        Ok(value)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Unreadable> {
        if let Some(hash) = self.hashes.get(&number) {
            return Ok(*hash);
        }
        self.count_read()?;
        match self.view.block_hash(number) {
            Ok(hash) => {
                let hash = hash.unwrap_or_default();
                self.hashes.insert(number, hash);
                Ok(hash)
            }
            Err(error) => Err(self.stop(Fault::Unread(error))),
        }
    }
}

/// The state after the block with that number, or after the newest one.
///
/// # Errors
/// [`CallError::UnknownBlock`] and [`CallError::Gone`].
pub(crate) fn state_at(ledger: &Ledger, at: Option<u64>) -> Result<StateAt<'_>, CallError> {
    let newest = ledger.head().number;
    match at.unwrap_or(newest) {
        number if number > newest => Err(CallError::UnknownBlock),
        number => ledger.at(number).ok_or(CallError::Gone(number)),
    }
}

/// What a slot of the account at an address holds.
pub(crate) fn storage_at(view: &View, at: &StateAt<'_>, address: &Address, slot: U256) -> U256 {
    facades::slot(at, address, slot, || view.token_name(address))
}
