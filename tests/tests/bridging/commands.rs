//! The commands of a day: payments, deposits, withdrawals.

use alloy_primitives::{Address, U256, hex};
use alloy_sol_types::SolCall;
use serde_json::{Value, json};
use spillway_bridge_contracts::TestToken;
use spillway_tests::{Node, NodeOptions, Rpc, accounts, quantity};

use super::ledger::L1;
use super::wallet::{Wallet, Who, hash};
use super::{ETHER, TOKEN, TOKENS, dev, status};

const BLOCKS: [&str; 2] = ["--l1-block-time", "100ms"];

/// Whether an account has exactly that much of a token: it could send it, and not one unit more.
pub(crate) async fn has_tokens(rpc: &Rpc, token: Address, account: Address, units: u128) -> bool {
    let could_send = async |units: u128| {
        let to = Address::repeat_byte(1);
        let data = TestToken::transferCall {
            to,
            value: U256::from(units),
        };
        let data = hex::encode_prefixed(data.abi_encode());
        let call = json!({"from": account, "to": token, "data": data});
        rpc.call("eth_estimateGas", json!([call])).await.is_ok()
    };
    could_send(units).await && !could_send(units + 1).await
}

/// What a command says that its transaction on L2 has cost, in wei.
pub(crate) fn fee(printed: &Value) -> u128 {
    quantity(&printed["fee"]).expect("a fee")
}

#[tokio::test]
async fn payments_arrive_as_they_were_written() {
    let node = Node::start(NodeOptions::default());
    let (rpc, wallet) = (node.rpc(), Wallet::of(&node));
    let (payer, payee) = (Who::Dev(1), accounts::fresh(1).address());
    let to = payee.to_string();
    let send = ["--to", &to, "--amount", "1.5", "--memo", "rent"];
    let sent = wallet.run(&payer, "send", &send).await;
    assert_eq!(rpc.balance(payee).await, Ok(ETHER * 3 / 2));
    let left = 1_000 * ETHER - ETHER * 3 / 2 - fee(&sent);
    assert_eq!(rpc.balance(dev(1)).await, Ok(left));
    let receipt = rpc.receipt(hash(&sent)).await.expect("an answer");
    let block = receipt.expect("a receipt")["blockNumber"].clone();
    let number = sent["block_number"].as_u64().expect("a number");
    assert_eq!(block, json!(format!("{number:#x}")));
    assert_eq!(sent["finality"], "durable");
    let transaction = hash(&sent).to_string();
    let asked = wallet.ask("status", &["--transaction", &transaction]).await;
    assert_eq!(asked["block_number"], sent["block_number"]);

    let token = L1::of(&wallet).token();
    for written in [
        &["--amount", "2.5 DEVT"][..],
        &["--amount", "2.5", "--token", "1"],
    ] {
        let arguments = [&["--to", &to], written].concat();
        wallet.run(&payer, "send", &arguments).await;
    }
    assert!(has_tokens(&rpc, token, payee, 5 * TOKEN).await);
    assert!(has_tokens(&rpc, token, dev(1), TOKENS - 5 * TOKEN).await);

    for (written, said) in [
        (
            &["--amount", "0.0000001 DEVT"][..],
            "has 7 decimals, and DEVT has 6",
        ),
        (
            &["--amount", "1", "--token", "NONE"],
            "no listed token is called NONE",
        ),
        (&["--amount", "1 DEVT", "--token", "ETH"], "name one"),
        (&["--amount", "5000"], "insufficient funds"),
    ] {
        let arguments = [&["--to", &to], written].concat();
        let refused = wallet.refused(&payer, "send", &arguments).await;
        assert!(refused.contains(said), "{refused}");
    }
}

#[tokio::test]
async fn forty_recipients_are_paid_once_each() {
    let node = Node::start(NodeOptions::default());
    let (rpc, wallet) = (node.rpc(), Wallet::of(&node));
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("payees.csv");
    let payees: Vec<_> = (100..140)
        .map(|seed| accounts::fresh(seed).address())
        .collect();
    let rows = payees.iter().zip(1_u128..);
    let lines = rows.map(|(payee, number)| format!("{payee},0.{number:03}\n"));
    std::fs::write(&file, lines.collect::<String>()).expect("a file");
    let arguments = ["--file", file.to_str().expect("a path")];
    // About twenty new accounts fill a payout; those that exist go with one signature.
    let first = wallet.run(&Who::Dev(2), "payout", &arguments).await;
    assert_eq!(first["payouts"].as_array().expect("a list").len(), 3);
    let second = wallet.run(&Who::Dev(2), "payout", &arguments).await;
    assert_eq!(second["payouts"].as_array().expect("a list").len(), 1);
    for (payee, number) in payees.iter().zip(1_u128..) {
        assert_eq!(rpc.balance(*payee).await, Ok(2 * number * ETHER / 1_000));
    }
    let twice = format!("{0},1\n{0},2\n", payees[0]);
    std::fs::write(&file, twice).expect("a file");
    let refused = wallet.refused(&Who::Dev(2), "payout", &arguments).await;
    assert!(
        refused.contains("line 2") && refused.contains("line 1"),
        "{refused}"
    );
}

#[tokio::test]
async fn funds_come_in_and_go_out() {
    let node = Node::start(NodeOptions::default().arguments(&BLOCKS));
    let (rpc, wallet) = (node.rpc(), Wallet::of(&node));
    let l1 = L1::of(&wallet);
    let me = Who::Dev(3);
    let deposited = wallet.run(&me, "deposit", &["--amount", "2"]).await;
    assert_eq!(deposited["status"], "credited");
    assert_eq!(rpc.balance(dev(3)).await, Ok(1_002 * ETHER));

    // Nobody has test tokens on L1: all were deposited.
    let refused = wallet
        .refused(&me, "deposit", &["--amount", "5 DEVT"])
        .await;
    assert!(refused.contains("ERC20InsufficientBalance"), "{refused}");
    l1.mint(&wallet, 3, 7 * TOKEN).await;
    let newcomer = accounts::fresh(3).address();
    let to = newcomer.to_string();
    // Who has nothing for a fee could not send tokens.
    let send = ["--to", &to, "--amount", "1"];
    wallet.run(&Who::Dev(1), "send", &send).await;
    let arguments = ["--amount", "5 DEVT", "--to", &to];
    let deposited = wallet.run(&me, "deposit", &arguments).await;
    assert_eq!(deposited["status"], "credited");
    assert!(has_tokens(&rpc, l1.token(), newcomer, 5 * TOKEN).await);
    assert_eq!(l1.funds(dev(3)).await.tokens, U256::from(2 * TOKEN));

    let recipient = accounts::fresh(4).address().to_string();
    let arguments = ["--amount", "1.25 ETH", "--recipient", &recipient];
    let withdrawn = wallet.run(&me, "withdraw", &arguments).await;
    let left = 1_002 * ETHER - ETHER * 5 / 4 - fee(&withdrawn);
    assert_eq!(rpc.balance(dev(3)).await, Ok(left));
    assert_eq!(status(&rpc, "withdrawals").await, 1);
}
