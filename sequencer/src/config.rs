//! What an operator can set. Everything has a limit, and a default that suits a small machine.

use std::path::PathBuf;
use std::time::Duration;

use crate::genesis::Genesis;

/// How a sequencer runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The chain.
    pub genesis: Genesis,
    /// The folder of journal, snapshots and index.
    pub dir: PathBuf,
    /// How blocks are made.
    pub blocks: BlockConfig,
    /// What is admitted and held.
    pub queues: QueueConfig,
    /// What is kept on disk, and when.
    pub storage: StorageConfig,
}

/// How blocks are made.
#[derive(Clone, Copy, Debug)]
pub struct BlockConfig {
    /// The least time between two blocks that hold something.
    pub interval_min: Duration,
    /// The most time between two blocks, empty ones included. At least a second, as timestamps count seconds.
    pub interval_max: Duration,
    /// Transactions in a block, at most.
    pub transactions_max: usize,
    /// The base fee's floor, in wei a unit of gas.
    pub base_fee_min: u64,
}

/// What is admitted and held. A full queue answers "busy".
#[derive(Clone, Copy, Debug)]
pub struct QueueConfig {
    /// Transactions that wait for execution in a lane, at most.
    pub lane_transactions_max: usize,
    /// Transactions with a nonce gap that are held in all, at most.
    pub held_max: usize,
    /// How far ahead of its sender's nonce a held transaction may be.
    pub nonce_gap_max: u64,
    /// How long a transaction with a nonce gap is held.
    pub held_for: Duration,
}

/// What is kept on disk, and when.
#[derive(Clone, Copy, Debug)]
pub struct StorageConfig {
    /// Bytes of a journal segment before the next one begins.
    pub segment_bytes: u64,
    /// Bytes of journal between two snapshots.
    pub snapshot_every_bytes: u64,
}

impl Config {
    /// The defaults for a chain in a folder.
    #[must_use]
    pub fn new(genesis: Genesis, dir: PathBuf) -> Self {
        Self {
            genesis,
            dir,
            blocks: BlockConfig::default(),
            queues: QueueConfig::default(),
            storage: StorageConfig::default(),
        }
    }
}

impl Default for BlockConfig {
    fn default() -> Self {
        Self {
            interval_min: Duration::from_millis(5),
            interval_max: Duration::from_secs(1),
            transactions_max: 16_384,
            base_fee_min: 1_000_000,
        }
    }
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            lane_transactions_max: 65_536,
            held_max: 16_384,
            nonce_gap_max: 64,
            held_for: Duration::from_secs(30),
        }
    }
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            snapshot_every_bytes: 128 << 20,
        }
    }
}
