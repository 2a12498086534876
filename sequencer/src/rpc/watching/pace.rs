//! How much may go out, and how often.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// The time between two messages of one stream, at least.
pub(super) const INTERVAL: Duration = Duration::from_millis(100);
/// How often a second turns are handed out, at most.
const TICKS_MAX: u32 = 100;

/// What a stream has sent last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) at: Instant,
    /// How many accounts were in it.
    pub(super) accounts: usize,
}

/// What all streams of a node share: a bounded number of accounts a second, in the order in which turns are asked for. A
/// message of no account counts as one.
#[derive(Debug)]
pub(super) struct Pace {
    turns: Semaphore,
    /// Turns of one tick.
    each: u32,
    tick: Duration,
}

impl Pace {
    pub(super) fn new(accounts_a_second: u32) -> Self {
        let rate = accounts_a_second.max(1);
        let each = rate.div_ceil(TICKS_MAX);
        Self {
            turns: Semaphore::new(each as usize),
            each,
            tick: Duration::from_secs(1) * each / rate,
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
        self.turns
            .add_permits((self.each as usize).saturating_sub(left));
    }

    /// Waits for a stream's next turn, which pays for what it has sent last: what the next message will cost is not known
    /// before it is made. Cancelled, it has taken none.
    pub(super) async fn turn(&self, last: Option<Sent>) {
        let Some(last) = last else {
            return;
        };
        if last.at.elapsed() < INTERVAL {
            sleep_until(last.at + INTERVAL).await;
        }
        let cost = u32::try_from(last.accounts).unwrap_or(u32::MAX).max(1);
        if let Ok(turns) = self.turns.acquire_many(cost).await {
            turns.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::{FutureExt, poll};

    use super::*;

    /// A message of so many accounts, long ago.
    fn sent(accounts: usize) -> Option<Sent> {
        let at = Instant::now() - INTERVAL;
        Some(Sent { at, accounts })
    }

    #[tokio::test]
    async fn all_share_the_rate_and_what_nobody_used_is_lost() {
        let pace = Pace::new(1_000);
        for _ in 0..3 {
            pace.refill();
            for _ in 0..5 {
                assert!(pace.turn(sent(2)).now_or_never().is_some());
            }
            assert!(pace.turn(sent(1)).now_or_never().is_none());
        }
        pace.refill();
        pace.refill();
        assert_eq!(pace.turns.available_permits(), 10);
    }

    #[test]
    fn the_rate_is_what_was_asked_for() {
        for rate in [1, 2, 99, 100, 101, 150, 199, 20_000, 10_000_000] {
            let pace = Pace::new(rate);
            let found = f64::from(pace.each) / pace.tick.as_secs_f64();
            assert!(
                (found / f64::from(rate) - 1.0).abs() < 1e-3,
                "{rate}: {found}"
            );
            assert!(pace.tick >= Duration::from_secs(1) / TICKS_MAX, "{rate}");
        }
        assert_eq!(Pace::new(0).tick, Duration::from_secs(1));
    }

    #[tokio::test]
    async fn a_message_that_costs_more_than_a_tick_has_waits_for_more_ticks() {
        let pace = Pace::new(1_000);
        let mut large = pin!(pace.turn(sent(64)));
        for _ in 0..6 {
            assert!(poll!(&mut large).is_pending());
            let mut small = pin!(pace.turn(sent(1)));
            assert!(poll!(&mut small).is_pending(), "who asked first is first");
            pace.refill();
        }
        assert!(poll!(&mut large).is_ready());
        assert!(pace.turn(sent(6)).now_or_never().is_some());
        assert!(pace.turn(sent(1)).now_or_never().is_none());
    }

    #[tokio::test]
    async fn who_stops_waiting_takes_nobodys_turn() {
        let pace = Pace::new(1);
        assert!(pace.turn(sent(0)).now_or_never().is_some());
        for _ in 0..100 {
            assert!(pace.turn(sent(1)).now_or_never().is_none());
        }
        pace.refill();
        assert!(pace.turn(sent(1)).now_or_never().is_some());
        // Given a turn, and gone before it was taken.
        let mut first = Box::pin(pace.turn(sent(1)));
        let mut second = pin!(pace.turn(sent(1)));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut second).is_pending());
        pace.refill();
        drop(first);
        assert!(poll!(&mut second).is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_at_the_rate() {
        let pace = Pace::new(7);
        let began = Instant::now();
        let taken = async {
            for _ in 0..10 {
                pace.turn(sent(7)).await;
            }
        };
        tokio::select! {
            () = taken => {}
            () = pace.hand_out() => {}
        }
        let took = began.elapsed().as_secs_f64();
        assert!((9.0..=11.0).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_rests_between_two_messages() {
        let pace = Pace::new(1_000_000);
        assert!(pace.turn(None).now_or_never().is_some());
        let at = Instant::now();
        pace.turn(Some(Sent { at, accounts: 1 })).await;
        assert!(at.elapsed() >= INTERVAL);
    }
}
