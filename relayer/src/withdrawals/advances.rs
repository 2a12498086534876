//! Which withdrawals the pool has advanced, as L1's logs say.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use spillway_protocol::token::TokenId;
use spillway_protocol::withdrawal::Withdrawal;

/// An advance that the pool made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advanced {
    /// What was advanced.
    pub withdrawal: Withdrawal,
    /// What the pool kept, in the token's smallest unit.
    pub fee: u128,
    /// The transaction.
    pub transaction: B256,
    /// Its block.
    pub l1_block: u64,
    /// The block's timestamp.
    pub at: u64,
}

/// The pool's advances, until the payment of their index is old. An index can have several, of batches that fell.
#[derive(Clone, Debug, Default)]
pub(super) struct Advances(BTreeMap<(u32, B256), Advanced>);

impl Advances {
    pub(super) fn add(&mut self, index: u32, advanced: Advanced) {
        let leaf = advanced.withdrawal.leaf(index);
        self.0.insert((index, leaf), advanced);
    }

    /// L1 has no block after that one any more, or none at all.
    pub(super) fn roll_back(&mut self, to: Option<u64>) {
        self.0
            .retain(|_, advanced| to.is_some_and(|to| advanced.l1_block <= to));
    }

    pub(super) fn forget(&mut self, index: u32) {
        self.0.retain(|(known, _), _| *known != index);
    }

    pub(super) fn get(&self, index: u32, leaf: B256) -> Option<Advanced> {
        self.0.get(&(index, leaf)).copied()
    }

    /// Those of a token, with their indices.
    pub(super) fn of_token(&self, token: TokenId) -> impl Iterator<Item = (u32, &Advanced)> {
        let all = self
            .0
            .iter()
            .map(|((index, _), advanced)| (*index, advanced));
        all.filter(move |(_, advanced)| advanced.withdrawal.token == token)
    }
}
