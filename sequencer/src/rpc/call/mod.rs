//! `eth_call`: what a call would return, run on the readers' ledger and gone.

mod answer;
mod overrides;
mod request;

use alloy_primitives::Bytes;
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use jsonrpsee::types::Params;
use spillway_protocol::gas;

use super::Rpc;
use super::accounts::{block_number, facade};
use super::arguments::{Arguments, BlockRef, ObjectText};
use super::openrpc::{Failure, Registrar, describe};
use crate::call::Call;
use crate::call::facades::Facade;

use overrides::block_overrides;

pub(super) use answer::refusal;
pub(super) use overrides::state_overrides;
pub(super) use request::Request;

/// Registers the method.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.async_method(
        describe(
            "eth_call",
            "What a call would return, on the state after the newest block.",
        )
        .details("Tokens, predeploys and Multicall3; other addresses have no code.")
        .required("call", "CallRequest")
        .optional("block", "BlockId")
        .optional("state overrides", "StateOverrides")
        .optional("block overrides", "BlockOverrides")
        .fails(&[Failure::Refused, Failure::Reverted])
        .result("output", "Data"),
        |params, rpc, _| async move { call(&params, &rpc).await },
    )?;
    Ok(())
}

async fn call(params: &Params<'_>, rpc: &Rpc) -> RpcResult<Bytes> {
    let mut arguments = Arguments::of(params)?;
    let request = Request::of(&arguments.required("call")?)?;
    let block = arguments.optional("block")?.unwrap_or(BlockRef::Latest);
    let state: Option<ObjectText> = arguments.optional("state overrides")?;
    let overrides: Option<ObjectText> = arguments.optional("block overrides")?;
    let call = Call {
        from: request.from.unwrap_or_default(),
        gas: gas(rpc, &request),
        to: request.to,
        value: request.value,
        data: request.data,
        gas_price: request.gas_price,
        at: block_number(rpc, block)?,
        state: state_overrides(&state.unwrap_or_default())?,
        block: block_overrides(&overrides.unwrap_or_default())?,
    };
    rpc.calls.run(call).await.map_err(|error| refusal(&error))
}

/// The gas that a call gets, none for as much as any. What a wallet gives a transaction is a price on this chain, and may be less than the
/// EVM takes for the same; so a call of a token or of a predeploy is not held to it.
fn gas(rpc: &Rpc, request: &Request) -> Option<u64> {
    let facade = request.to.and_then(|to| facade(rpc, &to));
    let is_price = matches!(facade, Some(Facade::Token(_) | Facade::Predeploy));
    request
        .gas
        .filter(|gas| !is_price || *gas < gas::TRANSFER_ETH)
}
