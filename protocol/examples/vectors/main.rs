//! Golden vectors: writes `protocol/vectors/*.json`, or compares them with what the code gives now.
//!
//!     cargo run -p spillway-protocol --example vectors              writes the files
//!     cargo run -p spillway-protocol --example vectors -- --check   fails if a file differs
//!
//! Nothing in them is random. A change of a file is a change of the protocol, or a new case.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod chunk_cases;
mod chunks;
mod formats;
mod operations;
mod posted;
mod refused;
mod schema;
mod setting;
mod transactions;
mod write;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

/// A file's name, and what belongs into it.
type File = (&'static str, String);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write_all(),
        ["--check"] => check_all(),
        _ => Err("usage: vectors [--check]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn files() -> Vec<File> {
    vec![
        file("account_leaves.json", &formats::account_leaves()),
        file("amounts.json", &formats::amounts()),
        file("batch.json", &posted::batches()),
        file("blocks.json", &posted::blocks()),
        file("chain_ids.json", &posted::chain_ids()),
        file("chunks.json", &chunks::chunks()),
        file("fast_withdrawals.json", &formats::fast_withdrawals()),
        file("inbox.json", &formats::inbox()),
        file("lists.json", &posted::lists()),
        file("multiproofs.json", &posted::multiproofs()),
        file("operations.json", &operations::operations()),
        file("state_roots.json", &formats::state_roots()),
        file("transactions.json", &transactions::transactions()),
        file("withdrawal_leaves.json", &formats::withdrawal_leaves()),
    ]
}

fn file(name: &'static str, content: &impl Serialize) -> File {
    let value = serde_json::to_value(content).expect("the schema has string keys only");
    (name, write::file(&value))
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn write_all() -> Result<(), String> {
    let directory = directory();
    fs::create_dir_all(&directory)
        .map_err(|error| format!("cannot create {}: {error}", directory.display()))?;
    for (name, content) in files() {
        let path = directory.join(name);
        fs::write(&path, content)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

fn check_all() -> Result<(), String> {
    let directory = directory();
    let files = files();
    let mut differences: Vec<_> = files
        .iter()
        .filter_map(|file| difference(&directory, file))
        .collect();
    let entries = fs::read_dir(&directory)
        .map_err(|error| format!("cannot read {}: {error}", directory.display()))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !files.iter().any(|(known, _)| name == **known) {
            differences.push(format!(
                "{}: no vectors have this name, delete it",
                name.display()
            ));
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nIf the protocol was meant to change: `cargo run -p spillway-protocol --example vectors`, \
         then read the diff of protocol/vectors/.",
        differences.join("\n")
    ))
}

/// Where a file first differs from what it should be, in words.
fn difference(directory: &Path, (name, want): &File) -> Option<String> {
    let have = match fs::read_to_string(directory.join(name)) {
        Ok(have) => have,
        Err(error) => return Some(format!("{name}: cannot be read: {error}")),
    };
    if have == *want {
        return None;
    }
    let (mut have, mut want) = (have.lines(), want.lines());
    for line in 1.. {
        let (have, want) = (have.next(), want.next());
        if have != want {
            return Some(line_difference(name, line, have, want));
        }
        if have.is_none() {
            break;
        }
    }
    Some(format!("{name}: the ends of lines differ"))
}

fn line_difference(name: &str, line: usize, have: Option<&str>, want: Option<&str>) -> String {
    let (have, want) = (have.unwrap_or("<end>"), want.unwrap_or("<end>"));
    let common = have
        .chars()
        .zip(want.chars())
        .take_while(|(have, want)| have == want)
        .count();
    // A case is one line, possibly of kilobytes: what surrounds the difference is enough.
    let excerpt = |text: &str| -> String {
        text.chars()
            .skip(common.saturating_sub(60))
            .take(140)
            .collect()
    };
    let (have, want) = (excerpt(have), excerpt(want));
    format!("{name}:{line}, column {common}\n  file: {have}\n  code: {want}")
}
