//! An advance tried on L1's head before it is sent. Trying costs nothing.

use alloy_primitives::{Address, U256};
use alloy_provider::{DynProvider, Provider};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_transport::RpcError;
use spillway_l1::advances;
use spillway_l1::transactions::Request;
use spillway_protocol::token::ETH;

use crate::advances::order::Order;
use crate::advances::refusal::Refusal;

/// What it takes to try an advance.
#[derive(Debug)]
pub(super) struct Trial<'t> {
    pub(super) provider: &'t DynProvider,
    pub(super) bridge: Address,
    /// Who will pay.
    pub(super) from: Address,
    pub(super) gas_max: u64,
}

/// Why an advance is not sent.
#[derive(Debug)]
pub(super) enum TrialError {
    /// L1 would refuse it.
    Refused(Refusal),
    /// No node says.
    Unknown(String),
}

impl Trial<'_> {
    /// What would be sent for an order, by the name of that attempt.
    pub(super) fn request(&self, order: &Order, attempt: u32) -> Request {
        let data = advances::call(&order.consent, &order.signature);
        let is_eth = order.consent.withdrawal.token == ETH;
        let value = if is_eth { order.payout() } else { 0 };
        Request::call(order.intent(attempt), self.bridge, data)
            .with_value(U256::from(value))
            .with_gas_limit(self.gas_max)
    }

    /// That the bridge would take it, with the gas that it may have.
    pub(super) async fn judge(&self, order: &Order) -> Result<(), TrialError> {
        let Request { value, data, .. } = self.request(order, 0);
        let call = TransactionRequest::default()
            .from(self.from)
            .to(self.bridge)
            .value(value)
            .input(data.into())
            .gas_limit(self.gas_max);
        let error = match self.provider.call(call).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if let RpcError::ErrorResp(payload) = &error {
            if let Some(data) = payload.as_revert_data() {
                let reason = advances::refusal(&data);
                return Err(TrialError::Refused(Refusal::OnL1(reason)));
            }
            // Nodes have no code for it, and all say it in these words.
            if payload.message.contains("out of gas") {
                return Err(TrialError::Refused(Refusal::Gas(self.gas_max)));
            }
        }
        Err(TrialError::Unknown(format!("L1 does not answer: {error}")))
    }
}
