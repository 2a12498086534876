//! The way back after batches have fallen on L1: a stop of the core and a start of the next, on one port.

use std::process;
use std::sync::Arc;

use anyhow::{Context, Result};
use spillway_sequencer::forks::Fork;
use spillway_sequencer::rollback::{self, Progress};
use spillway_sequencer::rpc::{self, RollingBack, RpcConfig, RpcServer};
use tokio::task::JoinSet;

use super::{Core, EXIT_INTERRUPTED, Service, end, start_core};

impl<C: Core> Service<C> {
    /// Ends everything, brings the chain back to where a revert on L1 left it, and starts the core again; the roles and the
    /// port are the caller's to start. Clients are told to wait meanwhile. Whatever ends the process, the next start goes on.
    pub(crate) async fn roll_back(
        self,
        server: Option<RpcServer>,
        rpc: RpcConfig,
        fork: Fork,
    ) -> Result<Self> {
        tracing::warn!(
            batch = fork.batch,
            fork = fork.id,
            last_block = fork.last_block,
            "BATCHES HAVE FALLEN ON L1: the chain is rolled back, and the sequencer applies its later transactions again"
        );
        let Self {
            directory,
            config,
            settings,
            listener,
            core,
            roles,
            orders,
            mut signals,
        } = self;
        let progress = Arc::<Progress>::default();
        if let Some(server) = server {
            server.stop().await;
        }
        let notice = RollingBack::new(fork.last_block, Arc::clone(&progress));
        let closed = listener.as_ref();
        let closed = closed.map(|listener| rpc::serve_closed(listener, rpc, &notice));
        let closed = closed.transpose().context("cannot tell clients to wait")?;
        let restarted = async {
            end(core, roles).await?;
            rollback::order(directory.path(), fork)?;
            start_core(&directory, &config, &settings, progress).await
        };
        let core = tokio::select! {
            restarted = restarted => restarted?,
            () = signals.next() => {
                tracing::info!("stopped while the chain was rolled back; the next start goes on with it");
                process::exit(EXIT_INTERRUPTED)
            }
        };
        if let Some(closed) = closed {
            closed.stop().await;
        }
        Ok(Self {
            directory,
            config,
            settings,
            listener,
            core: Arc::new(core),
            roles: JoinSet::new(),
            orders,
            signals,
        })
    }
}
