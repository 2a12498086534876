//! `eth_estimateGas`: what a call would mean as a transaction, what it costs, and whether the sender
//! can pay for it.
//!
//! The call is put into the bytes of a transaction and read by the code that reads those of wallets,
//! so that an estimate and a transaction cannot mean different things.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, Signature, TxKind, U64, U256};
use jsonrpsee::RpcModule;
use jsonrpsee::core::{JsonRawValue, RegisterMethodError, RpcResult};
use serde::Deserialize;
use spillway_protocol::gas;
use spillway_protocol::state::State;
use spillway_protocol::token::{ETH, TokenTable};
use spillway_protocol::transaction::{Asset, Intent, TransactionError, WalletTransaction};
use spillway_protocol::transition::Rejection;

use super::Rpc;
use super::arguments::{Argument, Arguments, BlockRef, member};
use super::error;
use crate::ordering::OrderingError;

/// Registers the method.
pub(super) fn register(module: &mut RpcModule<Rpc>) -> Result<(), RegisterMethodError> {
    module.register_method("eth_estimateGas", |params, rpc, _| {
        let mut arguments = Arguments::of(&params)?;
        let call = Call::of(&arguments.required::<CallJson>("call")?.0)?;
        arguments.optional::<BlockRef>("block")?;
        estimate(rpc, &call).map(U64::from)
    })?;
    Ok(())
}

/// A call object as text. What is read of it is looked at later, so that an error can name it.
struct CallJson(String);

impl Argument for CallJson {
    fn read(json: &str) -> Result<Self, &'static str> {
        if json.starts_with('{') {
            Ok(Self(json.to_owned()))
        } else {
            Err("expected an object")
        }
    }
}

/// The members of a call object that say what it means. Others, such as prices, nonce and gas,
/// change nothing here and are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    #[serde(borrow)]
    from: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    to: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    value: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    input: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    data: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    access_list: Option<&'a JsonRawValue>,
}

/// A call to estimate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Call {
    from: Option<Address>,
    to: Option<Address>,
    value: U256,
    data: Bytes,
}

impl Call {
    fn of(json: &str) -> RpcResult<Self> {
        let members: Members<'_> = serde_json::from_str(json)
            .map_err(|_| error::invalid_params("invalid argument 0 (call)".to_owned()))?;
        if members
            .access_list
            .is_some_and(|list| !matches!(list.get(), "[]" | "null"))
        {
            return Err(error::transaction(&TransactionError::AccessListNotEmpty));
        }
        let input: Option<Bytes> = member(members.input, "input")?;
        let data: Option<Bytes> = member(members.data, "data")?;
        if input.is_some() && data.is_some() && input != data {
            let message = "`data` and `input` differ: set one of them, `input` is the newer name";
            return Err(error::invalid_params(message.to_owned()));
        }
        Ok(Self {
            from: member(members.from, "from")?,
            to: member(members.to, "to")?,
            value: member(members.value, "value")?.unwrap_or_default(),
            data: input.or(data).unwrap_or_default(),
        })
    }

    /// What the call asks for as a transaction.
    fn intent(&self, chain_id: u64) -> Result<Intent, TransactionError> {
        let transaction = TxEip1559 {
            chain_id,
            gas_limit: u64::MAX,
            to: self.to.map_or(TxKind::Create, TxKind::Call),
            value: self.value,
            input: self.data.clone(),
            ..TxEip1559::default()
        };
        // Any signature of the right form: reading does not recover the sender.
        let signature = Signature::new(U256::ONE, U256::ONE, false);
        let raw = transaction.into_signed(signature).encoded_2718();
        Intent::of(&WalletTransaction::decode(&raw, chain_id)?)
    }
}

fn estimate(rpc: &Rpc, call: &Call) -> RpcResult<u64> {
    let intent = call.intent(rpc.view.genesis().chain_id);
    let intent = intent.map_err(|reason| error::transaction(&reason))?;
    if let Some(from) = call.from {
        let base_fee = rpc.view.base_fee();
        rpc.view
            .with_ledger(|ledger| {
                check_funds(ledger.state(), ledger.tokens(), base_fee, &from, &intent)
            })
            .map_err(|reason| error::refused(&reason))?;
    }
    Ok(gas::gas(intent.gas_kind()))
}

