//! The facades of tokens.

use alloy_primitives::keccak256;
use spillway_bridge_contracts::TokenFacade::*;

use super::*;
use crate::token_names::TokenName;

#[tokio::test]
async fn a_token_has_the_metadata_that_l1_said() {
    let world = World::new().await;
    assert_eq!(world.call(NOBODY, TOKEN, decimalsCall {}).await, 6);
    let unknown = TokenName::unknown(&TOKEN);
    assert_eq!(world.call(NOBODY, TOKEN, nameCall {}).await, unknown.name());
    assert_eq!(
        world.call(NOBODY, TOKEN, symbolCall {}).await,
        unknown.symbol()
    );
    // Solidity keeps short and long strings differently.
    let view = world.sequencer.view();
    for length in [1, 31, 32, 33, 64] {
        let (name, symbol) = ("n".repeat(length), "s".repeat(length.min(32)));
        view.set_token_name(TOKEN, TokenName::said(&TOKEN, Some(&name), Some(&symbol)));
        assert_eq!(world.call(NOBODY, TOKEN, nameCall {}).await, name);
        assert_eq!(world.call(NOBODY, TOKEN, symbolCall {}).await, symbol);
    }
    // Only of a listed token.
    let other = Address::repeat_byte(9);
    view.set_token_name(other, TokenName::said(&other, Some("x"), None));
    assert_eq!(view.token_name(&other), TokenName::unknown(&other));
}

#[tokio::test]
async fn balances_and_supply_are_the_ledgers() {
    let world = World::new().await;
    for (number, want) in [(RICH, HELD), (LOCKED, HELD), (NOBODY, 0), (TOKENLESS, 0)] {
        assert_eq!(world.balance_of(account(number)).await, want);
    }
    let supply = world.call(NOBODY, TOKEN, totalSupplyCall {}).await;
    assert_eq!(supply, U256::from(2 * HELD));
    let (owner, spender) = (account(RICH), account(NOBODY));
    let allowance = allowanceCall {
        _0: owner,
        _1: spender,
    };
    assert_eq!(world.call(RICH, TOKEN, allowance).await, U256::ZERO);

    let to = account(NOBODY);
    let data = transferCall {
        to,
        amount: U256::from(7),
    };
    let raw = signed(RICH, 0, TOKEN, 0, data.abi_encode());
    world.ask("eth_sendRawTransaction", json!([raw])).await;
    assert_eq!(world.balance_of(to).await, 7);
    assert_eq!(world.balance_of(account(RICH)).await, HELD - 7);
}

#[tokio::test]
async fn a_transfer_reverts_as_the_transaction_would_be_refused() {
    let world = World::new().await;
    let transfer = |to, amount| transferCall { to, amount }.abi_encode();
    let rich = account(RICH);
    let moves = |to, amount: u128| {
        world.call(
            RICH,
            TOKEN,
            transferCall {
                to,
                amount: U256::from(amount),
            },
        )
    };
    for (to, amount) in [
        (account(LOCKED), HELD),
        (account(LOCKED), 0),
        (account(NOBODY), 1),
        (Address::ZERO, 1),
        (rich, HELD),
    ] {
        assert!(moves(to, amount).await, "{amount} to {to}");
    }
    // Nothing has moved.
    assert_eq!(world.balance_of(rich).await, HELD);

    for (from, balance, needed) in [
        (RICH, HELD, U256::from(HELD + 1)),
        (RICH, HELD, U256::MAX),
        (TOKENLESS, 0, U256::from(1)),
        (TOKENLESS, 0, U256::ZERO),
        (NOBODY, 0, U256::from(1)),
    ] {
        let error: ERC20InsufficientBalance = world
            .reverts_with(from, TOKEN, transfer(rich, needed))
            .await;
        assert_eq!(error.sender, account(from));
        assert_eq!((error.balance, error.needed), (U256::from(balance), needed));
    }
    for (from, to, amount, words) in [
        (
            LOCKED,
            rich,
            1,
            "execution reverted: account is locked on L1",
        ),
        (
            RICH,
            account(NOBODY),
            0,
            "execution reverted: amount is zero",
        ),
    ] {
        let data = transfer(to, U256::from(amount));
        assert_eq!(world.reverts(from, TOKEN, 0, data.clone()).await, words);
        // The words of the transaction itself.
        let sent = json!([signed(from, 0, TOKEN, 0, data)]);
        let (_, refused, _) = world.refusal("eth_sendRawTransaction", sent).await;
        assert_eq!(format!("execution reverted: {refused}"), words);
    }
}

#[tokio::test]
async fn there_are_no_allowances_and_no_other_functions() {
    let world = World::new().await;
    let (to, amount) = (account(LOCKED), U256::from(1));
    let approve = approveCall { _0: to, _1: amount }.abi_encode();
    let transfer_from = transferFromCall {
        _0: account(RICH),
        _1: to,
        _2: amount,
    };
    for (value, data, words) in [
        (0, approve, "no allowances on this chain"),
        (0, transfer_from.abi_encode(), "no allowances on this chain"),
        (
            0,
            vec![1, 2, 3, 4],
            "no such function of a token on this chain",
        ),
        (1, vec![], "takes no ETH"),
    ] {
        let message = world.reverts(RICH, TOKEN, value, data).await;
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn code_and_storage_are_there_to_be_looked_at() {
    let world = World::new().await;
    let code = world.ask("eth_getCode", json!([TOKEN, "latest"])).await;
    assert_eq!(code, json!(TokenFacade::DEPLOYED_BYTECODE));
    let nothing = world.ask("eth_getCode", json!([account(RICH)])).await;
    assert_eq!(nothing, "0x");
    let storage = |at, slot: U256| world.ask("eth_getStorageAt", json!([at, slot, "latest"]));
    let held = U256::from(HELD);
    let slot: U256 = account(RICH).into_word().into();
    for (at, slot, want) in [
        (TOKEN, slot, held),
        (TOKEN, (U256::from(1) << 255) + U256::from(2), held + held),
        (TOKEN, U256::MAX, U256::ZERO),
        (account(RICH), slot, U256::ZERO),
    ] {
        assert_eq!(
            storage(at, slot).await,
            json!(alloy_primitives::B256::from(want))
        );
    }
    // A contract of the call's own sees the same hash of the code.
    let hash_of = [
        &[0x73][..],
        TOKEN.as_slice(),
        &[0x3f, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3],
    ];
    let params = json!([{ "data": Bytes::from(hash_of.concat()) }]);
    let found = world.ask("eth_call", params).await;
    assert_eq!(found, json!(keccak256(&*TokenFacade::DEPLOYED_BYTECODE)));
}
