//! A `spillway dev` process that a test owns.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use alloy_primitives::Address;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{PATIENCE, POLL, Rpc};

/// How a node is started. The defaults are those of `spillway dev` on free ports and a new directory.
#[derive(Debug, Clone, Default)]
pub struct NodeOptions {
    dir: Option<PathBuf>,
    l1_url: Option<String>,
    arguments: Vec<String>,
}

impl NodeOptions {
    /// The state directory, which the caller keeps. Without it the node gets one that goes when the [`Node`] is dropped.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Another L1 than the one that comes with the node.
    #[must_use]
    pub fn l1_url(mut self, url: &str) -> Self {
        self.l1_url = Some(url.to_owned());
        self
    }

    /// Further arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments.iter().map(ToString::to_string).collect();
        self
    }

    /// The command that starts such a node in that directory.
    pub fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(binary());
        command.arg("dev").arg("--dir").arg(dir);
        command.args(["--rpc", "127.0.0.1:0"]);
        // Proofs for blobs take seconds of CPU, which tests that are not about posting would pay for nothing.
        for (flag, value) in [("--log", "info"), ("--max-batch-age", "1h")] {
            if !self.arguments.iter().any(|argument| argument == flag) {
                command.args([flag, value]);
            }
        }
        match &self.l1_url {
            Some(url) => command.args(["--l1-url", url]),
            None => command.args(["--l1", "127.0.0.1:0"]),
        };
        command.args(&self.arguments).stdin(Stdio::null());
        command
    }
}

/// A running node, or one that was stopped.
///
/// Dropping it kills the process, by its id.
#[derive(Debug)]
pub struct Node {
    options: NodeOptions,
    /// Holds the log, and the state unless the caller gave a directory. Its drop removes them.
    scratch: TempDir,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    url: String,
    l1_url: String,
}

impl Node {
    /// Starts a node and waits until it answers.
    ///
    /// # Panics
    /// If it does not become ready; the message holds its log.
    pub fn start(options: NodeOptions) -> Self {
        let scratch = TempDir::with_prefix("spillway-test-").expect("a temporary directory");
        let mut node = Self {
            options,
            scratch,
            running: None,
        };
        let ready = node.dir().join("dev.json");
        // A node that was killed leaves this file behind. The new one must write its own.
        match fs::remove_file(&ready) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                panic!("{}: {error}", ready.display())
            }
            _ => {}
        }
        node.running = Some(node.wait_until_ready(node.spawn(), &ready));
        node
    }

    fn spawn(&self) -> Child {
        let log = File::create(self.log_path()).expect("the node's log");
        let mut command = self.options.command(&self.dir());
        command
            .stdout(log.try_clone().expect("a handle on the log"))
            .stderr(log);
        command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary().display()))
    }

    fn wait_until_ready(&self, child: Child, ready: &Path) -> Running {
        let mut running = Running {
            child,
            url: String::new(),
            l1_url: String::new(),
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some((url, l1_url)) = announced_urls(ready) {
                (running.url, running.l1_url) = (url, l1_url);
                return running;
            }
            if let Some(status) = running.ended() {
                panic!(
                    "the node ended before it was ready ({status}); its log:\n{}",
                    self.log()
                );
            }
            if Instant::now() >= deadline {
                running.kill();
                panic!("the node was not ready in time; its log:\n{}", self.log());
            }
            thread::sleep(POLL);
        }
    }

    /// Asks the node to shut down, as Ctrl-C does, and waits for its end.
    ///
    /// # Panics
    /// If it is not running, or has not ended in time.
    pub fn stop(&mut self) -> ExitStatus {
        let mut running = self.running.take().expect("a running node");
        running.interrupt();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = running.ended() {
                return status;
            }
            if Instant::now() >= deadline {
                running.kill();
                panic!(
                    "the node did not shut down on SIGINT; its log:\n{}",
                    self.log()
                );
            }
            thread::sleep(POLL);
        }
    }

    /// A JSON-RPC client for this node.
    pub fn rpc(&self) -> Rpc {
        Rpc::new(self.url())
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.running.as_ref().expect("a running node").url
    }

    /// Its L1: JSON-RPC and the beacon endpoints.
    pub fn l1_url(&self) -> &str {
        &self.running.as_ref().expect("a running node").l1_url
    }

    /// Ends it as a crash would.
    ///
    /// # Panics
    /// If it is not running.
    pub fn kill(&mut self) {
        self.running.take().expect("a running node").kill();
    }

    /// `ws://127.0.0.1:PORT`.
    pub fn ws_url(&self) -> String {
        self.url().replacen("http", "ws", 1)
    }

    /// The state directory.
    pub fn dir(&self) -> PathBuf {
        self.options
            .dir
            .clone()
            .unwrap_or_else(|| self.scratch.path().join("state"))
    }

    /// The test token that a development chain lists, by `deployment.json`.
    ///
    /// # Panics
    /// If the file does not say it.
    pub fn token(&self) -> Address {
        let path = self.dir().join("deployment.json");
        let text = fs::read(path).expect("the deployment of a running node");
        let value: Value = serde_json::from_slice(&text).expect("JSON");
        let token = value.get("token").and_then(Value::as_str);
        token
            .and_then(|token| token.parse().ok())
            .expect("an address")
    }

    /// Process id of the running node.
    fn pid(&self) -> u32 {
        self.running.as_ref().expect("a running node").child.id()
    }

    /// Memory that the process holds now, in bytes (`VmRSS`).
    pub fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("a VmRSS line");
        let kibibytes = line.trim().trim_end_matches("kB").trim();
        kibibytes.parse::<u64>().expect("a number of kibibytes") * 1024
    }

    /// Everything that the node wrote to stdout and stderr.
    pub fn log(&self) -> String {
        fs::read(self.log_path())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.scratch.path().join("node.log")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
        if thread::panicking() {
            eprintln!("the node's log:\n{}", self.log());
        }
    }
}

impl Running {
    /// How the process ended, if it did.
    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the state of a child process")
    }

    fn interrupt(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), Signal::INT).expect("a signal to our own child");
    }

    fn kill(mut self) {
        // An error here means that it has ended already; `wait` then only collects it.
        let _ = self.child.kill();
        self.child.wait().expect("the end of our own child");
    }
}

/// The addresses of node and L1 in the file that a node writes when it is ready. A file that is half written is no answer
/// yet.
fn announced_urls(ready: &Path) -> Option<(String, String)> {
    let text = fs::read(ready).ok()?;
    let value: Value = serde_json::from_slice(&text).ok()?;
    let url = |name| value.get(name)?.as_str().map(str::to_owned);
    Some((url("rpc")?, url("l1")?))
}

/// The binary under test: `SPILLWAY_BINARY`, or the one that cargo put beside this test.
///
/// # Panics
/// If there is none.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("SPILLWAY_BINARY") {
        return path.into();
    }
    // target/debug/deps/TEST -> target/debug/spillway
    let test = std::env::current_exe().expect("the path of this test");
    let built = test
        .ancestors()
        .nth(2)
        .expect("a target directory")
        .join("spillway");
    assert!(
        built.exists(),
        "{} is missing: run the tests with `cargo xtask test`, which builds it, or set SPILLWAY_BINARY",
        built.display()
    );
    built
}
