//! The claim policy: a table of prices and waits, and what holds whatever they are.

use proptest::prelude::*;
use spillway_relayer::policy::{
    CLAIM_GAS, Chosen, ClaimPolicy, ClaimReason, EACH_GAS_MAX, FAILING_GAS_MAX, Prices, Waiting,
};

const POLICY: ClaimPolicy = ClaimPolicy {
    service_level: 1_000,
    first_percent: 70,
    last_percent: 130,
    claims_max: 200,
};

/// When it is.
const NOW: u64 = 1_000_000;

fn waiting(count: u32, oldest: u64) -> Vec<Waiting> {
    let one = |index| Waiting {
        index,
        since: NOW - oldest,
        has_failed: false,
    };
    (0..count).map(one).collect()
}

fn step(count: u32, oldest: u64, percent: u128) -> Option<Chosen> {
    let prices = Prices {
        now: 1_000_000_000 * percent / 100,
        average: 1_000_000_000,
    };
    POLICY.step(NOW, &waiting(count, oldest), &prices)
}

#[test]
fn few_wait_and_many_go_and_nobody_waits_for_ever() {
    let (price, due) = (Some(ClaimReason::Price), Some(ClaimReason::Due));
    // So many wait, the oldest for so long, at that price in percent of the average.
    let table = [
        (0, 0, 1, None),
        (1, 0, 100, None),
        (1, 999, 100, None),
        (1, 999, 28, price),
        (1, 1_000, 10_000, due),
        (8, 0, 100, None),
        (8, 999, 90, price),
        (50, 0, 65, price),
        (50, 0, 70, None),
        (50, 500, 90, price),
        (50, 500, 96, None),
        (200, 0, 70, price),
        (200, 0, 71, None),
        (200, 500, 100, price),
        (200, 500, 101, None),
        (200, 999, 129, price),
        (200, 999, 131, None),
        (200, 1_000, 131, due),
        (5_000, 0, 70, price),
    ];
    for (count, oldest, percent, expected) in table {
        let chosen = step(count, oldest, percent);
        let reason = chosen.map(|chosen| chosen.reason);
        assert_eq!(reason, expected, "{count} for {oldest} s at {percent} %");
    }
}

#[test]
fn the_oldest_are_claimed() {
    let mut waiting = waiting(300, 10);
    waiting[250].since -= 5_000;
    let prices = Prices { now: 1, average: 1 };
    let chosen = POLICY.step(NOW, &waiting, &prices).expect("one is due");
    let expected: Vec<u32> = (0..199).chain([250]).collect();
    assert_eq!((chosen.indices, chosen.oldest), (expected, 5_010));
}

#[test]
fn an_average_of_nothing_accepts_nothing_before_it_is_due() {
    let nothing = Prices { now: 5, average: 0 };
    assert_eq!(POLICY.step(NOW, &waiting(9, 999), &nothing), None);
    assert!(POLICY.step(NOW, &waiting(9, 1_000), &nothing).is_some());
}

fn many() -> impl Strategy<Value = Vec<Waiting>> {
    let one = (any::<bool>(), 0u64..2_000);
    prop::collection::vec(one, 1..400).prop_map(|all| {
        let numbered = (0..).zip(all);
        numbered
            .map(|(index, (has_failed, wait))| Waiting {
                index,
                since: NOW - wait,
                has_failed,
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn a_claim_fits_a_transaction_and_is_made_in_time(
        waiting in many(),
        now in 1u128..1_000_000_000_000,
        average in 1u128..1_000_000_000_000,
    ) {
        let prices = Prices { now, average };
        let chosen = POLICY.step(NOW, &waiting, &prices);
        let oldest = waiting.iter().map(|waiting| NOW - waiting.since).max().unwrap();
        let Some(chosen) = chosen else {
            prop_assert!(oldest < POLICY.service_level);
            return Ok(());
        };
        prop_assert_eq!(chosen.oldest, oldest);
        prop_assert!(chosen.indices.is_sorted_by(|a, b| a < b));
        prop_assert!((1..=POLICY.claims_max).contains(&chosen.indices.len()));
        let gas = chosen.indices.iter().map(|index| {
            if waiting[*index as usize].has_failed { FAILING_GAS_MAX } else { EACH_GAS_MAX }
        });
        prop_assert!(CLAIM_GAS + gas.sum::<u64>() < 1 << 24);
    }

    /// Lower prices, longer waits and more withdrawals never put a claim off.
    #[test]
    fn what_is_claimed_would_be_claimed_for_less(
        (count, more) in (1u32..150, 0u32..50),
        (wait, longer) in (0u64..1_200, 0u64..300),
        (price, less) in (1u128..400, 0u128..100),
    ) {
        if step(count, wait, price).is_some() {
            prop_assert!(step(count, wait, price.saturating_sub(less)).is_some());
            prop_assert!(step(count, wait + longer, price).is_some());
            prop_assert!(step(count + more, wait, price).is_some());
        }
    }
}
