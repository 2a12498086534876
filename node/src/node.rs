//! `spillway node`: the roles that a configuration file lists. The sequencer follows L1 if its chain is on one; the
//! batcher posts to it; the verifier checks what was posted; the relayer claims withdrawals. Without a sequencer the node follows
//! one elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_provider::DynProvider;
use anyhow::{Context, Result};
use spillway_l1::events::ReaderSettings;
use spillway_sequencer::Sequencer;
use spillway_sequencer::config::Config;
use spillway_sequencer::forks::Fork;
use spillway_sequencer::rpc::RpcConfig;
use spillway_sequencer::rpc::bridge::Bridge;
use spillway_sequencer::view::View;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::batching::{Batching, BatchingConfig};
use crate::cli::NodeArgs;
use crate::config::{self, l1::L1Config, validated::NodeConfig};
use crate::directory::Directory;
use crate::follower::{Chain, FollowerSettings, Listed, follow, name_tokens};
use crate::following::{Following, follow_blocks};
use crate::l1::{self, L1Error};
use crate::relaying::{Desk, Relaying, RelayingConfig};
use crate::service::{self, Core, Interruption, Service, Settings};
use crate::verifying::{Findings, Found, Verifying, VerifyingConfig};
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
    let chain = Config {
        dir: directory.path().to_path_buf(),
        ..config.sequencer
    };
    let desk = Desk::default();
    let bridge = config.relaying.is_some().then(|| desk.clone());
    let l1 = match config.l1 {
        Some(l1) => {
            let roles = Roles {
                batching: config.batching,
                verifying: config.verifying,
                relaying: config.relaying,
                desk,
            };
            Some(L1::find(l1, roles, args.follow_revert).await?)
        }
        None => None,
    };
    match config.following {
        None => {
            let service = Service::<Sequencer>::start(directory, chain, ()).await?;
            run_service(service, (config.rpc, bridge), |service| {
                if let Some(l1) = l1.clone() {
                    let (dir, orders) = (service.directory().path().to_owned(), service.orders());
                    service.spawn(|sequencer| l1.work(sequencer, dir, orders));
                }
            })
            .await
        }
        Some(followed) => {
            let service = Service::<Following>::start(directory, chain, followed.signer).await?;
            run_service(service, (config.rpc, bridge), |service| {
                let (findings, found) = Findings::new();
                let followed = followed.clone();
                let listed = Listed::default();
                let known = listed.clone();
                service.spawn(|following| follow_blocks(following, followed, known, findings));
                if let Some(l1) = l1.clone() {
                    let (dir, orders) = (service.directory().path().to_owned(), service.orders());
                    service.spawn(|following| {
                        l1.watch(Chain::Replica(following.view(), listed), dir, orders, found)
                    });
                }
            })
            .await
        }
    }
}

/// Serves until the operator stops it; starts the roles at the beginning and after each roll-back.
async fn run_service<C: Core>(
    mut service: Service<C>,
    (rpc, bridge): (RpcConfig, Option<Desk>),
    start_roles: impl Fn(&mut Service<C>),
) -> Result<()> {
    let mut is_said = false;
    loop {
        start_roles(&mut service);
        let bridge = bridge.clone().map(|desk| Arc::new(desk) as Arc<dyn Bridge>);
        let server = match service.listen(rpc, SETTINGS, bridge).await {
            Ok(server) => server,
            Err(error) => {
                service.stop(None).await?;
                return Err(error);
            }
        };
        let (http, ws) = service::urls(server.local_addr());
        let block = service.core().view().block_number();
        tracing::info!(%http, %ws, block, "serving");
        if !is_said {
            output::say(&format!("serving {http} and {ws} from block {block}\n"))?;
            is_said = true;
        }
        match service.serve().await {
            Interruption::Stop => return service.stop(Some(server)).await,
            Interruption::RollBack(fork) => {
                service = service.roll_back(Some(server), rpc, fork).await?;
            }
        }
    }
}

