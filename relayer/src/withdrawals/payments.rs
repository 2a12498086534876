//! Which withdrawals L1 has paid.

use std::collections::{BTreeMap, VecDeque};

use alloy_primitives::{Address, B256};

/// Where a withdrawal was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The transaction.
    pub transaction: B256,
    /// Its block.
    pub l1_block: u64,
    /// Who got it: the withdrawal's recipient, or who had advanced it.
    pub to: Address,
}

/// Payments: the newest with their transactions, the others as a bit each.
#[derive(Clone, Debug, Default)]
pub(super) struct Payments {
    recent: BTreeMap<u32, Payment>,
    /// The recent ones in the order of L1.
    order: VecDeque<(u64, u32)>,
    /// By index / 64.
    old: BTreeMap<u32, u64>,
}

impl Payments {
    pub(super) fn add(&mut self, index: u32, payment: Payment) {
        self.recent.insert(index, payment);
        self.order.push_back((payment.l1_block, index));
    }

    /// L1 has no block after that one, which is not before a final one, or none at all.
    pub(super) fn roll_back(&mut self, to: Option<u64>) {
        let is_gone = |l1_block: u64| to.is_none_or(|to| l1_block > to);
        while let Some((_, index)) = self.order.pop_back_if(|(block, _)| is_gone(*block)) {
            self.recent.remove(&index);
        }
    }

    /// L1's blocks up to that one are final. Answers the withdrawals whose payment is none of the newest any more.
    pub(super) fn settle(&mut self, final_block: u64, recent_max: usize) -> Vec<u32> {
        let surplus = self.order.len().saturating_sub(recent_max);
        let mut settled = Vec::new();
        while settled.len() < surplus
            && let Some((_, index)) = self.order.pop_front_if(|(block, _)| *block <= final_block)
        {
            self.recent.remove(&index);
            *self.old.entry(index / 64).or_default() |= 1 << (index % 64);
            settled.push(index);
        }
        settled
    }

    pub(super) fn get(&self, index: u32) -> Option<Payment> {
        self.recent.get(&index).copied()
    }

    /// Whether it was paid long ago.
    pub(super) fn is_old(&self, index: u32) -> bool {
        let word = self.old.get(&(index / 64));
        word.is_some_and(|word| (word >> (index % 64)) & 1 == 1)
    }
}
