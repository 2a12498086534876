//! The L1 of a development chain: one that comes with it, in this process, or another.

use std::convert::Infallible;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy_primitives::U256;
use alloy_provider::DynProvider;
use alloy_transport::BoxTransport;
use anyhow::{Context, Result, bail, ensure};
use spillway_devnet::{CallLimits, ChainConfig, Config, Devnet, Server};
use spillway_l1::deployment::DEVELOPMENT_L1;
use spillway_l1::events::{Finality, ReaderSettings};
use spillway_l1::provider::{self, Endpoint, ProviderSettings};
use tokio::time::sleep;

use super::accounts::Accounts;
use super::contracts;
use crate::cli::DevArgs;
use crate::directory::Directory;
use crate::follower::FollowerSettings;
use crate::service;

/// The folder of the chain that comes with a development chain.
const FOLDER: &str = "l1";

/// What each account has on it in the beginning, in whole ETH.
const ETH_EACH: u64 = 10_000;

/// Blocks that its `safe` and `finalized` are behind the head: few, so that one can wait for them.
const SAFE_DEPTH: u64 = 2;
const FINALIZED_DEPTH: u64 = 4;

/// Blocks after which its messages are consumed. At least one: only blocks that have a successor are on disk for sure.
const DEPTH: u64 = 2;

/// The same on another L1: development nodes make blocks when there are transactions, so that waiting for a later
/// block can last for ever.
const DEPTH_ELSEWHERE: u64 = 0;

/// How often it is looked whether a transaction waits, while blocks are made on demand.
const MINING_POLL: Duration = Duration::from_millis(5);

/// The longest time between two looks at the head.
const READING_POLL_MAX: Duration = Duration::from_millis(200);

/// An L1 of chain id 31337.
#[derive(Debug)]
pub(super) struct L1 {
    provider: DynProvider,
    url: String,
    depth: u64,
    block_time: Duration,
    own: Option<OwnL1>,
}

/// The one in this process.
#[derive(Debug)]
struct OwnL1 {
    devnet: Devnet,
    server: Server,
}

impl L1 {
    /// The one that the arguments ask for. The one that comes with the chain is served, and makes no blocks by itself yet.
    pub(super) async fn open(
        directory: &Directory,
        args: &DevArgs,
        accounts: &Accounts,
    ) -> Result<Self> {
        if args.l1_url.is_empty() {
            Self::own(directory, args, accounts).await
        } else {
            Self::elsewhere(args).await
        }
    }

    async fn elsewhere(args: &DevArgs) -> Result<Self> {
        let provider = crate::l1::connect(&args.l1_url, DEVELOPMENT_L1).await;
        Ok(Self {
            provider: provider.context("--l1-url")?,
            url: args.l1_url[0].clone(),
            depth: args.l1_depth.unwrap_or(DEPTH_ELSEWHERE),
            block_time: READING_POLL_MAX * 2,
            own: None,
        })
    }

    async fn own(directory: &Directory, args: &DevArgs, accounts: &Accounts) -> Result<Self> {
        let depth = args.l1_depth.unwrap_or(DEPTH);
        ensure!(
            depth > 0,
            "--l1-depth 0 is for --l1-url: the newest block of the L1 that comes with the chain may not be on disk yet"
        );
        let dir = prepare_folder(directory)?;
        let devnet = Devnet::start(config(dir.clone(), accounts))
            .with_context(|| format!("cannot start the L1 in {}", dir.display()))?;
        let server = devnet.serve(args.l1).await;
        let server = server.map_err(|error| service::cannot_listen(error, args.l1, "--l1"))?;
        let endpoint = Endpoint::new("devnet", BoxTransport::new(devnet.transport()));
        let settings = ProviderSettings::new(DEVELOPMENT_L1);
        let (url, _) = service::urls(server.local_addr());
        Ok(Self {
            provider: provider::connect(vec![endpoint], settings).await?,
            url,
            depth,
            block_time: args.l1_block_time,
            own: Some(OwnL1 { devnet, server }),
        })
    }

