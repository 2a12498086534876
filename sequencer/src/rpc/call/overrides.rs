//! State and block overrides, as geth takes them.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, B256, Bytes, U256};
use jsonrpsee::core::{JsonRawValue, RpcResult};
use jsonrpsee::types::ErrorObjectOwned;
use revm::bytecode::Bytecode;
use serde::Deserialize;

use super::super::arguments::{Argument, ObjectText, Word, member};
use super::super::error;
use crate::call::{AccountOverride, BlockOverrides, StateOverrides};

/// Accounts that a call overrides, at most.
const ACCOUNTS_MAX: usize = 256;
/// Slots that a call overrides in all, at most.
const SLOTS_MAX: usize = 4_096;
/// Bytes of an overridden code, at most: what a contract's constructor may have on L1.
const CODE_BYTES_MAX: usize = 49_152;

/// A JSON object's members, each as text.
type Object<'a> = BTreeMap<String, &'a JsonRawValue>;

/// Reads state overrides, an object with an account's overrides by its address, within the limits.
pub(in super::super) fn state_overrides(json: &ObjectText) -> RpcResult<StateOverrides> {
    let accounts = object(&json.0, "state overrides")?;
    if accounts.len() > ACCOUNTS_MAX {
        return Err(too_many("accounts", accounts.len(), ACCOUNTS_MAX));
    }
    let mut slots_left = SLOTS_MAX;
    accounts
        .iter()
        .map(|(address, json)| {
            let address = key(address, "address")?;
            Ok((address, account(json.get(), &mut slots_left)?))
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccountMembers<'a> {
    #[serde(borrow)]
    balance: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    nonce: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    code: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    state: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    state_diff: Option<&'a JsonRawValue>,
}

fn account(json: &str, slots_left: &mut usize) -> RpcResult<AccountOverride> {
    let members: AccountMembers<'_> = serde_json::from_str(json).map_err(|_| {
        let message =
            "invalid state override: balance, nonce, code, and state or stateDiff are supported";
        error::invalid_params(message.to_owned())
    })?;
    let code: Option<Bytes> = member(members.code, "code")?;
    let state = members.state.filter(|json| json.get() != "null");
    let diff = members.state_diff.filter(|json| json.get() != "null");
    if state.is_some() && diff.is_some() {
        let message = "a state override has both `state` and `stateDiff`: set one of them";
        return Err(error::invalid_params(message.to_owned()));
    }
    let slots = state.or(diff).map(|json| slots(json.get(), slots_left));
    Ok(AccountOverride {
        balance: member(members.balance, "balance")?,
        nonce: member(members.nonce, "nonce")?,
        code: code.map(bytecode).transpose()?,
        replaces_storage: state.is_some(),
        slots: slots.transpose()?.unwrap_or_default(),
    })
}

fn bytecode(code: Bytes) -> RpcResult<Bytecode> {
    if code.len() > CODE_BYTES_MAX {
        return Err(too_many("bytes of code", code.len(), CODE_BYTES_MAX));
    }
    Bytecode::new_raw_checked(code)
        .map_err(|_| error::invalid_params("invalid `code`: it begins with 0xef".to_owned()))
}

fn slots(json: &str, left: &mut usize) -> RpcResult<HashMap<U256, U256>> {
    let slots: Object<'_> = object(json, "slots of a state override")?;
    *left = left
        .checked_sub(slots.len())
        .ok_or_else(|| too_many("slots", slots.len(), SLOTS_MAX))?;
    slots
        .iter()
        .map(|(slot, value)| {
            let Word(slot) = key(slot, "slot")?;
            let value: Option<Word> = member(Some(*value), "slot")?;
            Ok((slot, value.map_or(U256::ZERO, |word| word.0)))
        })
        .collect()
}

fn object<'a>(json: &'a str, what: &str) -> RpcResult<Object<'a>> {
    serde_json::from_str(json)
        .map_err(|_| error::invalid_params(format!("invalid {what}: expected an object")))
}

/// A member's name, read as if it were a value. Names that need an escape are none of ours.
fn key<T: Argument>(name: &str, what: &str) -> RpcResult<T> {
    T::read(&format!("\"{name}\"")).map_err(|problem| {
        error::invalid_params(format!("invalid {what} in state overrides: {problem}"))
    })
}

