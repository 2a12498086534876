//! Who signs: a keystore, an environment variable, a prompt, or an account of a development chain. A key is never typed on the
//! command line, where every user of the machine sees it.

use std::env::VarError;
use std::fs::File;
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};

use alloy_signer_local::PrivateKeySigner;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use spillway_l1::deployment::DEVELOPMENT_L1;

use super::keystore::Keystore;
use crate::dev::accounts;
use crate::{key, output};

/// Where keys are looked for when nothing is said.
const KEY_VARIABLE: &str = "SPILLWAY_KEY";
const PASSWORD_VARIABLE: &str = "SPILLWAY_PASSWORD";

/// Bytes that are read of a file with a password.
const PASSWORD_BYTES_MAX: u64 = 1 << 12;

/// Whose key signs.
#[derive(Clone, Debug, Args)]
pub(super) struct KeyArgs {
    /// The key in an Ethereum keystore (version 3), whose password is asked for.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key_env", "dev_account"])]
    keystore: Option<PathBuf>,
    /// The keystore's password: the first line of that file. Otherwise SPILLWAY_PASSWORD in the environment, or a prompt.
    #[arg(long, value_name = "FILE", requires = "keystore")]
    password_file: Option<PathBuf>,
    /// The key in that environment variable, in hex. [default: SPILLWAY_KEY, then a prompt]
    #[arg(long, value_name = "NAME", conflicts_with = "dev_account")]
    key_env: Option<String>,
    /// The development account with that number, whose key everybody knows. Only on a development chain.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..i64::from(accounts::COUNT)))]
    dev_account: Option<u32>,
    /// Sign without asking.
    #[arg(long)]
    yes: bool,
}

impl KeyArgs {
    /// The key. On L1 with that chain id.
    pub(super) fn signer(&self, l1_chain_id: u64) -> Result<PrivateKeySigner> {
        if let Some(number) = self.dev_account {
            ensure!(
                l1_chain_id == DEVELOPMENT_L1,
                "--dev-account: everybody knows its key, so it is used on L1 chain {DEVELOPMENT_L1} alone, and this deployment is \
                 on {l1_chain_id}"
            );
            return accounts::signer(number);
        }
        if let Some(path) = &self.keystore {
            return self.decrypt(path).context("--keystore");
        }
        if let Some(name) = &self.key_env {
            let found = variable(name).context("--key-env")?;
            let text = found.with_context(|| format!("--key-env: {name} is not set"))?;
            return key::parse(&text).with_context(|| name.clone());
        }
        match variable(KEY_VARIABLE)? {
            Some(text) => key::parse(&text).context(KEY_VARIABLE),
            None => key::parse(&prompt("Private key: ").context(
                "no key to sign with: give --keystore FILE or --key-env NAME, or set SPILLWAY_KEY",
            )?),
        }
    }

    fn decrypt(&self, path: &Path) -> Result<PrivateKeySigner> {
        let keystore = Keystore::open(path)?;
        keystore.decrypt(&self.password()?)
    }

    fn password(&self) -> Result<String> {
        if let Some(path) = &self.password_file {
            return first_line(path).context("--password-file");
        }
        match variable(PASSWORD_VARIABLE)? {
            Some(password) => Ok(password),
            None => prompt("Password of the keystore: ")
                .context("give --password-file FILE, or set SPILLWAY_PASSWORD"),
        }
    }

    /// Shows what is about to be signed and, if somebody is there who can answer, asks.
    pub(super) fn consent(&self, what: &str) -> Result<()> {
        output::tell(what);
        if self.yes || !std::io::stdin().is_terminal() {
            return Ok(());
        }
        output::tell("Sign? [y/N]");
        let mut answer = String::new();
        let read = std::io::stdin()
            .lock()
            .take(PASSWORD_BYTES_MAX)
            .read_line(&mut answer);
        read.context(
            "the answer cannot be read, so this was not signed: answer with y, or give --yes",
        )?;
        ensure!(
            matches!(answer.trim(), "y" | "Y" | "yes"),
            "not signed, and nothing was sent"
        );
        Ok(())
    }
}

/// An environment variable; none if it is not set.
fn variable(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => bail!("{name} is not text"),
    }
}

/// Asks without echo.
fn prompt(question: &str) -> Result<String> {
    ensure!(
        std::io::stdin().is_terminal(),
        "nobody is there to be asked for it"
    );
    rpassword::prompt_password(question).context("the terminal does not answer")
}

fn first_line(path: &Path) -> Result<String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(PASSWORD_BYTES_MAX).read_to_string(&mut text))
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dev_account(number: u32) -> KeyArgs {
        KeyArgs {
            keystore: None,
            password_file: None,
            key_env: None,
            dev_account: Some(number),
            yes: true,
        }
    }

    #[test]
    fn a_key_that_everybody_knows_is_for_development_alone() {
        let signer = dev_account(1).signer(DEVELOPMENT_L1).unwrap();
        assert_eq!(
            signer.address().to_string(),
            "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
        );
        for chain in [1, 11_155_111] {
            let error = dev_account(1).signer(chain).unwrap_err().to_string();
            assert!(error.contains("everybody knows"), "{error}");
        }
    }

    #[test]
    fn every_account_of_a_development_chain_can_be_named() {
        let command = KeyArgs::augment_args(clap::Command::new("wallet"));
        for (number, is_one) in [("0", true), ("26", true), ("27", false)] {
            let parsed = command
                .clone()
                .try_get_matches_from(["wallet", "--dev-account", number]);
            assert_eq!(parsed.is_ok(), is_one, "{number}");
        }
    }

    #[test]
    fn a_password_is_the_first_line() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("password");
        for (text, expected) in [("a b \r\nc", "a b "), ("x", "x"), ("", "")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(first_line(&path).unwrap(), expected);
        }
    }
}
