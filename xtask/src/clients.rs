//! The wallet libraries that the tests drive (`tests/clients/`): installed from their lock files,
//! and again only when a lock file changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::Outcome;
use crate::workspace::{Workspace, execute};

const FOLDER: &str = "tests/clients";

/// One set of libraries.
struct Installation {
    /// What exactly to install.
    lock: PathBuf,
    /// Where it goes.
    product: PathBuf,
    /// A copy of the lock file that was installed last; build products are its place.
    stamp: PathBuf,
}

impl Installation {
    fn is_current(&self) -> Result<bool> {
        let lock = read(&self.lock)?;
        let installed = fs::read(&self.stamp).unwrap_or_default();
        Ok(self.product.is_dir() && installed == lock)
    }

    /// Runs the commands, unless what they make is there already.
    fn install(&self, commands: &mut [Command]) -> Result<()> {
        if self.is_current()? {
            return Ok(());
        }
        for command in commands {
            execute(command)?;
        }
        // Last, so that an interrupted installation is done again.
        fs::write(&self.stamp, read(&self.lock)?)
            .with_context(|| format!("cannot write {}", self.stamp.display()))
    }
}

/// Installs the JavaScript and the Python libraries.
pub(crate) fn install(workspace: &Workspace) -> Result<Outcome> {
    let folder = workspace.path(FOLDER);
    let stamps = workspace.metadata.target_directory.join("clients");
    fs::create_dir_all(&stamps).with_context(|| format!("cannot make {}", stamps.display()))?;

    let npm = Installation {
        lock: folder.join("package-lock.json"),
        product: folder.join("node_modules"),
        stamp: stamps.join("package-lock.json"),
    };
    npm.install(&mut [javascript_packages(workspace, &folder)])?;

    let python = Installation {
        lock: folder.join("requirements.txt"),
        product: workspace.path("target/clients-venv"),
        stamp: stamps.join("requirements.txt"),
    };
    python.install(&mut python_environment(workspace, &python))?;
    Ok(Outcome::Passed)
}

/// What the lock file pins, checked against its digests. Not `npm ci`, which refuses a lock file
/// without the native programs of every other system, and a registry may not carry them all.
fn javascript_packages(workspace: &Workspace, folder: &Path) -> Command {
    let mut command = workspace.command("npm");
    command
        .current_dir(folder)
        .args(["install", "--no-save", "--ignore-scripts"]);
    command.args(["--no-audit", "--no-fund"]);
    command
}

fn python_environment(workspace: &Workspace, installation: &Installation) -> [Command; 2] {
    let mut create = workspace.command("python3");
    create
        .args(["-m", "venv", "--clear"])
        .arg(&installation.product);
    let mut fill = workspace.command(installation.product.join("bin/pip"));
    fill.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    fill.arg(&installation.lock);
    [create, fill]
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An installation in a directory of its own, with the lock file "one".
    fn installation(name: &str) -> Installation {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("product")).unwrap();
        fs::write(folder.join("lock"), "one").unwrap();
        Installation {
            lock: folder.join("lock"),
            product: folder.join("product"),
            stamp: folder.join("stamp"),
        }
    }

    fn install_with(installation: &Installation, program: &str) -> Result<()> {
        installation.install(&mut [Command::new(program)])
    }

    #[test]
    fn installs_once_until_the_lock_changes() {
        let it = installation("once");
        install_with(&it, "true").unwrap();
        install_with(&it, "false").expect("current, so nothing is run");
        fs::write(&it.lock, "two").unwrap();
        install_with(&it, "false").expect_err("changed, so the command is run");
        fs::remove_dir_all(it.lock.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_failed_or_removed_installation_is_done_again() {
        let it = installation("again");
        install_with(&it, "false").unwrap_err();
        assert!(!it.is_current().unwrap());
        install_with(&it, "true").unwrap();
        fs::remove_dir(&it.product).unwrap();
        assert!(!it.is_current().unwrap());
        fs::remove_dir_all(it.lock.parent().unwrap()).unwrap();
    }
}
