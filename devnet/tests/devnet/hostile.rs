//! Input that means harm: bounded, answered clearly, and survived.

use alloy_primitives::{Bytes, hex};
use proptest::prelude::*;
use serde_json::{Value, json};
use spillway_devnet::chain::Chain;
use spillway_devnet::pool::PoolError;
use spillway_devnet::{Config, Devnet, ServerLimits};

use crate::support::{GENESIS, chain, chain_config, config, sign, transfer};

proptest! {
    /// Whatever bytes are sent, the answer is an error and no panic.
    #[test]
    fn no_bytes_are_a_panic(kind in 0u8..8, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut chain = chain();
        let raw = [vec![kind], bytes].concat();
        prop_assert!(chain.submit(&raw).is_err());
        prop_assert!(chain.submit(&raw[1..]).is_err());
    }

    /// A good transaction with one byte changed is another one, or none.
    #[test]
    fn a_changed_byte_is_noticed(position in 0usize..115, change in 1u8..) {
        let mut chain = chain();
        let good = sign(0, transfer(0));
        let mut bad = good.clone();
        let position = position % bad.len();
        bad[position] ^= change;
        if let Ok(hash) = chain.submit(&bad) {
            let sender = chain.pending(&hash).unwrap().sender();
            prop_assert_ne!(sender, crate::support::address(0));
        }
    }
}

#[test]
fn a_transaction_is_measured_before_it_is_read() {
    let mut chain = Chain::new(chain_config(), GENESIS);
    for (first, limit) in [(0xf8, 131_072), (2, 131_072), (3, 1_179_648)] {
        let mut raw = vec![0xff; limit + 1];
        raw[0] = first;
        let size = raw.len();
        assert_eq!(
            chain.submit(&raw),
            Err(PoolError::Oversized { size, limit })
        );
    }
}

async fn post(url: &str, body: String) -> (u16, String) {
    let client = reqwest::Client::new();
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .body(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn call(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

#[tokio::test]
async fn requests_are_bounded_and_errors_clear() {
    let devnet = Devnet::start(Config {
        controls: false,
        server: ServerLimits {
            request_bytes: 100_000,
            response_bytes: 50_000,
            batch_calls: 10,
            ..ServerLimits::default()
        },
        ..config()
    })
    .unwrap();
    devnet.controls().mine(200).unwrap();
    let server = devnet.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    let url = format!("http://{}", server.local_addr());

    for length in [100_001, 700_000] {
        let (status, body) = post(&url, " ".repeat(length)).await;
        assert_eq!(status, 413);
        assert!(body.contains("longer than 100000 bytes"), "{body}");
    }
    let batch = vec![call("eth_chainId", &json!([])); 11].join(",");
    let (_, body) = post(&url, format!("[{batch}]")).await;
    assert!(body.contains("-32010"), "{body}");
    let blocks = (0..10).map(|_| call("eth_getBlockByNumber", &json!(["latest", true])));
    let (_, body) = post(&url, format!("[{}]", blocks.collect::<Vec<_>>().join(","))).await;
    assert!(body.len() < 60_000);

    let address = "0x00000000000000000000000000000000000000ff";
    for (method, params, code, words) in [
        (
            "eth_nothing",
            json!([]),
            -32601,
            "the method eth_nothing does not exist",
        ),
        (
            "devnet_mine",
            json!([1]),
            -32601,
            "the method devnet_mine does not exist",
        ),
        (
            "eth_getBalance",
            json!([]),
            -32602,
            "missing value for required argument 0 (address)",
        ),
        (
            "eth_getBalance",
            json!(["0x12"]),
            -32602,
            "invalid argument 0 (address)",
        ),
        (
            "eth_getBalance",
            json!({ "address": address }),
            -32602,
            "params must be an array",
        ),
        (
            "eth_getBalance",
            json!([address, "0xffffff"]),
            -32000,
            "header not found",
        ),
        (
            "eth_getBalance",
            json!([address, "newest"]),
            -32602,
            "invalid argument 1 (block)",
        ),
        ("eth_sendRawTransaction", json!(["0x02"]), -32000, "rlp"),
        (
            "eth_sendRawTransaction",
            json!(["zz"]),
            -32602,
            "invalid argument 0",
        ),
        (
            "eth_call",
            json!([{}, "latest", { address: {} }]),
            -32602,
            "state overrides are not supported",
        ),
        (
            "eth_getLogs",
            json!([{ "fromBlock": "0x0", "address": vec![address; 1_001] }]),
            0,
            "",
        ),
        (
            "eth_feeHistory",
            json!(["0x2", "latest", [50, 20]]),
            -32000,
            "invalid reward percentile",
        ),
        (
            "eth_feeHistory",
            json!(["0x2", "0xffffff", []]),
            -32000,
            "beyond head",
        ),
    ] {
        let (status, body) = post(&url, call(method, &params)).await;
        assert_eq!(status, 200, "{method} {body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        let found = answer["error"]["code"].as_i64().unwrap_or_default();
        assert_eq!(found, code, "{method} {params} {body}");
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{method} {body}");
        assert!(message.len() < 400, "{method} {body}");
    }
    for (path, want) in [
        ("/eth/v1/beacon/blobs/1", 200),
        ("/eth/v1/beacon/blobs/99999999", 404),
        ("/eth/v1/beacon/blobs/x", 400),
        ("/eth/v1/beacon/blobs/0x12", 400),
        ("/eth/v1/beacon/blobs/1?versioned_hashes=0x12", 400),
        ("/eth/v2/beacon/blobs/1", 404),
        ("/eth/v1/beacon/headers/18446744073709551615", 404),
    ] {
        let answer = reqwest::get(format!("{url}{path}")).await.unwrap();
        assert_eq!(answer.status(), want, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn logs_are_bounded_in_blocks_and_in_number() {
    let mut config = config();
    config.chain.calls.log_blocks = 10;
    let devnet = Devnet::start(config).unwrap();
    devnet.controls().mine(20).unwrap();
    let client = devnet.client();
    let ask = async |from: &str, to: &str| {
        let filter = json!([{ "fromBlock": from, "toBlock": to }]);
        let answer = client.request::<_, Vec<Value>>("eth_getLogs", filter).await;
        answer.map_err(|error| error.as_error_resp().unwrap().message.to_string())
    };
    assert_eq!(ask("0x1", "0xa").await, Ok(vec![]));
    let refused = ask("0x1", "0xb").await.unwrap_err();
    assert!(refused.contains("max block range 10"), "{refused}");
    assert_eq!(ask("0xb", "0xffffffffffffffff").await, Ok(vec![]));
    assert_eq!(ask("0x14", "0x1").await, Ok(vec![]));
}

#[test]
fn old_blocks_make_room_for_new_ones() {
    let mut config = chain_config();
    config.history.states = 16;
    config.history.block_bytes = 1;
    let mut chain = Chain::new(config, GENESIS);
    for _ in 0..400 {
        chain.mine(0).unwrap();
    }
    // BLOCKHASH needs 256 of them.
    assert_eq!(chain.oldest_block(), 400 - 256);
    assert!(chain.block(100).is_none());
    let opcode = hex!("5f35405f5260205ff3");
    let contract = crate::support::deployed(&mut chain, 0, 0, &opcode);
    let request = alloy_rpc_types_eth::TransactionRequest {
        to: Some(contract.into()),
        input: Bytes::from(alloy_primitives::U256::from(150).to_be_bytes_vec()).into(),
        ..Default::default()
    };
    let outcome = chain.call(request, chain.head()).unwrap();
    assert_eq!(outcome.output.as_ref(), chain.block(150).unwrap().hash);
}
