//! Blocks as the sequencer makes them under a steady load: the real ordering and execution, without
//! signatures, journal and clients.

use alloy_primitives::B256;
use anyhow::{Result, ensure};
use spillway_batcher::SourceBlock;
use spillway_batcher::packer::Packer;
use spillway_protocol::block::BlockHeader;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;
use spillway_sequencer::block::Block;
use spillway_sequencer::config::{BlockConfig, QueueConfig};
use spillway_sequencer::ordering::{Now, Orderer, Outcome};
use std::time::Duration;

use crate::population::Population;

/// The time at which the load begins, in seconds since 1970: in the past, because L1 takes no batch from the
/// future.
const BEGAN_UNIX_S: u64 = 1_700_000_000;

/// The ledger before the first transfer: every account with its funds, at block 0.
#[derive(Debug)]
pub struct Start {
    /// The accounts.
    pub state: State,
    /// The trees over them.
    pub tree: StateTree,
}

impl Start {
    /// The ledger of that population.
    ///
    /// # Errors
    /// When two accounts share an address: take another seed.
    pub fn of(population: &Population) -> Result<Self> {
        let state = population.state()?;
        let tree = StateTree::build(&state, std::iter::empty())?;
        Ok(Self { state, tree })
    }

    /// A packer that begins here.
    #[must_use]
    pub fn packer(&self) -> Packer {
        Packer::new(
            self.state.clone(),
            self.tree.clone(),
            TokenTable::default(),
            BlockHeader::genesis(),
            B256::ZERO,
        )
    }
}

/// Transfers that arrive evenly.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// At least 1.
    pub transfers_per_s: u32,
}

impl Load {
    /// Transfers of a block: the fewest that take the sequencer's shortest interval between two blocks to arrive.
    #[must_use]
    pub fn block_transfers(self) -> u32 {
        let arriving = BlockConfig::default().interval_min * self.transfers_per_s;
        arriving.as_secs() as u32 + u32::from(arriving.subsec_nanos() > 0)
    }

    /// The time from one block to the next.
    #[must_use]
    pub fn block_interval(self) -> Duration {
        Duration::from_secs(self.block_transfers().into()) / self.transfers_per_s
    }
}

/// An endless stream of blocks.
pub struct Blocks {
    population: Population,
    orderer: Orderer<()>,
    load: Load,
    elapsed: Duration,
}

impl Blocks {
    /// The blocks after `start`, which must be the ledger of that population.
    #[must_use]
    pub fn new(population: Population, start: &Start, load: Load) -> Self {
        let (blocks, queues) = (BlockConfig::default(), QueueConfig::default());
        let (state, head) = (start.state.clone(), BlockHeader::genesis());
        Self {
            population,
            orderer: Orderer::new(state, TokenTable::default(), head, blocks, queues),
            load,
            elapsed: Duration::ZERO,
        }
    }

    /// The blocks of at least so many transfers.
    ///
    /// # Errors
    /// As [`Self::next_block`].
    pub fn take(&mut self, transfers: usize) -> Result<Vec<SourceBlock>> {
        let count = transfers.div_ceil(self.load.block_transfers() as usize);
        (0..count).map(|_| self.next_block()).collect()
    }

    /// The next block.
    ///
    /// # Errors
    /// When a transfer is not executed, which is a fault of the population.
    pub fn next_block(&mut self) -> Result<SourceBlock> {
        self.elapsed += self.load.block_interval();
        let now = Now {
            elapsed: self.elapsed,
            unix: BEGAN_UNIX_S + self.elapsed.as_secs(),
        };
        let count = self.load.block_transfers() as usize;
        for transfer in self.population.transfers(count) {
            let (outcome, _) = self.orderer.submit(now, transfer, ());
            ensure!(
                outcome == Outcome::Executed,
                "a transfer came to {outcome:?}"
            );
        }
        let block = self.orderer.seal(now)?.block;
        self.orderer.durable(block.header.number);
        Ok(source(&block))
    }
}

fn source(block: &Block) -> SourceBlock {
    SourceBlock {
        header: block.header,
        operations: block.body.operations.clone(),
        messages: block.body.messages.clone(),
        listings: Vec::new(),
        transaction_hashes: block.transaction_hashes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_what_arrives_between_two() {
        for (transfers_per_s, block_transfers, micros) in [
            (1, 1, 1_000_000),
            (100, 1, 10_000),
            (250, 2, 8_000),
            (1_000, 5, 5_000),
            (10_000, 50, 5_000),
        ] {
            let load = Load { transfers_per_s };
            assert_eq!(load.block_transfers(), block_transfers);
            assert_eq!(load.block_interval(), Duration::from_micros(micros));
        }
    }
}
