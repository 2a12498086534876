//! Random histories against a vector of payloads.

use proptest::{collection::vec, prelude::*};

use super::{
    super::simulated_disk::{Crash, Fault},
    *,
};

#[derive(Clone, Debug)]
enum Step {
    /// Commits a record of this length.
    Commit(usize),
    /// Appends a record of this length and leaves it unsynced.
    Append(usize),
    /// Closes and opens with this segment size, `verify_from` anywhere.
    Reopen(u64, u64),
    /// The machine stops after this many more operations, or at once if they do not come.
    StopSoon(u64),
    /// An operation fails after this many more.
    FailSoon(u64),
    Crash(Crash),
}

fn step() -> impl Strategy<Value = Step> {
    let length = prop_oneof![0..40usize, 0..3_000usize];
    prop_oneof![
        12 => length.clone().prop_map(Step::Commit),
        1 => length.prop_map(Step::Append),
        2 => (100..5_000u64, 0..50u64).prop_map(|(size, from)| Step::Reopen(size, from)),
        1 => (0..8u64).prop_map(Step::StopSoon),
        1 => (0..8u64).prop_map(Step::FailSoon),
        1 => prop_oneof![Just(Crash::Process), Just(Crash::Power)].prop_map(Step::Crash),
    ]
}

struct History {
    disk: SimulatedDisk,
    options: Options,
    journal: Option<Journal>,
    acknowledged: Vec<Vec<u8>>,
    /// The record that was appended last, if nobody knows whether it is durable.
    unknown: Option<Vec<u8>>,
}

impl History {
    fn take(&mut self, step: &Step) {
        match *step {
            Step::Commit(length) => {
                self.append(length);
                self.sync();
            }
            Step::Append(length) => self.append(length),
            Step::Reopen(segment_bytes, verify_from) => {
                self.options = Options {
                    segment_bytes,
                    verify_from,
                    ..Options::new(GENESIS)
                };
                self.journal = None;
                self.open();
            }
            Step::StopSoon(operations) => self.disk.fail_after(operations, Fault::Stop),
            Step::FailSoon(operations) => {
                self.disk
                    .fail_after(operations, Fault::Error(std::io::ErrorKind::Other));
            }
            Step::Crash(crash) => {
                self.disk.restart(crash);
                self.journal = None;
                self.open();
            }
        }
    }

    /// One payload may be tried more than once: each try has its own bytes.
    fn append(&mut self, length: usize) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let bytes = payload(self.disk.operations(), length);
        let number = self.acknowledged.len() as u64 + 1;
        let pending = journal.next_number() > number;
        match journal.append(number, &[&bytes]) {
            Ok(_) => self.unknown = Some(bytes),
            Err(JournalError::OutOfSequence { .. } | JournalError::Unsynced { .. }) => {
                assert!(pending);
            }
            Err(JournalError::Failed(_)) if self.unknown.is_none() => self.unknown = Some(bytes),
            Err(JournalError::Failed(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }

    fn sync(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        if let Ok(last) = journal.sync() {
            self.acknowledged.extend(self.unknown.take());
            assert_eq!(last, self.acknowledged.len() as u64);
        }
        let found = read_all(&journal.reader());
        assert!(self.disk.stopped() || found.expect("whole") == self.acknowledged);
    }

    /// Opens; what is found must be what was acknowledged, and perhaps the one record nobody knows
    /// of.
    fn open(&mut self) {
        let (journal, recovery) = match open(&self.disk, &self.options) {
            Ok(opened) => opened,
            Err(JournalError::Io { .. }) => return,
            Err(other) => panic!("{other}"),
        };
        if recovery.last == self.acknowledged.len() as u64 + 1 {
            self.acknowledged
                .push(self.unknown.take().expect("a record out of nowhere"));
        }
        self.unknown = None;
        assert_eq!(recovery.last, self.acknowledged.len() as u64);
        assert!(read_all(&journal.reader()).expect("whole") == self.acknowledged);
        self.journal = Some(journal);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_what_was_acknowledged(
        seed: u64,
        short_writes: bool,
        steps in vec(step(), 1..80),
    ) {
        let disk = SimulatedDisk::new(seed);
        disk.set_short_writes(short_writes);
        let mut history = History {
            disk,
            options: options(1_000),
            journal: None,
            acknowledged: Vec::new(),
            unknown: None,
        };
        history.open();
        for step in &steps {
            history.take(step);
        }
        history.take(&Step::Crash(Crash::Power));
        prop_assert!(history.journal.is_some());
    }
}
