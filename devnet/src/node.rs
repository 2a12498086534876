//! The chain as the drivers share it: behind locks, with its store, its clock and those who listen.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alloy_primitives::{Address, B256, Bytes, U256};
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use tokio::sync::broadcast;

use crate::chain::{Block, Chain, ChainError, Dropped, ExecutionError, Grant, HeldFees, Reorg};
use crate::clock::Clock;
use crate::config::Config;
use crate::faults::{Fault, Faults, Sight};
use crate::miner::Miner;
use crate::pool::{PoolError, Submission};
use crate::store::{Store, StoreError, blobs};

/// Events that a listener may be behind.
const EVENTS_BUFFERED: usize = 1_024;
/// Blocks that one request may mine.
pub(crate) const MINED_MAX: u64 = 10_000;

/// What those who listen are told.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A block is the newest one.
    Added(Arc<Block>),
    /// The newest block is gone.
    Dropped(Arc<Block>),
}

/// Why a control did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The chain is against it.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// revm failed.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// The disk failed. What is in memory is ahead of it, so nothing more is done: restart.
    #[error("the chain could not be written, and stands still until it is restarted: {0}")]
    Store(#[from] StoreError),
    /// The disk failed before.
    #[error("the chain stands still since it could not be written: restart it")]
    Halted,
    /// Blocks at intervals need tokio's timer.
    #[error("mining at intervals needs a tokio runtime: start the devnet within one")]
    NoRuntime,
    /// More than one request may ask for.
    #[error("{0}")]
    Request(&'static str),
}

/// What the drivers share.
#[derive(Debug)]
pub(crate) struct Node {
    chain: RwLock<Chain>,
    /// Whoever changes the chain's blocks holds it, so that the log has the order of the chain.
    writer: Mutex<Writer>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Seconds that the chain's time is ahead of the clock.
    ahead: AtomicU64,
    events: broadcast::Sender<Event>,
    pub(crate) faults: Faults,
    pub(crate) miner: Miner,
    pub(crate) controls: bool,
}

#[derive(Debug)]
struct Writer {
    store: Option<Store>,
    halted: bool,
}

impl Node {
    /// Opens the chain, from its directory if it has one.
    pub(crate) fn open(config: Config) -> Result<Self, StoreError> {
        let now = config.clock.now();
        let (store, chain) = match &config.dir {
            Some(dir) => {
                let (store, chain) = Store::open(dir, &config.chain, now)?;
                (Some(store), chain)
            }
            None => (None, Chain::new(config.chain, now)),
        };
        // A chain that ran ahead of the clock goes on from where it was.
        let ahead = chain.head().header.timestamp.saturating_sub(now);
        Ok(Self {
            chain: RwLock::new(chain),
            writer: Mutex::new(Writer {
                store,
                halted: false,
            }),
            clock: config.clock,
            ahead: AtomicU64::new(ahead),
            events: broadcast::Sender::new(EVENTS_BUFFERED),
            faults: Faults::default(),
            miner: Miner::default(),
            controls: config.controls,
        })
    }

    /// The chain, to read.
    pub(crate) fn chain(&self) -> RwLockReadGuard<'_, Chain> {
        self.chain.read()
    }

    /// What happens from now on.
    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    fn tell(&self, event: Event) {
        // Nobody listening is no error.
        let _ = self.events.send(event);
    }

    /// The chain's time.
    pub(crate) fn now(&self) -> u64 {
        self.clock
            .now()
            .saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// Moves the chain's time on.
    pub(crate) fn warp(&self, seconds: u64) {
        let add = |ahead: u64| Some(ahead.saturating_add(seconds));
        let _ = self
            .ahead
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Lets a request meet its fate: waits as long as that says, and tells what it sees, or why it is not
    /// done.
    pub(crate) async fn meet_fate(&self) -> Result<Sight, Fault> {
        let fate = self.faults.draw();
        if !fate.delay.is_zero() {
            self.clock.sleep(fate.delay).await;
        }
        match fate.fault {
            None => Ok(Sight::default()),
            Some(Fault::Stale(stale)) => Ok(Sight { stale, lost: false }),
            Some(Fault::LostAnswer) => Ok(Sight {
                stale: 0,
                lost: true,
            }),
            Some(fault @ Fault::Timeout(time)) => {
                self.clock.sleep(time).await;
                Err(fault)
            }
            Some(fault) => Err(fault),
        }
    }

    /// Takes a transaction. It is checked without a lock, as blobs take their time.
    pub(crate) fn submit(&self, raw: &[u8]) -> Result<B256, PoolError> {
        let rules = self.chain.read().rules();
        let submission = Submission::check(raw, &rules)?;
        self.chain.write().accept(submission)
    }

    /// Mines so many blocks, and returns the last.
    pub(crate) fn mine(&self, count: u64) -> Result<Arc<Block>, ControlError> {
        if count == 0 || count > MINED_MAX {
            return Err(ControlError::Request(
                "1 to 10000 blocks can be mined at once",
            ));
        }
        let mut writer = self.writer.lock();
        let mut newest = None;
        for _ in 0..count {
            writer.check()?;
            let mined = self.chain.write().mine(self.now())?;
            writer.write(|store| store.block(&mined))?;
            self.tell(Event::Added(Arc::clone(&mined.block)));
            newest = Some(mined.block);
        }
        writer.sync()?;
        Ok(newest.unwrap_or_else(|| Arc::clone(self.chain.read().head())))
    }

    /// Puts empty blocks in the place of the newest ones.
    pub(crate) fn reorg(&self, depth: usize, fate: Dropped) -> Result<Reorg, ControlError> {
        let mut writer = self.writer.lock();
        writer.check()?;
        let reorg = self.chain.write().reorg(depth, fate)?;
        writer.write(|store| store.reorg(&reorg))?;
        writer.sync()?;
        for block in &reorg.dropped {
            self.tell(Event::Dropped(Arc::clone(block)));
        }
        for block in &reorg.added {
            self.tell(Event::Added(Arc::clone(block)));
        }
        Ok(reorg)
    }

    /// Sets a balance.
    pub(crate) fn set_balance(&self, address: Address, balance: U256) -> Result<(), ControlError> {
        let mut writer = self.writer.lock();
        writer.check()?;
        self.chain.write().set_balance(address, balance);
        writer.write(|store| store.grant(&Grant::Balance(address, balance)))?;
        writer.sync()
    }

    /// Puts code at an address, and returns what was there.
    pub(crate) fn set_code(&self, address: Address, code: Bytes) -> Result<Bytes, ControlError> {
        let mut writer = self.writer.lock();
        writer.check()?;
        let before = self.chain.write().set_code(address, code.clone());
        writer.write(|store| store.grant(&Grant::Code(address, code)))?;
        writer.sync()?;
        Ok(before)
    }

    /// Returns once nobody is changing the chain's blocks.
    pub(crate) fn finish(&self) {
        drop(self.writer.lock());
    }

    /// Changes the fees that are held.
    pub(crate) fn hold_fees(&self, change: impl FnOnce(&mut HeldFees)) {
        let mut chain = self.chain.write();
        let mut held = chain.held_fees();
        change(&mut held);
        chain.hold_fees(held);
    }

    /// The blob transactions of a block, from memory or disk, `None` when they are not kept.
    pub(crate) fn blob_transactions(
        &self,
        block: &Block,
    ) -> Result<Option<Vec<Arc<Submission>>>, StoreError> {
        let has_blobs = block.header.blob_gas_used.unwrap_or_default() > 0;
        if !has_blobs {
            return Ok(Some(Vec::new()));
        }
        if let Some(kept) = self.chain.read().blob_transactions(block) {
            return Ok(Some(kept.to_vec()));
        }
        let found = self.writer.lock().blobs(block);
        let Some(path) = found else {
            return Ok(None);
        };
        blobs::read(&path)
            .map(Some)
            .map_err(|source| StoreError::Io { path, source })
    }
}

impl Writer {
    fn check(&self) -> Result<(), ControlError> {
        if self.halted {
            return Err(ControlError::Halted);
        }
        Ok(())
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut Store) -> Result<(), StoreError>,
    ) -> Result<(), ControlError> {
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        write(store).map_err(|error| {
            self.halted = true;
            ControlError::Store(error)
        })
    }

    fn sync(&mut self) -> Result<(), ControlError> {
        self.write(|store| store.sync())
    }

    fn blobs(&self, block: &Block) -> Option<PathBuf> {
        self.store.as_ref()?.blobs(block)
    }
}
