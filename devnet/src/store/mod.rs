//! A chain on disk: a log of what the chain was told, replayed when it is opened, and files of blobs.
//!
//! `chain.log` has a checksummed record for each block (timestamp, fees, raw transactions, hash), each
//! balance that was set, and each reorg. Opening it executes everything again: a few seconds for a day of
//! blocks (`docs/devnet.md` has figures). Each block must come out with the hash that it had, so what is
//! opened is what was there. A torn end is cut off. Blobs are written before the record of their block.

pub(crate) mod blobs;
mod frames;
mod record;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_primitives::{B256, Keccak256};

use self::blobs::BlobFiles;
use self::frames::{Frames, ReadError};
use self::record::{BlockRecord, GenesisRecord, Record, ReorgRecord};
use crate::chain::{Block, Chain, ChainError, Grant, Mined, Reorg};
use crate::config::ChainConfig;

/// The newest blocks whose blobs are read back into memory, so that a reorg can put them into the mempool.
const BLOBS_LOADED: u64 = 512;

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has it.
    #[error("{} is in use by another process", .0.display())]
    Locked(PathBuf),
    /// Bytes before the end do not have their checksum.
    #[error("{} is damaged at byte {offset}: move the directory away to begin a new chain", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
    },
    /// It holds a chain with other parameters.
    #[error("{} holds another chain: it was made with other parameters or funded accounts", .0.display())]
    OtherChain(PathBuf),
    /// Its blocks do not come out as they did.
    #[error("{}: {source}", path.display())]
    Replay {
        /// The file.
        path: PathBuf,
        /// Which block.
        source: ChainError,
    },
}

/// The directory of a chain.
#[derive(Debug)]
pub(crate) struct Store {
    log: Frames,
    path: PathBuf,
    blobs: BlobFiles,
    /// Reorgs so far, which the records of blocks name.
    fork: u64,
    blob_blocks: u64,
    /// Held as long as the store is.
    _lock: File,
}

impl Store {
    /// Opens a directory, creating it if need be, and brings its chain back.
    pub(crate) fn open(
        dir: &Path,
        config: &ChainConfig,
        now: u64,
    ) -> Result<(Self, Chain), StoreError> {
        fs::create_dir_all(dir).map_err(at(dir))?;
        let lock = lock(&dir.join("lock"))?;
        let path = dir.join("chain.log");
        let mut replay = Replay {
            path: &path,
            config,
            chain: None,
            fork: 0,
        };
        let log = Frames::open(&path, |payload| replay.record(payload))
            .map_err(|error| error.named(&path))?;
        let (chain, fork) = (replay.chain, replay.fork);
        let blobs_dir = dir.join("blobs");
        let blobs = BlobFiles::open(blobs_dir.clone()).map_err(at(&blobs_dir))?;
        let mut store = Self {
            log,
            path,
            blobs,
            fork,
            blob_blocks: config.history.blob_blocks,
            _lock: lock,
        };
        let chain = match chain {
            Some(mut chain) => {
                store.load_blobs(&mut chain)?;
                chain
            }
            None => store.begin(dir, config, now)?,
        };
        Ok((store, chain))
    }

    /// Writes a block that was mined.
    pub(crate) fn block(&mut self, mined: &Mined) -> Result<(), StoreError> {
        let wrote = self.blobs.write(&mined.block, &mined.blobs);
        wrote.map_err(at(&self.path))?;
        self.append(&Record::Block(BlockRecord::of(&mined.block, self.fork)))?;
        let number = mined.block.header.number;
        let first = (number + 1).saturating_sub(self.blob_blocks);
        self.blobs.prune(first).map_err(at(&self.path))
    }

    /// Writes what was set.
    pub(crate) fn grant(&mut self, grant: &Grant) -> Result<(), StoreError> {
        self.append(&Record::of(grant))
    }

    /// Writes a reorg.
    pub(crate) fn reorg(&mut self, reorg: &Reorg) -> Result<(), StoreError> {
        self.fork += 1;
        let added = reorg.added.iter();
        self.append(&Record::Reorg(ReorgRecord {
            depth: reorg.dropped.len() as u64,
            blocks: added
                .map(|block| BlockRecord::of(block, self.fork))
                .collect(),
        }))
    }

    /// Returns once everything written is on disk.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.log.sync().map_err(at(&self.path))
    }

    /// Where the blobs of a block are.
    pub(crate) fn blobs(&self, block: &Block) -> Option<PathBuf> {
        self.blobs.find(block)
    }

    fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        self.log.append(&record.encode()).map_err(at(&self.path))
    }

    /// Begins a chain in an empty directory.
    fn begin(&mut self, dir: &Path, config: &ChainConfig, now: u64) -> Result<Chain, StoreError> {
        let chain = Chain::new(config.clone(), now);
        self.append(&Record::Genesis(GenesisRecord {
            timestamp: chain.genesis_timestamp(),
            fingerprint: fingerprint(&chain),
        }))?;
        self.sync()?;
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.map_err(at(dir))?;
        Ok(chain)
    }

    fn load_blobs(&self, chain: &mut Chain) -> Result<(), StoreError> {
        let newest = chain.head().header.number;
        for number in newest.saturating_sub(BLOBS_LOADED)..=newest {
            let Some(block) = chain.block(number).map(Arc::clone) else {
                continue;
            };
            if let Some(path) = self.blobs.find(&block) {
                let submissions = blobs::read(&path).map_err(at(&path))?;
                chain.keep_blobs(&block, submissions);
            }
        }
        Ok(())
    }
}