    /// The connection. It holds no keys.
    pub(super) const fn provider(&self) -> &DynProvider {
        &self.provider
    }

    /// Where its JSON-RPC is, and its beacon endpoints.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whether other machines can connect to it, by our doing.
    pub(super) fn is_public(&self) -> bool {
        let own = self.own.as_ref();
        own.is_some_and(|own| !own.server.local_addr().ip().is_loopback())
    }

    /// How it is followed.
    pub(super) fn follower_settings(&self) -> FollowerSettings {
        let poll_interval = (self.block_time / 2).min(READING_POLL_MAX);
        FollowerSettings {
            finality: Finality::Depth(self.depth),
            reader: ReaderSettings {
                poll_interval,
                retry_interval: poll_interval,
                ..ReaderSettings::default()
            },
            follow_revert: None,
        }
    }

    /// Does `work`, and makes a block as soon as a transaction waits, if it is up to us.
    pub(super) async fn while_mining<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(own) = &self.own else {
            return work.await;
        };
        tokio::select! {
            done = work => done,
            failed = own.mine_on_demand() => failed.map(|never| match never {}),
        }
    }

    /// Makes blocks at once until everything is deep enough to be consumed, if it is up to us.
    pub(super) fn bury(&self) -> Result<()> {
        if let Some(own) = &self.own {
            let mined = own.devnet.controls().mine(self.depth);
            mined.context("cannot make a block of L1")?;
        }
        Ok(())
    }

    /// From now on blocks come at their intervals, if it is up to us.
    pub(super) fn run(&self) -> Result<()> {
        let Some(own) = &self.own else {
            return Ok(());
        };
        let controls = own.devnet.controls();
        controls
            .set_block_time(Some(self.block_time))
            .context("cannot make blocks of L1")
    }

    /// Ends the one that is ours.
    pub(super) async fn stop(self) {
        if let Some(OwnL1 { devnet, server }) = self.own {
            server.stop().await;
            devnet.stop().await;
        }
    }
}

impl OwnL1 {
    async fn mine_on_demand(&self) -> Result<Infallible> {
        let controls = self.devnet.controls();
        loop {
            let waiting = self.devnet.chain().pending_count();
            if waiting > 0 {
                controls.mine(1).context("cannot make a block of L1")?;
            }
            sleep(MINING_POLL).await;
        }
    }
}

fn config(dir: PathBuf, accounts: &Accounts) -> Config {
    let balance = U256::from(ETH_EACH) * U256::from(10).pow(U256::from(18));
    let funded = accounts.on_l1();
    Config {
        chain: ChainConfig {
            chain_id: DEVELOPMENT_L1,
            funded: funded.map(|account| (account.address, balance)).collect(),
            safe_depth: SAFE_DEPTH,
            finalized_depth: FINALIZED_DEPTH,
            calls: CallLimits {
                // Checking the deployment asks for all blocks at once. Nobody else's load has to be limited here.
                log_blocks: u64::MAX,
                ..CallLimits::default()
            },
            ..ChainConfig::default()
        },
        dir: Some(dir),
        controls: true,
        preload_kzg: false,
        ..Config::default()
    }
}

/// The chain's folder. Without a deployment nothing of value is on that chain: a first start was interrupted, and is begun
/// anew.
fn prepare_folder(directory: &Directory) -> Result<PathBuf> {
    let folder = directory.path().join(FOLDER);
    let is_deployed = contracts::is_deployed(directory)?;
    if is_deployed && !directory.holds(FOLDER)? {
        bail!(
            "{} is not of an L1 that is kept in this directory: give the URL of that L1 with --l1-url, or choose another \
             directory with --dir",
            contracts::path(directory).display()
        );
    }
    if !is_deployed {
        remove(&folder)?;
    }
    Ok(folder)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
