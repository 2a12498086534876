//! What users send from L1 to L2.

use alloy_primitives::{Address, U256};
use alloy_provider::Provider as _;
use alloy_rpc_types_eth::Filter;
use alloy_sol_types::SolEvent as _;
use spillway_bridge_contracts::{Inbox, TestToken};
use spillway_tests::{Node, NodeOptions, accounts};
use tempfile::TempDir;

use super::{ETHER, FIRST_MESSAGES, OnL1, TOKENS, consumed, has_tokens, quiet, wait_for};

#[tokio::test]
async fn a_deposit_arrives_when_it_is_deep_enough_and_not_before() {
    let arguments = ["--l1-depth", "5", "--log", "info,spillway::follower=debug"];
    let (node, l1) = quiet(NodeOptions::default().arguments(&arguments)).await;
    let rpc = node.rpc();
    let newcomer = accounts::fresh(1).address();
    let deposit = l1.deposit(newcomer, 7 * ETHER).await;
    l1.mine(1).await;
    l1.succeeded(deposit).await;
    for nonce in 0..5 {
        if nonce > 0 {
            l1.mine(1).await;
        }
        let head = l1.rpc.block_number().await.expect("a block number");
        let taken_in = format!("L1 is taken in through={head}\n");
        wait_for("the block", async || node.log().contains(&taken_in)).await;
        // What was delivered before goes into a block no later than this.
        let transfer = accounts::Transfer::to(accounts::fresh(2).address(), 1, nonce);
        let transfer = transfer.sign(&accounts::funded(0));
        assert_eq!(rpc.send_raw(&transfer.raw).await, Ok(transfer.hash));
        assert_eq!(rpc.balance(newcomer).await, Ok(0));
    }
    l1.mine(1).await;
    let arrived = async || rpc.balance(newcomer).await == Ok(7 * ETHER);
    wait_for("the deposit", arrived).await;
    assert_eq!(consumed(&rpc).await, FIRST_MESSAGES + 1);
}

/// Messages of all kinds; after a crash none is consumed again.
#[tokio::test]
async fn every_kind_of_message_arrives_once() {
    let folder = TempDir::new().expect("a folder");
    let options = NodeOptions::default()
        .dir(folder.path())
        .arguments(&["--l1-block-time", "20ms"]);
    let mut node = Node::start(options.clone());
    let rpc = node.rpc();
    let l1 = OnL1::new(node.l1_url(), folder.path(), 3);
    let (inbox, me) = (l1.deployment.inbox, accounts::funded(3).address());
    let units = 5_000_000;
    deposit_tokens(&l1, me, units).await;
    let arrived = async || has_tokens(&rpc, l1.token(), me, TOKENS + units).await;
    wait_for("the tokens", arrived).await;

    let account = account_index(&l1, me).await;
    let recipient = accounts::fresh(2).address();
    let force = Inbox::forceWithdrawalCall {
        account,
        token: Address::ZERO,
        amount: U256::from(ETHER),
        recipient,
    };
    l1.send(inbox, 0, force).await;
    let has_less = async || rpc.balance(me).await == Ok(999 * ETHER);
    wait_for("the forced withdrawal", has_less).await;

    l1.send(inbox, 0, Inbox::lockCall { account }).await;
    let so_far = FIRST_MESSAGES + 3;
    wait_for("the lock", async || consumed(&rpc).await == so_far).await;
    let transfer = accounts::Transfer::to(recipient, 1, 0).sign(&accounts::funded(3));
    let refused = rpc.send_raw(&transfer.raw).await.expect_err("it is locked");
    assert!(refused.to_string().contains("locked"), "{refused}");

    node.kill();
    let node = Node::start(options);
    let (rpc, l1) = (node.rpc(), OnL1::new(node.l1_url(), folder.path(), 3));
    assert_eq!(consumed(&rpc).await, so_far);
    assert_eq!(rpc.balance(me).await, Ok(999 * ETHER));
    l1.send(inbox, 0, Inbox::unlockCall { account }).await;
    wait_for("the end of the lock", async || {
        consumed(&rpc).await == so_far + 1
    })
    .await;
    assert_eq!(rpc.send_raw(&transfer.raw).await, Ok(transfer.hash));
}

async fn deposit_tokens(l1: &OnL1, to: Address, units: u128) {
    let (token, amount) = (l1.token(), U256::from(units));
    l1.send(token, 0, TestToken::mintCall { to, amount }).await;
    let approve = TestToken::approveCall {
        spender: l1.deployment.bridge,
        value: amount,
    };
    l1.send(token, 0, approve).await;
    let deposit = Inbox::depositTokenCall {
        token,
        to,
        amount,
        lock_: false,
    };
    l1.send(l1.deployment.inbox, 0, deposit).await;
}

/// The index of an account on L2: after the fee account they come in the order of their first deposits.
async fn account_index(l1: &OnL1, account: Address) -> u32 {
    let filter = Filter::new()
        .address(l1.deployment.inbox)
        .event_signature(Inbox::MessageSent::SIGNATURE_HASH)
        .from_block(0);
    let logs = l1.l1.get_logs(&filter).await.expect("the inbox's logs");
    let mut order = vec![accounts::funded(accounts::COUNT).address()];
    for log in logs {
        let sent = Inbox::MessageSent::decode_log(&log.inner).expect("a message");
        if !order.contains(&sent.account) {
            order.push(sent.account);
        }
    }
    let place = order.iter().position(|other| *other == account);
    u32::try_from(place.expect("a depositor")).expect("an index")
}
