//! Calls of contracts on their way: tried on L1's head, then handed to the transaction manager.

use alloy_primitives::{Address, Bytes, U256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_transport::{RpcError, TransportError};
use spillway_l1::encoding::disputes::{Refusal, refusal};
use spillway_l1::transactions::{
    GAS_LIMIT_MAX, IntentId, Request, SubmitError, TransactionManager,
};

/// What is added to an estimate of gas, in per cent of it: storage that somebody else changes in the meantime.
const GAS_MARGIN_PERCENT: u64 = 25;

/// A call of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The contract.
    pub to: Address,
    /// What is called.
    pub calldata: Bytes,
    /// Wei that go with it.
    pub value: U256,
}

/// Why a call is not on its way.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// L1 does not answer.
    #[error("L1 does not answer: {0}")]
    Rpc(#[from] TransportError),
    /// L1 would revert it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The transaction manager does not take it.
    #[error("the transaction manager does not take it: {0}")]
    Submit(#[from] SubmitError),
}

/// The way of calls from one account. A handle, of which there can be many.
#[derive(Clone, Debug)]
pub struct Calls {
    pub(super) l1: DynProvider,
    pub(super) manager: TransactionManager,
}

impl Calls {
    /// The account.
    #[must_use]
    pub fn account(&self) -> Address {
        self.manager.account()
    }

    /// The connection to L1.
    #[must_use]
    pub const fn l1(&self) -> &DynProvider {
        &self.l1
    }

    /// Whether the manager knows the intent already, from before a crash perhaps. What was asked for then is asked for again,
    /// which changes nothing but that its end, if it has ended, is reported again.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn is_known(&self, id: IntentId) -> Result<bool, SubmitError> {
        let known = self.manager.requests().await?;
        let Some(known) = known.into_iter().find(|known| known.id == id) else {
            return Ok(false);
        };
        self.manager.submit(known).await?;
        Ok(true)
    }

    /// Tries the call on L1's head, and hands it to the manager.
    ///
    /// # Errors
    /// [`CallError`]. Nothing is sent then.
    pub async fn submit(&self, id: IntentId, call: Call) -> Result<(), CallError> {
        let gas_limit = self.attempt(&call).await?;
        let request = Request::call(id, call.to, call.calldata)
            .with_value(call.value)
            .with_gas_limit(gas_limit);
        Ok(self.manager.submit(request).await?)
    }

    /// Tries the call. Answers the gas limit with which to send it.
    async fn attempt(&self, call: &Call) -> Result<u64, CallError> {
        let request = TransactionRequest::default()
            .from(self.account())
            .to(call.to)
            .value(call.value)
            .input(call.calldata.clone().into());
        let tried = self.l1.call(request.clone().gas_limit(GAS_LIMIT_MAX)).await;
        tried.map_err(error)?;
        let gas = self.l1.estimate_gas(request).await.map_err(error)?;
        let with_margin = gas.saturating_add(gas.saturating_mul(GAS_MARGIN_PERCENT) / 100);
        Ok(with_margin.min(GAS_LIMIT_MAX))
    }
}

/// A node that answers with a revert has executed the call; anything else says nothing about it.
fn error(error: TransportError) -> CallError {
    let revert = match &error {
        RpcError::ErrorResp(payload) => payload.as_revert_data(),
        _ => None,
    };
    match revert {
        Some(data) => CallError::Refused(refusal(&data)),
        None => CallError::Rpc(error),
    }
}
