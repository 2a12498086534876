//! Proof that the protocol core has no I/O, clock or threads: it links without `std` and without
//! a C library. `protocol/no_std/src/main.rs` says why that is a proof.

use std::fs;

use anyhow::{Context, Result};

use crate::steps::Outcome;
use crate::workspace::{Workspace, execute};

/// The proof, which is a workspace of its own.
pub(crate) const MANIFEST: &str = "protocol/no_std/Cargo.toml";

/// Builds the proof; the build is the check.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Outcome::Skipped(
            "the proof is linked for x86-64 Linux".into(),
        ));
    }
    pin_versions(workspace)?;
    let target = workspace.metadata.target_directory.join("no_std");
    execute(
        workspace
            .cargo("build --quiet --release")
            .arg("--manifest-path")
            .arg(workspace.path(MANIFEST))
            .arg("--target-dir")
            .arg(target),
    )
    .context("the protocol core must build without std and without a C library")?;
    Ok(Outcome::Passed)
}

/// The proof must be about the versions that are shipped, so its lock file is ours; cargo drops
/// from it what it does not need.
fn pin_versions(workspace: &Workspace) -> Result<()> {
    let lock = workspace.path(MANIFEST).with_extension("lock");
    fs::copy(workspace.path("Cargo.lock"), &lock)
        .with_context(|| format!("cannot write {}", lock.display()))?;
    Ok(())
}
