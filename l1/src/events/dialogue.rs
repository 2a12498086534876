//! What the core of the reader asks, hears and yields.

use alloy_primitives::{Address, B256};
use alloy_rpc_types_eth::Log;

use crate::transactions::BlockRef;

/// Logs of which contracts and which kinds are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Contracts, at least one.
    pub addresses: Vec<Address>,
    /// First topics; none for all.
    pub topics: Vec<B256>,
}

/// A block's header, as much as is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Number and hash.
    pub block: BlockRef,
    /// The hash of the block before it.
    pub parent: B256,
    /// Seconds since 1970.
    pub timestamp: u64,
}

/// How far the chain is, by how sure that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Markers {
    /// The head.
    pub latest: BlockRef,
    /// The block that the node calls safe, if it knows one.
    pub safe: Option<u64>,
    /// The block that the node calls finalized, if it knows one.
    pub finalized: Option<u64>,
}

impl Markers {
    /// The last block that is final: by the node's word, or so many below the head, whichever is asked for.
    #[must_use]
    pub fn final_block(&self, finality: Finality) -> Option<u64> {
        match finality {
            Finality::Finalized => self.finalized,
            Finality::Safe => self.safe,
            Finality::Depth(depth) => self.latest.number.checked_sub(depth),
        }
    }
}

/// When a block counts as final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finality {
    /// When the node says so: about 13 minutes.
    Finalized,
    /// When the node calls it safe: about 6 minutes.
    Safe,
    /// When so many blocks follow it.
    Depth(u64),
}

/// A block that was read. If its number is not the last one's plus one, those in between hold no logs.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Number, hash, parent and time.
    pub header: Header,
    /// Its logs that pass the filter, in their order.
    pub logs: Vec<Log>,
}

/// What a reader yields.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// The next block.
    Block(Block),
    /// The blocks after this one are no longer part of the chain. None if no block that was read is.
    Rollback {
        /// The last block that still is.
        to: Option<BlockRef>,
    },
}

/// What the core wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The markers.
    Markers,
    /// The header at that number.
    Header(u64),
    /// The logs of that block.
    LogsOf(BlockRef),
    /// The logs of a range, both ends included.
    LogsIn(u64, u64),
}

/// What a node says.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To [`Question::Markers`].
    Markers(Markers),
    /// To [`Question::Header`]; none if there is no such block.
    Header(Option<Header>),
    /// To the questions for logs.
    Logs(Vec<Log>),
    /// The node does not answer that question: it does not know the block, or the range is too large for it.
    Refused,
}

/// What to do after an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Ask on.
    Continue,
    /// Hand these out, then ask on. Never empty.
    Items(Vec<Item>),
    /// There is nothing new: wait a while, then ask on.
    AtHead,
    /// The node contradicts itself or lacks what it should have: wait a while, then ask on.
    Inconsistent(&'static str),
}

/// The chain has forked before everything that the cursor remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the L1 chain differs from everything that was read of it: it has forked deeper than is ever followed, or this is \
     another chain. Check the L1 URLs; if they are right, start again from the deployment"
)]
pub struct ForkedTooDeep;
