//! Demands on L1 for what guarded accounts are said to have signed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256};
use spillway_l1::batches::SubmittedBatch;
use spillway_l1::beacon::BlobSource;
use spillway_protocol::batch::batch_hash;
use tokio::task::JoinHandle;

use super::demands::Demands;
use super::holdings::Holdings;
use crate::disputes::{Calls, Case};

/// Batches of which something is demanded at a time. If one of them falls, so do all after it.
const BATCHES_MAX: usize = 4;

/// How a guard works.
#[derive(Clone, Debug)]
pub struct GuardConfig {
    /// `AuthorisationDisputes`.
    pub disputes: Address,
    /// The accounts.
    pub accounts: BTreeSet<Address>,
    /// How long after a batch was replayed, and after the last block came in, what is missing counts as withheld.
    pub patience: Duration,
    /// How long a batch can be challenged, in seconds of L1. In the second half of that it is not waited for blocks that still
    /// come in, one after the other.
    pub challenge_window: u64,
    /// The wait before something that failed is tried again.
    pub retry_interval: Duration,
}

/// Guards accounts. See the [module](super).
#[derive(Debug)]
pub struct Guard {
    config: GuardConfig,
    calls: Calls,
    blobs: BlobSource,
    holdings: Arc<dyn Holdings>,
    /// By the batch's hash; those that have ended too, so that nothing is begun twice.
    tasks: BTreeMap<B256, JoinHandle<()>>,
}

impl Guard {
    /// Demands from the account of `calls`. `blobs` and `holdings` must be those of the verifier.
    #[must_use]
    pub const fn new(
        config: GuardConfig,
        calls: Calls,
        blobs: BlobSource,
        holdings: Arc<dyn Holdings>,
    ) -> Self {
        Self {
            config,
            calls,
            blobs,
            holdings,
            tasks: BTreeMap::new(),
        }
    }

    /// Whether a batch that was replayed so long ago may be looked at, as there is somebody to guard.
    pub(crate) fn has_waited(&self, waited: Duration) -> bool {
        !self.config.accounts.is_empty() && waited >= self.config.patience
    }

    /// Whether what the guarded accounts did in such a batch is to be demanded now. No block has come in for so long, and that is
    /// the time on L1.
    pub(crate) fn is_due(&self, batch: &SubmittedBatch, stalled: Duration, l1_time: u64) -> bool {
        let half = self.config.challenge_window / 2;
        let is_late = l1_time >= batch.submission.posted_at.saturating_add(half);
        let busy = self.tasks.values().filter(|task| !task.is_finished());
        (stalled >= self.config.patience || is_late)
            && !self.tasks.contains_key(&hash_of(batch))
            && busy.count() < BATCHES_MAX
    }

    /// Demands, in the background.
    pub(crate) fn demand(&mut self, case: Case) {
        let hash = case.batch_hash();
        let demands = Demands::new(
            self.config.clone(),
            self.calls.clone(),
            self.blobs.clone(),
            Arc::clone(&self.holdings),
            case,
        );
        self.tasks.insert(hash, tokio::spawn(demands.run()));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        for task in self.tasks.values() {
            task.abort();
        }
    }
}

fn hash_of(batch: &SubmittedBatch) -> B256 {
    batch_hash(&batch.header, &batch.submission)
}
