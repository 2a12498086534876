//! A write or sync that fails stops the journal for good, and reads go on.

use std::io::ErrorKind;

use super::{
    super::{
        Failure, JournalError, MAX_RECORD_BYTES,
        simulated_disk::{Crash, Fault},
    },
    *,
};

fn failure<T: std::fmt::Debug>(result: Result<T, JournalError>) -> Failure {
    match result {
        Err(JournalError::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

/// Lets the operation that comes after `after` more fail, and checks all that must follow.
fn check_stop(segment_bytes: u64, after: u64, kind: ErrorKind, operation: &str) {
    let disk = disk_with(&[100, 100], &options(1_000));
    let (mut journal, _) = open(&disk, &options(segment_bytes)).expect("clean");
    let reader = journal.reader();
    disk.fail_after(after, Fault::Error(kind));

    let first = failure(commit(&mut journal, &payload(3, 100)));
    assert_eq!(
        (first.operation, first.last_synced, first.source.kind()),
        (operation, 2, kind)
    );
    let operations = disk.operations();
    for _ in 0..2 {
        let next = journal.next_number();
        for later in [
            failure(journal.append(next, &[b"more"])),
            failure(journal.sync()),
        ] {
            assert_eq!(later.to_string(), first.to_string());
        }
    }
    assert_eq!(disk.operations(), operations, "nothing is tried again");
    assert_eq!(
        read_all(&reader).expect("reads go on"),
        [payload(1, 100), payload(2, 100)]
    );
    assert_eq!(
        read_all(&journal.reader()).expect("new readers too").len(),
        2
    );
    assert_eq!(reader.last_synced(), 2);
}

#[test]
fn a_failed_write_stops_the_journal() {
    check_stop(1_000, 0, ErrorKind::StorageFull, "write");
}

#[test]
fn a_failed_sync_stops_the_journal() {
    check_stop(1_000, 1, ErrorKind::Other, "sync");
}

#[test]
fn a_failed_rotation_stops_the_journal() {
    for (after, operation) in ["create", "write", "sync", "sync"].into_iter().enumerate() {
        check_stop(100, after as u64, ErrorKind::QuotaExceeded, operation);
    }
}

/// After a failed sync the record reads well from the page cache, and the next sync succeeds. If
/// opening trusted that, the record would be reported, and be gone after the power loss.
#[test]
fn a_record_whose_sync_failed_is_durable_once_opening_reports_it() {
    let mut survived = 0;
    for seed in 0..50 {
        let disk = disk_with(&[100, 100], &options(10_000)).fork(seed);
        let (mut journal, _) = open(&disk, &options(10_000)).expect("clean");
        journal
            .append(3, &[&payload(3, 3_000)])
            .expect("the write works");
        disk.fail_after(0, Fault::Error(ErrorKind::Other));
        failure(journal.sync());
        drop(journal);
        disk.restart(Crash::Process);
        let (_, recovery) = open(&disk, &options(10_000)).expect("clean");
        assert_eq!(recovery.last, 3, "the page cache has it");
        disk.restart(Crash::Power);
        let (journal, recovery) = open(&disk, &options(10_000)).expect("clean");
        assert_eq!(recovery.last, 3, "seed {seed}");
        survived += read_all(&journal.reader()).expect("whole").len();
    }
    assert_eq!(survived, 150);
}

#[test]
fn a_full_disk_stops_the_journal_until_there_is_room() {
    let disk = SimulatedDisk::new(1);
    disk.set_capacity(5_000);
    let (mut journal, _) = open(&disk, &options(2_000)).expect("empty");
    let mut acknowledged = 0;
    let stopped = loop {
        match commit(&mut journal, &payload(acknowledged + 1, 600)) {
            Ok(last) => acknowledged = last,
            Err(error) => break failure::<()>(Err(error)),
        }
    };
    assert_eq!(
        (stopped.source.kind(), stopped.last_synced),
        (ErrorKind::StorageFull, acknowledged)
    );
    assert!(acknowledged >= 5, "{acknowledged}");
    drop(journal);

    // Still full: it opens, and stops again.
    let (mut journal, recovery) = open(&disk, &options(2_000)).expect("opening needs no room");
    assert_eq!(recovery.last, acknowledged);
    failure(commit(&mut journal, &payload(acknowledged + 1, 4_000)));
    drop(journal);

    disk.set_capacity(100_000);
    let (mut journal, _) = open(&disk, &options(2_000)).expect("clean");
    commit(&mut journal, &payload(acknowledged + 1, 600)).expect("there is room");
    let expected: Vec<_> = (1..=acknowledged + 1)
        .map(|number| payload(number, 600))
        .collect();
    assert_eq!(read_all(&journal.reader()).expect("whole"), expected);
}

#[test]
fn mistakes_of_the_caller_change_nothing() {
    let disk = SimulatedDisk::new(0);
    let (mut journal, _) = open(&disk, &options(1_000)).expect("empty");
    assert_eq!(journal.sync().expect("nothing to do"), 0);
    for got in [0, 2] {
        let result = journal.append(got, &[b"a"]);
        assert!(matches!(
            result,
            Err(JournalError::OutOfSequence { expected: 1, .. })
        ));
    }
    let long = vec![0; MAX_RECORD_BYTES as usize];
    assert!(matches!(
        journal.append(1, &[&long, b"a"]),
        Err(JournalError::TooLong { .. })
    ));
    assert_eq!(
        disk.operations(),
        1,
        "only the sync of the directory, at opening"
    );
    journal.append(1, &[b"a"]).expect("right");
    assert!(matches!(
        journal.append(2, &[b"b"]),
        Err(JournalError::Unsynced { unsynced: 1 })
    ));
    assert_eq!(journal.sync().expect("right"), 1);
    assert_eq!(
        journal
            .append(2, &[&long])
            .expect("the limit itself")
            .segment,
        2
    );
    assert_eq!(journal.sync().expect("right"), 2);
    let mut found = Vec::new();
    assert!(journal.reader().read(2, &mut found).expect("whole"));
    assert!(found == long);
}
