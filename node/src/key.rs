//! Private keys. They are never typed on the command line, where every user of the machine sees them.

use std::env::VarError;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use alloy_primitives::B256;
use alloy_signer_local::PrivateKeySigner;
use anyhow::{Context, Result, bail};

use crate::dev::accounts;

const VARIABLE: &str = "SPILLWAY_PRIVATE_KEY";

/// Bytes that are read of a file: a key has 66.
const FILE_BYTES_MAX: u64 = 1 << 10;

/// The key in that file.
pub(crate) fn from_file(path: &Path) -> Result<PrivateKeySigner> {
    parse(&read(path)?)
}

/// The deploying key: from the file, else from the environment, else, on a development network, the first one that
/// everybody knows.
pub(crate) fn of_deployer(file: Option<&Path>, development: bool) -> Result<PrivateKeySigner> {
    if let Some(path) = file {
        return from_file(path).with_context(|| format!("--private-key-file {}", path.display()));
    }
    match std::env::var(VARIABLE) {
        Ok(text) => parse(&text).context(VARIABLE),
        Err(VarError::NotUnicode(_)) => bail!("{VARIABLE} is not text"),
        Err(VarError::NotPresent) if development => {
            Ok(PrivateKeySigner::from_bytes(&accounts::deployer()?.key)?)
        }
        Err(VarError::NotPresent) => {
            bail!("no key to deploy with: give --private-key-file FILE, or set {VARIABLE}")
        }
    }
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
        .with_context(|| format!("cannot read the key from {}", path.display()))?;
    Ok(text)
}

/// A key in hex. The errors do not repeat it.
pub(crate) fn parse(text: &str) -> Result<PrivateKeySigner> {
    let Ok(key) = text.trim().parse::<B256>() else {
        bail!("no private key: it must be 64 hex digits, with or without 0x");
    };
    match PrivateKeySigner::from_bytes(&key) {
        Ok(signer) => Ok(signer),
        Err(_) => bail!("no private key: the number is zero or too large for the curve"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    #[test]
    fn a_key_is_hex_with_or_without_a_prefix() {
        let expected = accounts::deployer().unwrap().address;
        for text in [KEY.to_owned(), format!("0x{KEY}\n")] {
            assert_eq!(parse(&text).unwrap().address(), expected);
        }
    }

    #[test]
    fn no_error_repeats_a_key() {
        for text in [
            "",
            &KEY[1..],
            &format!("{KEY}0"),
            &"f".repeat(64),
            &"0".repeat(64),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }
}
