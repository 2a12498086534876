//! The batcher as a task: journal, L1, clock and keys around the state machines of this crate.
//!
//! One session (`session.rs`) runs from a place that L1 tells to the next surprise: a batch on L1 that is not ours, a fork
//! deeper than finality, a transaction that failed twice. Then the next session begins, again from L1. Nothing is kept on
//! disk here; the transaction managers keep what they were asked for, and a session takes those over.

mod attempts;
mod begin;
mod feed;
mod jobs;
mod opening;
mod pricing;
mod report;
mod session;
mod standing;
mod submission;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use alloy_provider::DynProvider;
use spillway_l1::events::{ContractAddresses, Finality};
use spillway_l1::fees::FeeSettings;
use spillway_l1::transactions::{Events, TransactionManager};
use tokio::sync::{mpsc, watch};

use crate::journal::Journal;
use crate::packer::PackError;
use crate::policy::PostingConfig;
use crate::price::Form;

use attempts::Attempts;
use session::{End, Session};

pub use report::{Report, Status};

/// How a batcher runs.
#[derive(Clone, Debug)]
pub struct BatcherConfig {
    /// When batches are sealed and sent.
    pub posting: PostingConfig,
    /// Batches under way at once.
    pub in_flight_max: usize,
    /// Chunks in sealed batches that do not stand on L1, at most. Beyond, packing waits.
    pub unposted_chunks_max: usize,
    /// When a block of L1 counts as final.
    pub finality: Finality,
    /// How prices are looked at.
    pub fees: FeeSettings,
    /// How often L1's head is asked for, and the journal looked at.
    pub poll_interval: Duration,
    /// The wait after a failure, doubled with each further one in a row.
    pub retry_interval: Duration,
    /// The longest such wait.
    pub retry_interval_max: Duration,
    /// Where the contracts are.
    pub contracts: ContractAddresses,
    /// The first L1 block that can hold anything of theirs.
    pub first_l1_block: u64,
    /// The sequencer in whose name batches are posted.
    pub sequencer: Address,
    /// Reverts on L1 that the journal has followed. While L1 has another number of them, nothing is posted; who rolls the
    /// journal back starts another batcher on it.
    pub fork_id: u64,
}

impl BatcherConfig {
    /// What fits mainnet.
    #[must_use]
    pub fn new(contracts: ContractAddresses, first_l1_block: u64, sequencer: Address) -> Self {
        Self {
            posting: PostingConfig::default(),
            in_flight_max: 4,
            unposted_chunks_max: 128 << 10,
            finality: Finality::Finalized,
            fees: FeeSettings::default(),
            poll_interval: Duration::from_secs(2),
            retry_interval: Duration::from_secs(2),
            retry_interval_max: Duration::from_secs(300),
            contracts,
            first_l1_block,
            sequencer,
            fork_id: 0,
        }
    }
}

/// An account that posts, with what its manager tells.
#[derive(Debug)]
pub struct Account {
    /// Sends its transactions.
    pub manager: TransactionManager,
    /// What becomes of them.
    pub events: Events,
}

/// The two accounts: clients keep blob transactions and ordinary ones of one account apart.
#[derive(Debug)]
pub struct Accounts {
    /// Sends blobs.
    pub blobs: Account,
    /// Sends calldata.
    pub calldata: Account,
}

impl Accounts {
    fn of(&self, form: Form) -> &TransactionManager {
        match form {
            Form::Blobs => &self.blobs.manager,
            Form::Calldata => &self.calldata.manager,
        }
    }
}

/// Why a batcher gives up. It needs an operator: going on could only do harm.
#[derive(Debug, thiserror::Error)]
pub enum BatcherError {
    /// A transaction manager has stopped.
    #[error("a transaction manager has stopped: its log says why; mend the cause and start again")]
    ManagerStopped,
    /// The journal does not replay.
    #[error("the journal does not replay, so nothing is posted: {0}")]
    Journal(#[from] PackError),
    /// L1 has a batch that the journal contradicts.
    #[error(
        "L1 has batch {number}, which ends with block {block} and is not what this journal leads to: another sequencer \
         has posted, or this is the journal of another chain. Nothing is posted"
    )]
    Foreign {
        /// The batch.
        number: u64,
        /// Its last block.
        block: u64,
    },
    /// The rollup is in escape mode.
    #[error("the rollup is in escape mode: nothing can be posted any more, and users leave on L1")]
    Escaped,
    /// Proofs for blobs cannot be computed.
    #[error("no proofs for a batch's blobs: {0}")]
    Proofs(String),
    /// A task panicked.
    #[error("a task of the batcher failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// A batcher, ready to run.
#[derive(Debug)]
pub struct Batcher {
    config: BatcherConfig,
    provider: DynProvider,
    accounts: Accounts,
    journal: Arc<dyn Journal>,
    attempts: Attempts,
    reports: mpsc::Sender<Report>,
    status: watch::Sender<Status>,
}

impl Batcher {
    /// A batcher between a journal and an L1. It says what it does on `reports`, and waits until that is read; how far it is,
    /// on `status`.
    #[must_use]
    pub fn new(
        config: BatcherConfig,
        provider: DynProvider,
        accounts: Accounts,
        journal: Arc<dyn Journal>,
        reports: mpsc::Sender<Report>,
        status: watch::Sender<Status>,
    ) -> Self {
        Self {
            config,
            provider,
            accounts,
            journal,
            attempts: Attempts::default(),
            reports,
            status,
        }
    }

    /// Posts until that is impossible. Dropping the future at any point loses nothing.
    pub async fn run(mut self) -> BatcherError {
        if let Err(error) = self.restore_attempts().await {
            return error;
        }
        let mut failures = 0_u32;
        loop {
            let reason: Box<dyn fmt::Display + Send> = match Session::begin(&mut self).await {
                Ok(session) => match session.run(&mut failures).await {
                    End::Again(reason) => Box::new(reason),
                    End::GiveUp(error) => return error,
                },
                Err(End::Again(reason)) => Box::new(reason),
                Err(End::GiveUp(error)) => return error,
            };
            let wait = self.config.wait_after(failures);
            failures = failures.saturating_add(1);
            self.report(Report::Again {
                reason: reason.to_string(),
                wait,
            })
            .await;
            tokio::time::sleep(wait).await;
        }
    }

    /// Learns what the managers were asked for in earlier runs.
    async fn restore_attempts(&mut self) -> Result<(), BatcherError> {
        for form in [Form::Blobs, Form::Calldata] {
            let requests = self.accounts.of(form).requests().await;
            for request in requests.map_err(|_| BatcherError::ManagerStopped)? {
                let rollup = self.config.contracts.rollup;
                if let Some(attempt) = attempts::Attempt::of(form, &request, rollup) {
                    self.attempts.add(attempt);
                }
            }
        }
        Ok(())
    }

    async fn report(&self, report: Report) {
        // An owner that has gone does not want to know.
        let _ = self.reports.send(report).await;
    }
}

impl BatcherConfig {
    fn wait_after(&self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures.min(16));
        let wait = self.retry_interval.saturating_mul(factor);
        wait.min(self.retry_interval_max)
    }
}
