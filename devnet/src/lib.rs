//! An L1 inside the process, for `spillway dev` and for tests: an Ethereum chain on revm under Osaka's
//! rules, so that nothing else is needed.
//!
//! - [`chain`] is the chain: a state machine without clock, threads or sockets.
//! - [`pool`] says which transactions wait for a block, with geth's rules and words.
//! - [`Devnet`] runs one: it mines at intervals, keeps it in a directory, and serves it, by
//!   [`Devnet::transport`] within the process and by [`Devnet::serve`] over HTTP and WebSocket.
//! - [`Controls`] are what a test may do to it: mine, warp, reorg, hold fees, inject faults.
//!
//! Blobs are checked with c-kzg, whose set-up takes 2 to 3.5 s to load. That happens on a thread of its
//! own; a transaction with blobs, or a call of the point evaluation precompile, waits for it.
//!
//! `docs/devnet.md` is the operator's view: methods, limits, persistence, what is not as on mainnet.

mod beacon;
pub mod chain;
mod clock;
mod config;
mod controls;
mod faults;
mod forwarder;
mod miner;
mod node;
pub mod pool;
mod rpc;
mod server;
mod store;
mod transport;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use alloy_eips::eip4844::env_settings::EnvKzgSettings;
use alloy_rpc_client::RpcClient;
use parking_lot::RwLockReadGuard;

use crate::chain::Chain;
use crate::node::Node;

pub use beacon::BeaconAnswer;
pub use clock::{Clock, SystemClock};
pub use config::{CallLimits, ChainConfig, Config, HistoryLimits, PoolLimits, ServerLimits};
pub use controls::Controls;
pub use faults::FaultPlan;
pub use forwarder::forwarder;
pub use node::ControlError;
pub use server::Server;
pub use store::StoreError;
pub use transport::InProcess;

/// Why a devnet does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its directory cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot mine at intervals.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The thread that loads the KZG set-up cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// A running L1. Dropped, it stops mining; servers run until they are stopped or dropped.
#[derive(Debug)]
pub struct Devnet {
    node: Arc<Node>,
    limits: ServerLimits,
}

impl Devnet {
    /// Starts one. With a directory this brings its chain back first, which takes as long as executing
    /// its blocks again.
    ///
    /// # Errors
    /// When the directory cannot be used, or mining at intervals is asked for outside of a tokio runtime.
    pub fn start(config: Config) -> Result<Self, StartError> {
        if config.preload_kzg {
            let load = || {
                EnvKzgSettings::Default.get();
            };
            std::thread::Builder::new()
                .name("kzg-set-up".to_owned())
                .spawn(load)?;
        }
        let (limits, block_time) = (config.server, config.block_time);
        let node = Arc::new(Node::open(config)?);
        let devnet = Self { node, limits };
        devnet.controls().set_block_time(block_time)?;
        Ok(devnet)
    }

    /// A transport for alloy within the process. It is cheap to clone.
    #[must_use]
    pub fn transport(&self) -> InProcess {
        InProcess::new(Arc::clone(&self.node))
    }

    /// A client on [`Self::transport`], for `ProviderBuilder::connect_client`. It polls as one does a local
    /// node.
    #[must_use]
    pub fn client(&self) -> RpcClient {
        RpcClient::new(self.transport(), true)
    }

    /// What the beacon side answers to `GET` of a path with an optional query, without HTTP and without
    /// faults.
    #[must_use]
    pub fn beacon(&self, path_and_query: &str) -> BeaconAnswer {
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path_and_query, None),
        };
        beacon::answer(&self.node, path, query, 0)
    }

    /// Serves on the current runtime: JSON-RPC over HTTP and WebSocket, and the beacon endpoints, on one port.
    /// Port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn serve(&self, addr: SocketAddr) -> io::Result<Server> {
        server::serve(addr, self.limits, Arc::clone(&self.node)).await
    }

    /// The controls.
    #[must_use]
    pub fn controls(&self) -> Controls {
        Controls::new(Arc::clone(&self.node))
    }

    /// The chain, to read. Nothing is mined while the guard is held.
    pub fn chain(&self) -> RwLockReadGuard<'_, Chain> {
        self.node.chain()
    }

    /// Stops mining, and returns once a block that was being mined is done. Everything mined is on disk.
    pub async fn stop(self) {
        if let Some(task) = self.node.miner.stop() {
            // It was aborted, which is what it says.
            let _ = task.await;
        }
        let node = Arc::clone(&self.node);
        // Only a runtime that is itself going down refuses.
        let _ = tokio::task::spawn_blocking(move || node.finish()).await;
    }
}

impl Drop for Devnet {
    /// A server may hold the chain for longer, and a chain that nobody holds the handle of stands still.
    fn drop(&mut self) {
        self.node.miner.stop();
    }
}
