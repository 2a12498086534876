//! `eth_getLogs`.

use std::sync::Arc;

use alloy_eips::BlockNumberOrTag;
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};
use jsonrpsee::types::ErrorObjectOwned;

use super::view::View;
use super::{Answer, Call, Method, error, json, shapes};
use crate::chain::Block;

pub(super) const METHODS: &[(&str, Method)] = &[("eth_getLogs", logs)];

/// Addresses or topics that one place of a filter may list, as geth limits them.
const ALTERNATIVES_MAX: usize = 1_000;

fn logs(call: &mut Call<'_>) -> Answer {
    let filter = call.arguments.required::<Filter>("filter")?;
    check(&filter)?;
    let view = call.view();
    let logs_max = view.chain().config().calls.logs;
    let mut found = Vec::new();
    for block in blocks(&view, &filter)? {
        found.extend(matching(block, &filter));
        if found.len() > logs_max {
            let message = format!("query returned more than {logs_max} results");
            return Err(error::limit(message));
        }
    }
    json(&found)
}

/// That a filter is not so long that matching it is work.
pub(crate) fn check(filter: &Filter) -> Result<(), ErrorObjectOwned> {
    let longest = filter.topics.iter().map(|topic| topic.len()).max();
    if filter.address.len().max(longest.unwrap_or_default()) > ALTERNATIVES_MAX {
        return Err(error::invalid_params(
            "exceed max addresses or topics per search position: 1000".to_owned(),
        ));
    }
    Ok(())
}

/// The blocks that a filter is about.
fn blocks<'a>(
    view: &'a View<'_>,
    filter: &Filter,
) -> Result<Vec<&'a Arc<Block>>, ErrorObjectOwned> {
    let (from, to) = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let block = view.by_hash(&hash);
            let block = block.ok_or_else(|| error::refused("unknown block"))?;
            return Ok(vec![block]);
        }
        FilterBlockOption::Range {
            from_block,
            to_block,
        } => (from_block, to_block),
    };
    let from = view.number(from.unwrap_or(BlockNumberOrTag::Latest));
    let to = view.number(to.unwrap_or(BlockNumberOrTag::Latest));
    let to = to.min(view.head().header.number);
    let blocks_max = view.chain().config().calls.log_blocks;
    if to.saturating_sub(from) >= blocks_max {
        let message = format!("query exceeds max block range {blocks_max}");
        return Err(error::limit(message));
    }
    let mut blocks = Vec::new();
    for number in from..=to {
        blocks.extend(view.by_number(number)?);
    }
    Ok(blocks)
}

/// The logs of a block that a filter asks for, its blocks aside.
pub(crate) fn matching(block: &Block, filter: &Filter) -> Vec<Log> {
    if !filter.matches_bloom(block.header.logs_bloom) {
        return Vec::new();
    }
    let logs = block.logs().filter(|(_, _, log)| filter.matches(log));
    logs.map(|(transaction, index, log)| shapes::log(block, transaction, index, log.clone()))
        .collect()
}
