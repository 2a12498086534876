//! Torn tails are cut, at whatever byte; damage to anything durable is refused, with its place.

use super::{
    super::{Corruption, Damage, JournalError, Repair, format::segment_name},
    *,
};

/// One segment with three records.
const LENGTHS: [usize; 3] = [40, 70, 55];

fn expected(lengths: &[usize]) -> Vec<Vec<u8>> {
    (1..)
        .zip(lengths)
        .map(|(number, &length)| payload(number, length))
        .collect()
}

/// The ways in which the bytes from `from` on can be missing.
fn torn(whole: &[u8], from: usize) -> [Vec<u8>; 3] {
    let fill = |byte| {
        let mut bytes = whole[..from].to_vec();
        bytes.resize(whole.len(), byte);
        bytes
    };
    [whole[..from].to_vec(), fill(0), fill(0xd7)]
}

fn corruption(result: Result<(Journal, Recovery), JournalError>) -> Corruption {
    match result {
        Err(JournalError::Corrupt(corruption)) => corruption,
        Err(other) => panic!("another error: {other}"),
        Ok((_, recovery)) => panic!("opened: {recovery:?}"),
    }
}

#[test]
fn last_record_torn_at_every_byte_is_cut() {
    let whole = disk_with(&LENGTHS, &options(1_000));
    let name = segment_name(1);
    let content = whole.content(&name);
    let start = offsets(&LENGTHS)[2];
    for from in start..content.len() {
        for bytes in torn(&content, from) {
            let disk = whole.fork(0);
            disk.set_content(&name, &bytes);
            let (mut journal, recovery) = open(&disk, &options(1_000)).expect("a tear is repaired");
            assert_eq!(recovery.last, 2, "torn at {from}");
            let cut = Repair::CutRecord {
                path: format!("/simulated/{name}").into(),
                record: 3,
                offset: start as u64,
                bytes: (bytes.len() - start) as u64,
            };
            assert_eq!(
                recovery.repair,
                if bytes.len() == start {
                    Repair::None
                } else {
                    cut
                }
            );
            assert_eq!(disk.content(&name), content[..start]);
            commit(&mut journal, &payload(3, 9)).expect("it goes on");
            drop(journal);
            let (journal, recovery) = open(&disk, &options(1_000)).expect("clean");
            assert_eq!((recovery.last, recovery.repair), (3, Repair::None));
            assert_eq!(
                read_all(&journal.reader()).expect("whole"),
                expected(&[40, 70, 9])
            );
        }
    }
}

#[test]
fn new_segment_torn_at_every_byte_is_removed() {
    // Two records in the first segment, one in the second.
    let options = options(250);
    let whole = disk_with(&LENGTHS, &options);
    let (first, second) = (segment_name(1), segment_name(3));
    assert_eq!(whole.names(), [first.clone(), second.clone()]);
    let content = whole.content(&second);
    let cases = (0..content.len()).flat_map(|from| torn(&content, from).map(|bytes| (from, bytes)));
    // The header is synced before a record is written: a torn header has nothing behind it.
    for (from, bytes) in cases {
        let header_torn = from < SEGMENT_HEADER_BYTES;
        let bytes = if header_torn {
            &bytes[..bytes.len().min(SEGMENT_HEADER_BYTES)]
        } else {
            &bytes[..]
        };
        let disk = whole.fork(0);
        disk.set_content(&second, bytes);
        let (mut journal, recovery) = open(&disk, &options).expect("a tear is repaired");
        assert_eq!(recovery.last, 2, "torn at {from}");
        let path = format!("/simulated/{second}").into();
        assert_eq!(recovery.repair, Repair::RemovedSegment { path, record: 3 });
        assert_eq!(disk.names(), std::slice::from_ref(&first));
        commit(&mut journal, &payload(3, 55)).expect("it goes on");
        assert_eq!(
            read_all(&journal.reader()).expect("whole"),
            expected(&LENGTHS)
        );
    }
}

#[test]
fn only_segment_torn_at_every_byte_is_removed() {
    let whole = disk_with(&[30], &options(1_000));
    let name = segment_name(1);
    let content = whole.content(&name);
    for from in 0..content.len() {
        let disk = whole.fork(0);
        disk.set_content(&name, &content[..from]);
        let (journal, recovery) = open(&disk, &options(1_000)).expect("a tear is repaired");
        assert_eq!(
            (recovery.last, recovery.segments, journal.next_number()),
            (0, 0, 1),
            "torn at {from}"
        );
    }
}

