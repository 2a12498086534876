//! A relayer in this process, that can be killed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use spillway_l1::events::Finality;
use spillway_l1::fees::FeeSettings;
use spillway_l1::transactions::{
    DriverSettings, IntentStore, Kind, Settings, Stopped, TransactionManager,
};
use spillway_relayer::advances::AdvanceStage;
use spillway_relayer::policy::ClaimPolicy;
use spillway_relayer::{Account, Book, Relayer, RelayerConfig, RelayerError, Report, Status};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::l1::{CHALLENGE_WINDOW, GWEI, HOT, L1, RELAYER, key};
use super::l2::Town;
use super::pool::Pool;

/// The longest wait for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a relayer of these tests differs from others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuning {
    pub(super) policy: ClaimPolicy,
    /// Blocks below L1's head that are final.
    pub(super) depth: u64,
    /// The most wei that are offered for gas.
    pub(super) max_fee: u128,
    /// Whether a pool advances withdrawals.
    pub(super) has_pool: bool,
}

impl Default for Tuning {
    /// Claims whatever there is.
    fn default() -> Self {
        Self {
            policy: ClaimPolicy {
                service_level: 0,
                ..ClaimPolicy::default()
            },
            depth: 64,
            max_fee: 200 * GWEI,
            has_pool: false,
        }
    }
}

pub(super) struct Running {
    pub(super) status: watch::Receiver<Status>,
    pub(super) book: Book,
    /// To be read, or it stands still.
    reports: mpsc::Receiver<Report>,
    relayer: JoinHandle<RelayerError>,
    manager: JoinHandle<Result<(), Stopped>>,
    intents: PathBuf,
    /// The pool beside it.
    pub(super) pool: Option<Pool>,
    /// Withdrawals whose orders earlier pools in its place have refused.
    pub(super) refused: BTreeSet<u32>,
    tuning: Tuning,
}

/// Where a manager keeps its intents.
pub(super) fn intents(dir: &Path, number: u8) -> PathBuf {
    dir.join(format!("31337-{}", key(number).address()))
}

/// An account with a manager whose intents are below that folder.
pub(super) async fn account(
    l1: &L1,
    dir: &Path,
    number: u8,
    tuning: Tuning,
) -> (Account, JoinHandle<Result<(), Stopped>>) {
    let mut settings = DriverSettings {
        manager: Settings {
            confirmations: tuning.depth,
            stuck_after: 3,
            resend_after: Duration::from_millis(200),
            ..Settings::new(Kind::Ordinary)
        },
        fees: FeeSettings::default(),
        poll_interval: Duration::from_millis(10),
    };
    settings.manager.caps.max_fee = tuning.max_fee;
    let signer = Arc::new(key(number));
    let started = TransactionManager::start(settings, l1.provider(), signer, dir).await;
    let (manager, events, task) = started.expect("a manager");
    (Account { manager, events }, task)
}

