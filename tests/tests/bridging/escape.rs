//! The sequencer is gone for good. Everybody leaves with everything, from L1 alone.

use alloy_primitives::{Address, U256};
use serde_json::json;
use spillway_tests::{Anvil, Rpc, accounts};

use super::ledger::{Funds, L1, done};
use super::wallet::{Wallet, Who};
use super::{
    ETHER, LONG_WINDOW, SOON, TOKEN, TOKENS, a_block_a_transaction, control, posted,
    rollup_on_anvil, warp,
};

/// The account that fees go to.
const FEES: u32 = accounts::COUNT;

/// Longer than the escape delay and the challenge window of a development chain.
pub(crate) const LONG: u64 = 400;

/// What an account is owed on L1.
#[derive(Debug, Clone)]
struct Owed {
    who: Who,
    wei: u128,
    tokens: u128,
}

/// Payments and withdrawals of a chain before it ends, and what everybody is owed after them.
async fn lived(rpc: &Rpc, wallet: &Wallet) -> Vec<Owed> {
    let newcomer = Who::Key(accounts::fresh(7));
    let to = newcomer.address().to_string();
    let pay = async |account, amount: &str| {
        let arguments = ["--to", &to, "--amount", amount];
        wallet.run(&Who::Dev(account), "send", &arguments).await;
    };
    pay(1, "3.000000000000000001").await;
    pay(2, "12.345678 DEVT").await;
    wallet
        .run(&Who::Dev(3), "withdraw", &["--amount", "4.5"])
        .await;
    let token = ["--amount", "7 DEVT"];
    wallet.run(&Who::Dev(3), "withdraw", &token).await;
    let mut owed = Vec::new();
    for who in (0..=FEES).map(Who::Dev).chain([newcomer]) {
        let wei = rpc.balance(who.address()).await.expect("a balance");
        let tokens = match &who {
            Who::Dev(2) => TOKENS - 12_345_678,
            Who::Dev(3) => TOKENS - 7 * TOKEN,
            Who::Dev(FEES) => 0,
            Who::Dev(_) => TOKENS,
            Who::Key(_) => 12_345_678,
        };
        owed.push(Owed { who, wei, tokens });
    }
    owed[3].wei += 4 * ETHER + ETHER / 2;
    owed[3].tokens += 7 * TOKEN;
    owed
}

/// Gives an account wei on L1 for its fees.
async fn fund(anvil: &Anvil, account: Address) {
    let wei = json!([account, U256::from(ETHER)]);
    control(anvil, "anvil_setBalance", wei).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_leaves_to_the_last_wei() {
    let (anvil, mut node) = rollup_on_anvil(&SOON, LONG_WINDOW).await;
    let (rpc, wallet) = (node.rpc(), Wallet::of(&node));
    let mut owed = lived(&rpc, &wallet).await;
    posted(&rpc).await;
    node.kill();
    a_block_a_transaction(&anvil).await;

    // Nobody is there to credit it.
    let arguments = ["--amount", "3", "--no-wait"];
    wallet.run(&Who::Dev(5), "deposit", &arguments).await;
    owed[5].wei += 3 * ETHER;
    let early = wallet.refused(&Who::Dev(1), "escape", &[]).await;
    assert!(early.contains("cannot be ended yet"), "{early}");
    warp(&anvil, LONG).await;

    let l1 = L1::of(&wallet);
    for Owed { who, wei, tokens } in &owed {
        let account = who.address();
        fund(&anvil, account).await;
        let before = l1.funds(account).await;
        let escaped = wallet.run(who, "escape", &[]).await;
        assert_eq!(escaped["left"], json!([]), "{who:?}");
        let paid = l1.fees(done(&escaped)).await;
        let expected = Funds {
            wei: before.wei + U256::from(*wei) - paid,
            tokens: before.tokens + U256::from(*tokens),
        };
        assert_eq!(l1.funds(account).await, expected, "{who:?}: {escaped}");
    }
    assert_eq!(l1.custody().await, (0, 0));

    let again = wallet.run(&Who::Dev(3), "escape", &[]).await;
    assert_eq!((&again["done"], &again["left"]), (&json!([]), &json!([])));
    let late = wallet
        .refused(&Who::Dev(5), "deposit", &["--amount", "1"])
        .await;
    assert!(late.contains("spillway wallet escape"), "{late}");
}
