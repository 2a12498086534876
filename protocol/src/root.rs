//! The state root: one hash that commits to all of a state.

use alloc::vec::Vec;

use alloy_primitives::B256;

use crate::account::LEAF_PREIMAGE_BYTES;
use crate::keccak::{hash_short, keccak256_parts};
use crate::state::{Changes, Counters, State};
use crate::tree::{MerkleTree, TreeError};

const PREFIX: u8 = 0x02;

/// Accounts whose leaves are hashed at once when a tree is built: enough for the lanes of the hash, and
/// few enough that the preimages stay in the cache.
const BUILT_AT_ONCE: u32 = 1_024;

/// `H(0x02 || accounts_root || withdrawals_root || account_count u32 || withdrawal_count u32 ||
/// inbox_count u64 || authorised_count u64 || block_number u64 || timestamp u64 || base_fee u64)`.
#[must_use]
pub fn state_root(
    accounts_root: &B256,
    withdrawals_root: &B256,
    account_count: u32,
    counters: &Counters,
) -> B256 {
    keccak256_parts(&[
        &[PREFIX],
        accounts_root.as_slice(),
        withdrawals_root.as_slice(),
        &account_count.to_be_bytes(),
        &counters.withdrawal_count.to_be_bytes(),
        &counters.inbox_count.to_be_bytes(),
        &counters.authorised_count.to_be_bytes(),
        &counters.block_number.to_be_bytes(),
        &counters.timestamp.to_be_bytes(),
        &counters.base_fee.to_be_bytes(),
    ])
}

/// The trees over a state: accounts by index, and all withdrawals so far.
///
/// It follows a [`State`] through the changes that the state remembers; hashing costs only what
/// changed, and many changes at once share the paths that they have in common.
#[derive(Clone, Debug, Default)]
pub struct StateTree {
    accounts: MerkleTree,
    withdrawals: MerkleTree,
    preimages: Vec<[u8; LEAF_PREIMAGE_BYTES]>,
    hashes: Vec<B256>,
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
            ..Self::default()
        })
    }

    /// Brings the trees up to a state, given what changed in it since they last were.
    ///
    /// # Errors
    /// [`TreeError`] when the changes do not continue what the trees hold.
    pub fn update(&mut self, state: &State, changes: Changes) -> Result<(), TreeError> {
        let mut accounts = changes.accounts;
        accounts.sort_unstable();
        accounts.dedup();
        self.update_accounts(state, accounts)?;
        let first = self.withdrawals.len();
        let leaves: Vec<_> = (first..)
            .zip(&changes.withdrawals)
            .map(|(index, withdrawal)| (index, withdrawal.leaf(index)))
            .collect();
        self.withdrawals.update(&leaves)
    }

    /// Hashes the leaves of those accounts, strictly ascending, and the paths above them.
    fn update_accounts(&mut self, state: &State, indices: Vec<u32>) -> Result<(), TreeError> {
        self.preimages.clear();
        self.preimages.extend(
            indices
                .iter()
                .filter_map(|index| state.leaf_preimage(*index)),
        );
        self.hashes.clear();
        hash_short(&self.preimages, &mut self.hashes);
        let leaves: Vec<_> = indices
            .into_iter()
            .zip(self.hashes.iter().copied())
            .collect();
        self.accounts.update(&leaves)
    }

    /// The root of the state that the trees were last brought up to.
    #[must_use]
    pub fn root(&self, state: &State) -> B256 {
        state_root(
            &self.accounts.root(),
            &self.withdrawals.root(),
            state.account_count(),
            state.counters(),
        )
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
