//! The index of activity against a naive search, through sections, restarts and damage.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256};
use proptest::prelude::*;

use super::activity::Activity;
use super::*;

/// What a block is about: numbers of keys, and whether a log has them.
type About = Vec<(u8, bool)>;

fn key_of(number: u8) -> Key {
    Key::address(&Address::with_last_byte(number))
}

fn hash(number: u64) -> B256 {
    B256::from(alloy_primitives::U256::from(number))
}

fn add(activity: &Activity, blocks: &[About], from: u64) {
    for (number, about) in (1..).zip(blocks).filter(|(number, _)| *number >= from) {
        let keys = BlockKeys::of(about.iter().map(|(key, logged)| (key_of(*key), *logged)));
        activity.add(number, hash(number), &keys).unwrap();
    }
}

fn naive(blocks: &[About], all_of: &[Vec<u8>], logged: bool) -> BTreeSet<u64> {
    let has = |about: &About, key: u8| about.iter().any(|(k, l)| *k == key && (*l || !logged));
    let matching = (1..).zip(blocks).filter(|(_, about)| {
        all_of
            .iter()
            .all(|keys| keys.iter().any(|key| has(about, *key)))
    });
    matching.map(|(number, _)| number).collect()
}

fn found(
    activity: &Activity,
    all_of: &[Vec<u8>],
    logged: bool,
    range: RangeInclusive<u64>,
    descending: bool,
) -> Vec<u64> {
    let search = Search {
        all_of: all_of
            .iter()
            .map(|keys| keys.iter().map(|key| key_of(*key)).collect())
            .collect(),
        logged,
    };
    let mut blocks = Vec::new();
    activity
        .search(&search, &range, descending, |number| {
            blocks.push(number);
            ControlFlow::Continue(())
        })
        .unwrap();
    blocks
}

fn check(activity: &Activity, blocks: &[About], all_of: &[Vec<u8>], logged: bool, from: u64) {
    let range = from..=blocks.len() as u64;
    let mut want: Vec<_> = naive(blocks, all_of, logged).into_iter().collect();
    want.retain(|number| range.contains(number));
    assert_eq!(found(activity, all_of, logged, range.clone(), false), want);
    want.reverse();
    assert_eq!(found(activity, all_of, logged, range, true), want);
}

proptest! {
    #[test]
    fn searches_find_what_a_naive_one_finds(
        blocks in prop::collection::vec(prop::collection::vec((0..12u8, any::<bool>()), 0..6), 1..80),
        all_of in prop::collection::vec(prop::collection::vec(0..12u8, 1..3), 1..3),
        logged in any::<bool>(),
        from in 1..40u64,
        cut in 0..400u64,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("activity");
        {
            let activity = Activity::open_with(&path, 16).unwrap();
            add(&activity, &blocks, 1);
            prop_assert_eq!(activity.last(), blocks.len() as u64);
            check(&activity, &blocks, &all_of, logged, from);
        }
        // After a start the sections are there, and the rest is added again; also when the file's end is lost.
        for cut in [0, cut] {
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            let len = file.metadata().unwrap().len();
            file.set_len(len.saturating_sub(cut)).unwrap();
            let activity = Activity::open_with(&path, 16).unwrap();
            let last = activity.last_in_file();
            prop_assert!(last.is_none_or(|(number, found)| found == hash(number)));
            add(&activity, &blocks, activity.last() + 1);
            check(&activity, &blocks, &all_of, logged, from);
        }
    }
}

#[test]
fn long_runs_of_one_key_cross_fences_and_sections() {
    let dir = tempfile::tempdir().unwrap();
    let activity = Activity::open_with(&dir.path().join("activity"), 4_096).unwrap();
    let blocks: Vec<About> = (0..6_000u32)
        .map(|number| vec![(1, number % 3 == 0), (2 + (number % 5) as u8, true)])
        .collect();
    add(&activity, &blocks, 1);
    assert!(activity.last_in_file().is_some());
    for logged in [false, true] {
        check(&activity, &blocks, &[vec![1]], logged, 1);
        check(&activity, &blocks, &[vec![1], vec![3, 4]], logged, 777);
    }
}

#[test]
fn a_search_can_be_ended() {
    let dir = tempfile::tempdir().unwrap();
    let activity = Activity::open_with(&dir.path().join("activity"), 8).unwrap();
    add(&activity, &vec![vec![(1, true)]; 40], 1);
    let search = Search {
        all_of: vec![vec![key_of(1)]],
        logged: true,
    };
    for (descending, want) in [(false, [1, 2]), (true, [40, 39])] {
        let mut seen = Vec::new();
        let visit = |number| {
            seen.push(number);
            match seen.len() {
                2 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        };
        activity
            .search(&search, &(1..=40), descending, visit)
            .unwrap();
        assert_eq!(seen, want);
    }
}

#[test]
fn damage_is_an_error_and_never_a_missing_block() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("activity");
    let blocks = vec![vec![(1, true), (2, true)]; 60];
    add(&Activity::open_with(&path, 16).unwrap(), &blocks, 1);
    let mut bytes = std::fs::read(&path).unwrap();
    let in_postings = super::section::HEADER_BYTES + 9;
    bytes[in_postings] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let activity = Activity::open_with(&path, 16).unwrap();
    let search = Search {
        all_of: vec![vec![key_of(1)]],
        logged: true,
    };
    let result = activity.search(&search, &(1..=60), false, |_| ControlFlow::Continue(()));
    assert!(result.unwrap_err().to_string().contains("is damaged"));

    // A damaged header ends the file before it.
    bytes[3] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(Activity::open_with(&path, 16).unwrap().last(), 0);
}