/// Whether the sender could do that now, in the words that it would read after sending.
fn check_funds(
    state: &State,
    tokens: &TokenTable,
    base_fee: u64,
    from: &Address,
    intent: &Intent,
) -> Result<(), OrderingError> {
    let sender = state.index_of(from);
    let held = |token| sender.map_or(0, |index| state.balance(index, token));
    let amount = amount(intent);
    let fee = gas::fee(intent.gas_kind(), base_fee);
    let cost = if intent.asset() == Asset::Eth {
        amount.saturating_add(fee)
    } else {
        fee
    };
    let balance = held(ETH);
    if balance < cost {
        return Err(OrderingError::InsufficientFunds {
            address: *from,
            balance,
            cost,
        });
    }
    if sender
        .and_then(|index| state.locked(index))
        .unwrap_or(false)
    {
        return Err(OrderingError::Rejected(Rejection::Locked));
    }
    if let Asset::Token(address) = intent.asset() {
        let token = tokens
            .id_of(&address)
            .ok_or(OrderingError::UnlistedToken(address))?;
        let balance = held(token);
        if balance == 0 {
            return Err(OrderingError::Rejected(Rejection::TokenNotHeld(token)));
        }
        if balance < amount {
            let needed = amount;
            return Err(OrderingError::Rejected(Rejection::InsufficientFunds {
                balance,
                needed,
            }));
        }
    }
    Ok(())
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
        PAYOUT_PREDEPLOY, Payee, WITHDRAW_PREDEPLOY, encode_payout_call, encode_transfer_call,
        encode_withdraw_call,
    };

    use super::*;

    const CHAIN_ID: u64 = 51_717;
    const SOMEONE: Address = Address::repeat_byte(7);

    fn call(to: Address, value: u64, data: Vec<u8>) -> Call {
        Call {
            from: None,
            to: Some(to),
            value: U256::from(value),
            data: data.into(),
        }
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
            let intent = call.intent(CHAIN_ID);
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
            (Call::default(), TransactionError::ContractCreation),
            (
                Call {
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
            assert_eq!(call.intent(CHAIN_ID), Err(want));
        }
    }

    #[test]
    fn call_objects() {
        let to = format!("\"to\":\"{SOMEONE}\"");
        let read = |json: &str| Call::of(json).map_err(|error| error.message().to_owned());
        let plain = call(SOMEONE, 0, vec![]);
        for extra in [
            "",
            r#","gas":"0x5208","nonce":"0x1","type":"0x2","maxFeePerGas":"0x1","chainId":"0xca05""#,
            r#","accessList":[],"data":null,"unknown":{"deep":[[[]]]}"#,
            r#","data":"0x","input":"0x""#,
        ] {
            assert_eq!(
                read(&format!("{{{to}{extra}}}")),
                Ok(plain.clone()),
                "{extra}"
            );
        }
        for (extra, words) in [
            (r#","value":"0x01""#, "invalid `value`"),
            (r#","from":"0x01""#, "invalid `from`"),
            (
                r#","data":"0x01","input":"0x02""#,
                "`data` and `input` differ",
            ),
            (r#","accessList":[{}]"#, "access lists are not supported"),
            (r#","to":"0x""#, "invalid argument 0"),
        ] {
            let error = read(&format!("{{{to}{extra}}}")).unwrap_err();
            assert!(error.contains(words), "{extra}: {error}");
        }
    }

    #[test]
    fn a_sender_without_an_account_cannot_pay() {
        let state = State::genesis(Address::repeat_byte(1));
        let intent = call(SOMEONE, 5, vec![]).intent(CHAIN_ID).unwrap();
        let error = check_funds(&state, &TokenTable::default(), 10, &SOMEONE, &intent);
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
