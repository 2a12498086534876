//! Openings of chunks for the tests of the contracts: writes `bridge-contracts/test/vectors/openings.json`, or compares it with
//! what the code gives now.
//!
//!     cargo run -p spillway-l1 --example openings              writes the file
//!     cargo run -p spillway-l1 --example openings -- --check   fails if the file differs
//!
//! Nothing in it is random. The set-up that the contracts keep is in it too, and both the set-up and every opening of a chunk are checked
//! with pairings, by formulas that are not the prover's.

mod blobs;
mod cases;
mod pairing;
mod schema;
mod setup;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write(),
        ["--check"] => check(),
        _ => Err("usage: openings [--check]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn path() -> PathBuf {
    let crate_ = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_.join("../bridge-contracts/test/vectors/openings.json")
}

fn write() -> Result<(), String> {
    let path = path();
    fs::write(&path, content()).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn check() -> Result<(), String> {
    let path = path();
    let have = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if have == content() {
        return Ok(());
    }
    Err(format!(
        "{} differs. If openings were meant to change: `cargo run -p spillway-l1 --example openings`, then read its diff.",
        path.display()
    ))
}

/// An object of arrays, an element a line. Keys are in alphabetical order, which forge takes them in.
fn content() -> String {
    let setup = setup::Setup::checked();
    let cases = cases::all(&setup);
    let arrays = [
        array("chunks", &cases.chunks),
        array("elements", &cases.elements),
        array("roots", &cases.roots),
        array("setup", &[setup.schema()]),
    ];
    format!("{{\n{}\n}}\n", arrays.join(",\n"))
}

fn array(key: &str, cases: &[impl Serialize]) -> String {
    let line = |case| serde_json::to_string(case).expect("structs of strings and numbers");
    let lines: Vec<_> = cases
        .iter()
        .map(|case| format!("    {}", line(case)))
        .collect();
    format!("  \"{key}\": [\n{}\n  ]", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_file_is_what_the_code_gives() {
        super::check().unwrap();
    }
}
