//! A batcher in this process, that can be killed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_provider::DynProvider;
use spillway_batcher::driver::{
    Account, Accounts, Batcher, BatcherConfig, BatcherError, Report, Status,
};
use spillway_batcher::policy::PostingConfig;
use spillway_l1::events::Finality;
use spillway_l1::fees::FeeSettings;
use spillway_l1::transactions::{
    DriverSettings, IntentStore, Kind, Settings, Stopped, TransactionManager,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::l1::{BLOBS, L1, SEQUENCER, key};
use super::source::{Reading, Source};

/// The longest wait for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a batcher of these tests differs from others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuning {
    /// The keys of its accounts.
    pub(super) blobs: u8,
    pub(super) calldata: u8,
    /// Blocks below L1's head that are final.
    pub(super) depth: u64,
    pub(super) posting: PostingConfig,
    /// Reverts that its journal has followed.
    pub(super) fork_id: u64,
}

impl Default for Tuning {
    /// Seals and sends whatever there is.
    fn default() -> Self {
        Self {
            blobs: BLOBS,
            calldata: SEQUENCER,
            depth: 8,
            posting: PostingConfig {
                max_batch_age: Duration::ZERO,
                ..PostingConfig::default()
            },
            fork_id: 0,
        }
    }
}

pub(super) struct Running {
    pub(super) status: watch::Receiver<Status>,
    /// To be read, or it stands still.
    pub(super) reports: mpsc::Receiver<Report>,
    batcher: JoinHandle<BatcherError>,
    managers: Vec<JoinHandle<Result<(), Stopped>>>,
    /// Where they keep their intents.
    dirs: [PathBuf; 2],
}

impl Running {
    /// Starts one, whose managers keep their intents in that folder.
    pub(super) async fn start(l1: &L1, source: &Arc<Source>, dir: &Path, tuning: Tuning) -> Self {
        let provider = l1.batchers_provider().await;
        let (blobs, first) = account(&provider, Kind::Blob, tuning.blobs, tuning.depth, dir).await;
        let (calldata, second) = account(
            &provider,
            Kind::Ordinary,
            tuning.calldata,
            tuning.depth,
            dir,
        )
        .await;
        let config = BatcherConfig {
            posting: tuning.posting,
            finality: Finality::Depth(tuning.depth),
            poll_interval: Duration::from_millis(10),
            retry_interval: Duration::from_millis(20),
            retry_interval_max: Duration::from_millis(500),
            fork_id: tuning.fork_id,
            ..BatcherConfig::new(
                l1.contracts(),
                l1.deployment.l1_block.number,
                l1.sequencer(),
            )
        };
        // No room: a report is read before the batcher goes on.
        let (sender, reports) = mpsc::channel(1);
        let journal = Arc::new(Reading(Arc::clone(source)));
        let accounts = Accounts { blobs, calldata };
        let (status, seen) = watch::channel(Status::default());
        let batcher = Batcher::new(config, provider, accounts, journal, sender, status);
        Self {
            status: seen,
            reports,
            batcher: tokio::spawn(batcher.run()),
            managers: vec![first, second],
            dirs: [tuning.blobs, tuning.calldata]
                .map(|number| dir.join(format!("31337-{}", key(number).address()))),
        }
    }

    /// Waits until it gives up.
    pub(super) async fn end(mut self) -> BatcherError {
        let ended = async {
            loop {
                tokio::select! {
                    Some(_) = self.reports.recv() => {}
                    ended = &mut self.batcher => return ended.expect("no panic"),
                }
            }
        };
        let error = tokio::time::timeout(PATIENCE, ended).await;
        for task in &self.managers {
            task.abort();
        }
        error.expect("it gives up")
    }

    /// Ends it at once, wherever it is.
    pub(super) async fn kill(self) {
        for task in &self.managers {
            task.abort();
        }
        self.batcher.abort();
        // Its handles of the managers go with it, and with the managers their locks.
        let _ = self.batcher.await;
        for task in self.managers {
            let _ = task.await;
        }
        // What was being written when the task ended is written, and only then the folder is free.
        for dir in self.dirs {
            while IntentStore::open(&dir).is_err() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Lets it work until L1's head has that block. Answers what it reported.
    pub(super) async fn until_posted(&mut self, block: u64) -> Vec<Report> {
        self.until(|status| status.posted_block >= block).await
    }

    /// Lets it do one step, unless L1 has that block.
    pub(super) async fn step_before(&mut self, block: u64) -> Option<Report> {
        tokio::select! {
            biased;
            report = self.reports.recv() => report,
            _ = self.status.wait_for(|status| status.posted_block >= block) => None,
        }
    }

    /// Lets it work until it reports something of that kind.
    pub(super) async fn until_report(&mut self, is_it: impl Fn(&Report) -> bool) -> Report {
        let it = async {
            loop {
                let report = self.reports.recv().await.expect("it runs");
                if is_it(&report) {
                    return report;
                }
            }
        };
        tokio::time::timeout(PATIENCE, it).await.expect("a report")
    }

    pub(super) async fn until(&mut self, is_reached: impl Fn(&Status) -> bool) -> Vec<Report> {
        let mut reported = Vec::new();
        let Self {
            status,
            reports,
            batcher,
            ..
        } = self;
        let now = status.clone();
        let reached = async {
            let mut reached = std::pin::pin!(status.wait_for(|status| is_reached(status)));
            loop {
                tokio::select! {
                    done = &mut reached => return done.map(|_| ()),
                    Some(report) = reports.recv() => reported.push(report),
                }
            }
        };
        tokio::select! {
            waited = tokio::time::timeout(PATIENCE, reached) => match waited {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => panic!("not reached; reported {reported:#?}, {now:?}"),
            },
            ended = batcher => panic!("it gave up: {ended:?}"),
        }
        reported
    }
}

async fn account(
    provider: &DynProvider,
    kind: Kind,
    number: u8,
    depth: u64,
    dir: &Path,
) -> (Account, JoinHandle<Result<(), Stopped>>) {
    let settings = DriverSettings {
        manager: Settings {
            confirmations: depth,
            stuck_after: 3,
            resend_after: Duration::from_millis(200),
            ..Settings::new(kind)
        },
        fees: FeeSettings::default(),
        poll_interval: Duration::from_millis(10),
    };
    let signer = Arc::new(key(number));
    let started = TransactionManager::start(settings, provider.clone(), signer, dir).await;
    let (manager, events, task) = started.expect("a manager");
    (Account { manager, events }, task)
}
