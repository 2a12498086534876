//! L2 after some batch.

use alloy_primitives::{Address, B256};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::withdrawal::Withdrawal;

/// The state after a batch, with its trees and its last block.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(super) state: State,
    pub(super) tree: StateTree,
    pub(super) head: BlockHeader,
    pub(super) batch: u64,
    pub(super) other_block_hash: Option<u64>,
    pub(super) kept: Option<KeptWithdrawals>,
}

/// The withdrawals that concern an address. No state holds them: its tree has their leaves alone.
#[derive(Clone, Debug)]
pub(super) struct KeptWithdrawals {
    of: Address,
    withdrawals: Vec<(u32, Withdrawal)>,
}

impl KeptWithdrawals {
    /// Takes in the newest withdrawals of a state that has so many.
    pub(super) fn note(&mut self, newest: &[Withdrawal], count: u32) {
        let first = count.saturating_sub(newest.len() as u32);
        let concerns = |withdrawal: &Withdrawal| {
            withdrawal.account == self.of || withdrawal.recipient == self.of
        };
        let numbered = (first..).zip(newest.iter().copied());
        self.withdrawals
            .extend(numbered.filter(|(_, withdrawal)| concerns(withdrawal)));
    }
}

impl Ledger {
    /// Before the first batch.
    #[must_use]
    pub fn genesis(fee_account: Address) -> Self {
        let state = State::genesis(fee_account);
        let tree = StateTree::build(&state, std::iter::empty());
        let tree = tree.expect("one account fits a tree");
        Self::of_snapshot(state, tree, BlockHeader::genesis(), 0)
    }

    /// After that batch (0 for genesis), from a snapshot of the state, the trees over it and the last block. Whoever calls
    /// this has held the root against that of a batch that is final.
    #[must_use]
    pub fn of_snapshot(mut state: State, tree: StateTree, head: BlockHeader, batch: u64) -> Self {
        state.clear_changes();
        Self {
            state,
            tree,
            head,
            batch,
            other_block_hash: None,
            kept: None,
        }
    }

    /// The same, which from now on keeps the withdrawals out of that account, and those that pay that address.
    #[must_use]
    pub fn keeping_withdrawals_of(mut self, account: Address) -> Self {
        self.kept = Some(KeptWithdrawals {
            of: account,
            withdrawals: Vec::new(),
        });
        self
    }

    /// The withdrawals that were [kept](Self::keeping_withdrawals_of), by ascending index; none if nothing was to be kept.
    #[must_use]
    pub fn kept_withdrawals(&self) -> &[(u32, Withdrawal)] {
        self.kept.as_ref().map_or(&[], |kept| &kept.withdrawals)
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The trees over the state.
    #[must_use]
    pub const fn tree(&self) -> &StateTree {
        &self.tree
    }

    /// The last block.
    #[must_use]
    pub const fn head(&self) -> &BlockHeader {
        &self.head
    }

    /// The last batch's number; 0 before the first.
    #[must_use]
    pub const fn batch(&self) -> u64 {
        self.batch
    }

    /// The first batch whose header names another block hash than its operations lead to.
    ///
    /// State and funds are right, and L1 cannot be shown that the hash is wrong: only a header that the sequencer signed
    /// contradicts it. The replay goes on with the hash that was derived. That batch and those after it are never safe.
    #[must_use]
    pub const fn other_block_hash(&self) -> Option<u64> {
        self.other_block_hash
    }

    /// The state root.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.tree.root(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_withdrawals_of_one_address_are_kept_with_their_indices() {
        let (mine, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let withdrawal = |account, recipient| Withdrawal {
            account,
            recipient,
            token: 0,
            amount: 1,
        };
        let mut kept = KeptWithdrawals {
            of: mine,
            withdrawals: Vec::new(),
        };
        kept.note(&[], 0);
        kept.note(&[withdrawal(other, other), withdrawal(mine, other)], 2);
        kept.note(&[withdrawal(other, mine), withdrawal(other, other)], 4);
        let expected = [(1, withdrawal(mine, other)), (2, withdrawal(other, mine))];
        assert_eq!(kept.withdrawals, expected);
    }
}
