//! A disk without room: a small tmpfs, which takes root to mount.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use spillway_tests::{PATIENCE, Rpc};
use tempfile::TempDir;

use crate::audit::Auditor;
use crate::load::{Load, Manner, UNAVAILABLE, Verdict, WALLETS, send};
use crate::plan::{Kinds, Wallet, funded_address};
use crate::site::{SMALL_FILES, Site};

/// Room for the start of a chain and its query index, and not for much more.
const SMALL: &str = "16m";

/// Transactions that are looked up by hash, mostly old ones, which only the query index finds.
const LOOKED_UP: usize = 200;

/// Room for what was missing.
const LARGER: &str = "256m";

/// A tmpfs, unmounted when it is dropped.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn mount(size: &str) -> Self {
        let folder = TempDir::with_prefix("spillway-disk-").expect("a temporary directory");
        let disk = Self { folder };
        disk.run(&[
            "mount",
            "-t",
            "tmpfs",
            "-o",
            &format!("size={size}"),
            "tmpfs",
        ]);
        disk
    }

    fn resize(&self, size: &str) {
        self.run(&["mount", "-o", &format!("remount,size={size}")]);
    }

    fn run(&self, command: &[&str]) {
        let output = Command::new(command[0])
            .args(&command[1..])
            .arg(self.path())
            .output();
        let output = output.expect("the command `mount`");
        assert!(
            output.status.success(),
            "this test mounts a tmpfs, which takes root: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a failed test may leave a process that is being killed. There is nobody to tell about an error.
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_load_stops_acknowledgements_and_nothing_else() {
    let seed = crate::seed();
    let disk = SmallDisk::mount(SMALL);
    let site = Site::in_directory(&disk.path().join("data"), SMALL_FILES);
    let mut process = site.start();
    let rpc = process.rpc();
    let wallets =
        WALLETS.map(|(account, kinds, manner)| (Wallet::new(account, 0, kinds, seed), manner));
    let replies = Load::start(&rpc, wallets).replies().await;
    let mut auditor = Auditor::new();
    auditor.model_mut().hear(&replies, &[UNAVAILABLE]);
    let unanswered = replies
        .iter()
        .filter(|reply| reply.verdict == Verdict::Unanswered)
        .count();
    assert_eq!(unanswered, 0, "every one is answered");

    refuses_everything(&rpc, seed).await;
    // Reads go on: blocks, receipts, balances and the state root, which a replay outside the full disk confirms.
    auditor.audit(&rpc, &site).await;
    let mut rng = StdRng::seed_from_u64(seed);
    let looked_up = auditor.model().some_promised(&mut rng, LOOKED_UP);
    assert_eq!(looked_up.len(), LOOKED_UP, "the disk was full at once");
    auditor.check_receipts(&rpc, &looked_up).await;
    refuses_everything(&rpc, seed).await;
    let log = process.log();
    for part in [
        "No space left on device",
        "reads go on",
        "nothing later was acknowledged",
    ] {
        assert!(log.contains(part), "{part:?} is not in:\n{log}");
    }
    assert_eq!(process.exited(), None);
    println!(
        "{} acknowledged before the disk was full",
        auditor.model().promised().count()
    );
    // It ends when it is asked to; whether the query index could be closed is another matter.
    process.stop();

    disk.resize(LARGER);
    let process = site.start();
    let rpc = process.rpc();
    auditor.audit(&rpc, &site).await;
    auditor.check_receipts(&rpc, &looked_up).await;
    // It takes transactions again.
    let nonce = auditor.model().nonce(funded_address(0));
    let wallet = Wallet::new(0, nonce, Kinds::Payments, seed);
    let load = Load::start(&rpc, [(wallet, Manner::Single)]);
    let deadline = Instant::now() + PATIENCE;
    let taken = async || rpc.status().await.expect("a status")["transactions"].as_u64();
    while taken().await <= Some(auditor.model().included()) {
        assert!(Instant::now() < deadline, "nothing is taken");
    }
    auditor.model_mut().hear(&load.finish().await, &[]);
    auditor.audit(&rpc, &site).await;
    assert!(process.stop().success());
}

/// Nothing is acknowledged any more, whoever sends it.
async fn refuses_everything(rpc: &Rpc, seed: u64) {
    for account in 10..14 {
        let mut wallet = Wallet::new(account, 0, Kinds::Payments, seed);
        let reply = send(rpc, wallet.sign()).await;
        let Verdict::Refused(error) = reply.verdict else {
            panic!("{reply:?}")
        };
        assert_eq!(error.code, UNAVAILABLE, "{error}");
        assert!(error.message.contains("takes no transactions"), "{error}");
    }
    let status = rpc.status().await.expect("a status");
    assert_eq!(status["accepting"], false);
}
