//! `eth_estimateGas`: what a call would mean as a transaction, what that costs, and whether it could be done now.
//!
//! The gas is the price of what the transaction means, whatever its simulation takes. Where calls find a contract, the call is simulated as
//! well, so that a wallet reads the reason before it sends what would be refused, or what would mean something else than it seems to.

use alloy_primitives::{Address, U64, U256};
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use jsonrpsee::types::Params;
use spillway_protocol::gas;
use spillway_protocol::state::State;
use spillway_protocol::token::{ETH, TokenTable};
use spillway_protocol::transaction::{Asset, Intent};
use spillway_protocol::transition::Rejection;

use super::Rpc;
use super::accounts::facade;
use super::arguments::{Arguments, BlockRef, ObjectText};
use super::call::{Request, refusal, state_overrides};
use super::error;
use super::openrpc::{Failure, Registrar, describe};
use crate::call::facades::Facade;
use crate::call::{Call, StateOverrides, intent_of};
use crate::ordering::OrderingError;

/// Registers the method.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.async_method(
        describe("eth_estimateGas", "The price of a transaction in gas.")
            .details("With `from` it checks that the transaction could be done.")
            .required("call", "CallRequest")
            .optional("block", "BlockId")
            .optional("state overrides", "StateOverrides")
            .fails(&[Failure::Refused, Failure::Reverted])
            .result("gas", "Quantity"),
        |params, rpc, _| async move { estimate(&params, &rpc).await.map(U64::from) },
    )?;
    Ok(())
}

/// The block is not looked at: a transaction comes after the newest one.
async fn estimate(params: &Params<'_>, rpc: &Rpc) -> RpcResult<u64> {
    let mut arguments = Arguments::of(params)?;
    let request = Request::of(&arguments.required("call")?)?;
    arguments.optional::<BlockRef>("block")?;
    let overrides: Option<ObjectText> = arguments.optional("state overrides")?;
    let overrides = state_overrides(&overrides.unwrap_or_default())?;

    let chain_id = rpc.view.genesis().chain_id;
    let intent = intent_of(chain_id, request.to, request.value, request.data.clone());
    let intent = intent.map_err(|reason| error::transaction(&reason))?;
    let facade = request.to.and_then(|to| facade(rpc, &to));
    if let Some(from) = request.from {
        let base_fee = rpc.view.base_fee();
        rpc.view
            .with_ledger(|ledger| {
                let sender = Sender::of(ledger.state(), &from, &overrides);
                sender.check(ledger.tokens(), base_fee, &intent, facade)
            })
            .map_err(|reason| error::refused(&reason))?;
    }
    if is_simulated(facade, request.from, &intent)? {
        simulate(rpc, request, overrides).await?;
    }
    Ok(gas::gas(intent.gas_kind()))
}

/// Whether the simulation says more than the ledger. Nobody in particular can pay for nothing, so without a sender only what could not be
/// done by anyone is simulated: what is no call of the facade, and would be a transfer of ETH with a memo.
fn is_simulated(facade: Option<Facade>, from: Option<Address>, intent: &Intent) -> RpcResult<bool> {
    match facade {
        None => Ok(false),
        Some(Facade::Multicall3) => Err(error::refused(
            "Multicall3 is for eth_call alone: sent to it, a transaction would be a transfer of ETH to an address without a key",
        )),
        Some(Facade::Token(_) | Facade::Predeploy) => {
            let is_memo = matches!(
                intent,
                Intent::Transfer {
                    asset: Asset::Eth,
                    ..
                }
            );
            Ok(from.is_some() || is_memo)
        }
    }
}

async fn simulate(rpc: &Rpc, request: Request, state: StateOverrides) -> RpcResult<()> {
    let call = Call {
        from: request.from.unwrap_or_default(),
        to: request.to,
        value: request.value,
        data: request.data,
        state,
        ..Call::default()
    };
    let outcome = rpc.calls.run(call).await;
    outcome.map(drop).map_err(|error| refusal(&error))
}

/// Who would send the transaction.
struct Sender {
    address: Address,
    /// In wei.
    balance: U256,
    locked: bool,
}

impl Sender {
    fn of(state: &State, address: &Address, overrides: &StateOverrides) -> Self {
        let index = state.index_of(address);
        let held = index.map_or(0, |index| state.balance(index, ETH));
        let overridden = overrides.get(address).and_then(|it| it.balance);
        Self {
            address: *address,
            balance: overridden.unwrap_or(U256::from(held)),
            locked: index.and_then(|index| state.locked(index)).unwrap_or(false),
        }
    }

