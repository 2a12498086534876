//! Where replies are not as the public document has them: as narrow as possible, and each with its reason. `docs/rpc.md` tells clients.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Value, json};

/// What is not as specified.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deviation {
    /// The method answers with an error whatever it is asked. `eth_getProof`: the state is no Merkle-Patricia trie, and a made-up proof
    /// would be worse than none.
    NoResult,
    /// An empty list fits two alternatives of a `oneOf`, hashes and logs, and so neither. No client can take it for
    /// anything else than nothing; every node answers so.
    EmptyList,
}

const DEVIATIONS: [(&str, Deviation); 4] = [
    ("eth_getProof", Deviation::NoResult),
    ("eth_getLogs", Deviation::EmptyList),
    ("eth_getFilterChanges", Deviation::EmptyList),
    ("eth_getFilterLogs", Deviation::EmptyList),
];

/// The deviations, and which of them have been needed.
#[derive(Default)]
pub(crate) struct Deviations {
    needed: RefCell<BTreeSet<&'static str>>,
}

impl Deviations {
    /// Whether a result that does not fit is a known deviation.
    pub(crate) fn excuse(&self, method: &str, result: &Value) -> bool {
        *result == json!([]) && self.need(method, Deviation::EmptyList)
    }

    /// A method that the public document has was refused where it should have answered.
    pub(crate) fn excuse_refusal(&self, method: &str) -> bool {
        self.need(method, Deviation::NoResult)
    }

    fn need(&self, method: &str, deviation: Deviation) -> bool {
        let mut known = DEVIATIONS.iter();
        let known = known.find(|(name, is)| *name == method && *is == deviation);
        if let Some((name, _)) = known {
            self.needed.borrow_mut().insert(name);
        }
        known.is_some()
    }

    /// Fails if one of them was not needed.
    pub(crate) fn all_needed(&self) {
        let listed: BTreeSet<_> = DEVIATIONS.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            *self.needed.borrow(),
            listed,
            "deviations that were needed, and that are listed"
        );
    }
}
