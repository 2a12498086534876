//! The compiled contracts that are committed (`bridge-contracts/artifacts/`): made from the sources, and
//! compared with them.
//!
//! The bytecode depends on the sources and the compiler's settings alone, which `foundry.toml` fixes; not on
//! where or on what machine it is compiled, nor on what else is compiled with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::contracts::FOLDER;
use crate::installation;
use crate::steps::Outcome;
use crate::workspace::{Workspace, execute};

/// What is deployed on L1, what calls find on L2, and the interfaces of what is native there, by name.
const CONTRACTS: [&str; 14] = [
    "AuthorisationDisputes",
    "BatchDisputes",
    "Bridge",
    "EquivocationDisputes",
    "IPayout",
    "IWithdraw",
    "Inbox",
    "Multicall3",
    "PostedData",
    "Rollup",
    "TestToken",
    "TimelockController",
    "TokenFacade",
    "TransitionDisputes",
];

/// What is compiled: our sources, and what we deploy of our libraries'.
const SOURCES: [&str; 2] = [
    "contracts",
    "node_modules/@openzeppelin/contracts/governance/TimelockController.sol",
];

/// Compiles the contracts and writes the artifacts.
pub(crate) fn write(workspace: &Workspace) -> Result<Outcome> {
    let folder = artifacts(workspace);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, text) in compile(workspace)? {
        let path = folder.join(file_name(name));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(Outcome::Passed)
}

/// Fails with the name of every artifact that is not what the sources compile to.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let wrong = differences(&artifacts(workspace), &compile(workspace)?)?;
    ensure!(
        wrong.is_empty(),
        "{FOLDER}/artifacts differs from what the sources compile to: {}; `cargo xtask artifacts` writes it",
        wrong.join(", ")
    );
    Ok(Outcome::Passed)
}

fn artifacts(workspace: &Workspace) -> PathBuf {
    workspace.path(FOLDER).join("artifacts")
}

fn file_name(contract: &str) -> String {
    format!("{contract}.json")
}

/// The names of files that are missing, have other contents, or should not be there.
fn differences(folder: &Path, compiled: &BTreeMap<&str, String>) -> Result<Vec<String>> {
    let committed =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names: BTreeSet<String> = compiled.keys().map(|name| file_name(name)).collect();
    for entry in committed {
        names.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    let expected = |name: &str| {
        name.strip_suffix(".json")
            .and_then(|name| compiled.get(name))
    };
    let found = |name: &str| fs::read_to_string(folder.join(name)).ok();
    Ok(names
        .into_iter()
        .filter(|name| found(name).as_ref() != expected(name))
        .collect())
}

/// The artifacts' texts by contract.
fn compile(workspace: &Workspace) -> Result<BTreeMap<&'static str, String>> {
    installation::npm(workspace, FOLDER)?;
    // Not the folder's own build products, which a test run may be using.
    let products = workspace.metadata.target_directory.join(FOLDER);
    let out = products.join("out");
    let mut forge = workspace.command(native_forge(workspace)?);
    forge.current_dir(workspace.path(FOLDER));
    forge
        .args(["build", "--force", "--quiet", "--ast", "--out"])
        .arg(&out);
    forge
        .arg("--cache-path")
        .arg(products.join("cache"))
        .args(SOURCES);
    execute(&mut forge)?;

    let immutables = immutable_names(&out)?;
    CONTRACTS
        .into_iter()
        .map(|name| {
            let path = out.join(format!("{name}.sol/{name}.json"));
            let text = read(&path)?;
            let compiled: Compiled = serde_json::from_str(&text)
                .with_context(|| format!("{} is not what forge writes", path.display()))?;
            Ok((name, artifact(compiled, &immutables).context(name)?))
        })
        .collect()
}

/// The program itself: the launcher in `.bin` is a script around it.
pub(crate) fn native_forge(workspace: &Workspace) -> Result<PathBuf> {
    let packages = workspace.path(FOLDER).join("node_modules/@foundry-rs");
    fs::read_dir(&packages)
        .with_context(|| format!("cannot read {}", packages.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path().join("bin/forge")))
        .find(|program| program.is_file() && program.parent().is_some_and(is_native))
        .with_context(|| format!("{} has no forge for this platform", packages.display()))
}

/// `forge-linux-amd64/bin` rather than `forge/bin`.
fn is_native(bin: &Path) -> bool {
    let package = bin.parent().and_then(Path::file_name);
    package.is_some_and(|name| name.to_string_lossy().starts_with("forge-"))
}

/// What forge writes of a contract, as far as it is kept.
#[derive(Deserialize)]
struct Compiled {
    abi: Vec<Value>,
    bytecode: Code,
    #[serde(rename = "deployedBytecode")]
    deployed: Code,
}

#[derive(Deserialize)]
struct Code {
    object: String,
    #[serde(rename = "linkReferences")]
    links: Map<String, Value>,
    /// By the number of the variable's declaration.
    #[serde(rename = "immutableReferences", default)]
    immutables: BTreeMap<u64, Vec<Place>>,
}

#[derive(Deserialize)]
struct Place {
    start: u64,
    length: u64,
}

