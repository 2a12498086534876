//! Searches of what blocks did: bounded in results, in blocks that are read and in time, and few at a time, so that no query
//! costs those who send transactions.

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_rpc_types_eth::Log;
use jsonrpsee::core::RpcResult;
use jsonrpsee::types::ErrorObjectOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::block_methods::read_failed;
use super::super::error;
use super::super::ethereum::block_log;
use super::criteria::Criteria;
use crate::block::Block;
use crate::view::View;

/// What one search may cost.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct SearchLimits {
    /// Logs, or entries of a history.
    pub(in super::super) results: usize,
    /// Blocks that are read.
    pub(in super::super) blocks: u64,
    /// Time.
    pub(in super::super) time: Duration,
}

/// Lets a few searches run at a time; so many more may wait. Clones are the same.
#[derive(Clone, Debug)]
pub(in super::super) struct Searches {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// Searches that may wait for others.
const WAITING_MAX: usize = 256;

impl Searches {
    /// Half of the cores, but one at least.
    pub(in super::super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            running: Arc::new(Semaphore::new((cores / 2).max(1))),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }

    /// Runs one where it may block, after those that came before.
    pub(in super::super) async fn run<T: Send + 'static>(
        &self,
        search: impl FnOnce() -> RpcResult<T> + Send + 'static,
    ) -> RpcResult<T> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let waiting = waiting.map_err(|_| error::busy_searching())?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|reason| error::internal("waiting to search", &reason))?;
        drop(waiting);
        let result = tokio::task::spawn_blocking(move || {
            let _running: OwnedSemaphorePermit = running;
            search()
        });
        let result = result.await;
        result.map_err(|reason| error::internal("searching", &reason))?
    }
}

/// A search under way.
pub(in super::super) struct Budget {
    limits: SearchLimits,
    began: Instant,
    blocks: u64,
}

/// Which limit a search has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Exceeded {
    /// [`SearchLimits::results`].
    Results,
    /// [`SearchLimits::blocks`].
    Blocks,
    /// [`SearchLimits::time`].
    Time,
}

impl Budget {
    pub(in super::super) fn new(limits: SearchLimits) -> Self {
        Self {
            limits,
            began: Instant::now(),
            blocks: 0,
        }
    }

    /// Counts a block that is about to be read.
    pub(in super::super) fn block(&mut self) -> Result<(), Exceeded> {
        self.blocks += 1;
        if self.blocks > self.limits.blocks {
            Err(Exceeded::Blocks)
        } else if self.began.elapsed() > self.limits.time {
            Err(Exceeded::Time)
        } else {
            Ok(())
        }
    }
}

/// What a search for logs has found.
pub(in super::super) struct Found {
    /// The logs, in order.
    pub(in super::super) logs: Vec<Log>,
    /// The first block that was not searched to its end, and why; none if all were.
    pub(in super::super) stopped: Option<(u64, Exceeded)>,
}

/// The logs of blocks in a range: of whole blocks only, until a limit ends it.
pub(in super::super) fn logs(
    view: &View,
    criteria: &Criteria,
    range: &RangeInclusive<u64>,
    limits: SearchLimits,
) -> RpcResult<Found> {
    let mut budget = Budget::new(limits);
    let mut found = Found {
        logs: Vec::new(),
        stopped: None,
    };
    let mut failure = None;
    view.search(&criteria.search(), range, false, |number| {
        let stop = match budget.block() {
            Err(exceeded) => Some(exceeded),
            Ok(()) => match add_logs(view, criteria, number, &mut found.logs) {
                Err(error) => {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
                Ok(count) if found.logs.len() > limits.results => {
                    let kept = found.logs.len() - count;
                    found.logs.truncate(kept);
                    Some(Exceeded::Results)
                }
                Ok(_) => None,
            },
        };
        match stop {
            None => ControlFlow::Continue(()),
            Some(exceeded) => {
                found.stopped = Some((number, exceeded));
                ControlFlow::Break(())
            }
        }
    });
    failure.map_or(Ok(found), Err)
}

/// Adds the logs of a block, and answers how many.
fn add_logs(
    view: &View,
    criteria: &Criteria,
    number: u64,
    logs: &mut Vec<Log>,
) -> RpcResult<usize> {
    let block = view.block(number).map_err(|reason| read_failed(&reason))?;
    let before = logs.len();
    if let Some(block) = block {
        logs.extend(of_block(view, criteria, &block)?);
    }
    Ok(logs.len() - before)
}

/// The logs of one block.
pub(in super::super) fn of_block(
    view: &View,
    criteria: &Criteria,
    block: &Block,
) -> RpcResult<Vec<Log>> {
    let all = view.logs(block).map_err(|reason| read_failed(&reason))?;
    let matching = all
        .into_iter()
        .enumerate()
        .filter(|(_, found)| criteria.matches(&found.log));
    Ok(matching
        .map(|(at, found)| block_log(block, at, found))
        .collect())
}

/// Tells a client that its query was too large, and what it can ask for instead. Client libraries know the words.
pub(in super::super) fn too_large(
    range: &RangeInclusive<u64>,
    limits: SearchLimits,
    (stopped, exceeded): (u64, Exceeded),
) -> ErrorObjectOwned {
    let (first, results) = (*range.start(), limits.results);
    let advice = if stopped > first {
        format!("Try with this block range [{first:#x}, {:#x}]", stopped - 1)
    } else {
        "Name an address or a topic".to_owned()
    };
    let problem = match exceeded {
        Exceeded::Results => format!("query returned more than {results} results"),
        Exceeded::Blocks => format!(
            "block range is too large: more than {} blocks would have to be read",
            limits.blocks
        ),
        Exceeded::Time => format!(
            "query timeout exceeded: block range is too large to be searched in {} s",
            limits.time.as_secs()
        ),
    };
    error::refused(&format_args!("{problem}. {advice}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_say_what_to_ask_for() {
        let limits = SearchLimits {
            results: 10_000,
            blocks: 500,
            time: Duration::from_secs(5),
        };
        for (stopped, words) in [
            (
                (0x20, Exceeded::Results),
                "query returned more than 10000 results. Try with this block range [0x10, 0x1f].",
            ),
            (
                (0x10, Exceeded::Results),
                "query returned more than 10000 results. Name an address or a topic.",
            ),
            (
                (0x11, Exceeded::Blocks),
                "block range is too large: more than 500 blocks would have to be read. Try with this block range [0x10, 0x10].",
            ),
            (
                (0x20, Exceeded::Time),
                "query timeout exceeded: block range is too large to be searched in 5 s. Try with this block range [0x10, 0x1f].",
            ),
        ] {
            let error = too_large(&(0x10..=0x30), limits, stopped);
            assert_eq!((error.code(), error.message()), (-32000, words));
        }
    }

    #[tokio::test]
    async fn searches_beyond_what_can_wait_are_told_to_come_back() {
        let searches = Arc::new(Searches {
            running: Arc::new(Semaphore::new(1)),
            waiting: Arc::new(Semaphore::new(1)),
        });
        let held = Arc::clone(&searches.running).acquire_owned().await.unwrap();
        let waits = tokio::spawn({
            let searches = Arc::clone(&searches);
            async move { searches.run(|| Ok(7)).await }
        });
        while searches.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = searches.run(|| Ok(8)).await.unwrap_err();
        assert_eq!(refused.code(), -32005);
        drop(held);
        assert_eq!(waits.await.unwrap().unwrap(), 7);
    }
}
