//! `DIR/chain.json`: which chain a state directory holds, for people, programs and the next start.
//!
//! The journal is bound to its chain by itself; this file is what says so in words, before anything is opened.

use alloy_primitives::{Address, B256};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use spillway_sequencer::genesis::Genesis;

use crate::directory::Directory;

const NAME: &str = "chain.json";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ChainFile {
    chain_id: u64,
    fee_account: Address,
    genesis_id: B256,
}

impl From<&Genesis> for ChainFile {
    fn from(genesis: &Genesis) -> Self {
        Self {
            chain_id: genesis.chain_id,
            fee_account: genesis.fee_account,
            genesis_id: genesis.id(),
        }
    }
}

/// Refuses a directory that belongs to another chain. `Ok` when it says nothing yet.
pub(crate) fn check(directory: &Directory, genesis: &Genesis) -> Result<()> {
    let Some(text) = directory.read(NAME)? else {
        return Ok(());
    };
    let path = directory.path().join(NAME);
    let held: ChainFile = serde_json::from_str(&text).with_context(|| {
        format!(
            "{} is damaged: remove it, it is written again from the configuration",
            path.display()
        )
    })?;
    let wanted = ChainFile::from(genesis);
    if held == wanted {
        return Ok(());
    }
    let chain = |file: &ChainFile| {
        format!(
            "chain id {}, fee account {}",
            file.chain_id, file.fee_account
        )
    };
    bail!(
        "{} holds another chain ({}) than the one to run ({}): set them to be equal, or choose another directory",
        directory.path().display(),
        chain(&held),
        chain(&wanted),
    )
}

/// Writes the file if it is not there. Called once the journal has agreed that it is of this chain.
pub(crate) fn write_once(directory: &Directory, genesis: &Genesis) -> Result<()> {
    match directory.read(NAME)? {
        Some(_) => Ok(()),
        None => directory.write_json(NAME, &ChainFile::from(genesis)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENESIS: Genesis = Genesis {
        chain_id: 7,
        fee_account: Address::repeat_byte(1),
    };

    #[test]
    fn another_chain_is_refused_with_both_named() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::open(parent.path(), "--dir").unwrap();
        check(&directory, &GENESIS).unwrap();
        write_once(&directory, &GENESIS).unwrap();
        check(&directory, &GENESIS).unwrap();

        let other = Genesis {
            chain_id: 8,
            ..GENESIS
        };
        write_once(&directory, &other).unwrap();
        let error = check(&directory, &other).unwrap_err().to_string();
        assert!(
            error.contains("chain id 7") && error.contains("chain id 8"),
            "{error}"
        );
        check(
            &directory,
            &Genesis {
                fee_account: Address::repeat_byte(2),
                ..GENESIS
            },
        )
        .unwrap_err();
    }

    #[test]
    fn a_damaged_file_says_what_to_do() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::open(parent.path(), "--dir").unwrap();
        std::fs::write(parent.path().join(NAME), "{\"chain_id\":").unwrap();
        let error = check(&directory, &GENESIS).unwrap_err().to_string();
        assert!(error.contains("remove it"), "{error}");
    }
}
