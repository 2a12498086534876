//! The ledger as the EVM reads it.
//!
//! A call reads while blocks are published. What it has read stays as it was; what it reads anew has to be of the same block, and is not
//! when there is a newer one by then. Then the call cannot go on: all that it has read so far is read again, at once, of the newest
//! block ([`LedgerDatabase::renew`]), and the call begins again. As it reads the same then, it hardly needs a third time. So the lock
//! is held for one read, or for as many as [`super::CallLimits::reads_max`], and never while the EVM runs.

use std::collections::HashMap;

use alloy_primitives::{Address, B256, U256};
use revm::Database;
use revm::bytecode::Bytecode;
use revm::database_interface::DBErrorMarker;
use revm::state::AccountInfo;
use spillway_protocol::block::BlockHeader;

use super::facades::{self, Facade};
use super::overrides::StateOverrides;
use crate::ledger::Ledger;
use crate::view::{ReadError, View};

/// Why the EVM could not read something. Whoever runs the call finds the reason in [`LedgerDatabase::fault`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the ledger could not be read")]
pub(super) struct Unreadable;

impl DBErrorMarker for Unreadable {}

/// What stopped a call.
#[derive(Debug)]
pub(super) enum Fault {
    /// There is a newer block: begin again.
    Moved,
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
    /// Of the newest block.
    pub(super) fn new(view: &'a View, overrides: &'a StateOverrides, reads_max: usize) -> Self {
        Self {
            view,
            overrides,
            reads_max,
            head: view.with_ledger(|ledger| *ledger.head()),
            accounts: HashMap::new(),
            slots: HashMap::new(),
            hashes: HashMap::new(),
            fault: None,
        }
    }

    /// The block whose state it is.
    pub(super) const fn head(&self) -> &BlockHeader {
        &self.head
    }

    /// What stopped the call that ran on it, if it was that.
    pub(super) const fn fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// Moves to the newest block, with all that was read.
    pub(super) fn renew(&mut self) {
        let view = self.view;
        let (accounts, slots) = (&mut self.accounts, &mut self.slots);
        self.head = view.with_ledger(|ledger| {
            for (address, account) in accounts {
                *account = account_of(ledger, address);
            }
            for ((address, slot), value) in slots {
                *value = facades::slot(ledger, address, *slot, || view.token_name(address));
            }
            *ledger.head()
        });
    }

    /// Reads the ledger itself, of this block and no other.
    pub(super) fn read<T>(&mut self, read: impl FnOnce(&Ledger) -> T) -> Result<T, Unreadable> {
        let number = self.head.number;
        let value = self
            .view
            .with_ledger(|ledger| (ledger.head().number == number).then(|| read(ledger)));
        value.ok_or_else(|| self.stop(Fault::Moved))
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
        // Remembered even if it cannot be read now: it is wanted again.
        let account = self.read(|ledger| account_of(ledger, &address));
        let known = account.as_ref().cloned().unwrap_or_default();
        self.accounts.insert(address, known);
        account
    }
}

/// What the EVM needs to know of an account.
fn account_of(ledger: &Ledger, address: &Address) -> AccountInfo {
    let state = ledger.state();
    let account = state
        .index_of(address)
        .and_then(|index| state.account(index));
    let (balance, nonce) = account.map_or((0, 0), |account| (account.eth, account.nonce));
    let mut info = AccountInfo {
        balance: U256::from(balance),
        nonce,
        ..AccountInfo::default()
    };
    if let Some(facade) = Facade::at(address, ledger.tokens()) {
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
        let value = self.read(|ledger| facades::slot(ledger, &address, slot, name));
        let known = *value.as_ref().unwrap_or(&U256::ZERO);
        self.slots.insert((address, slot), known);
        value
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

/// What a slot of the account at an address holds after the ledger's newest block.
pub(crate) fn storage_at(view: &View, ledger: &Ledger, address: &Address, slot: U256) -> U256 {
    facades::slot(ledger, address, slot, || view.token_name(address))
}
