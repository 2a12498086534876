//! `cargo xtask check`: everything that can be said about the code without running it, the quick
//! checks first.

use anyhow::{Result, bail};

use crate::steps::{Outcome, Steps};
use crate::workspace::{Workspace, execute, in_ci, succeeds};
use crate::{edges, purity};

/// Runs all checks. `advisories` also asks the advisory database, which is on the network.
pub(crate) fn run(steps: &mut Steps, workspace: &Workspace, advisories: bool) -> Result<()> {
    steps.run("format", || format(workspace))?;
    steps.run("dependency edges", || edges::check(&workspace.metadata))?;
    steps.run("licences, sources", || {
        deny(workspace, "licenses sources bans")
    })?;
    if advisories {
        steps.run("advisories", || deny(workspace, "advisories"))?;
    }
    steps.command(
        "lints",
        &mut workspace.cargo("clippy --workspace --all-targets -- -D warnings"),
    )?;
    steps.run("purity of the core", || purity::check(workspace))?;
    steps.command(
        "docs",
        workspace
            .cargo("doc --workspace --no-deps")
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    steps.command(
        "golden vectors",
        &mut workspace.cargo("run --package spillway-protocol --example vectors -- --check"),
    )
}

fn format(workspace: &Workspace) -> Result<Outcome> {
    let proof = workspace.path(purity::MANIFEST);
    execute(&mut workspace.cargo("fmt --check --all"))?;
    // The purity proof is a workspace of its own.
    execute(workspace.cargo("fmt --check --manifest-path").arg(proof))?;
    Ok(Outcome::Passed)
}

fn deny(workspace: &Workspace, which: &str) -> Result<Outcome> {
    if !succeeds(&mut workspace.cargo("deny --version")) {
        let install = "`cargo install cargo-deny --locked`";
        if in_ci() {
            bail!("cargo-deny is missing: {install}");
        }
        return Ok(Outcome::Skipped(format!("no cargo-deny; {install}")));
    }
    let mut command = workspace.cargo("deny --log-level error check --hide-inclusion-graph");
    execute(command.args(which.split_whitespace()))?;
    Ok(Outcome::Passed)
}
