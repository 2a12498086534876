//! Where a reader is, in a form that survives it.

use std::collections::VecDeque;

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

use crate::transactions::BlockRef;

/// Links that are kept. A fork that goes further back than all of them cannot be followed.
const LINKS_MAX: usize = 512;

/// Where a reader is: the blocks that it read last, by number and hash. The owner keeps it together with what it made
/// of the events, so that both are of one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The first block that is to be read at all.
    start: u64,
    /// The last blocks that were read, ascending.
    links: VecDeque<Link>,
    /// Whether older links were let go.
    is_trimmed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    number: u64,
    hash: B256,
}

impl Cursor {
    /// Before that block, for instance the one that holds the deployment. Nothing before it is ever read.
    #[must_use]
    pub fn before(start: u64) -> Self {
        Self {
            start,
            links: VecDeque::new(),
            is_trimmed: false,
        }
    }

    /// The block that was read last.
    #[must_use]
    pub fn tip(&self) -> Option<BlockRef> {
        self.links.back().map(Link::block)
    }

    /// The number of the next block.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.links.back().map_or(self.start, |link| link.number + 1)
    }

    pub(super) fn push(&mut self, block: BlockRef) {
        self.links.push_back(Link {
            number: block.number,
            hash: block.hash,
        });
        if self.links.len() > LINKS_MAX {
            self.links.pop_front();
            self.is_trimmed = true;
        }
    }

    /// The link at that place from the end, 0 being the tip.
    pub(super) fn back(&self, place: usize) -> Option<BlockRef> {
        let index = self.links.len().checked_sub(place + 1)?;
        self.links.get(index).map(Link::block)
    }

    /// What was read in the block of that number.
    pub(super) fn at(&self, number: u64) -> Option<BlockRef> {
        let index = self
            .links
            .binary_search_by_key(&number, |link| link.number)
            .ok()?;
        self.links.get(index).map(Link::block)
    }

    /// Lets go of so many links from the end. Answers false, and changes nothing, if what is before them is not known.
    pub(super) fn roll_back(&mut self, count: usize) -> bool {
        if count >= self.links.len() && self.is_trimmed {
            return false;
        }
        self.links.truncate(self.links.len().saturating_sub(count));
        true
    }
}

impl Link {
    fn block(&self) -> BlockRef {
        BlockRef {
            number: self.number,
            hash: self.hash,
        }
    }
}
