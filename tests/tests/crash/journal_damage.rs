//! Damage to the journal's files: what a crash can leave is repaired, anything else is refused with its place.

use std::fs;
use std::time::{Duration, Instant};

use alloy_primitives::{B256, U64};
use rand::rngs::StdRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use serde_json::json;
use spillway_tests::{CallError, PATIENCE};

use crate::audit::Auditor;
use crate::load::{Load, Manner, WALLETS};
use crate::model::Place;
use crate::plan::{Kinds, Wallet};
use crate::records::{self, RECORD_HEADER_BYTES};
use crate::replay::Replay;
use crate::site::{SMALL_FILES, Site};

/// A directory whose node was killed under load, everything in it judged once.
struct Killed {
    seed: u64,
    site: Site,
    auditor: Auditor,
    /// The records of the segments at the time of the kill.
    records: Vec<records::Place>,
}

impl Killed {
    /// Loads a node with ordinary wallets until `enough`, and kills it.
    async fn when(settings: &str, enough: impl Fn(&Site) -> bool) -> Self {
        let seed = crate::seed();
        let site = Site::new(settings);
        let process = site.start();
        let wallets =
            WALLETS.map(|(account, kinds, manner)| (Wallet::new(account, 0, kinds, seed), manner));
        let load = Load::start(&process.rpc(), wallets);
        let deadline = Instant::now() + 3 * PATIENCE;
        while !enough(&site) {
            assert!(Instant::now() < deadline, "the load was not enough");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        process.kill();
        let mut auditor = Auditor::new();
        auditor.model_mut().hear(&load.replies().await, &[]);
        let segments = site.files("journal", "seg");
        let records = segments
            .iter()
            .flat_map(|segment| records::of_segment(segment))
            .collect();
        // A copy is judged: a start would add blocks.
        let copy = site.copy();
        let judged = copy.start();
        auditor.audit(&judged.rpc(), &copy).await;
        Self {
            seed,
            site,
            auditor,
            records,
        }
    }

    /// A directory whose last record holds transactions, for what is lost with it must be seen to be lost.
    async fn ending_in_transactions() -> Self {
        let mut killed = Self::when("", |site| journal_bytes(site) > 300_000).await;
        let blocks: Vec<_> = killed
            .promised()
            .into_iter()
            .map(|(_, place)| place.block)
            .collect();
        let last = *blocks.iter().max().expect("acknowledged transactions");
        killed.records.retain(|record| record.number <= last);
        let end = killed.records.last().expect("records").clone();
        end.rewrite(|bytes| bytes.truncate(end.offset + end.len));
        killed
    }

    fn promised(&self) -> Vec<(B256, Place)> {
        let model = self.auditor.model();
        let place = |hash| (hash, model.place(hash).expect("a promise that was kept"));
        model.promised().map(place).collect()
    }
}

fn journal_bytes(site: &Site) -> u64 {
    let segments = site.files("journal", "seg");
    let len = |segment: &_| fs::metadata(segment).map_or(0, |metadata| metadata.len());
    segments.iter().map(len).sum()
}

/// The journal's own tests cut at every byte; here the whole node starts on a cut at each kind of place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_tail_is_cut() {
    let killed = Killed::ending_in_transactions().await;
    let last = killed.records.last().expect("records").clone();
    let payload = last.len - RECORD_HEADER_BYTES;
    let end = last.offset + last.len;
    let mut rng = StdRng::seed_from_u64(killed.seed);
    let mut random = vec![0; payload];
    rng.fill_bytes(&mut random);
    type Damage<'a> = Box<dyn Fn(&mut Vec<u8>) + 'a>;
    let cut = |kept: usize| -> Damage<'_> { Box::new(move |b| b.truncate(last.offset + kept)) };
    let damages: Vec<(&str, u64, Damage<'_>)> = vec![
        ("cut within the header", 1, cut(1)),
        (
            "cut before the header's end",
            1,
            cut(RECORD_HEADER_BYTES - 1),
        ),
        ("cut after the header", 1, cut(RECORD_HEADER_BYTES)),
        (
            "cut within the payload",
            1,
            cut(RECORD_HEADER_BYTES + payload / 2),
        ),
        ("cut before the last byte", 1, cut(last.len - 1)),
        ("another last byte", 1, Box::new(|b| b[end - 1] ^= 1)),
        (
            "a payload of zeros",
            1,
            Box::new(|b| b[end - payload..].fill(0)),
        ),
        (
            "another payload",
            1,
            Box::new(|b| b[end - payload..].copy_from_slice(&random)),
        ),
        (
            "another header",
            1,
            Box::new(|b| b[last.offset + 5] ^= 0x40),
        ),
        ("zeros after it", 0, Box::new(|b| b.resize(end + 4_096, 0))),
        (
            "other bytes after it",
            0,
            Box::new(|b| b.extend_from_slice(&random)),
        ),
    ];
    for (what, lost, damage) in damages {
        println!("{what}");
        let copy = killed.site.copy();
        last.in_copy(&copy.path("journal")).rewrite(damage);
        starts_with_all_before(&killed, &copy, last.number - lost).await;
    }
}

