//! Where blocks come from. The node implements it over the sequencer's journal and snapshots.

use std::error::Error;
use std::fmt::Debug;

use spillway_protocol::block::BlockHeader;
use spillway_protocol::root::StateTree;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;

use crate::source::SourceBlock;

/// Why durable blocks cannot be had.
pub type JournalError = Box<dyn Error + Send + Sync>;

/// The ledger after a block.
#[derive(Debug)]
pub struct Ledger {
    /// The accounts.
    pub state: State,
    /// The trees over them.
    pub tree: StateTree,
    /// The tokens that are listed by then.
    pub tokens: TokenTable,
    /// The block's header.
    pub head: BlockHeader,
}

/// Durable blocks, and the ledger after any of them. All calls may block for as long as a replay takes.
pub trait Journal: Debug + Send + Sync + 'static {
    /// The ledger after that block; 0 is genesis.
    ///
    /// # Errors
    /// When the journal does not reach that block yet, or cannot be read.
    fn ledger_after(&self, block: u64) -> Result<Ledger, JournalError>;

    /// The blocks after that one.
    fn blocks_after(&self, block: u64) -> Box<dyn Blocks>;
}

/// Durable blocks in their order.
pub trait Blocks: Send {
    /// The next one; `None` while it is not durable. Later calls go on from there.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn next_block(&mut self) -> Result<Option<SourceBlock>, JournalError>;
}
