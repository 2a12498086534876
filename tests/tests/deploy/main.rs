//! `spillway deploy` by the real binary against a real L1 node (anvil), and the contracts that it deploys spoken to
//! through the bindings.

mod contracts;
mod interruption;
mod operator;
mod refusal;
mod tampering;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use spillway_l1::deployment::Deployment;
use spillway_tests::clients::{Finished, finish};
use spillway_tests::{Anvil, binary};
use tempfile::TempDir;

/// Pause between two looks at a condition.
const POLL: Duration = Duration::from_millis(5);

/// `spillway deploy` with these arguments, in an environment without a key.
fn command(l1: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(["deploy", "--l1-url", l1]).args(arguments);
    command.env_remove("SPILLWAY_PRIVATE_KEY");
    command
}

/// Runs it to its end.
fn deploy(l1: &str, arguments: &[&str]) -> Finished {
    finish(command(l1, arguments))
}

/// A development deployment, as most tests need it.
struct Site {
    anvil: Anvil,
    folder: TempDir,
}

impl Site {
    /// An L1 with the contracts on it.
    fn deployed() -> Self {
        let site = Self::empty(&[]);
        let finished = site.deploy();
        assert!(
            finished.status.success(),
            "{}{}",
            finished.stdout,
            finished.stderr
        );
        site
    }

    /// An L1 without them.
    fn empty(options: &[&str]) -> Self {
        let folder = TempDir::with_prefix("spillway-deploy-").expect("a temporary directory");
        Self {
            anvil: Anvil::start(options),
            folder,
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("deployment.json")
    }

    fn deployment(&self) -> Deployment {
        Deployment::read(&self.file()).expect("the deployment's file")
    }

    fn deploy(&self) -> Finished {
        deploy(
            self.anvil.url(),
            &["--development", "--out", text(&self.file())],
        )
    }

    /// The names of the checks that differ, by `--verify --json` of that file.
    fn differing(&self, file: &Path) -> Vec<String> {
        let arguments = ["--verify", "--json", "--deployment", text(file)];
        let finished = deploy(self.anvil.url(), &arguments);
        let verdict: Value = serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", finished.stdout, finished.stderr));
        let checks = verdict["checks"].as_array().expect("a list of checks");
        let differing: Vec<_> = checks
            .iter()
            .filter(|check| check["ok"] == false)
            .map(|check| check["name"].as_str().expect("a name").to_owned())
            .collect();
        assert_eq!(verdict["ok"], differing.is_empty(), "{verdict}");
        let code = if differing.is_empty() { 0 } else { 1 };
        assert_eq!(finished.status.code(), Some(code), "{}", finished.stderr);
        differing
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
