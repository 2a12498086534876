//! The mempool: transactions that wait for a block, each account's in the order of their nonces.
//!
//! It behaves as geth's where a client can see it. An ordinary transaction may leave a gap before it, a
//! blob transaction may not. One replaces another of its nonce when it pays 10 % more (ordinary), or
//! twice as much in all three fees (blobs). An account has either ordinary or blob transactions here.

mod error;
mod select;
mod submission;

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_consensus::Transaction;
use alloy_primitives::map::B256Map;
use alloy_primitives::{Address, B256, U256};

use crate::chain::Account;
use crate::config::PoolLimits;

pub use error::PoolError;
pub(crate) use select::Verdict;
pub use submission::{Rules, Submission};

/// The waiting transactions.
#[derive(Debug)]
pub(crate) struct Pool {
    /// In the order of addresses, so that nothing depends on a hasher's seed.
    accounts: BTreeMap<Address, Queue>,
    by_hash: B256Map<(Address, u64)>,
    arrivals: u64,
    bytes: usize,
    limits: PoolLimits,
}

type Queue = BTreeMap<u64, Waiting>;

#[derive(Clone, Debug)]
struct Waiting {
    submission: Arc<Submission>,
    /// Its turn among those that pay the same.
    arrival: u64,
}

impl Pool {
    pub(crate) fn new(limits: PoolLimits) -> Self {
        Self {
            accounts: BTreeMap::new(),
            by_hash: B256Map::default(),
            arrivals: 0,
            bytes: 0,
            limits,
        }
    }

    /// Takes a transaction of an account that stands as given.
    pub(crate) fn insert(
        &mut self,
        submission: Arc<Submission>,
        account: &Account,
    ) -> Result<B256, PoolError> {
        let hash = submission.hash();
        if self.by_hash.contains_key(&hash) {
            return Err(PoolError::Known);
        }
        self.check_nonce(&submission, account)?;
        self.check_kind(&submission)?;
        self.check_funds(&submission, account)?;
        self.check_replacement(&submission)?;
        self.check_room(&submission)?;
        self.add(submission);
        Ok(hash)
    }

    /// The transaction of that hash.
    pub(crate) fn get(&self, hash: &B256) -> Option<&Arc<Submission>> {
        let (sender, nonce) = self.by_hash.get(hash)?;
        let waiting = self.accounts.get(sender)?.get(nonce)?;
        Some(&waiting.submission)
    }