fn too_many(what: &str, have: usize, max: usize) -> ErrorObjectOwned {
    error::invalid_params(format!(
        "state overrides have {have} {what}, at most {max} are allowed in a call"
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BlockMembers<'a> {
    #[serde(borrow)]
    number: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    time: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    gas_limit: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    fee_recipient: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    prev_randao: Option<&'a JsonRawValue>,
    #[serde(borrow)]
    base_fee_per_gas: Option<&'a JsonRawValue>,
}

/// Reads block overrides.
pub(in super::super) fn block_overrides(json: &ObjectText) -> RpcResult<BlockOverrides> {
    let members: BlockMembers<'_> = serde_json::from_str(&json.0).map_err(|_| {
        let message = "invalid block overrides: number, time, gasLimit, feeRecipient, prevRandao \
                       and baseFeePerGas are supported";
        error::invalid_params(message.to_owned())
    })?;
    Ok(BlockOverrides {
        number: member(members.number, "number")?,
        time: member(members.time, "time")?,
        gas_limit: member(members.gas_limit, "gasLimit")?,
        fee_recipient: member::<Address>(members.fee_recipient, "feeRecipient")?,
        prev_randao: member::<B256>(members.prev_randao, "prevRandao")?,
        base_fee: member(members.base_fee_per_gas, "baseFeePerGas")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOMEONE: Address = Address::repeat_byte(7);

    fn state(account: &str) -> Result<AccountOverride, String> {
        let json = ObjectText(format!("{{\"{SOMEONE}\":{account}}}"));
        let read = state_overrides(&json).map_err(|error| error.message().to_owned())?;
        Ok(read[&SOMEONE].clone())
    }

    #[test]
    fn state_overrides_are_read() {
        let read = state(r#"{"balance":"0x5","nonce":"0x1","code":"0x00"}"#).unwrap();
        assert_eq!((read.balance, read.nonce), (Some(U256::from(5)), Some(1)));
        assert!(read.code.is_some() && !read.replaces_storage);
        let word = B256::with_last_byte(9);
        let slots = format!("{{\"0x1\":\"{word}\",\"{word}\":\"0x2\"}}");
        for (name, replaces) in [("state", true), ("stateDiff", false)] {
            let read = state(&format!("{{\"{name}\":{slots}}}")).unwrap();
            assert_eq!(read.replaces_storage, replaces);
            assert_eq!(read.slots[&U256::from(1)], U256::from(9));
            assert_eq!(read.slots[&U256::from(9)], U256::from(2));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let code = format!("{{\"code\":\"0x{}\"}}", "00".repeat(CODE_BYTES_MAX + 1));
        let slots: Vec<_> = (1..=SLOTS_MAX + 1)
            .map(|slot| format!("\"{slot:#x}\":\"0x1\""))
            .collect();
        let slots = format!("{{\"stateDiff\":{{{}}}}}", slots.join(","));
        for (account, words) in [
            (r#"{"balance":5}"#, "invalid `balance`"),
            (r#"{"code":"0xef0100"}"#, "begins with 0xef"),
            (r#"{"state":{},"stateDiff":{}}"#, "both `state` and"),
            (r#"{"movePrecompileToAddress":"0x1"}"#, "are supported"),
            (r#"{"state":{"x":"0x1"}}"#, "invalid slot"),
            (r#"{"state":{"0x1":1}}"#, "invalid `slot`"),
            ("[]", "are supported"),
            (&code, "at most 49152"),
            (&slots, "at most 4096"),
        ] {
            let error = state(account).unwrap_err();
            assert!(error.contains(words), "{account:.99}: {error}");
        }
        let accounts: Vec<_> = (0..=ACCOUNTS_MAX)
            .map(|n| format!("\"{}\":{{}}", Address::left_padding_from(&n.to_be_bytes())))
            .collect();
        let accounts = ObjectText(format!("{{{}}}", accounts.join(",")));
        let error = state_overrides(&accounts).unwrap_err();
        assert!(error.message().contains("at most 256"));
    }

    #[test]
    fn block_overrides_are_read() {
        let json = r#"{"number":"0x7","time":"0x8","baseFeePerGas":"0x9"}"#;
        let read = block_overrides(&ObjectText(json.to_owned())).unwrap();
        assert_eq!(read.number, Some(U256::from(7)));
        assert_eq!((read.time, read.base_fee), (Some(8), Some(9)));
        let unknown = ObjectText(r#"{"withdrawals":[]}"#.to_owned());
        let error = block_overrides(&unknown).unwrap_err();
        assert!(error.message().contains("are supported"));
    }
}
