//! Runs the wallet clients of `clients/`, and the page of `browser/`, against a node.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{CHAIN_ID, Node, POLL};

/// The folder of the wallet libraries' scripts.
const CLIENTS: &str = "clients";

/// Longest run of one client. Its own waits are shorter, so that its own words say what it missed.
const CLIENT_LIMIT: Duration = Duration::from_secs(250);

/// What a client left when it ended.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// Runs a theme of a JavaScript client, and fails with its output if it fails.
pub fn javascript(node: &Node, script: &str, theme: &str) {
    node_passes(CLIENTS, node, script, theme);
}

/// Runs a theme of the page in a real browser, and fails with its output if it fails.
pub fn browser(node: &Node, script: &str, theme: &str) {
    node_passes("browser", node, script, theme);
}

fn node_passes(folder: &str, node: &Node, script: &str, theme: &str) {
    installed(folder, "node_modules");
    theme_passes(Command::new("node"), folder, node, script, theme);
}

/// Runs a theme of a Python client, and fails with its output if it fails.
pub fn python(node: &Node, script: &str, theme: &str) {
    let interpreter = workspace().join("target/clients-venv/bin/python");
    assert!(
        interpreter.exists(),
        "{} is missing: `cargo xtask test` installs it",
        interpreter.display()
    );
    theme_passes(Command::new(interpreter), CLIENTS, node, script, theme);
}

/// What a script prints that needs no node.
///
/// # Panics
/// If it fails.
pub fn printed(script: &str) -> String {
    installed(CLIENTS, "node_modules");
    let mut command = Command::new("node");
    command.arg(script).current_dir(path_of(CLIENTS));
    let finished = finish(command);
    assert!(
        finished.status.success(),
        "{script}: {}\n{}",
        finished.status,
        finished.stderr
    );
    finished.stdout
}

/// Runs foundry's `cast` with these arguments. Its configuration and environment are empty but for the node's address.
pub fn cast(node: &Node, args: &[&str]) -> Finished {
    let program = native_cast();
    let home = TempDir::with_prefix("spillway-cast-").expect("a temporary directory");
    let mut command = Command::new(program);
    command
        .args(args)
        .env("ETH_RPC_URL", node.url())
        .env("HOME", home.path())
        .current_dir(home.path());
    finish(command)
}

fn theme_passes(mut command: Command, folder: &str, node: &Node, script: &str, theme: &str) {
    command.arg(script).arg(theme).current_dir(path_of(folder));
    command
        .env("SPILLWAY_RPC", node.url())
        .env("SPILLWAY_CHAIN_ID", CHAIN_ID.to_string())
        .env("SPILLWAY_TOKEN", node.token().to_string());
    let Finished {
        status,
        stdout,
        stderr,
    } = finish(command);
    print!("{stdout}");
    assert!(
        status.success(),
        "{script} {theme}: {status}\n{stdout}{stderr}"
    );
    assert!(
        !stdout.is_empty(),
        "{script} {theme} says that it checked nothing"
    );
}

/// Runs a command to its end, or ends it when its time is up.
///
/// # Panics
/// If it cannot be started.
pub fn finish(mut command: Command) -> Finished {
    // Files rather than pipes: they cannot fill up while nobody reads.
    let scratch = TempDir::with_prefix("spillway-client-").expect("a temporary directory");
    let (out, err) = (scratch.path().join("stdout"), scratch.path().join("stderr"));
    let create = |path: &Path| File::create(path).expect("a file for a client's output");
    command
        .stdin(Stdio::null())
        .stdout(create(&out))
        .stderr(create(&err));
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let deadline = Instant::now() + CLIENT_LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().expect("the state of a child process") {
            break status;
        }
        if Instant::now() >= deadline {
            child.kill().expect("the end of our own child");
            break child.wait().expect("the end of our own child");
        }
        thread::sleep(POLL);
    };
    let read = |path: &Path| {
        String::from_utf8_lossy(&fs::read(path).expect("a client's output")).into_owned()
    };
    Finished {
        status,
        stdout: read(&out),
        stderr: read(&err),
    }
}

/// The program itself: the launcher in `.bin` answers 0 whatever becomes of it.
fn native_cast() -> PathBuf {
    let packages = installed(CLIENTS, "node_modules/@foundry-rs");
    let entries = fs::read_dir(&packages).expect("the packages of foundry");
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path().join("bin/cast")))
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("{} has no cast for this platform", packages.display()))
}

fn installed(folder: &str, name: &str) -> PathBuf {
    let path = path_of(folder).join(name);
    assert!(
        path.exists(),
        "{} is missing: `cargo xtask test` installs it",
        path.display()
    );
    path
}

fn path_of(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace above this package")
}
