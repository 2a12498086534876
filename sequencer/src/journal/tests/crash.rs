//! The workload runs once to count its operations, then again and again, stopped at each of them;
//! what survives is opened, while that is stopped at each operation too.

use super::{
    super::simulated_disk::{Crash, Fault},
    *,
};

/// Some fit a sector and some do not; five segments.
const LENGTHS: [usize; 20] = [
    0, 1, 300, 1_500, 40, 700, 2_000, 20, 484, 512, 5_000, 3, 900, 900, 450, 30, 30, 1_100, 60, 10,
];

/// Commits records until something fails, and answers the last acknowledged one.
fn run(disk: &SimulatedDisk) -> u64 {
    let Ok((mut journal, recovery)) = open(disk, &options(2_500)) else {
        return 0;
    };
    let mut acknowledged = recovery.last;
    for number in journal.next_number()..=LENGTHS.len() as u64 {
        match commit(&mut journal, &payload(number, LENGTHS[number as usize - 1])) {
            Ok(last) => acknowledged = last,
            Err(_) => break,
        }
    }
    acknowledged
}

/// Opens what survived: it must hold the acknowledged records and at most one more, whole. Answers
/// the last.
fn check(disk: &SimulatedDisk, acknowledged: u64, context: &str) -> u64 {
    let (journal, recovery) =
        open(disk, &options(2_500)).unwrap_or_else(|error| panic!("{context}: {error}"));
    let last = recovery.last;
    assert!(
        last == acknowledged || last == acknowledged + 1,
        "{context}: {acknowledged} acknowledged, {last} found"
    );
    let found = read_all(&journal.reader()).unwrap_or_else(|error| panic!("{context}: {error}"));
    let expected: Vec<_> = (1..=last)
        .map(|number| payload(number, LENGTHS[number as usize - 1]))
        .collect();
    assert!(found == expected, "{context}: other records");
    last
}

/// From a disk on which a run was stopped, to one that holds all records.
fn check_recovery(disk: &SimulatedDisk, acknowledged: u64, crash: Crash, context: &str) {
    disk.restart(crash);
    // Opening is stopped too: before its first operation, its second, ... until it gets through.
    for stop in 0.. {
        let again = disk.fork(stop);
        again.fail_after(stop, Fault::Stop);
        let opened = open(&again, &options(2_500)).is_ok();
        for crash in [Crash::Process, Crash::Power] {
            let context = format!("{context}, opening stopped at {stop}, then {crash:?}");
            let survivor = again.fork(stop);
            survivor.restart(crash);
            let last = check(&survivor, acknowledged, &context);
            // What opening has reported is durable, and the journal goes on from there.
            survivor.restart(Crash::Power);
            assert_eq!(check(&survivor, last, &context), last, "{context}");
            assert_eq!(run(&survivor), LENGTHS.len() as u64, "{context}");
            survivor.restart(Crash::Power);
            check(&survivor, LENGTHS.len() as u64, &context);
        }
        if opened {
            break;
        }
    }
}

fn stop_at_every_operation(crash: Crash, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let whole = SimulatedDisk::new(seed);
        whole.set_short_writes(seed % 2 == 1);
        assert_eq!(run(&whole), LENGTHS.len() as u64);
        assert!(whole.names().len() >= 5, "the workload is meant to rotate");
        for stop in 0..whole.operations() {
            let disk = SimulatedDisk::new(seed);
            disk.set_short_writes(seed % 2 == 1);
            disk.fail_after(stop, Fault::Stop);
            let acknowledged = run(&disk);
            assert!(disk.stopped());
            check_recovery(
                &disk,
                acknowledged,
                crash,
                &format!("seed {seed}, {crash:?} at {stop}"),
            );
        }
    }
}

#[test]
fn power_loss_at_every_operation() {
    stop_at_every_operation(Crash::Power, 0..24);
}

#[test]
fn process_death_at_every_operation() {
    stop_at_every_operation(Crash::Process, 0..4);
}

/// A write or a sync fails at each operation; the process ends, and later the power goes.
#[test]
fn an_error_at_every_operation() {
    for seed in 0..12 {
        let whole = SimulatedDisk::new(seed);
        run(&whole);
        for at in 0..whole.operations() {
            for crash in [Crash::Process, Crash::Power] {
                let disk = SimulatedDisk::new(seed);
                disk.fail_after(at, Fault::Error(std::io::ErrorKind::StorageFull));
                let acknowledged = run(&disk);
                assert!(acknowledged < LENGTHS.len() as u64);
                check_recovery(
                    &disk,
                    acknowledged,
                    crash,
                    &format!("seed {seed}, error at {at}, {crash:?}"),
                );
            }
        }
    }
}