/// Starts a node, and checks that it has every block up to and with that number as it was, and nothing of later ones.
async fn starts_with_all_before(killed: &Killed, copy: &Site, number: u64) {
    let process = copy.start();
    let rpc = process.rpc();
    let mut before = Replay::new();
    before.follow(&killed.site, number);
    let mut now = Replay::new();
    now.follow(copy, number);
    assert_eq!(now.state_root(), before.state_root());
    // Blocks that are sealed from now on are empty.
    for address in killed.auditor.model().holdings().keys() {
        assert_eq!(
            rpc.balance(*address).await,
            Ok(before.balance(address)),
            "{address}"
        );
    }
    let (kept, lost): (Vec<_>, Vec<_>) = killed
        .promised()
        .into_iter()
        .partition(|(_, place)| place.block <= number);
    let kept: Vec<_> = kept.into_iter().map(|(hash, _)| hash).collect();
    killed.auditor.check_receipts(&rpc, &kept).await;
    for (hash, _) in lost {
        assert_eq!(rpc.receipt(hash).await, Ok(None));
    }
    assert!(process.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_before_the_tail_is_refused_and_changes_nothing() {
    let killed = Killed::when("", |site| journal_bytes(site) > 300_000).await;
    let middle = killed.records[killed.records.len() / 2].clone();
    let segment = middle.segment.clone();
    let sound = fs::read(&segment).expect("a segment");
    let place = |at: usize| {
        (
            middle.offset + at,
            middle.offset,
            format!("record {}", middle.number),
        )
    };
    for (damaged, named, record) in [
        place(5),
        place(RECORD_HEADER_BYTES - 1),
        place(RECORD_HEADER_BYTES),
        place(middle.len - 1),
        (20, 0, "record 1".to_owned()),
    ] {
        let mut bytes = sound.clone();
        bytes[damaged] ^= 0x10;
        fs::write(&segment, &bytes).expect("a damaged segment");
        let log = killed.site.refusal();
        let path = segment.display().to_string();
        for part in [
            &*path,
            &format!("byte {named},"),
            &record,
            "restore the segment from a copy",
        ] {
            assert!(
                log.contains(part),
                "byte {damaged}: {part:?} is not in:\n{log}"
            );
        }
        assert_eq!(
            fs::read(&segment).expect("a segment"),
            bytes,
            "byte {damaged}"
        );
    }
    fs::write(&segment, &sound).expect("the segment as it was");
    let last = killed.records.last().expect("records").number;
    starts_with_all_before(&killed, &killed.site, last).await;
}

/// What lies before the newest snapshot is not read at a start. A damaged block there is an error when somebody
/// asks for it, and never wrong data.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_before_a_snapshot_is_an_error_when_it_is_read() {
    let killed = Killed::when(SMALL_FILES, |site| {
        site.files("journal", "seg").len() > 2 && !site.files("snapshots", "snapshot").is_empty()
    })
    .await;
    let first = records::of_segment(&killed.site.files("journal", "seg")[0]);
    let snapshots = killed.site.files("snapshots", "snapshot");
    let newest = snapshots
        .last()
        .and_then(|path| path.file_stem()?.to_str()?.parse().ok());
    let beyond: u64 = newest.expect("a snapshot named by its block");
    // Not the segment's last record, which a start does read.
    let place = |number| {
        first[..first.len() - 1]
            .iter()
            .find(|record| record.number == number)
    };
    let promised = killed.promised();
    let candidates = promised.iter().filter(|(_, at)| at.block < beyond);
    let (hash, damaged) = candidates
        .filter_map(|(hash, at)| Some((*hash, place(at.block)?.clone())))
        .next()
        .expect("an acknowledged transaction in the first segment");
    let last_byte = damaged.offset + damaged.len - 1;
    damaged.rewrite(|bytes| bytes[last_byte] ^= 1);

    let process = killed.site.start();
    let rpc = process.rpc();
    let number = U64::from(damaged.number);
    for (method, params) in [
        ("eth_getBlockByNumber", json!([number, true])),
        ("eth_getBlockReceipts", json!([number])),
        ("eth_getTransactionByHash", json!([hash])),
        ("eth_getTransactionReceipt", json!([hash])),
    ] {
        let answer = rpc.call(method, params).await;
        let Err(CallError::Refused(error)) = answer else {
            panic!("{method}: {answer:?}")
        };
        assert_eq!(
            (error.code, &*error.message),
            (-32603, "internal error"),
            "{method}"
        );
    }
    let log = process.log();
    let path = damaged.segment.display().to_string();
    for part in [
        &*path,
        &format!("byte {}", damaged.offset),
        "restore the segment",
    ] {
        assert!(log.contains(part), "{part:?} is not in:\n{log}");
    }
    let others = promised.iter().filter(|(_, at)| at.block != damaged.number);
    let others: Vec<_> = others.map(|(hash, _)| *hash).collect();
    killed.auditor.check_receipts(&rpc, &others).await;
}

/// A node that stops at damage goes on from a copy of the journal alone: everything else is rebuilt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_alone_is_a_backup() {
    let site = Site::new(SMALL_FILES);
    let seed = StdRng::seed_from_u64(crate::seed()).random();
    let process = site.start();
    let wallet = Wallet::new(0, 0, Kinds::LargePayouts, seed);
    let load = Load::start(&process.rpc(), [(wallet, Manner::Bulk(32))]);
    while site.files("snapshots", "snapshot").is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut auditor = Auditor::new();
    auditor.model_mut().hear(&load.finish().await, &[]);
    process.kill();
    for folder in ["snapshots", "index"] {
        fs::remove_dir_all(site.path(folder)).expect("a folder to lose");
    }
    fs::remove_file(site.path("chain.json")).expect("a file to lose");
    let process = site.start();
    auditor.audit(&process.rpc(), &site).await;
    let promised: Vec<_> = auditor.model().promised().collect();
    auditor.check_receipts(&process.rpc(), &promised).await;
}
