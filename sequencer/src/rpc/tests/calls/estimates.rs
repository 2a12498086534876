//! `eth_estimateGas` where there is a facade: the price of the transaction, or why it would be refused.

use spillway_bridge_contracts::TokenFacade::{ERC20InsufficientBalance, approveCall, transferCall};
use spillway_bridge_contracts::{IPayout, IWithdraw};
use spillway_protocol::transaction::{PAYOUT_PREDEPLOY, WITHDRAW_PREDEPLOY};

use super::*;
use crate::call::facades::MULTICALL3;

fn transfer(amount: u128) -> Vec<u8> {
    let (to, amount) = (account(NOBODY), U256::from(amount));
    transferCall { to, amount }.abi_encode()
}

fn approve() -> Vec<u8> {
    let (spender, amount) = (account(NOBODY), U256::from(1));
    approveCall {
        _0: spender,
        _1: amount,
    }
    .abi_encode()
}

fn withdraw() -> Vec<u8> {
    let recipient = account(NOBODY);
    IWithdraw::withdrawCall { recipient }.abi_encode()
}

fn payout() -> Vec<u8> {
    let payee = |place: u8| IPayout::Payee {
        recipient: Address::repeat_byte(place),
        amount: U256::from(5),
    };
    let payees = (0x90..0x93).map(payee).collect();
    IPayout::payoutCall { payees }.abi_encode()
}

#[tokio::test]
async fn what_can_be_done_costs_its_price() {
    let world = World::new().await;
    for (to, value, data, want) in [
        (account(NOBODY), 5, vec![], 21_000),
        (account(NOBODY), 5, b"memo".to_vec(), 21_000),
        (TOKEN, 0, transfer(HELD), 30_000),
        (WITHDRAW_PREDEPLOY, 5, withdraw(), 60_000),
        (PAYOUT_PREDEPLOY, 15, payout(), 57_000),
    ] {
        let call = request(RICH, to, value, data);
        let found = world.ask("eth_estimateGas", json!([call])).await;
        assert_eq!(found, json!(U256::from(want)));
    }
    // Without a sender nobody is asked for funds.
    let anyone = json!([{"to": TOKEN, "data": Bytes::from(transfer(5))}]);
    assert_eq!(world.ask("eth_estimateGas", anyone).await, "0x7530");
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let world = World::new().await;
    let reverted = |words| (3, format!("execution reverted{words}"));
    for (from, to, value, data, want) in [
        (RICH, TOKEN, 0, transfer(HELD + 1), reverted("")),
        (
            LOCKED,
            TOKEN,
            0,
            transfer(1),
            reverted(": account is locked on L1"),
        ),
        (
            RICH,
            TOKEN,
            0,
            approve(),
            reverted(": no allowances on this chain: the holder sends transfer itself"),
        ),
        (
            LOCKED,
            WITHDRAW_PREDEPLOY,
            5,
            withdraw(),
            reverted(": account is locked on L1"),
        ),
        (
            RICH,
            WITHDRAW_PREDEPLOY,
            0,
            withdraw(),
            reverted(": amount is zero"),
        ),
        (
            LOCKED,
            account(RICH),
            5,
            vec![],
            (-32000, "account is locked on L1".to_owned()),
        ),
    ] {
        let params = json!([request(from, to, value, data)]);
        let (code, message, _) = world.refusal("eth_estimateGas", params).await;
        assert_eq!((code, message), want);
    }
    for (from, to, value, data, words) in [
        (
            NOBODY,
            TOKEN,
            0,
            transfer(1),
            "insufficient funds for gas * price + value",
        ),
        (
            RICH,
            WITHDRAW_PREDEPLOY,
            ETHER,
            withdraw(),
            "insufficient funds for gas * price + value",
        ),
        (
            RICH,
            MULTICALL3,
            0,
            vec![],
            "Multicall3 is for eth_call alone",
        ),
        (
            RICH,
            PAYOUT_PREDEPLOY,
            0,
            vec![],
            "no such method of the payout predeploy",
        ),
        (
            RICH,
            account(NOBODY),
            0,
            transfer(1),
            "is not listed by the bridge",
        ),
        (RICH, account(NOBODY), 0, vec![0; 257], "memo has 257 bytes"),
    ] {
        let params = json!([request(from, to, value, data)]);
        let (code, message, _) = world.refusal("eth_estimateGas", params).await;
        assert_eq!(code, -32000, "{message}");
        assert!(message.contains(words), "{message}");
    }
    let anyone = json!([{"to": TOKEN, "data": Bytes::from(approve())}]);
    let (code, ..) = world.refusal("eth_estimateGas", anyone).await;
    assert_eq!(code, 3);
}

#[tokio::test]
async fn the_error_of_a_token_comes_with_the_estimate_and_overrides_count() {
    let world = World::new().await;
    let call = request(RICH, TOKEN, 0, transfer(HELD + 1));
    let (_, _, data) = world.refusal("eth_estimateGas", json!([call])).await;
    let error = ERC20InsufficientBalance::abi_decode(&data.unwrap()).unwrap();
    assert_eq!(error.balance, U256::from(HELD));

    let slot: U256 = account(NOBODY).into_word().into();
    let overrides = json!({
        account(NOBODY).to_string(): {"balance": U256::from(ETHER)},
        TOKEN.to_string(): {"stateDiff": {format!("{slot:#x}"): "0x1"}},
    });
    let params = json!([request(NOBODY, TOKEN, 0, transfer(1)), "latest", overrides]);
    assert_eq!(world.ask("eth_estimateGas", params).await, "0x7530");
}
