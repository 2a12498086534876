//! The base fee: what posting an operation to L1 costs, and more while posting is behind.
//!
//! A function of the previous block's base fee, the time between the two blocks, and what the batcher
//! reports. It moves slowly, because wallets sign with what they were quoted a while ago, and not for
//! little, because a block that changes it takes twelve bytes more on L1.

use spillway_protocol::gas::TRANSFER_ETH;

use crate::backlog::Backlog;
use crate::config::BacklogConfig;

/// Bytes that a transfer takes on L1: 9.0 at 10,000 transfers/s and 10.1 at 100 were measured, everything in.
const TRANSFER_BYTES: u128 = 10;
/// What the base fee is multiplied by when the backlog is at its limit.
const FACTOR_AT_LIMIT: u128 = 10;
/// The base fee moves by one part in this many a second, and not at all for less than that.
const EIGHTH: u64 = 8;
/// Seconds between two blocks that count. With more of them the base fee could more than double from one
/// block to the next, and so exceed what wallets are quoted.
const SECONDS_MAX: u64 = 5;

/// How the base fee follows the backlog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BaseFeePolicy {
    min: u64,
    backlog: BacklogConfig,
}

impl BaseFeePolicy {
    /// A policy with a floor, in wei a unit of gas. The floor wins over the cap.
    pub(crate) const fn new(min: u64, backlog: BacklogConfig) -> Self {
        Self { min, backlog }
    }

    /// The base fee of a block that many seconds after one with the base fee `last`. While nothing is
    /// known of the backlog, as after a start, it stays as it was.
    pub(crate) fn next(&self, last: u64, seconds: u64, backlog: Option<Backlog>) -> u64 {
        let last = self.bounded(last);
        let Some(backlog) = backlog else {
            return last;
        };
        let wanted = self.wanted(backlog);
        if last.abs_diff(wanted) <= wanted / EIGHTH {
            return last;
        }
        (0..seconds.min(SECONDS_MAX)).fold(last, |fee, _| step(fee, wanted))
    }

    /// What the base fee moves towards: the cost of a transfer, times a factor that is 1 up to the
    /// target and rises in proportion from there.
    fn wanted(&self, backlog: Backlog) -> u64 {
        let transfer = backlog.wei_per_byte.saturating_mul(TRANSFER_BYTES);
        let cost = transfer
            .div_ceil(u128::from(TRANSFER_ETH))
            .max(u128::from(self.min));
        let (target, limit) = (self.backlog.target_bytes, self.backlog.limit_bytes);
        let span = u128::from(limit.saturating_sub(target).max(1));
        let beyond = u128::from(backlog.unposted_bytes.saturating_sub(target));
        // Both are below 2^64, so the sum fits. A product that does not is beyond any cap.
        let factor = span + (FACTOR_AT_LIMIT - 1) * beyond;
        let wanted = cost.saturating_mul(factor).div_ceil(span);
        self.bounded(u64::try_from(wanted).unwrap_or(u64::MAX))
    }

    fn bounded(&self, fee: u64) -> u64 {
        fee.min(self.backlog.base_fee_max).max(self.min)
    }
}

