//! Withdrawals are paid on L1: by the relayer, without the user doing anything, and before their time by the pool.

use alloy_primitives::{Address, U256};
use serde_json::{Value, json};
use spillway_tests::{Node, NodeOptions, Rpc, accounts};

use super::commands::fee;
use super::ledger::L1;
use super::wallet::{Wallet, Who};
use super::{ETHER, SOON, TOKEN, control, dev, patiently, rollup_on_anvil, warp};

/// Blocks of L1 that come fast make its clock run fast: a challenge window passes in seconds.
const FAST_L1: [&str; 2] = ["--l1-block-time", "100ms"];

/// The relayer's accounts on a development chain: what pays for claims, what pays fast withdrawals, and its reserve.
pub(crate) const OPERATING: u32 = accounts::COUNT + 4;
pub(crate) const HOT: u32 = accounts::COUNT + 5;
pub(crate) const COLD: u32 = accounts::COUNT + 6;

/// A withdrawal as the node tells of it.
async fn withdrawal(rpc: &Rpc, index: &Value) -> Value {
    let told = rpc.call("spillway_withdrawals", json!([index])).await;
    told.expect("an answer")[0].clone()
}

pub(crate) async fn until_status(rpc: &Rpc, index: &Value, status: &str) {
    patiently(status, async || {
        withdrawal(rpc, index).await["status"] == *status
    })
    .await;
}

pub(crate) async fn has_wei(l1: &L1, account: Address, wei: u128) {
    patiently("a payment", async || {
        l1.funds(account).await.wei == U256::from(wei)
    })
    .await;
}

#[tokio::test]
async fn who_withdraws_is_paid_without_doing_anything() {
    let arguments = [&FAST_L1[..], &SOON].concat();
    let node = Node::start(NodeOptions::default().arguments(&arguments));
    let (rpc, wallet) = (node.rpc(), Wallet::of(&node));
    let l1 = L1::of(&wallet);
    let [eth, token] = [41, 42].map(|seed| accounts::fresh(seed).address());
    let mut indices = Vec::new();
    for (amount, recipient) in [("1.25", eth), ("12.5 DEVT", token)] {
        let recipient = recipient.to_string();
        let arguments = ["--amount", amount, "--recipient", &recipient];
        let withdrawn = wallet.run(&Who::Dev(4), "withdraw", &arguments).await;
        indices.push(withdrawn["index"].clone());
    }
    assert_eq!(indices, [json!(0), json!(1)]);
    has_wei(&l1, eth, ETHER * 5 / 4).await;
    patiently("tokens", async || {
        l1.funds(token).await.tokens == U256::from(12 * TOKEN + TOKEN / 2)
    })
    .await;
    for (index, recipient) in indices.iter().zip([eth, token]) {
        until_status(&rpc, index, "paid").await;
        let paid = withdrawal(&rpc, index).await;
        let to = paid["payment"]["to"].as_str().expect("an address");
        assert_eq!(to.parse::<Address>(), Ok(recipient));
    }
    // Whoever wants to claim it all the same is told.
    let refused = rpc.call("spillway_withdrawalProof", json!([0])).await;
    assert!(format!("{refused:?}").contains("it is paid"), "{refused:?}");
}

#[tokio::test]
async fn anybody_can_claim_with_the_proof_of_a_node() {
    let (anvil, node) = rollup_on_anvil(&SOON, "10m").await;
    let (rpc, wallet) = (node.rpc(), Wallet::of(&node));
    let l1 = L1::of(&wallet);
    let recipient = accounts::fresh(43).address();
    let to = recipient.to_string();
    let arguments = ["--amount", "2", "--recipient", &to];
    let withdrawn = wallet.run(&Who::Dev(4), "withdraw", &arguments).await;
    until_status(&rpc, &withdrawn["index"], "posted").await;
    let early = rpc.call("spillway_withdrawalProof", json!([0])).await;
    assert!(early.is_err(), "{early:?}");
    // Without money for gas the relayer does nothing.
    for account in [OPERATING, HOT, COLD] {
        let empty = json!([accounts::funded(account).address(), "0x0"]);
        control(&anvil, "anvil_setBalance", empty).await;
    }
    warp(&anvil, 601).await;
    patiently("a proof", async || {
        rpc.call("spillway_withdrawalProof", json!([0]))
            .await
            .is_ok()
    })
    .await;
    assert_eq!(l1.funds(recipient).await.wei, U256::ZERO);
    let index = withdrawn["index"].to_string();
    wallet.run(&Who::Dev(5), "claim", &[&index]).await;
    assert_eq!(l1.funds(recipient).await.wei, U256::from(2 * ETHER));

    let proof = rpc.call("spillway_accountProof", json!([dev(4)]));
    let proof = proof.await.expect("a proof");
    let account = &proof["account"];
    assert_eq!(account["nonce"], json!(1), "{proof}");
    let nobody = accounts::fresh(44).address();
    let none = rpc.call("spillway_accountProof", json!([nobody])).await;
    assert_eq!(none, Ok(Value::Null));
}

#[tokio::test]
async fn a_fast_withdrawal_is_paid_before_finality_and_the_pool_after_it() {
    let (anvil, node) = rollup_on_anvil(&SOON, "1h").await;
    let (rpc, wallet) = (node.rpc(), Wallet::of(&node));
    let l1 = L1::of(&wallet);
    let me = Who::Dev(6);
    let hot = accounts::funded(HOT).address();
    let before = l1.funds(me.address()).await.wei;
    let paid = wallet
        .run(
            &me,
            "fast-withdraw",
            &["--amount", "1.5", "--fee-max", "0.1"],
        )
        .await;
    let fee = U256::from(fee(&paid));
    let amount = U256::from(ETHER * 3 / 2);
    assert!(fee > U256::ZERO && fee < amount / U256::from(15), "{paid}");
    assert_eq!(l1.funds(me.address()).await.wei, before + amount - fee);
    let index = &paid["index"];
    let known = withdrawal(&rpc, index).await;
    assert_eq!(known["advance"]["status"], "advanced", "{known}");
    assert_ne!(known["status"], "paid", "{known}");

    // Once more it is not paid, whoever asks.
    let again = wallet
        .refused(&me, "fast-withdraw", &["--index", &index.to_string()])
        .await;
    assert!(!again.is_empty());

    let of_tokens = wallet
        .run(&me, "fast-withdraw", &["--amount", "200 DEVT"])
        .await;
    // A tenth of a percent, and half a token.
    let kept = TOKEN / 5 + TOKEN / 2;
    let tokens = l1.funds(me.address()).await.tokens;
    assert_eq!(tokens, U256::from(200 * TOKEN - kept), "{of_tokens}");

    let (mine, pool) = (l1.funds(me.address()).await, l1.funds(hot).await);
    warp(&anvil, 3_700).await;
    for index in [index, &of_tokens["index"]] {
        until_status(&rpc, index, "paid").await;
        let repaid = withdrawal(&rpc, index).await;
        let to = repaid["payment"]["to"].as_str().expect("an address");
        assert_eq!(to.parse::<Address>(), Ok(hot), "{repaid}");
    }
    let after = l1.funds(hot).await;
    assert_eq!(after.wei, pool.wei + amount);
    assert_eq!(after.tokens, pool.tokens + U256::from(200 * TOKEN));
    assert_eq!(l1.funds(me.address()).await, mine);
}
