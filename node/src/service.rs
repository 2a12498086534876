//! A sequencer, or a replica of one, with its JSON-RPC, from start to clean end. `dev` and `node` differ in what they do
//! around it.

mod core;
mod roll_back;

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use spillway_sequencer::config::Config;
use spillway_sequencer::forks::Fork;
use spillway_sequencer::journal::Repair;
use spillway_sequencer::pipeline::StartReport;
use spillway_sequencer::rollback::Progress;
use spillway_sequencer::rpc::bridge::Bridge;
use spillway_sequencer::rpc::{self, Listener, RpcConfig, RpcServer};
use spillway_sequencer::submission::Submitter;
use spillway_sequencer::view::View;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{self, Instant, sleep};

pub(crate) use self::core::Core;
use crate::chain_file;
use crate::directory::Directory;
use crate::{output, panics};

/// How often the sequencer is asked whether its journal has failed.
const HALT_POLL: Duration = Duration::from_secs(1);

/// How often a failed journal is logged again: whoever looks at the last page of the log must see it.
const HALT_REPEAT: Duration = Duration::from_secs(60);

/// The exit code after a second Ctrl-C: 128 + SIGINT, as shells have it.
const EXIT_INTERRUPTED: i32 = 130;

/// How the operator names the settings that an error may be about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// The state directory: "--dir".
    pub(crate) dir: &'static str,
    /// The RPC address: "--rpc".
    pub(crate) rpc: &'static str,
}

/// How long work on other threads may go on once everything has stopped. Nothing durable rests on its end.
const LEFT_OVERS_MAX: Duration = Duration::from_secs(2);

/// Runs on an async runtime, for sockets, timers and signals.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let done = runtime.block_on(work);
    // A replay for the batcher can take long, and nobody waits for it any more.
    runtime.shutdown_timeout(LEFT_OVERS_MAX);
    done
}

/// How long a role's last piece of work on another thread is waited for.
const WORK_MAX: Duration = Duration::from_secs(60);

/// How often it is looked whether it is done.
const WORK_POLL: Duration = Duration::from_millis(10);

/// A running core on a directory of its own, with the roles that work beside it.
#[derive(Debug)]
pub(crate) struct Service<C: Core> {
    directory: Directory,
    config: Config,
    /// What else a start needs.
    settings: C::Settings,
    /// Kept over a roll-back, so that clients find the port.
    listener: Option<Listener>,
    core: Arc<C>,
    roles: JoinSet<()>,
    /// Where a role says which revert is to be followed.
    orders: (mpsc::Sender<Fork>, mpsc::Receiver<Fork>),
    signals: Signals,
}

/// What ends the work of a service.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Interruption {
    /// The operator wants to stop.
    Stop,
    /// The chain goes back: [`Service::roll_back`].
    RollBack(Fork),
}

impl<C: Core> Service<C> {
    /// Recovers what the directory holds and starts the core on it. Ctrl-C ends the process at once until
    /// this is done, which is safe: recovery can begin again at any point.
    pub(crate) async fn start(
        directory: Directory,
        config: Config,
        settings: C::Settings,
    ) -> Result<Self> {
        let genesis = config.genesis;
        chain_file::check(&directory, &genesis)?;
        let core = start_core(&directory, &config, &settings, Arc::default()).await?;
        panics::abort_from_now_on();
        chain_file::write_once(&directory, &genesis)?;
        Ok(Self {
            directory,
            config,
            settings,
            listener: None,
            core: Arc::new(core),
            roles: JoinSet::new(),
            orders: mpsc::channel(1),
            signals: Signals::install()?,
        })
    }

    /// The state directory.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What it runs.
    pub(crate) fn core(&self) -> &C {
        &self.core
    }

