//! What is sent, and the names of places in the chain.

use std::str::FromStr;

use alloy_primitives::{Address, B256, U128};
use jsonrpsee::core::JsonRawValue;
use serde::{Deserialize, Serialize};
use spillway_protocol::account::Account;
use spillway_protocol::token::TokenTable;

use super::super::arguments::{Argument, Count};

/// A block of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) number: u64,
    pub(super) hash: B256,
}

/// As the id of an event: `812-0x1f0a...`.
impl std::fmt::Display for Position {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.number, self.hash)
    }
}

impl FromStr for Position {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let problem = "expected the id of an event, `NUMBER-0xHASH`";
        let (number, hash) = text.split_once('-').ok_or(problem)?;
        if !hash.starts_with("0x") {
            return Err(problem);
        }
        Ok(Self {
            number: number.parse().map_err(|_| problem)?,
            hash: hash.parse().map_err(|_| problem)?,
        })
    }
}

/// As an argument: `number` and `block_hash` of a message. Whatever else is in it is ignored, so a whole message will do.
impl Argument for Position {
    fn read(json: &str) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(borrow)]
            number: &'a JsonRawValue,
            #[serde(borrow)]
            block_hash: &'a JsonRawValue,
        }
        let members: Members<'_> = serde_json::from_str(json)
            .map_err(|_| "expected an object with `number` and `block_hash`")?;
        let Count(number) = Count::read(members.number.get())?;
        let hash = B256::read(members.block_hash.get())?;
        Ok(Self { number, hash })
    }
}

/// A message of a stream.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Message {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    /// The block after which it is true.
    pub(super) number: u64,
    pub(super) block_hash: B256,
    /// Of a patch: the number of the message before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous: Option<u64>,
    /// All that are followed, or those that may have changed.
    pub(super) accounts: Vec<Holdings>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Snapshot,
    Patch,
}

impl Kind {
    /// As the type of an event.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Patch => "patch",
        }
    }
}

impl Message {
    pub(super) const fn position(&self) -> Position {
        Position {
            number: self.number,
            hash: self.block_hash,
        }
    }
}

/// What an account has; nothing, if nobody has paid it yet.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Holdings {
    address: Address,
    nonce: u64,
    locked: bool,
    eth: U128,
    tokens: Vec<Holding>,
}

#[derive(Clone, Debug, Serialize)]
struct Holding {
    /// Its address on L1.
    token: Address,
    amount: U128,
}

impl Holdings {
    pub(super) fn of(address: Address, account: Option<&Account>, tokens: &TokenTable) -> Self {
        let entries = account.map_or(&[][..], |account| account.tokens.entries());
        let held = entries.iter().filter_map(|entry| {
            Some(Holding {
                token: tokens.get(entry.token)?.address,
                amount: U128::from(entry.amount),
            })
        });
        Self {
            address,
            nonce: account.map_or(0, |account| account.nonce),
            locked: account.is_some_and(|account| account.locked),
            eth: U128::from(account.map_or(0, |account| account.eth)),
            tokens: held.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_back_and_nothing_else_is_one() {
        let position = Position {
            number: 812,
            hash: B256::repeat_byte(7),
        };
        assert_eq!(position.to_string().parse(), Ok(position));
        let json = format!(
            r#"{{"number":812,"block_hash":"{}","x":[]}}"#,
            position.hash
        );
        assert_eq!(Position::read(&json), Ok(position));
        let quantity = json.replace("812", r#""0x32c""#);
        assert_eq!(Position::read(&quantity), Ok(position));
        let hash = "7".repeat(64);
        for text in ["", "812", "812-", "812-0x", "-1-0x07", &format!("1-{hash}")] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
        for json in [
            "{}",
            "[]",
            "812",
            r#"{"number":1}"#,
            r#"{"number":-1,"block_hash":"0x"}"#,
        ] {
            assert!(Position::read(json).is_err(), "{json}");
        }
    }
}
