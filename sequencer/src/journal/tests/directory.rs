//! On real file systems.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{super::format::segment_name, *};

#[test]
fn a_directory_is_created_filled_and_opened_again() {
    let parent = tempfile::tempdir().expect("a temporary directory");
    let dir = parent.path().join("data").join("journal");
    let (mut journal, recovery) = Journal::open(&dir, &options(2_000)).expect("created");
    assert_eq!(recovery.last, 0);
    for number in 1..=40 {
        assert_eq!(
            commit(&mut journal, &payload(number, 200)).expect("room"),
            number
        );
    }
    drop(journal);
    // Torn, as a crash would leave it.
    let paths = fs::read_dir(&dir)
        .expect("there")
        .map(|entry| entry.expect("readable").path());
    let last: PathBuf = paths
        .filter(|path| path.extension().is_some())
        .max()
        .expect("a segment");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&last)
        .expect("writable");
    file.set_len(file.metadata().expect("there").len() - 1)
        .expect("cut");
    let (mut journal, recovery) = Journal::open(&dir, &options(2_000)).expect("repaired");
    assert_eq!(recovery.last, 39);
    commit(&mut journal, &payload(40, 200)).expect("room");
    let expected: Vec<_> = (1..=40).map(|number| payload(number, 200)).collect();
    assert_eq!(read_all(&journal.reader()).expect("whole"), expected);
}

#[test]
fn a_second_opener_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (journal, _) = Journal::open(dir.path(), &options(2_000)).expect("created");
    let refused = Journal::open(dir.path(), &options(2_000))
        .map(|_| ())
        .expect_err("it is taken");
    let JournalError::Locked { path } = &refused else {
        panic!("{refused}")
    };
    assert_eq!(*path, dir.path().join("lock"));
    assert!(
        refused.to_string().contains("stop that process"),
        "{refused}"
    );
    let reader = journal.reader();
    drop(journal);
    // A reader holds no lock.
    Journal::open(dir.path(), &options(2_000)).expect("it is free");
    assert_eq!(reader.last_synced(), 0);
}

#[test]
fn readers_work_beside_the_appender() {
    const RECORDS: u64 = 600;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (mut journal, _) = Journal::open(dir.path(), &options(20_000)).expect("created");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let reader = journal.reader();
            let done = &done;
            scope.spawn(move || {
                let mut records = reader.records_from(1);
                let mut seen = 0;
                let mut found = Vec::new();
                loop {
                    let finished = done.load(Ordering::Acquire);
                    while let Some(record) = records.next_record().expect("whole") {
                        seen += 1;
                        assert_eq!(record.number, seen);
                        assert_eq!(record.payload, payload(seen, 300));
                        let earlier = 1 + seen * 31 % seen;
                        assert!(reader.read(earlier, &mut found).expect("whole"));
                        assert_eq!(found, payload(earlier, 300));
                    }
                    if finished {
                        break;
                    }
                    std::thread::yield_now();
                }
                assert_eq!(seen, RECORDS);
            });
        }
        for number in 1..=RECORDS {
            commit(&mut journal, &payload(number, 300)).expect("room");
        }
        done.store(true, Ordering::Release);
    });
}

/// A tmpfs of its own, unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(dir.path()));
        Self(dir)
    }

    fn grow(&self) {
        run(Command::new("mount")
            .args(["-o", "remount,size=4m"])
            .arg(self.path()));
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run(Command::new("umount").arg(self.path()));
    }
}

fn run(command: &mut Command) {
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        status.success(),
        "{command:?}: {status}; this test needs root with the right to mount"
    );
}

/// Needs root and the right to mount (CAP_SYS_ADMIN). Root without it fails here; other users pass
/// by, and `failure::a_full_disk_stops_the_journal_until_there_is_room` is what they have.
#[test]
fn a_full_tmpfs_stops_the_journal_until_there_is_room() {
    if fs::metadata("/proc/self").expect("procfs").uid() != 0 {
        eprintln!("not root: nothing was tested");
        return;
    }
    let disk = SmallDisk::mount();
    let dir = disk.path().join("journal");
    let (mut journal, _) = Journal::open(&dir, &options(300_000)).expect("created");
    let mut acknowledged = 0;
    let failure = loop {
        match commit(&mut journal, &payload(acknowledged + 1, 10_000)) {
            Ok(last) => acknowledged = last,
            Err(JournalError::Failed(failure)) => break failure,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(failure.source.kind(), ErrorKind::StorageFull);
    assert_eq!(failure.last_synced, acknowledged);
    assert!(acknowledged > 80, "{acknowledged}");
    assert!(matches!(journal.sync(), Err(JournalError::Failed(_))));
    let expected: Vec<_> = (1..=acknowledged)
        .map(|number| payload(number, 10_000))
        .collect();
    assert_eq!(read_all(&journal.reader()).expect("reads go on"), expected);
    drop(journal);

    let (mut journal, recovery) =
        Journal::open(&dir, &options(300_000)).expect("opening needs no room");
    assert_eq!(recovery.last, acknowledged);
    assert!(matches!(
        commit(&mut journal, &[1; 200_000]),
        Err(JournalError::Failed(_))
    ));
    drop(journal);

    disk.grow();
    let (mut journal, recovery) = Journal::open(&dir, &options(300_000)).expect("clean");
    assert_eq!(recovery.last, acknowledged);
    commit(&mut journal, &payload(acknowledged + 1, 200_000)).expect("there is room");
    assert_eq!(
        read_all(&journal.reader()).expect("whole").len() as u64,
        acknowledged + 1
    );
}

#[test]
fn a_directory_that_cannot_be_opened_is_named() {
    let parent = tempfile::tempdir().expect("a temporary directory");
    let file = parent.path().join(segment_name(1));
    fs::write(&file, b"").expect("room");
    let error = Journal::open(&file, &options(2_000))
        .map(|_| ())
        .expect_err("a file is no directory");
    assert!(
        error.to_string().contains(&*file.to_string_lossy()),
        "{error}"
    );
}
