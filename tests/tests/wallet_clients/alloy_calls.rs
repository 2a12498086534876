//! Contracts through alloy: the facades of tokens, the predeploys and Multicall3.

use std::time::Duration;

use alloy_network::TransactionBuilder;
use alloy_primitives::{Address, U256};
use alloy_provider::{CallItem, Provider};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, SolInterface};
use spillway_bridge_contracts::TokenFacade::{
    TokenFacadeErrors, balanceOfCall, decimalsCall, nameCall, symbolCall, totalSupplyCall,
    transferCall,
};
use spillway_bridge_contracts::{IPayout, IWithdraw};
use spillway_protocol::transaction::{PAYOUT_PREDEPLOY, WITHDRAW_PREDEPLOY};
use spillway_tests::accounts::COUNT;
use spillway_tests::{Node, NodeOptions, PATIENCE};
use tokio::time::{sleep, timeout};

use super::alloy::{alice, bob, connect, receipt};

/// What each development account holds of the test token.
const HELD: u64 = 1_000_000_000_000;

fn request<C: SolCall>(to: Address, value: u64, call: &C) -> TransactionRequest {
    TransactionRequest::default()
        .with_from(alice())
        .with_to(to)
        .with_value(U256::from(value))
        .with_input(call.abi_encode())
}

/// What a function of the token answers.
async fn read<C: SolCall>(provider: &impl Provider, token: Address, call: &C) -> C::Return {
    let output = provider.call(request(token, 0, call)).await;
    C::abi_decode_returns(&output.expect("an answer")).expect("what the function returns")
}

#[tokio::test]
async fn alloy_reads_a_token() {
    let node = Node::start(NodeOptions::default());
    let (provider, token) = (connect(&node), node.token());
    // The node asks L1 for the name.
    let named = async {
        while read(&provider, token, &nameCall {}).await != "Spillway development token" {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, named).await.expect("the name in time");
    assert_eq!(read(&provider, token, &symbolCall {}).await, "DEVT");
    assert_eq!(read(&provider, token, &decimalsCall {}).await, 6);
    let supply = read(&provider, token, &totalSupplyCall {}).await;
    assert_eq!(supply, U256::from(u64::from(COUNT) * HELD));

    let pay = transferCall {
        to: bob(),
        amount: U256::from(5),
    };
    let pending = provider.send_transaction(request(token, 0, &pay)).await;
    receipt(pending.expect("an accepted transaction")).await;
    let of = |account| {
        let call = balanceOfCall { account };
        CallItem::<balanceOfCall>::new(token, call.abi_encode().into())
    };
    let balances = provider.multicall().add_call(of(alice()));
    let balances = balances.add_call(of(bob())).aggregate3().await;
    let (alice, bob) = balances.expect("balances");
    let held = (alice.expect("a balance"), bob.expect("a balance"));
    assert_eq!(held, (U256::from(HELD - 5), U256::from(HELD + 5)));
}

#[tokio::test]
async fn alloy_simulates_a_token() {
    let node = Node::start(NodeOptions::default());
    let (provider, token) = (connect(&node), node.token());
    let (to, amount) = (bob(), U256::from(HELD + 1));
    let too_much = request(token, 0, &transferCall { to, amount });
    let error = provider.call(too_much).await.expect_err("too much");
    let answer = error.as_error_resp().expect("an answer of the node");
    assert_eq!(answer.code, 3);
    let data = answer.as_revert_data().expect("the data of a revert");
    let error = TokenFacadeErrors::abi_decode(&data).expect("an error of the token");
    let TokenFacadeErrors::ERC20InsufficientBalance(error) = error else {
        panic!("another error")
    };
    assert_eq!((error.sender, error.needed), (alice(), amount));
    assert_eq!(error.balance, U256::from(HELD));
}

#[tokio::test]
async fn alloy_writes_contracts() {
    let node = Node::start(NodeOptions::default());
    let (provider, token) = (connect(&node), node.token());
    let payee = |recipient| IPayout::Payee {
        recipient,
        amount: U256::from(7),
    };
    let payees = vec![payee(alice()), payee(bob())];
    let payout = IPayout::payoutCall {
        payees: payees.clone(),
    };
    let withdrawal = IWithdraw::withdrawTokenCall {
        token,
        amount: U256::from(12),
        recipient: bob(),
    };
    let transfer = transferCall {
        to: bob(),
        amount: U256::from(5),
    };
    for (request, gas) in [
        (request(token, 0, &transfer), 30_000),
        (request(PAYOUT_PREDEPLOY, 14, &payout), 45_000),
        (
            request(
                PAYOUT_PREDEPLOY,
                0,
                &IPayout::payoutTokenCall { token, payees },
            ),
            45_000,
        ),
        (request(WITHDRAW_PREDEPLOY, 0, &withdrawal), 60_000),
    ] {
        let estimate = provider.estimate_gas(request.clone()).await;
        assert_eq!(estimate.expect("an estimate"), gas);
        let pending = provider.send_transaction(request).await;
        let receipt = receipt(pending.expect("an accepted transaction")).await;
        assert!(receipt.status());
        assert_eq!(receipt.gas_used, gas);
    }
    let account = alice();
    let held = read(&provider, token, &balanceOfCall { account }).await;
    assert_eq!(held, U256::from(HELD - 24));
}
