//! What gas and blobs cost, now and in recent blocks.

use alloy_consensus::Transaction;
use alloy_eips::BlockNumberOrTag;
use alloy_primitives::U128;
use alloy_rpc_types_eth::FeeHistory;

use super::arguments::Count;
use super::{Answer, Call, Method, error, json};
use crate::chain::{Block, Chain};

pub(super) const METHODS: &[(&str, Method)] = &[
    ("eth_gasPrice", gas_price),
    ("eth_maxPriorityFeePerGas", tip),
    ("eth_blobBaseFee", blob_base_fee),
    ("eth_feeHistory", fee_history),
];

/// Percentiles that one call may ask for, as geth limits them.
const PERCENTILES_MAX: usize = 100;

fn gas_price(call: &mut Call<'_>) -> Answer {
    let view = call.view();
    let next = view.chain().fees_after(view.head());
    let tip = view.chain().config().suggested_tip;
    json(&U128::from(u128::from(next.base_fee) + u128::from(tip)))
}

fn tip(call: &mut Call<'_>) -> Answer {
    json(&U128::from(call.view().chain().config().suggested_tip))
}

fn blob_base_fee(call: &mut Call<'_>) -> Answer {
    let view = call.view();
    json(&U128::from(next_blob_fee(view.chain(), view.head())))
}

fn next_blob_fee(chain: &Chain, block: &Block) -> u128 {
    let next = chain.fees_after(block);
    chain.config().blobs.calc_blob_fee(next.excess_blob_gas)
}

fn fee_history(call: &mut Call<'_>) -> Answer {
    let Count(count) = call.arguments.required("block count")?;
    let newest = call
        .arguments
        .required::<BlockNumberOrTag>("newest block")?;
    let percentiles: Vec<f64> = call.arguments.optional("percentiles")?.unwrap_or_default();
    check(&percentiles)?;
    let view = call.view();
    let chain = view.chain();
    let newest = view.number(newest);
    if newest > view.head().header.number {
        return Err(error::refused("request beyond head block"));
    }
    let count = count.min(chain.config().calls.fee_history_blocks);
    let oldest = (newest + 1).saturating_sub(count).max(chain.oldest_block());
    let mut history = FeeHistory {
        oldest_block: oldest,
        reward: (!percentiles.is_empty()).then(Vec::new),
        ..FeeHistory::default()
    };
    if count == 0 {
        return json(&history);
    }
    for number in oldest..=newest {
        if let Some(block) = view.by_number(number)? {
            add(&mut history, chain, block, &percentiles);
        }
    }
    add_next(&mut history, chain, newest);
    json(&history)
}

fn check(percentiles: &[f64]) -> Result<(), jsonrpsee::types::ErrorObjectOwned> {
    let ascending = percentiles.is_sorted();
    let in_range = percentiles.iter().all(|one| (0.0..=100.0).contains(one));
    if percentiles.len() > PERCENTILES_MAX || !ascending || !in_range {
        return Err(error::refused(
            "invalid reward percentile: at most 100 of them, ascending, each from 0 to 100",
        ));
    }
    Ok(())
}

fn add(history: &mut FeeHistory, chain: &Chain, block: &Block, percentiles: &[f64]) {
    let blobs = &chain.config().blobs;
    let ratio = |used: u64, limit: u64| used as f64 / limit.max(1) as f64;
    let blob_gas = block.header.blob_gas_used.unwrap_or_default();
    let blob_fee = blobs.calc_blob_fee(block.excess_blob_gas());
    history.base_fee_per_gas.push(block.base_fee().into());
    history.base_fee_per_blob_gas.push(blob_fee);
    history
        .gas_used_ratio
        .push(ratio(block.header.gas_used, block.header.gas_limit));
    history
        .blob_gas_used_ratio
        .push(ratio(blob_gas, blobs.max_blob_gas_per_block()));
    if let Some(reward) = &mut history.reward {
        reward.push(rewards(block, percentiles));
    }
}

/// The fees of the block after the newest one, known or foreseen.
fn add_next(history: &mut FeeHistory, chain: &Chain, newest: u64) {
    let blobs = &chain.config().blobs;
    let (base_fee, blob_fee) = match (chain.block(newest + 1), chain.block(newest)) {
        (Some(next), _) => (next.base_fee(), blobs.calc_blob_fee(next.excess_blob_gas())),
        (None, Some(block)) => (
            chain.fees_after(block).base_fee,
            next_blob_fee(chain, block),
        ),
        (None, None) => return,
    };
    history.base_fee_per_gas.push(base_fee.into());
    history.base_fee_per_blob_gas.push(blob_fee);
}

/// The tips at those percentiles of a block's gas, zeros for an empty block.
fn rewards(block: &Block, percentiles: &[f64]) -> Vec<u128> {
    let base_fee = block.base_fee();
    let tip = |transaction: &dyn Transaction| transaction.effective_tip_per_gas(base_fee);
    let included = block.transactions.iter();
    let mut tips: Vec<(u128, u64)> = included
        .map(|one| (tip(&*one.transaction).unwrap_or_default(), one.gas_used))
        .collect();
    tips.sort_unstable();
    let at = |percentile: &f64| {
        let threshold = (block.header.gas_used as f64 * percentile / 100.0) as u64;
        let mut gas = 0;
        let reached = tips.iter().find(|(_, used)| {
            gas += used;
            gas >= threshold
        });
        reached.map_or(0, |(tip, _)| *tip)
    };
    percentiles.iter().map(at).collect()
}
