//! The state root: one hash that commits to all of a state.

use alloc::vec::Vec;

use alloy_primitives::B256;

use crate::account::LEAF_PREIMAGE_BYTES;
use crate::keccak::{BulkHasher, OneThread, hash_short, keccak256_parts};
use crate::state::{Changes, Counters, State};
use crate::tree::{MerkleTree, TreeError};
use crate::withdrawal::Withdrawal;

const PREFIX: u8 = 0x02;

/// Accounts whose leaves are hashed at once when a tree is built: enough for the lanes of the hash, and
/// few enough that the preimages stay in the cache.
const BUILT_AT_ONCE: u32 = 1_024;

/// All that a state root commits to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatePreimage {
    /// Root of the tree of accounts.
    pub accounts_root: B256,
    /// Root of the tree of withdrawals.
    pub withdrawals_root: B256,
    /// Accounts.
    pub account_count: u32,
    /// The other numbers.
    pub counters: Counters,
}

impl StatePreimage {
    /// `H(0x02 || accounts_root || withdrawals_root || account_count u32 || withdrawal_count u32 ||
    /// inbox_count u64 || authorised_count u64 || block_number u64 || timestamp u64 || base_fee u64)`.
    #[must_use]
    pub fn root(&self) -> B256 {
        keccak256_parts(&[
            &[PREFIX],
            self.accounts_root.as_slice(),
            self.withdrawals_root.as_slice(),
            &self.account_count.to_be_bytes(),
            &self.counters.withdrawal_count.to_be_bytes(),
            &self.counters.inbox_count.to_be_bytes(),
            &self.counters.authorised_count.to_be_bytes(),
            &self.counters.block_number.to_be_bytes(),
            &self.counters.timestamp.to_be_bytes(),
            &self.counters.base_fee.to_be_bytes(),
        ])
    }
}

/// What a state root needs of a state, copied while the state was there: so the state can go on, and the
/// hashing can come later and for several states at once ([`StateTree::follow`]).
#[derive(Clone, Debug)]
pub struct Delta {
    /// Accounts that changed, strictly ascending.
    accounts: Vec<u32>,
    /// The preimages of their leaves.
    preimages: Vec<[u8; LEAF_PREIMAGE_BYTES]>,
    withdrawals: Vec<Withdrawal>,
    account_count: u32,
    counters: Counters,
}

impl Delta {
    /// What changed in the state since its changes were last taken, and what it is now.
    pub fn take(state: &mut State) -> Self {
        let changes = state.take_changes();
        Self::new(state, changes)
    }

    fn new(state: &State, changes: Changes) -> Self {
        let mut accounts = changes.accounts;
        accounts.sort_unstable();
        accounts.dedup();
        Self {
            preimages: accounts
                .iter()
                .filter_map(|index| state.leaf_preimage(*index))
                .collect(),
            accounts,
            withdrawals: changes.withdrawals,
            account_count: state.account_count(),
            counters: *state.counters(),
        }
    }
}

/// The trees over a state: accounts by index, and all withdrawals so far.
///
/// It follows a [`State`] through the changes that the state remembers; hashing costs only what
/// changed, and many changes at once share the paths that they have in common.
#[derive(Clone, Debug, Default)]
pub struct StateTree {
    accounts: MerkleTree,
    withdrawals: MerkleTree,
}

impl StateTree {
    /// Builds the trees over a state from nothing but the leaves of its withdrawals, in order.
    ///
    /// # Errors
    /// Never for a state's own withdrawals; [`TreeError`] if there are more leaves than indices.
    pub fn build(
        state: &State,
        withdrawals: impl Iterator<Item = B256>,
    ) -> Result<Self, TreeError> {
        let mut buffers = Vec::new();
        let leaves = (0..state.account_count())
            .step_by(BUILT_AT_ONCE as usize)
            .flat_map(|first| {
                let end = first
                    .saturating_add(BUILT_AT_ONCE)
                    .min(state.account_count());
                buffers.clear();
                buffers.extend((first..end).filter_map(|index| state.leaf_preimage(index)));
                let mut leaves = Vec::new();
                hash_short(&buffers, &mut leaves);
                leaves
            });
        Ok(Self {
            accounts: MerkleTree::from_leaves(leaves)?,
            withdrawals: MerkleTree::from_leaves(withdrawals)?,
        })
    }

