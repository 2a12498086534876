//! The file of signatures on a disk that fails.

use std::io::ErrorKind;

use alloy_primitives::{B256, Signature, U256};

use super::*;
use crate::journal::simulated_disk::{Crash, Fault, SimulatedDisk};

const GENESIS: B256 = B256::repeat_byte(0xab);

fn kept(number: u64) -> KeptSignature {
    KeptSignature {
        number,
        fork_id: number / 10,
        block_hash: B256::with_last_byte(number as u8),
        signature: Signature::new(U256::from(number), U256::MAX, number % 2 == 1),
    }
}

fn group(numbers: std::ops::RangeInclusive<u64>) -> Vec<KeptSignature> {
    numbers.map(kept).collect()
}

fn holds(file: &SignatureFile, number: u64) -> bool {
    let one = kept(number);
    let found = file.read(number, one.fork_id, &one.block_hash).unwrap();
    assert!(found.is_none_or(|found| found == one.signature));
    found.is_some()
}

#[test]
fn what_is_written_is_read_by_number_fork_and_hash() {
    let disk = SimulatedDisk::new(1);
    let file = SignatureFile::open(&disk, &GENESIS, 0).unwrap();
    file.write(&[]).unwrap();
    file.write(&group(1..=25)).unwrap();
    for number in 1..=25 {
        assert!(holds(&file, number), "{number}");
    }
    assert!(!holds(&file, 26) && !holds(&file, 0) && !holds(&file, u64::MAX));
    let KeptSignature {
        fork_id,
        block_hash,
        ..
    } = kept(7);
    assert_eq!(file.read(7, fork_id + 1, &block_hash).unwrap(), None);
    assert_eq!(file.read(7, fork_id, &B256::ZERO).unwrap(), None);
}

#[test]
fn a_start_cuts_what_is_beyond_the_journal_and_leaves_a_gap_a_gap() {
    let disk = SimulatedDisk::new(2);
    let file = SignatureFile::open(&disk, &GENESIS, 0).unwrap();
    file.write(&group(1..=9)).unwrap();
    disk.restart(Crash::Process);
    let file = SignatureFile::open(&disk, &GENESIS, 4).unwrap();
    assert_eq!(disk.content(NAME).len(), 5 * 128);
    file.write(&group(7..=8)).unwrap();
    let found: Vec<_> = (1..=9).filter(|number| holds(&file, *number)).collect();
    assert_eq!(found, [1, 2, 3, 4, 7, 8]);
}

#[test]
fn the_bytes_are_those_of_the_documentation() {
    let disk = SimulatedDisk::new(3);
    let file = SignatureFile::open(&disk, &GENESIS, 0).unwrap();
    file.write(&group(1..=1)).unwrap();
    let bytes = disk.content(NAME);
    let mut header = b"SPILLSIG\0\0\0\x01".to_vec();
    header.extend([0xab; 32]);
    header.resize(120, 0);
    assert_eq!(bytes[..120], header);
    let one = kept(1);
    let mut record = [1u64.to_be_bytes(), 0u64.to_be_bytes()].concat();
    record.extend(one.block_hash);
    record.extend(one.signature.as_bytes());
    record.resize(120, 0);
    assert_eq!(bytes[128..248], record);
    for part in bytes.chunks(128) {
        let checksum = xxhash_rust::xxh3::xxh3_64(&part[..120]);
        assert_eq!(part[120..], checksum.to_be_bytes());
    }
}

#[test]
fn what_is_not_ours_is_refused() {
    let disk = SimulatedDisk::new(4);
    let file = SignatureFile::open(&disk, &GENESIS, 0).unwrap();
    file.write(&group(1..=3)).unwrap();
    let error = SignatureFile::open(&disk, &B256::ZERO, 3).unwrap_err();
    assert!(
        matches!(error, SignatureFileError::OtherChain(_)),
        "{error}"
    );
    let whole = disk.content(NAME);
    let mut damaged = whole.clone();
    damaged[50] ^= 1;
    disk.set_content(NAME, &damaged);
    let error = SignatureFile::open(&disk, &GENESIS, 3).unwrap_err();
    assert!(matches!(error, SignatureFileError::Damaged(_)), "{error}");
    let mut newer = whole;
    newer[11] = 2;
    let checksum = xxhash_rust::xxh3::xxh3_64(&newer[..120]).to_be_bytes();
    newer[120..128].copy_from_slice(&checksum);
    disk.set_content(NAME, &newer);
    let error = SignatureFile::open(&disk, &GENESIS, 3).unwrap_err();
    let is_named = matches!(error, SignatureFileError::OtherVersion { found: 2, .. });
    assert!(is_named, "{error}");
}

/// Whatever is interrupted, what a write was answered for is there.
#[test]
fn at_any_crash_what_was_synced_is_kept() {
    for after in 0..14 {
        for (crash, fault) in [
            (Crash::Power, Fault::Stop),
            (Crash::Process, Fault::Stop),
            (Crash::Power, Fault::Error(ErrorKind::Other)),
        ] {
            let disk = SimulatedDisk::new(after);
            disk.fail_after(after, fault);
            let mut synced = 0;
            if let Ok(file) = SignatureFile::open(&disk, &GENESIS, 0) {
                while synced < 15 && file.write(&group(synced + 1..=synced + 3)).is_ok() {
                    synced += 3;
                }
            }
            disk.restart(crash);
            let file = SignatureFile::open(&disk, &GENESIS, synced).unwrap();
            for number in 1..=synced {
                assert!(holds(&file, number), "{number} of {synced} after {after}");
            }
            file.write(&group(synced + 1..=synced + 3)).unwrap();
            assert!(holds(&file, synced + 3));
        }
    }
}
