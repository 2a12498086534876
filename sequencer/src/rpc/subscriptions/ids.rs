//! Ids of subscriptions.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use jsonrpsee::server::IdProvider;
use jsonrpsee::types::SubscriptionId;

/// Ids of subscriptions as quantities, without leading zeros, which is what wallet libraries look for. They belong to a
/// connection, so they need not be secret; a random part keeps those of one run apart from those of
/// another.
#[derive(Debug)]
pub(in super::super) struct HexIds {
    run: u64,
    next: AtomicU64,
}

impl Default for HexIds {
    fn default() -> Self {
        Self {
            run: RandomState::new().hash_one(()),
            next: AtomicU64::new(1),
        }
    }
}

impl IdProvider for HexIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let id = (u128::from(self.run) << 64) | u128::from(id);
        SubscriptionId::Str(format!("{id:#x}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_quantity() {
        for (run, expected) in [
            (0xab, "0xab0000000000000007"),
            (u64::MAX, "0xffffffffffffffff0000000000000007"),
            (0, "0x7"),
        ] {
            let next = AtomicU64::new(7);
            let ids = HexIds { run, next };
            assert_eq!(ids.next_id(), SubscriptionId::Str(expected.into()));
        }
    }
}
