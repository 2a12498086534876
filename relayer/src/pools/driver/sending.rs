//! From what is to move to an intent that a transaction manager has on disk.

use alloy_primitives::Address;
use alloy_provider::Provider;
use alloy_rpc_types_eth::TransactionRequest;
use alloy_transport::{RpcError, TransportError};
use spillway_l1::erc20;
use spillway_l1::transactions::{Request, SubmitError};

use super::{Rebalancer, RebalancerError};
use crate::pools::name;
use crate::pools::report::{Failure, Report};
use crate::pools::route::{Asset, Route};
use crate::pools::under_way::Move;

/// What is added to an estimate of gas, in per cent of it: a receiver that holds nothing any more, or code that does something else.
const GAS_MARGIN_PERCENT: u64 = 25;

/// Why there is no move.
enum Setback {
    /// L1 does not answer.
    Silent(TransportError),
    /// The manager has stopped.
    Stopped,
    /// What was to move does not.
    Failed(Failure),
}

impl From<TransportError> for Setback {
    fn from(error: TransportError) -> Self {
        match error {
            RpcError::ErrorResp(answer) => Self::Failed(Failure::WouldFail(answer.to_string())),
            other => Self::Silent(other),
        }
    }
}

impl Rebalancer {
    /// Moves that much. `price` is what L1 took at the look that decided it.
    pub(super) async fn send(
        &mut self,
        route: Route,
        amount: u128,
        price: u128,
    ) -> Result<(), RebalancerError> {
        match self.hand_over(route, amount).await {
            Ok(asked) => {
                self.pools.on_asked(asked);
                self.report(Report::Moving { asked, price }).await;
            }
            Err(Setback::Stopped) => return Err(RebalancerError::ManagerStopped(route.from)),
            Err(Setback::Silent(error)) => self.on_silence(&error).await,
            Err(Setback::Failed(failure)) => {
                let retry_at = self.pools.on_failed(route);
                self.report(Report::Failed {
                    route,
                    amount,
                    failure,
                    retry_at,
                })
                .await;
            }
        }
        Ok(())
    }

    /// Tries the move by a call on L1's head and hands it to the manager, which makes it durable before it answers.
    async fn hand_over(&self, route: Route, amount: u128) -> Result<Move, Setback> {
        // Never that of one that has failed: such a route rests until a later time.
        let time = self.pools.now();
        let manager = self.accounts.manager(route.from).ok_or(Setback::Stopped)?;
        let request = name::request(route, self.accounts.address(route.to), amount, time);
        let gas = self
            .attempt(route.asset, manager.account(), &request)
            .await?;
        let id = request.id;
        let submitted = manager.submit(request.with_gas_limit(gas)).await;
        submitted.map_err(|error| match error {
            SubmitError::Stopped => Setback::Stopped,
            other => Setback::Failed(Failure::NotTaken(other.to_string())),
        })?;
        Ok(Move {
            id,
            route,
            amount,
            time,
        })
    }

    /// The gas limit with which it would take effect.
    async fn attempt(
        &self,
        asset: Asset,
        from: Address,
        request: &Request,
    ) -> Result<u64, Setback> {
        let call = TransactionRequest::default()
            .from(from)
            .to(request.to)
            .value(request.value)
            .input(request.data.clone().into());
        if let Asset::Token(token) = asset {
            let returned = self.provider.call(call.clone()).await?;
            if !erc20::has_transferred(&returned) {
                let reason = format!("{token} does not transfer, and does not revert either");
                return Err(Setback::Failed(Failure::WouldFail(reason)));
            }
        }
        let gas = self.provider.estimate_gas(call).await?;
        let most = self.pools.config().move_gas;
        if gas > most {
            return Err(Setback::Failed(Failure::Gas(gas)));
        }
        let margin = gas.saturating_mul(GAS_MARGIN_PERCENT) / 100;
        Ok(gas.saturating_add(margin).min(most))
    }
}
