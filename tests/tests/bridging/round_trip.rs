//! A user's whole way on an L1 of its own, by the command line alone: in, some payments, and out again.

use std::path::Path;

use alloy_primitives::{Address, B256, U256};
use serde_json::Value;
use spillway_tests::{Node, Rpc, accounts, quantity};
use tempfile::TempDir;

use super::commands::{fee, has_tokens};
use super::ledger::{Funds, L1};
use super::paid::until_status;
use super::wallet::{Wallet, Who, hash};
use super::{ETHER, SOON, TOKEN, TOKENS, dev, posted, rollup_on_anvil, warp};

/// The development account whose way it is.
const ME: u32 = 7;

/// People of a payout: the first gets a thousandth of an ETH, the second two, and so on.
const PAYEES: u64 = 40;

/// A node on anvil, and who uses it.
struct User {
    rpc: Rpc,
    wallet: Wallet,
    l1: L1,
    folder: TempDir,
}

impl User {
    fn of(node: &Node) -> Self {
        let wallet = Wallet::of(node);
        Self {
            rpc: node.rpc(),
            l1: L1::of(&wallet),
            wallet,
            folder: TempDir::new().expect("a folder"),
        }
    }

    async fn run(&self, name: &str, arguments: &[&str]) -> Value {
        self.wallet.run(&Who::Dev(ME), name, arguments).await
    }

    /// Wei of the user's on L2.
    async fn wei(&self) -> u128 {
        self.rpc.balance(dev(ME)).await.expect("a balance")
    }

    /// Deposits ETH and tokens: what leaves L1 arrives on L2, and nothing else is paid for but gas.
    async fn comes_in(&self) {
        self.l1.mint(&self.wallet, ME, 7 * TOKEN).await;
        let (custody, start) = (self.l1.custody().await, self.l1.head().await);
        let before = self.l1.funds(dev(ME)).await;
        for amount in ["2", "5 DEVT"] {
            let deposited = self.run("deposit", &["--amount", amount]).await;
            assert_eq!(deposited["status"], "credited");
        }
        let after = Funds {
            wei: before.wei - U256::from(2 * ETHER) - self.l1.fees_of(dev(ME), start).await,
            tokens: U256::from(2 * TOKEN),
        };
        assert_eq!(self.l1.funds(dev(ME)).await, after);
        let held = (custody.0 + 2 * ETHER, custody.1 + 5 * TOKEN);
        assert_eq!(self.l1.custody().await, held);
        assert_eq!(self.wei().await, 1_002 * ETHER);
        assert!(has_tokens(&self.rpc, self.l1.token(), dev(ME), TOKENS + 5 * TOKEN).await);
    }

    /// Pays one.
    async fn sends(&self) {
        let (payee, before) = (accounts::fresh(60).address(), self.wei().await);
        let arguments = ["--to", &payee.to_string(), "--amount", "1.5"];
        let sent = self.run("send", &arguments).await;
        assert_eq!(self.rpc.balance(payee).await, Ok(ETHER * 3 / 2));
        assert_eq!(self.wei().await, before - ETHER * 3 / 2 - fee(&sent));
    }

    /// Pays forty twice. What a signature carries is bounded by a chunk's bytes on L1, where the addresses of new accounts take most of
    /// the room: three the first time, and one when they exist.
    async fn pays_forty(&self) {
        let file = self.folder.path().join("payees.csv");
        let payees: Vec<_> = (200..200 + PAYEES)
            .map(|seed| accounts::fresh(seed).address())
            .collect();
        write_payees(&file, &payees);
        let arguments = ["--file", file.to_str().expect("a path")];
        let sum = u128::from(PAYEES * (PAYEES + 1) / 2) * ETHER / 1_000;
        for (times, signatures) in [(1, 3), (2, 1)] {
            let before = self.wei().await;
            let paid = self.run("payout", &arguments).await;
            let payouts = paid["payouts"].as_array().expect("a list");
            assert_eq!(payouts.len(), signatures, "{paid}");
            let mut fees = 0;
            for payout in payouts {
                fees += fee_of(&self.rpc, hash(payout)).await;
            }
            assert_eq!(self.wei().await, before - sum - fees);
            for (payee, number) in payees.iter().zip(1..) {
                let held = times * number * ETHER / 1_000;
                assert_eq!(self.rpc.balance(*payee).await, Ok(held));
            }
        }
    }

    /// Withdraws, and waits: L1 pays without a command, and without a fee of the user's.
    async fn leaves(&self, time_passes: impl AsyncFnOnce()) {
        let (custody, l2) = (self.l1.custody().await, self.wei().await);
        let before = self.l1.funds(dev(ME)).await;
        let of_ether = self.run("withdraw", &["--amount", "1.25"]).await;
        let of_tokens = self.run("withdraw", &["--amount", "3 DEVT"]).await;
        let fees = fee(&of_ether) + fee(&of_tokens);
        assert_eq!(self.wei().await, l2 - ETHER * 5 / 4 - fees);
        assert!(has_tokens(&self.rpc, self.l1.token(), dev(ME), TOKENS + 2 * TOKEN).await);
        posted(&self.rpc).await;
        assert_eq!(self.l1.funds(dev(ME)).await, before);
        time_passes().await;
        for withdrawn in [of_ether, of_tokens] {
            until_status(&self.rpc, &withdrawn["index"], "paid").await;
        }
        let after = Funds {
            wei: before.wei + U256::from(ETHER * 5 / 4),
            tokens: before.tokens + U256::from(3 * TOKEN),
        };
        assert_eq!(self.l1.funds(dev(ME)).await, after);
        let held = (custody.0 - ETHER * 5 / 4, custody.1 - 3 * TOKEN);
        assert_eq!(self.l1.custody().await, held);
    }
}

fn write_payees(file: &Path, payees: &[Address]) {
    let rows = payees.iter().zip(1..);
    let lines = rows.map(|(payee, number)| format!("{payee},0.{number:03}\n"));
    std::fs::write(file, lines.collect::<String>()).expect("a file");
}

/// Wei that a transaction on L2 has cost.
async fn fee_of(rpc: &Rpc, transaction: B256) -> u128 {
    let receipt = rpc.receipt(transaction).await.expect("an answer");
    let receipt = receipt.expect("a receipt");
    let number = |name: &str| quantity(&receipt[name]).expect("a quantity");
    number("gasUsed") * number("effectiveGasPrice")
}

#[tokio::test]
async fn a_user_comes_in_pays_many_and_leaves() {
    let (anvil, node) = rollup_on_anvil(&SOON, "10m").await;
    let user = User::of(&node);
    user.comes_in().await;
    user.sends().await;
    user.pays_forty().await;
    user.leaves(async || warp(&anvil, 601).await).await;
}
