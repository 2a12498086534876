//! The call object, of `eth_call` and of `eth_estimateGas`.

use alloy_primitives::{Address, Bytes, U256};
use jsonrpsee::core::{JsonRawValue, RpcResult};
use serde::Deserialize;
use spillway_protocol::transaction::TransactionError;

use super::super::arguments::{ObjectText, member};
use super::super::error;

/// The members of a call object that change something. Others, such as the nonce, are ignored.
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
    gas: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    gas_price: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    max_fee_per_gas: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    max_priority_fee_per_gas: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    access_list: Option<&'a JsonRawValue>,
}

/// What is to be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Request {
    pub(in super::super) from: Option<Address>,
    pub(in super::super) to: Option<Address>,
    pub(in super::super) value: U256,
    pub(in super::super) data: Bytes,
    pub(in super::super) gas: Option<u64>,
    /// In wei a unit of gas; zero if it is not given.
    pub(in super::super) gas_price: u128,
}

impl Request {
    /// Reads a call object.
    pub(in super::super) fn of(json: &ObjectText) -> RpcResult<Self> {
        let members: Members<'_> = serde_json::from_str(&json.0)
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
            gas: member(members.gas, "gas")?,
            gas_price: gas_price(&members)?,
        })
    }
}

/// The most that is offered for gas. What is offered beyond the base fee is not charged, here as in a transaction.
fn gas_price(members: &Members<'_>) -> RpcResult<u128> {
    let price: Option<U256> = member(members.gas_price, "gasPrice")?;
    let max_fee: Option<U256> = member(members.max_fee_per_gas, "maxFeePerGas")?;
    let priority: Option<U256> = member(members.max_priority_fee_per_gas, "maxPriorityFeePerGas")?;
    if price.is_some() && (max_fee.is_some() || priority.is_some()) {
        let message = "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified";
        return Err(error::invalid_params(message.to_owned()));
    }
    let price = price.or(max_fee).unwrap_or_default();
    u128::try_from(price).map_err(|_| error::transaction(&TransactionError::FeeTooLarge))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOMEONE: Address = Address::repeat_byte(7);

    #[test]
    fn call_objects() {
        let to = format!("\"to\":\"{SOMEONE}\"");
        let read = |extra: &str| {
            let json = ObjectText(format!("{{{to}{extra}}}"));
            Request::of(&json).map_err(|error| error.message().to_owned())
        };
        let plain = Request {
            to: Some(SOMEONE),
            ..Request::default()
        };
        for extra in [
            "",
            r#","nonce":"0x1","type":"0x2","chainId":"0xca05""#,
            r#","accessList":[],"data":null,"unknown":{"deep":[[[]]]}"#,
            r#","data":"0x","input":"0x""#,
        ] {
            assert_eq!(read(extra), Ok(plain.clone()), "{extra}");
        }
        let priced = Request {
            gas: Some(0x5208),
            gas_price: 9,
            ..plain
        };
        for extra in [
            r#","gas":"0x5208","maxFeePerGas":"0x9","maxPriorityFeePerGas":"0x1""#,
            r#","gas":"0x5208","gasPrice":"0x9""#,
        ] {
            assert_eq!(read(extra), Ok(priced.clone()), "{extra}");
        }
        for (extra, words) in [
            (r#","value":"0x01""#, "invalid `value`"),
            (r#","from":"0x01""#, "invalid `from`"),
            (r#","gas":"-1""#, "invalid `gas`"),
            (
                r#","gasPrice":"0x1","maxFeePerGas":"0x1""#,
                "both gasPrice and",
            ),
            (
                r#","gasPrice":"0x100000000000000000000000000000000""#,
                "beyond 128 bits",
            ),
            (
                r#","data":"0x01","input":"0x02""#,
                "`data` and `input` differ",
            ),
            (r#","accessList":[{}]"#, "access lists are not supported"),
            (r#","to":"0x""#, "invalid argument 0"),
        ] {
            let error = read(extra).unwrap_err();
            assert!(error.contains(words), "{extra}: {error}");
        }
    }
}
