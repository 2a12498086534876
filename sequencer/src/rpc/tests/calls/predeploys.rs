//! The predeploys.

use alloy_sol_types::SolValue;
use spillway_bridge_contracts::IMulticall3::Call3Value;
use spillway_bridge_contracts::IPayout::{self, ERC20InsufficientBalance, Payee};
use spillway_bridge_contracts::{IWithdraw, Multicall3};
use spillway_protocol::transaction::{PAYOUT_PREDEPLOY, WITHDRAW_PREDEPLOY};

use super::*;
use crate::call::facades::MULTICALL3;

fn pay(count: usize, amount: u128) -> Vec<Payee> {
    let payee = |place: usize| Payee {
        recipient: Address::left_padding_from(&(0x9000 + place).to_be_bytes()),
        amount: U256::from(amount),
    };
    (0..count).map(payee).collect()
}

fn payout(payees: Vec<Payee>) -> Vec<u8> {
    IPayout::payoutCall { payees }.abi_encode()
}

fn payout_token(token: Address, payees: Vec<Payee>) -> Vec<u8> {
    IPayout::payoutTokenCall { token, payees }.abi_encode()
}

fn withdraw(recipient: Address) -> Vec<u8> {
    IWithdraw::withdrawCall { recipient }.abi_encode()
}

fn withdraw_token(token: Address, amount: u128) -> Vec<u8> {
    let (amount, recipient) = (U256::from(amount), account(NOBODY));
    IWithdraw::withdrawTokenCall {
        token,
        amount,
        recipient,
    }
    .abi_encode()
}

/// What is possible returns nothing; what is not reverts in the words that the transaction's sender reads.
#[tokio::test]
async fn calls_say_what_the_transaction_would() {
    let world = World::new().await;
    let someone = account(NOBODY);
    let other_offset = {
        let mut data = payout(pay(1, 5));
        data[4 + 31] = 0x40;
        data
    };
    let trailing = [payout(pay(1, 5)), vec![0]].concat();
    let unlisted = Address::repeat_byte(0x33);
    let twice = [pay(1, 5), pay(1, 0)].concat();
    let (p, w) = (PAYOUT_PREDEPLOY, WITHDRAW_PREDEPLOY);
    for (name, from, to, value, data, words) in [
        ("withdrawal", RICH, w, 5, withdraw(someone), ""),
        ("of a token", RICH, w, 0, withdraw_token(TOKEN, HELD), ""),
        ("payout", RICH, p, 15, payout(pay(3, 5)), ""),
        ("of a token", RICH, p, 0, payout_token(TOKEN, pay(3, 5)), ""),
        ("twice", RICH, p, 5, payout(twice), ""),
        ("zero", RICH, w, 0, withdraw(someone), "amount is zero"),
        (
            "zero",
            RICH,
            w,
            0,
            withdraw_token(TOKEN, 0),
            "amount is zero",
        ),
        ("zero", RICH, p, 0, payout(pay(1, 0)), "amount is zero"),
        (
            "locked",
            LOCKED,
            w,
            5,
            withdraw(someone),
            "account is locked",
        ),
        (
            "locked",
            LOCKED,
            p,
            5,
            payout(pay(1, 5)),
            "account is locked",
        ),
        ("no payees", RICH, p, 0, payout(vec![]), "1 to 64 payees"),
        ("65", RICH, p, 65, payout(pay(65, 1)), "1 to 64 payees"),
        ("60", RICH, p, 60, payout(pay(60, 1)), "payout is too large"),
        ("sum", RICH, p, 4, payout(pay(1, 5)), "set value to the sum"),
        (
            "value",
            RICH,
            p,
            1,
            payout_token(TOKEN, pay(1, 5)),
            "cannot send ETH",
        ),
        (
            "unlisted",
            RICH,
            w,
            0,
            withdraw_token(unlisted, 5),
            "is not listed",
        ),
        (
            "unlisted",
            RICH,
            p,
            0,
            payout_token(unlisted, pay(1, 5)),
            "is not listed",
        ),
        ("no call", RICH, w, 5, vec![], "no such method"),
        ("no call", RICH, p, 5, vec![1, 2, 3, 4], "no such method"),
        ("offset", RICH, p, 5, other_offset, "not the canonical one"),
        ("trailing", RICH, p, 5, trailing, "after its last argument"),
    ] {
        if words.is_empty() {
            let params = json!([request(from, to, value, data)]);
            assert_eq!(world.ask("eth_call", params).await, "0x", "{name}");
            continue;
        }
        let reverted = world.reverts(from, to, value, data.clone()).await;
        assert!(reverted.contains(words), "{name}: {reverted}");
        let sent = json!([signed(from, 0, to, value, data)]);
        let (_, refused, _) = world.refusal("eth_sendRawTransaction", sent).await;
        assert_eq!(format!("execution reverted: {refused}"), reverted, "{name}");
    }
}

#[tokio::test]
async fn too_little_is_told_as_by_tokens_and_by_accounts() {
    let world = World::new().await;
    for (to, data) in [
        (PAYOUT_PREDEPLOY, payout_token(TOKEN, pay(2, HELD))),
        (WITHDRAW_PREDEPLOY, withdraw_token(TOKEN, 2 * HELD)),
    ] {
        let error: ERC20InsufficientBalance = world.reverts_with(RICH, to, data).await;
        assert_eq!(error.sender, account(RICH));
        assert_eq!(error.balance, U256::from(HELD));
        assert_eq!(error.needed, U256::from(2 * HELD));
    }
    let params = json!([request(
        RICH,
        WITHDRAW_PREDEPLOY,
        2 * ETHER,
        withdraw(account(1))
    )]);
    let (code, message, _) = world.refusal("eth_call", params).await;
    assert_eq!(code, -32000);
    assert!(message.starts_with("insufficient funds for gas * price + value"));
}

/// A contract that calls both predeploys moves what it was given, and sees it moved.
#[tokio::test]
async fn what_a_call_moves_is_seen_by_the_rest_of_it() {
    let world = World::new().await;
    let calls = [
        (PAYOUT_PREDEPLOY, 10u128, payout(pay(2, 5))),
        (PAYOUT_PREDEPLOY, 5, payout(pay(1, 5))),
        (WITHDRAW_PREDEPLOY, 7, withdraw(account(RICH))),
    ];
    let calls = calls.map(|(target, value, data)| Call3Value {
        target,
        allowFailure: false,
        value: U256::from(value),
        callData: data.into(),
    });
    let balance = Multicall3::getEthBalanceCall {
        addr: pay(1, 0)[0].recipient,
    };
    let look = Call3Value {
        target: MULTICALL3,
        allowFailure: false,
        value: U256::ZERO,
        callData: balance.abi_encode().into(),
    };
    let all = Multicall3::aggregate3ValueCall {
        calls: calls.into_iter().chain([look]).collect(),
    };
    let to = MULTICALL3;
    let params = json!([request(RICH, to, 22, all.abi_encode())]);
    let output: Bytes = serde_json::from_value(world.ask("eth_call", params).await).unwrap();
    let results = Multicall3::aggregate3ValueCall::abi_decode_returns(&output).unwrap();
    assert_eq!(results.len(), 4);
    let seen = U256::abi_decode(&results[3].returnData).unwrap();
    assert_eq!(seen, U256::from(10));
}
