//! The wallet as a user has it: the real binary, with a key.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use serde_json::Value;
use spillway_tests::{Node, binary};
use tempfile::TempDir;

/// Whose key signs.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// A development account.
    Dev(u32),
    /// A key in the environment.
    Key(PrivateKeySigner),
}

impl Who {
    pub(crate) fn address(&self) -> Address {
        match self {
            Self::Dev(number) => super::dev(*number),
            Self::Key(signer) => signer.address(),
        }
    }
}

/// The command with its flags.
#[derive(Debug)]
pub(crate) struct Wallet {
    rpc: String,
    l1_url: String,
    deployment: PathBuf,
    blobs: TempDir,
}

impl Wallet {
    /// For a node and its L1.
    pub(crate) fn of(node: &Node) -> Self {
        Self {
            rpc: node.url().to_owned(),
            l1_url: node.l1_url().to_owned(),
            deployment: node.dir().join("deployment.json"),
            blobs: TempDir::with_prefix("spillway-blobs-").expect("a folder"),
        }
    }

    pub(crate) fn deployment(&self) -> &Path {
        &self.deployment
    }

    pub(crate) fn l1_url(&self) -> &str {
        &self.l1_url
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(["wallet", name]).args(arguments);
        command.args(["--l1-url", &self.l1_url, "--rpc", &self.rpc]);
        command.arg("--deployment").arg(&self.deployment);
        command.env_remove("SPILLWAY_KEY").stdin(Stdio::null());
        command
    }

    /// A command that signs.
    pub(crate) fn signing(&self, who: &Who, name: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(name, arguments);
        command.args(["--yes", "--json"]);
        match who {
            Who::Dev(number) => command.args(["--dev-account", &number.to_string()]),
            Who::Key(signer) => command.env("SPILLWAY_KEY", signer.to_bytes().to_string()),
        };
        if ["escape", "force-withdraw", "lock", "unlock"].contains(&name) {
            command.arg("--blobs").arg(self.blobs.path());
        }
        command
    }

    /// Runs one that signs, and must succeed. Answers what it prints.
    pub(crate) async fn run(&self, who: &Who, name: &str, arguments: &[&str]) -> Value {
        succeeded(&output(self.signing(who, name, arguments)).await)
    }

    /// Runs one that signs, and must fail. Answers what it says.
    pub(crate) async fn refused(&self, who: &Who, name: &str, arguments: &[&str]) -> String {
        let output = output(self.signing(who, name, arguments)).await;
        assert!(!output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Runs one that only reads.
    pub(crate) async fn ask(&self, name: &str, arguments: &[&str]) -> Value {
        let mut command = self.command(name, arguments);
        command.arg("--json");
        succeeded(&output(command).await)
    }
}

async fn output(mut command: Command) -> Output {
    let run = tokio::task::spawn_blocking(move || command.output());
    run.await.expect("a thread").expect("the wallet")
}

/// What a command that must succeed has printed.
pub(crate) fn succeeded(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let printed = serde_json::from_slice(&output.stdout);
    printed.unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A hash in what a command prints.
pub(crate) fn hash(printed: &Value) -> B256 {
    let text = printed["transaction_hash"].as_str();
    text.and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("no hash: {printed}"))
}
