//! An L2 that is nothing but its withdrawals: one a block.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use alloy_primitives::{Address, B256};
use spillway_protocol::batch::BatchHeader;
use spillway_protocol::root::StatePreimage;
use spillway_protocol::state::Counters;
use spillway_protocol::token::{ETH, TokenId};
use spillway_protocol::tree::MerkleTree;
use spillway_protocol::withdrawal::Withdrawal;
use spillway_relayer::L2;
use spillway_relayer::l2::{L2Error, L2Head, L2Withdrawal};
use spillway_relayer::proof::WithdrawalProof;
use tokio::sync::watch;

use super::l1::{self, OWNER, key};

/// Shared by the test and the relayers that it starts.
#[derive(Clone, Debug, Default)]
pub(super) struct Town(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    withdrawals: Vec<L2Withdrawal>,
    inbox_count: u64,
    fork_id: u64,
    /// Counts blocks, those that were taken back too.
    salt: u64,
    /// By the last block of each batch.
    states: BTreeMap<u64, StatePreimage>,
    is_down: bool,
    safe: watch::Sender<u64>,
}

/// Whom withdrawal number `number` of a test goes to.
pub(super) fn recipient(number: u32) -> Address {
    Address::left_padding_from(&(0x7000_0000 + number).to_be_bytes())
}

impl Town {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// So many withdrawals, to recipients of their own; answers their indices.
    pub(super) fn withdraw(&self, count: u32, wei: u128) -> Vec<u32> {
        let first = self.inner().withdrawals.len() as u32;
        let indices = first..first + count;
        for index in indices.clone() {
            self.withdraw_to(recipient(index), wei);
        }
        indices.collect()
    }

    pub(super) fn withdraw_to(&self, recipient: Address, wei: u128) -> u32 {
        self.withdraw_of(ETH, recipient, wei)
    }

    pub(super) fn withdraw_of(&self, token: TokenId, recipient: Address, amount: u128) -> u32 {
        let mut inner = self.inner();
        inner.salt += 1;
        let index = inner.withdrawals.len() as u32;
        let withdrawal = Withdrawal {
            account: key(OWNER).address(),
            recipient,
            token,
            amount,
        };
        let block = u64::from(index) + 1;
        inner.withdrawals.push(L2Withdrawal { block, withdrawal });
        index
    }

    /// What a withdrawal is.
    pub(super) fn made(&self, index: u32) -> Withdrawal {
        self.inner().withdrawals[index as usize].withdrawal
    }

    /// Tells that all blocks so far are safe.
    pub(super) fn secure(&self) {
        let block = self.inner().withdrawals.len() as u64;
        self.inner().safe.send_replace(block);
    }

    /// The last block that is safe.
    pub(super) fn safe(&self) -> watch::Receiver<u64> {
        self.inner().safe.subscribe()
    }

    /// Consumes messages of the inbox.
    pub(super) fn consume(&self, messages: u64) {
        self.inner().inbox_count = messages;
    }

    /// Goes back to so many withdrawals, as after a revert on L1.
    pub(super) fn go_back(&self, withdrawals: usize) {
        let mut inner = self.inner();
        inner.fork_id += 1;
        inner.withdrawals.truncate(withdrawals);
        inner.states.split_off(&(withdrawals as u64 + 1));
    }

    pub(super) fn set_down(&self, is_down: bool) {
        self.inner().is_down = is_down;
    }

    /// The batch of all blocks so far.
    pub(super) fn batch(&self, parent: B256) -> BatchHeader {
        let mut inner = self.inner();
        let block = inner.withdrawals.len() as u64;
        let state = StatePreimage {
            accounts_root: B256::left_padding_from(&inner.salt.to_be_bytes()),
            withdrawals_root: inner.tree(inner.withdrawals.len()).root(),
            account_count: 1,
            counters: Counters {
                withdrawal_count: inner.withdrawals.len() as u32,
                block_number: block,
                ..Counters::default()
            },
        };
        inner.states.insert(block, state);
        l1::header(parent, state.root(), block)
    }
}

impl Inner {
    fn tree(&self, count: usize) -> MerkleTree {
        let leaves = (0..).zip(&self.withdrawals[..count]);
        let leaves = leaves.map(|(index, made)| made.withdrawal.leaf(index));
        MerkleTree::from_leaves(leaves).unwrap()
    }
}

impl L2 for Town {
    fn head(&self) -> Result<L2Head, L2Error> {
        let inner = self.inner();
        if inner.is_down {
            return Err("L2 is down".into());
        }
        Ok(L2Head {
            fork_id: inner.fork_id,
            inbox_count: inner.inbox_count,
            withdrawal_count: inner.withdrawals.len() as u32,
        })
    }

    fn withdrawals(&self, from: u32, max: usize) -> Result<Vec<L2Withdrawal>, L2Error> {
        let inner = self.inner();
        let made = inner.withdrawals.iter().skip(from as usize);
        Ok(made.take(max).copied().collect())
    }

    fn prove(&self, block: u64, indices: &[u32]) -> Result<WithdrawalProof, L2Error> {
        let inner = self.inner();
        let state = *inner.states.get(&block).ok_or("no batch ends there")?;
        let tree = inner.tree(state.counters.withdrawal_count as usize);
        let withdrawal = |index: &u32| (*index, inner.withdrawals[*index as usize].withdrawal);
        Ok(WithdrawalProof {
            state,
            withdrawals: indices.iter().map(withdrawal).collect(),
            siblings: tree.multiproof(indices)?,
        })
    }
}
