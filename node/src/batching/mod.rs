//! The batcher beside the sequencer: its keys, its transaction managers, its log, and what it tells the sequencer.

mod backlog;
mod bond;
mod journal;
mod log;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use alloy_provider::DynProvider;
use alloy_signer_local::PrivateKeySigner;
use spillway_batcher::driver::{Account, Accounts, Batcher, BatcherConfig, Report, Status};
use spillway_batcher::policy::PostingConfig;
use spillway_l1::deployment::Deployment;
use spillway_l1::events::{ContractAddresses, Finality};
use spillway_l1::fees::FeeSettings;
use spillway_l1::transactions::{DriverSettings, Kind, Price, Settings, StartError};
use spillway_sequencer::Sequencer;
use tokio::sync::{mpsc, watch};

use self::journal::DurableBlocks;
use crate::manager;

/// The folder of what was asked of L1 and is not final.
const FOLDER: &str = "intents";

/// Batches that a block of L1 may take, as far as they have room until they are final.
const QUEUE_PER_BLOCK: usize = 16;

/// How batches are posted.
#[derive(Clone, Debug)]
pub(crate) struct BatchingConfig {
    /// In whose name.
    pub(crate) sequencer: Address,
    /// Sends blobs.
    pub(crate) blob_key: PrivateKeySigner,
    /// Sends calldata.
    pub(crate) calldata_key: PrivateKeySigner,
    /// When and in which form.
    pub(crate) posting: PostingConfig,
    /// The most that is offered for gas.
    pub(crate) caps: Price,
    /// When a block of L1 counts as final.
    pub(crate) finality: Finality,
    /// Blocks on top of a transaction before it is forgotten.
    pub(crate) confirmations: u64,
    /// How often L1 and the journal are looked at.
    pub(crate) poll_interval: Duration,
}

/// A batcher that is to be started.
#[derive(Debug)]
pub(crate) struct Batching {
    config: BatchingConfig,
    provider: DynProvider,
    contracts: ContractAddresses,
    first_l1_block: u64,
    folder: PathBuf,
    journal: Arc<DurableBlocks>,
    sequencer: Arc<Sequencer>,
}

impl Batching {
    /// Of that sequencer, which keeps its files in that directory.
    pub(crate) fn new(
        config: BatchingConfig,
        provider: DynProvider,
        deployment: &Deployment,
        directory: &Path,
        sequencer: Arc<Sequencer>,
    ) -> Self {
        Self {
            config,
            provider,
            contracts: deployment.contracts(),
            first_l1_block: deployment.l1_block.number,
            folder: directory.join(FOLDER),
            journal: Arc::new(DurableBlocks::new(&sequencer.view(), directory)),
            sequencer,
        }
    }

    /// Posts until it is dropped. When that needs an operator, it goes on telling the sequencer what waits.
    pub(crate) async fn run(self) {
        let (status, seen) = watch::channel(Status::default());
        let backlog = backlog::tell(&self.sequencer, seen);
        tokio::join!(self.post(status), backlog);
    }

    async fn post(&self, status: watch::Sender<Status>) {
        let blobs = self.account(Kind::Blob, &self.config.blob_key).await;
        let calldata = self
            .account(Kind::Ordinary, &self.config.calldata_key)
            .await;
        let (blobs, calldata) = match (blobs, calldata) {
            (Ok(blobs), Ok(calldata)) => (blobs, calldata),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "NO BATCH IS POSTED: the transaction managers do not start");
                return;
            }
        };
        bond::wait_until_whole(&self.provider, self.contracts.rollup, self.config.sequencer).await;
        let (reports, told) = mpsc::channel(16);
        let batcher = Batcher::new(
            self.batcher_config(),
            self.provider.clone(),
            Accounts { blobs, calldata },
            Arc::<DurableBlocks>::clone(&self.journal),
            reports,
            status,
        );
        let (error, ()) = tokio::join!(batcher.run(), log_all(told));
        tracing::error!(%error, "NO BATCH IS POSTED ANY MORE. Transactions and reads go on until too much waits");
    }

    fn batcher_config(&self) -> BatcherConfig {
        let config = &self.config;
        BatcherConfig {
            posting: config.posting,
            finality: config.finality,
            poll_interval: config.poll_interval,
            retry_interval: config.poll_interval,
            fork_id: self.sequencer.view().forks().id(),
            ..BatcherConfig::new(self.contracts, self.first_l1_block, config.sequencer)
        }
    }

    /// Starts a manager as soon as L1 answers.
    async fn account(&self, kind: Kind, key: &PrivateKeySigner) -> Result<Account, StartError> {
        let settings = DriverSettings {
            manager: Settings {
                caps: self.config.caps,
                confirmations: self.config.confirmations,
                queue_max: QUEUE_PER_BLOCK * (self.config.confirmations as usize + QUEUE_PER_BLOCK),
                ..Settings::new(kind)
            },
            fees: FeeSettings::default(),
            poll_interval: self.config.poll_interval,
        };
        let (provider, folder) = (&self.provider, &self.folder);
        let (manager, events) = manager::start("posting", &settings, provider, key, folder).await?;
        Ok(Account { manager, events })
    }
}

async fn log_all(mut told: mpsc::Receiver<Report>) {
    while let Some(report) = told.recv().await {
        log::log(&report);
    }
}
