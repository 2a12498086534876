//! The `spillway` binary as a child process, which does not outlive its test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for what a healthy node does at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pause between two looks at a condition.
const POLL: Duration = Duration::from_millis(5);

/// The binary, with nothing of this process's environment that it reads.
pub(crate) fn spillway() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spillway"));
    command.env_remove("SPILLWAY_LOG").stdin(Stdio::null());
    command
}

/// Runs a command that ends by itself.
pub(crate) fn run(arguments: &[&str]) -> Output {
    spillway().args(arguments).output().unwrap()
}

/// Waits for a condition.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "no {what} in time");
        std::thread::sleep(POLL);
    }
}

/// A running node with its output in files.
pub(crate) struct Process {
    child: Child,
    output: TempDir,
}

impl Process {
    /// Starts a node.
    pub(crate) fn start(mut command: Command) -> Self {
        let output = tempfile::tempdir().unwrap();
        let file = |name| File::create(output.path().join(name)).unwrap();
        let child = command
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .unwrap();
        Self { child, output }
    }

    pub(crate) fn stdout(&self) -> String {
        fs::read_to_string(self.output.path().join("stdout")).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.output.path().join("stderr")).unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Waits for something while the process must go on.
    pub(crate) fn wait_until<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut(&Self) -> Option<T>,
    ) -> T {
        wait_for(what, || {
            let found = look(self);
            if found.is_none()
                && let Some(status) = self.child.try_wait().unwrap()
            {
                panic!(
                    "no {what}, the process ended with {status}:\n{}",
                    self.stderr()
                );
            }
            found
        })
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        wait_for("end of the process", || self.child.try_wait().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A `spillway dev` that answers, on a port that the system chose.
pub(crate) struct Dev {
    pub(crate) process: Process,
    pub(crate) url: String,
}

impl Dev {
    /// Starts on a directory and waits until the node has announced itself.
    pub(crate) fn start(dir: &Path) -> Self {
        Self::start_with(dir, &[])
    }

    pub(crate) fn start_with(dir: &Path, arguments: &[&str]) -> Self {
        let mut command = Self::command(dir);
        command.args(arguments);
        Self::start_as(dir, command)
    }

    /// Starts whatever the command makes of it, on that directory.
    pub(crate) fn start_as(dir: &Path, command: Command) -> Self {
        let mut process = Process::start(command);
        let id = process.id();
        let announced = process.wait_until("announcement", |_| {
            announcement(dir).filter(|announcement| announcement["pid"] == id)
        });
        let url = announced["rpc"].as_str().unwrap().to_owned();
        Self { process, url }
    }

    pub(crate) fn command(dir: &Path) -> Command {
        let mut command = spillway();
        command.arg("dev").arg("--dir").arg(dir).args([
            "--rpc",
            "127.0.0.1:0",
            "--l1",
            "127.0.0.1:0",
        ]);
        command
    }

    /// Stops it with a signal; it must end well, and say at which block.
    pub(crate) fn stop(mut self, signal: Signal) -> u64 {
        self.process.signal(signal);
        let status = self.process.ended();
        assert!(status.success(), "{status}\n{}", self.process.stderr());
        let stdout = self.process.stdout();
        let last = stdout.lines().last().unwrap_or_default();
        let block = last
            .strip_prefix("stopped at block ")
            .and_then(|number| number.parse().ok());
        block.unwrap_or_else(|| panic!("the last line is {last:?}"))
    }
}

/// Where a node announces itself.
pub(crate) fn announcement_path(dir: &Path) -> PathBuf {
    dir.join("dev.json")
}

/// What is announced now.
pub(crate) fn announcement(dir: &Path) -> Option<Value> {
    let text = fs::read(announcement_path(dir)).ok()?;
    Some(serde_json::from_slice(&text).expect("an announcement is there whole or not at all"))
}
