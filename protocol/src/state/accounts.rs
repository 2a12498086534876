//! Accounts packed into 48 bytes each, token lists beside them.
//!
//! A million accounts are what a busy ledger holds in memory at least twice (once to execute on, once
//! to answer from), so the layout is tight: most accounts hold ETH alone, which is inline; a list of
//! tokens is behind a slot number, and the lock flag is that number's top bit.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256};

use crate::account::{self, Account, LEAF_PREIMAGE_BYTES, TokenBalances};
use crate::token::{ETH, TokenId};

#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
struct Packed {
    address: Address,
    nonce: u64,
    eth: u128,
    /// Top bit: locked. Rest: 1 + the place of the token list, or 0 without one.
    lock_and_slot: u32,
}

const _: () = assert!(size_of::<Packed>() == 48);

const LOCK_BIT: u32 = 1 << 31;

impl Packed {
    const fn locked(&self) -> bool {
        self.lock_and_slot & LOCK_BIT != 0
    }

    fn list(&self) -> Option<usize> {
        (self.lock_and_slot & !LOCK_BIT)
            .checked_sub(1)
            .map(|at| at as usize)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    accounts: Vec<Packed>,
    /// An account that once held a token keeps its slot, so slots are never freed.
    token_lists: Vec<TokenBalances>,
}

impl Accounts {
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.accounts.len()).unwrap_or(u32::MAX)
    }

    /// Appends an empty account. `None` when the count would not fit 32 bits.
    pub(super) fn push(&mut self, address: Address) -> Option<u32> {
        let index = self.len();
        index.checked_add(1)?;
        self.accounts.push(Packed {
            address,
            nonce: 0,
            eth: 0,
            lock_and_slot: 0,
        });
        Some(index)
    }

    fn packed(&self, index: u32) -> Option<&Packed> {
        self.accounts.get(index as usize)
    }

    fn packed_mut(&mut self, index: u32) -> Option<&mut Packed> {
        self.accounts.get_mut(index as usize)
    }

    fn tokens(&self, packed: &Packed) -> Option<&TokenBalances> {
        packed.list().and_then(|at| self.token_lists.get(at))
    }

    pub(super) fn get(&self, index: u32) -> Option<Account> {
        let packed = self.packed(index)?;
        Some(Account {
            address: packed.address,
            nonce: packed.nonce,
            locked: packed.locked(),
            eth: packed.eth,
            tokens: self.tokens(packed).cloned().unwrap_or_default(),
        })
    }

    pub(super) fn leaf_preimage(&self, index: u32) -> Option<[u8; LEAF_PREIMAGE_BYTES]> {
        let packed = self.packed(index)?;
        let tokens_hash = self.tokens(packed).map_or(B256::ZERO, TokenBalances::hash);
        let (address, nonce, eth) = (packed.address, packed.nonce, packed.eth);
        Some(account::leaf_preimage(
            &address,
            nonce,
            packed.locked(),
            eth,
            &tokens_hash,
        ))
    }

    pub(super) fn address(&self, index: u32) -> Option<Address> {
        self.packed(index).map(|packed| packed.address)
    }

    pub(super) fn nonce(&self, index: u32) -> Option<u64> {
        self.packed(index).map(|packed| packed.nonce)
    }

    pub(super) fn locked(&self, index: u32) -> Option<bool> {
        self.packed(index).map(Packed::locked)
    }

    pub(super) fn balance(&self, index: u32, token: TokenId) -> u128 {
        let Some(packed) = self.packed(index) else {
            return 0;
        };
        if token == ETH {
            return packed.eth;
        }
        self.tokens(packed).map_or(0, |tokens| tokens.get(token))
    }

    pub(super) fn token_entries(&self, index: u32) -> usize {
        self.packed(index)
            .and_then(|packed| self.tokens(packed))
            .map_or(0, |tokens| tokens.entries().len())
    }

    pub(super) fn set_nonce(&mut self, index: u32, nonce: u64) {
        if let Some(packed) = self.packed_mut(index) {
            packed.nonce = nonce;
        }
    }

    pub(super) fn set_locked(&mut self, index: u32, locked: bool) {
        if let Some(packed) = self.packed_mut(index) {
            packed.lock_and_slot &= !LOCK_BIT;
            if locked {
                packed.lock_and_slot |= LOCK_BIT;
            }
        }
    }

    pub(super) fn set_balance(&mut self, index: u32, token: TokenId, amount: u128) {
        let Some(packed) = self.accounts.get_mut(index as usize) else {
            return;
        };
        if token == ETH {
            packed.eth = amount;
            return;
        }
        let list = match packed.list() {
            Some(at) => at,
            None if amount == 0 => return,
            None => {
                self.token_lists.push(TokenBalances::default());
                // 2^31 lists would be 48 GiB of empty lists alone; the mask keeps the lock bit apart.
                let slot = u32::try_from(self.token_lists.len()).unwrap_or(!LOCK_BIT) & !LOCK_BIT;
                packed.lock_and_slot |= slot;
                self.token_lists.len().saturating_sub(1)
            }
        };
        if let Some(tokens) = self.token_lists.get_mut(list) {
            tokens.set(token, amount);
        }
    }
}
