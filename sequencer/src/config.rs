//! What an operator can set. Everything has a limit, and a default that suits a small machine.

use std::path::PathBuf;
use std::time::Duration;

use crate::genesis::Genesis;
use crate::signing::HeaderSigner;

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
    /// What follows from the backlog to L1.
    pub backlog: BacklogConfig,
    /// What is kept on disk, and when.
    pub storage: StorageConfig,
    /// Signs block headers; none: they are not signed.
    pub signer: Option<HeaderSigner>,
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

/// How the base fee and the room of blocks follow the bytes that are not posted to L1 yet.
#[derive(Clone, Copy, Debug)]
pub struct BacklogConfig {
    /// Unposted bytes from which the base fee rises above what posting costs.
    pub target_bytes: u64,
    /// Unposted bytes at which it is ten times that, and from which blocks take fewer transactions: at
    /// twice as many bytes only a trickle. More than [`Self::target_bytes`].
    pub limit_bytes: u64,
    /// The base fee's cap, in wei a unit of gas. A higher [`BlockConfig::base_fee_min`] wins.
    pub base_fee_max: u64,
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

/// What is kept on disk, when, and of the past in memory.
#[derive(Clone, Copy, Debug)]
pub struct StorageConfig {
    /// Bytes of a journal segment before the next one begins.
    pub segment_bytes: u64,
    /// Bytes of journal between two snapshots.
    pub snapshot_every_bytes: u64,
    /// About what the states after earlier blocks may take in memory.
    pub past_bytes: usize,
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
            backlog: BacklogConfig::default(),
            storage: StorageConfig::default(),
            signer: None,
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

impl Default for BacklogConfig {
    fn default() -> Self {
        Self {
            target_bytes: 2 << 20,
            limit_bytes: 16 << 20,
            // 0.0021 ETH for a transfer: nobody means to pay more, whatever L1 asks.
            base_fee_max: 100_000_000_000,
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
            past_bytes: 64 << 20,
        }
    }
}
