//! How often messages may go out.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// The time between two messages of one stream, at least.
pub(super) const INTERVAL: Duration = Duration::from_millis(100);
/// How often a second turns are handed out, at most.
const TICKS_MAX: u32 = 100;

/// What all streams of a node share: a bounded number of messages a second, in the order in which they are asked for.
#[derive(Debug)]
pub(super) struct Pace {
    turns: Semaphore,
    /// Turns of one tick.
    each: usize,
    tick: Duration,
}

impl Pace {
    pub(super) fn new(messages_a_second: u32) -> Self {
        let ticks = messages_a_second.clamp(1, TICKS_MAX);
        let each = usize::try_from(messages_a_second / ticks)
            .unwrap_or(1)
            .max(1);
        Self {
            turns: Semaphore::new(each),
            each,
            tick: Duration::from_secs(1) / ticks,
        }
    }

    /// Hands out turns, for ever.
    pub(super) async fn hand_out(&self) {
        let mut ticks = interval(self.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.refill();
        }
    }

    /// What nobody has used is not saved up.
    fn refill(&self) {
        let left = self.turns.available_permits();
        self.turns.add_permits(self.each.saturating_sub(left));
    }

    /// Waits for a stream's next turn, after its last one. Cancelled, it has taken none.
    pub(super) async fn turn(&self, last: Option<Instant>) {
        if let Some(last) = last {
            sleep_until(last + INTERVAL).await;
        }
        if let Ok(turn) = self.turns.acquire().await {
            turn.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn all_share_the_rate_and_what_nobody_used_is_lost() {
        let pace = Pace::new(1_000);
        for _ in 0..3 {
            pace.refill();
            for _ in 0..10 {
                assert!(pace.turn(None).now_or_never().is_some());
            }
            assert!(pace.turn(None).now_or_never().is_none());
        }
        pace.refill();
        pace.refill();
        assert_eq!(pace.turns.available_permits(), 10);
        assert_eq!(Pace::new(1).tick, Duration::from_secs(1));
    }

    #[test]
    fn who_stops_waiting_takes_nobodys_turn() {
        let pace = Pace::new(1);
        assert!(pace.turn(None).now_or_never().is_some());
        for _ in 0..100 {
            assert!(pace.turn(None).now_or_never().is_none());
        }
        pace.refill();
        assert!(pace.turn(None).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_stream_rests_between_two_messages() {
        let pace = Pace::new(1_000_000);
        let last = Instant::now();
        pace.turn(Some(last)).await;
        assert!(last.elapsed() >= INTERVAL);
    }
}
