//! `deployment.json`: what was deployed, for every program that works with it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use super::disputes::Disputes;
use super::parameters::{Governance, Parameters};
use crate::events::ContractAddresses;

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// A deployment takes about two kilobytes.
const BYTES_MAX: u64 = 1 << 20;

/// A deployment: where everything is, and what it was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// [`VERSION`].
    pub version: u32,
    /// The chain that the contracts are on.
    pub l1_chain_id: u64,
    /// The chain id that wallets sign for.
    pub l2_chain_id: u64,
    /// The block of the first contract. No event of this deployment is in an earlier one.
    pub l1_block: L1Block,
    /// The transaction that created `Rollup`. Its input is the one place where L1 shows the list of dispute contracts.
    pub rollup_transaction: B256,
    /// OpenZeppelin's `TimelockController`: the governance.
    pub timelock: Address,
    /// `Inbox`: the queue of messages from L1.
    pub inbox: Address,
    /// `Bridge`: the custody of funds.
    pub bridge: Address,
    /// `Rollup`: the chain of batches and the set of sequencers.
    pub rollup: Address,
    /// `TestToken`, on development networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Address>,
    /// The contracts by which batches are proven wrong.
    pub disputes: Disputes,
    /// What is fixed in the contracts.
    pub parameters: Parameters,
    /// The timelock's settings at deployment.
    pub governance: Governance,
    /// What L2 begins with.
    pub genesis: Genesis,
    /// The sequencers at deployment.
    pub sequencers: Vec<Address>,
}

/// A block of L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct L1Block {
    /// Its number.
    pub number: u64,
    /// Its hash, by which a fork without the deployment is told apart.
    pub hash: B256,
}

/// What L2 begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Account 0, which receives the fees.
    pub fee_account: Address,
    /// The state root before the first batch.
    pub state_root: B256,
}

/// Why a deployment's file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a deployment.
    #[error("{} is no deployment that this version reads: {why}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is a deployment already.
    #[error(
        "{} exists: it may be the only record of a deployment that holds funds. Choose another file, or move it away",
        .0.display()
    )]
    Exists(PathBuf),
    /// Another process is about to write the file.
    #[error("another process is writing {}: let it finish", .0.display())]
    InUse(PathBuf),
}

