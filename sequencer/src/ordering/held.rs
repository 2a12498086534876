//! Transactions that wait for earlier nonces of their sender: in memory, bounded, and for a while.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use alloy_primitives::{Address, B256};

use super::OrderingError;
use crate::admission::Admitted;
use crate::config::QueueConfig;

/// Percent that a replacement's fee cap must add, as in geth.
const REPLACEMENT_BUMP_PERCENT: u128 = 10;

#[derive(Debug)]
pub(super) struct Held {
    by_sender: HashMap<Address, BTreeMap<u64, Admitted>>,
    /// The hashes of what is held.
    hashes: HashSet<B256>,
    /// In the order of expiry. An entry whose transaction has gone or was replaced means nothing.
    expiries: VecDeque<(Duration, Address, u64, B256)>,
    config: QueueConfig,
}

impl Held {
    pub(super) fn new(config: QueueConfig) -> Self {
        Self {
            by_sender: HashMap::new(),
            hashes: HashSet::new(),
            expiries: VecDeque::new(),
            config,
        }
    }

    /// Holds a transaction. One that is held already is held on; another one of the same nonce gives
    /// way to it if it offers enough more.
    pub(super) fn insert(
        &mut self,
        now: Duration,
        transaction: Admitted,
    ) -> Result<(), OrderingError> {
        let (sender, nonce, hash) = (transaction.signer(), transaction.nonce, transaction.hash);
        match self
            .by_sender
            .get(&sender)
            .and_then(|held| held.get(&nonce))
        {
            Some(held) if held.hash == hash => return Ok(()),
            Some(held) if !replaces(&transaction, held) => {
                return Err(OrderingError::ReplacementUnderpriced);
            }
            Some(held) => {
                self.hashes.remove(&held.hash);
            }
            None if self.hashes.len() >= self.config.held_max => {
                return Err(OrderingError::HeldFull);
            }
            None => {}
        }
        self.hashes.insert(hash);
        self.by_sender
            .entry(sender)
            .or_default()
            .insert(nonce, transaction);
        self.expiries.push_back((
            now.saturating_add(self.config.held_for),
            sender,
            nonce,
            hash,
        ));
        self.drop_stale_expiries();
        Ok(())
    }

    /// Whether a transaction is held.
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn contains(&self, hash: &B256) -> bool {
        self.hashes.contains(hash)
    }

    /// Whether a transaction of that nonce is held.
    pub(super) fn waits(&self, sender: &Address, nonce: u64) -> bool {
        let held = self.by_sender.get(sender);
        held.is_some_and(|held| held.contains_key(&nonce))
    }

    /// Takes the transaction of that nonce, and drops those before it, which can never be executed.
    pub(super) fn take(&mut self, sender: &Address, nonce: u64) -> Option<Admitted> {
        let held = self.by_sender.get_mut(sender)?;
        let later = held.split_off(&nonce);
        let earlier = std::mem::replace(held, later);
        let transaction = held.remove(&nonce);
        for gone in earlier.values().chain(&transaction) {
            self.hashes.remove(&gone.hash);
        }
        if held.is_empty() {
            self.by_sender.remove(sender);
        }
        transaction
    }

    /// Drops what has been held for too long.
    pub(super) fn expire(&mut self, now: Duration) {
        while let Some((_, sender, nonce, hash)) =
            self.expiries.pop_front_if(|(expiry, ..)| *expiry <= now)
        {
            let Some(held) = self.by_sender.get_mut(&sender) else {
                continue;
            };
            if held
                .get(&nonce)
                .is_some_and(|transaction| transaction.hash == hash)
            {
                held.remove(&nonce);
                self.hashes.remove(&hash);
            }
            if held.is_empty() {
                self.by_sender.remove(&sender);
            }
        }
    }

    /// Keeps the expiries from outgrowing what is held, when the same nonces are replaced or executed
    /// again and again.
    fn drop_stale_expiries(&mut self) {
        if self.expiries.len() <= 2 * self.config.held_max.max(self.hashes.len()) {
            return;
        }
        let by_sender = &self.by_sender;
        self.expiries.retain(|(_, sender, nonce, hash)| {
            by_sender
                .get(sender)
                .and_then(|held| held.get(nonce))
                .is_some_and(|transaction| transaction.hash == *hash)
        });
    }
}

fn replaces(new: &Admitted, old: &Admitted) -> bool {
    let bump = old.max_fee_per_gas / 100 * REPLACEMENT_BUMP_PERCENT
        + old.max_fee_per_gas % 100 * REPLACEMENT_BUMP_PERCENT / 100;
    new.max_fee_per_gas > old.max_fee_per_gas
        && new.max_fee_per_gas >= old.max_fee_per_gas.saturating_add(bump)
}