    /// Brings the trees up to a state, given what changed in it since they last were.
    ///
    /// # Errors
    /// [`TreeError`] when the changes do not continue what the trees hold.
    pub fn update(&mut self, state: &State, changes: Changes) -> Result<(), TreeError> {
        let delta = Delta::new(state, changes);
        self.follow(&[delta], &mut OneThread).map(drop)
    }

    /// Brings the trees through several changes one after the other, and returns the state root after each.
    ///
    /// Much faster than one at a time where `hasher` has several cores, and a little where it has one.
    ///
    /// # Errors
    /// [`TreeError`] when the changes do not continue what the trees hold. The trees are then of no use.
    pub fn follow(
        &mut self,
        deltas: &[Delta],
        hasher: &mut impl BulkHasher,
    ) -> Result<Vec<B256>, TreeError> {
        let accounts = self.follow_accounts(deltas, hasher)?;
        let withdrawals = self.follow_withdrawals(deltas, hasher)?;
        let roots = deltas.iter().zip(accounts).zip(withdrawals);
        Ok(roots
            .map(|((delta, accounts_root), withdrawals_root)| {
                let preimage = StatePreimage {
                    accounts_root,
                    withdrawals_root,
                    account_count: delta.account_count,
                    counters: delta.counters,
                };
                preimage.root()
            })
            .collect())
    }

    fn follow_accounts(
        &mut self,
        deltas: &[Delta],
        hasher: &mut impl BulkHasher,
    ) -> Result<Vec<B256>, TreeError> {
        let preimages: Vec<_> = deltas
            .iter()
            .flat_map(|delta| delta.preimages.iter().copied())
            .collect();
        let mut hashes = Vec::with_capacity(preimages.len());
        hasher.hash_short(&preimages, &mut hashes);
        let mut hashes = hashes.into_iter();
        let leaves: Vec<Vec<_>> = deltas
            .iter()
            .map(|delta| delta.accounts.iter().copied().zip(&mut hashes).collect())
            .collect();
        self.accounts.update_each(&slices(&leaves), hasher)
    }

    fn follow_withdrawals(
        &mut self,
        deltas: &[Delta],
        hasher: &mut impl BulkHasher,
    ) -> Result<Vec<B256>, TreeError> {
        let mut next = self.withdrawals.len()..;
        let leaves: Vec<Vec<_>> = deltas
            .iter()
            .map(|delta| {
                delta
                    .withdrawals
                    .iter()
                    .zip(&mut next)
                    .map(|(withdrawal, index)| (index, withdrawal.leaf(index)))
                    .collect()
            })
            .collect();
        self.withdrawals.update_each(&slices(&leaves), hasher)
    }

    /// The root of the state that the trees were last brought up to.
    #[must_use]
    pub fn root(&self, state: &State) -> B256 {
        self.preimage(state).root()
    }

    /// What the root of that state commits to.
    #[must_use]
    pub fn preimage(&self, state: &State) -> StatePreimage {
        StatePreimage {
            accounts_root: self.accounts.root(),
            withdrawals_root: self.withdrawals.root(),
            account_count: state.account_count(),
            counters: *state.counters(),
        }
    }

    /// The tree over the accounts' leaves.
    #[must_use]
    pub const fn accounts(&self) -> &MerkleTree {
        &self.accounts
    }

    /// The tree over the withdrawals' leaves.
    #[must_use]
    pub const fn withdrawals(&self) -> &MerkleTree {
        &self.withdrawals
    }
}

fn slices<T>(lists: &[Vec<T>]) -> Vec<&[T]> {
    lists.iter().map(Vec::as_slice).collect()
}
