//! Filters: what is new since a client asked last, for those who poll. The node holds a bounded number of them, and forgets
//! one that nobody polls.
//!
//! A filter is a place in the chain: nothing is collected for it, and a poll reads the blocks since the last one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::{B256, U128};
use alloy_rpc_types_eth::Log;
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use jsonrpsee::types::ErrorObjectOwned;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::json;

use super::super::arguments::{Argument, Arguments, BlockRef};
use super::super::block_methods::read_failed;
use super::super::openrpc::{Failure, Registrar, array, describe};
use super::super::{Rpc, error};
use super::criteria::{Blocks, LogFilter};
use super::{query, search};

/// A filter that is not polled for so long is forgotten.
const UNPOLLED_MAX: Duration = Duration::from_secs(5 * 60);
/// Hashes that one poll answers before it leaves the rest to the next.
const HASHES_MAX: usize = 16_384;

/// Registers the methods.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.method(
        describe("eth_newFilter", "Makes a filter of logs, to be polled.")
            .details("It is forgotten when nobody polls it for 5 minutes.")
            .required("filter", "LogFilter")
            .fails(&[Failure::Refused])
            .result("filter id", "Quantity"),
        |params, rpc, _| {
            let filter: LogFilter = Arguments::of(&params)?.required("filter")?;
            if let Blocks::Hash(_) = filter.blocks {
                let problem = "a filter has no blockHash: call eth_getLogs";
                return Err(error::invalid_params(problem.to_owned()));
            }
            install(rpc, Kind::Logs(filter))
        },
    )?;
    module.method(
        describe(
            "eth_newBlockFilter",
            "Makes a filter of the hashes of blocks, to be polled.",
        )
        .fails(&[Failure::Refused])
        .result("filter id", "Quantity"),
        |_, rpc, _| install(rpc, Kind::Blocks),
    )?;
    module.method(
        describe(
            "eth_newPendingTransactionFilter",
            "Makes a filter of the hashes of transactions that have become durable, \
             to be polled.",
        )
        .fails(&[Failure::Refused])
        .result("filter id", "Quantity"),
        |_, rpc, _| install(rpc, Kind::Transactions),
    )?;
    register_polls(module)
}

/// Registers what is done with a filter that is there.
fn register_polls(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.method(
        describe(
            "eth_uninstallFilter",
            "Forgets a filter, and tells whether there was one.",
        )
        .required("filter id", "Quantity")
        .result("was there", json!({ "type": "boolean" })),
        |params, rpc, _| {
            let id: Id = Arguments::of(&params)?.required("filter id")?;
            RpcResult::Ok(rpc.filters.remove(id))
        },
    )?;
    module.async_method(
        describe(
            "eth_getFilterChanges",
            "What has come since the last poll of a filter.",
        )
        .details("At most 10,000 logs or 16,384 hashes; the next poll goes on.")
        .required("filter id", "Quantity")
        .fails(&[Failure::Refused, Failure::TooLarge])
        .result("changes", "FilterChanges"),
        |params, rpc, _| async move {
            let id: Id = Arguments::of(&params)?.required("filter id")?;
            let filter = rpc.filters.poll(id, Instant::now())?;
            let searching = Arc::clone(&rpc);
            let changes = move || changes(&rpc, &mut filter.lock());
            searching.searches.run(changes).await
        },
    )?;
    module.async_method(
        describe(
            "eth_getFilterLogs",
            "All logs that a filter of logs selects, as eth_getLogs answers them.",
        )
        .required("filter id", "Quantity")
        .fails(&[Failure::Refused, Failure::TooLarge])
        .result("logs", array("Log")),
        |params, rpc, _| async move {
            let id: Id = Arguments::of(&params)?.required("filter id")?;
            let filter = rpc.filters.poll(id, Instant::now())?;
            let Kind::Logs(filter) = filter.lock().kind.clone() else {
                return Err(error::refused("filter not found: it is none of logs"));
            };
            let searching = Arc::clone(&rpc);
            searching.searches.run(move || search(&rpc, &filter)).await
        },
    )?;
    Ok(())
}

/// A filter's id: random, so that nobody polls, and thereby empties, another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
struct Id(U128);

impl Argument for Id {
    fn read(json: &str) -> Result<Self, &'static str> {
        let value = alloy_primitives::U256::read(json)?;
        // No filter has a longer one.
        let id = u128::try_from(value).map_err(|_| "no such filter id")?;
        Ok(Self(U128::from(id)))
    }
}

/// What a filter looks for.
#[derive(Clone, Debug)]
enum Kind {
    Logs(LogFilter),
    Blocks,
    Transactions,
}

#[derive(Debug)]
struct Filter {
    kind: Kind,
    /// The block from which on the next poll reads.
    next: u64,
}

#[derive(Debug)]
struct Installed {
    filter: Arc<Mutex<Filter>>,
    polled: Instant,
}

/// The filters of a node.
#[derive(Debug)]
pub(in super::super) struct Filters {
    installed: Mutex<HashMap<Id, Installed>>,
    max: usize,
}

impl Filters {
    /// At most so many at a time.
    pub(in super::super) fn new(max: usize) -> Self {
        Self {
            installed: Mutex::default(),
            max,
        }
    }

    fn install(&self, filter: Filter, now: Instant) -> RpcResult<Id> {
        let mut installed = self.installed.lock();
        if installed.len() >= self.max {
            installed.retain(|_, one| now.duration_since(one.polled) < UNPOLLED_MAX);
        }
        if installed.len() >= self.max {
            return Err(error::refused(&format_args!(
                "too many filters: this node holds {}, and forgets one that is not polled for {} s; uninstall some, or call eth_getLogs",
                self.max,
                UNPOLLED_MAX.as_secs()
            )));
        }
        let id = Id(U128::from(rand::random::<u128>()));
        let filter = Arc::new(Mutex::new(filter));
        let polled = now;
        installed.insert(id, Installed { filter, polled });
        Ok(id)
    }