    /// Whether it could pay now, in the words that it would read after sending. What the simulation of a facade finds is left to that.
    fn check(
        &self,
        tokens: &TokenTable,
        base_fee: u64,
        intent: &Intent,
        facade: Option<Facade>,
    ) -> Result<(), OrderingError> {
        let fee = gas::fee(intent.gas_kind(), base_fee);
        let cost = match intent.asset() {
            Asset::Eth => amount(intent).saturating_add(fee),
            Asset::Token(_) => fee,
        };
        if self.balance < U256::from(cost) {
            return Err(OrderingError::InsufficientFunds {
                address: self.address,
                balance: self.balance.saturating_to(),
                cost,
            });
        }
        if facade.is_none() && self.locked {
            return Err(OrderingError::Rejected(Rejection::Locked));
        }
        match intent.asset() {
            Asset::Token(token) if tokens.id_of(&token).is_none() => {
                Err(OrderingError::UnlistedToken(token))
            }
            _ => Ok(()),
        }
    }
}

/// All that the intent moves, in the asset's smallest unit.
fn amount(intent: &Intent) -> u128 {
    match intent {
        Intent::Transfer { amount, .. } | Intent::Withdraw { amount, .. } => *amount,
        // Reading has checked that the sum fits.
        Intent::Payout { payees, .. } => payees
            .iter()
            .fold(0u128, |sum, payee| sum.saturating_add(payee.amount)),
    }
}

#[cfg(test)]
mod tests {
    use spillway_protocol::gas::{Kind, TRANSFER_ETH, TRANSFER_TOKEN, WITHDRAW, gas};
    use spillway_protocol::transaction::{
        PAYOUT_PREDEPLOY, Payee, TransactionError, WITHDRAW_PREDEPLOY, encode_payout_call,
        encode_transfer_call, encode_withdraw_call,
    };

    use super::*;

    const CHAIN_ID: u64 = 51_717;
    const SOMEONE: Address = Address::repeat_byte(7);

    fn call(to: Address, value: u64, data: Vec<u8>) -> Request {
        Request {
            to: Some(to),
            value: U256::from(value),
            data: data.into(),
            ..Request::default()
        }
    }

    fn intent(call: &Request) -> Result<Intent, TransactionError> {
        intent_of(CHAIN_ID, call.to, call.value, call.data.clone())
    }

    #[test]
    fn a_call_costs_what_the_transaction_would() {
        let payees = [Payee {
            recipient: SOMEONE,
            amount: 5,
        }; 3];
        for (name, call, want) in [
            ("transfer", call(SOMEONE, 1, vec![]), TRANSFER_ETH),
            ("nothing to someone", call(SOMEONE, 0, vec![]), TRANSFER_ETH),
            ("memo", call(SOMEONE, 1, vec![1; 256]), TRANSFER_ETH),
            (
                "token",
                call(SOMEONE, 0, encode_transfer_call(SOMEONE, 9)),
                TRANSFER_TOKEN,
            ),
            (
                "withdrawal",
                call(WITHDRAW_PREDEPLOY, 1, encode_withdraw_call(SOMEONE)),
                WITHDRAW,
            ),
            (
                "payout",
                call(PAYOUT_PREDEPLOY, 15, encode_payout_call(&payees)),
                gas(Kind::Payout { recipients: 3 }),
            ),
        ] {
            let intent = intent(&call);
            assert_eq!(
                intent.map(|intent| gas(intent.gas_kind())),
                Ok(want),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_no_transaction_has_no_estimate() {
        for (call, want) in [
            (Request::default(), TransactionError::ContractCreation),
            (
                Request {
                    value: U256::MAX,
                    ..call(SOMEONE, 0, vec![])
                },
                TransactionError::AmountTooLarge,
            ),
            (
                call(SOMEONE, 0, vec![1; 257]),
                TransactionError::MemoTooLong(257),
            ),
            (
                call(WITHDRAW_PREDEPLOY, 1, vec![]),
                TransactionError::UnknownWithdrawCall,
            ),
            (
                call(SOMEONE, 1, encode_transfer_call(SOMEONE, 9)),
                TransactionError::ValueWithToken,
            ),
        ] {
            assert_eq!(intent(&call), Err(want));
        }
    }

    #[test]
    fn a_sender_without_an_account_cannot_pay() {
        let state = State::genesis(Address::repeat_byte(1));
        let intent = intent(&call(SOMEONE, 5, vec![])).unwrap();
        let sender = Sender::of(&state, &SOMEONE, &StateOverrides::new());
        let error = sender.check(&TokenTable::default(), 10, &intent, None);
        assert_eq!(
            error,
            Err(OrderingError::InsufficientFunds {
                address: SOMEONE,
                balance: 0,
                cost: 5 + 10 * 21_000
            })
        );
    }
}
