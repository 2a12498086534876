//! What a transaction costs now, and did.
//!
//! A transaction pays the base fee of its block, whatever it offers, and is refused when it offers less:
//! priority fees buy nothing, so they are quoted as zero.

use alloy_primitives::U256;
use alloy_rpc_types_eth::FeeHistory;
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use jsonrpsee::types::Params;
use serde_json::json;

use super::Rpc;
use super::arguments::{Arguments, BlockRef, Count, NumberRef};
use super::block_methods::find;
use super::error;
use super::openrpc::{Failure, Registrar, array, describe};
use crate::fees::{BlockFees, FEE_HISTORY_BLOCKS};

/// Percentiles that may be asked for, as in geth.
const PERCENTILES_MAX: usize = 100;

/// Registers the methods.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.method(
        describe("eth_gasPrice", "Twice the base fee, in wei a unit of gas.")
            .result("price", "Quantity"),
        |_, rpc, _| RpcResult::Ok(gas_price(rpc.view.base_fee())),
    )?;
    module.method(
        describe(
            "eth_maxPriorityFeePerGas",
            "Zero: priority fees buy nothing.",
        )
        .result("fee", "Quantity"),
        |_, _, _| RpcResult::Ok(U256::ZERO),
    )?;
    module.blocking_method(
        describe(
            "eth_feeHistory",
            "Base fees and fill of at most 1,024 blocks.",
        )
        .details("Rewards are zero.")
        .required("block count", "CountArgument")
        .required("newest block", "BlockNumberOrTag")
        .optional(
            "reward percentiles",
            array(json!({ "type": "number", "minimum": 0, "maximum": 100 })),
        )
        .fails(&[Failure::Refused])
        .result("history", "FeeHistory"),
        |params, rpc, _| fee_history(&params, &rpc),
    )?;
    Ok(())
}

/// Twice the base fee. A legacy transaction offers what it was quoted, perhaps a minute ago, and the
/// base fee may have risen since. What it offers beyond the base fee is not charged. Wallets leave the
/// same room when they set a max fee themselves.
fn gas_price(base_fee: u64) -> U256 {
    U256::from(u128::from(base_fee) * 2)
}

fn fee_history(params: &Params<'_>, rpc: &Rpc) -> RpcResult<FeeHistory> {
    let mut arguments = Arguments::of(params)?;
    let Count(count) = arguments.required("block count")?;
    let NumberRef(at) = arguments.required("newest block")?;
    let percentiles: Option<Vec<f64>> = arguments.optional("reward percentiles")?;
    check_percentiles(percentiles.as_deref().unwrap_or(&[]))?;
    let head = rpc.view.block_number();
    if let BlockRef::Number(number) = at
        && number > head
    {
        let beyond = format_args!("request beyond head block: requested {number}, head {head}");
        return Err(error::refused(&beyond));
    }
    let Some(newest) = find(&rpc.view, at)? else {
        return Ok(FeeHistory::default());
    };
    let last = BlockFees {
        number: newest.header.number,
        base_fee: newest.header.base_fee,
        transactions: newest.transaction_hashes.len(),
    };
    let first = (last.number + 1).saturating_sub(count.min(FEE_HISTORY_BLOCKS as u64));
    let (before, after) = rpc.view.with_fees(|fees| {
        let before: Vec<_> = fees
            .range(first, last.number.saturating_sub(1))
            .copied()
            .collect();
        (
            before,
            fees.range(last.number + 1, last.number + 1).next().copied(),
        )
    });
    let next_base_fee = match after {
        Some(fees) => fees.base_fee,
        None => base_fee_after(rpc, last.number)?,
    };
    let blocks = if count == 0 {
        Vec::new()
    } else {
        ending_with(last, before)
    };
    let oldest = blocks.first().map_or(last.number + 1, |fees| fees.number);
    Ok(history(
        oldest,
        &blocks,
        next_base_fee,
        rpc.config.block_transactions_max,
        percentiles.as_deref(),
    ))
}

/// The base fee of the block after that one, whose fees are not in memory: it is old, or yet to come.
fn base_fee_after(rpc: &Rpc, number: u64) -> RpcResult<u64> {
    let next = find(&rpc.view, BlockRef::Number(number + 1))?;
    Ok(next.map_or_else(|| rpc.view.base_fee(), |block| block.header.base_fee))
}

