//! The repository as cargo sees it, and commands that run at its root.

use std::ffi::OsString;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// What `cargo metadata --no-deps` says, as far as the checks need it.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    /// The members of the workspace.
    pub(crate) packages: Vec<Package>,
    /// Where build products go, as configured by the caller.
    pub(crate) target_directory: PathBuf,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    /// The package's own name, whatever it is renamed to.
    pub(crate) name: String,
    /// `None` for an ordinary dependency, else "dev" or "build".
    pub(crate) kind: Option<String>,
    /// Set for a dependency inside the repository.
    pub(crate) path: Option<PathBuf>,
}

/// The repository's root and metadata.
pub(crate) struct Workspace {
    root: PathBuf,
    pub(crate) metadata: Metadata,
}

impl Workspace {
    /// Reads the metadata of the repository that `cargo xtask` was called in.
    pub(crate) fn open() -> Result<Self> {
        // Asked at run time: a target directory that two clones share has one xtask for both.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR");
        let folder = PathBuf::from(manifest.context("start it as `cargo xtask`")?);
        let root = folder
            .parent()
            .context("xtask must be a folder of the repository")?
            .to_path_buf();
        let output = Command::new(cargo())
            .current_dir(&root)
            .args(["metadata", "--no-deps", "--format-version=1"])
            .stderr(Stdio::inherit())
            .output()
            .context("cannot start cargo")?;
        ensure!(output.status.success(), "cargo metadata failed");
        let metadata =
            serde_json::from_slice(&output.stdout).context("unexpected cargo metadata")?;
        Ok(Self { root, metadata })
    }

    /// A path below the repository's root.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// A cargo command at the root; `arguments` are separated by blanks.
    pub(crate) fn cargo(&self, arguments: &str) -> Command {
        let mut command = self.command(cargo());
        command.args(arguments.split_whitespace());
        command
    }

    /// A command at the root that cannot wait for input.
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }
}

/// The cargo that started us, so that its toolchain is also the one under test.
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// True under continuous integration, where a missing tool is an error instead of a skipped step.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value != "false")
}

/// Runs the command with its output shown; fails unless it exits with zero.
pub(crate) fn execute(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", typed(command)))?;
    ensure!(status.success(), "`{}`: {status}", typed(command));
    Ok(())
}

/// The command as one would type it.
fn typed(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words: Vec<_> = iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}

/// Whether the command can be started and exits with zero. Its output is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}
