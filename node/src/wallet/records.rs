//! What a node tells of deposits, withdrawals and proofs, as `spillway_` methods answer it. Words that mean something are closed
//! enums, so that no other word of a node gets to the terminal from here.

use alloy_primitives::{Address, B256, Bytes, U64, U128};
use serde::{Deserialize, Serialize};
use spillway_protocol::account::{Account, FLAG_LOCKED, TokenBalance, TokenBalances};
use spillway_protocol::root::StatePreimage;
use spillway_protocol::state::Counters;
use spillway_protocol::token::TokenId;

/// How far a deposit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DepositStatus {
    Seen,
    Confirming,
    Confirmed,
    Credited,
    Refunded,
}

/// A deposit.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Deposit {
    pub(super) index: u64,
    pub(super) to: Address,
    pub(super) token: TokenId,
    pub(super) amount: U128,
    pub(super) transaction_hash: B256,
    pub(super) status: DepositStatus,
    pub(super) confirmations: Option<u64>,
    pub(super) needed: Option<u64>,
}

/// How far a withdrawal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WithdrawalStatus {
    Durable,
    Posted,
    Claimable,
    Claiming,
    Paid,
}

/// A withdrawal.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WithdrawalRecord {
    pub(super) index: u32,
    pub(super) account: Address,
    pub(super) recipient: Address,
    pub(super) token: TokenId,
    pub(super) amount: U128,
    pub(super) block_number: u64,
    pub(super) status: WithdrawalStatus,
    pub(super) batch: Option<u64>,
    pub(super) claimable_at: Option<u64>,
    pub(super) payment: Option<Payment>,
    pub(super) failure: Option<Failure>,
    pub(super) advance: Option<Advance>,
}

/// The transaction on L1 that paid a withdrawal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Payment {
    pub(super) transaction_hash: B256,
    pub(super) l1_block: u64,
    pub(super) to: Address,
}

/// Payments that did not go through.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) times: u64,
    pub(super) retry_at: Option<u64>,
}

/// How far the pool is with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AdvanceStatus {
    Accepted,
    Paying,
    Advanced,
    Refused,
}

/// An order for a fast withdrawal.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Advance {
    pub(super) status: AdvanceStatus,
    pub(super) reason: Option<String>,
    pub(super) transaction_hash: Option<B256>,
}

/// Calldata that claims a withdrawal on L1.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WithdrawalProof {
    pub(super) batch: u64,
    pub(super) to: Address,
    pub(super) data: Bytes,
}

/// What the pool asks for.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Quote {
    pub(super) fee: U128,
    pub(super) deadline: u64,
    pub(super) pool: Address,
    pub(super) bridge: Address,
    pub(super) l1_chain_id: u64,
}

/// An account under the root of a batch. Numbers are JSON numbers or quantities.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct AccountProof {
    pub(super) batch: u64,
    state: ProvenState,
    account: ProvenAccount,
    pub(super) siblings: Vec<B256>,
}

#[derive(Clone, Debug, Deserialize)]
struct ProvenState {
    accounts_root: B256,
    withdrawals_root: B256,
    account_count: u32,
    withdrawal_count: u32,
    inbox_count: U64,
    authorised_count: U64,
    block_number: U64,
    timestamp: U64,
    base_fee: U64,
}

#[derive(Clone, Debug, Deserialize)]
struct ProvenAccount {
    index: u32,
    address: Address,
    nonce: U64,
    flags: u8,
    eth: U128,
    tokens: Vec<ProvenToken>,
}

#[derive(Clone, Debug, Deserialize)]
struct ProvenToken {
    token: TokenId,
    amount: U128,
}

impl AccountProof {
    /// The preimage of the state root.
    pub(super) fn state(&self) -> StatePreimage {
        let state = &self.state;
        StatePreimage {
            accounts_root: state.accounts_root,
            withdrawals_root: state.withdrawals_root,
            account_count: state.account_count,
            counters: Counters {
                withdrawal_count: state.withdrawal_count,
                inbox_count: state.inbox_count.to(),
                authorised_count: state.authorised_count.to(),
                block_number: state.block_number.to(),
                timestamp: state.timestamp.to(),
                base_fee: state.base_fee.to(),
            },
        }
    }