    /// Starts a role beside the core: what follows L1, what posts to it. It is dropped, wherever it waits, before the
    /// core stops. Only work that ends soon may outlive it with the handle that it is given.
    pub(crate) fn spawn<F>(&mut self, role: impl FnOnce(Arc<C>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.roles.spawn(role(Arc::clone(&self.core)));
    }

    /// Where a role says which revert on L1 is to be followed.
    pub(crate) fn orders(&self) -> mpsc::Sender<Fork> {
        self.orders.0.clone()
    }

    /// Waits for `work`, unless something else ends it first.
    pub(crate) async fn unless_interrupted<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<T, Interruption> {
        let (_, orders) = &mut self.orders;
        tokio::select! {
            done = work => Ok(done),
            () = self.signals.next() => Err(Interruption::Stop),
            Some(fork) = orders.recv() => Err(Interruption::RollBack(fork)),
        }
    }

    /// Opens the JSON-RPC port. `bridge` answers for what is on its way to L1 and back.
    pub(crate) async fn listen(
        &mut self,
        config: RpcConfig,
        settings: Settings,
        bridge: Option<Arc<dyn Bridge>>,
    ) -> Result<RpcServer> {
        let cannot = |error| cannot_listen(error, config.addr, settings.rpc);
        let listener = match self.listener.take() {
            Some(listener) => listener,
            None => Listener::bind(config.addr).await.map_err(cannot)?,
        };
        let (submitter, view) = (self.core.submitter(), self.core.view());
        let server = rpc::serve(&listener, config, submitter, view, bridge).map_err(cannot);
        self.listener = Some(listener);
        server
    }

    /// Serves until something ends it. A sequencer whose journal has failed goes on answering reads.
    pub(crate) async fn serve(&mut self) -> Interruption {
        let submitter = self.core.submitter();
        match self
            .unless_interrupted(report_halt(submitter, C::NAME))
            .await
        {
            Ok(never) => match never {},
            Err(interruption) => interruption,
        }
    }

    /// Stops cleanly: no new connections, everything that was taken is made durable and answered, then the files
    /// are closed. A second Ctrl-C in the meantime ends the process at once.
    pub(crate) async fn stop(self, server: Option<RpcServer>) -> Result<()> {
        let Self {
            directory,
            core,
            roles,
            mut signals,
            ..
        } = self;
        tracing::info!(
            "stopping; Ctrl-C again ends at once, which loses nothing that was acknowledged"
        );
        tokio::spawn(async move {
            signals.next().await;
            process::exit(EXIT_INTERRUPTED);
        });
        if let Some(server) = server {
            // First, so that the core still answers what was asked.
            server.stop().await;
        }
        let view = core.view();
        let halted = core.submitter().halted();
        let stopped = end(core, roles).await;
        let block = view.block_number();
        let (name, dir) = (C::NAME, directory.path().display());
        stopped.with_context(|| {
            format!("the {name} in {dir} did not stop cleanly, at block {block}")
        })?;
        ensure!(
            !halted,
            "the {name} in {dir} had halted, at block {block}, which is durable: the log says why; remove the \
             cause before the next start"
        );
        tracing::info!(block, "stopped");
        output::say(&format!("stopped at block {block}\n"))
    }
}

/// Starts the core, and says what it found.
async fn start_core<C: Core>(
    directory: &Directory,
    config: &Config,
    settings: &C::Settings,
    progress: Arc<Progress>,
) -> Result<C> {
    let (config, settings) = (config.clone(), settings.clone());
    let core = spawn_blocking(move || C::start(&config, &settings, &progress)).await?;
    let core = core.with_context(|| {
        let dir = directory.path().display();
        format!("cannot start the {} in {dir}", C::NAME)
    })?;
    core.with_report(|report| log_start(C::NAME, report));
    Ok(core)
}

/// Ends the roles and then the core, with everything that was taken durable and answered.
async fn end<C: Core>(core: Arc<C>, mut roles: JoinSet<()>) -> Result<()> {
    roles.shutdown().await;
    let core = alone(core).await?;
    Ok(spawn_blocking(move || core.stop()).await??)
}

/// The core itself, once the last work of a role that holds it is done.
async fn alone<C: Core>(mut core: Arc<C>) -> Result<C> {
    let deadline = Instant::now() + WORK_MAX;
    loop {
        match Arc::try_unwrap(core) {
            Ok(core) => return Ok(core),
            Err(shared) => core = shared,
        }
        ensure!(
            Instant::now() < deadline,
            "a part of the node still holds the {}, which is a defect: report it",
            C::NAME
        );
        sleep(WORK_POLL).await;
    }
}

/// Why nobody can connect to an address; `choose` names what chooses another.
pub(crate) fn cannot_listen(
    error: std::io::Error,
    address: SocketAddr,
    choose: &str,
) -> anyhow::Error {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => "the port is taken by another program; choose another with",
        _ => "choose another address with",
    };
    let text = format!("cannot listen on {address}: {hint} {choose}");
    anyhow::Error::new(error).context(text)
}

