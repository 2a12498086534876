//! `eth_getLogs`, and the filters that clients poll.

pub(super) mod criteria;
pub(super) mod filters;
pub(super) mod query;

use std::ops::RangeInclusive;
use std::sync::Arc;

use alloy_rpc_types_eth::Log;
use jsonrpsee::core::{RegisterMethodError, RpcResult};

use super::arguments::{Arguments, BlockRef};
use super::block_methods::find;
use super::openrpc::{Failure, Registrar, array, describe};
use super::{Rpc, error};

use criteria::{Blocks, Criteria, LogFilter};
use query::SearchLimits;

/// Registers the methods.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.async_method(
        describe("eth_getLogs", "The logs that a filter selects.")
            .details(
                "At most 10,000, from at most 10,000 blocks, in at most 5 s; beyond that \
                 the error says what to ask for.",
            )
            .required("filter", "LogFilter")
            .fails(&[Failure::Refused, Failure::TooLarge])
            .result("logs", array("Log")),
        |params, rpc, _| async move {
            let filter = Arguments::of(&params)?.required("filter")?;
            get(rpc, filter).await
        },
    )?;
    filters::register(module)
}

/// The logs that a filter object asks for.
async fn get(rpc: Arc<Rpc>, filter: LogFilter) -> RpcResult<Vec<Log>> {
    let searching = Arc::clone(&rpc);
    let search = move || search(&rpc, &filter);
    searching.searches.run(search).await
}

fn search(rpc: &Rpc, LogFilter { blocks, criteria }: &LogFilter) -> RpcResult<Vec<Log>> {
    match blocks {
        Blocks::Hash(hash) => {
            let block = find(&rpc.view, BlockRef::Hash(*hash))?;
            let block = block.ok_or_else(|| error::refused("unknown block"))?;
            let number = block.header.number;
            let logs = query::of_block(&rpc.view, criteria, &block)?;
            within(rpc.limits(), &(number..=number), logs)
        }
        Blocks::Range(from, to) => {
            let (first, last) = (number(rpc, *from), number(rpc, *to));
            if first > last {
                return Err(error::invalid_params(
                    "invalid block range params".to_owned(),
                ));
            }
            whole(rpc, criteria, &(first..=last))
        }
    }
}

/// All logs of a range, or an error when they are too many.
fn whole(rpc: &Rpc, criteria: &Criteria, range: &RangeInclusive<u64>) -> RpcResult<Vec<Log>> {
    let limits = rpc.limits();
    let found = query::logs(&rpc.view, criteria, range, limits)?;
    match found.stopped {
        None => Ok(found.logs),
        Some(stopped) => Err(query::too_large(range, limits, stopped)),
    }
}

/// The logs of one block, which cannot be asked for in parts.
fn within(
    limits: SearchLimits,
    range: &RangeInclusive<u64>,
    logs: Vec<Log>,
) -> RpcResult<Vec<Log>> {
    if logs.len() > limits.results {
        let stopped = (*range.start(), query::Exceeded::Results);
        return Err(query::too_large(range, limits, stopped));
    }
    Ok(logs)
}

/// The number that a bound of a range means. It may be that of a block that is not there yet.
fn number(rpc: &Rpc, at: BlockRef) -> u64 {
    match at {
        BlockRef::Earliest => 0,
        BlockRef::Number(number) => number,
        BlockRef::Safe => rpc.view.tagged().safe,
        BlockRef::Finalized => rpc.view.tagged().finalized,
        // A bound is never a hash.
        BlockRef::Latest | BlockRef::Hash(_) => rpc.view.block_number(),
    }
}
