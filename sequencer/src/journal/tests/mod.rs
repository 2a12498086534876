//! Tests of the whole journal. Each file is one way to treat it badly.

use std::sync::Arc;

use super::{
    Journal, JournalError, Options, Reader, Recovery,
    format::{RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES},
    simulated_disk::SimulatedDisk,
};

mod crash;
mod damage;
mod directory;
mod failure;
mod model;
mod reading;

const GENESIS: [u8; 32] = [0x5e; 32];

fn options(segment_bytes: u64) -> Options {
    Options {
        segment_bytes,
        ..Options::new(GENESIS)
    }
}

fn open(disk: &SimulatedDisk, options: &Options) -> Result<(Journal, Recovery), JournalError> {
    Journal::open_in(Arc::new(disk.clone()), options)
}

/// A payload that differs from every other record's and has no zero byte, so that lost bytes always
/// show.
fn payload(number: u64, length: usize) -> Vec<u8> {
    (0..length as u64)
        .map(|at| (number.wrapping_mul(167) + at.wrapping_mul(13)) as u8 | 1)
        .collect()
}

/// Appends a record and syncs it.
fn commit(journal: &mut Journal, payload: &[u8]) -> Result<u64, JournalError> {
    journal.append(journal.next_number(), &[payload])?;
    journal.sync()
}

/// A disk with records of these lengths, all durable.
fn disk_with(lengths: &[usize], options: &Options) -> SimulatedDisk {
    let disk = SimulatedDisk::new(0);
    let (mut journal, _) = open(&disk, options).expect("an empty disk opens");
    for (number, &length) in (1..).zip(lengths) {
        commit(&mut journal, &payload(number, length)).expect("nothing fails");
    }
    disk
}

/// Everything a reader gives, in order.
fn read_all(reader: &Reader) -> Result<Vec<Vec<u8>>, JournalError> {
    let mut records = reader.records_from(1);
    let mut payloads = Vec::new();
    while let Some(record) = records.next_record()? {
        payloads.push(record.payload.to_vec());
        assert_eq!(record.number, payloads.len() as u64);
    }
    Ok(payloads)
}

/// Where the records of one segment begin and the last one ends, from their lengths.
fn offsets(lengths: &[usize]) -> Vec<usize> {
    let ends = lengths.iter().scan(SEGMENT_HEADER_BYTES, |end, length| {
        *end += RECORD_HEADER_BYTES + length;
        Some(*end)
    });
    std::iter::once(SEGMENT_HEADER_BYTES).chain(ends).collect()
}
