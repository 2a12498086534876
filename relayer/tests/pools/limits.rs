//! What an account may move in a day, over restarts as well.

use spillway_relayer::pools::{Asset, DAY, MOVES_MAX, Pool, Pools, Route};

use super::{TOKEN, UNIT, asked, calm, pools, set, shown};

/// A route, units, and a time.
type Done = (Route, u128, u64);

/// Hot has far too much, and these moves are done.
fn after(moves: &[Done]) -> (Pools, Vec<String>) {
    let mut pools = pools();
    for (number, (route, units, time)) in moves.iter().enumerate() {
        let asked = asked(number as u64, *route, *units, *time);
        pools.on_asked(asked);
        pools.on_done(asked.id, 90);
    }
    let mut observed = calm();
    observed.time = 100_000;
    set(&mut observed, Asset::Eth, Pool::Hot, 5_000);
    let shown = shown(&pools.step(&observed));
    (pools, shown)
}

#[test]
fn an_account_moves_no_more_than_its_limit_in_any_day() {
    const OUT: Route = Route::surplus(Asset::Eth);
    let recent = 100_000 - DAY + 1;
    let waits = "hot to cold waits with 4800: DayLimit";
    let table: [(&[Done], &str); 8] = [
        (&[], "hot to cold: 150"),
        (&[(OUT, 400, recent)], "hot to cold: 100"),
        (&[(OUT, 490, recent)], "hot to cold: 10"),
        (&[(OUT, 491, recent)], waits),
        (&[(OUT, 491, recent - 1)], "hot to cold: 150"),
        // Whatever leaves the account counts, and nothing else does.
        (&[(OUT, 250, recent), (Route::TOP_UP, 241, 99_000)], waits),
        (
            &[(Route::fill(Asset::Eth), 500, recent)],
            "hot to cold: 150",
        ),
        (&[(Route::surplus(TOKEN), 500, recent)], "hot to cold: 150"),
    ];
    for (moves, expected) in table {
        let (_, shown) = after(moves);
        assert_eq!(shown, [expected], "{moves:?}");
    }
}

#[test]
fn one_round_keeps_to_the_limit_as_well() {
    let mut pools = pools();
    let done = asked(1, Route::surplus(Asset::Eth), 440, 9_000);
    pools.on_asked(done);
    pools.on_done(done.id, 90);
    let mut observed = calm();
    set(&mut observed, Asset::Eth, Pool::Hot, 5_000);
    set(&mut observed, Asset::Eth, Pool::Operating, 10);
    let expected = ["hot to operating: 40", "hot to cold: 20"];
    assert_eq!(shown(&pools.step(&observed)), expected);
}

#[test]
fn a_move_that_took_no_effect_does_not_count() {
    let mut pools = pools();
    let failed = asked(1, Route::surplus(Asset::Eth), 500, 9_000);
    pools.on_asked(failed);
    assert_eq!(pools.on_ended(failed.id), Some(failed));
    let mut observed = calm();
    set(&mut observed, Asset::Eth, Pool::Hot, 5_000);
    assert_eq!(shown(&pools.step(&observed)), ["hot to cold: 150"]);
}

#[test]
fn what_is_a_day_old_is_let_go_of_when_it_is_deep() {
    let mut pools = pools();
    let route = Route::surplus(Asset::Eth);
    let (old, open, recent) = (
        asked(1, route, 1, 10_000),
        asked(2, route, 1, 10_000),
        asked(3, route, 1, 10_001),
    );
    for (asked, block) in [(old, 90), (open, 101), (recent, 90)] {
        pools.on_asked(asked);
        pools.on_done(asked.id, block);
    }
    let mut observed = calm();
    observed.time = 10_000 + DAY;
    assert_eq!(pools.step(&observed).over, [old]);
    assert_eq!(pools.step(&observed).over, []);
    observed.deep_block = 101;
    observed.time += 1;
    assert_eq!(pools.step(&observed).over, [open, recent]);
}

#[test]
fn an_account_makes_so_many_moves_a_day_whatever_their_size() {
    let small = (Route::surplus(TOKEN), 0, 99_000);
    let (mut pools, shown) = after(&vec![small; MOVES_MAX - 1]);
    assert_eq!(shown, ["hot to cold: 150"]);
    pools.on_asked(asked(9_999, Route::surplus(TOKEN), 0, 99_000));
    let mut observed = calm();
    observed.time = 100_000;
    set(&mut observed, Asset::Eth, Pool::Hot, 5_000);
    set(&mut observed, TOKEN, Pool::Hot, 90);
    let decided = pools.step(&observed);
    assert_eq!(
        decided.moves,
        [(Route::fill(TOKEN), 110 * UNIT)],
        "cold's are its own"
    );
}
