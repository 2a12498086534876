//! What a development chain begins with, as an L1 would say it: a token is listed, then deposits arrive.
//!
//! The messages are a list that never changes, so a chain that was stopped anywhere in it goes on with the
//! rest: how many it has consumed is part of its state.

use alloy_primitives::{Address, address};
use anyhow::{Result, ensure};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::token::{ETH, TokenId, TokenTable};
use spillway_sequencer::block::Listing;
use spillway_sequencer::lanes::L1Event;

/// Wei of each account at first: 1,000 ETH.
const ETH_EACH: u128 = 1_000 * 10u128.pow(18);

/// The test token's L1 address: that of the first contract that account 0 creates on an L1.
pub(super) const TOKEN: Address = address!("5FbDB2315678afecb367f032d93F642f64180aa3");

/// The test token's decimals.
pub(super) const TOKEN_DECIMALS: u8 = 6;

/// Units of the test token of each account at first: 1,000,000 whole ones.
const TOKEN_EACH: u128 = 1_000_000 * 10u128.pow(TOKEN_DECIMALS as u32);

/// The test token is the first to be listed.
const TOKEN_ID: TokenId = 1;

/// The deposits, in their order: for each account its ETH, then its test tokens.
fn deposits(accounts: &[Address]) -> Vec<InboxMessage> {
    let deposit = |to, token, amount| InboxMessage::Deposit {
        to,
        token,
        amount,
        lock: false,
    };
    accounts
        .iter()
        .flat_map(|to| {
            [
                deposit(*to, ETH, ETH_EACH),
                deposit(*to, TOKEN_ID, TOKEN_EACH),
            ]
        })
        .collect()
}

/// How many messages a funded chain has consumed.
pub(super) fn messages(accounts: &[Address]) -> u64 {
    deposits(accounts).len() as u64
}

/// What the chain has not seen yet, given the tokens that it lists and how many messages it has consumed.
pub(super) fn rest(
    accounts: &[Address],
    tokens: &TokenTable,
    consumed: u64,
) -> Result<Vec<L1Event>> {
    let listed = tokens.id_of(&TOKEN);
    let free = tokens.get(TOKEN_ID).is_none();
    ensure!(
        listed == Some(TOKEN_ID) || (listed.is_none() && free),
        "the chain's token {TOKEN_ID} is not the development token {TOKEN}: this is not the directory of a \
         development chain, choose another with --dir"
    );
    let listing = L1Event::Listing(Listing {
        address: TOKEN,
        decimals: TOKEN_DECIMALS,
    });
    let listing = listed.is_none().then_some(listing);
    let consumed = usize::try_from(consumed)?;
    let messages = deposits(accounts)
        .into_iter()
        .skip(consumed)
        .map(L1Event::Message);
    Ok(listing.into_iter().chain(messages).collect())
}

#[cfg(test)]
mod tests {
    use super::super::accounts;
    use super::*;

    fn addresses() -> Vec<Address> {
        accounts::funded()
            .unwrap()
            .iter()
            .map(|account| account.address)
            .collect()
    }

    fn listed() -> TokenTable {
        let mut tokens = TokenTable::default();
        tokens.list(TOKEN, TOKEN_DECIMALS).unwrap();
        tokens
    }

    #[test]
    fn the_token_has_the_address_of_account_zeros_first_contract() {
        assert_eq!(TOKEN, addresses()[0].create(0));
    }

    #[test]
    fn a_fresh_chain_gets_everything_the_listing_first() {
        let events = rest(&addresses(), &TokenTable::default(), 0).unwrap();
        assert_eq!(events.len(), 41);
        assert_eq!(
            events[0],
            L1Event::Listing(Listing {
                address: TOKEN,
                decimals: 6
            })
        );
        let L1Event::Message(InboxMessage::Deposit {
            to,
            token,
            amount,
            lock,
        }) = events[1]
        else {
            unreachable!()
        };
        assert_eq!(
            (to, token, amount, lock),
            (addresses()[0], 0, ETH_EACH, false)
        );
    }

    /// Whatever part a crash left behind, both parts together are the whole.
    #[test]
    fn an_interrupted_chain_gets_exactly_the_rest() {
        let all = rest(&addresses(), &TokenTable::default(), 0).unwrap();
        assert_eq!(rest(&addresses(), &listed(), 0).unwrap(), all[1..]);
        for consumed in 0..=40 {
            let rest = rest(&addresses(), &listed(), consumed).unwrap();
            assert_eq!(rest, all[1 + usize::try_from(consumed).unwrap()..]);
        }
        assert_eq!(messages(&addresses()), 40);
    }

    #[test]
    fn a_chain_that_has_consumed_more_gets_nothing() {
        assert_eq!(rest(&addresses(), &listed(), 41).unwrap(), []);
    }

    #[test]
    fn a_chain_with_other_tokens_is_refused() {
        let mut tokens = TokenTable::default();
        tokens.list(Address::repeat_byte(9), 18).unwrap();
        rest(&addresses(), &tokens, 0).unwrap_err();
        tokens.list(TOKEN, TOKEN_DECIMALS).unwrap();
        rest(&addresses(), &tokens, 0).unwrap_err();
    }
}
