//! Libraries and programs from other registries: installed from their lock files, and again only when a lock
//! file changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, execute};

/// One set of packages.
pub(crate) struct Installation {
    /// What exactly to install.
    pub(crate) lock: PathBuf,
    /// Where it goes.
    pub(crate) product: PathBuf,
    /// A copy of the lock file that was installed last; build products are its place.
    pub(crate) stamp: PathBuf,
}

impl Installation {
    fn is_current(&self) -> Result<bool> {
        let lock = read(&self.lock)?;
        let installed = fs::read(&self.stamp).unwrap_or_default();
        Ok(self.product.is_dir() && installed == lock)
    }

    /// Runs the commands, unless what they make is there already.
    pub(crate) fn install(&self, commands: &mut [Command]) -> Result<()> {
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

/// Where the stamps of a folder's installations are, outside of the folder.
pub(crate) fn stamps(workspace: &Workspace, folder: &str) -> Result<PathBuf> {
    let stamps = workspace.metadata.target_directory.join(folder);
    fs::create_dir_all(&stamps).with_context(|| format!("cannot make {}", stamps.display()))?;
    Ok(stamps)
}

/// Installs what a folder's `package-lock.json` pins.
pub(crate) fn npm(workspace: &Workspace, folder: &str) -> Result<()> {
    let path = workspace.path(folder);
    let stamp = Path::new(folder).file_name().context("a folder's name")?;
    let installation = Installation {
        lock: path.join("package-lock.json"),
        product: path.join("node_modules"),
        stamp: stamps(workspace, &stamp.to_string_lossy())?.join("package-lock.json"),
    };
    installation.install(&mut [npm_install(workspace, &path)])
}

/// Installs what a `requirements.txt` pins into a virtual environment at `product`.
pub(crate) fn python(workspace: &Workspace, lock: &str, product: &str) -> Result<()> {
    let product = workspace.path(product);
    let name = product.file_name().context("a folder's name")?;
    let installation = Installation {
        lock: workspace.path(lock),
        stamp: stamps(workspace, &name.to_string_lossy())?.join("installed.txt"),
        product: product.clone(),
    };
    let mut create = workspace.command("python3");
    create.args(["-m", "venv", "--clear"]).arg(&product);
    let mut fill = workspace.command(product.join("bin/pip"));
    fill.args(["install", "--quiet", "--disable-pip-version-check"]);
    fill.arg("--requirement").arg(workspace.path(lock));
    installation.install(&mut [create, fill])
}

/// Checked against the digests of the lock file. Not `npm ci`, which refuses a lock file without the native
/// programs of every other system, and a registry may not carry them all.
fn npm_install(workspace: &Workspace, folder: &Path) -> Command {
    let mut command = workspace.command("npm");
    command
        .current_dir(folder)
        .args(["install", "--no-save", "--ignore-scripts"]);
    command.args(["--no-audit", "--no-fund"]);
    command
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