fn log_start(core: &str, report: &StartReport) {
    for snapshot in &report.unusable_snapshots {
        tracing::warn!(path = %snapshot.path.display(), error = %snapshot.error, "snapshot passed over");
    }
    if report.repair != Repair::None {
        tracing::warn!(repair = ?report.repair, "the journal's end was unfinished and is repaired; nothing of it had been acknowledged");
    }
    if report.index.rebuilt && report.block_number > 0 {
        tracing::info!(
            blocks = report.index.added,
            "query index rebuilt from the journal"
        );
    }
    if let Some(rollback) = &report.rollback {
        tracing::warn!(
            fork = rollback.fork_id,
            last_block = rollback.last_block,
            blocks = rollback.blocks,
            transactions = rollback.transactions,
            dropped = rollback.dropped,
            "the chain was rolled back, and goes on"
        );
    }
    tracing::info!(
        block = report.block_number,
        state_root = %report.state_root,
        snapshot = report.snapshot,
        replayed = report.replayed,
        took_ms = report.took.as_millis(),
        "{core} started"
    );
}

/// The URLs of a listening address. One that stands for all interfaces is named by the loopback address.
pub(crate) fn urls(mut address: SocketAddr) -> (String, String) {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    (format!("http://{address}"), format!("ws://{address}"))
}

/// Waits until the chain has consumed so many inbox messages.
pub(crate) async fn consumed(view: View, submitter: Submitter, messages: u64) -> Result<()> {
    let mut newest = view.newest();
    let mut look = time::interval(HALT_POLL);
    while view.summary()?.inbox_count < messages {
        if submitter.halted() {
            bail!("the sequencer stopped before it had consumed its {messages} first deposits");
        }
        // A halted sequencer makes no more blocks, so waiting for one alone could last for ever.
        tokio::select! {
            _ = newest.changed() => {}
            _ = look.tick() => {}
        }
    }
    Ok(())
}

/// Logs, again and again, that the core of that name has halted, once it has.
async fn report_halt(submitter: Submitter, name: &str) -> Infallible {
    let name = name.to_uppercase();
    while !submitter.halted() {
        time::sleep(HALT_POLL).await;
    }
    loop {
        tracing::error!(
            "THE {name} HAS HALTED: nothing new is taken, reads go on. An earlier error in this log \
             says why (disk full? failing disk?): remove the cause, then restart"
        );
        time::sleep(HALT_REPEAT).await;
    }
}

/// What asks the node to stop.
#[derive(Debug)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn install() -> Result<Self> {
        let install = |kind| signal(kind).context("cannot install a signal handler");
        Ok(Self {
            interrupt: install(SignalKind::interrupt())?,
            terminate: install(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::urls;

    #[test]
    fn urls_can_be_connected_to() {
        for (listening, http, ws) in [
            (
                "127.0.0.1:9545",
                "http://127.0.0.1:9545",
                "ws://127.0.0.1:9545",
            ),
            ("0.0.0.0:1", "http://127.0.0.1:1", "ws://127.0.0.1:1"),
            ("[::]:1", "http://[::1]:1", "ws://[::1]:1"),
            ("10.0.0.7:80", "http://10.0.0.7:80", "ws://10.0.0.7:80"),
        ] {
            assert_eq!(
                urls(listening.parse().unwrap()),
                (http.to_owned(), ws.to_owned())
            );
        }
    }
}
