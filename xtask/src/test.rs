//! `cargo xtask test`: everything that is found out by running the code.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::clients;
use crate::steps::{Outcome, Steps};
use crate::workspace::{Workspace, execute, in_ci};

/// Runs all tests. `extra` goes to nextest as it is.
pub(crate) fn run(
    steps: &mut Steps,
    workspace: &Workspace,
    release: bool,
    extra: &[String],
) -> Result<()> {
    let profile = if release {
        "--profile release"
    } else {
        "--profile dev"
    };
    // The system tests start the programs that lie beside them in the target directory.
    let build = format!("build --workspace --bins {profile}");
    steps.command("programs", &mut workspace.cargo(&build))?;
    steps.run("client libraries", || clients::install(workspace))?;
    let doc_tests = format!("test --workspace --doc {profile}");
    steps.command("doc tests", &mut workspace.cargo(&doc_tests))?;
    steps.run("tests", || nextest(workspace, release, extra))
}

fn nextest(workspace: &Workspace, release: bool, extra: &[String]) -> Result<Outcome> {
    let profile = if in_ci() { "ci" } else { "default" };
    // nextest keeps its reports here, wherever the build products go.
    let report = workspace
        .path("target/nextest")
        .join(profile)
        .join("junit.xml");
    // A report from an earlier run must not speak for this one.
    if report.exists() {
        fs::remove_file(&report).with_context(|| format!("cannot remove {}", report.display()))?;
    }
    let mut command = workspace.cargo("nextest run --workspace");
    if release {
        command.args(["--cargo-profile", "release"]);
    }
    // By environment, so that `--profile` among the extra arguments overrules it.
    command.env("NEXTEST_PROFILE", profile).args(extra);
    execute(&mut command)?;
    Ok(counts(&report).map_or(Outcome::Passed, Outcome::Counted))
}

/// "N passed, N failed" from nextest's report; `None` if another profile wrote it elsewhere.
fn counts(report: &Path) -> Option<String> {
    let report = fs::read_to_string(report).ok()?;
    let header = report
        .lines()
        .find(|line| line.starts_with("<testsuites "))?;
    let number = |attribute: &str| -> Option<u64> {
        let (_, rest) = header.split_once(&format!(" {attribute}=\""))?;
        rest.split_once('"')?.0.parse().ok()
    };
    let failed = number("failures")? + number("errors")?;
    let passed = number("tests")?.checked_sub(failed)?;
    Some(format!("{passed} passed, {failed} failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(report: &str, expected: Option<&str>) {
        let name = format!("xtask-junit-{}-{}.xml", std::process::id(), report.len());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, report).unwrap();
        assert_eq!(counts(&path).as_deref(), expected);
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn counts_come_from_the_header() {
        let header =
            r#"<testsuites name="nextest-run" tests="12" failures="2" errors="1" time="3">"#;
        let declaration = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
        check(
            &format!("{declaration}\n{header}\n"),
            Some("9 passed, 3 failed"),
        );
    }

    #[test]
    fn no_counts_from_something_else() {
        check("", None);
        check(
            r#"<testsuites name="x" tests="many" failures="0" errors="0">"#,
            None,
        );
        assert_eq!(counts(Path::new("/nowhere/junit.xml")), None);
    }
}
