//! Transactions of every kind, and what is answered to who sends them.

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_sol_types::SolCall;
use serde_json::{Value, json};
use spillway_bridge_contracts::TokenFacade::transferCall;
use spillway_bridge_contracts::{IPayout, IWithdraw};
use spillway_protocol::transaction::{PAYOUT_PREDEPLOY, WITHDRAW_PREDEPLOY};
use spillway_tests::Node;
use spillway_tests::accounts::{self, Kind, Transfer};

use crate::caller::Caller;

/// Wei of the withdrawal.
pub(crate) const WITHDRAWN: u64 = 10_000_000_000_000_000;

/// Signs as one account, nonce after nonce.
struct Sender {
    account: u32,
    nonce: u64,
}

impl Sender {
    /// What `eth_sendRawTransaction` takes.
    fn sign(&mut self, transfer: Transfer) -> Value {
        let transfer = Transfer {
            nonce: self.nonce,
            ..transfer
        };
        self.nonce += 1;
        json!(hex::encode_prefixed(
            transfer.sign(&accounts::funded(self.account)).raw
        ))
    }
}

fn call(to: Address, value: u64, gas_limit: u64, input: &impl SolCall) -> Transfer {
    Transfer {
        to: to.into(),
        value: U256::from(value),
        gas_limit,
        input: input.abi_encode().into(),
        ..Transfer::to(to, 0, 0)
    }
}

/// Sends one of each kind. Answers the hashes.
pub(crate) async fn send(caller: &mut Caller, node: &Node, account: u32) -> Vec<Value> {
    let mut sender = Sender { account, nonce: 0 };
    let to = accounts::funded(1).address();
    let mut sent = Vec::new();
    for kind in [Kind::Legacy, Kind::AccessList, Kind::DynamicFee] {
        let transfer = Transfer {
            kind,
            input: Bytes::from_static(b"invoice 4711"),
            ..Transfer::to(to, 5, 0)
        };
        sent.push(send_one(caller, sender.sign(transfer)).await);
    }
    for transfer in contracts(node, to) {
        sent.push(send_one(caller, sender.sign(transfer)).await);
    }
    let raw = sender.sign(Transfer::to(to, 1, 0));
    let receipt = caller
        .ask("eth_sendRawTransactionSync", json!([raw, 20_000]))
        .await;
    sent.push(receipt["transactionHash"].clone());
    sent.push(send_many(caller, &mut sender, to).await);
    sent
}

async fn send_one(caller: &mut Caller, raw: Value) -> Value {
    caller.ask("eth_sendRawTransaction", json!([raw])).await
}

/// A token, a payout and a withdrawal.
fn contracts(node: &Node, to: Address) -> [Transfer; 3] {
    let payees = [accounts::funded(1), accounts::funded(2)].map(|payee| IPayout::Payee {
        recipient: payee.address(),
        amount: U256::from(7),
    });
    let amount = U256::from(5);
    let payees = payees.to_vec();
    let recipient = accounts::fresh(77).address();
    [
        call(node.token(), 0, 30_000, &transferCall { to, amount }),
        call(
            PAYOUT_PREDEPLOY,
            14,
            45_000,
            &IPayout::payoutCall { payees },
        ),
        call(
            WITHDRAW_PREDEPLOY,
            WITHDRAWN,
            60_000,
            &IWithdraw::withdrawCall { recipient },
        ),
    ]
}

/// One that is durable, one that waits for another's nonce, and one that is refused.
async fn send_many(caller: &mut Caller, sender: &mut Sender, to: Address) -> Value {
    let first = sender.sign(Transfer::to(to, 2, 0));
    sender.nonce += 1;
    let waits = sender.sign(Transfer::to(to, 3, 0));
    sender.nonce = 0;
    let spent = sender.sign(Transfer::to(to, 4, 0));
    let verdicts = caller.ask(
        "spillway_sendRawTransactions",
        json!([[first, waits, spent]]),
    );
    let verdicts = verdicts.await;
    assert_eq!(verdicts[1]["held"], true, "{verdicts}");
    assert_eq!(verdicts[2]["error"]["code"], -32_000, "{verdicts}");
    let queued = caller
        .ask("spillway_finality", json!([verdicts[1]["hash"]]))
        .await;
    assert_eq!(queued["status"], "queued");
    verdicts[0]["hash"].clone()
}

/// A hash that nothing has.
pub(crate) fn no_hash() -> Value {
    json!(B256::repeat_byte(0xee))
}
