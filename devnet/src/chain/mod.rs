//! The chain: a state machine without clock, threads or sockets.
//!
//! It is told everything, the time included, and does the same whenever it is told the same; so a seeded,
//! single-threaded simulation can drive it as well as the servers do.
//!
//! Two things are not as on mainnet. The header's **state root** is no Merkle-Patricia root but a chain of
//! hashes over what each block changed: `keccak(the one before || accounts || slots)`, in the order of
//! addresses and slots. It costs next to nothing, differs when states differ, and tells a replay from
//! disk that it did what was done before. And the **parent beacon block root** (EIP-4788) is the hash of
//! the parent: a beacon block has the root of its execution block here.

mod blobs;
mod block;
mod build;
mod calls;
mod execute;
mod fees;
mod genesis;
mod grants;
mod history;
mod mining;
mod reading;
mod reorg;
mod world;

use std::collections::VecDeque;
use std::sync::Arc;

use alloy_primitives::B256;

use self::blobs::KeptBlobs;
use self::history::History;
use self::world::{Undo, World};
use crate::config::ChainConfig;
use crate::pool::{Pool, PoolError, Rules, Submission};

pub use block::{Block, Included};
pub use calls::{CallError, CallOutcome};
pub(crate) use execute::Environment;
pub use execute::ExecutionError;
pub(crate) use fees::Fees;
pub use fees::HeldFees;
pub(crate) use grants::Grant;
pub use mining::Mined;
pub(crate) use mining::PastBlock;
pub use reorg::{Dropped, Reorg};
pub(crate) use world::{Account, StateAt};

/// The chain, its state and its mempool.
#[derive(Debug)]
pub struct Chain {
    config: ChainConfig,
    genesis_timestamp: u64,
    world: World,
    history: History,
    /// What the newest blocks overwrote, oldest first: how they are undone, and how older states are read.
    undos: VecDeque<Undo>,
    /// What was set after each block that can be gone back to: one list more than `undos`.
    grants: VecDeque<Vec<Grant>>,
    /// What the next block's state root builds on.
    commitment: B256,
    blobs: KeptBlobs,
    pool: Pool,
    held: HeldFees,
    forks: u64,
}

/// Why a chain does not do what it is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Deeper than states are kept.
    #[error("cannot reorg {depth} blocks: 1 to {max} can be undone")]
    Depth {
        /// The blocks to undo.
        depth: usize,
        /// How many can be.
        max: usize,
    },
    /// A block of the log does not come out as it did.
    #[error("block {number} of the log does not replay: {reason}")]
    Replay {
        /// Its number.
        number: u64,
        /// What differs.
        reason: String,
    },
}
impl Chain {
    /// A chain that has its genesis block. `now` is the genesis timestamp, unless the configuration has one.
    #[must_use]
    pub fn new(config: ChainConfig, now: u64) -> Self {
        let genesis_timestamp = config.genesis_timestamp.unwrap_or(now);
        let (world, commitment) = genesis::state(&config);
        let genesis = genesis::block(&config, genesis_timestamp, commitment);
        Self {
            pool: Pool::new(config.pool),
            config,
            genesis_timestamp,
            world,
            history: History::new(Arc::new(genesis)),
            undos: VecDeque::new(),
            grants: VecDeque::from([Vec::new()]),
            commitment,
            blobs: KeptBlobs::default(),
            held: HeldFees::default(),
            forks: 0,
        }
    }

    /// What transactions are checked against before the chain sees them.
    #[must_use]
    pub const fn rules(&self) -> Rules {
        Rules {
            chain_id: self.config.chain_id,
            gas_limit: self.config.gas_limit,
            blobs: self.config.blobs,
            min_tip: self.config.pool.min_tip,
        }
    }

    /// Takes the bytes of a transaction into the mempool: [`Submission::check`] and [`Self::accept`].
    ///
    /// # Errors
    /// When it is not taken, with geth's reasons.
    pub fn submit(&mut self, raw: &[u8]) -> Result<B256, PoolError> {
        self.accept(Submission::check(raw, &self.rules())?)
    }

    /// Takes a checked transaction into the mempool.
    ///
    /// # Errors
    /// When the state or the mempool is against it.
    pub fn accept(&mut self, submission: Submission) -> Result<B256, PoolError> {
        let sender = submission.sender();
        let account = self.world.account(&sender);
        let code = self.world.code(&account.code_hash);
        if !code.is_empty() && !code.is_eip7702() {
            return Err(PoolError::SenderNotEoa(sender));
        }
        self.pool.insert(Arc::new(submission), &account)
    }

    /// Holds fees where they are wanted, or lets them go.
    pub const fn hold_fees(&mut self, held: HeldFees) {
        self.held = held;
    }

    /// Keeps the blobs of a block that is in the chain.
    pub(crate) fn keep_blobs(&mut self, block: &Block, blobs: Vec<Arc<Submission>>) {
        let (number, hash) = (block.header.number, block.hash);
        self.blobs.keep(number, hash, blobs, &self.config.history);
    }

    const fn seconds_per_slot(&self) -> u64 {
        if self.config.seconds_per_slot == 0 {
            return 1;
        }
        self.config.seconds_per_slot
    }

    fn settle_pool(&mut self) {
        let world = &self.world;
        self.pool.settle(|sender| world.account(sender));
    }
}
