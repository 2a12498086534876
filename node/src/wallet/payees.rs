//! Who is paid how much: from a file or from arguments, every row checked before anything is signed.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use alloy_primitives::Address;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use spillway_protocol::transaction::Payee;

use super::tokens::Token;
use crate::address;
use crate::amounts;

/// Bytes of a file, and rows of it, at most.
const FILE_BYTES_MAX: u64 = 16 << 20;
const ROWS_MAX: usize = 100_000;

/// The first line of a table with headings.
const HEADINGS: &str = "address,amount";

/// A row that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it is, for people: `line 7`.
    pub(super) place: String,
    pub(super) payee: Payee,
}

/// A row as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    place: String,
    address: String,
    amount: String,
}

/// An entry of a JSON file. Amounts are text there too: JSON's numbers are not exact everywhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    address: String,
    amount: String,
}

/// The rows of a file: JSON if it begins with a bracket, else lines of `address,amount`.
pub(super) fn of_file(path: &Path, token: &Token) -> Result<Vec<Row>> {
    let mut text = String::new();
    let read = File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text))
        .with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(
        read as u64 <= FILE_BYTES_MAX,
        "{} is larger than {FILE_BYTES_MAX} bytes: split it",
        path.display()
    );
    let rows = if text.trim_start().starts_with('[') {
        of_json(&text)
    } else {
        of_lines(&text)
    };
    rows.and_then(|rows| check(rows, token))
        .with_context(|| path.display().to_string())
}

/// The rows of arguments, each `address,amount`.
pub(super) fn of_arguments(arguments: &[String], token: &Token) -> Result<Vec<Row>> {
    let rows = (1..).zip(arguments).map(|(number, argument)| {
        let place = format!("--to number {number}");
        cut(place, argument)
    });
    check(rows.collect::<Result<_>>()?, token)
}

fn of_lines(text: &str) -> Result<Vec<Written>> {
    let lines = (1..).zip(text.lines());
    let rows = lines.filter(|(number, line)| {
        let line = line.trim();
        let is_heading = *number == 1 && line.replace(' ', "").eq_ignore_ascii_case(HEADINGS);
        !line.is_empty() && !line.starts_with('#') && !is_heading
    });
    rows.map(|(number, line)| cut(format!("line {number}"), line))
        .collect()
}

fn cut(place: String, row: &str) -> Result<Written> {
    let Some((address, amount)) = row.split_once(',') else {
        bail!("{place}: it must be an address, a comma and an amount");
    };
    Ok(Written {
        place,
        address: address.trim().to_owned(),
        amount: amount.trim().to_owned(),
    })
}

fn of_json(text: &str) -> Result<Vec<Written>> {
    let entries: Vec<Entry> = serde_json::from_str(text)
        .context("it must be a list of {\"address\": \"0x...\", \"amount\": \"1.5\"}")?;
    let rows = (1..).zip(entries).map(|(number, entry)| Written {
        place: format!("entry {number}"),
        address: entry.address,
        amount: entry.amount,
    });
    Ok(rows.collect())
}

fn check(written: Vec<Written>, token: &Token) -> Result<Vec<Row>> {
    ensure!(!written.is_empty(), "nobody is to be paid");
    ensure!(
        written.len() <= ROWS_MAX,
        "{} rows, and {ROWS_MAX} are paid at once: split them",
        written.len()
    );
    let mut places: HashMap<Address, String> = HashMap::with_capacity(written.len());
    let mut rows = Vec::with_capacity(written.len());
    let mut sum = 0_u128;
    for Written {
        place,
        address,
        amount,
    } in written
    {
        let row = check_row(&place, &address, &amount, token)?;
        if let Some(first) = places.insert(row.recipient, place.clone()) {
            bail!("{place}: {address} is paid in {first} already: add the two up, or drop one");
        }
        sum = sum
            .checked_add(row.amount)
            .with_context(|| format!("{place}: up to here it is more than any account holds"))?;
        rows.push(Row { place, payee: row });
    }
    Ok(rows)
}

fn check_row(place: &str, address: &str, amount: &str, token: &Token) -> Result<Payee> {
    let recipient =
        address::parse(address).map_err(|error| anyhow::anyhow!("{place}: {address} {error}"))?;
    ensure!(
        !recipient.is_zero(),
        "{place}: nobody has the key of the zero address"
    );
    let units = amounts::parse(amount, token.decimals, &token.symbol)
        .map_err(|error| anyhow::anyhow!("{place}: {amount} {error}"))?;
    ensure!(units > 0, "{place}: zero pays nobody");
    Ok(Payee {
        recipient,
        amount: units,
    })
}

/// What all of them are paid together.
pub(super) fn sum(rows: &[Row]) -> u128 {
    rows.iter()
        .fold(0, |sum, row| sum.saturating_add(row.payee.amount))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const A: &str = "0x00000000000000000000000000000000000000aa";
    const B: &str = "0x00000000000000000000000000000000000000bb";

    fn read(text: &str) -> Result<Vec<Row>, String> {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("payees");
        std::fs::write(&path, text).unwrap();
        of_file(&path, &Token::eth()).map_err(|error| format!("{error:#}"))
    }

    fn paid(rows: &[Row]) -> Vec<(&str, u128)> {
        rows.iter()
            .map(|row| (row.place.as_str(), row.payee.amount))
            .collect()
    }

    #[test]
    fn rows_are_read_with_their_places() {
        let rows = read(&format!("Address, amount\n\n# staff\n{A},1\n {B} , 0.5\n")).unwrap();
        let ether = 10_u128.pow(18);
        assert_eq!(paid(&rows), [("line 4", ether), ("line 5", ether / 2)]);
        assert_eq!(sum(&rows), ether * 3 / 2);
        let json = format!(r#"[{{"address": "{A}", "amount": "2"}}]"#);
        assert_eq!(paid(&read(&json).unwrap()), [("entry 1", 2 * ether)]);
        let rows = of_arguments(&[format!("{B},3")], &Token::eth()).unwrap();
        assert_eq!(paid(&rows), [("--to number 1", 3 * ether)]);
    }

    #[test]
    fn a_wrong_row_is_named() {
        for (text, said) in [
            (
                format!("{A},1\n{B},1\n{A},2"),
                "line 3: 0x00000000000000000000000000000000000000aa is paid in line 1",
            ),
            (
                format!("{A},1\n{B};1"),
                "line 2: it must be an address, a comma",
            ),
            (format!("{A},1\n\n{B},1,5"), "line 3: 1,5 is no amount"),
            (format!("{A},1e3"), "line 1: 1e3 is no amount"),
            (format!("{A},0"), "line 1: zero pays nobody"),
            (format!("{A},0.0000000000000000001"), "has 19 decimals"),
            ("0x12,1".to_owned(), "line 1: 0x12 is no address"),
            (
                "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed,1".to_owned(),
                "checksum",
            ),
            (format!("{},1", Address::ZERO), "zero address"),
            (
                format!("{A},340282366920938463463\n{B},340282366920938463463"),
                "line 2: up to here",
            ),
            (String::new(), "nobody is to be paid"),
            (
                format!(r#"[{{"address": "{A}", "amount": 1.5}}]"#),
                "it must be a list",
            ),
            (
                format!(
                    r#"[{{"address": "{A}", "amount": "1"}}, {{"address": "{A}", "amount": "1"}}]"#
                ),
                "entry 2",
            ),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