/// What a node does with its L1 beside following it.
#[derive(Clone)]
struct Roles {
    batching: Option<BatchingConfig>,
    verifying: Option<VerifyingConfig>,
    relaying: Option<RelayingConfig>,
    /// Where the relayer answers clients.
    desk: Desk,
}

/// The L1 of a chain. A node starts without one that answers, as users are served without it, but not with a wrong one.
#[derive(Clone)]
struct L1 {
    config: L1Config,
    roles: Roles,
    follow_revert: Option<u64>,
    /// None while no node answers.
    provider: Option<DynProvider>,
}

impl L1 {
    async fn find(config: L1Config, roles: Roles, follow_revert: Option<u64>) -> Result<Self> {
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
            roles,
            follow_revert,
            provider,
        })
    }

    /// Follows L1 for a sequencer, and posts to it and verifies what is posted, if those are roles of this node.
    async fn work(self, sequencer: Arc<Sequencer>, dir: PathBuf, orders: mpsc::Sender<Fork>) {
        let Some(provider) = self.reached().await else {
            return;
        };
        let deployment = &self.config.deployment;
        let view = sequencer.view();
        let verifying = self.verifying(&provider, &dir, view.clone());
        let verify = async {
            if let Some(verifying) = verifying {
                verifying.run(Found::nothing()).await;
            }
        };
        let relay = self.relay(&provider, &dir, sequencer.view());
        let chain = Chain::Sequencer(Arc::clone(&sequencer));
        let follow = follow(
            provider.clone(),
            deployment,
            self.follower_settings(),
            chain,
            orders,
        );
        let post = async {
            if let Some(config) = self.roles.batching.clone() {
                let batching = Batching::new(config, provider.clone(), deployment, &dir, sequencer);
                batching.run().await;
            }
        };
        let name = name_tokens(provider.clone(), view);
        tokio::join!(follow, post, verify, relay, name);
    }

    /// Follows L1 for a replica, and verifies what is posted.
    async fn watch(self, chain: Chain, dir: PathBuf, orders: mpsc::Sender<Fork>, found: Found) {
        let Some(provider) = self.reached().await else {
            return;
        };
        let view = chain.view();
        let verifying = self.verifying(&provider, &dir, view.clone());
        let verify = async {
            if let Some(verifying) = verifying {
                verifying.run(found).await;
            }
        };
        let relay = self.relay(&provider, &dir, chain.view());
        let (deployment, settings) = (&self.config.deployment, self.follower_settings());
        let follow = follow(provider.clone(), deployment, settings, chain, orders);
        let name = name_tokens(provider.clone(), view);
        tokio::join!(follow, verify, relay, name);
    }

    /// The way to L1, once it answers; none if it is a wrong one.
    async fn reached(&self) -> Option<DynProvider> {
        if let Some(provider) = &self.provider {
            return Some(provider.clone());
        }
        match wait_for(&self.config).await {
            Ok(provider) => Some(provider),
            Err(error) => {
                tracing::error!(%error, "L1 IS NOT FOLLOWED: it is another one than the deployment's. Check [l1], then restart");
                None
            }
        }
    }

    fn follower_settings(&self) -> FollowerSettings {
        FollowerSettings {
            finality: self.config.finality,
            reader: ReaderSettings::default(),
            follow_revert: self.follow_revert,
        }
    }

    /// Relays, if that is a role of this node.
    fn relay(
        &self,
        provider: &DynProvider,
        dir: &Path,
        view: View,
    ) -> impl Future<Output = ()> + use<> {
        let relaying = self.roles.relaying.clone().map(|config| {
            let (provider, desk) = (provider.clone(), self.roles.desk.clone());
            Relaying::new(config, provider, &self.config.deployment, dir, view, desk)
        });
        async {
            if let Some(relaying) = relaying {
                relaying.run().await;
            }
        }
    }

    fn verifying(&self, provider: &DynProvider, dir: &Path, view: View) -> Option<Verifying> {
        let config = self.roles.verifying.clone()?;
        let deployment = &self.config.deployment;
        Some(Verifying::new(
            config,
            provider.clone(),
            deployment,
            dir,
            view,
        ))
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
