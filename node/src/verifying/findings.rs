//! What a follower of blocks finds that its verifier must know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use spillway_verifier::authorisation::Contradiction;
use tokio::sync::watch;

/// The finder's end.
#[derive(Debug)]
pub(crate) struct Findings {
    contradiction: watch::Sender<Option<Contradiction>>,
    has_failed: Arc<AtomicBool>,
}

/// The verifier's end.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    contradiction: watch::Receiver<Option<Contradiction>>,
    has_failed: Arc<AtomicBool>,
}

impl Findings {
    /// Both ends.
    pub(crate) fn new() -> (Self, Found) {
        let (contradiction, found) = watch::channel(None);
        let has_failed = Arc::default();
        let found = Found {
            contradiction: found,
            has_failed: Arc::clone(&has_failed),
        };
        let findings = Self {
            contradiction,
            has_failed,
        };
        (findings, found)
    }

    /// The sequencer has signed two headers of one number.
    pub(crate) fn contradiction(&self, pair: Contradiction) {
        self.contradiction.send_replace(Some(pair));
    }

    /// No block comes in any more, by a failure of this node.
    pub(crate) fn failed(&self) {
        self.has_failed.store(true, Ordering::Release);
    }
}

impl Found {
    /// In the node of a sequencer, which follows nobody.
    pub(crate) fn nothing() -> Self {
        Findings::new().1
    }

    pub(super) fn contradictions(&self) -> watch::Receiver<Option<Contradiction>> {
        self.contradiction.clone()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }
}
