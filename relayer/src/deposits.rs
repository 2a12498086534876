//! Deposits on their way from L1 to the account that they are for.
//!
//! A state machine without I/O or clock: it is told what L1's blocks hold, what L1 took back, and how far L2 has consumed
//! the inbox, and answers how far each deposit is.
//!
//! **Invariant.** What is answered follows from L1's blocks and from L2's count alone, whatever forks there were on the way.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use spillway_protocol::token::TokenId;

/// What is remembered, and when a deposit is deep enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositConfig {
    /// Blocks on top of the one that holds a deposit before L2 consumes it.
    pub confirmations: u64,
    /// Deposits that are remembered at all. One that comes when so many wait for L2 is counted, and not followed.
    pub tracked_max: usize,
    /// Of those that are credited for good, so many of the newest are remembered.
    pub recent_max: usize,
}

impl Default for DepositConfig {
    /// Two epochs of mainnet; some 30 MB at most.
    fn default() -> Self {
        Self {
            confirmations: 64,
            tracked_max: 131_072,
            recent_max: 16_384,
        }
    }
}

/// A deposit as L1 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Its place in the inbox.
    pub index: u64,
    /// The account of L2 that it is for.
    pub to: Address,
    /// The token.
    pub token: TokenId,
    /// In the token's smallest unit.
    pub amount: u128,
    /// The block of L1 that holds it.
    pub l1_block: u64,
    /// The transaction.
    pub transaction: B256,
}

/// How far a deposit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepositStage {
    /// In L1's newest block.
    Seen,
    /// Fewer blocks are on top of it than it needs.
    Confirming {
        /// So many are.
        confirmations: u64,
        /// So many are needed.
        needed: u64,
    },
    /// Deep enough: L2 consumes it next.
    Confirmed,
    /// L2 has consumed it: the account holds the funds.
    Credited,
    /// The rollup has escaped and never consumed it: paid back on L1.
    Refunded,
}

/// A deposit and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositStatus {
    /// What it is.
    pub deposit: Deposit,
    /// How far it is.
    pub stage: DepositStage,
}

/// All deposits that are not over, and some that are.
#[derive(Clone, Debug)]
pub struct Deposits {
    config: DepositConfig,
    tracked: BTreeMap<u64, Deposit>,
    by_account: BTreeSet<(Address, u64)>,
    /// With the block of L1 in which it was paid back.
    refunded: BTreeMap<u64, u64>,
    head: u64,
    final_block: Option<u64>,
    consumed: u64,
    untracked: u64,
}

impl Deposits {
    /// Before L1's first block.
    #[must_use]
    pub const fn new(config: DepositConfig) -> Self {
        Self {
            config,
            tracked: BTreeMap::new(),
            by_account: BTreeSet::new(),
            refunded: BTreeMap::new(),
            head: 0,
            final_block: None,
            consumed: 0,
            untracked: 0,
        }
    }

    /// L1 has that block now; what it holds follows.
    pub fn on_block(&mut self, number: u64) {
        self.head = number;
    }

    /// The newest block holds a deposit.
    pub fn on_deposit(&mut self, deposit: Deposit) {
        if self.tracked.len() >= self.config.tracked_max && !self.forget_one() {
            self.untracked += 1;
            return;
        }
        self.by_account.insert((deposit.to, deposit.index));
        self.tracked.insert(deposit.index, deposit);
        self.forget_old();
    }

    /// A deposit was paid back in that block.
    pub fn on_refund(&mut self, index: u64, l1_block: u64) {
        if self.tracked.contains_key(&index) {
            self.refunded.insert(index, l1_block);
        }
    }

    /// L1 has no block after that one any more, or none at all. Answers how many deposits are gone that L2 has consumed: any
    /// means that L1 forked deeper than L2 waits.
    pub fn roll_back(&mut self, to: Option<u64>) -> usize {
        let is_gone = |l1_block: u64| to.is_none_or(|to| l1_block > to);
        self.head = to.unwrap_or(0);
        self.final_block = self.final_block.min(to);
        self.refunded.retain(|_, l1_block| !is_gone(*l1_block));
        let gone = self.tracked.values().rev();
        let gone: Vec<_> = gone
            .take_while(|deposit| is_gone(deposit.l1_block))
            .copied()
            .collect();
        for deposit in &gone {
            self.forget(deposit);
        }
        let consumed = self.consumed;
        gone.iter().filter(|gone| gone.index < consumed).count()
    }

    /// L1's blocks up to that one are final.
    pub fn on_final(&mut self, block: u64) {
        self.final_block = self.final_block.max(Some(block));
        self.forget_old();
    }

    /// L2 has consumed so many messages. It may be fewer than before: L2 goes back when batches fall.
    pub fn on_consumed(&mut self, messages: u64) {
        self.consumed = messages;
        self.forget_old();
    }

    /// The deposit with that place in the inbox; none if it is none, is not known yet, or was forgotten.
    #[must_use]
    pub fn get(&self, index: u64) -> Option<DepositStatus> {
        self.tracked.get(&index).map(|deposit| self.status(deposit))
    }

    /// The newest deposits for an account, at most so many.
    #[must_use]
    pub fn of_account(&self, account: Address, max: usize) -> Vec<DepositStatus> {
        let own = self.by_account.range((account, 0)..=(account, u64::MAX));
        own.rev()
            .take(max)
            .filter_map(|(_, index)| self.get(*index))
            .collect()
    }

    /// L1's newest block.
    #[must_use]
    pub const fn head(&self) -> u64 {
        self.head
    }

    /// Deposits that are remembered and wait for L2.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let waiting = self.tracked.range(self.consumed..);
        waiting.count() - self.refunded.range(self.consumed..).count()
    }

    /// Deposits that came when too many waited, and are not followed.
    #[must_use]
    pub const fn untracked(&self) -> u64 {
        self.untracked
    }

    fn status(&self, deposit: &Deposit) -> DepositStatus {
        let needed = self.config.confirmations;
        let stage = match self.head.saturating_sub(deposit.l1_block) {
            _ if deposit.index < self.consumed => DepositStage::Credited,
            _ if self.refunded.contains_key(&deposit.index) => DepositStage::Refunded,
            confirmations if confirmations >= needed => DepositStage::Confirmed,
            0 => DepositStage::Seen,
            confirmations => DepositStage::Confirming {
                confirmations,
                needed,
            },
        };
        DepositStatus {
            deposit: *deposit,
            stage,
        }
    }

    /// Whether nothing more happens to it: credited or paid back, in a block that stays.
    fn is_over(&self, deposit: &Deposit) -> bool {
        let is_final = |l1_block| self.final_block.is_some_and(|block| l1_block <= block);
        let refunded = self.refunded.get(&deposit.index);
        match refunded {
            Some(l1_block) => is_final(*l1_block),
            None => deposit.index < self.consumed && is_final(deposit.l1_block),
        }
    }

    fn forget_old(&mut self) {
        while self.tracked.len() > self.config.recent_max && self.forget_one() {}
    }

    /// Forgets the oldest, if it is over. L2 consumes in order, so what is over comes first.
    fn forget_one(&mut self) -> bool {
        let oldest = self.tracked.values().next().copied();
        let Some(oldest) = oldest.filter(|oldest| self.is_over(oldest)) else {
            return false;
        };
        self.forget(&oldest);
        true
    }

    fn forget(&mut self, deposit: &Deposit) {
        self.tracked.remove(&deposit.index);
        self.by_account.remove(&(deposit.to, deposit.index));
        self.refunded.remove(&deposit.index);
    }
}