    fn poll(&self, id: Id, now: Instant) -> RpcResult<Arc<Mutex<Filter>>> {
        let mut installed = self.installed.lock();
        if let Some(one) = installed.get_mut(&id) {
            if now.duration_since(one.polled) < UNPOLLED_MAX {
                one.polled = now;
                return Ok(Arc::clone(&one.filter));
            }
            installed.remove(&id);
        }
        Err(not_found())
    }

    fn remove(&self, id: Id) -> bool {
        self.installed.lock().remove(&id).is_some()
    }
}

/// In geth's words, by which libraries know that they have to install it again.
fn not_found() -> ErrorObjectOwned {
    error::refused("filter not found")
}

fn install(rpc: &Rpc, kind: Kind) -> RpcResult<Id> {
    let next = rpc.view.block_number() + 1;
    rpc.filters.install(Filter { kind, next }, Instant::now())
}

/// What a poll answers.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Changes {
    Logs(Vec<Log>),
    Hashes(Vec<B256>),
}

/// What is new since the last poll. Where that is too much for one answer, the next poll goes on.
fn changes(rpc: &Rpc, filter: &mut Filter) -> RpcResult<Changes> {
    let newest = rpc.view.block_number();
    let (changes, next) = match &filter.kind {
        Kind::Logs(logs) => {
            let (logs, next) = new_logs(rpc, logs, filter.next, newest)?;
            (Changes::Logs(logs), next)
        }
        Kind::Blocks => {
            let (hashes, next) = new_hashes(rpc, filter.next, newest, |block, hashes| {
                hashes.push(block.hash);
            })?;
            (Changes::Hashes(hashes), next)
        }
        Kind::Transactions => {
            let (hashes, next) = new_hashes(rpc, filter.next, newest, |block, hashes| {
                hashes.extend_from_slice(&block.transaction_hashes);
            })?;
            (Changes::Hashes(hashes), next)
        }
    };
    filter.next = next;
    Ok(changes)
}

fn new_logs(
    rpc: &Rpc,
    LogFilter { blocks, criteria }: &LogFilter,
    next: u64,
    newest: u64,
) -> RpcResult<(Vec<Log>, u64)> {
    // A tag says nothing here: what is new is after every block that there was.
    let (first, last) = match *blocks {
        Blocks::Range(from, to) => (
            numbered(from).unwrap_or(next),
            numbered(to).unwrap_or(newest),
        ),
        Blocks::Hash(_) => (next, newest),
    };
    let range = first.max(next)..=last.min(newest);
    if range.is_empty() {
        return Ok((Vec::new(), newest + 1));
    }
    let limits = rpc.limits();
    let found = query::logs(&rpc.view, criteria, &range, limits)?;
    match found.stopped {
        None => Ok((found.logs, newest + 1)),
        // One block alone is too much: no poll would ever come past it.
        Some(stopped) if found.logs.is_empty() && stopped.0 == *range.start() => {
            Err(query::too_large(&range, limits, stopped))
        }
        Some((stopped, _)) => Ok((found.logs, stopped)),
    }
}

/// The number that bounds a filter, if it is given as one.
const fn numbered(bound: BlockRef) -> Option<u64> {
    match bound {
        BlockRef::Number(number) => Some(number),
        _ => None,
    }
}

/// Hashes of the blocks from one on, and the block from which on there are more.
fn new_hashes(
    rpc: &Rpc,
    next: u64,
    newest: u64,
    add: impl Fn(&crate::block::Block, &mut Vec<B256>),
) -> RpcResult<(Vec<B256>, u64)> {
    let mut hashes = Vec::new();
    for number in next..=newest {
        let block = rpc
            .view
            .block(number)
            .map_err(|reason| read_failed(&reason))?;
        let before = hashes.len();
        block.iter().for_each(|block| add(block, &mut hashes));
        if hashes.len() > HASHES_MAX && before > 0 {
            hashes.truncate(before);
            return Ok((hashes, number));
        }
        if number - next >= HASHES_MAX as u64 {
            return Ok((hashes, number + 1));
        }
    }
    Ok((hashes, newest + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter() -> Filter {
        Filter {
            kind: Kind::Blocks,
            next: 1,
        }
    }

    #[test]
    fn filters_are_bounded_and_expire_when_nobody_polls() {
        let (filters, began) = (Filters::new(2), Instant::now());
        let first = filters.install(filter(), began).unwrap();
        let later = began + UNPOLLED_MAX / 2;
        let second = filters.install(filter(), later).unwrap();
        assert_ne!(first, second);
        let full = filters.install(filter(), later).unwrap_err();
        assert!(
            full.message()
                .contains("too many filters: this node holds 2")
        );

        filters.poll(second, later).unwrap();
        let end = began + UNPOLLED_MAX;
        let third = filters.install(filter(), end).unwrap();
        assert!(filters.poll(first, end).is_err(), "forgotten for the third");
        assert!(filters.poll(second, end).is_ok());
        let gone = filters.poll(third, end + UNPOLLED_MAX).unwrap_err();
        assert_eq!((gone.code(), gone.message()), (-32000, "filter not found"));
    }

    #[test]
    fn a_filter_that_is_removed_is_gone() {
        let filters = Filters::new(1);
        let id = filters.install(filter(), Instant::now()).unwrap();
        assert!(filters.remove(id));
        assert!(!filters.remove(id));
        assert!(filters.poll(id, Instant::now()).is_err());
        assert!(Id::read(&format!("\"0x1{}\"", "0".repeat(32))).is_err());
    }
}