/// In geth's words.
fn check_percentiles(percentiles: &[f64]) -> RpcResult<()> {
    if percentiles.len() > PERCENTILES_MAX {
        return Err(error::invalid_params(format!(
            "invalid reward percentile: over the query limit {PERCENTILES_MAX}"
        )));
    }
    if let Some(wrong) = percentiles.iter().find(|one| !(0.0..=100.0).contains(*one)) {
        return Err(error::invalid_params(format!(
            "invalid reward percentile: {wrong}"
        )));
    }
    if let Some(pair) = percentiles.array_windows().find(|[one, next]| one >= next) {
        let [one, next] = pair;
        return Err(error::invalid_params(format!(
            "invalid reward percentile: {one} is not below {next}, which follows"
        )));
    }
    Ok(())
}

/// The block with the known ones that lead up to it without a gap: fees of old blocks, and of those
/// before a restart, are not kept.
fn ending_with(last: BlockFees, before: Vec<BlockFees>) -> Vec<BlockFees> {
    let mut blocks = vec![last];
    for fees in before.into_iter().rev() {
        if blocks
            .last()
            .is_some_and(|later| later.number != fees.number + 1)
        {
            break;
        }
        blocks.push(fees);
    }
    blocks.reverse();
    blocks
}

/// Of no blocks as well: the base fee of the next one is known then too.
fn history(
    oldest_block: u64,
    blocks: &[BlockFees],
    next_base_fee: u64,
    block_transactions_max: usize,
    percentiles: Option<&[f64]>,
) -> FeeHistory {
    let base_fees = blocks
        .iter()
        .map(|fees| fees.base_fee)
        .chain([next_base_fee]);
    let fill = |fees: &BlockFees| fees.transactions as f64 / block_transactions_max.max(1) as f64;
    let percentiles = percentiles.filter(|percentiles| !percentiles.is_empty());
    FeeHistory {
        oldest_block,
        base_fee_per_gas: base_fees.map(u128::from).collect(),
        gas_used_ratio: blocks.iter().map(fill).collect(),
        reward: percentiles.map(|percentiles| vec![vec![0; percentiles.len()]; blocks.len()]),
        ..FeeHistory::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(number: u64) -> BlockFees {
        BlockFees {
            number,
            base_fee: 100 + number,
            transactions: 8,
        }
    }

    #[test]
    fn a_quoted_price_covers_a_base_fee_that_doubles() {
        assert_eq!(gas_price(1_000_000), U256::from(2_000_000));
        assert_eq!(gas_price(u64::MAX), U256::from(u64::MAX) * U256::from(2));
    }

    #[test]
    fn history_ends_with_the_block_asked_for_and_has_no_gap() {
        let numbers = |before: &[u64], last| -> Vec<u64> {
            let before = before.iter().map(|number| block(*number)).collect();
            ending_with(block(last), before)
                .iter()
                .map(|fees| fees.number)
                .collect()
        };
        assert_eq!(numbers(&[], 9), [9]);
        assert_eq!(numbers(&[7, 8], 9), [7, 8, 9]);
        assert_eq!(numbers(&[5, 7, 8], 9), [7, 8, 9]);
        assert_eq!(numbers(&[5, 6], 9), [9]);
    }

    #[test]
    fn history_has_one_base_fee_more_and_no_rewards() {
        let history = history(7, &[block(7), block(8)], 50, 16, Some(&[20.0, 50.0, 90.0]));
        assert_eq!(history.oldest_block, 7);
        assert_eq!(history.base_fee_per_gas, [107, 108, 50]);
        assert_eq!(history.gas_used_ratio, [0.5, 0.5]);
        assert_eq!(history.reward, Some(vec![vec![0; 3]; 2]));
    }

    #[test]
    fn history_of_no_blocks_has_the_next_base_fee() {
        let history = history(9, &[], 50, 16, Some(&[20.0]));
        assert_eq!(
            (history.oldest_block, history.base_fee_per_gas),
            (9, vec![50])
        );
        assert_eq!(history.gas_used_ratio, [0.0; 0]);
        assert_eq!(history.reward, Some(Vec::new()));
    }

    #[test]
    fn rewards_are_left_out_unless_asked_for() {
        assert_eq!(history(7, &[block(7)], 50, 16, None).reward, None);
        assert_eq!(history(7, &[block(7)], 50, 16, Some(&[])).reward, None);
    }

    #[test]
    fn percentiles_rise_from_0_to_100() {
        assert!(check_percentiles(&[]).is_ok());
        assert!(check_percentiles(&[0.0, 0.5, 100.0]).is_ok());
        for wrong in [
            &[-1.0][..],
            &[101.0],
            &[50.0, 20.0],
            &[50.0, 50.0],
            &[1.0; 101],
        ] {
            let error = check_percentiles(wrong).unwrap_err();
            assert_eq!(error.code(), -32602);
            assert!(
                error.message().contains("percentile"),
                "{}",
                error.message()
            );
        }
    }
}