    /// The nonce after an account's transactions, up to the first gap.
    pub(crate) fn next_nonce(&self, sender: &Address, state_nonce: u64) -> u64 {
        let Some(queue) = self.accounts.get(sender) else {
            return state_nonce;
        };
        let mut next = state_nonce;
        while queue.contains_key(&next) {
            next += 1;
        }
        next
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// Drops what the state has overtaken: used nonces, and what its sender cannot pay any more. A
    /// blob transaction behind a gap goes too.
    pub(crate) fn settle(&mut self, account: impl Fn(&Address) -> Account) {
        let mut dropped = Vec::new();
        for (sender, queue) in &self.accounts {
            let state = account(sender);
            let mut next = state.nonce;
            for (nonce, waiting) in queue {
                let overtaken = *nonce < state.nonce;
                let unpayable = waiting.submission.cost() > state.balance;
                let gap = *nonce != next && waiting.submission.has_blobs();
                if overtaken || unpayable || gap {
                    dropped.push((*sender, *nonce));
                } else {
                    next = nonce + 1;
                }
            }
        }
        for (sender, nonce) in dropped {
            self.remove(&sender, nonce);
        }
    }

    /// Drops one.
    pub(crate) fn remove(&mut self, sender: &Address, nonce: u64) {
        let Some(queue) = self.accounts.get_mut(sender) else {
            return;
        };
        if let Some(waiting) = queue.remove(&nonce) {
            self.by_hash.remove(&waiting.submission.hash());
            self.bytes = self.bytes.saturating_sub(waiting.submission.bytes());
        }
        if queue.is_empty() {
            self.accounts.remove(sender);
        }
    }

    fn add(&mut self, submission: Arc<Submission>) {
        let (sender, nonce) = (submission.sender(), submission.transaction().nonce());
        self.remove(&sender, nonce);
        self.by_hash.insert(submission.hash(), (sender, nonce));
        self.bytes = self.bytes.saturating_add(submission.bytes());
        let waiting = Waiting {
            submission,
            arrival: self.arrivals,
        };
        self.arrivals += 1;
        self.accounts
            .entry(sender)
            .or_default()
            .insert(nonce, waiting);
    }

    fn check_nonce(&self, submission: &Submission, account: &Account) -> Result<(), PoolError> {
        let have = submission.transaction().nonce();
        if have < account.nonce {
            let next = account.nonce;
            return Err(PoolError::NonceTooLow { next, have });
        }
        let next = self.next_nonce(&submission.sender(), account.nonce);
        if submission.has_blobs() && have > next {
            return Err(PoolError::NonceGap { next, have });
        }
        Ok(())
    }

    fn check_kind(&self, submission: &Submission) -> Result<(), PoolError> {
        let first = self
            .accounts
            .get(&submission.sender())
            .and_then(|queue| queue.values().next());
        match first {
            Some(first) if first.submission.has_blobs() != submission.has_blobs() => {
                let kind = if submission.has_blobs() {
                    "ordinary"
                } else {
                    "blob"
                };
                Err(PoolError::Reserved(kind))
            }
            _ => Ok(()),
        }
    }

    fn check_funds(&self, submission: &Submission, account: &Account) -> Result<(), PoolError> {
        let (balance, cost) = (account.balance, submission.cost());
        if cost > balance {
            return Err(PoolError::Funds { balance, cost });
        }
        let nonce = submission.transaction().nonce();
        let queue = self.accounts.get(&submission.sender());
        let others = queue
            .into_iter()
            .flatten()
            .filter(|(other, _)| **other != nonce);
        let queued = others.fold(U256::ZERO, |sum, (_, waiting)| {
            sum.saturating_add(waiting.submission.cost())
        });
        if queued.saturating_add(cost) > balance {
            return Err(PoolError::QueuedFunds {
                balance,
                queued,
                cost,
            });
        }
        Ok(())
    }

    fn check_replacement(&self, submission: &Submission) -> Result<(), PoolError> {
        let new = &**submission.transaction();
        let Some(old) = self.waiting(submission) else {
            return Ok(());
        };
        let old = &**old.submission.transaction();
        let percent = if new.is_eip4844() { 200 } else { 110 };
        let tip = |one: &dyn Transaction| {
            let tip = one.max_priority_fee_per_gas();
            tip.unwrap_or_else(|| one.max_fee_per_gas())
        };
        let blob_fee = |one: &dyn Transaction| one.max_fee_per_blob_gas().unwrap_or_default();
        for (field, have, before) in [
            ("gas fee cap", new.max_fee_per_gas(), old.max_fee_per_gas()),
            ("gas tip cap", tip(new), tip(old)),
            ("blob gas fee cap", blob_fee(new), blob_fee(old)),
        ] {
            // As geth: rounded down, and more than before in any case. No blob fee is no fee.
            let raised = before.saturating_mul(percent) / 100;
            let want = raised.max(before.saturating_add(1));
            let is_paid = before > 0 || field != "blob gas fee cap";
            if is_paid && have < want {
                return Err(PoolError::ReplacementUnderpriced { field, have, want });
            }
        }
        Ok(())
    }

    fn check_room(&self, submission: &Submission) -> Result<(), PoolError> {
        if self.waiting(submission).is_some() {
            return Ok(());
        }
        let queue = self.accounts.get(&submission.sender());
        let pooled = queue.map_or(0, BTreeMap::len);
        let account_max = if submission.has_blobs() {
            self.limits.account_blob_transactions
        } else {
            self.limits.account_transactions
        };
        if pooled >= account_max {
            return Err(PoolError::AccountLimit(pooled));
        }
        let bytes = self.bytes.saturating_add(submission.bytes());
        if self.len() >= self.limits.transactions || bytes > self.limits.bytes {
            return Err(PoolError::Full);
        }
        Ok(())
    }

    /// The one that a transaction would replace.
    fn waiting(&self, submission: &Submission) -> Option<&Waiting> {
        let queue = self.accounts.get(&submission.sender())?;
        queue.get(&submission.transaction().nonce())
    }
}

#[cfg(test)]
mod tests {
    use alloy_consensus::transaction::Recovered;
    use alloy_consensus::{Signed, TxEip1559, TxEip4844, TxEip4844Variant, TxEnvelope};
    use alloy_eips::eip7594::BlobTransactionSidecarEip7594;
    use alloy_primitives::Signature;

    use super::*;

    const SENDER: Address = Address::repeat_byte(1);

    fn pool() -> Pool {
        Pool::new(PoolLimits::default())
    }

    fn account(nonce: u64) -> Account {
        Account {
            nonce,
            balance: U256::from(10).pow(U256::from(20)),
            ..Account::EMPTY
        }
    }

