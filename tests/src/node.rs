//! A `spillway dev` process that a test owns.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{PATIENCE, POLL, Rpc};

/// How a node is started. The defaults are those of `spillway dev` on a free port and a new directory.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    dir: Option<PathBuf>,
    log: String,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    ready_within: Duration,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            dir: None,
            log: "info".into(),
            args: Vec::new(),
            env: Vec::new(),
            ready_within: PATIENCE,
        }
    }
}

impl NodeOptions {
    /// The state directory, which the caller keeps. Without it the node gets one that goes when the [`Node`] is dropped.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// The `--log` filter; `info` if not given.
    #[must_use]
    pub fn log(mut self, filter: impl Into<String>) -> Self {
        self.log = filter.into();
        self
    }

    /// One more argument for `spillway dev`.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// One more environment variable for the process.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env
            .push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// How long a start may take: raise it where a long journal is replayed.
    #[must_use]
    pub fn ready_within(mut self, limit: Duration) -> Self {
        self.ready_within = limit;
        self
    }
}

/// Why a node did not become ready.
#[derive(Debug)]
pub struct NotReady {
    /// How the process ended; `None` if it was still running when the time was up, and was killed.
    pub status: Option<ExitStatus>,
    /// Everything that the node wrote to stdout and stderr, earlier starts on this [`Node`] included.
    pub log: String,
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(
                f,
                "the node ended before it was ready ({status}); its log:\n{}",
                self.log
            ),
            None => write!(f, "the node was not ready in time; its log:\n{}", self.log),
        }
    }
}

/// A running node, or one that was stopped and can be started again on the same directory.
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
}

impl Node {
    /// Starts a node and waits until it answers.
    ///
    /// # Panics
    /// If it does not become ready; the message holds its log.
    pub fn start(options: NodeOptions) -> Self {
        Self::try_start(options).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// Starts a node; one that refuses to start is an answer, for the tests of damaged directories.
    pub fn try_start(options: NodeOptions) -> Result<Self, NotReady> {
        let scratch = TempDir::with_prefix("spillway-test-").expect("a temporary directory");
        let mut node = Self {
            options,
            scratch,
            running: None,
        };
        node.restart()?;
        Ok(node)
    }

    /// Starts a stopped or killed node again on its directory. Its port may be another one than before.
    ///
    /// # Panics
    /// If it is running.
    pub fn restart(&mut self) -> Result<(), NotReady> {
        assert!(
            self.running.is_none(),
            "the node is running: stop or kill it first"
        );
        let ready = self.dir().join("dev.json");
        // A node that was killed leaves this file behind. The new one must write its own.
        match fs::remove_file(&ready) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                panic!("{}: {error}", ready.display())
            }
            _ => {}
        }
        let child = self.spawn();
        let url = self.wait_until_ready(child, &ready)?;
        self.running = Some(url);
        Ok(())
    }

    fn spawn(&self) -> Child {
        let log = self.open_log();
        let mut command = Command::new(binary());
        command.arg("dev").arg("--dir").arg(self.dir()).args([
            "--rpc",
            "127.0.0.1:0",
            "--log",
            &self.options.log,
        ]);
        command
            .args(&self.options.args)
            .envs(self.options.env.iter().map(|(key, value)| (key, value)));
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a handle on the log"))
            .stderr(log);
        command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary().display()))
    }

    fn wait_until_ready(&self, child: Child, ready: &Path) -> Result<Running, NotReady> {
        let mut running = Running {
            child,
            url: String::new(),
        };
        let deadline = Instant::now() + self.options.ready_within;
        loop {
            if let Some(url) = announced_url(ready) {
                running.url = url;
                return Ok(running);
            }
            if let Some(status) = running
                .child
                .try_wait()
                .expect("the state of a child process")
            {
                return Err(NotReady {
                    status: Some(status),
                    log: self.log(),
                });
            }
            if Instant::now() >= deadline {
                running.kill();
                return Err(NotReady {
                    status: None,
                    log: self.log(),
                });
            }
            thread::sleep(POLL);
        }
    }

    /// Asks the node to shut down, as Ctrl-C does, and waits for its end.
    ///
    /// # Panics
    /// If it is not running, or has not ended in time.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::INT);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.exited() {
                self.running = None;
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the node did not shut down on SIGINT; its log:\n{}",
                self.log()
            );
            thread::sleep(POLL);
        }
    }

    /// Ends the process at once, as `kill -9` does. Nothing that it has not handed to the kernel survives.
    ///
    /// # Panics
    /// If it is not running.
    pub fn kill(&mut self) {
        self.running.take().expect("a running node").kill();
    }

    /// Sends a signal to the process.
    ///
    /// # Panics
    /// If it is not running.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process id");
        kill_process(pid, signal).expect("a signal to our own child");
    }

    /// How the process ended, if it did by itself. It can then be started again.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        let status = self
            .running
            .as_mut()?
            .child
            .try_wait()
            .expect("the state of a child process")?;
        self.running = None;
        Some(status)
    }

    /// A JSON-RPC client for this node. It does not follow the node to a new port after a restart.
    pub fn rpc(&self) -> Rpc {
        Rpc::new(self.url())
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.running.as_ref().expect("a running node").url
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

    /// Process id of the running node.
    pub fn pid(&self) -> u32 {
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

    /// Everything that the node wrote to stdout and stderr, earlier starts included.
    pub fn log(&self) -> String {
        fs::read(self.log_path())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.scratch.path().join("node.log")
    }

    fn open_log(&self) -> File {
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("the node's log");
        writeln!(log, "--- start").expect("a line in the node's log");
        log
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
    fn kill(mut self) {
        // An error here means that it has ended already; `wait` then only collects it.
        let _ = self.child.kill();
        self.child.wait().expect("the end of our own child");
    }
}

/// The address in the file that a node writes when it is ready. A file that is half written is no answer yet.
fn announced_url(ready: &Path) -> Option<String> {
    let text = fs::read(ready).ok()?;
    let value: Value = serde_json::from_slice(&text).ok()?;
    value.get("rpc")?.as_str().map(str::to_owned)
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
