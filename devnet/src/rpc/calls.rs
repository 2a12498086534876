//! Calls that leave no trace.

use alloy_primitives::U64;
use alloy_rpc_types_eth::TransactionRequest;
use serde::de::IgnoredAny;

use super::{Answer, Call, Method, error, json};

pub(super) const METHODS: &[(&str, Method)] =
    &[("eth_call", run), ("eth_estimateGas", estimate_gas)];

fn run(call: &mut Call<'_>) -> Answer {
    let request = call.arguments.required::<TransactionRequest>("call")?;
    let at = call.arguments.optional("block")?;
    refuse_overrides(call)?;
    let view = call.view();
    let outcome = view.chain().call(request, view.required(at)?);
    json(&outcome.map_err(|reason| error::call(&reason))?.output)
}

fn estimate_gas(call: &mut Call<'_>) -> Answer {
    let request = call.arguments.required::<TransactionRequest>("call")?;
    let at = call.arguments.optional("block")?;
    refuse_overrides(call)?;
    let view = call.view();
    let gas = view.chain().estimate_gas(request, view.required(at)?);
    json(&U64::from(gas.map_err(|reason| error::call(&reason))?))
}

/// Ignoring them would answer another question than the one that was asked.
fn refuse_overrides(call: &mut Call<'_>) -> Result<(), jsonrpsee::types::ErrorObjectOwned> {
    for name in ["state overrides", "block overrides"] {
        if call.arguments.optional::<IgnoredAny>(name)?.is_some() {
            return Err(error::invalid_params(format!("{name} are not supported")));
        }
    }
    Ok(())
}
