//! The relayer of a node: its key, its view of L2, its log, and what it tells clients.

mod advance_log;
mod desk;
mod l2;
mod log;
mod pool;
mod pool_log;
mod words;

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use alloy_provider::DynProvider;
use alloy_signer_local::PrivateKeySigner;
use spillway_l1::deployment::Deployment;
use spillway_l1::events::Finality;
use spillway_l1::fees::FeeSettings;
use spillway_l1::transactions::{DriverSettings, Kind, Price, Settings, StartError};
use spillway_relayer::policy::ClaimPolicy;
use spillway_relayer::{Account, Book, Relayer, RelayerConfig, Status};
use spillway_sequencer::view::View;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

pub(crate) use self::desk::Desk;
use self::desk::Served;
use self::l2::DurableL2;
use self::pool::Beside;
pub(crate) use self::pool::{ColdAccount, PoolConfig, PoolToken};
use crate::manager;

/// The folder of what was asked of L1 and is not final.
const INTENTS: &str = "relayer-intents";

/// The wait before everything begins anew after it needed an operator: the cause may be gone then.
const ANEW: Duration = Duration::from_secs(30);

/// Blocks of L1 for which deposits wait where L1 itself says what is final: two epochs, or one for `safe`.
const FINALIZED_DEPTH: u64 = 64;
const SAFE_DEPTH: u64 = 32;

/// How withdrawals are claimed.
#[derive(Clone, Debug)]
pub(crate) struct RelayingConfig {
    /// The operating account: pays for claims.
    pub(crate) key: PrivateKeySigner,
    /// The accounts that pay fast withdrawals; none if there are none.
    pub(crate) pool: Option<PoolConfig>,
    /// When claims are made.
    pub(crate) policy: ClaimPolicy,
    /// The most that is offered for gas.
    pub(crate) caps: Price,
    /// When a block of L1 counts as final.
    pub(crate) finality: Finality,
    /// When deposits are consumed.
    pub(crate) deposit_finality: Finality,
    /// Blocks on top of a transaction before it is forgotten.
    pub(crate) confirmations: u64,
    /// How often L1 and L2 are asked.
    pub(crate) poll_interval: Duration,
}

/// A relayer that is to be started.
#[derive(Debug)]
pub(crate) struct Relaying {
    config: RelayingConfig,
    provider: DynProvider,
    deployment: Deployment,
    dir: PathBuf,
    view: View,
    desk: Desk,
}

impl Relaying {
    /// Of the chain with that view, which keeps its files in that directory. It answers clients at that desk.
    pub(crate) fn new(
        config: RelayingConfig,
        provider: DynProvider,
        deployment: &Deployment,
        dir: &Path,
        view: View,
        desk: Desk,
    ) -> Self {
        Self {
            config,
            provider,
            deployment: deployment.clone(),
            dir: dir.to_owned(),
            view,
            desk,
        }
    }

    /// Relays until it is dropped. What ends the work is logged, and it begins anew after a while.
    pub(crate) async fn run(self) {
        loop {
            match self.account(&self.config.key).await {
                Ok(account) => self.run_once(account).await,
                Err(error) => {
                    tracing::error!(%error, "NO WITHDRAWAL IS CLAIMED: the transaction manager does not start");
                }
            }
            sleep(ANEW).await;
        }
    }

    async fn run_once(&self, account: Account) {
        let l2 = Arc::new(DurableL2::new(&self.view));
        let operating = account.manager.account();
        let (reports, told) = mpsc::channel(16);
        let (status, _) = watch::channel(Status::default());
        let relayer = Relayer::new(
            self.relayer_config(),
            self.provider.clone(),
            account,
            Arc::<DurableL2>::clone(&l2),
            reports,
            status,
        );
        let book = relayer.book();
        let served = Served {
            book: book.clone(),
            l2: Arc::clone(&l2),
            bridge: self.deployment.bridge,
            l1_chain_id: self.deployment.l1_chain_id,
            fast: None,
        };
        self.desk.serve(served.clone());
        let relay = async { tokio::join!(relayer.run(), log::tell(told)).0 };
        let error = tokio::select! {
            error = relay => error,
            never = self.keep_pools(l2, book, operating, served) => match never {},
        };
        tracing::error!(%error, "NO WITHDRAWAL IS CLAIMED. Anybody can still claim each; it begins anew soon");
    }

    /// Pays fast withdrawals and fills the accounts, if there are any. What ends that is logged, and it begins anew after a while;
    /// claims go on.
    async fn keep_pools(
        &self,
        l2: Arc<DurableL2>,
        book: Book,
        operating: Address,
        served: Served,
    ) -> Infallible {
        let Some(config) = &self.config.pool else {
            return std::future::pending().await;
        };
        let beside = Beside {
            relaying: self,
            config,
            l2,
            book,
            operating,
        };
        loop {
            let offer = |fast| {
                self.desk.serve(Served {
                    fast: Some(fast),
                    ..served.clone()
                });
            };
            let ended = beside.run(offer).await;
            self.desk.serve(served.clone());
            if let Err(error) = ended {
                tracing::error!(
                    "NO FAST WITHDRAWAL IS PAID, and nothing moves between the pools: {error:#}. It begins anew soon"
                );
                sleep(ANEW).await;
            }
        }
    }

    fn relayer_config(&self) -> RelayerConfig {
        let config = &self.config;
        let window = self.deployment.parameters.challenge_window;
        let (contracts, first) = (self.deployment.contracts(), self.deployment.l1_block.number);
        let mut relayer = RelayerConfig {
            finality: config.finality,
            policy: config.policy,
            poll_interval: config.poll_interval,
            retry_interval: config.poll_interval,
            ..RelayerConfig::new(contracts, first, window)
        };
        let hot = config.pool.as_ref().map(|pool| pool.hot_key.address());
        relayer.withdrawals.pool = hot;
        relayer.deposits.confirmations = match config.deposit_finality {
            Finality::Finalized => FINALIZED_DEPTH,
            Finality::Safe => SAFE_DEPTH,
            Finality::Depth(depth) => depth,
        };
        relayer
    }

    /// Starts an account's manager as soon as L1 answers.
    async fn account(&self, key: &PrivateKeySigner) -> Result<Account, StartError> {
        let settings = DriverSettings {
            manager: Settings {
                caps: self.config.caps,
                confirmations: self.config.confirmations,
                ..Settings::new(Kind::Ordinary)
            },
            fees: FeeSettings::default(),
            poll_interval: self.config.poll_interval,
        };
        let (provider, folder) = (&self.provider, self.dir.join(INTENTS));
        let (manager, events) =
            manager::start("relaying", &settings, provider, key, &folder).await?;
        Ok(Account { manager, events })
    }
}
