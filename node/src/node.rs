//! `spillway node`: the roles that a configuration file lists. The sequencer follows L1 if its chain is on one; the
//! batcher posts to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy_provider::DynProvider;
use anyhow::{Context, Result};
use spillway_l1::events::ReaderSettings;
use spillway_sequencer::Sequencer;
use spillway_sequencer::config::Config;
use spillway_sequencer::forks::Fork;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::batching::{Batching, BatchingConfig};
use crate::cli::NodeArgs;
use crate::config::{self, l1::L1Config, validated::NodeConfig};
use crate::directory::Directory;
use crate::follower::{FollowerSettings, follow};
use crate::l1::{self, L1Error};
use crate::service::{self, Interruption, Service, Settings};
use crate::{logging, output, panics};

const SETTINGS: Settings = Settings {
    dir: "`dir` in the configuration",
    rpc: "`rpc.address` in the configuration",
};

/// The wait before an L1 that does not answer is tried again.
const L1_RETRY: Duration = Duration::from_secs(5);

/// Runs until Ctrl-C or SIGTERM.
pub(crate) fn run(args: &NodeArgs) -> Result<()> {
    let config = config::load(&args.config)?;
    logging::install(&args.log)?;
    panics::install();
    let directory = Directory::open(&config.sequencer.dir, SETTINGS.dir)?;
    service::block_on(operate(directory, config, args.clone()))
}

async fn operate(directory: Directory, config: NodeConfig, args: NodeArgs) -> Result<()> {
    let sequencer = Config {
        dir: directory.path().to_path_buf(),
        ..config.sequencer
    };
    let l1 = match config.l1 {
        Some(l1) => Some(L1::find(l1, config.batching, args.follow_revert).await?),
        None => None,
    };
    let mut service = Service::start(directory, sequencer).await?;
    let mut is_said = false;
    loop {
        if let Some(l1) = l1.clone() {
            let (dir, orders) = (service.directory().path().to_owned(), service.orders());
            service.spawn(|sequencer| l1.work(sequencer, dir, orders));
        }
        let server = match service.listen(config.rpc, SETTINGS).await {
            Ok(server) => server,
            Err(error) => {
                service.stop(None).await?;
                return Err(error);
            }
        };
        let (http, ws) = service::urls(server.local_addr());
        let block = service.sequencer().view().block_number();
        tracing::info!(%http, %ws, block, "serving");
        if !is_said {
            output::say(&format!("serving {http} and {ws} from block {block}\n"))?;
            is_said = true;
        }
        match service.serve().await {
            Interruption::Stop => return service.stop(Some(server)).await,
            Interruption::RollBack(fork) => {
                service = service.roll_back(Some(server), config.rpc, fork).await?;
            }
        }
    }
}

/// The L1 of a chain. A node starts without one that answers, as users are served without it, but not with a wrong one.
#[derive(Clone)]
struct L1 {
    config: L1Config,
    batching: Option<BatchingConfig>,
    follow_revert: Option<u64>,
    /// None while no node answers.
    provider: Option<DynProvider>,
}

impl L1 {
    async fn find(
        config: L1Config,
        batching: Option<BatchingConfig>,
        follow_revert: Option<u64>,
    ) -> Result<Self> {
        let provider = match connect(&config).await {
            Ok(provider) => Some(provider),
            Err(error) if error.is_temporary() => {
                tracing::warn!(%error, "the node starts without L1, and tries again");
                None
            }
            Err(error @ L1Error::Differs(_)) => {
                return Err(error).with_context(|| {
                    let path = config.path.display();
                    format!("L1 is not what {path} says: check l1.urls and l1.deployment")
                });
            }
            Err(error) => return Err(error).context("l1.urls"),
        };
        Ok(Self {
            config,
            batching,
            follow_revert,
            provider,
        })
    }

    /// Follows L1, and posts to it if that is a role of this node.
    async fn work(self, sequencer: Arc<Sequencer>, dir: PathBuf, orders: mpsc::Sender<Fork>) {
        let provider = match self.provider {
            Some(provider) => provider,
            None => match wait_for(&self.config).await {
                Ok(provider) => provider,
                Err(error) => {
                    tracing::error!(%error, "L1 IS NOT FOLLOWED: it is another one than the deployment's. Check [l1], then restart");
                    return;
                }
            },
        };
        let settings = FollowerSettings {
            finality: self.config.finality,
            reader: ReaderSettings::default(),
            follow_revert: self.follow_revert,
        };
        let deployment = &self.config.deployment;
        let follow = follow(
            provider.clone(),
            deployment,
            settings,
            sequencer.clone(),
            orders,
        );
        match self.batching {
            None => follow.await,
            Some(config) => {
                let batching = Batching::new(config, provider, deployment, &dir, sequencer);
                tokio::join!(follow, batching.run());
            }
        }
    }
}

async fn connect(config: &L1Config) -> Result<DynProvider, L1Error> {
    let provider = l1::connect(&config.urls, config.deployment.l1_chain_id).await?;
    l1::recognise(&provider, &config.deployment).await?;
    Ok(provider)
}

/// Tries until L1 answers.
async fn wait_for(config: &L1Config) -> Result<DynProvider, L1Error> {
    loop {
        sleep(L1_RETRY).await;
        match connect(config).await {
            Err(error) if error.is_temporary() => {
                tracing::warn!(%error, "L1 does not answer; it is tried again");
            }
            found => return found,
        }
    }
}
