//! `spillway dev`: a whole rollup on one machine, with funded test accounts.

pub(crate) mod accounts;
mod announcement;
mod contracts;
mod deposits;
mod l1;
mod pools;
mod screen;
mod sending;
mod setup;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alloy_signer_local::PrivateKeySigner;
use anyhow::Result;
use spillway_batcher::policy::PostingConfig;
use spillway_l1::events::Finality;
use spillway_l1::transactions::{self, Kind};
use spillway_relayer::policy::ClaimPolicy;
use spillway_sequencer::Sequencer;
use spillway_sequencer::config::Config;
use spillway_sequencer::genesis::Genesis;
use spillway_sequencer::rpc::bridge::Bridge;
use spillway_sequencer::rpc::{RpcConfig, RpcServer};
use spillway_sequencer::signing::HeaderSigner;
use tokio::time::timeout;

use self::accounts::Accounts;
use self::announcement::Announcement;
use self::l1::L1;
use self::screen::Screen;
use self::setup::Setup;
use crate::batching::{Batching, BatchingConfig};
use crate::cli::DevArgs;
use crate::directory::Directory;
use crate::follower::{Chain, FollowerSettings, follow, name_tokens};
use crate::relaying::{Desk, Relaying, RelayingConfig};
use crate::service::{self, Interruption, Service, Settings};
use crate::verifying::{Found, Verifying, VerifyingConfig};
use crate::{logging, output, panics};

const SETTINGS: Settings = Settings {
    dir: "--dir",
    rpc: "--rpc",
};

/// An idle chain posts so often, which shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(300);

/// Blocks of L1 on top of a transaction before it is forgotten.
const CONFIRMATIONS: u64 = 64;

/// Blocks of L1 after which money counts as there: nothing forks here unless somebody wants it to.
const POOL_CONFIRMATIONS: u64 = 4;

/// Seconds for which withdrawals wait for others at most.
const SERVICE_LEVEL: u64 = 5;

/// Deposits that take longer than this to arrive are waited for with a warning.
const DEPOSITS_SOON: Duration = Duration::from_secs(10);

/// Runs until Ctrl-C or SIGTERM.
pub(crate) fn run(args: &DevArgs) -> Result<()> {
    logging::install(&args.log)?;
    panics::install();
    let directory = Directory::open(&args.dir, SETTINGS.dir)?;
    // Whoever waits for the file must not read what a killed node left behind.
    announcement::withdraw(&directory)?;
    service::block_on(operate(directory, args))
}

async fn operate(directory: Directory, args: &DevArgs) -> Result<()> {
    let accounts = Accounts::derive()?;
    let l1 = L1::open(&directory, args, &accounts).await?;
    let ran = run_on(&l1, directory, args, &accounts).await;
    l1.stop().await;
    ran
}

/// Runs on an L1 that the caller ends.
async fn run_on(l1: &L1, directory: Directory, args: &DevArgs, accounts: &Accounts) -> Result<()> {
    let set_up = setup::set_up(&directory, args, accounts, l1);
    let scene = Scene {
        l1,
        setup: l1.while_mining(set_up).await?,
        accounts,
    };
    l1.run()?;
    let config = scene.config(&directory)?;
    let mut service = Service::<Sequencer>::start(directory, config, ()).await?;
    let (mut is_said, desk) = (false, Desk::default());
    loop {
        let mut server = None;
        let served = match scene.start_roles(&mut service, args, &desk) {
            Ok(()) => {
                serve(
                    &mut service,
                    &mut server,
                    (args, &desk),
                    &scene,
                    &mut is_said,
                )
                .await
            }
            Err(error) => Err(error),
        };
        let withdrawn = announcement::withdraw(service.directory());
        if let Ok(Interruption::RollBack(fork)) = served {
            withdrawn?;
            let rpc = RpcConfig::new(args.rpc);
            service = service.roll_back(server, rpc, fork).await?;
            continue;
        }
        let stopped = service.stop(server).await;
        // The first error is the cause; the others may follow from it.
        return served.and(withdrawn).and(stopped);
    }
}

/// What a development chain is made of.
struct Scene<'a> {
    l1: &'a L1,
    setup: Setup,
    accounts: &'a Accounts,
}

