//! What waits to be posted, for the sequencer's base fee and admission.

use std::time::Duration;

use spillway_batcher::driver::Status;
use spillway_sequencer::{Backlog, Sequencer};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often the sequencer is told.
const INTERVAL: Duration = Duration::from_millis(500);

/// So long the base fee stays where it was before a restart, if L1's price is not known by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes that wait, from what the batcher last said and from what became durable since. So it grows also while
/// nobody posts.
#[derive(Debug, Default)]
struct Waiting {
    told: u64,
    /// Bytes that had become durable by then.
    durable: u64,
}

impl Waiting {
    fn told(&mut self, unposted: u64, durable: u64) {
        (self.told, self.durable) = (unposted, durable);
    }

    fn bytes(&self, durable: u64) -> u64 {
        let since = durable.saturating_sub(self.durable);
        self.told.saturating_add(since)
    }
}

/// Tells the sequencer until it is dropped.
pub(super) async fn tell(sequencer: &Sequencer, mut status: watch::Receiver<Status>) {
    let view = sequencer.view();
    let began = Instant::now();
    let mut waiting = Waiting::default();
    let mut price = None;
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let durable = view.operation_bytes();
        // An error says that the batcher has ended, and changes nothing.
        if status.has_changed().unwrap_or(false) {
            let status = status.borrow_and_update();
            waiting.told(status.unposted_bytes, durable);
            price = status.wei_per_byte.or(price);
        }
        let price = price.or_else(|| (began.elapsed() >= PATIENCE).then_some(0));
        if let Some(wei_per_byte) = price {
            sequencer.set_backlog(Backlog {
                unposted_bytes: waiting.bytes(durable),
                wei_per_byte,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_durable_since_is_added() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.bytes(100), 100, "nobody has posted yet");
        waiting.told(30, 100);
        assert_eq!(waiting.bytes(100), 30);
        assert_eq!(waiting.bytes(150), 80);
        waiting.told(0, 150);
        assert_eq!(waiting.bytes(150), 0);
        assert_eq!(waiting.bytes(u64::MAX), u64::MAX - 150);
    }
}
