//! Which state a call sees, and what it may override.

use spillway_bridge_contracts::IMulticall3::Call;
use spillway_bridge_contracts::Multicall3::aggregateCall;

use super::*;
use crate::call::facades::MULTICALL3;

fn balance_of(number: u8) -> Call {
    let account = account(number);
    Call {
        target: TOKEN,
        callData: TokenFacade::balanceOfCall { account }.abi_encode().into(),
    }
}

/// Tokens go round between two accounts, a block each, while their sum is asked for: it is always the same.
#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_call_reads_is_of_one_block() {
    let world = World::new().await;
    let calls: Vec<_> = [RICH, NOBODY]
        .iter()
        .cycle()
        .take(60)
        .map(|number| balance_of(*number))
        .collect();
    let moving = async {
        for nonce in 0..300 {
            let (to, amount) = (account(NOBODY), U256::from(1));
            let data = TokenFacade::transferCall { to, amount }.abi_encode();
            let raw = signed(RICH, nonce, TOKEN, 0, data);
            world.ask("eth_sendRawTransaction", json!([raw])).await;
        }
        world.sequencer.view().block_number()
    };
    let looking = async {
        let mut blocks = std::collections::BTreeSet::new();
        while blocks.last().is_none_or(|newest| *newest < U256::from(200)) {
            let call = aggregateCall {
                calls: calls.clone(),
            };
            let found = world.call(NOBODY, MULTICALL3, call).await;
            let held: Vec<U256> = found
                .returnData
                .iter()
                .map(|data| U256::from_be_slice(data))
                .collect();
            assert!(held.chunks(2).all(|two| two == &held[..2]), "{held:?}");
            assert_eq!(held[0] + held[1], U256::from(HELD));
            // A token went over in each block but the first.
            assert_eq!(held[1] + U256::from(1), found.blockNumber);
            blocks.insert(found.blockNumber);
        }
        blocks.len()
    };
    let (last, seen) = tokio::join!(moving, looking);
    assert_eq!(last, 301);
    assert!(seen > 1, "{seen} blocks seen");
}

