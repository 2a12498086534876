//! Contracts through alloy: the facades of tokens, the predeploys and Multicall3.

use alloy_network::TransactionBuilder;
use alloy_primitives::{Address, U256};
use alloy_provider::Provider;
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, SolInterface};
use spillway_bridge_contracts::TokenFacade::{TokenFacadeErrors, balanceOfCall, transferCall};
use spillway_bridge_contracts::{IPayout, IWithdraw};
use spillway_protocol::transaction::{PAYOUT_PREDEPLOY, WITHDRAW_PREDEPLOY};
use spillway_tests::{Node, NodeOptions};

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

#[tokio::test]
async fn alloy_reads_and_simulates_a_token() {
    let node = Node::start(NodeOptions::default());
    let (provider, token) = (connect(&node), node.token());
    let held = balanceOfCall { account: alice() };
    let output = provider.call(request(token, 0, &held)).await;
    let output = output.expect("an answer");
    assert_eq!(
        balanceOfCall::abi_decode_returns(&output).expect("a balance"),
        U256::from(HELD)
    );
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
}

#[tokio::test]
async fn alloy_pays_out_and_withdraws() {
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
    for (request, gas) in [
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
    let held = balanceOfCall { account: alice() };
    let output = provider.call(request(token, 0, &held)).await;
    let output = output.expect("an answer");
    assert_eq!(
        balanceOfCall::abi_decode_returns(&output).expect("a balance"),
        U256::from(HELD - 19)
    );
}
