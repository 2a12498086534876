//! What does not move, and how often that is said.

use spillway_relayer::pools::{Asset, Observed, Pool, Pools, Route, Wait};

use super::{UNIT, asked, calm, config, pools, set, shown};

fn needy() -> Observed {
    let mut observed = calm();
    set(&mut observed, Asset::Eth, Pool::Hot, 90);
    observed
}

/// At that time, so many units in hot: what is said.
#[test]
fn what_somebody_has_to_send_is_said_again_until_it_comes() {
    let mut pools = Pools::new(config(), false).expect("good settings");
    let needs = "cold to hot waits with 110: NoKey";
    let table: [(u64, u128, &[&str]); 9] = [
        (0, 90, &[needs]),
        (10, 80, &[]),
        (999, 90, &[]),
        (1_000, 90, &[needs]),
        (1_999, 90, &[]),
        (2_000, 70, &["cold to hot waits with 130: NoKey"]),
        (2_010, 190, &["cold to hot is met"]),
        (2_020, 190, &[]),
        // That is another need.
        (2_030, 90, &[needs]),
    ];
    for (time, hot, expected) in table {
        let mut observed = calm();
        observed.time = 10_000 + time;
        set(&mut observed, Asset::Eth, Pool::Hot, hot);
        assert_eq!(shown(&pools.step(&observed)), expected, "{time}");
    }
    let waiting: Vec<_> = pools.waiting().collect();
    assert_eq!((waiting.len(), waiting[0].since), (1, 12_030));
}

/// At that time, a price: what moves and what is said.
#[test]
fn above_the_ceiling_moves_wait_and_that_is_said_once() {
    let waits = "cold to hot waits with 110: Fees";
    let table: [(u64, u128, &[&str]); 6] = [
        (0, 101, &[waits]),
        (2_000, 500, &[]),
        (2_010, 100, &["cold to hot: 110"]),
        (2_020, 101, &[waits]),
        (2_030, 100, &["cold to hot: 110"]),
        (2_040, 101, &[]),
    ];
    let mut pools = pools();
    for (time, price, expected) in table {
        let mut observed = needy();
        (observed.time, observed.price) = (10_000 + time, price);
        assert_eq!(shown(&pools.step(&observed)), expected, "{time}");
    }
    // What was not said to wait is not said to be met.
    assert_eq!(shown(&pools.step(&calm())), [""; 0]);
}

/// Hot, operating, and what moves at twice the ceiling.
#[test]
fn what_is_urgent_moves_whatever_it_costs_within_the_limits() {
    let table: [([u128; 2], &[&str]); 5] = [
        ([30, 30], &["cold to hot waits with 170: Fees"]),
        ([29, 30], &["cold to hot: 150"]),
        ([200, 5], &["hot to operating waits with 45: Fees"]),
        ([200, 4], &["hot to operating: 46"]),
        // Cold helps operating as urgently as operating needs it.
        (
            [100, 4],
            &["cold to hot: 146", "hot to operating waits with 46: Source"],
        ),
    ];
    for ([hot, operating], expected) in table {
        let mut observed = calm();
        observed.price = 200;
        set(&mut observed, Asset::Eth, Pool::Hot, hot);
        set(&mut observed, Asset::Eth, Pool::Operating, operating);
        assert_eq!(
            shown(&pools().step(&observed)),
            expected,
            "{hot} {operating}"
        );
    }
    let mut observed = needy();
    observed.price = u128::MAX;
    set(&mut observed, Asset::Eth, Pool::Hot, 0);
    let expected = ["cold to hot waits with 200: Source"];
    assert_eq!(shown(&pools().step(&observed)), expected, "no such fee");
}

#[test]
fn a_move_that_failed_is_made_again_later_each_time() {
    let mut pools = pools();
    let mut observed = needy();
    let route = Route::fill(Asset::Eth);
    for wait in [60, 120, 240, 300, 300] {
        let now = observed.time;
        assert_eq!(shown(&pools.step(&observed)), ["cold to hot: 110"]);
        assert_eq!(pools.on_failed(route), now + wait);
        observed.time = now + wait - 1;
        let decided = pools.step(&observed);
        assert_eq!(decided.moves, []);
        let waiting = pools.waiting().next().expect("it waits");
        assert_eq!(waiting.wait, Wait::Retry { at: now + wait });
        observed.time = now + wait;
    }
    // One that takes effect makes up for all of them.
    let done = asked(1, route, 110, observed.time);
    pools.on_asked(done);
    pools.on_done(done.id, 90);
    assert_eq!(pools.on_failed(route), observed.time - 1 + 60);
}

#[test]
fn a_failure_holds_up_no_other_route() {
    let mut pools = pools();
    let mut observed = needy();
    pools.step(&observed);
    pools.on_failed(Route::fill(Asset::Eth));
    set(&mut observed, super::TOKEN, Pool::Hot, 90);
    let decided = pools.step(&observed);
    assert_eq!(decided.moves, [(Route::fill(super::TOKEN), 110 * UNIT)]);
}

/// As long as operating lacks something, hot does not give it to cold.
#[test]
fn what_operating_waits_for_stays_in_hot() {
    let mut pools = pools();
    let mut observed = calm();
    set(&mut observed, Asset::Eth, Pool::Hot, 430);
    set(&mut observed, Asset::Eth, Pool::Operating, 10);
    observed.time = 59;
    pools.on_failed(Route::TOP_UP);
    let waits = "hot to operating waits with 40: Retry";
    assert_eq!(shown(&pools.step(&observed)), [waits]);
    set(&mut observed, Asset::Eth, Pool::Hot, 445);
    assert_eq!(shown(&pools.step(&observed)), ["hot to cold: 150"]);
}

/// L1's time goes back in a fork; what was waited for is not waited for again.
#[test]
fn time_does_not_go_back() {
    let mut pools = pools();
    let mut observed = needy();
    pools.step(&observed);
    observed.time -= 50;
    pools.step(&observed);
    assert_eq!(pools.now(), 10_000);
    assert_eq!(pools.on_failed(Route::fill(Asset::Eth)), 10_060);
}