#[tokio::test]
async fn a_call_sees_the_state_that_it_names() {
    let world = World::new().await;
    let raw = signed(RICH, 0, account(LOCKED), 1, vec![]);
    world.ask("eth_sendRawTransaction", json!([raw])).await;
    let newest = world
        .ask("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let ask = |block: Value| {
        let call = balance_of(RICH);
        json!([{"to": TOKEN, "data": call.callData}, block])
    };
    for block in [
        json!("latest"),
        json!("pending"),
        json!("0x2"),
        newest["hash"].clone(),
        json!({"blockHash": newest["hash"]}),
        Value::Null,
    ] {
        let found = world.ask("eth_call", ask(block.clone())).await;
        assert_eq!(
            found,
            json!(alloy_primitives::B256::from(U256::from(HELD))),
            "{block}"
        );
    }
    // Genesis, before RICH had anything, is remembered as well.
    for block in ["0x0", "earliest", "safe", "finalized"] {
        let found = world.ask("eth_call", ask(json!(block))).await;
        assert_eq!(found, json!(alloy_primitives::B256::ZERO), "{block}");
    }
    for (block, words) in [
        (json!("0x3"), "header not found"),
        (
            json!(alloy_primitives::B256::ZERO),
            "header for hash not found",
        ),
    ] {
        let (code, message, _) = world.refusal("eth_call", ask(block)).await;
        assert_eq!(code, -32000);
        assert!(message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn overrides_hold_for_the_call_alone() {
    let world = World::new().await;
    let slot: U256 = account(NOBODY).into_word().into();
    let slot = format!("{slot:#x}");
    let data = balance_of(NOBODY).callData;
    let ask = |overrides: Value| json!([{"to": TOKEN, "data": data}, "latest", overrides]);
    let token = TOKEN.to_string();
    for (overrides, want) in [
        (json!({}), 0),
        (
            json!({token.clone(): {"stateDiff": {slot.clone(): "0x7"}}}),
            7,
        ),
        (json!({token.clone(): {"state": {slot.clone(): "0x8"}}}), 8),
        (json!({token.clone(): {"balance": "0x1"}}), 0),
    ] {
        let found: U256 =
            serde_json::from_value(world.ask("eth_call", ask(overrides)).await).unwrap();
        assert_eq!(found, U256::from(want));
    }
    // With all storage replaced the holder has nothing; without code nothing answers.
    let call = json!({"to": TOKEN, "data": balance_of(RICH).callData});
    let replaced = json!([call, "latest", {token.clone(): {"state": {}}}]);
    let found: U256 = serde_json::from_value(world.ask("eth_call", replaced).await).unwrap();
    assert_eq!(found, U256::ZERO);
    let gone = json!([call, "latest", {token: {"code": "0x"}}]);
    assert_eq!(world.ask("eth_call", gone).await, "0x");

    // NUMBER, TIMESTAMP and BASEFEE, a word each.
    let code = json!({"data": "0x435f5242602052486040526060 5ff3".replace(' ', "")});
    let block = json!({"number": "0x7", "time": "0x8", "baseFeePerGas": "0x9"});
    let found = world
        .ask("eth_call", json!([code, "latest", {}, block]))
        .await;
    let found: Bytes = serde_json::from_value(found).unwrap();
    let words: Vec<_> = found.chunks(32).map(U256::from_be_slice).collect();
    assert_eq!(words, [7, 8, 9].map(U256::from));
}

#[tokio::test]
async fn plain_calls_are_as_on_any_node() {
    let world = World::new().await;
    let someone = Address::repeat_byte(0x55);
    let nothing = json!([{"to": someone, "data": "0x12345678"}]);
    assert_eq!(world.ask("eth_call", nothing).await, "0x");
    let sends = json!([request(RICH, someone, ETHER, vec![])]);
    assert_eq!(world.ask("eth_call", sends).await, "0x");
    let mut priced = request(RICH, someone, 0, vec![]);
    priced["gasPrice"] = json!("0x1");
    let mut short = request(RICH, someone, 0, vec![]);
    short["gas"] = json!("0x1");
    for (call, words) in [
        (
            request(NOBODY, someone, 1, vec![]),
            "insufficient funds for gas * price + value: address",
        ),
        (priced, "max fee per gas less than block base fee"),
        (short, "intrinsic gas too low: have 1, want 21000"),
    ] {
        let (code, message, _) = world.refusal("eth_call", json!([call])).await;
        assert_eq!(code, -32000);
        assert!(message.contains(words), "{message}");
    }
    // GASPRICE: what is offered, though nothing is charged.
    let mut offers = request(RICH, someone, ETHER, vec![]);
    offers["maxFeePerGas"] = json!("0x77359400");
    let code = json!({someone.to_string(): {"code": "0x3a5f5260205ff3"}});
    let found = world.ask("eth_call", json!([offers, "latest", code])).await;
    let found: U256 = serde_json::from_value(found).unwrap();
    assert_eq!(found, U256::from(2_000_000_000));
}

/// A wallet gives a token's transfer the gas that it was told: its price, which is less than the EVM takes for the same.
#[tokio::test]
async fn the_price_of_a_transaction_is_gas_enough() {
    let world = World::new().await;
    let (to, amount) = (account(NOBODY), U256::from(1));
    let data = TokenFacade::transferCall { to, amount }.abi_encode();
    let mut call = request(RICH, TOKEN, 0, data);
    call["gas"] = json!("0x7530");
    world.ask("eth_call", json!([call])).await;
    call["gas"] = json!("0x5207");
    let (_, message, _) = world.refusal("eth_call", json!([call])).await;
    assert!(message.contains("intrinsic gas too low"), "{message}");
}