/// Flips a bit in every byte of a record that others follow.
fn flip_every_byte(lengths: &[usize], options: &Options, segment: u64, record: u64, start: usize) {
    let whole = disk_with(lengths, options);
    let name = segment_name(segment);
    let end = start + RECORD_HEADER_BYTES + lengths[record as usize - 1];
    for at in start..end {
        let mut content = whole.content(&name);
        content[at] ^= 1 << (at % 8);
        let disk = whole.fork(0);
        disk.set_content(&name, &content);
        let damage = if at < start + RECORD_HEADER_BYTES {
            Damage::Header
        } else {
            Damage::Payload
        };
        let path = format!("/simulated/{name}").into();
        let place = Corruption {
            path,
            offset: start as u64,
            record,
            damage,
        };
        assert_eq!(corruption(open(&disk, options)), place, "byte {at}");
        assert_eq!(disk.content(&name), content, "nothing is changed");
        // Without the check at opening it is found when it is read, and only there.
        let lazy = Options {
            verify_from: lengths.len() as u64,
            ..options.clone()
        };
        if segment_name(segment) != *whole.names().last().expect("there are segments") {
            let (journal, _) = open(&disk, &lazy).expect("the damage is before verify_from");
            check_all_but(&journal.reader(), lengths, &place);
        }
    }
}

fn check_all_but(reader: &Reader, lengths: &[usize], place: &Corruption) {
    let mut found = Vec::new();
    for (number, &length) in (1..).zip(lengths) {
        let result = reader.read(number, &mut found);
        if number == place.record {
            assert!(
                matches!(result, Err(JournalError::Corrupt(corruption)) if corruption == *place)
            );
        } else {
            assert!(result.expect("this one is whole"));
            assert_eq!(found, payload(number, length));
        }
    }
    assert!(
        matches!(read_all(reader), Err(JournalError::Corrupt(corruption)) if corruption == *place)
    );
}

#[test]
fn flips_in_a_middle_record_of_the_last_segment_are_refused() {
    flip_every_byte(&LENGTHS, &options(1_000), 1, 1, offsets(&LENGTHS)[0]);
    flip_every_byte(&LENGTHS, &options(1_000), 1, 2, offsets(&LENGTHS)[1]);
}

#[test]
fn flips_in_a_sealed_segment_are_refused_or_found_when_read() {
    let lengths = [40, 70, 55, 55, 20];
    // Records 1 to 3 in the first segment.
    flip_every_byte(&lengths, &options(350), 1, 1, offsets(&lengths)[0]);
    flip_every_byte(&lengths, &options(350), 1, 2, offsets(&lengths)[1]);
}

#[test]
fn the_last_record_of_a_sealed_segment_is_always_checked() {
    let lengths = [40, 70, 55, 55, 20];
    let lazy = Options {
        verify_from: 5,
        ..options(350)
    };
    let whole = disk_with(&lengths, &lazy);
    let (name, start) = (segment_name(1), offsets(&lengths)[2]);
    let content = whole.content(&name);
    for at in start..content.len() {
        let disk = whole.fork(0);
        let mut flipped = content.clone();
        flipped[at] ^= 0x10;
        disk.set_content(&name, &flipped);
        let found = corruption(open(&disk, &lazy));
        assert_eq!((found.record, found.offset), (3, start as u64));
        disk.set_content(&name, &content[..at]);
        let found = corruption(open(&disk, &lazy));
        assert_eq!(
            (found.record, found.offset),
            (3, start as u64),
            "cut at {at}"
        );
    }
}

#[test]
fn flips_in_a_segment_header_are_refused() {
    let options = options(250);
    let whole = disk_with(&LENGTHS, &options);
    for segment in [1, 3] {
        let name = segment_name(segment);
        for at in 0..SEGMENT_HEADER_BYTES {
            let mut content = whole.content(&name);
            content[at] ^= 0x80;
            let disk = whole.fork(0);
            disk.set_content(&name, &content);
            let found = corruption(open(&disk, &options));
            assert_eq!((found.record, found.offset), (segment, 0));
            assert_eq!(found.damage, Damage::SegmentHeader);
        }
    }
}

