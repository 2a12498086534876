//! Multicall3, and contracts that come with the call.

use alloy_sol_types::SolValue;
use spillway_bridge_contracts::IMulticall3::{Call, Call3, Call3Value};
use spillway_bridge_contracts::Multicall3::*;

use super::*;
use crate::call::facades::MULTICALL3;

fn balance_of(account: Address) -> Bytes {
    TokenFacade::balanceOfCall { account }.abi_encode().into()
}

/// A call of a token's function that reverts.
fn failing() -> Bytes {
    let (to, amount) = (Address::ZERO, U256::from(1));
    TokenFacade::transferCall { to, amount }.abi_encode().into()
}

fn calls(data: &[Bytes]) -> Vec<Call> {
    let call = |data: &Bytes| Call {
        target: TOKEN,
        callData: data.clone(),
    };
    data.iter().map(call).collect()
}

fn word(output: &Bytes) -> U256 {
    U256::abi_decode(output).unwrap()
}

#[tokio::test]
async fn many_balances_come_in_one_call() {
    let world = World::new().await;
    let data = [RICH, NOBODY, LOCKED].map(|number| balance_of(account(number)));
    let want = [HELD, 0, HELD].map(U256::from);
    let number = U256::from(world.sequencer.view().block_number());
    let calls = calls(&data);

    let call = aggregateCall {
        calls: calls.clone(),
    };
    let found = world.call(NOBODY, MULTICALL3, call).await;
    assert_eq!(found.blockNumber, number);
    assert!(found.returnData.iter().map(word).eq(want));

    let call = tryAggregateCall {
        requireSuccess: true,
        calls: calls.clone(),
    };
    let found = world.call(NOBODY, MULTICALL3, call).await;
    assert!(found.iter().map(|one| word(&one.returnData)).eq(want));

    let call = blockAndAggregateCall {
        calls: calls.clone(),
    };
    let found = world.call(NOBODY, MULTICALL3, call).await;
    assert_eq!((found.blockNumber, found.returnData.len()), (number, 3));

    let call = aggregate3Call {
        calls: data
            .map(|data| Call3 {
                target: TOKEN,
                allowFailure: false,
                callData: data,
            })
            .to_vec(),
    };
    let found = world.call(NOBODY, MULTICALL3, call).await;
    assert!(found.iter().map(|one| word(&one.returnData)).eq(want));
}

#[tokio::test]
async fn a_call_that_fails_fails_all_unless_it_may() {
    let world = World::new().await;
    let calls = calls(&[balance_of(account(RICH)), failing()]);
    let call = tryBlockAndAggregateCall {
        requireSuccess: false,
        calls: calls.clone(),
    };
    let found = world.call(NOBODY, MULTICALL3, call).await;
    let succeeded: Vec<_> = found.returnData.iter().map(|one| one.success).collect();
    assert_eq!(succeeded, [true, false]);
    for data in [
        aggregateCall {
            calls: calls.clone(),
        }
        .abi_encode(),
        blockAndAggregateCall { calls }.abi_encode(),
    ] {
        let words = world.reverts(NOBODY, MULTICALL3, 0, data).await;
        assert_eq!(words, "execution reverted: Multicall3: call failed");
    }
    let sends = |value| aggregate3ValueCall {
        calls: vec![Call3Value {
            target: account(NOBODY),
            allowFailure: false,
            value: U256::from(value),
            callData: Bytes::new(),
        }],
    };
    let params = json!([request(RICH, MULTICALL3, 5, sends(5).abi_encode())]);
    world.ask("eth_call", params).await;
    for (value, words) in [(4, "value mismatch"), (6, "call failed")] {
        let data = sends(value).abi_encode();
        let found = world.reverts(RICH, MULTICALL3, 5, data).await;
        assert!(found.contains(words), "{found}");
    }
}

#[tokio::test]
async fn the_block_is_the_newest_one() {
    let world = World::new().await;
    let view = world.sequencer.view();
    let head = view.with_ledger(|ledger| *ledger.head());
    let ask = |data: Vec<u8>| {
        world.ask(
            "eth_call",
            json!([{"to": MULTICALL3, "data": Bytes::from(data)}]),
        )
    };
    let block = world
        .ask("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    for (data, want) in [
        (getBlockNumberCall {}.abi_encode(), U256::from(head.number)),
        (
            getCurrentBlockTimestampCall {}.abi_encode(),
            U256::from(head.timestamp),
        ),
        (getBasefeeCall {}.abi_encode(), U256::from(head.base_fee)),
        (getChainIdCall {}.abi_encode(), U256::from(CHAIN_ID)),
        (getCurrentBlockDifficultyCall {}.abi_encode(), U256::ZERO),
        (getLastBlockHashCall {}.abi_encode(), head.parent.into()),
        (
            getBlockHashCall {
                blockNumber: U256::from(head.number),
            }
            .abi_encode(),
            U256::ZERO,
        ),
        (
            getEthBalanceCall {
                addr: account(RICH),
            }
            .abi_encode(),
            U256::from(ETHER),
        ),
        (
            getCurrentBlockCoinbaseCall {}.abi_encode(),
            GENESIS.fee_account.into_word().into(),
        ),
    ] {
        let found: U256 = serde_json::from_value(ask(data.clone()).await).unwrap();
        assert_eq!(found, want, "{:?}", Bytes::from(data));
    }
    let limit: U256 =
        serde_json::from_value(ask(getCurrentBlockGasLimitCall {}.abi_encode()).await).unwrap();
    assert!(limit > U256::ZERO && block["number"] == json!(U256::from(head.number)));
}

/// Libraries call without a deployed Multicall3 like this: a constructor that returns the answer as if it were code.
#[tokio::test]
async fn a_constructor_may_call() {
    let world = World::new().await;
    // Calls balanceOf(holder) of the token, and returns the word: PUSH the call's data to memory, CALL, RETURN.
    let data = balance_of(account(RICH));
    let (first, rest) = data.split_at(32);
    let code = [
        &[0x7f][..],
        first,
        &[0x5f, 0x52],
        &[0x63],
        rest,
        &[0x60, 0xe0, 0x1b, 0x60, 0x20, 0x52],
        &[0x60, 0x20, 0x5f, 0x60, 0x24, 0x5f, 0x73],
        TOKEN.as_slice(),
        &[0x5a, 0xfa, 0x50],
        &[0x60, 0x20, 0x5f, 0xf3],
    ]
    .concat();
    let params = json!([{ "data": Bytes::from(code) }, "latest"]);
    let found: U256 = serde_json::from_value(world.ask("eth_call", params).await).unwrap();
    assert_eq!(found, U256::from(HELD));
}