/// One second's move: an eighth, or a wei where an eighth is less.
fn step(fee: u64, wanted: u64) -> u64 {
    let most = (fee / EIGHTH).max(1);
    if wanted > fee {
        fee.saturating_add(most).min(wanted)
    } else {
        fee.saturating_sub(most).max(wanted)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIN: u64 = 1_000;
    const MAX: u64 = 1_000_000;

    fn policy() -> BaseFeePolicy {
        let backlog = BacklogConfig {
            target_bytes: 1_000,
            limit_bytes: 10_000,
            base_fee_max: MAX,
        };
        BaseFeePolicy::new(MIN, backlog)
    }

    fn backlog(unposted_bytes: u64, wei_per_byte: u128) -> Backlog {
        Backlog {
            unposted_bytes,
            wei_per_byte,
        }
    }

    #[test]
    fn what_is_wanted() {
        for (unposted_bytes, wei_per_byte, want) in [
            // The floor, then what ten bytes cost, spread over 21,000 gas and rounded up.
            (0, 0, 1_000),
            (0, 2_100_000, 1_000),
            (0, 2_100_001, 1_001),
            (0, 21_000_000, 10_000),
            // Nothing for a backlog up to the target; ten times as much at the limit, and on.
            (1_000, 21_000_000, 10_000),
            (1_001, 21_000_000, 10_010),
            (5_500, 21_000_000, 55_000),
            (10_000, 21_000_000, 100_000),
            (19_000, 21_000_000, 190_000),
            (10_000, 0, 10_000),
            // The cap, also for figures that fit nowhere.
            (1_000_000, 21_000_000, MAX),
            (0, u128::MAX, MAX),
            (u64::MAX, u128::MAX, MAX),
            (u64::MAX, 0, MAX),
        ] {
            let wanted = policy().wanted(backlog(unposted_bytes, wei_per_byte));
            assert_eq!(wanted, want, "{unposted_bytes} bytes at {wei_per_byte} wei");
        }
    }

    #[test]
    fn an_eighth_a_second_and_nothing_for_little() {
        // Each 2,100 wei a byte want one wei of base fee.
        let wanting = |fee: u64| Some(backlog(0, u128::from(fee) * 2_100));
        for (last, seconds, wanted, want) in [
            // Up and down, compounded, and no further than what is wanted.
            (8_000, 1, 80_000, 9_000),
            (8_000, 2, 80_000, 10_125),
            (8_000, 1, 2_000, 7_000),
            (8_000, 3, 10_000, 10_000),
            (8_000, 5, 6_000, 6_000),
            // A block of the same second, and more seconds than count.
            (8_000, 0, 80_000, 8_000),
            (8_000, 5, 80_000, 14_414),
            (8_000, u64::MAX, 80_000, 14_414),
            // Within an eighth of what is wanted it is left alone.
            (8_000, 1, 9_142, 8_000),
            (8_000, 1, 9_143, 9_000),
            (8_000, 1, 7_112, 8_000),
            (8_000, 1, 7_111, 7_111),
            // What is out of bounds comes back at once.
            (0, 0, 1_000, 1_000),
            (u64::MAX, 0, MAX, MAX),
        ] {
            let next = policy().next(last, seconds, wanting(wanted));
            assert_eq!(next, want, "{last} after {seconds} s towards {wanted}");
        }
    }

    #[test]
    fn it_stays_until_something_is_known_of_the_backlog() {
        assert_eq!(policy().next(8_000, 5, None), 8_000);
        assert_eq!(policy().next(0, 5, None), MIN);
    }

    #[test]
    fn the_floor_wins_over_the_cap_and_a_limit_below_the_target_is_no_panic() {
        let odd = BacklogConfig {
            target_bytes: 10,
            limit_bytes: 5,
            base_fee_max: 1,
        };
        let policy = BaseFeePolicy::new(MIN, odd);
        assert_eq!(policy.wanted(backlog(u64::MAX, u128::MAX)), MIN);
        assert_eq!(policy.next(5, 1, Some(backlog(11, 1))), MIN);
    }

    proptest! {
        #[test]
        fn a_block_stays_in_bounds_and_moves_an_eighth_a_second(
            last in any::<u64>(),
            seconds in any::<u64>(),
            unposted_bytes in any::<u64>(),
            wei_per_byte in any::<u128>(),
        ) {
            let policy = policy();
            let backlog = backlog(unposted_bytes, wei_per_byte);
            let next = policy.next(last, seconds, Some(backlog));
            prop_assert!((MIN..=MAX).contains(&next));
            let from = last.clamp(MIN, MAX);
            let (mut low, mut high) = (from, from);
            for _ in 0..seconds.min(64) {
                low -= low / 8;
                high += high / 8;
            }
            prop_assert!((low..=high).contains(&next), "{from} -> {next}");
            prop_assert!(next <= 2 * from, "what wallets were quoted covers the next block");
        }

        #[test]
        fn it_converges_whatever_time_blocks_take(
            last in any::<u64>(),
            seconds in prop::collection::vec(1u64..60, 400),
            unposted_bytes in 0u64..100_000,
            wei_per_byte in 0u128..1_000_000_000,
        ) {
            let policy = policy();
            let backlog = backlog(unposted_bytes, wei_per_byte);
            let wanted = policy.wanted(backlog);
            let follow = |fee, seconds: &u64| policy.next(fee, *seconds, Some(backlog));
            let fee = seconds.iter().fold(last, follow);
            prop_assert!(fee.abs_diff(wanted) <= wanted / 8, "{fee} for {wanted}");
            prop_assert_eq!(follow(fee, &60), fee, "once there it rests");
        }
    }
}
