//! The backlog: what is durable here and not posted to L1 yet.
//!
//! Posting has a limit that users' demand does not have. Two things keep the backlog bounded: the
//! base fee, which rises with it, and from a limit on the room that a block has for transactions,
//! which makes the lanes fill and clients wait. What was acknowledged is never dropped for it.

use crate::base_fee::BaseFeePolicy;
use crate::config::BacklogConfig;

/// What posting costs and how far it is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Bytes of operations that are durable and not on L1.
    pub unposted_bytes: u64,
    /// What a byte of an operation costs on L1 now, in wei.
    pub wei_per_byte: u128,
}

/// What follows from the newest report on the backlog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pacing {
    base_fees: BaseFeePolicy,
    config: BacklogConfig,
    newest: Option<Backlog>,
}

impl Pacing {
    /// Without a report yet. The base fee has a floor, in wei a unit of gas.
    pub(crate) const fn new(base_fee_min: u64, config: BacklogConfig) -> Self {
        Self {
            base_fees: BaseFeePolicy::new(base_fee_min, config),
            config,
            newest: None,
        }
    }

    /// The newest report, `None` before the first.
    pub(crate) const fn backlog(&self) -> Option<Backlog> {
        self.newest
    }

    /// Takes a report.
    pub(crate) const fn set_backlog(&mut self, backlog: Backlog) {
        self.newest = Some(backlog);
    }

    /// The base fee of a block that many seconds after one with the base fee `last`.
    pub(crate) fn base_fee(&self, last: u64, seconds: u64) -> u64 {
        self.base_fees.next(last, seconds, self.newest)
    }

    /// How many of `all` transactions a block takes.
    pub(crate) fn transactions_max(&self, all: usize) -> usize {
        let backlog = self.newest.unwrap_or_default();
        transactions_max(self.config.limit_bytes, backlog.unposted_bytes, all)
    }
}

/// Transactions of a block that are left at twice the limit and beyond: enough that withdrawals, which go
/// first, still leave, and few enough that posting catches up.
const TRICKLE: usize = 4;

/// How many of `all` transactions a block takes: all of them up to the limit, a trickle from twice the
/// limit on, and in between the less the larger the backlog is.
fn transactions_max(limit: u64, unposted: u64, all: usize) -> usize {
    if unposted <= limit {
        return all;
    }
    let beyond = unposted.saturating_sub(limit);
    let left = limit.saturating_sub(beyond);
    // At most `all`, so it fits.
    let share = (all as u128 * u128::from(left) / u128::from(limit.max(1))) as usize;
    share.max(TRICKLE.min(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_shrinks_from_the_limit_to_twice_the_limit() {
        for (unposted, all, want) in [
            (0, 16_384, 16_384),
            (1_000, 16_384, 16_384),
            (1_001, 16_384, 16_367),
            (1_500, 16_384, 8_192),
            (1_999, 16_384, 16),
            (2_000, 16_384, 4),
            (u64::MAX, 16_384, 4),
            (1_500, usize::MAX, usize::MAX / 2),
            (2_000, 3, 3),
            (2_000, 0, 0),
        ] {
            let room = transactions_max(1_000, unposted, all);
            assert_eq!(room, want, "{unposted} bytes, {all} transactions");
        }
    }
}
