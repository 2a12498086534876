//! What WebSocket alone has: subscriptions, and what they send.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use serde_json::{Value, json};
use spillway_tests::Node;

use crate::caller::Caller;

/// What is subscribed to: the component that its messages fit, and the public one.
type Kind = (&'static str, Option<&'static str>);

/// Subscribes to everything. Answers what is expected of each subscription.
pub(crate) async fn begin(caller: &mut Caller, node: &Node) -> BTreeMap<String, Kind> {
    let mut subscribed = BTreeMap::new();
    for (params, kind) in [
        (json!(["newHeads"]), ("Header", None)),
        (
            json!(["logs", { "address": node.token() }]),
            ("Log", Some("Log")),
        ),
        (json!(["logs"]), ("Log", Some("Log"))),
        (json!(["newPendingTransactions"]), ("Hash", Some("hash32"))),
        (
            json!(["newPendingTransactions", true]),
            ("Transaction", Some("TransactionInfo")),
        ),
    ] {
        let id = caller.ask("eth_subscribe", params).await;
        subscribed.insert(id.as_str().expect("an id").to_owned(), kind);
    }
    let logs_of_one_block = json!(["logs", { "blockHash": crate::traffic::no_hash() }]);
    caller.refused("eth_subscribe", logs_of_one_block).await;
    subscribed
}

/// Follows an account, once from the beginning and once from where that was, before anything else is sent.
pub(crate) async fn accounts(caller: &mut Caller, account: Address) {
    let mut since = Value::Null;
    for kind in ["snapshot", "patch"] {
        let what = json!({ "accounts": [account], "since": since });
        let id = caller
            .ask("spillway_subscribe", json!(["accounts", what]))
            .await;
        let (of, message) = caller.notification("spillway_subscribe").await;
        assert_eq!((&of, &message["type"]), (&id, &json!(kind)));
        since = json!({ "number": message["number"], "block_hash": message["block_hash"] });
        assert_eq!(caller.ask("spillway_unsubscribe", json!([id])).await, true);
    }
}

/// Reads until each has sent something, and ends them.
pub(crate) async fn end(caller: &mut Caller, subscribed: BTreeMap<String, Kind>) {
    let mut silent = subscribed.clone();
    while !silent.is_empty() {
        let (id, result) = caller.notification("eth_subscribe").await;
        let id = id.as_str().expect("an id");
        let (own, public) = subscribed[id];
        caller.check(own, public, &result);
        silent.remove(id);
    }
    for id in subscribed.keys() {
        assert_eq!(caller.ask("eth_unsubscribe", json!([id])).await, true);
    }
    let again = subscribed.keys().next().map(|id| json!([id]));
    let again = caller.ask("eth_unsubscribe", again.expect("an id")).await;
    assert_eq!(again, Value::Bool(false));
}