impl Scene<'_> {
    fn genesis(&self) -> Genesis {
        Genesis {
            chain_id: self.setup.deployment.l2_chain_id,
            fee_account: self.setup.deployment.genesis.fee_account,
        }
    }

    fn config(&self, directory: &Directory) -> Result<Config> {
        let signer = HeaderSigner::new(self.accounts.sequencer.key)?;
        Ok(Config {
            signer: Some(signer),
            ..Config::new(self.genesis(), directory.path().to_path_buf())
        })
    }

    /// Starts what works beside the sequencer.
    fn start_roles(
        &self,
        service: &mut Service<Sequencer>,
        args: &DevArgs,
        desk: &Desk,
    ) -> Result<()> {
        let (provider, deployment) = (self.l1.provider(), &self.setup.deployment);
        let settings = FollowerSettings {
            follow_revert: args.follow_revert,
            ..self.l1.follower_settings()
        };
        let (l1, on_l1, orders) = (provider.clone(), deployment.clone(), service.orders());
        service.spawn(|sequencer| async move {
            let chain = Chain::Sequencer(sequencer);
            follow(l1, &on_l1, settings, chain, orders).await;
        });
        let names = name_tokens(provider.clone(), service.core().view());
        service.spawn(|_| names);
        let (config, dir) = (self.batching(args)?, service.directory().path().to_owned());
        service.spawn(|sequencer| {
            Batching::new(config, provider.clone(), deployment, &dir, sequencer).run()
        });
        let (config, dir) = (self.verifying()?, service.directory().path().to_owned());
        let view = service.core().view();
        let verifying = Verifying::new(config, provider.clone(), deployment, &dir, view.clone());
        service.spawn(|_| verifying.run(Found::nothing()));
        if !args.no_relayer {
            let (config, desk) = (self.relaying()?, desk.clone());
            let relaying = Relaying::new(config, provider.clone(), deployment, &dir, view, desk);
            service.spawn(|_| relaying.run());
        }
        Ok(())
    }

    fn verifying(&self) -> Result<VerifyingConfig> {
        let reader = self.l1.follower_settings().reader;
        Ok(VerifyingConfig {
            key: Some(PrivateKeySigner::from_bytes(&self.accounts.verifier.key)?),
            beacon_urls: vec![self.l1.url().to_owned()],
            guarded: BTreeSet::new(),
            patience: Duration::ZERO,
            caps: transactions::Settings::new(Kind::Ordinary).caps,
            finality: Finality::Finalized,
            confirmations: CONFIRMATIONS,
            reader,
            watches_sequencer: false,
        })
    }

    fn relaying(&self) -> Result<RelayingConfig> {
        let settings = self.l1.follower_settings();
        Ok(RelayingConfig {
            key: PrivateKeySigner::from_bytes(&self.accounts.relayer.key)?,
            pool: Some(pools::config(
                self.accounts,
                self.setup.deployment.token,
                POOL_CONFIRMATIONS,
            )?),
            policy: ClaimPolicy {
                service_level: SERVICE_LEVEL,
                ..ClaimPolicy::default()
            },
            caps: transactions::Settings::new(Kind::Ordinary).caps,
            finality: Finality::Finalized,
            deposit_finality: settings.finality,
            confirmations: CONFIRMATIONS,
            poll_interval: settings.reader.poll_interval,
        })
    }

    fn batching(&self, args: &DevArgs) -> Result<BatchingConfig> {
        let Accounts {
            sequencer,
            blob_poster,
            ..
        } = self.accounts;
        Ok(BatchingConfig {
            sequencer: sequencer.address,
            blob_key: PrivateKeySigner::from_bytes(&blob_poster.key)?,
            calldata_key: PrivateKeySigner::from_bytes(&sequencer.key)?,
            posting: PostingConfig {
                max_batch_age: args.max_batch_age,
                heartbeat: HEARTBEAT,
                forms: args.post_as.into(),
                ..PostingConfig::default()
            },
            caps: transactions::Settings::new(Kind::Blob).caps,
            finality: Finality::Finalized,
            confirmations: CONFIRMATIONS,
            poll_interval: self.l1.follower_settings().reader.poll_interval,
        })
    }
}

/// Says what may be wrong when the deposits do not arrive.
async fn with_warning(consumed: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::pin!(consumed);
    if let Ok(done) = timeout(DEPOSITS_SOON, &mut consumed).await {
        return done;
    }
    tracing::warn!(
        "the deposits on L1 are not deep enough to be consumed yet: if L1 makes blocks only when there are transactions, \
         use --l1-depth 0"
    );
    consumed.await
}

/// Waits for the deposits, opens the port (which the caller closes), says so, and serves.
async fn serve(
    service: &mut Service<Sequencer>,
    server: &mut Option<RpcServer>,
    (args, desk): (&DevArgs, &Desk),
    scene: &Scene<'_>,
    is_said: &mut bool,
) -> Result<Interruption> {
    let sequencer = service.core();
    let (view, submitter) = (sequencer.view(), sequencer.submitter());
    let started_at = view.block_number();
    let consumed = service::consumed(view, submitter, scene.setup.messages);
    let consumed = with_warning(consumed);
    match service.unless_interrupted(consumed).await {
        Ok(consumed) => consumed?,
        Err(interruption) => return Ok(interruption),
    }
    let bridge = (!args.no_relayer).then(|| Arc::new(desk.clone()) as Arc<dyn Bridge>);
    let listening = service.listen(RpcConfig::new(args.rpc), SETTINGS, bridge);
    let server = server.insert(listening.await?);
    let (http, ws) = service::urls(server.local_addr());
    let deployment = &scene.setup.deployment;
    let deployment_path = contracts::path(service.directory());
    Announcement {
        rpc: &http,
        ws: &ws,
        chain_id: deployment.l2_chain_id,
        l1: scene.l1.url(),
        beacon: scene.l1.url(),
        deployment: &deployment_path,
        rollup: deployment.rollup,
        inbox: deployment.inbox,
        bridge: deployment.bridge,
        pid: std::process::id(),
    }
    .publish(service.directory())?;
    let screen = Screen {
        http: &http,
        ws: &ws,
        l1: scene.l1.url(),
        dir: service.directory().path(),
        started_at,
        deployment,
        accounts: &scene.accounts.funded,
        public: !server.local_addr().ip().is_loopback() || scene.l1.is_public(),
    };
    if !*is_said {
        output::say(&screen.to_string())?;
        *is_said = true;
    }
    tracing::info!(%http, %ws, l1 = scene.l1.url(), "serving");
    Ok(service.serve().await)
}
