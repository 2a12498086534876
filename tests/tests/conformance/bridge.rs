//! What is told of the bridge to L1, from a deposit to a proof.

use alloy_primitives::hex;
use alloy_signer::SignerSync as _;
use serde_json::{Value, json};
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::withdrawal::Withdrawal;
use spillway_tests::{Anvil, Node, accounts, quantity};

use crate::caller::Caller;
use crate::{HTTP_ACCOUNT, SOCKET_ACCOUNT, control, patiently};

/// The relayer's accounts on a development chain: what pays for claims, what pays fast withdrawals, and its reserve.
const RELAYERS: [u32; 3] = [
    accounts::COUNT + 4,
    accounts::COUNT + 5,
    accounts::COUNT + 6,
];

/// All methods of the bridge. Nobody claims anything on L1 meanwhile.
pub(crate) async fn everything(http: &mut Caller, socket: &mut Caller, anvil: &Anvil, node: &Node) {
    for (caller, account) in [(&mut *http, HTTP_ACCOUNT), (&mut *socket, SOCKET_ACCOUNT)] {
        let address = accounts::funded(account).address();
        for of in [json!([address]), json!([0]), json!([address, 1])] {
            let deposits = caller.ask("spillway_deposits", of).await;
            assert_ne!(deposits, json!([]));
        }
        caller.ask("spillway_withdrawals", json!([address])).await;
        caller.refused("spillway_withdrawalProof", json!([0])).await;
    }
    let rpc = node.rpc();
    patiently("batches with the withdrawals", async || {
        let told = rpc.call("spillway_withdrawals", json!([1])).await;
        told.is_ok_and(|told| told[0]["status"] == "posted")
    })
    .await;
    patiently("an offer for one of them", async || {
        let told = rpc.call("spillway_withdrawals", json!([1])).await;
        let of = told.expect("withdrawals")[0].take();
        let asked = json!([of["token"], of["amount"]]);
        let offer = rpc.call("spillway_fastWithdrawalQuote", asked).await;
        offer.is_ok()
    })
    .await;
    fast_withdrawal(http, HTTP_ACCOUNT).await;
    fast_withdrawal(socket, SOCKET_ACCOUNT).await;
    claimable(anvil, node).await;
    for caller in [http, socket] {
        caller.ask("spillway_withdrawalProof", json!([0])).await;
        let address = accounts::funded(HTTP_ACCOUNT).address();
        caller.ask("spillway_accountProof", json!([address])).await;
        let nobody = accounts::fresh(79).address();
        let none = caller.ask("spillway_accountProof", json!([nobody])).await;
        assert_eq!(none, Value::Null);
        caller
            .ask("spillway_withdrawals", json!([address, 5]))
            .await;
    }
}

fn number(value: &Value) -> u128 {
    quantity(value).expect("a quantity")
}

/// Asks for an offer, and takes it.
async fn fast_withdrawal(caller: &mut Caller, account: u32) {
    let signer = accounts::funded(account);
    let withdrawal = caller
        .ask("spillway_withdrawals", json!([signer.address()]))
        .await[0]
        .take();
    let asked = json!([withdrawal["token"], withdrawal["amount"]]);
    let quote = caller.ask("spillway_fastWithdrawalQuote", asked).await;
    let recipient = withdrawal["recipient"].as_str().expect("an address");
    let index = withdrawal["index"].as_u64().expect("an index");
    let deadline = quote["deadline"].as_u64().expect("a deadline");
    let order = FastWithdrawal {
        index: index.try_into().expect("an index"),
        withdrawal: Withdrawal {
            account: signer.address(),
            recipient: recipient.parse().expect("an address"),
            token: 0,
            amount: number(&withdrawal["amount"]),
        },
        fee: number(&quote["fee"]),
        deadline,
    };
    let bridge = quote["bridge"].as_str().expect("an address");
    let bridge = bridge.parse().expect("an address");
    let l1_chain_id = quote["l1_chain_id"].as_u64().expect("a chain id");
    let hash = order.signing_hash(l1_chain_id, &bridge);
    let signature = signer.sign_hash_sync(&hash);
    let signature = hex::encode_prefixed(signature.expect("a signature").as_bytes());
    let order = json!({ "index": index, "fee": quote["fee"], "deadline": deadline, "signature": signature });
    caller.ask("spillway_fastWithdraw", json!([order])).await;
}

/// Lets the challenge window pass, with a relayer that has no money to claim.
async fn claimable(anvil: &Anvil, node: &Node) {
    for account in RELAYERS {
        let empty = json!([accounts::funded(account).address(), "0x0"]);
        control(anvil, "anvil_setBalance", empty).await;
    }
    control(anvil, "evm_increaseTime", json!([601])).await;
    control(anvil, "evm_mine", json!([])).await;
    let rpc = node.rpc();
    patiently("a proof", async || {
        let proof = rpc.call("spillway_withdrawalProof", json!([0])).await;
        let account = accounts::funded(HTTP_ACCOUNT).address();
        let account = rpc.call("spillway_accountProof", json!([account])).await;
        proof.is_ok() && account.is_ok()
    })
    .await;
}
