//! A `spillway node` process that a test owns.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::{PATIENCE, POLL, Rpc, binary};

/// A running `spillway node` with a folder of its own, which holds its configuration and its log.
///
/// Dropping it kills the process, by its id.
#[derive(Debug)]
pub struct Role {
    child: Child,
    folder: Option<TempDir>,
}

impl Role {
    /// The command that runs a node with that configuration, whose file is put into the folder.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn command(folder: &Path, config: &str) -> Command {
        let file = folder.join("node.toml");
        fs::write(&file, config).expect("a configuration");
        let mut command = Command::new(binary());
        command.args(["node", "--config"]).arg(&file);
        command.stdin(Stdio::null());
        command
    }

    /// Starts it. `rpc.address` in the configuration must have port 0.
    ///
    /// # Panics
    /// If the program is not there.
    pub fn start(folder: TempDir, config: &str) -> Self {
        let mut command = Self::command(folder.path(), config);
        let log = File::create(folder.path().join("log")).expect("a log");
        command.stdout(log.try_clone().expect("a handle on the log"));
        let child = command.stderr(log).spawn().expect("a node");
        Self {
            child,
            folder: Some(folder),
        }
    }

    /// Ends it as a crash would. Answers its folder.
    pub fn kill(mut self) -> TempDir {
        self.end();
        self.folder.take().expect("a folder")
    }

    /// Everything that it wrote to stdout and stderr.
    ///
    /// # Panics
    /// If the log cannot be read.
    pub fn log(&self) -> String {
        let folder = self.folder.as_ref().expect("a folder");
        let log = fs::read(folder.path().join("log")).expect("a log");
        String::from_utf8_lossy(&log).into_owned()
    }

    /// A client, once it serves.
    ///
    /// # Panics
    /// If it does not in time.
    pub async fn rpc(&self) -> Rpc {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(url) = self.url() {
                return Rpc::new(&url);
            }
            assert!(Instant::now() < deadline, "the node does not serve");
            tokio::time::sleep(POLL).await;
        }
    }

    fn url(&self) -> Option<String> {
        let log = self.log();
        let (_, rest) = log.split_once("serving http://")?;
        let (address, _) = rest.split_once(" and ")?;
        Some(format!("http://{address}"))
    }

    fn end(&mut self) {
        // An error here means that it has ended already; `wait` then only collects it.
        let _ = self.child.kill();
        self.child.wait().expect("the end of our own child");
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() && self.folder.is_some() {
            eprintln!("the node's log:\n{}", self.log());
        }
    }
}
