//! What moves, case by case.

use spillway_relayer::pools::{Asset, Observed, Pool, Pools, Route};

use super::{TOKEN, UNIT, asked, calm, config, pools, set, set_apart, shown};

/// ETH in hot, cold and operating, and what moves.
#[test]
fn eth_moves_where_it_is_missing() {
    let table: [([u128; 3], &[&str]); 15] = [
        ([200, 5_000, 30], &[]),
        ([100, 5_000, 20], &[]),
        ([400, 5_000, 20], &[]),
        ([401, 5_000, 30], &["hot to cold: 150"]),
        ([530, 5_000, 30], &["hot to cold: 150"]),
        ([99, 5_000, 30], &["cold to hot: 101"]),
        ([0, 5_000, 30], &["cold to hot: 150"]),
        // Cold keeps what its own transactions cost.
        ([0, 60, 30], &["cold to hot: 50"]),
        ([0, 19, 30], &["cold to hot waits with 200: Source"]),
        // Operating comes out of what hot has above its low.
        ([200, 5_000, 19], &["hot to operating: 31"]),
        ([115, 5_000, 1], &["hot to operating: 15"]),
        // If that is too little, cold helps with what both miss.
        (
            [100, 5_000, 1],
            &["cold to hot: 149", "hot to operating waits with 49: Source"],
        ),
        (
            [50, 5_000, 0],
            &["cold to hot: 150", "hot to operating waits with 50: Source"],
        ),
        // What goes to operating does not go to cold.
        ([440, 5_000, 10], &["hot to operating: 40"]),
        (
            [470, 5_000, 10],
            &["hot to operating: 40", "hot to cold: 150"],
        ),
    ];
    for ([hot, cold, operating], expected) in table {
        let mut observed = calm();
        set(&mut observed, Asset::Eth, Pool::Hot, hot);
        set(&mut observed, Asset::Eth, Pool::Cold, cold);
        set(&mut observed, Asset::Eth, Pool::Operating, operating);
        let decided = pools().step(&observed);
        assert_eq!(shown(&decided), expected, "{hot} {cold} {operating}");
    }
}

#[test]
fn tokens_move_by_themselves_and_take_eth_for_gas() {
    let table: [([u128; 3], &[&str]); 5] = [
        // Tokens in hot, tokens in cold, ETH in cold.
        ([99, 5_000, 5_000], &["cold to hot of token: 101"]),
        ([401, 5_000, 0], &["hot to cold of token: 150"]),
        // All of a token may go.
        ([99, 60, 5_000], &["cold to hot of token: 60"]),
        (
            [99, 9, 5_000],
            &["cold to hot of token waits with 101: Source"],
        ),
        (
            [99, 5_000, 0],
            &["cold to hot of token waits with 101: Gas"],
        ),
    ];
    for ([hot, cold, wei], expected) in table {
        let mut observed = calm();
        set(&mut observed, TOKEN, Pool::Hot, hot);
        set(&mut observed, TOKEN, Pool::Cold, cold);
        set(&mut observed, Asset::Eth, Pool::Cold, wei);
        let decided = pools().step(&observed);
        assert_eq!(shown(&decided), expected, "{hot} {cold} {wei}");
    }
}

/// Head and depth of hot, and what moves.
#[test]
fn only_what_has_been_there_for_long_moves_and_what_is_missing_now_is_filled() {
    let table: [([u128; 2], &[&str]); 5] = [
        ([600, 200], &[]),
        ([200, 600], &[]),
        ([450, 600], &["hot to cold: 150"]),
        // Somebody has filled it already, or a block that takes from it may go again.
        ([200, 50], &[]),
        ([50, 200], &["cold to hot: 150"]),
    ];
    for ([head, deep], expected) in table {
        let mut observed = calm();
        set_apart(&mut observed, Asset::Eth, Pool::Hot, head, deep);
        let decided = pools().step(&observed);
        assert_eq!(shown(&decided), expected, "{head} {deep}");
    }
}

#[test]
fn what_hot_owes_does_not_leave_it() {
    let mut observed = calm();
    set(&mut observed, Asset::Eth, Pool::Hot, 450);
    observed.committed.insert(Asset::Eth, 60 * UNIT);
    assert_eq!(shown(&pools().step(&observed)), [""; 0]);
    observed.committed.insert(Asset::Eth, 40 * UNIT);
    assert_eq!(shown(&pools().step(&observed)), ["hot to cold: 150"]);
    observed.committed.insert(Asset::Eth, 225 * UNIT);
    assert_eq!(shown(&pools().step(&observed)), [""; 0]);
    // Operating would take it too.
    observed.committed.insert(Asset::Eth, 335 * UNIT);
    set(&mut observed, Asset::Eth, Pool::Operating, 10);
    assert_eq!(shown(&pools().step(&observed)), ["hot to operating: 15"]);
}