impl Deployment {
    /// The contracts whose logs are read.
    #[must_use]
    pub const fn contracts(&self) -> ContractAddresses {
        ContractAddresses {
            inbox: self.inbox,
            bridge: self.bridge,
            rollup: self.rollup,
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`FileError::Io`], or [`FileError::Invalid`] for anything but a whole deployment of this version.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text))
            .map_err(at(path))?;
        Self::parse(&text).map_err(|why| FileError::Invalid {
            path: path.to_path_buf(),
            why,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        // First, since another version may have other fields.
        let Versioned { version } =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        if version != VERSION {
            return Err(format!(
                "it has version {version}, and this program reads {VERSION}"
            ));
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

/// A place for a deployment's file that was found to be free and writable, before anything is deployed.
///
/// The file is written beside its place and then moved there, so that readers see it whole or not at all. Dropped
/// without [`Reservation::publish`], nothing is left.
#[derive(Debug)]
pub struct Reservation {
    path: PathBuf,
    temporary: PathBuf,
    /// Holds the lock that keeps other processes off.
    file: File,
    published: bool,
}

impl Reservation {
    /// Makes sure that the file can be written.
    ///
    /// # Errors
    /// [`FileError`]: it exists, another process writes it, or the folder cannot be written to.
    pub fn new(path: &Path) -> Result<Self, FileError> {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        if name.is_empty() {
            return Err(at(path)(ErrorKind::IsADirectory.into()));
        }
        name.push(".tmp");
        let temporary = path.with_file_name(name);
        refuse_existing(path)?;
        // What a killed process left is taken over: the lock, not the file, says whether somebody is at it.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&temporary)
            .map_err(at(&temporary))?;
        file.try_lock()
            .map_err(|_| FileError::InUse(path.to_path_buf()))?;
        let reservation = Self {
            path: path.to_path_buf(),
            temporary,
            file,
            published: false,
        };
        // Again, now that nobody else can be about to make it.
        refuse_existing(path)?;
        Ok(reservation)
    }

    /// Writes the file. It is on disk when this returns.
    ///
    /// # Errors
    /// [`FileError::Io`]
    pub fn publish(mut self, deployment: &Deployment) -> Result<(), FileError> {
        let text = serde_json::to_string_pretty(deployment)
            .map_err(io::Error::from)
            .map_err(at(&self.path))?;
        self.write(&(text + "\n")).map_err(at(&self.path))?;
        self.published = true;
        Ok(())
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        File::open(folder(&self.path))?.sync_all()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.published {
            // It is empty, and the next reservation takes it over if it stays.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn refuse_existing(path: &Path) -> Result<(), FileError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(FileError::Exists(path.to_path_buf())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(at(path)(error)),
    }
}

/// The folder of a file, also when the path is a bare name.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> FileError {
    move |source| FileError::Io {
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;

    pub(in crate::deployment) fn deployment() -> Deployment {
        Deployment {
            version: VERSION,
            l1_chain_id: 1,
            l2_chain_id: 1 << 33,
            l1_block: L1Block {
                number: 7,
                hash: B256::repeat_byte(8),
            },
            rollup_transaction: B256::repeat_byte(9),
            timelock: Address::repeat_byte(1),
            inbox: Address::repeat_byte(2),
            bridge: Address::repeat_byte(3),
            rollup: Address::repeat_byte(4),
            token: None,
            disputes: Disputes {
                posted_data: Address::repeat_byte(0x50),
                transition: Address::repeat_byte(0x51),
                batch: Address::repeat_byte(0x52),
                equivocation: Address::repeat_byte(0x53),
                authorisation: Address::repeat_byte(0x54),
            },
            parameters: Parameters::default(),
            governance: Governance {
                delay: 10,
                proposers: vec![Address::repeat_byte(6)],
            },
            genesis: Genesis {
                fee_account: Address::repeat_byte(7),
                state_root: B256::ZERO,
            },
            sequencers: vec![Address::repeat_byte(8)],
        }
    }

    fn parse(value: &Value) -> Result<Deployment, String> {
        Deployment::parse(&value.to_string())
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("deployment.json");
        for token in [None, Some(Address::repeat_byte(9))] {
            let deployment = Deployment {
                token,
                ..deployment()
            };
            Reservation::new(&path)
                .unwrap()
                .publish(&deployment)
                .unwrap();
            assert_eq!(Deployment::read(&path).unwrap(), deployment);
            assert_eq!(
                fs::read_dir(&folder).unwrap().count(),
                1,
                "nothing else is left"
            );
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn an_existing_file_is_never_touched() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("deployment.json");
        fs::write(&path, "funds").unwrap();
        let error = Reservation::new(&path).unwrap_err().to_string();
        assert!(error.contains("exists"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "funds");
    }

    #[test]
    fn one_process_at_a_time_and_leftovers_do_not_matter() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("deployment.json");
        fs::write(
            folder.path().join("deployment.json.tmp"),
            "left by a killed process",
        )
        .unwrap();
        let first = Reservation::new(&path).unwrap();
        assert!(matches!(Reservation::new(&path), Err(FileError::InUse(_))));
        drop(first);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        Reservation::new(&path)
            .unwrap()
            .publish(&deployment())
            .unwrap();
        assert_eq!(Deployment::read(&path).unwrap(), deployment());
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = Reservation::new(Path::new("/nowhere/deployment.json")).unwrap_err();
        assert!(
            error.to_string().contains("/nowhere/deployment.json"),
            "{error}"
        );
        assert!(Reservation::new(Path::new("/")).is_err());
        assert!(Deployment::read(Path::new("/nowhere/deployment.json")).is_err());
    }

    #[test]
    fn other_files_are_refused() {
        let good = serde_json::to_value(deployment()).unwrap();
        parse(&good).unwrap();
        let mut newer = good.clone();
        newer["version"] = json!(2);
        assert!(parse(&newer).unwrap_err().contains("version 2"));
        let mut longer = good.clone();
        longer["surprise"] = json!(1);
        assert!(parse(&longer).unwrap_err().contains("surprise"));
        for (of, name) in [("", "bridge"), ("/disputes", "transition")] {
            let mut shorter = good.clone();
            let fields = shorter.pointer_mut(of).unwrap().as_object_mut().unwrap();
            fields.remove(name);
            assert!(parse(&shorter).unwrap_err().contains(name));
        }
        // As files had it before there were dispute contracts.
        let mut older = good;
        older["disputes"] = json!([]);
        parse(&older).unwrap_err();
        for other in [json!([]), json!({}), json!(null)] {
            parse(&other).unwrap_err();
        }
    }
}