    /// The account with its index; none if it cannot be one.
    pub(super) fn account(&self) -> Option<(u32, Account)> {
        let account = &self.account;
        let tokens = account.tokens.iter().map(|entry| TokenBalance {
            token: entry.token,
            amount: entry.amount.to(),
        });
        let found = Account {
            address: account.address,
            nonce: account.nonce.to(),
            locked: account.flags & FLAG_LOCKED != 0,
            eth: account.eth.to(),
            tokens: TokenBalances::from_entries(tokens.collect())?,
        };
        Some((account.index, found))
    }
}

/// How final a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rung {
    Queued,
    Durable,
    Posted,
    L1Final,
    Withdrawable,
}

/// How final a transaction is, and in which block.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Finality {
    pub(super) status: Rung,
    pub(super) block_number: Option<u64>,
}

/// A receipt on L2, as much as is needed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Receipt {
    pub(super) transaction_hash: B256,
    pub(super) block_number: U64,
    pub(super) status: U64,
    pub(super) gas_used: U64,
    pub(super) effective_gas_price: U128,
}

/// What a node says of itself, as much as is needed.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Status {
    pub(super) accounts: u64,
    pub(super) inbox_count: u64,
}

/// The name of a status, as JSON has it.
pub(super) fn word(status: impl Serialize) -> String {
    match serde_json::to_value(status) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_withdrawal_is_read_as_it_is_documented() {
        let told = json!({
            "index": 3, "account": Address::ZERO, "recipient": Address::ZERO, "token": 0, "token_address": null,
            "amount": "0x2a", "block_number": 99, "status": "claimable", "batch": 5, "claimable_at": 1_770_000_000_u64,
            "payment": null, "failure": {"times": 1, "kind": "failed", "retry_at": null},
            "advance": {"status": "accepted", "fee": "0x1", "deadline": 1, "reason": null, "transaction_hash": null},
        });
        let record: WithdrawalRecord = serde_json::from_value(told.clone()).unwrap();
        assert_eq!((record.index, record.amount.to::<u128>()), (3, 42));
        assert_eq!(record.status, WithdrawalStatus::Claimable);
        assert_eq!(record.advance.unwrap().status, AdvanceStatus::Accepted);
        let mut lie = told;
        lie["status"] = json!("paid\u{1b}[2J");
        serde_json::from_value::<WithdrawalRecord>(lie).unwrap_err();
        assert_eq!(word(WithdrawalStatus::Paid), "paid");
        assert_eq!(word(Rung::L1Final), "l1_final");
    }

    #[test]
    fn an_account_that_cannot_be_is_none() {
        let told = |tokens: serde_json::Value| {
            json!({
                "batch": 1, "state_root": B256::ZERO, "siblings": [],
                "state": {
                    "accounts_root": B256::ZERO, "withdrawals_root": B256::ZERO, "account_count": 2,
                    "withdrawal_count": 0, "inbox_count": 7, "authorised_count": 0, "block_number": 9,
                    "timestamp": 5, "base_fee": "0xf4240",
                },
                "account": {
                    "index": 1, "address": Address::ZERO, "nonce": 4, "flags": 1, "eth": "0x5", "tokens": tokens,
                },
            })
        };
        let proof: AccountProof =
            serde_json::from_value(told(json!([{"token": 1, "amount": "0x9"}]))).unwrap();
        let (index, account) = proof.account().unwrap();
        assert_eq!((index, account.nonce, account.locked), (1, 4, true));
        assert_eq!((account.eth, account.balance(1)), (5, 9));
        assert_eq!(proof.state().counters.base_fee, 1_000_000);
        let zero: AccountProof =
            serde_json::from_value(told(json!([{"token": 1, "amount": "0x0"}]))).unwrap();
        assert!(zero.account().is_none());
    }
}
