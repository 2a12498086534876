//! Ids of subscriptions.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use jsonrpsee::server::IdProvider;
use jsonrpsee::types::SubscriptionId;

/// Ids of subscriptions as hex strings, which is what wallet libraries look for. They belong to a
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
        SubscriptionId::Str(format!("0x{:016x}{id:016x}", self.run).into())
    }
}
