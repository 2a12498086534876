//! Clients that take all that a node gives them, at once and again and again: beside them each transfer is confirmed.

use std::collections::{HashMap, HashSet};

use alloy_primitives::{Address, Bytes};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use spillway_tests::{Node, NodeOptions, PATIENCE, Rpc, RpcError, accounts};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::connections::{Socket, call, hear, say};
use crate::still_transfers;

/// A transfer that is confirmed in time, whatever else the node has to do.
async fn transfer_in_time(rpc: &Rpc) {
    let transfer = timeout(PATIENCE, still_transfers(rpc)).await;
    transfer.expect("a transfer that is confirmed");
}

/// So many clients ask for the same so many times, and have each answer checked. Transfers go on from the first question to the last
/// answer.
async fn beside_clients(clients: usize, times: usize, body: String, check: fn(&Value)) {
    let node = Node::start(NodeOptions::default());
    let mut asking = JoinSet::new();
    for _ in 0..clients {
        let (rpc, body) = (Rpc::new(node.url()), body.clone());
        asking.spawn(async move {
            for _ in 0..times {
                let (_, answer) = rpc.post(body.clone()).await.expect("an answer");
                check(&serde_json::from_str(&answer).expect("JSON"));
            }
        });
    }
    while !asking.is_empty() {
        transfer_in_time(&node.rpc()).await;
        while let Some(client) = asking.try_join_next() {
            client.expect("answers as they should be");
        }
    }
}

/// Each call ends by its gas or its time, or is not begun; and says so.
#[tokio::test]
async fn calls_that_never_end() {
    /// `JUMPDEST PUSH0 JUMP`
    const ENDLESS: &str = "0x5b5f56";
    let body = call("eth_call", &json!([{ "data": ENDLESS }, "latest"]));
    beside_clients(32, 5, body, |answer| {
        let error = RpcError::from_json(&answer["error"]).expect("an error");
        let said = |words| error.message.contains(words);
        match error.code {
            -32000 => assert!(said("out of gas") || said("timeout"), "{error}"),
            -32005 => assert!(said("busy, retry after"), "{error}"),
            _ => panic!("{error}"),
        }
    })
    .await;
}

/// As many calls as a batch may have, in a megabyte: all of them are answered.
#[tokio::test]
async fn batches_of_a_megabyte() {
    const CALLS: usize = 1_000;
    const CALL_BYTES: usize = 1_050;
    let transfer = json!({ "to": Address::repeat_byte(9), "data": Bytes::from(vec![7; 256]) });
    let one = call("eth_estimateGas", &json!([transfer]));
    let body = format!("[{}]", vec![format!("{one:<CALL_BYTES$}"); CALLS].join(","));
    assert!(body.len() > 1024 * 1024);
    beside_clients(32, 10, body, |answer| {
        let answers = answer.as_array().expect("a list of answers");
        assert_eq!(answers.len(), CALLS);
        assert!(answers.iter().all(|answer| answer["result"].is_string()));
    })
    .await;
}

/// All follow an account that each transfer changes: transfers go on, and in the end each stream has told of the last one.
#[tokio::test]
async fn ten_thousand_streams_of_an_account_that_pays() {
    const SOCKETS: usize = 200;
    const TRANSFERS: u64 = 200;
    let node = Node::start(NodeOptions::default());
    let payer = accounts::funded(18).address();
    let mut streams = JoinSet::new();
    for _ in 0..SOCKETS {
        streams.spawn(follow(subscribed(&node, payer).await, TRANSFERS));
    }
    for _ in 0..TRANSFERS {
        transfer_in_time(&node.rpc()).await;
    }
    assert_eq!(node.rpc().nonce(payer).await, Ok(TRANSFERS));
    assert_eq!(streams.join_all().await.len(), SOCKETS);
}

/// Streams of a connection.
const STREAMS: usize = 50;

/// A connection that follows an account with that many streams.
async fn subscribed(node: &Node, account: Address) -> Socket {
    let (mut socket, _) = connect_async(node.ws_url()).await.expect("a WebSocket");
    let wanted = json!(["accounts", { "accounts": [account] }]);
    for _ in 0..STREAMS {
        say(&mut socket, call("spillway_subscribe", &wanted)).await;
        let answer = hear(&mut socket).await;
        assert!(answer["result"].is_string(), "{answer}");
    }
    socket
}

/// Reads until each stream has told that the account has that nonce. No stream leaves out a message.
async fn follow(mut socket: Socket, nonce: u64) {
    let mut numbers = HashMap::new();
    let mut complete = HashSet::new();
    while complete.len() < STREAMS {
        let Value::Object(mut told) = notification(&mut socket).await else {
            panic!("not an object");
        };
        let stream = told["subscription"].to_string();
        let message = told["result"].take();
        let previous = numbers.insert(stream.clone(), message["number"].clone());
        if let Some(previous) = previous {
            assert_eq!(message["type"], "patch", "{message}");
            assert_eq!(message["previous"], previous, "{message}");
        }
        if message["accounts"][0]["nonce"] == nonce {
            complete.insert(stream);
        }
    }
}

/// What the next notification carries.
async fn notification(socket: &mut Socket) -> Value {
    let next = async {
        loop {
            let message = socket.next().await.expect("an open socket");
            if let Message::Text(text) = message.expect("a message") {
                let mut message: Value = serde_json::from_str(&text).expect("JSON");
                return message["params"].take();
            }
        }
    };
    timeout(PATIENCE, next).await.expect("a patch in time")
}
