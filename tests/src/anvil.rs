//! An anvil process that a test owns: an L1.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{PATIENCE, POLL, Rpc};

/// A running anvil. It knows the funded development accounts, each with 10,000 ETH, and makes a block for each
/// transaction unless told otherwise.
///
/// Dropping it kills the process, by its id.
#[derive(Debug)]
pub struct Anvil {
    child: Child,
    url: String,
    _scratch: TempDir,
}

impl Anvil {
    /// Starts anvil on a free port, with the rules of L1 as they are, and waits until it listens.
    ///
    /// # Panics
    /// If it does not; the message holds its log.
    pub fn start(options: &[&str]) -> Self {
        let scratch = TempDir::with_prefix("spillway-anvil-").expect("a temporary directory");
        let log = scratch.path().join("anvil.log");
        let out = File::create(&log).expect("anvil's log");
        let mut command = Command::new(installed());
        command.args(["--host", "127.0.0.1", "--port", "0"]);
        if !options.contains(&"--accounts") {
            command.args(["--accounts", "20"]);
        }
        command.args(["--hardfork", "osaka"]).args(options);
        // So that no configuration of the user's is found.
        command
            .env("HOME", scratch.path())
            .current_dir(scratch.path());
        command.stdin(Stdio::null());
        command
            .stdout(out.try_clone().expect("a handle on the log"))
            .stderr(out);
        let child = command.spawn().expect("anvil");
        let mut anvil = Self {
            child,
            url: String::new(),
            _scratch: scratch,
        };
        anvil.url = anvil.wait_until_ready(&log);
        anvil
    }

    fn wait_until_ready(&mut self, log: &Path) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let said = said.unwrap_or_default();
            if let Some(url) = listening_on(&said) {
                return url;
            }
            let ended = self.child.try_wait().expect("the state of a child process");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "anvil did not come up; its log:\n{said}"
            );
            thread::sleep(POLL);
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A JSON-RPC client for it.
    pub fn rpc(&self) -> Rpc {
        Rpc::new(&self.url)
    }

    /// Lets it hang: what connects to it gets no answer until [`Self::resume`].
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), signal).expect("a signal to our own child");
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // An error here means that it has ended already; `wait` then only collects it.
        let _ = self.child.kill();
        self.child.wait().expect("the end of our own child");
    }
}

/// The address in anvil's log, once its line is whole.
fn listening_on(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("Listening on ")?;
    let (address, _) = rest.split_once('\n')?;
    Some(format!("http://{}", address.trim()))
}

/// The program itself: the launcher in `.bin` is a script whose child would outlive it.
fn installed() -> PathBuf {
    let packages =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/node_modules/@foundry-rs");
    fs::read_dir(&packages)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path().join("bin/anvil")))
        .find(|program| program.is_file() && program.to_string_lossy().contains("anvil-"))
        .unwrap_or_else(|| {
            panic!(
                "no anvil in {}: `cargo xtask test` installs it",
                packages.display()
            )
        })
}
