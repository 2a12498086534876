//! A place where a node lives: its data directory and configuration, which outlive its processes.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use rustix::process::{Pid, Signal, kill_process};
use spillway_tests::{CHAIN_ID, Node, NodeOptions, PATIENCE, Rpc, accounts, binary};
use tempfile::TempDir;

/// Pause between two looks at a condition.
const POLL: Duration = Duration::from_millis(2);

/// Segments and snapshots as small as the node allows, so that a short load makes several of them.
pub(crate) const SMALL_FILES: &str =
    "[storage]\nsegment_bytes = 1048576\nsnapshot_every_bytes = 1048576\n";

/// A data directory with a configuration. Nothing runs in it unless a test starts a [`Process`].
#[derive(Debug)]
pub(crate) struct Site {
    /// Holds configuration and log, and the data unless that is elsewhere.
    home: TempDir,
    data: PathBuf,
    settings: String,
}

impl Site {
    /// The directory of a development chain, its accounts funded. `settings` are further tables of the configuration.
    pub(crate) fn new(settings: &str) -> Self {
        let home = scratch();
        let data = home.path().join("data");
        Self::fund(home, data, settings)
    }

    /// The same in a directory that the caller keeps.
    pub(crate) fn in_directory(data: &Path, settings: &str) -> Self {
        Self::fund(scratch(), data.to_owned(), settings)
    }

    fn fund(home: TempDir, data: PathBuf, settings: &str) -> Self {
        let mut dev = Node::start(NodeOptions::default().dir(&data));
        let status = dev.stop();
        assert!(status.success(), "{status}; its log:\n{}", dev.log());
        Self::configured(home, data, settings)
    }

    fn configured(home: TempDir, data: PathBuf, settings: &str) -> Self {
        // Account 20 of the mnemonic is the development chain's fee account.
        let fee_account = fee_account();
        let text = format!(
            "roles = [\"sequencer\"]\ndir = {:?}\n[chain]\nid = {CHAIN_ID}\nfee_account = \"{fee_account}\"\n\
             [rpc]\naddress = \"127.0.0.1:0\"\n{settings}",
            data.display().to_string(),
        );
        fs::write(home.path().join("node.toml"), text).expect("a configuration file");
        Self {
            home,
            data,
            settings: settings.to_owned(),
        }
    }

    /// A copy of everything as it is now, for a test that damages it. Nothing may be running here.
    pub(crate) fn copy(&self) -> Self {
        let home = scratch();
        let data = home.path().join("data");
        copy_directory(&self.data, &data);
        Self::configured(home, data, &self.settings)
    }

    /// A file or folder of the data directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }

    /// The files of a folder of the data directory that have this extension, in the order of their names.
    pub(crate) fn files(&self, folder: &str, extension: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|found| found == extension))
            .collect();
        paths.sort_unstable();
        paths
    }

    /// Starts a process and returns at once.
    pub(crate) fn spawn(&self) -> Process {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("the node's log");
        let log_from = log.metadata().expect("the log's length").len();
        let mut command = Command::new(binary());
        command
            .arg("node")
            .arg("--config")
            .arg(self.home.path().join("node.toml"))
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a handle on the log"))
            .stderr(log);
        let child = command.spawn().expect("a spillway process");
        Process {
            child: Some(child),
            log_path: self.log_path(),
            log_from,
            url: String::new(),
        }
    }

    /// Starts a process and waits until it serves.
    ///
    /// # Panics
    /// If it ends instead, or does not serve in time.
    pub(crate) fn start(&self) -> Process {
        let mut process = self.spawn();
        if let Err(status) = process.wait_until_serving() {
            panic!(
                "the node did not start ({status}); its log:\n{}",
                process.log()
            );
        }
        process
    }

    /// Starts a process that must refuse to run; returns what it said.
    ///
    /// # Panics
    /// If it serves.
    pub(crate) fn refusal(&self) -> String {
        let mut process = self.spawn();
        let Err(status) = process.wait_until_serving() else {
            panic!("the node started; its log:\n{}", process.log());
        };
        assert_eq!(status.code(), Some(1), "its log:\n{}", process.log());
        process.log()
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("node.log")
    }
}

/// Where the fees of a development chain go. Deriving a key takes milliseconds, so it is kept.
pub(crate) fn fee_account() -> Address {
    static FEE_ACCOUNT: LazyLock<Address> =
        LazyLock::new(|| accounts::funded(accounts::COUNT).address());
    *FEE_ACCOUNT
}

/// A `spillway node` process. Dropping it kills it, by its id.
#[derive(Debug)]
pub(crate) struct Process {
    child: Option<Child>,
    log_path: PathBuf,
    /// Where this process's part of the log begins.
    log_from: u64,
    url: String,
}

impl Process {
    /// Waits until it serves; how it ended if it did that instead.
    pub(crate) fn wait_until_serving(&mut self) -> Result<(), ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(url) = served_url(&self.log()) {
                self.url = url;
                return Ok(());
            }
            if let Some(status) = self.exited() {
                return Err(status);
            }
            assert!(
                Instant::now() < deadline,
                "the node is not ready; its log:\n{}",
                self.log()
            );
            thread::sleep(POLL);
        }
    }

    /// How it ended, if it did.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        let child = self
            .child
            .as_mut()
            .expect("a process that was not waited for");
        child.try_wait().expect("the state of a child process")
    }

    /// A client for it.
    pub(crate) fn rpc(&self) -> Rpc {
        Rpc::new(&self.url)
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// Asks it to stop, and waits for its end.
    ///
    /// # Panics
    /// If it does not end in time.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let id = self.child.as_ref().map(Child::id);
        let pid = id.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        kill_process(pid.expect("a process id"), Signal::TERM).expect("a signal to our own child");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.exited() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the node does not stop; its log:\n{}",
                self.log()
            );
            thread::sleep(POLL);
        }
    }

    /// What this process wrote to stdout and stderr.
    pub(crate) fn log(&self) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.log_path).and_then(|mut log| {
            log.seek(SeekFrom::Start(self.log_from))?;
            log.read_to_end(&mut text)
        });
        read.expect("the node's log");
        String::from_utf8_lossy(&text).into_owned()
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error means that it has ended by itself; `wait` then only collects it.
            let _ = child.kill();
            child.wait().expect("the end of our own child");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(4_000);
            eprintln!(
                "the end of the node's log:\n{}",
                log.get(from..).unwrap_or(&log)
            );
        }
        self.end();
    }
}

/// The URL in the line that a node prints once it serves.
fn served_url(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("serving http://")?;
    // The line is complete: it names the WebSocket URL and the block too.
    rest.split_once(" from block ")?;
    let address = rest.split_whitespace().next()?;
    Some(format!("http://{address}"))
}

fn scratch() -> TempDir {
    TempDir::with_prefix("spillway-crash-").expect("a temporary directory")
}

/// Copies a directory with all that is in it.
pub(crate) fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory to copy") {
        let path = entry.expect("an entry of a directory").path();
        let target = to.join(path.file_name().expect("a file's name"));
        if path.is_dir() {
            copy_directory(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy of a file");
        }
    }
}
