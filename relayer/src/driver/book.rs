//! What others ask the relayer: how far a deposit or a withdrawal is.

use std::sync::Arc;

use alloy_primitives::Address;
use parking_lot::RwLock;
use spillway_protocol::token::TokenId;

use crate::deposits::{DepositConfig, DepositStatus, Deposits};
use crate::withdrawals::{PostedBatch, WithdrawalConfig, WithdrawalStatus, Withdrawals};

/// Answers of one question, at most.
pub const ANSWERS_MAX: usize = 1_024;

/// Both state machines.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    pub(super) deposits: Deposits,
    pub(super) withdrawals: Withdrawals,
    /// Whether L1 was read to its head, and L2 asked since.
    pub(super) is_current: bool,
}

impl Pages {
    pub(super) fn new(deposits: DepositConfig, withdrawals: WithdrawalConfig) -> Self {
        Self {
            deposits: Deposits::new(deposits),
            withdrawals: Withdrawals::new(withdrawals),
            is_current: false,
        }
    }

    /// Claims under way that are not all paid.
    pub(super) fn open_claims(&self) -> usize {
        let pointless = self.withdrawals.pointless_claims().len();
        let claims = self.withdrawals.claims().count();
        claims.saturating_sub(pointless)
    }
}

/// How far deposits and withdrawals are, for whoever asks. Cheap to clone; stays readable when the relayer has ended.
///
/// While the relayer reads L1 from its start it knows less than all.
#[derive(Clone, Debug)]
pub struct Book {
    pub(super) pages: Arc<RwLock<Pages>>,
}

impl Book {
    pub(super) fn new(pages: Pages) -> Self {
        Self {
            pages: Arc::new(RwLock::new(pages)),
        }
    }

    /// The deposit with that place in the inbox; none if it is none, is not known yet, or was credited long ago.
    #[must_use]
    pub fn deposit(&self, index: u64) -> Option<DepositStatus> {
        self.pages.read().deposits.get(index)
    }

    /// The newest deposits for an account, at most so many (up to [`ANSWERS_MAX`]).
    #[must_use]
    pub fn deposits_of(&self, account: Address, max: usize) -> Vec<DepositStatus> {
        let pages = self.pages.read();
        pages.deposits.of_account(account, max.min(ANSWERS_MAX))
    }

    /// The withdrawal with that index; none if it is not known yet, or was paid long ago.
    #[must_use]
    pub fn withdrawal(&self, index: u32) -> Option<WithdrawalStatus> {
        self.pages.read().withdrawals.get(index)
    }

    /// The newest batch that withdrawals can be claimed against: its challenge window is over, and no challenge is known to be open.
    #[must_use]
    pub fn claimable_batch(&self) -> Option<PostedBatch> {
        self.pages.read().withdrawals.claimable_batch().copied()
    }

    /// Whether L1 has paid it, however long ago.
    #[must_use]
    pub fn is_paid(&self, index: u32) -> bool {
        self.pages.read().withdrawals.is_paid(index)
    }

    /// The newest withdrawals that left an account or go to it, at most so many (up to [`ANSWERS_MAX`]).
    #[must_use]
    pub fn withdrawals_of(&self, account: Address, max: usize) -> Vec<WithdrawalStatus> {
        let pages = self.pages.read();
        pages.withdrawals.of_account(account, max.min(ANSWERS_MAX))
    }

    /// Lets `look` see what is known of withdrawals; none while L1 is not read to its head or L2 was not asked since.
    pub(crate) fn current<T>(&self, look: impl FnOnce(&Withdrawals) -> T) -> Option<T> {
        let pages = self.pages.read();
        pages.is_current.then(|| look(&pages.withdrawals))
    }

    /// The same with as much as is known.
    pub(crate) fn known<T>(&self, look: impl FnOnce(&Withdrawals) -> T) -> T {
        look(&self.pages.read().withdrawals)
    }

    /// Whose advances are followed.
    pub(crate) fn pool(&self) -> Option<Address> {
        self.known(Withdrawals::pool)
    }

    /// What the pool has advanced of a token and no claim has paid yet, in the token's smallest unit.
    #[must_use]
    pub fn outstanding(&self, token: TokenId) -> u128 {
        self.pages.read().withdrawals.outstanding(token)
    }
}
