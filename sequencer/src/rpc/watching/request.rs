//! What a client wants to follow.

use alloy_primitives::Address;
use jsonrpsee::core::{JsonRawValue, RpcResult};
use jsonrpsee::types::Params;
use serde::Deserialize;

use super::super::arguments::{Argument, Arguments, ObjectText, member};
use super::super::error;
use super::message::Position;

/// Accounts of one stream.
pub(in super::super) const ACCOUNTS_MAX: usize = 64;

/// What a client wants to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Without repetitions, and not too many.
    pub(super) accounts: Vec<Address>,
    /// The last message that it has seen.
    pub(super) since: Option<Position>,
}

impl Request {
    pub(super) fn new(accounts: Vec<Address>, since: Option<Position>) -> Result<Self, String> {
        if !(1..=ACCOUNTS_MAX).contains(&accounts.len()) {
            return Err(format!("1 to {ACCOUNTS_MAX} accounts can be followed"));
        }
        let mut distinct: Vec<Address> = Vec::new();
        for account in accounts {
            if !distinct.contains(&account) {
                distinct.push(account);
            }
        }
        Ok(Self {
            accounts: distinct,
            since,
        })
    }

    /// The arguments of `spillway_subscribe`.
    pub(super) fn of_params(params: &Params<'_>) -> RpcResult<Self> {
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(borrow)]
            accounts: Option<&'a JsonRawValue>,
            #[serde(borrow)]
            since: Option<&'a JsonRawValue>,
        }
        let mut arguments = Arguments::of(params)?;
        let kind: String = arguments.required("kind")?;
        if kind != "accounts" {
            let problem = "no such subscription: accounts is served";
            return Err(error::invalid_params(problem.to_owned()));
        }
        let ObjectText(text) = arguments.required("what to follow")?;
        let members: Members<'_> = serde_json::from_str(&text)
            .map_err(|_| error::invalid_params("expected an object with `accounts`".to_owned()))?;
        let accounts = member::<Accounts>(members.accounts, "accounts")?;
        let Accounts(accounts) = accounts
            .ok_or_else(|| error::invalid_params("`accounts` is missing: addresses".to_owned()))?;
        let since = member(members.since, "since")?;
        Self::new(accounts, since).map_err(error::invalid_params)
    }
}

/// Addresses, of which no more are read than can be followed.
struct Accounts(Vec<Address>);

impl Argument for Accounts {
    fn read(json: &str) -> Result<Self, &'static str> {
        let values: Vec<&JsonRawValue> =
            serde_json::from_str(json).map_err(|_| "expected an array of addresses")?;
        let read = values.into_iter().take(ACCOUNTS_MAX + 1);
        let accounts: Result<Vec<_>, _> = read.map(|value| Address::read(value.get())).collect();
        accounts.map(Self)
    }
}
