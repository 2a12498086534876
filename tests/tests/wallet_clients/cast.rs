//! foundry's `cast`, as it is used in a shell.

use alloy_primitives::hex;
use serde_json::Value;
use spillway_tests::accounts::{self, INITIAL_BALANCE, Kind, Transfer};
use spillway_tests::{Node, NodeOptions, Rpc, TRANSFER_GAS, clients};

const ETHER: u128 = 1_000_000_000_000_000_000;

/// What `cast` prints for these arguments, without the newline.
fn cast(node: &Node, args: &[&str]) -> String {
    let finished = clients::cast(node, args);
    assert!(
        finished.status.success(),
        "cast {args:?}: {}\n{}{}",
        finished.status,
        finished.stdout,
        finished.stderr
    );
    finished.stdout.trim().to_owned()
}

fn address(index: u32) -> String {
    accounts::funded(index).address().to_string()
}

fn key(index: u32) -> String {
    accounts::funded(index).to_bytes().to_string()
}

/// A field of a receipt that is a quantity.
fn quantity(receipt: &Value, field: &str) -> u128 {
    let text = receipt[field]
        .as_str()
        .and_then(|text| text.strip_prefix("0x"));
    let value = text.and_then(|text| u128::from_str_radix(text, 16).ok());
    value.unwrap_or_else(|| panic!("{field} in {receipt}"))
}

fn signed(kind: Kind, nonce: u64, value: u128) -> String {
    let transfer = Transfer {
        kind,
        ..Transfer::to(accounts::funded(1).address(), value, nonce)
    };
    hex::encode_prefixed(transfer.sign(&accounts::funded(0)).raw)
}

#[test]
fn cast_reads_the_chain() {
    let node = Node::start(NodeOptions::default());
    assert_eq!(cast(&node, &["chain-id"]), "51717");
    assert_eq!(
        cast(&node, &["balance", &address(0)]),
        INITIAL_BALANCE.to_string()
    );
    assert_eq!(
        cast(&node, &["balance", "--ether", &address(19)]).parse::<f64>(),
        Ok(1_000.0)
    );
    assert_eq!(cast(&node, &["nonce", &address(0)]), "0");
    assert_eq!(cast(&node, &["code", &address(0)]), "0x");
    let block: Value = serde_json::from_str(&cast(&node, &["block", "latest", "--json"]))
        .expect("a block in JSON");
    assert!(
        cast(&node, &["block-number"])
            .parse::<u128>()
            .expect("a number")
            >= quantity(&block, "number")
    );
    assert!(
        cast(&node, &["gas-price"])
            .parse::<u128>()
            .expect("a price")
            >= quantity(&block, "baseFeePerGas")
    );
    assert_eq!(
        cast(
            &node,
            &[
                "estimate",
                &address(1),
                "--from",
                &address(0),
                "--value",
                "1ether"
            ]
        ),
        "21000"
    );
    cast(&node, &["client"]);
}

/// `cast send` fills in nonce, gas and fees, and waits for the receipt.
#[tokio::test]
async fn cast_sends_and_waits() {
    let node = Node::start(NodeOptions::default());
    let rpc = node.rpc();
    for kind in [&["--legacy"][..], &[]] {
        let before = balances(&rpc).await;
        let (to, key) = (address(1), key(0));
        let args = [
            &[
                "send",
                &to,
                "--value",
                "1ether",
                "--private-key",
                &key,
                "--json",
            ],
            kind,
        ]
        .concat();
        let receipt: Value = serde_json::from_str(&cast(&node, &args)).expect("a receipt in JSON");
        assert_eq!(receipt["status"], "0x1");
        assert_eq!(receipt["from"], address(0).to_lowercase());
        assert_eq!(receipt["to"], address(1).to_lowercase());
        assert_eq!(quantity(&receipt, "gasUsed"), u128::from(TRANSFER_GAS));
        let fee = quantity(&receipt, "gasUsed") * quantity(&receipt, "effectiveGasPrice");
        assert_eq!(
            balances(&rpc).await,
            (before.0 - ETHER - fee, before.1 + ETHER)
        );
        let hash = receipt["transactionHash"].as_str().expect("a hash");
        assert_eq!(cast(&node, &["tx", hash, "value"]), ETHER.to_string());
        assert_eq!(cast(&node, &["receipt", hash, "status"]), "true");
    }
}

#[tokio::test]
async fn cast_publishes_in_any_order_and_again() {
    let node = Node::start(NodeOptions::default());
    let rpc = node.rpc();
    let row: Vec<_> = [Kind::Legacy, Kind::AccessList, Kind::DynamicFee]
        .into_iter()
        .zip(0..)
        .map(|(kind, nonce)| signed(kind, nonce, ETHER))
        .collect();
    for raw in row.iter().rev().chain(&row) {
        cast(&node, &["publish", "--async", raw]);
    }
    assert_eq!(rpc.nonce(accounts::funded(0).address()).await, Ok(3));
    assert_eq!(
        rpc.balance(accounts::funded(1).address()).await,
        Ok(INITIAL_BALANCE + 3 * ETHER)
    );
}

#[test]
fn cast_errors_say_what_is_wrong() {
    let node = Node::start(NodeOptions::default());
    cast(&node, &["publish", &signed(Kind::DynamicFee, 0, ETHER)]);
    for (raw, words) in [
        (signed(Kind::DynamicFee, 0, 2 * ETHER), "nonce too low"),
        (
            signed(Kind::DynamicFee, 1, 2 * INITIAL_BALANCE),
            "insufficient funds for gas * price + value",
        ),
    ] {
        let finished = clients::cast(&node, &["publish", &raw]);
        assert!(
            !finished.status.success(),
            "a refused transaction was published: {}",
            finished.stdout
        );
        assert!(
            finished.stderr.contains(words),
            "{words:?} is not in {:?}",
            finished.stderr
        );
    }
}

async fn balances(rpc: &Rpc) -> (u128, u128) {
    let of = async |index| {
        rpc.balance(accounts::funded(index).address())
            .await
            .expect("a balance")
    };
    (of(0).await, of(1).await)
}
