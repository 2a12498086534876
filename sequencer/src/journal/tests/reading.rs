//! Readers see what is durable, all of it and nothing else.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;

#[test]
fn parts_are_joined_and_positions_are_where_the_record_is() {
    let disk = SimulatedDisk::new(0);
    let (mut journal, recovery) = open(&disk, &options(150)).expect("empty");
    assert_eq!((recovery.last, recovery.segments), (0, 0));
    let first = journal
        .append(1, &[b"sealed ", b"", b"block"])
        .expect("right");
    assert_eq!(
        (first.segment, first.offset),
        (1, SEGMENT_HEADER_BYTES as u64)
    );
    journal.sync().expect("right");
    let second = journal.append(2, &[]).expect("right");
    assert_eq!(
        (second.segment, second.offset),
        (1, (SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES + 12) as u64)
    );
    journal.sync().expect("right");
    let third = journal.append(3, &[b"next"]).expect("right");
    assert_eq!(
        (third.segment, third.offset),
        (3, SEGMENT_HEADER_BYTES as u64)
    );
    journal.sync().expect("right");
    let found = read_all(&journal.reader()).expect("whole");
    assert_eq!(found, [&b"sealed block"[..], b"", b"next"]);
}

#[test]
fn a_record_is_seen_after_its_sync_and_a_follower_goes_on() {
    let disk = SimulatedDisk::new(0);
    let (mut journal, _) = open(&disk, &options(300)).expect("empty");
    let reader = journal.reader();
    let mut follower = reader.records_from(0);
    let mut buffer = Vec::new();
    assert!(!reader.read(0, &mut buffer).expect("no such record"));
    for number in 1..=20 {
        let expected = payload(number, 50);
        assert_eq!(follower.next_record().expect("nothing yet"), None);
        journal.append(number, &[&expected]).expect("right");
        assert_eq!(reader.last_synced(), number - 1);
        assert!(!reader.read(number, &mut buffer).expect("not synced"));
        assert_eq!(follower.next_record().expect("not synced"), None);
        journal.sync().expect("right");
        let record = follower.next_record().expect("whole").expect("synced");
        assert_eq!((record.number, record.payload), (number, &expected[..]));
        assert!(reader.read(number, &mut buffer).expect("whole"));
        assert_eq!(buffer, expected);
    }
    assert!(disk.names().len() > 3);
    let mut later = reader.records_from(21);
    assert_eq!(later.next_record().expect("not there yet"), None);
    commit(&mut journal, b"21").expect("right");
    assert_eq!(
        later.next_record().expect("whole").expect("synced").number,
        21
    );
}

/// The search has no index to be wrong, only guesses. Lengths from nothing to many windows, mixed.
#[test]
fn every_record_is_found_whatever_the_lengths() {
    let mut rng = StdRng::seed_from_u64(7);
    let mixes: [fn(&mut StdRng, usize) -> usize; 5] = [
        |_, _| 0,
        |_, _| 200,
        |rng, _| rng.random_range(0..3_000),
        |rng, _| if rng.random_ratio(1, 50) { 100_000 } else { 10 },
        |_, at| if at < 1_000 { 5 } else { 1_500 },
    ];
    for (mix, length) in mixes.into_iter().enumerate() {
        let lengths: Vec<usize> = (0..2_000).map(|at| length(&mut rng, at)).collect();
        for segment_bytes in [100_000, u64::MAX] {
            let disk = disk_with(&lengths, &options(segment_bytes));
            let lazy = Options {
                verify_from: 2_000,
                ..options(segment_bytes)
            };
            let (journal, _) = open(&disk, &lazy).expect("clean");
            let reader = journal.reader();
            let mut found = Vec::new();
            for (number, &length) in (1..).zip(&lengths) {
                assert!(reader.read(number, &mut found).expect("whole"), "mix {mix}");
                assert!(
                    found == payload(number, length),
                    "mix {mix}, record {number}"
                );
            }
            let mut records = reader.records_from(1_234);
            for number in 1_234..=2_000 {
                assert_eq!(
                    records.next_record().expect("whole").expect("there").number,
                    number
                );
            }
        }
    }
}