/// Ends a manager at once, and waits until its folder is free.
pub(super) async fn end_manager(task: &mut JoinHandle<Result<(), Stopped>>, intents: &Path) {
    task.abort();
    let _ = task.await;
    // What was being written when the task ended is written, and only then the folder is free.
    while IntentStore::open(intents).is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

impl Running {
    /// Starts one, whose manager keeps its intents in that folder.
    pub(super) async fn start(l1: &L1, town: &Town, dir: &Path, tuning: Tuning) -> Self {
        let provider = l1.provider();
        let (account, manager) = account(l1, dir, RELAYER, tuning).await;
        let first = l1.deployment.l1_block.number;
        let mut config = RelayerConfig {
            policy: tuning.policy,
            finality: Finality::Depth(tuning.depth),
            fees: FeeSettings {
                window: 1_000,
                ..FeeSettings::default()
            },
            poll_interval: Duration::from_millis(10),
            retry_interval: Duration::from_millis(20),
            retry_interval_max: Duration::from_millis(200),
            ..RelayerConfig::new(l1.contracts(), first, CHALLENGE_WINDOW)
        };
        if tuning.has_pool {
            config.withdrawals.pool = Some(key(HOT).address());
        }
        // No room: a report is read before the relayer goes on.
        let (reporter, reports) = mpsc::channel(1);
        let (status, seen) = watch::channel(Status::default());
        let l2 = Arc::new(town.clone());
        let relayer = Relayer::new(config, provider, account, l2, reporter, status);
        let book = relayer.book();
        let pool = match tuning.has_pool {
            true => Some(Pool::start(l1, town, book.clone(), dir, tuning).await),
            false => None,
        };
        Self {
            status: seen,
            book,
            pool,
            refused: BTreeSet::new(),
            tuning,
            reports,
            relayer: tokio::spawn(relayer.run()),
            manager,
            intents: intents(dir, RELAYER),
        }
    }

    /// Kills it and starts another one in its place.
    pub(super) async fn restart(&mut self, l1: &L1, town: &Town, dir: &Path) {
        self.end().await;
        let refused = std::mem::take(&mut self.refused);
        *self = Self::start(l1, town, dir, self.tuning).await;
        self.refused = refused;
    }

    /// Ends it at once, wherever it is.
    pub(super) async fn kill(mut self) {
        self.end().await;
    }

    async fn end(&mut self) {
        if let Some(pool) = self.pool.take() {
            self.refused.extend(pool.kill().await);
        }
        self.relayer.abort();
        // Its handle of the manager goes with it, and with the manager the lock.
        let _ = (&mut self.relayer).await;
        end_manager(&mut self.manager, &self.intents).await;
    }

    /// Lets it work until it reports something of that kind.
    pub(super) async fn until_report(&mut self, is_it: impl Fn(&Report) -> bool) -> Report {
        self.until_told(is_it).await.pop().expect("a report")
    }

    /// The same, with all that it reported before.
    pub(super) async fn until_told(&mut self, is_it: impl Fn(&Report) -> bool) -> Vec<Report> {
        let mut told = Vec::new();
        let it = async {
            while let Some(report) = self.reports.recv().await {
                told.push(report);
                if told.last().is_some_and(&is_it) {
                    return;
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, it).await;
        let status = *self.status.borrow();
        assert!(waited.is_ok(), "no such report; {told:#?}, {status:?}");
        told
    }

    /// Reads what it has reported, so that it goes on.
    pub(super) fn drain(&mut self) {
        while self.reports.try_recv().is_ok() {}
        if let Some(pool) = &mut self.pool {
            pool.drain();
        }
    }

    /// The next report, or none if all these are paid before.
    pub(super) async fn step_before_paid(&mut self, indices: &[u32]) -> Option<Report> {
        let is_paid = |book: &Book| indices.iter().all(|index| book.is_paid(*index));
        let book = self.book.clone();
        tokio::select! {
            biased;
            report = self.reports.recv() => report,
            _ = self.status.wait_for(|_| is_paid(&book)) => None,
        }
    }

    /// Lets it work until L1 has paid these, as far as it knows. Answers what it reported.
    pub(super) async fn until_paid(&mut self, indices: &[u32]) -> Vec<Report> {
        let book = self.book.clone();
        self.until(|_| indices.iter().all(|index| book.is_paid(*index)))
            .await
    }

    /// Lets it work until its status is such.
    pub(super) async fn until(&mut self, is_reached: impl Fn(&Status) -> bool) -> Vec<Report> {
        let mut reported = Vec::new();
        let Self {
            status,
            reports,
            relayer,
            pool,
            ..
        } = self;
        let now = status.clone();
        let reached = async {
            let mut reached = std::pin::pin!(status.wait_for(|status| is_reached(status)));
            loop {
                tokio::select! {
                    done = &mut reached => return done.map(|_| ()),
                    Some(report) = reports.recv() => reported.push(report),
                    () = Pool::read(pool) => {}
                }
            }
        };
        tokio::select! {
            waited = tokio::time::timeout(PATIENCE, reached) => match waited {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => panic!("not reached; reported {reported:#?}, {now:?}"),
            },
            ended = relayer => panic!("it gave up: {ended:?}"),
        }
        reported
    }

    /// The pool of a test that has one.
    pub(super) fn pool(&mut self) -> &mut Pool {
        self.pool.as_mut().expect("a pool")
    }

    /// Lets both work until that is so.
    pub(super) async fn until_so(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begun = tokio::time::Instant::now();
        while !is_so(self) {
            assert!(begun.elapsed() < PATIENCE, "not reached: {what}");
            self.drain();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets both work until an advance is that far.
    pub(super) async fn until_stage(
        &mut self,
        town: &Town,
        index: u32,
        is_it: impl Fn(&AdvanceStage) -> bool,
    ) {
        let what = format!("a stage of the advance of {index}");
        let stage = |running: &Self| running.pool.as_ref()?.stage(town, index);
        let is_so = |running: &Self| stage(running).is_some_and(|stage| is_it(&stage));
        self.until_so(&what, is_so).await;
    }
}
