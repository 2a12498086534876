//! From an address to the account's index: a hash table of the indices alone (5 to 10 bytes an
//! account), since the addresses are in the accounts.

use core::hash::BuildHasher;

use alloy_primitives::Address;
use foldhash::quality::RandomState;
use hashbrown::HashTable;

use super::accounts::Accounts;

/// Anyone can create accounts with addresses of their choice, so the hash is keyed; the key differs
/// between processes and has no bearing on any result.
#[derive(Clone, Debug, Default)]
pub(super) struct AddressIndex {
    table: HashTable<u32>,
    key: RandomState,
}

impl AddressIndex {
    pub(super) fn get(&self, address: &Address, accounts: &Accounts) -> Option<u32> {
        self.table
            .find(self.hash(address), |index| {
                accounts.address(*index).as_ref() == Some(address)
            })
            .copied()
    }

    /// Adds an account that is not there yet.
    pub(super) fn insert(&mut self, index: u32, accounts: &Accounts) {
        let Some(address) = accounts.address(index) else {
            return;
        };
        let key = &self.key;
        self.table
            .insert_unique(self.hash(&address), index, |other| {
                key.hash_one(accounts.address(*other).unwrap_or_default())
            });
    }

    fn hash(&self, address: &Address) -> u64 {
        self.key.hash_one(address)
    }
}
