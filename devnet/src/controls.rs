//! What a test may do to the chain, and no client of a real one can.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, Bytes, U256};

use crate::chain::{Block, Dropped, Reorg};
use crate::faults::FaultPlan;
use crate::node::{ControlError, Node};

/// The controls. They do what they say before they return, and meet no injected faults.
#[derive(Clone, Debug)]
pub struct Controls {
    node: Arc<Node>,
}

impl Controls {
    pub(crate) const fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    /// Mines 1 to 10,000 blocks, and returns the last. Each has a slot of its own, so many blocks run ahead
    /// of the clock, and the chain stays ahead from then on.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn mine(&self, count: u64) -> Result<Arc<Block>, ControlError> {
        self.node.mine(count)
    }

    /// Mines at that interval from now on, `None`: not at all.
    ///
    /// # Errors
    /// Below 10 ms, and outside of a tokio runtime.
    pub fn set_block_time(&self, interval: Option<Duration>) -> Result<(), ControlError> {
        self.node.miner.set(Arc::downgrade(&self.node), interval)
    }

    /// The time between blocks.
    #[must_use]
    pub fn block_time(&self) -> Option<Duration> {
        self.node.miner.interval()
    }

    /// Moves the chain's time on, from the next block. The slots in between stay empty.
    pub fn warp(&self, seconds: u64) {
        self.node.warp(seconds);
    }

    /// Puts empty blocks in the place of the newest ones, with the same timestamps and other hashes. It can
    /// go past `finalized`, which a real chain does not.
    ///
    /// # Errors
    /// When states are not kept that far back, or the disk fails.
    pub fn reorg(&self, depth: usize, fate: Dropped) -> Result<Reorg, ControlError> {
        self.node.reorg(depth, fate)
    }

    /// Holds the base fee at so many wei per gas from the next block, `None`: lets it go, from where it is.
    pub fn set_base_fee(&self, fee: Option<u64>) {
        self.node.hold_fees(|held| held.base_fee = fee);
    }

    /// Holds the blob base fee at so many wei per blob gas, or the smallest fee above that there is.
    pub fn set_blob_base_fee(&self, fee: Option<u128>) {
        self.node.hold_fees(|held| held.blob_base_fee = fee);
    }

    /// Sets a balance, in wei, at once. A reorg does not undo it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn set_balance(&self, address: Address, balance: U256) -> Result<(), ControlError> {
        self.node.set_balance(address, balance)
    }

    /// Puts code at an address, at once, and returns the code that was there. A reorg does not undo it. With
    /// [`forwarder`](crate::forwarder()) anybody can do what only that contract may.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn set_code(&self, address: Address, code: Bytes) -> Result<Bytes, ControlError> {
        self.node.set_code(address, code)
    }

    /// From now on requests meet faults by that plan, `None`: no more.
    ///
    /// # Errors
    /// When the shares come to more than everything.
    pub fn set_faults(&self, plan: Option<FaultPlan>) -> Result<(), ControlError> {
        if let Some(plan) = &plan {
            plan.check().map_err(ControlError::Request)?;
        }
        self.node.faults.set(plan);
        Ok(())
    }
}
