//! `cargo xtask contracts`: everything that is said about the contracts. Forge compiles and tests them, compares the gas
//! figures with the committed ones and plays the invariants; slither reads the sources; halmos proves.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::{Outcome, Steps};
use crate::workspace::{Workspace, execute};
use crate::{artifacts, installation};

/// The contracts' folder.
pub(crate) const FOLDER: &str = "bridge-contracts";

/// Runs all checks of the contracts.
pub(crate) fn run(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    steps.run("contract tools", || install(workspace))?;
    steps.run("contract format", || {
        let mut forge = Tools::of(workspace)?.command("forge", "tests")?;
        execute(forge.args(["fmt", "--check", "contracts", "test"]))?;
        Ok(Outcome::Passed)
    })?;
    steps.run("artifacts", || artifacts::check(workspace))?;
    // Not quiet: what fails by chance shows its calls and the seed.
    steps.run("contract tests", || {
        let mut forge = Tools::of(workspace)?.command("forge", "tests")?;
        execute(forge.args(["test", "--no-match-path", "test/halmos/*"]))?;
        Ok(Outcome::Passed)
    })?;
    steps.run("slither", || {
        execute(
            Tools::of(workspace)?
                .command("slither", "slither")?
                .arg("."),
        )?;
        Ok(Outcome::Passed)
    })?;
    steps.run("halmos", || halmos(workspace))
}

/// The symbolic proofs. Byte strings have no bytes or a chunk's, and loops go round twice unless a check says otherwise: the
/// bounds that the proofs hold within.
fn halmos(workspace: &Workspace) -> Result<Outcome> {
    let tools = Tools::of(workspace)?;
    let mut halmos = tools.command("halmos", "halmos")?;
    halmos.env("FOUNDRY_TEST", "test/halmos");
    halmos
        .arg("--forge-build-out")
        .arg(tools.products("halmos"));
    halmos.args(["--no-status", "--solver-threads", "1"]);
    halmos.args(["--default-bytes-lengths", "0,496"]);
    execute(&mut halmos)?;
    Ok(Outcome::Passed)
}

fn install(workspace: &Workspace) -> Result<Outcome> {
    installation::npm(workspace, FOLDER)?;
    let lock = format!("{FOLDER}/tools/requirements.txt");
    installation::python(workspace, &lock, "target/contracts-venv")?;
    Ok(Outcome::Passed)
}

/// The programs from other registries, which find each other by the search path.
struct Tools<'a> {
    workspace: &'a Workspace,
    path: OsString,
}

impl<'a> Tools<'a> {
    fn of(workspace: &'a Workspace) -> Result<Self> {
        let forge = artifacts::native_forge(workspace)?;
        let forge = forge.parent().context("forge is in a folder")?;
        let python = workspace.path("target/contracts-venv/bin");
        let others = env::var_os("PATH").unwrap_or_default();
        let folders = [forge.to_path_buf(), python]
            .into_iter()
            .chain(env::split_paths(&others));
        Ok(Self {
            workspace,
            path: env::join_paths(folders).context("a folder's name has a colon")?,
        })
    }

    /// Where a program's compiled contracts go: each its own, because slither deletes what it finds.
    fn products(&self, user: &str) -> PathBuf {
        let target = &self.workspace.metadata.target_directory;
        target.join(FOLDER).join(user)
    }

    /// A program on the contracts. It is looked for here, since the search path that it gets is not ours.
    fn command(&self, program: &str, user: &str) -> Result<Command> {
        let found = env::split_paths(&self.path)
            .map(|folder| folder.join(program))
            .find(|path| path.is_file())
            .with_context(|| format!("{program} is not installed"))?;
        let products = self.products(user);
        let mut command = self.workspace.command(found);
        command
            .current_dir(self.workspace.path(FOLDER))
            .env("PATH", &self.path)
            .env("NO_COLOR", "1")
            .env("FOUNDRY_OUT", &products)
            .env("FOUNDRY_CACHE_PATH", products.join("cache"));
        Ok(command)
    }
}