/// The one case that the file cannot decide. The caller can.
#[test]
fn a_flip_in_the_very_last_record_looks_torn_unless_it_is_expected() {
    let whole = disk_with(&LENGTHS, &options(1_000));
    let name = segment_name(1);
    let start = offsets(&LENGTHS)[2];
    let content = whole.content(&name);
    for at in start..content.len() {
        let mut flipped = content.clone();
        flipped[at] ^= 2;
        let disk = whole.fork(0);
        disk.set_content(&name, &flipped);
        let expecting = Options {
            expect_through: 3,
            ..options(1_000)
        };
        let refused = open(&disk, &expecting).map(|_| ());
        assert!(
            matches!(
                refused,
                Err(JournalError::EndsEarly {
                    last: 2,
                    expected: 3
                })
            ),
            "byte {at}"
        );
        assert_eq!(disk.content(&name), flipped, "nothing is changed");
        let (_, recovery) = open(&disk, &options(1_000)).expect("taken for a tear");
        assert_eq!(recovery.last, 2);
    }
}

/// A torn record can be full of what looks like records, if a user puts them into a transaction.
#[test]
fn records_inside_a_payload_prove_nothing() {
    let options = options(10_000);
    let forged = disk_with(&[10; 6], &options).content(&segment_name(1));
    let disk = SimulatedDisk::new(0);
    let (mut journal, _) = open(&disk, &options).expect("empty");
    commit(&mut journal, &forged[SEGMENT_HEADER_BYTES..]).expect("nothing fails");
    commit(&mut journal, &forged[SEGMENT_HEADER_BYTES..]).expect("nothing fails");
    drop(journal);
    let mut content = disk.content(&segment_name(1));
    let start = SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES + forged.len() - SEGMENT_HEADER_BYTES;
    content[start..start + RECORD_HEADER_BYTES].fill(0);
    disk.set_content(&segment_name(1), &content);
    let (_, recovery) = open(&disk, &options).expect("a tear");
    assert_eq!(recovery.last, 1);
}

#[test]
fn more_bytes_than_one_record_can_have_are_no_tear() {
    let disk = disk_with(&[10], &options(1_000));
    let name = segment_name(1);
    let mut content = disk.content(&name);
    let start = content.len();
    content.resize(
        start + RECORD_HEADER_BYTES + super::super::MAX_RECORD_BYTES as usize,
        0,
    );
    let tear = disk.fork(0);
    tear.set_content(&name, &content);
    assert_eq!(open(&tear, &options(1_000)).expect("a tear").1.last, 1);
    content.push(0);
    disk.set_content(&name, &content);
    let found = corruption(open(&disk, &options(1_000)));
    assert_eq!(
        (found.record, found.offset, found.damage),
        (2, start as u64, Damage::Header)
    );
}

#[test]
fn missing_and_strange_segments_are_refused() {
    let options = options(250);
    let lengths = [40, 70, 55, 55, 100, 100];
    let whole = disk_with(&lengths, &options);
    let names = whole.names();
    assert!(names.len() >= 4);

    let without = |index: usize| {
        let disk = SimulatedDisk::new(0);
        for (_, name) in names.iter().enumerate().filter(|(at, _)| *at != index) {
            disk.set_content(name, &whole.content(name));
        }
        open(&disk, &options).map(|(_, recovery)| recovery.last)
    };
    assert!(matches!(
        without(0),
        Err(JournalError::FirstSegmentMissing { .. })
    ));
    match without(1) {
        Err(JournalError::Corrupt(found)) => {
            assert_eq!((found.record, found.damage), (3, Damage::HeaderCutShort));
        }
        other => panic!("{other:?}"),
    }

    let renamed = whole.fork(0);
    renamed.set_content(&segment_name(7), &whole.content(&names[1]));
    assert_eq!(
        corruption(open(&renamed, &options)).damage,
        Damage::Misnamed { found: 3 }
    );

    let foreign = whole.fork(0);
    foreign.set_content("old.seg", b"");
    assert!(matches!(
        open(&foreign, &options),
        Err(JournalError::ForeignFile { .. })
    ));
    let ignored = whole.fork(0);
    ignored.set_content("notes.txt", b"");
    assert!(open(&ignored, &options).is_ok());

    let other = Options {
        genesis: [1; 32],
        ..options.clone()
    };
    assert!(matches!(
        open(&whole, &other),
        Err(JournalError::OtherChain { found: GENESIS, .. })
    ));
}

#[test]
fn another_format_version_is_refused() {
    let disk = disk_with(&[10], &options(1_000));
    let name = segment_name(1);
    let header = super::super::format::SegmentHeader {
        version: 2,
        genesis: GENESIS,
        first: 1,
        salt: 5,
    };
    disk.set_content(&name, &header.encode());
    assert!(matches!(
        open(&disk, &options(1_000)),
        Err(JournalError::OtherVersion { found: 2, .. })
    ));
}