/// The log as it is read: each record moves the chain on.
struct Replay<'a> {
    path: &'a Path,
    config: &'a ChainConfig,
    chain: Option<Chain>,
    fork: u64,
}

impl Replay<'_> {
    fn record(&mut self, payload: &[u8]) -> Result<(), OpenError> {
        let record = Record::decode(payload).map_err(|error| self.undecodable(&error))?;
        let record = match (record, &self.chain) {
            (Record::Genesis(genesis), None) => return self.genesis(&genesis),
            (Record::Genesis(_), Some(_)) | (_, None) => {
                return Err(OpenError::Store(StoreError::OtherChain(self.path.into())));
            }
            (record, Some(_)) => record,
        };
        match record {
            Record::Genesis(_) => {}
            Record::Block(block) => self.block(&block)?,
            Record::Balance(set) => self.chain().set_balance(set.address, set.balance),
            Record::Code(set) => drop(self.chain().set_code(set.address, set.code)),
            Record::Reorg(reorg) => self.reorg(&reorg)?,
        }
        Ok(())
    }

    fn genesis(&mut self, genesis: &GenesisRecord) -> Result<(), OpenError> {
        let config = ChainConfig {
            genesis_timestamp: Some(genesis.timestamp),
            ..self.config.clone()
        };
        let asked = self.config.genesis_timestamp;
        let chain = Chain::new(config, genesis.timestamp);
        let same_time = asked.is_none_or(|asked| asked == genesis.timestamp);
        if !same_time || fingerprint(&chain) != genesis.fingerprint {
            return Err(OpenError::Store(StoreError::OtherChain(self.path.into())));
        }
        self.chain = Some(chain);
        Ok(())
    }

    fn block(&mut self, block: &BlockRecord) -> Result<(), OpenError> {
        let past = block.past().map_err(|error| self.undecodable(&error))?;
        self.fork = past.fork;
        let replayed = self.chain().replay(&past);
        replayed.map(drop).map_err(|error| self.differs(error))
    }

    fn reorg(&mut self, reorg: &ReorgRecord) -> Result<(), OpenError> {
        let depth = usize::try_from(reorg.depth).unwrap_or(usize::MAX);
        let undone = self.chain().roll_back(depth);
        undone.map_err(|error| self.differs(error))?;
        reorg.blocks.iter().try_for_each(|block| self.block(block))
    }

    fn chain(&mut self) -> &mut Chain {
        self.chain.as_mut().expect("the first record made it")
    }

    fn differs(&self, source: ChainError) -> OpenError {
        OpenError::Store(StoreError::Replay {
            path: self.path.into(),
            source,
        })
    }

    fn undecodable(&self, error: &alloy_rlp::Error) -> OpenError {
        self.differs(ChainError::Replay {
            number: self
                .chain
                .as_ref()
                .map_or(0, |chain| chain.head().header.number + 1),
            reason: error.to_string(),
        })
    }
}

/// What opening came to, before the file has its name.
enum OpenError {
    Read(ReadError),
    Store(StoreError),
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl OpenError {
    fn named(self, path: &Path) -> StoreError {
        match self {
            Self::Read(ReadError::Io(source)) => at(path)(source),
            Self::Read(ReadError::Damaged { offset }) => StoreError::Damaged {
                path: path.into(),
                offset,
            },
            Self::Store(error) => error,
        }
    }
}

/// Of the genesis block, and of what it does not show and replaying depends on.
fn fingerprint(chain: &Chain) -> B256 {
    let (config, genesis) = (chain.config(), chain.head());
    let mut hasher = Keccak256::new();
    hasher.update(genesis.hash);
    for number in [
        config.chain_id,
        config.seconds_per_slot,
        config.blobs.target_blob_count,
        config.blobs.max_blob_count,
        config.blobs.max_blobs_per_tx,
        config.blobs.blob_base_cost,
        config.history.states as u64,
    ] {
        hasher.update(number.to_be_bytes());
    }
    hasher.update(config.blobs.update_fraction.to_be_bytes());
    hasher.update(config.blobs.min_blob_fee.to_be_bytes());
    hasher.finalize()
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let file = File::create(path).map_err(at(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path.into())),
        Err(TryLockError::Error(source)) => Err(at(path)(source)),
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> StoreError + '_ {
    move |source| StoreError::Io {
        path: path.into(),
        source,
    }
}
