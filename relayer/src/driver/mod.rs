//! The relayer as a task: L1, L2, a transaction manager and a clock around the state machines of this crate.
//!
//! One session reads L1 from the deployment on to its head and then follows it; when L1 says what cannot be followed, another
//! one begins. Nothing is kept on disk here; the transaction manager keeps what it was asked for, and a session takes that over.

mod asking;
mod book;
mod claiming;
mod reading;
mod report;
mod session;
mod trial;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alloy_provider::DynProvider;
use spillway_l1::events::{ContractAddresses, Finality};
use spillway_l1::fees::FeeSettings;
use spillway_l1::transactions::{Events, IntentId, TransactionManager};
use tokio::sync::{mpsc, watch};

use crate::deposits::DepositConfig;
use crate::l2::L2;
use crate::policy::ClaimPolicy;
use crate::withdrawals::WithdrawalConfig;

use asking::wait_after;
use book::Pages;
use session::{End, Session};

pub(crate) use asking::Pause;
pub use book::{ANSWERS_MAX, Book};
pub use report::{Report, Status};

/// How a relayer runs.
#[derive(Clone, Debug)]
pub struct RelayerConfig {
    /// Where the contracts are.
    pub contracts: ContractAddresses,
    /// The first block of L1 that can hold anything of theirs.
    pub first_l1_block: u64,
    /// When a block of L1 counts as final.
    pub finality: Finality,
    /// When claims are made.
    pub policy: ClaimPolicy,
    /// Claims under way at once that are not all paid.
    pub in_flight_max: usize,
    /// What is remembered of deposits.
    pub deposits: DepositConfig,
    /// What is remembered of withdrawals.
    pub withdrawals: WithdrawalConfig,
    /// How prices are looked at: the policy's average is over this window.
    pub fees: FeeSettings,
    /// How often L1 and L2 are asked.
    pub poll_interval: Duration,
    /// The wait after a failure, doubled with each further one in a row.
    pub retry_interval: Duration,
    /// The longest such wait.
    pub retry_interval_max: Duration,
}

impl RelayerConfig {
    /// What fits mainnet. `challenge_window` is the deployment's, in seconds.
    #[must_use]
    pub fn new(contracts: ContractAddresses, first_l1_block: u64, challenge_window: u64) -> Self {
        Self {
            contracts,
            first_l1_block,
            finality: Finality::Finalized,
            policy: ClaimPolicy::default(),
            in_flight_max: 4,
            deposits: DepositConfig::default(),
            withdrawals: WithdrawalConfig::new(challenge_window),
            fees: FeeSettings {
                // A day: claims can wait for the night.
                window: 7_200,
                ..FeeSettings::default()
            },
            poll_interval: Duration::from_secs(2),
            retry_interval: Duration::from_secs(2),
            retry_interval_max: Duration::from_secs(300),
        }
    }

    fn wait_after(&self, failures: u32) -> Duration {
        wait_after(failures, self.retry_interval, self.retry_interval_max)
    }
}

/// The account that claims, with what its manager tells. The manager is the relayer's alone, and sends ordinary
/// transactions.
#[derive(Debug)]
pub struct Account {
    /// Sends its transactions.
    pub manager: TransactionManager,
    /// What becomes of them.
    pub events: Events,
}

/// Why a relayer gives up. It needs an operator.
#[derive(Debug, thiserror::Error)]
pub enum RelayerError {
    /// The transaction manager has stopped.
    #[error(
        "the transaction manager has stopped: its log says why; mend the cause and start again"
    )]
    ManagerStopped,
    /// A task panicked.
    #[error("a task of the relayer failed: {0}. Start again, and report this")]
    Task(#[from] tokio::task::JoinError),
}

/// A relayer, ready to run.
#[derive(Debug)]
pub struct Relayer {
    config: RelayerConfig,
    provider: DynProvider,
    account: Account,
    l2: Arc<dyn L2>,
    book: Book,
    /// Claims whose transaction is in a block: the manager tells it once, whatever becomes of a session.
    included: BTreeSet<IntentId>,
    reports: mpsc::Sender<Report>,
    status: watch::Sender<Status>,
}

impl Relayer {
    /// A relayer between an L1 and an L2. It says what it does on `reports`, and waits until that is read; how far it is, on
    /// `status`.
    #[must_use]
    pub fn new(
        config: RelayerConfig,
        provider: DynProvider,
        account: Account,
        l2: Arc<dyn L2>,
        reports: mpsc::Sender<Report>,
        status: watch::Sender<Status>,
    ) -> Self {
        let pages = Pages::new(config.deposits, config.withdrawals);
        Self {
            book: Book::new(pages),
            included: BTreeSet::new(),
            config,
            provider,
            account,
            l2,
            reports,
            status,
        }
    }

    /// What others may ask while it runs.
    #[must_use]
    pub fn book(&self) -> Book {
        self.book.clone()
    }

    /// Relays until something needs an operator. May be dropped at any point; another one on the same manager's folder goes on.
    pub async fn run(mut self) -> RelayerError {
        let mut failures = 0_u32;
        loop {
            let end = match Session::begin(&mut self).await {
                Ok(session) => session.run(&mut failures).await,
                Err(end) => end,
            };
            let reason = match end {
                End::GiveUp(error) => return error,
                End::Again(reason) => reason.to_string(),
            };
            let wait = self.config.wait_after(failures);
            failures = failures.saturating_add(1);
            self.report(Report::Again { reason, wait }).await;
            tokio::time::sleep(wait).await;
        }
    }

    async fn report(&self, report: Report) {
        // An owner that has gone does not want to know.
        let _ = self.reports.send(report).await;
    }
}