/// Hot lacks 150, of which half is under way.
fn with_a_fill() -> (Pools, Observed) {
    let mut pools = pools();
    let mut observed = calm();
    set(&mut observed, Asset::Eth, Pool::Hot, 50);
    pools.on_asked(asked(1, Route::fill(Asset::Eth), 75, 9_990));
    (pools, observed)
}

#[test]
fn a_route_has_one_move_until_the_block_at_depth_shows_it() {
    let (mut pools, mut observed) = with_a_fill();
    let id = asked(1, Route::fill(Asset::Eth), 75, 9_990).id;
    assert_eq!(shown(&pools.step(&observed)), [""; 0], "it is under way");
    pools.on_included(id, 103);
    assert_eq!(shown(&pools.step(&observed)), [""; 0], "it may go again");
    pools.on_done(id, 103);
    assert_eq!(shown(&pools.step(&observed)), [""; 0], "depth lacks it");
    observed.deep_block = 103;
    assert_eq!(shown(&pools.step(&observed)), ["cold to hot: 150"]);
    // A node that lags behind does not show it any more.
    observed.deep_block = 102;
    assert_eq!(shown(&pools.step(&observed)), [""; 0]);
    observed.deep_block = 104;
    pools.on_dropped(id);
    assert_eq!(shown(&pools.step(&observed)), [""; 0], "it is sent again");
}

#[test]
fn a_move_under_way_holds_up_no_other_route() {
    let (mut pools, mut observed) = with_a_fill();
    set(&mut observed, Asset::Eth, Pool::Hot, 450);
    set(&mut observed, Asset::Eth, Pool::Operating, 10);
    set(&mut observed, TOKEN, Pool::Hot, 50);
    let expected = [
        "hot to operating: 40",
        "hot to cold: 150",
        "cold to hot of token: 150",
    ];
    assert_eq!(shown(&pools.step(&observed)), expected);
}

/// What leaves hot is taken off, be it in the newest block or not.
#[test]
fn what_is_under_way_is_not_moved_twice() {
    let mut pools = pools();
    let mut observed = calm();
    pools.on_asked(asked(1, Route::surplus(Asset::Eth), 150, 9_990));
    set(&mut observed, Asset::Eth, Pool::Hot, 275);
    set(&mut observed, Asset::Eth, Pool::Operating, 10);
    // 275 less 150 less the 100 that hot keeps.
    assert_eq!(shown(&pools.step(&observed)), ["hot to operating: 25"]);
}

#[test]
fn hot_keeps_less_for_itself_where_that_is_set() {
    let mut config = config();
    config.operating.hot_keeps = Some(40 * UNIT);
    let mut pools = Pools::new(config, true).expect("good settings");
    let mut observed = calm();
    set(&mut observed, Asset::Eth, Pool::Hot, 60);
    set(&mut observed, Asset::Eth, Pool::Operating, 0);
    let expected = ["hot to operating: 20", "cold to hot: 140"];
    assert_eq!(shown(&pools.step(&observed)), expected);
}

/// Little is missing, and less than the minimum does not move.
#[test]
fn cold_helps_operating_with_no_less_than_the_minimum() {
    let mut config = config();
    config.operating.hot_keeps = Some(200 * UNIT);
    config.operating.target = 30 * UNIT;
    let mut pools = Pools::new(config, true).expect("good settings");
    let mut observed = calm();
    set(&mut observed, Asset::Eth, Pool::Hot, 209);
    set(&mut observed, Asset::Eth, Pool::Operating, 19);
    let expected = ["cold to hot: 10", "hot to operating waits with 11: Source"];
    assert_eq!(shown(&pools.step(&observed)), expected);
}

#[test]
fn what_is_not_known_moves_nothing_and_stops_nothing_else() {
    let mut observed = calm();
    set(&mut observed, TOKEN, Pool::Hot, 0);
    observed.unreadable.insert(Asset::Eth, "no".into());
    set(&mut observed, Asset::Eth, Pool::Hot, 0);
    let moves = "cold to hot of token: 150";
    let mut pools = pools();
    // Said when it lasts.
    assert_eq!(shown(&pools.step(&observed)), [moves]);
    let expected = [moves, "cold to hot waits with 0: Unreadable"];
    assert_eq!(shown(&pools.step(&observed)), expected);
    observed.unreadable.clear();
    observed.balances.remove(&(Asset::Eth, Pool::Operating));
    observed.time += 1_000;
    assert_eq!(shown(&pools.step(&observed)), expected);
}
