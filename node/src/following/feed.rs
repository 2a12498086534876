//! What a sequencer answers to `spillway_blocks`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use spillway_sequencer::feed::Feed;
use spillway_sequencer::replica::ReceivedBlock;

use crate::ask::Asker;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Four times what nodes answer at most unless told otherwise. What is decoded takes several times as much memory.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// How many blocks are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    One,
    /// As many as an answer holds.
    Many,
}

/// The JSON-RPC of a sequencer, or of another follower.
#[derive(Debug)]
pub(super) struct Sequencer {
    asker: Asker,
    /// The newest block that it has told of.
    newest: AtomicU64,
}

impl Sequencer {
    pub(super) fn new(url: &str) -> Self {
        Self {
            asker: Asker::new(url, TIMEOUT, ANSWER_BYTES_MAX),
            newest: AtomicU64::new(0),
        }
    }

    /// The newest block that it has told of; 0 before it was asked.
    pub(super) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Relaxed)
    }

    /// Blocks from that number on, as it tells them now; none if there are no more. Blocks the thread.
    pub(super) fn blocks(&self, from: u64, asked: Asked) -> Result<Vec<ReceivedBlock>> {
        let params = match asked {
            Asked::One => json!([from, 1]),
            Asked::Many => json!([from]),
        };
        let feed: Feed = self.asker.ask("spillway_blocks", &params)?;
        self.newest.store(feed.newest, Ordering::Relaxed);
        let first = feed.blocks.first();
        ensure!(
            first.is_none_or(|first| first.number == from),
            "block {from} was asked for, and another one came"
        );
        let blocks = feed.blocks.into_iter().map(ReceivedBlock::try_from);
        Ok(blocks.collect::<Result<_, _>>()?)
    }
}
