//! Which node to ask, from how they did before.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The rest that a node gets after its first failure; it doubles with each further one.
const REST_MIN: Duration = Duration::from_millis(250);
const REST_MAX: Duration = Duration::from_secs(30);

/// The longest rest that a node may ask for itself.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// How long a head counts that no node shows any more: the chain may have forked to a lower one, or a node may have
/// named a block that there never was.
const HEAD_REMEMBERED: Duration = Duration::from_secs(60);

/// How a question failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer, or one that is none.
    Broken,
    /// Too many questions; perhaps with how long to wait.
    RateLimited(Option<Duration>),
    /// It is behind what is known of the chain.
    Stale,
    /// It is on another chain: never ask it again.
    WrongChain,
}

/// Whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// That one.
    Ask(usize),
    /// Nobody before that time.
    WaitUntil(Duration),
    /// Nobody, ever.
    Nobody,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// When it may be asked again.
    rests_until: Duration,
    failures: u32,
    head: Option<u64>,
    is_excluded: bool,
}

/// The nodes' records. Time is since any moment.
#[derive(Debug)]
pub struct Health {
    nodes: Vec<Node>,
    lag_max: u64,
    /// The highest head seen, and when it was last seen.
    best: Option<(u64, Duration)>,
    rng: StdRng,
}

impl Health {
    /// Nodes of which nothing is known.
    #[must_use]
    pub fn new(count: usize, lag_max: u64, seed: u64) -> Self {
        Self {
            nodes: vec![Node::default(); count],
            lag_max,
            best: None,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// The first node that is well: it does not rest and does not lag. A node that lags is better than none.
    pub fn choose(&mut self, now: Duration) -> Choice {
        let floor = self.floor(now);
        let well = |node: &Node| !node.is_excluded && node.rests_until <= now;
        let fresh = |node: &Node| node.head.is_none_or(|head| head >= floor);
        let chosen = self
            .nodes
            .iter()
            .position(|node| well(node) && fresh(node))
            .or_else(|| self.nodes.iter().position(well));
        if let Some(index) = chosen {
            return Choice::Ask(index);
        }
        let usable = self.nodes.iter().filter(|node| !node.is_excluded);
        usable
            .map(|node| node.rests_until)
            .min()
            .map_or(Choice::Nobody, Choice::WaitUntil)
    }

    /// It answered.
    pub fn on_success(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.failures = 0;
        node.rests_until = Duration::ZERO;
    }

    /// It named its head. Answers whether that is to be believed.
    pub fn on_head(&mut self, index: usize, now: Duration, head: u64) -> bool {
        self.nodes[index].head = Some(head);
        if self
            .best
            .is_none_or(|(best, seen)| head >= best || now >= seen + HEAD_REMEMBERED)
        {
            self.best = Some((head, now));
        }
        head >= self.floor(now)
    }

    /// It failed and rests.
    pub fn on_failure(&mut self, index: usize, now: Duration, failure: Failure) {
        let node = &mut self.nodes[index];
        let back_off = REST_MIN
            .saturating_mul(1 << node.failures.min(10))
            .min(REST_MAX);
        // Partly chance, so that many who wait for one node do not come back at once.
        let rest = back_off.mul_f64(self.rng.random_range(0.5..1.0));
        node.failures = node.failures.saturating_add(1);
        node.rests_until = now
            + match failure {
                Failure::RateLimited(Some(asked)) => asked.min(RETRY_AFTER_MAX).max(rest),
                Failure::RateLimited(None) | Failure::Broken | Failure::Stale => rest,
                Failure::WrongChain => {
                    node.is_excluded = true;
                    rest
                }
            };
    }

    /// The lowest head that is believed.
    fn floor(&self, now: Duration) -> u64 {
        let current = self.best.filter(|(_, seen)| now < *seen + HEAD_REMEMBERED);
        current.map_or(0, |(best, _)| best.saturating_sub(self.lag_max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_that_is_well_is_asked() {
        let mut health = Health::new(3, 2, 1);
        assert_eq!(health.choose(at(0)), Choice::Ask(0));
        health.on_failure(0, at(0), Failure::Broken);
        assert_eq!(health.choose(at(0)), Choice::Ask(1));
        health.on_failure(1, at(0), Failure::RateLimited(Some(at(100))));
        assert_eq!(health.choose(at(0)), Choice::Ask(2));
        assert_eq!(health.choose(at(31)), Choice::Ask(0));
        health.on_failure(0, at(31), Failure::WrongChain);
        health.on_failure(2, at(31), Failure::RateLimited(Some(at(1_000_000))));
        assert_eq!(health.choose(at(40)), Choice::WaitUntil(at(100)));
        assert_eq!(health.choose(at(100)), Choice::Ask(1));
        health.on_failure(1, at(100), Failure::WrongChain);
        assert_eq!(health.choose(at(330)), Choice::WaitUntil(at(331)));
        health.on_failure(2, at(331), Failure::WrongChain);
        assert_eq!(health.choose(at(999)), Choice::Nobody);
    }

    #[test]
    fn rests_grow_and_end_with_a_success() {
        let mut health = Health::new(1, 2, 7);
        let mut rest = |now| {
            health.on_failure(0, now, Failure::Broken);
            let Choice::WaitUntil(until) = health.choose(now) else {
                panic!("it rests")
            };
            until - now
        };
        let rests: Vec<_> = (0..10).map(|i| rest(at(i * 100))).collect();
        assert!(
            rests[0] < REST_MIN && rests[9] >= REST_MAX / 2 && rests[9] <= REST_MAX,
            "{rests:?}"
        );
        health.on_success(0);
        assert_eq!(health.choose(at(901)), Choice::Ask(0));
    }

    #[test]
    fn a_node_that_lags_is_not_believed_while_the_head_is_remembered() {
        let mut health = Health::new(2, 2, 1);
        assert!(health.on_head(0, at(0), 100));
        assert!(health.on_head(1, at(0), 98));
        assert!(!health.on_head(1, at(1), 97));
        assert_eq!(health.choose(at(1)), Choice::Ask(0));
        assert!(health.on_head(0, at(2), 105));
        health.on_failure(0, at(2), Failure::Broken);
        // It lags, and there is no other one.
        assert_eq!(health.choose(at(2)), Choice::Ask(1));
        // Nobody has shown the head for long: it is gone.
        assert!(!health.on_head(1, at(61), 99));
        assert!(health.on_head(1, at(62), 99));
    }
}