    /// A blob transaction as if its sidecar had been checked; `fees` are cap, tip and blob cap.
    fn blobs(nonce: u64, fees: [u128; 3]) -> Arc<Submission> {
        let transaction = TxEip4844 {
            nonce,
            gas_limit: 21_000,
            max_fee_per_gas: fees[0],
            max_priority_fee_per_gas: fees[1],
            max_fee_per_blob_gas: fees[2],
            blob_versioned_hashes: vec![B256::ZERO],
            ..TxEip4844::default()
        };
        let variant = TxEip4844Variant::TxEip4844(transaction);
        let signed = Signed::new_unhashed(variant, Signature::test_signature());
        let envelope = TxEnvelope::Eip4844(signed);
        submission(envelope, Some(BlobTransactionSidecarEip7594::default()))
    }

    fn ordinary(nonce: u64) -> Arc<Submission> {
        let transaction = TxEip1559 {
            nonce,
            gas_limit: 21_000,
            max_fee_per_gas: 100,
            max_priority_fee_per_gas: 10,
            ..TxEip1559::default()
        };
        let signed = Signed::new_unhashed(transaction, Signature::test_signature());
        submission(signed.into(), None)
    }

    fn submission(
        envelope: TxEnvelope,
        sidecar: Option<BlobTransactionSidecarEip7594>,
    ) -> Arc<Submission> {
        let transaction = Recovered::new_unchecked(envelope, SENDER);
        Arc::new(Submission::known(transaction, sidecar, 1_000))
    }

    #[test]
    fn blobs_are_replaced_by_twice_as_much_in_all_three_fees() {
        let mut pool = pool();
        pool.insert(blobs(0, [100, 10, 50]), &account(0)).unwrap();
        // fees -> the field that is refused
        for (fees, refused) in [
            ([199, 20, 100], Some("gas fee cap")),
            ([200, 19, 100], Some("gas tip cap")),
            ([200, 20, 99], Some("blob gas fee cap")),
            ([100, 10, 500], Some("gas fee cap")),
            ([200, 20, 100], None),
            ([300, 40, 200], Some("gas fee cap")),
            ([400, 40, 200], None),
        ] {
            let found = match pool.insert(blobs(0, fees), &account(0)) {
                Ok(_) => None,
                Err(PoolError::ReplacementUnderpriced { field, .. }) => Some(field),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(found, refused, "{fees:?}");
            assert_eq!(pool.len(), 1);
        }
    }

    #[test]
    fn an_account_has_one_kind_at_a_time() {
        let mut with_blobs = pool();
        with_blobs
            .insert(blobs(0, [100, 10, 50]), &account(0))
            .unwrap();
        let refused = with_blobs.insert(ordinary(1), &account(0));
        assert_eq!(refused, Err(PoolError::Reserved("blob")));
        let mut without = pool();
        without.insert(ordinary(0), &account(0)).unwrap();
        let refused = without.insert(blobs(1, [100, 10, 50]), &account(0));
        assert_eq!(refused, Err(PoolError::Reserved("ordinary")));
        // Once the one kind has left, the other may come.
        without.settle(|_| account(1));
        without
            .insert(blobs(1, [100, 10, 50]), &account(1))
            .unwrap();
    }

    #[test]
    fn blobs_leave_no_gap_not_even_when_one_drops_out() {
        let mut pool = pool();
        let fees = [100, 10, 50];
        let gap = pool.insert(blobs(1, fees), &account(0));
        assert_eq!(gap, Err(PoolError::NonceGap { next: 0, have: 1 }));
        for nonce in 0..4 {
            pool.insert(blobs(nonce, fees), &account(0)).unwrap();
        }
        pool.remove(&SENDER, 1);
        pool.settle(|_| account(0));
        assert_eq!((pool.len(), pool.next_nonce(&SENDER, 0)), (1, 1));
    }

    #[test]
    fn an_account_has_sixteen_blob_transactions_at_most() {
        let mut pool = pool();
        for nonce in 0..16 {
            pool.insert(blobs(nonce, [100, 10, 50]), &account(0))
                .unwrap();
        }
        let more = pool.insert(blobs(16, [100, 10, 50]), &account(0));
        assert_eq!(more, Err(PoolError::AccountLimit(16)));
    }

    #[test]
    fn blobs_wait_for_a_block_whose_blob_fee_they_pay() {
        let mut pool = pool();
        pool.insert(blobs(0, [100, 10, 50]), &account(0)).unwrap();
        let offered = |base_fee, blob_fee| {
            let mut best = pool.best(base_fee, blob_fee, |_| account(0));
            best.offer().is_some()
        };
        assert!(offered(100, 50));
        assert!(!offered(100, 51));
        assert!(!offered(101, 50));
    }
}
