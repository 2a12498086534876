//! Who is subscribed to what, so that a block is matched with those alone who may want something of it.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::Log;

use super::super::logs::criteria::Criteria;
use crate::index::Key;

/// What somebody is subscribed to.
#[derive(Clone, Debug)]
pub(super) enum Topic {
    /// The header of each block.
    Heads,
    /// The hash of each transaction, or all of it.
    Transactions {
        /// All of it.
        full: bool,
    },
    /// Logs.
    Logs(Criteria),
}

/// Subscribers, each with something of the caller's.
#[derive(Debug)]
pub(super) struct Registry<T> {
    next: u64,
    subscribers: BTreeMap<u64, Subscriber<T>>,
    /// Subscribers to logs by the keys of which a log that they want has one; each is under all of its keys.
    by_key: HashMap<Key, Vec<u64>>,
}

/// A subscriber.
#[derive(Debug)]
pub(super) struct Subscriber<T> {
    pub(super) topic: Topic,
    pub(super) held: T,
    /// Its keys in the registry; none for one to other things than logs.
    keys: Vec<Key>,
}

impl<T> Subscriber<T> {
    /// Whether it wants something of nearly every block: all but those to logs of certain parties.
    pub(super) fn wants_everything(&self) -> bool {
        match &self.topic {
            Topic::Heads | Topic::Transactions { .. } => true,
            Topic::Logs(criteria) => !criteria.is_selective(),
        }
    }
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self {
            next: 0,
            subscribers: BTreeMap::new(),
            by_key: HashMap::new(),
        }
    }
}

impl<T> Registry<T> {
    pub(super) fn add(&mut self, topic: Topic, held: T) -> u64 {
        let id = self.next;
        self.next += 1;
        let keys = match &topic {
            Topic::Logs(criteria) => criteria.keys(),
            Topic::Heads | Topic::Transactions { .. } => Vec::new(),
        };
        for key in &keys {
            self.by_key.entry(*key).or_default().push(id);
        }
        let subscriber = Subscriber { topic, held, keys };
        self.subscribers.insert(id, subscriber);
        id
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<T> {
        let subscriber = self.subscribers.remove(&id)?;
        for key in &subscriber.keys {
            if let Some(ids) = self.by_key.get_mut(key) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.by_key.remove(key);
                }
            }
        }
        Some(subscriber.held)
    }

    /// All of them, in the order in which they came.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut Subscriber<T>)> {
        self.subscribers.iter_mut().map(|(id, one)| (*id, one))
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Subscriber<T>> {
        self.subscribers.get_mut(&id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// Whether anybody is subscribed to logs.
    pub(super) fn wants_logs(&self) -> bool {
        !self.by_key.is_empty()
    }

    /// Who wants a log, in the order in which they came.
    pub(super) fn wanting(&self, log: &Log) -> Vec<u64> {
        let topics = log.topics().iter().map(Key::topic);
        let keys = topics.chain([Key::address(&log.address), Key::ANY_LOG]);
        let mut ids: Vec<u64> = keys
            .filter_map(|key| self.by_key.get(&key))
            .flatten()
            .copied()
            .filter(|id| self.matches(*id, log))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn matches(&self, id: u64, log: &Log) -> bool {
        let subscriber = self.subscribers.get(&id);
        subscriber
            .is_some_and(|one| matches!(&one.topic, Topic::Logs(criteria) if criteria.matches(log)))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256, Bytes};
    use proptest::prelude::*;

    use super::super::super::arguments::Argument;
    use super::super::super::logs::criteria::LogFilter;
    use super::*;

    fn word(number: u8) -> B256 {
        B256::with_last_byte(number)
    }

    fn log(address: u8, topics: &[u8]) -> Log {
        let topics = topics.iter().map(|topic| word(*topic)).collect();
        Log::new_unchecked(Address::with_last_byte(address), topics, Bytes::new())
    }

    /// A filter object with alternatives out of few values, so that they often match.
    fn filter() -> impl Strategy<Value = String> {
        let values = || prop::collection::vec(1..4u8, 0..3);
        (values(), prop::collection::vec(values(), 0..4)).prop_map(|(addresses, topics)| {
            let addresses: Vec<_> = addresses.into_iter().map(Address::with_last_byte).collect();
            let topics: Vec<Vec<_>> = topics
                .into_iter()
                .map(|values| values.into_iter().map(word).collect())
                .collect();
            serde_json::json!({"address": addresses, "topics": topics}).to_string()
        })
    }

    proptest! {
        /// A log goes to those whose criteria it fulfils, whatever keys they are found by.
        #[test]
        fn a_log_goes_to_all_who_want_it_and_to_nobody_else(
            filters in prop::collection::vec(filter(), 1..8),
            removed in 0..8usize,
            address in 1..4u8,
            topics in prop::collection::vec(1..4u8, 0..5),
        ) {
            let mut registry = Registry::default();
            let criteria: Vec<_> = filters
                .iter()
                .map(|filter| LogFilter::read(filter).unwrap().criteria)
                .collect();
            let ids: Vec<_> = criteria
                .iter()
                .map(|one| registry.add(Topic::Logs(one.clone()), ()))
                .collect();
            if let Some(id) = ids.get(removed) {
                registry.remove(*id);
            }
            let log = log(address, &topics[..topics.len().min(4)]);
            let want: Vec<_> = ids
                .iter()
                .zip(&criteria)
                .filter(|(id, criteria)| ids.get(removed) != Some(id) && criteria.matches(&log))
                .map(|(id, _)| *id)
                .collect();
            prop_assert_eq!(registry.wanting(&log), want);
        }
    }

    #[test]
    fn nothing_is_left_of_one_that_is_removed() {
        let mut registry = Registry::default();
        let filter = LogFilter::read(&format!(r#"{{"topics":[null,"{}"]}}"#, word(1))).unwrap();
        let id = registry.add(Topic::Logs(filter.criteria), 7);
        assert!(registry.wants_logs());
        assert_eq!(registry.remove(id), Some(7));
        assert!(!registry.wants_logs() && registry.is_empty());
        assert_eq!(registry.remove(id), None);
    }
}
