//! Something that is asked for outside and may have to be asked for again.

use std::time::Duration;

use rand::Rng;

/// The wait after the first failure. It doubles with each further one.
const BACK_OFF_MIN: Duration = Duration::from_secs(1);
/// The longest wait.
const BACK_OFF_MAX: Duration = Duration::from_secs(30);

/// When it is due, and whether an answer is outstanding. There is never more than one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Task {
    running: bool,
    due: Duration,
    failures: u32,
}

impl Task {
    pub(super) fn is_running(&self) -> bool {
        self.running
    }

    pub(super) fn is_ready(&self, now: Duration) -> bool {
        !self.running && now >= self.due
    }

    pub(super) fn start(&mut self) {
        self.running = true;
    }

    /// It worked. `due` is when to do it again, if nothing brings that forward.
    pub(super) fn done(&mut self, due: Duration) {
        *self = Self {
            running: false,
            due,
            failures: 0,
        };
    }

    /// It worked and is not due again until [`expedite`](Self::expedite).
    pub(super) fn park(&mut self) {
        self.done(Duration::MAX);
    }

    /// It failed: again after a while, the length of which is partly chance, so that many do not come at once.
    pub(super) fn failed(&mut self, now: Duration, rng: &mut impl Rng) {
        let wait = BACK_OFF_MIN
            .saturating_mul(1 << self.failures.min(10))
            .min(BACK_OFF_MAX);
        self.running = false;
        self.due = now + wait.mul_f64(rng.random_range(0.5..1.0));
        self.failures = self.failures.saturating_add(1);
    }

    pub(super) fn expedite(&mut self, now: Duration) {
        self.due = self.due.min(now);
    }
}
