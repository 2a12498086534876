//! How often messages may go out.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

/// The time between two messages of one stream, at least.
const INTERVAL: Duration = Duration::from_millis(100);

/// What all streams of a node share: a bounded number of messages a second.
#[derive(Debug)]
pub(super) struct Pace {
    /// The time that a message is worth.
    pause: Duration,
    /// When the next one may go out.
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(messages_a_second: u32) -> Self {
        Self {
            pause: Duration::from_secs(1) / messages_a_second.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for a stream's next turn, after its last one.
    pub(super) async fn turn(&self, last: Option<Instant>) {
        let now = Instant::now();
        if let Some(rested) = last.map(|last| last + INTERVAL)
            && rested > now
        {
            sleep_until(rested).await;
        }
        let now = Instant::now();
        let turn = self.reserve(now);
        // A timer takes a millisecond at least: who need not wait does not.
        if turn > now {
            sleep_until(turn).await;
        }
    }

    /// The next free place in the order of all messages, from now on.
    fn reserve(&self, now: Instant) -> Instant {
        let mut next = self.next.lock();
        let turn = (*next).max(now);
        *next = turn + self.pause;
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_share_the_rate_and_what_nobody_used_is_lost() {
        let pace = Pace::new(1_000);
        let began = Instant::now() + Duration::from_secs(1);
        let turns = (0..500).map(|_| pace.reserve(began) - began);
        assert!(turns.eq((0..500).map(Duration::from_millis)));
        let later = began + Duration::from_secs(2);
        assert_eq!(pace.reserve(later), later);
        assert_eq!(pace.reserve(later), later + Duration::from_millis(1));
    }

    #[tokio::test]
    async fn a_stream_rests_between_two_messages() {
        let pace = Pace::new(1_000_000);
        let last = Instant::now();
        pace.turn(Some(last)).await;
        assert!(last.elapsed() >= INTERVAL);
    }
}
