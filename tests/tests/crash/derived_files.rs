//! Damage to what is derived from the journal, snapshots and query index: they are made again, and the node's
//! answers are the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use spillway_tests::PATIENCE;

use crate::audit::Auditor;
use crate::load::{Load, Manner, WALLETS};
use crate::plan::{Kinds, Wallet};
use crate::site::{SMALL_FILES, Site};

/// Transactions that are looked up by hash after each damage.
const LOOKED_UP: usize = 300;

/// What is done to a file.
type Damage = fn(&mut Vec<u8>);

/// A stopped chain with two snapshots, and the transactions that it acknowledged.
async fn chain_with_snapshots() -> (Site, Auditor) {
    let seed = crate::seed();
    let site = Site::new(SMALL_FILES);
    let process = site.start();
    let wallets =
        WALLETS.map(|(account, kinds, manner)| (Wallet::new(account, 0, kinds, seed), manner));
    let load = Load::start(&process.rpc(), wallets);
    let deadline = Instant::now() + 3 * PATIENCE;
    while site.files("snapshots", "snapshot").len() < 2 {
        assert!(Instant::now() < deadline, "the load made too few snapshots");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut auditor = Auditor::new();
    auditor.model_mut().hear(&load.finish().await, &[]);
    auditor.audit(&process.rpc(), &site).await;
    assert!(process.stop().success());
    (site, auditor)
}

/// Starts a node and compares everything with the model and a replay, and looks up receipts. Returns the log.
async fn answers_the_same(site: &Site, auditor: &mut Auditor) -> String {
    let process = site.start();
    let rpc = process.rpc();
    auditor.audit(&rpc, site).await;
    let mut rng = StdRng::seed_from_u64(auditor.audited());
    let hashes = auditor.model().some_promised(&mut rng, LOOKED_UP);
    auditor.check_receipts(&rpc, &hashes).await;
    let log = process.log();
    let status = process.stop();
    assert!(status.success(), "{status}; its log:\n{log}");
    log
}

fn rewrite(path: &Path, damage: Damage) {
    let mut bytes = fs::read(path).expect("a file to damage");
    damage(&mut bytes);
    fs::write(path, bytes).expect("a damaged file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_snapshot_is_passed_over() {
    let (site, mut auditor) = chain_with_snapshots().await;
    let sound = site.files("snapshots", "snapshot");
    let damages: [(&str, Damage); 6] = [
        ("the first byte", |bytes| bytes[0] ^= 1),
        ("a byte in the middle", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
        ("the last byte", |bytes| {
            *bytes.last_mut().expect("bytes") ^= 1;
        }),
        ("cut in half", |bytes| bytes.truncate(bytes.len() / 2)),
        ("empty", Vec::clear),
        ("another file", |bytes| bytes.fill(0x5a)),
    ];
    let newest = sound.last().expect("two snapshots");
    let content = fs::read(newest).expect("a snapshot");
    for (what, damage) in damages {
        println!("{what}");
        rewrite(newest, damage);
        let log = answers_the_same(&site, &mut auditor).await;
        passed_over(&log, newest);
        assert_eq!(snapshot_used(&log), number(&sound[0]), "{log}");
        fs::write(newest, &content).expect("the snapshot as it was");
    }
    println!("both");
    for path in &sound {
        rewrite(path, |bytes| bytes.truncate(100));
    }
    let log = answers_the_same(&site, &mut auditor).await;
    sound.iter().for_each(|path| passed_over(&log, path));
    assert_eq!(snapshot_used(&log), 0, "{log}");
}

/// The block in a snapshot's name.
fn number(snapshot: &Path) -> u64 {
    let stem = snapshot.file_stem().and_then(|stem| stem.to_str());
    stem.and_then(|stem| stem.parse().ok())
        .expect("a snapshot's name")
}

/// The log says which file was passed over, as a warning.
fn passed_over(log: &str, snapshot: &Path) {
    let path = snapshot.display().to_string();
    let mut lines = log.lines();
    let warned = lines.any(|line| {
        line.contains("WARN") && line.contains("snapshot passed over") && line.contains(&path)
    });
    assert!(warned, "no warning about {path} in:\n{log}");
}

/// The block of the snapshot that a start began at, from its log.
fn snapshot_used(log: &str) -> u64 {
    let (_, rest) = log
        .split_once(" snapshot=")
        .expect("the line about the start");
    let digits = rest.split_whitespace().next().expect("a number");
    digits.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_or_corrupt_index_is_rebuilt() {
    let (site, mut auditor) = chain_with_snapshots().await;
    let other = other_chain(auditor.model().included()).await;
    type Do<'a> = Box<dyn Fn(&Path) + 'a>;
    let on_store = |damage: Damage| -> Do<'_> {
        Box::new(move |index| {
            let files = files_below(&index.join("store"));
            let largest = files
                .iter()
                .max_by_key(|path| fs::metadata(path).map_or(0, |m| m.len()));
            rewrite(largest.expect("files of the store"), damage);
        })
    };
    let damages: Vec<(&str, Do<'_>)> = vec![
        (
            "no index",
            Box::new(|index| fs::remove_dir_all(index).expect("an index")),
        ),
        (
            "no store",
            Box::new(|index| fs::remove_dir_all(index.join("store")).expect("a store")),
        ),
        (
            "no note of the boot",
            Box::new(|index| fs::remove_file(index.join("boot")).expect("it")),
        ),
        (
            "another boot",
            Box::new(|index| fs::write(index.join("boot"), "another").expect("it")),
        ),
        (
            "another chain's",
            Box::new(|index| {
                fs::remove_dir_all(index).expect("an index");
                crate::site::copy_directory(&other.path("index"), index);
            }),
        ),
        (
            "store cut in half",
            on_store(|bytes| bytes.truncate(bytes.len() / 2)),
        ),
        ("store emptied", on_store(Vec::clear)),
        ("store of zeros", on_store(|bytes| bytes.fill(0))),
        (
            "store with a damaged start",
            on_store(|bytes| {
                bytes.iter_mut().take(64).for_each(|byte| *byte ^= 0xff);
            }),
        ),
        (
            "store damaged everywhere",
            on_store(|bytes| {
                bytes.iter_mut().step_by(97).for_each(|byte| *byte ^= 0x20);
            }),
        ),
    ];
    for (what, damage) in damages {
        println!("{what}");
        damage(&site.path("index"));
        answers_the_same(&site, &mut auditor).await;
    }
}

/// A chain of the same parameters with another history, which is longer, so that its index looks advanced.
async fn other_chain(transactions: u64) -> Site {
    let site = Site::new("");
    let process = site.start();
    let rpc = process.rpc();
    let wallet = Wallet::new(9, 0, Kinds::Payments, 1);
    let load = Load::start(&rpc, [(wallet, Manner::Bulk(64))]);
    let deadline = Instant::now() + 3 * PATIENCE;
    let included = async || rpc.status().await.expect("a status")["transactions"].as_u64();
    while included().await < Some(transactions / 4) {
        assert!(Instant::now() < deadline, "the other chain is slow");
    }
    load.finish().await;
    assert!(process.stop().success());
    site
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
