//! What the vectors have in common: names, tokens, and the way from the crate's values to the files'.

use std::fmt::Debug;

use alloy_primitives::{Address, B256};
use spillway_protocol::account;
use spillway_protocol::keccak::keccak256;
use spillway_protocol::state;
use spillway_protocol::token::TokenTable;

use crate::schema;

pub(crate) const FEE: Address = Address::repeat_byte(0xfe);
pub(crate) const ALICE: Address = Address::repeat_byte(0xa1);
pub(crate) const BOB: Address = Address::repeat_byte(0xb0);
pub(crate) const CAROL: Address = Address::repeat_byte(0xc0);
pub(crate) const DAVE: Address = Address::repeat_byte(0xd0);
pub(crate) const ERIN: Address = Address::repeat_byte(0xe0);

/// The chain of the vectors.
pub(crate) const CHAIN_ID: u64 = 51_717;
pub(crate) const GWEI: u128 = 1_000_000_000;
pub(crate) const ETHER: u128 = GWEI * GWEI;

/// Tokens 1 to 8, enough for both places that a transfer has for a token's number.
pub(crate) fn tokens() -> TokenTable {
    let mut table = TokenTable::default();
    for (id, decimals) in (1..).zip([6, 18, 0, 8, 2, 38, 6, 18]) {
        assert_eq!(
            table.list(Address::repeat_byte(0x70 + id), decimals),
            Ok(id)
        );
    }
    table
}

pub(crate) fn token_rows() -> Vec<schema::Token> {
    (0..)
        .zip(tokens().as_slice())
        .map(|(token, listed)| schema::Token {
            address: listed.address,
            base_exponent: listed.base_exponent,
            decimals: listed.decimals,
            token,
        })
        .collect()
}

/// A hash that stands for something: the hash of its name.
pub(crate) fn hash(name: &str) -> B256 {
    keccak256(name.as_bytes())
}

pub(crate) fn account_row(account: &account::Account) -> schema::Account {
    let tokens = account.tokens.entries().iter();
    schema::Account {
        address: account.address,
        eth: account.eth,
        locked: account.locked,
        nonce: account.nonce,
        tokens: tokens
            .map(|entry| schema::TokenAmount {
                amount: entry.amount,
                token: entry.token,
            })
            .collect(),
    }
}

pub(crate) fn counters_row(counters: &state::Counters) -> schema::Counters {
    schema::Counters {
        authorised_count: counters.authorised_count,
        base_fee: counters.base_fee,
        block_number: counters.block_number,
        inbox_count: counters.inbox_count,
        timestamp: counters.timestamp,
        withdrawal_count: counters.withdrawal_count,
    }
}

/// The name of an error's variant, without what it holds.
pub(crate) fn variant(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    let end = text.find(|c: char| !c.is_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}
