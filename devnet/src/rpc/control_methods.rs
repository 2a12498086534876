//! The controls as methods under `devnet_`. Numbers are JSON numbers or hex quantities.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, Bytes, U64, U128, U256};
use jsonrpsee::types::ErrorObjectOwned;
use serde::Deserialize;
use serde_json::json as value;

use super::arguments::Count;
use super::{Answer, Call, Method, error, json, shapes};
use crate::chain::Dropped;
use crate::controls::Controls;
use crate::faults::FaultPlan;
use crate::node::ControlError;

pub(super) const METHODS: &[(&str, Method)] = &[
    ("devnet_mine", mine),
    ("devnet_setBlockTime", set_block_time),
    ("devnet_warp", warp),
    ("devnet_reorg", reorg),
    ("devnet_setBaseFee", set_base_fee),
    ("devnet_setBlobBaseFee", set_blob_base_fee),
    ("devnet_setBalance", set_balance),
    ("devnet_setCode", set_code),
    ("devnet_setFaults", set_faults),
    ("devnet_status", status),
];

impl Call<'_> {
    fn controls(&self) -> Controls {
        Controls::new(Arc::clone(self.node))
    }
}

fn done<T>(result: Result<T, ControlError>) -> Result<T, ErrorObjectOwned> {
    result.map_err(|reason| error::control(&reason))
}

/// `[count = 1]` -> the header of the last block.
fn mine(call: &mut Call<'_>) -> Answer {
    let count = call.arguments.optional("count")?.unwrap_or(Count(1));
    let block = done(call.controls().mine(count.0))?;
    json(&shapes::header(&block))
}

/// `[milliseconds or null]`
fn set_block_time(call: &mut Call<'_>) -> Answer {
    let interval = call.arguments.optional::<Count>("milliseconds")?;
    let interval = interval.map(|Count(ms)| Duration::from_millis(ms));
    done(call.controls().set_block_time(interval))?;
    json(&true)
}

/// `[seconds]`
fn warp(call: &mut Call<'_>) -> Answer {
    let Count(seconds) = call.arguments.required("seconds")?;
    call.controls().warp(seconds);
    json(&true)
}

/// What becomes of the transactions of dropped blocks.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Fate {
    Keep,
    Drop,
}

/// `[depth, "keep" or "drop" = "keep"]` -> the header of the new head.
fn reorg(call: &mut Call<'_>) -> Answer {
    let Count(depth) = call.arguments.required("depth")?;
    let fate = match call.arguments.optional("transactions")? {
        None | Some(Fate::Keep) => Dropped::Repooled,
        Some(Fate::Drop) => Dropped::Lost,
    };
    let depth = usize::try_from(depth).unwrap_or(usize::MAX);
    let reorg = done(call.controls().reorg(depth, fate))?;
    json(&reorg.added.last().map(|block| shapes::header(block)))
}

/// `[wei per gas or null]`
fn set_base_fee(call: &mut Call<'_>) -> Answer {
    let fee = call.arguments.optional::<Count>("base fee")?;
    call.controls().set_base_fee(fee.map(|Count(fee)| fee));
    json(&true)
}

/// `[wei per blob gas or null]`
fn set_blob_base_fee(call: &mut Call<'_>) -> Answer {
    let fee = call.arguments.optional::<U128>("blob base fee")?;
    call.controls().set_blob_base_fee(fee.map(|fee| fee.to()));
    json(&true)
}

/// `[address, wei]`
fn set_balance(call: &mut Call<'_>) -> Answer {
    let address = call.arguments.required::<Address>("address")?;
    let balance = call.arguments.required::<U256>("balance")?;
    done(call.controls().set_balance(address, balance))?;
    json(&true)
}

/// `[address, code]` -> the code that was there.
fn set_code(call: &mut Call<'_>) -> Answer {
    let address = call.arguments.required::<Address>("address")?;
    let code = call.arguments.required::<Bytes>("code")?;
    json(&done(call.controls().set_code(address, code))?)
}

/// `[plan or null]`
fn set_faults(call: &mut Call<'_>) -> Answer {
    let plan = call.arguments.optional::<FaultPlan>("plan")?;
    done(call.controls().set_faults(plan))?;
    json(&true)
}

fn status(call: &mut Call<'_>) -> Answer {
    let block_time = call.controls().block_time();
    let faults = call.node.faults.active();
    let now = call.node.now();
    let view = call.view();
    let chain = view.chain();
    let (base_fee, blob_base_fee) = chain.next_fees();
    let held = chain.held_fees();
    json(&value!({
        "blockTimeMs": block_time.map(|interval| interval.as_millis() as u64),
        "time": U64::from(now),
        "nextBaseFee": U64::from(base_fee),
        "nextBlobBaseFee": U128::from(blob_base_fee),
        "baseFeeHeld": held.base_fee.is_some(),
        "blobBaseFeeHeld": held.blob_base_fee.is_some(),
        "pending": chain.pending_count(),
        "faults": faults,
        "oldestBlock": U64::from(chain.oldest_block()),
    }))
}
