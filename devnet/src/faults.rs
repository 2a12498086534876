//! Faults on purpose: a plan of how often an L1 misbehaves, and the dice that follow it.
//!
//! The same plan and the same requests in the same order meet the same faults. Delays and timeouts wait on
//! the configured [`crate::clock::Clock`], so a test with a clock of its own does not sleep.

use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// How often requests meet a fault. Each of the numbers is a share in thousandths; those of `error` to
/// `stale` exclude one another and come to 1,000 at most. All of a request's calls, if it is a batch, meet
/// the same. Requests for controls meet none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct FaultPlan {
    /// Where the dice begin.
    pub seed: u64,
    /// Refused with HTTP status 503, nothing done.
    pub error: u16,
    /// Refused with HTTP status 429, nothing done.
    pub rate_limited: u16,
    /// Not answered for `timeout_ms`, then HTTP status 504, nothing done.
    pub timeout: u16,
    /// Done, but answered with HTTP status 502.
    pub lost_answer: u16,
    /// Answered as if the newest `stale_blocks` blocks were not there yet.
    pub stale: u16,
    /// Delayed by up to `delay_ms_max`, beside the above.
    pub delay: u16,
    /// See `timeout`.
    pub timeout_ms: u64,
    /// See `stale`.
    pub stale_blocks: u64,
    /// See `delay`.
    pub delay_ms_max: u64,
}

impl FaultPlan {
    /// An L1 that is down: everything is refused.
    #[must_use]
    pub fn down() -> Self {
        Self {
            error: 1_000,
            ..Self::default()
        }
    }

    /// An L1 that fails in every way, half of the time.
    #[must_use]
    pub fn half(seed: u64) -> Self {
        Self {
            seed,
            error: 150,
            rate_limited: 100,
            timeout: 50,
            lost_answer: 100,
            stale: 100,
            delay: 500,
            timeout_ms: 30_000,
            stale_blocks: 3,
            delay_ms_max: 1_000,
        }
    }

    /// Whether the shares make sense.
    ///
    /// # Errors
    /// Says which do not.
    pub fn check(&self) -> Result<(), &'static str> {
        let shares = [
            self.error,
            self.rate_limited,
            self.timeout,
            self.lost_answer,
            self.stale,
        ];
        if shares.map(u32::from).iter().sum::<u32>() > 1_000 {
            return Err("error, rateLimited, timeout, lostAnswer and stale come to more than 1000");
        }
        if self.delay > 1_000 {
            return Err("delay is more than 1000");
        }
        Ok(())
    }
}

/// What a request meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    /// Before anything else.
    pub(crate) delay: Duration,
    pub(crate) fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Error,
    RateLimited,
    Timeout(Duration),
    LostAnswer,
    Stale(u64),
}

impl Fault {
    /// The HTTP status by which a client is told, and the words.
    pub(crate) const fn status(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Error => Some((503, "service unavailable (injected fault)")),
            Self::RateLimited => Some((429, "too many requests (injected fault)")),
            Self::Timeout(_) => Some((504, "gateway timeout (injected fault)")),
            Self::LostAnswer => Some((502, "bad gateway (injected fault)")),
            Self::Stale(_) => None,
        }
    }
}

/// What a request that is done sees of the chain, and whether its sender sees the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sight {
    /// How many of the newest blocks it does not see.
    pub(crate) stale: u64,
    /// The answer is lost.
    pub(crate) lost: bool,
}

/// The plan in force, and its dice.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Mutex<Option<(FaultPlan, StdRng)>>,
}

impl Faults {
    pub(crate) fn set(&self, plan: Option<FaultPlan>) {
        *self.active.lock() = plan.map(|plan| {
            let dice = StdRng::seed_from_u64(plan.seed);
            (plan, dice)
        });
    }

    /// Whether there is a plan.
    pub(crate) fn active(&self) -> bool {
        self.active.lock().is_some()
    }

    /// Throws the dice for a request.
    pub(crate) fn draw(&self) -> Fate {
        let mut active = self.active.lock();
        let Some((plan, dice)) = active.as_mut() else {
            return Fate::default();
        };
        // Always the same number of throws, so that one request's fate does not hang on another's.
        let (die, delay_die) = (dice.random_range(0..1_000), dice.random_range(0..1_000));
        let delay_ms = dice.random_range(0..=plan.delay_ms_max);
        let delayed = delay_die < plan.delay;
        Fate {
            delay: Duration::from_millis(if delayed { delay_ms } else { 0 }),
            fault: plan.fault(die),
        }
    }
}

impl FaultPlan {
    fn fault(&self, die: u16) -> Option<Fault> {
        let mut below = 0;
        [
            (self.error, Fault::Error),
            (self.rate_limited, Fault::RateLimited),
            (
                self.timeout,
                Fault::Timeout(Duration::from_millis(self.timeout_ms)),
            ),
            (self.lost_answer, Fault::LostAnswer),
            (self.stale, Fault::Stale(self.stale_blocks)),
        ]
        .into_iter()
        .find_map(|(share, fault)| {
            below += share;
            (die < below).then_some(fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(plan: &FaultPlan) -> Vec<Fate> {
        let faults = Faults::default();
        faults.set(Some(plan.clone()));
        (0..10_000).map(|_| faults.draw()).collect()
    }

    #[test]
    fn a_seed_fixes_the_faults_and_shares_are_kept() {
        let plan = FaultPlan::half(7);
        assert_eq!(plan.check(), Ok(()));
        let found = fates(&plan);
        assert_eq!(found, fates(&plan));
        assert_ne!(found, fates(&FaultPlan::half(8)));
        let count = |wanted: fn(&Fate) -> bool| found.iter().filter(|fate| wanted(fate)).count();
        for (wanted, share) in [
            (count(|fate| fate.fault == Some(Fault::Error)), 1_500),
            (count(|fate| fate.fault == Some(Fault::RateLimited)), 1_000),
            (count(|fate| fate.fault == Some(Fault::Stale(3))), 1_000),
            (count(|fate| fate.fault.is_none()), 5_000),
            (count(|fate| fate.delay > Duration::ZERO), 5_000),
        ] {
            assert!(wanted.abs_diff(share) < 200, "{wanted} for {share}");
        }
    }

    #[test]
    fn shares_that_come_to_too_much_are_refused() {
        let plan = FaultPlan {
            error: 600,
            stale: 401,
            ..FaultPlan::default()
        };
        assert!(plan.check().is_err());
    }
}
