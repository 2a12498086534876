//! What a development chain begins with: deposits on L1, two for each account. Which of them are there is read off L1,
//! so that a first start that was interrupted goes on with the rest.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use spillway_bridge_contracts::{Inbox, TestToken};
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::token::{ETH, TokenId};

use super::sending::Call;

/// Wei of each deposit of ETH: 1,000 ETH.
pub(super) const ETH_EACH: u128 = 1_000 * 10u128.pow(18);

/// The test token's decimals.
pub(super) const TOKEN_DECIMALS: u8 = 6;

/// Units of each deposit of test tokens: 1,000,000 whole ones.
pub(super) const TOKEN_EACH: u128 = 1_000_000 * 10u128.pow(TOKEN_DECIMALS as u32);

/// The test token is the first to be listed.
const TOKEN_ID: TokenId = 1;

/// Accounts that every development L1 funds.
const FUNDED_EVERYWHERE: usize = 10;

/// The deposits, and where each is in the inbox.
#[derive(Debug)]
pub(super) struct Deposits {
    accounts: Vec<Address>,
    /// For each account, of ETH and of tokens.
    places: Vec<[Option<u64>; 2]>,
}

/// Who pays for what an account lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Missing {
    account: Address,
    payer: Address,
    eth: bool,
    tokens: bool,
}

impl Deposits {
    /// For these accounts; none is known to be there.
    pub(super) fn new(accounts: Vec<Address>) -> Self {
        Self {
            places: vec![[None; 2]; accounts.len()],
            accounts,
        }
    }

    /// Notes a message of the inbox, which may be one of them.
    pub(super) fn note(&mut self, index: u64, message: &InboxMessage) {
        let InboxMessage::Deposit {
            to,
            token,
            amount,
            lock: false,
        } = message
        else {
            return;
        };
        let Some(account) = self.accounts.iter().position(|account| account == to) else {
            return;
        };
        let [eth, tokens] = &mut self.places[account];
        match (*token, *amount) {
            (ETH, ETH_EACH) => eth.get_or_insert(index),
            (TOKEN_ID, TOKEN_EACH) => tokens.get_or_insert(index),
            _ => return,
        };
    }

    /// Whether all are there.
    pub(super) fn are_complete(&self) -> bool {
        self.places.as_flattened().iter().all(Option::is_some)
    }

    /// Messages after which all that are there are consumed.
    pub(super) fn messages(&self) -> u64 {
        let last = self.places.as_flattened().iter().flatten().max();
        last.map_or(0, |last| last + 1)
    }

    /// The transactions for those that are not there. `can_pay` tells which accounts can pay for their own; account
    /// i % 10 pays for account i otherwise.
    pub(super) fn calls(
        &self,
        inbox: Address,
        bridge: Address,
        token: Address,
        can_pay: &[bool],
    ) -> Vec<Call> {
        let missing = self.missing(can_pay);
        let mut payers: Vec<Address> = missing.iter().map(|missing| missing.payer).collect();
        payers.dedup();
        let mut calls = Vec::new();
        for payer in payers {
            let mine: Vec<_> = missing.iter().filter(|it| it.payer == payer).collect();
            let with_tokens = mine.iter().filter(|missing| missing.tokens).count();
            if with_tokens > 0 {
                let units = TOKEN_EACH * with_tokens as u128;
                calls.extend(allowance(payer, units, token, bridge));
            }
            for missing in mine {
                calls.extend(missing.deposits(token, inbox));
            }
        }
        calls
    }

    /// By payer.
    fn missing(&self, can_pay: &[bool]) -> Vec<Missing> {
        let accounts = self.accounts.iter().zip(&self.places).enumerate();
        let mut missing: Vec<_> = accounts
            .map(|(i, (account, [eth, tokens]))| Missing {
                account: *account,
                payer: match can_pay.get(i) {
                    Some(true) => *account,
                    _ => self.accounts[i % FUNDED_EVERYWHERE],
                },
                eth: eth.is_none(),
                tokens: tokens.is_none(),
            })
            .filter(|missing| missing.eth || missing.tokens)
            .collect();
        missing.sort_by_key(|missing| missing.payer);
        missing
    }
}

impl Missing {
    fn deposits(&self, token: Address, inbox: Address) -> Vec<Call> {
        let call = |what, value, input: Vec<u8>| Call {
            what: format!("the deposit of {what} to {}", self.account),
            from: self.payer,
            to: inbox,
            value,
            input: input.into(),
        };
        let mut calls = Vec::new();
        if self.eth {
            let deposit = Inbox::depositEthCall {
                to: self.account,
                lock_: false,
            };
            calls.push(call("1,000 ETH", ETH_EACH, deposit.abi_encode()));
        }
        if self.tokens {
            let deposit = Inbox::depositTokenCall {
                token,
                to: self.account,
                amount: U256::from(TOKEN_EACH),
                lock_: false,
            };
            calls.push(call("1,000,000 test tokens", 0, deposit.abi_encode()));
        }
        calls
    }
}

/// Makes test tokens, and lets the bridge take them.
fn allowance(payer: Address, units: u128, token: Address, bridge: Address) -> [Call; 2] {
    let amount = U256::from(units);
    let call = |what, input: Vec<u8>| Call {
        what: format!("the {what} of test tokens of {payer}"),
        from: payer,
        to: token,
        value: 0,
        input: input.into(),
    };
    let mint = TestToken::mintCall { to: payer, amount };
    let approve = TestToken::approveCall {
        spender: bridge,
        value: amount,
    };
    [
        call("making", mint.abi_encode()),
        call("approval", approve.abi_encode()),
    ]
}

#[cfg(test)]
mod tests;
