//! The nodes that are measured: started by the program, or already running.

use crate::rpc::{Rpc, quantity};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::json;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a node may take to come up.
const START_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Anvil takes the chain id of Spillway's development network, and so the very same transactions.
const CHAIN_ID: &str = "51717";

/// When anvil makes blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mining {
    /// As soon as a transaction is there: anvil's default.
    Auto,
    /// Once a second.
    EverySecond,
}

/// A node that answers JSON-RPC.
#[derive(Debug)]
pub struct Node {
    /// As shown in the table.
    pub name: &'static str,
    /// `ADDRESS:PORT` of its JSON-RPC over HTTP.
    pub host: String,
    /// What its transactions must be signed for.
    pub chain_id: u64,
    /// Whether it may leave a transaction in its pool until another comes or a block is asked for.
    /// Anvil's automine does, when a transaction arrives while it makes a block.
    pub needs_prodding: bool,
    process: Option<Process>,
}

/// A child that does not outlive the program.
#[derive(Debug)]
struct Process {
    child: Child,
    /// Removed when the node is gone.
    _dir: Option<TempDir>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only if it has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `spillway dev` writes once it listens.
#[derive(Deserialize)]
struct Announcement {
    rpc: String,
}

impl Node {
    /// A node that somebody else started.
    ///
    /// # Errors
    /// If the URL is not plain HTTP, or nobody answers there.
    pub async fn running(url: &str) -> Result<Self> {
        Self::connect("spillway", url, None).await
    }

    /// Starts `spillway dev` from `binary` on a fresh directory below `parent`, which should be on the
    /// disk whose durability is to be measured.
    ///
    /// # Errors
    /// If it does not come up within 30 s.
    pub async fn spillway(binary: &Path, parent: &Path) -> Result<Self> {
        std::fs::create_dir_all(parent)?;
        let dir = TempDir::with_prefix_in("throughput-", parent)?;
        let mut command = Command::new(binary);
        command.arg("dev").arg("--dir").arg(dir.path());
        command.args(["--rpc", "127.0.0.1:0", "--l1", "127.0.0.1:0"]);
        command.args(["--log", "error"]);
        let announcement = dir.path().join("dev.json");
        let mut process = start(command, Some(dir))
            .with_context(|| "build the node with `cargo build --release`, or pass --rpc")?;
        let url = loop_until_up(&mut process, || {
            let text = std::fs::read(&announcement).ok()?;
            Some(serde_json::from_slice::<Announcement>(&text).ok()?.rpc)
        })
        .await?;
        Self::connect("spillway", &url, Some(process)).await
    }

    /// Starts anvil from `binary`, tuned for speed: no log, no history of states, first in first out,
    /// and a block gas limit that never binds.
    ///
    /// # Errors
    /// If it does not come up within 30 s.
    pub async fn anvil(binary: &Path, mining: Mining) -> Result<Self> {
        let port = free_port()?;
        let mut command = Command::new(binary);
        command.args([
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--silent",
        ]);
        command.args([
            "--chain-id",
            CHAIN_ID,
            "--accounts",
            "20",
            "--balance",
            "1000",
        ]);
        command.args(["--prune-history", "64", "--gas-limit", "1000000000000"]);
        if mining == Mining::EverySecond {
            command.args(["--block-time", "1"]);
        }
        let mut process = start(command, None)
            .with_context(|| "install anvil with `npm ci` in benches/, or pass --anvil-bin")?;
        let host = format!("127.0.0.1:{port}");
        loop_until_up(&mut process, || std::net::TcpStream::connect(&host).ok()).await?;
        let node = Self::connect("anvil", &format!("http://{host}"), Some(process)).await?;
        Ok(Self {
            needs_prodding: mining == Mining::Auto,
            ..node
        })
    }

    async fn connect(name: &'static str, url: &str, process: Option<Process>) -> Result<Self> {
        let host = url
            .strip_prefix("http://")
            .with_context(|| format!("{url}: only http://ADDRESS:PORT can be driven"))?
            .trim_end_matches('/')
            .to_owned();
        let chain_id = quantity(
            &Rpc::open(&host)
                .await?
                .call("eth_chainId", json!([]))
                .await?,
        )?;
        let chain_id = u64::try_from(chain_id)?;
        Ok(Self {
            name,
            host,
            chain_id,
            needs_prodding: false,
            process,
        })
    }

    /// The process id, if this program started it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(|process| process.child.id())
    }
}

/// The native anvil that `npm ci` puts below `benches/`. Not the script in `.bin`, whose child would
/// outlive it.
///
/// # Errors
/// If it is not installed.
pub fn installed_anvil(benches: &Path) -> Result<PathBuf> {
    let packages = benches.join("node_modules/@foundry-rs");
    std::fs::read_dir(&packages)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin/anvil"))
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "no anvil in {}: run `npm ci` in benches/",
                packages.display()
            )
        })
}

fn start(mut command: Command, dir: Option<TempDir>) -> Result<Process> {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    Ok(Process { child, _dir: dir })
}

async fn loop_until_up<T>(process: &mut Process, mut up: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + START_TIMEOUT;
    while Instant::now() < deadline {
        if let Some(value) = up() {
            return Ok(value);
        }
        if let Some(status) = process.child.try_wait()? {
            bail!("the node ended while starting: {status}");
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    bail!(
        "the node did not come up within {} s",
        START_TIMEOUT.as_secs()
    )
}

/// A port that was free a moment ago; anvil cannot choose one itself and tell.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
