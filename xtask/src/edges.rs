//! Which crate may build on which. Data flows one way through the house, and this table keeps it so;
//! ARCHITECTURE.md explains it.
//!
//! Ordinary and build dependencies count. Dev-dependencies do not: tests may look across.

use anyhow::{Result, ensure};

use crate::steps::Outcome;
use crate::workspace::{Metadata, Package};

/// What a crate may depend on among our own.
enum MayUse {
    Only(&'static [&'static str]),
    Anything,
}

use MayUse::{Anything, Only};

const PROTOCOL: &str = "spillway-protocol";
const CONTRACTS: &str = "spillway-bridge-contracts";
const L1: &str = "spillway-l1";

/// A crate that is not listed fails the check, so a new one is placed on purpose.
const TABLE: &[(&str, MayUse)] = &[
    (PROTOCOL, Only(&[])),
    // Calls run the compiled facades of `bridge-contracts/contracts/facades/`.
    ("spillway-sequencer", Only(&[PROTOCOL, CONTRACTS])),
    (CONTRACTS, Only(&[])),
    (L1, Only(&[PROTOCOL, CONTRACTS])),
    ("spillway-batcher", Only(&[PROTOCOL, L1])),
    ("spillway-verifier", Only(&[PROTOCOL, L1])),
    ("spillway-relayer", Only(&[PROTOCOL, L1])),
    ("spillway-devnet", Only(&[])),
    // The binary: the only crate that knows all of the above.
    ("spillway", Anything),
    ("spillway-tests", Anything),
    ("spillway-benches", Anything),
    ("xtask", Only(&[])),
];

/// Fails with every forbidden edge named.
pub(crate) fn check(metadata: &Metadata) -> Result<Outcome> {
    let found = violations(metadata);
    ensure!(
        found.is_empty(),
        "forbidden dependencies:\n  {}",
        found.join("\n  ")
    );
    Ok(Outcome::Passed)
}

fn violations(metadata: &Metadata) -> Vec<String> {
    metadata.packages.iter().flat_map(violations_of).collect()
}

fn violations_of(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, may_use)) = TABLE.iter().find(|(listed, _)| *listed == name) else {
        return vec![format!(
            "{name} is not in the table: give it a row in xtask/src/edges.rs"
        )];
    };
    let Only(allowed) = may_use else {
        return Vec::new();
    };
    let ours = package.dependencies.iter().filter(|d| d.path.is_some());
    ours.filter(|d| d.kind.as_deref() != Some("dev"))
        .filter(|d| !allowed.contains(&d.name.as_str()))
        .map(|d| format!("{name} must not depend on {}", d.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `edges`: "crate: dependency dependency ...", one crate a line; a dependency is a name,
    /// "dev:name", "build:name" or "registry:name".
    fn check(edges: &str) -> Vec<String> {
        let packages = edges.lines().map(|line| {
            let (name, dependencies) = line.trim().split_once(':').unwrap();
            let dependencies = dependencies.split_whitespace().map(|dependency| {
                let (kind, name) = dependency.split_once(':').unwrap_or(("", dependency));
                serde_json::json!({
                    "name": name,
                    "kind": matches!(kind, "dev" | "build").then_some(kind),
                    "path": (kind != "registry").then(|| format!("/repository/{name}")),
                })
            });
            serde_json::json!({ "name": name, "dependencies": dependencies.collect::<Vec<_>>() })
        });
        let metadata = serde_json::json!({
            "packages": packages.collect::<Vec<_>>(),
            "target_directory": "/repository/target",
        });
        violations(&serde_json::from_value(metadata).unwrap())
    }

    #[test]
    fn the_house_as_designed_passes() {
        let found = check(
            "spillway-protocol: registry:sha3
             spillway-sequencer: spillway-protocol registry:tokio
             spillway-l1: spillway-protocol spillway-bridge-contracts
             spillway: spillway-protocol spillway-sequencer spillway-l1
             spillway-tests: spillway spillway-sequencer",
        );
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn the_core_depends_on_nothing_of_ours() {
        let found = check("spillway-protocol: spillway-sequencer");
        assert_eq!(
            found,
            ["spillway-protocol must not depend on spillway-sequencer"]
        );
    }

    #[test]
    fn stages_do_not_know_each_other() {
        let found = check(
            "spillway-sequencer: spillway-protocol spillway-batcher
             spillway-batcher: spillway-protocol build:spillway-verifier",
        );
        assert_eq!(
            found,
            [
                "spillway-sequencer must not depend on spillway-batcher",
                "spillway-batcher must not depend on spillway-verifier",
            ]
        );
    }

    #[test]
    fn tests_may_look_across() {
        assert_eq!(check("spillway-protocol: dev:spillway-sequencer"), [""; 0]);
    }

    #[test]
    fn a_crate_without_a_row_fails() {
        let found = check("spillway-utilities: registry:serde");
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("spillway-utilities is not in the table"),
            "{found:?}"
        );
    }
}
