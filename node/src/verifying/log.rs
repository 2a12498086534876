//! What readers and operators are told of the verifier.

use std::time::Duration;

use spillway_sequencer::Verified;
use spillway_sequencer::view::View;
use spillway_verifier::Progress;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often an operator reads how far it is, while it is behind.
const REPEAT: Duration = Duration::from_secs(30);

/// Tells until the verifier ends.
pub(super) async fn tell(mut progress: watch::Receiver<Progress>, view: &View) {
    let mut said = Instant::now();
    let mut before = Progress::default();
    while progress.changed().await.is_ok() {
        let now = *progress.borrow_and_update();
        view.set_verified(Verified {
            replayed: now.block,
            safe: now.safe_block,
        });
        let is_behind = now.posted_batch > now.batch + 1;
        if is_behind && said.elapsed() >= REPEAT {
            said = Instant::now();
            let (batch, of) = (now.batch, now.posted_batch);
            let transactions_a_second = now.rate as u64;
            tracing::info!(batch, of, transactions_a_second, "verifying");
        }
        if now.felled != before.felled {
            tracing::warn!(
                felled = now.felled,
                "batches have fallen by this node's proofs"
            );
        }
        if now.safe_batch != before.safe_batch {
            tracing::debug!(batch = now.safe_batch, block = now.safe_block, "safe");
        }
        before = now;
    }
}
