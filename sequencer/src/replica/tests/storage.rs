//! A disk that fails under a replica, and files that somebody has been at.

use std::fs;
use std::io::ErrorKind;

use super::*;
use crate::journal::simulated_disk::{Crash, Fault};
use crate::signatures::NAME;

/// Imports two at a time until the fault that is planned; what is acknowledged, and the failure.
fn import_until_it_fails(replica: &mut Replica, from: &View) -> Option<ImportError> {
    loop {
        let next = replica.view().block_number() + 1;
        let blocks = received(from, next, 2);
        if blocks.is_empty() {
            return None;
        }
        if let Err(error) = replica.import(blocks) {
            return Some(error);
        }
    }
}

#[tokio::test]
async fn wherever_the_disk_fails_imports_stop_reads_go_on_and_a_restart_goes_on() {
    let chain = Chain::new().await;
    let sequencer = chain.start();
    let theirs = sequencer.view();
    let (mut after, mut is_through) = (0, false);
    while !is_through {
        let fault = match after % 2 {
            0 => Fault::Error(ErrorKind::Other),
            _ => Fault::Stop,
        };
        let dir = tempfile::tempdir().unwrap();
        let disk = SimulatedDisk::new(after);
        let mut replica = start_on_disk(&dir, &disk);
        disk.fail_after(after, fault);
        let error = import_until_it_fails(&mut replica, &theirs);
        is_through = error.is_none();
        let shown = place(&replica.view());
        if let Some(error) = error {
            assert!(error.is_final(), "{error}");
            assert!(replica.submitter().halted());
            let next = received(&theirs, shown.0 + 1, 1);
            let again = replica.import(next).unwrap_err();
            assert!(matches!(again, ImportError::Halted), "{again}");
            assert_eq!(place(&replica.view()), shown, "reads go on");
        }
        replica.stop().unwrap();

        let crash = [Crash::Process, Crash::Power][(after / 2 % 2) as usize];
        disk.restart(crash);
        let mut replica = start_on_disk(&dir, &disk);
        let found = replica.view().block_number();
        let next = shown.0 + 1;
        assert!((shown.0..=next).contains(&found), "{} -> {found}", shown.0);
        check_whole(&replica);
        catch_up(&mut replica, &theirs);
        assert_eq!(place(&replica.view()), place(&theirs));
        check_whole(&replica);
        replica.stop().unwrap();
        // Most operations are alike: a sync of a segment, a write of a block.
        after += 1 + after / 8;
    }
    assert!(after > 40, "{after} operations");
}

/// A replica of the first six blocks, which is not running.
fn six(from: &View) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = start(&dir);
    replica.import(received(from, 1, 6)).unwrap();
    replica.stop().unwrap();
    dir
}

#[tokio::test]
async fn what_is_torn_off_the_signatures_is_missed_and_nothing_else() {
    let chain = Chain::new().await;
    let sequencer = chain.start();
    let theirs = sequencer.view();
    // Bytes of the file that are left, or garbage behind it, and the blocks that still have a signature.
    for (length, kept) in [
        (7 * 128 + 300, 6),
        (7 * 128 - 1, 5),
        (5 * 128 + 64, 4),
        (128, 0),
        (60, 0),
        (0, 0),
    ] {
        let dir = six(&theirs);
        let path = dir.path().join(NAME);
        let mut bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 7 * 128);
        bytes.resize(length, 0xaa);
        fs::write(&path, bytes).unwrap();
        let mut replica = start(&dir);
        for number in 1..=6 {
            let signed = replica
                .view()
                .signed_blocks()
                .signed_header(number)
                .unwrap();
            let expected = theirs.signed_blocks().signed_header(number).unwrap();
            assert_eq!(
                signed,
                expected.filter(|_| number <= kept),
                "{length} bytes, block {number}"
            );
        }
        // A follower of this one hears that there is none.
        let served = feed(&replica.view(), 1, 6);
        assert_eq!(
            served
                .iter()
                .filter(|block| block.signature.is_some())
                .count() as u64,
            kept
        );
        catch_up(&mut replica, &theirs);
        let last = theirs.block_number();
        for number in 7..=last {
            let signed = replica
                .view()
                .signed_blocks()
                .signed_header(number)
                .unwrap();
            assert_eq!(
                signed,
                theirs.signed_blocks().signed_header(number).unwrap()
            );
        }
    }
}

#[tokio::test]
async fn signatures_that_are_another_s_are_not_served() {
    let chain = Chain::new().await;
    let sequencer = chain.start();
    let theirs = sequencer.view();
    let dir = six(&theirs);
    let path = dir.path().join(NAME);
    let whole = fs::read(&path).unwrap();
    for changed in 128..7 * 128 {
        // One byte of each record will do.
        if changed % 128 != changed / 128 * 19 {
            continue;
        }
        let mut bytes = whole.clone();
        bytes[changed] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let replica = start(&dir);
        let missing: Vec<_> = (1..=6u64)
            .filter(|number| {
                replica
                    .view()
                    .signed_blocks()
                    .signed_header(*number)
                    .unwrap()
                    .is_none()
            })
            .collect();
        assert_eq!(missing, [changed as u64 / 128]);
    }
    // A record in the place of another one.
    let mut bytes = whole.clone();
    bytes.copy_within(128..256, 256);
    fs::write(&path, &bytes).unwrap();
    let replica = start(&dir);
    assert_eq!(
        replica.view().signed_blocks().signed_header(2).unwrap(),
        None
    );
    drop(replica);
    let mut bytes = whole;
    bytes[3] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let refused = Replica::start(&config(&dir), key().address()).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("is damaged in its first 128 bytes")
    );
}