/// The artifact's text: keys sorted, an entry of the ABI or an immutable a line, so that differences are legible.
/// Immutables go by name, since the compiler's numbers change with what else is compiled.
fn artifact(compiled: Compiled, names: &BTreeMap<u64, String>) -> Result<String> {
    let Compiled {
        abi,
        bytecode,
        deployed,
    } = compiled;
    ensure!(
        bytecode.links.is_empty() && deployed.links.is_empty(),
        "it needs linking with a library, which deployment does not do"
    );
    let abi: Vec<_> = abi
        .into_iter()
        .map(|entry| sorted(entry).to_string())
        .collect();
    let immutables: Vec<_> = immutable_places(&deployed.immutables, names)?
        .into_iter()
        .map(|(name, places)| format!("\"{name}\": {}", Value::from(places)))
        .collect();
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = write!(
        text,
        "{{\n  \"abi\": [{}],\n  \"bytecode\": \"{}\",\n  \"deployedBytecode\": \"{}\",\n  \"immutableReferences\": {{{}}}\n}}\n",
        lines(&abi),
        bytecode.object,
        deployed.object,
        lines(&immutables),
    );
    Ok(text)
}

/// The bytes of the deployed code at which each immutable's 32 bytes are.
fn immutable_places(
    references: &BTreeMap<u64, Vec<Place>>,
    names: &BTreeMap<u64, String>,
) -> Result<BTreeMap<String, Vec<u64>>> {
    let mut places = BTreeMap::new();
    for (declaration, references) in references {
        let name = names
            .get(declaration)
            .context("an immutable without a declaration")?;
        ensure!(
            references.iter().all(|place| place.length == 32),
            "{name} does not fill a word"
        );
        let starts = references.iter().map(|place| place.start).collect();
        if places.insert(name.clone(), starts).is_some() {
            bail!("two immutables are called {name}");
        }
    }
    Ok(places)
}

fn lines(entries: &[String]) -> String {
    match entries.len() {
        0 => String::new(),
        _ => format!("\n    {}\n  ", entries.join(",\n    ")),
    }
}

/// The same value with its keys in order, whatever the order in which the map type of this build keeps them.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let map: BTreeMap<_, _> = map
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            Value::Object(map.into_iter().collect())
        }
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// The names of all immutables of all contracts, by the number of their declaration.
fn immutable_names(out: &Path) -> Result<BTreeMap<u64, String>> {
    let mut names = BTreeMap::new();
    for path in json_files(out)? {
        let compiled: Value = serde_json::from_str(&read(&path)?)
            .with_context(|| format!("{} is not JSON", path.display()))?;
        collect_immutables(&compiled["ast"], &mut names);
    }
    Ok(names)
}

fn collect_immutables(node: &Value, names: &mut BTreeMap<u64, String>) {
    match node {
        Value::Object(map) => {
            let is = |key, value| map.get(key).is_some_and(|found| found == value);
            if is("nodeType", "VariableDeclaration")
                && is("mutability", "immutable")
                && let (Some(id), Some(name)) = (node["id"].as_u64(), node["name"].as_str())
            {
                names.insert(id, name.to_owned());
            }
            map.values()
                .for_each(|child| collect_immutables(child, names));
        }
        Value::Array(children) => children
            .iter()
            .for_each(|child| collect_immutables(child, names)),
        _ => {}
    }
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(json_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compiled(link: &Value) -> Compiled {
        serde_json::from_value(json!({
            "abi": [{ "type": "function", "name": "f", "inputs": [] }, { "type": "error", "name": "E" }],
            "bytecode": { "object": "0x01", "linkReferences": link },
            "deployedBytecode": {
                "object": "0x02",
                "linkReferences": {},
                "immutableReferences": { "9": [{ "start": 5, "length": 32 }, { "start": 70, "length": 32 }], "4": [] },
            },
        }))
        .unwrap()
    }

    fn names(names: &[(u64, &str)]) -> BTreeMap<u64, String> {
        names
            .iter()
            .map(|(id, name)| (*id, (*name).to_owned()))
            .collect()
    }

    #[test]
    fn an_artifact_has_sorted_keys_and_immutables_by_name() {
        let text = artifact(compiled(&json!({})), &names(&[(9, "BOND"), (4, "inbox")])).unwrap();
        assert_eq!(
            text,
            r#"{
  "abi": [
    {"inputs":[],"name":"f","type":"function"},
    {"name":"E","type":"error"}
  ],
  "bytecode": "0x01",
  "deployedBytecode": "0x02",
  "immutableReferences": {
    "BOND": [5,70],
    "inbox": []
  }
}
"#
        );
    }

    #[test]
    fn what_cannot_be_deployed_or_verified_is_refused() {
        let linked = compiled(&json!({ "L.sol": {} }));
        artifact(linked, &names(&[(9, "a"), (4, "b")])).unwrap_err();
        artifact(compiled(&json!({})), &names(&[(9, "a")])).unwrap_err();
        artifact(compiled(&json!({})), &names(&[(9, "a"), (4, "a")])).unwrap_err();
    }

    #[test]
    fn immutables_are_found_wherever_they_are_declared() {
        let declaration = |mutability| json!({ "nodeType": "VariableDeclaration", "id": 7, "name": "x", "mutability": mutability });
        for (mutability, count) in [("immutable", 1), ("mutable", 0), ("constant", 0)] {
            let mut names = BTreeMap::new();
            collect_immutables(
                &json!({ "nodes": [{ "nodes": [declaration(mutability)] }] }),
                &mut names,
            );
            assert_eq!(names.len(), count, "{mutability}");
        }
    }

    #[test]
    fn every_kind_of_difference_is_named() {
        let folder = std::env::temp_dir().join(format!("xtask-artifacts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [
            ("Same.json", "s"),
            ("Changed.json", "old"),
            ("Gone.json", "g"),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        let compiled = [("Same", "s"), ("Changed", "new"), ("New", "n")];
        let compiled = compiled.map(|(name, text)| (name, text.to_owned())).into();
        assert_eq!(
            differences(&folder, &compiled).unwrap(),
            ["Changed.json", "Gone.json", "New.json"]
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
