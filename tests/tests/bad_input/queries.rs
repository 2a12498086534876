//! Clients that ask for more than a node gives: searches over everything, filters, subscriptions by the thousands.

use alloy_primitives::{B256, U256};
use serde_json::{Value, json};
use spillway_tests::{CallError, Node, NodeOptions, Rpc};
use tokio::task::JoinSet;
use tokio_tungstenite::connect_async;

use crate::connections::{Socket, call, hear, say};
use crate::still_transfers;

/// Searches of the whole chain by many at once are answered or refused with words, and transfers go on beside them.
#[tokio::test]
async fn searches_over_everything() {
    const CLIENTS: usize = 50;
    const SEARCHES: usize = 10;
    let node = Node::start(NodeOptions::default());
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let rpc = Rpc::new(node.url());
        clients.spawn(async move {
            for _ in 0..SEARCHES {
                let found = rpc
                    .call("eth_getLogs", json!([{"fromBlock": "earliest"}]))
                    .await;
                match found {
                    Ok(logs) => assert!(logs.as_array().is_some_and(|logs| !logs.is_empty())),
                    Err(CallError::Refused(error)) => assert_eq!(error.code, -32005, "{error}"),
                    Err(error) => panic!("{error}"),
                }
            }
        });
        still_transfers(&node.rpc()).await;
    }
    assert_eq!(clients.join_all().await.len(), CLIENTS);
    still_transfers(&node.rpc()).await;
}

/// Filters are bounded for the node; those there are keep working, and a place that is given up can be taken.
#[tokio::test]
async fn filters_that_are_exhausted() {
    /// More than the limit.
    const ATTEMPTS: usize = 5_000;
    let node = Node::start(NodeOptions::default());
    let rpc = node.rpc();
    let mut ids = Vec::new();
    let error = loop {
        match rpc.call("eth_newBlockFilter", json!([])).await {
            Ok(id) => ids.push(id),
            Err(CallError::Refused(error)) => break error,
            Err(error) => panic!("{error}"),
        }
        assert!(ids.len() < ATTEMPTS, "no limit within {ATTEMPTS} filters");
    };
    assert_eq!(error.code, -32000);
    assert!(error.message.contains("too many filters"), "{error}");
    still_transfers(&rpc).await;
    let changes = rpc.call("eth_getFilterChanges", json!([ids[0]])).await;
    assert!(
        !changes
            .expect("changes")
            .as_array()
            .expect("hashes")
            .is_empty()
    );
    let removed = rpc.call("eth_uninstallFilter", json!([ids[0]])).await;
    assert_eq!(removed, Ok(Value::Bool(true)));
    rpc.call("eth_newFilter", json!([{}]))
        .await
        .expect("a place");
}

/// Ten thousand subscriptions to payments of one's own: transfers go on, and the connections stand.
#[tokio::test]
async fn ten_thousand_subscriptions() {
    const SOCKETS: usize = 200;
    const EACH: usize = 50;
    let node = Node::start(NodeOptions::default());
    let mut sockets: Vec<Socket> = Vec::with_capacity(SOCKETS);
    for socket in 0..SOCKETS {
        let (mut stream, _) = connect_async(node.ws_url()).await.expect("a WebSocket");
        for subscription in 0..EACH {
            let account = B256::from(U256::from(1 + socket * EACH + subscription));
            let logs = json!(["logs", {"topics": [null, null, account]}]);
            say(&mut stream, call("eth_subscribe", &logs)).await;
            let answer = hear(&mut stream).await;
            assert!(answer["result"].is_string(), "{answer}");
        }
        sockets.push(stream);
    }
    for _ in 0..20 {
        still_transfers(&node.rpc()).await;
    }
    // All of them still stand.
    for socket in &mut sockets {
        say(socket, call("eth_chainId", &json!([]))).await;
        assert_eq!(hear(socket).await["result"], "0xca05");
    }
}
