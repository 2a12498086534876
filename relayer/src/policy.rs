//! When to claim, and what: how many wait and how long against what L1 costs.
//!
//! A claim is made when a withdrawal costs little in it, or has waited long enough to cost more. What it costs is compared
//! with what it would cost at L1's average price in a full claim:
//!
//! ```text
//! relative price = (price now / average price) x (C + n E) / n / ((C + N E) / N)
//! accepted price = first + (last - first) x (wait of the oldest / service level)
//! ```
//!
//! `n` withdrawals wait and fit a claim, `N` is the most that one has, `C` and `E` are the gas of a claim and of each
//! withdrawal in it. A claim is made when the relative price is no higher than the accepted one, and in any case when the
//! oldest has waited for the service level. So few withdrawals wait for more, or for a low price; many go at any ordinary
//! price; and none waits for longer than was promised, whatever L1 costs.

use spillway_l1::payments::PAYOUT_GAS;
use spillway_l1::transactions::GAS_LIMIT_MAX;

/// Gas of a claim without its withdrawals: `bridge-contracts/snapshots/Gas.json`, "claim of 1 in ETH" less [`EACH_GAS`].
pub const CLAIM_GAS: u64 = 82_000;

/// Gas of a withdrawal in a claim: from "claim of 1" and "claim of 50" of the same file, halfway between ETH and tokens.
pub const EACH_GAS: u64 = 22_000;

/// Gas of a withdrawal whose recipient has none of the token yet (25,000 more for an account that L1 has to make), with a
/// proof that shares little. Claims are filled by this figure, so that few have to be cut.
pub const EACH_GAS_MAX: u64 = 60_000;

/// Gas of a withdrawal whose recipient takes all that the bridge gives a payment; the rest is its proof and the bridge's
/// bookkeeping.
pub const FAILING_GAS_MAX: u64 = PAYOUT_GAS + 25_000;

/// How claims are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimPolicy {
    /// Seconds after which a withdrawal is claimed whatever it costs, from when it can be.
    pub service_level: u64,
    /// The relative price, in percent, that is accepted for withdrawals that have just become claimable.
    pub first_percent: u64,
    /// The one that is accepted just before the service level.
    pub last_percent: u64,
    /// Withdrawals in a claim, at most.
    pub claims_max: usize,
}

impl Default for ClaimPolicy {
    /// A quarter of a day. `examples/fees.rs --sweep` is flat around these percentages: lower first ones save up to 2 percent of
    /// claiming one by one, and make withdrawals wait half as long again. 200 withdrawals fit gas and calldata of a transaction
    /// unless their proofs share little.
    fn default() -> Self {
        Self {
            service_level: 6 * 3_600,
            first_percent: 70,
            last_percent: 130,
            claims_max: 200,
        }
    }
}

/// A withdrawal that waits to be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its index.
    pub index: u32,
    /// Since when, in L1's seconds.
    pub since: u64,
    /// Whether it has failed to be paid: it may take far more gas than others.
    pub has_failed: bool,
}

/// What L1 takes, in wei per gas, tips included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// Now.
    pub now: u128,
    /// On average, of late.
    pub average: u128,
}

/// Why a claim is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimReason {
    /// It costs no more than is accepted.
    Price,
    /// The oldest has waited for the service level.
    Due,
}

/// What to claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The withdrawals, ascending.
    pub indices: Vec<u32>,
    /// Why.
    pub reason: ClaimReason,
    /// Seconds that the oldest has waited.
    pub oldest: u64,
    /// The relative price, in percent.
    pub relative_percent: u64,
}

impl ClaimPolicy {
    /// Whether to claim now, and what: the oldest of those that wait, as many as fit.
    #[must_use]
    pub fn step(&self, now: u64, waiting: &[Waiting], prices: &Prices) -> Option<Chosen> {
        let chosen = self.fill(waiting);
        let oldest = now.saturating_sub(chosen.first()?.since);
        let relative_percent = self.relative_percent(chosen.len(), prices);
        let reason = if oldest >= self.service_level {
            ClaimReason::Due
        } else if relative_percent <= self.accepted_percent(oldest) {
            ClaimReason::Price
        } else {
            return None;
        };
        let mut indices: Vec<_> = chosen.iter().map(|waiting| waiting.index).collect();
        indices.sort_unstable();
        Some(Chosen {
            indices,
            reason,
            oldest,
            relative_percent,
        })
    }

    /// The oldest, as many as fit a transaction.
    fn fill(&self, waiting: &[Waiting]) -> Vec<Waiting> {
        let mut oldest_first = waiting.to_vec();
        oldest_first.sort_unstable_by_key(|waiting| (waiting.since, waiting.index));
        let mut gas = CLAIM_GAS.saturating_add(FAILING_GAS_MAX);
        let fits = |waiting: &Waiting| {
            gas = gas.saturating_add(match waiting.has_failed {
                true => FAILING_GAS_MAX,
                false => EACH_GAS_MAX,
            });
            gas <= GAS_LIMIT_MAX
        };
        let fitting = oldest_first.into_iter().take(self.claims_max.max(1));
        fitting.take_while(fits).collect()
    }

    /// What a withdrawal of a claim of that many costs now, in percent of what it costs on average in a full claim.
    #[must_use]
    pub fn relative_percent(&self, count: usize, prices: &Prices) -> u64 {
        let gas_of = |count: u128| u128::from(CLAIM_GAS) + count * u128::from(EACH_GAS);
        let (count, full) = (count as u128, self.claims_max.max(1) as u128);
        let now = prices.now.saturating_mul(gas_of(count) * full);
        let average = prices.average.saturating_mul(gas_of(full) * count);
        let percent = now.checked_div(average / 100);
        percent.map_or(u64::MAX, |percent| {
            u64::try_from(percent).unwrap_or(u64::MAX)
        })
    }

    /// The relative price that is accepted when the oldest has waited for so many seconds.
    #[must_use]
    pub fn accepted_percent(&self, wait: u64) -> u64 {
        let (first, last) = (
            u128::from(self.first_percent),
            u128::from(self.last_percent),
        );
        let level = u128::from(self.service_level.max(1));
        let wait = u128::from(wait).min(level);
        let accepted = (first * (level - wait) + last * wait) / level;
        u64::try_from(accepted).unwrap_or(u64::MAX)
    }
}
