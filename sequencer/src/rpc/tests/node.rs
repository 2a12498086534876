//! The methods over a chain, without a socket.

use jsonrpsee::core::server::Subscription;
use jsonrpsee::server::{ServerHandle, stop_channel};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::*;

pub(super) struct Node {
    methods: Methods,
    server: ServerHandle,
}

impl Node {
    /// Ends it, so that nothing holds the view any more.
    pub(super) async fn stop(self) {
        drop(self.methods);
        self.server.stop().unwrap();
        self.server.stopped().await;
    }

    pub(super) fn over(submitter: Submitter, view: View) -> Self {
        let config = RpcConfig::new(([127, 0, 0, 1], 0).into());
        Self::with(config, submitter, view)
    }

    pub(super) fn with(config: RpcConfig, submitter: Submitter, view: View) -> Self {
        let (stop, server) = stop_channel();
        Self {
            methods: methods(Rpc::new(submitter, view, config, None, stop).unwrap())
                .unwrap()
                .1,
            server,
        }
    }

    /// The whole answer.
    pub(super) async fn call(&self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = request.to_string();
        let (answer, _) = self.methods.raw_json_request(&request, 1).await.unwrap();
        serde_json::from_str(answer.get()).unwrap()
    }

    /// The result, which must be there.
    pub(super) async fn result(&self, method: &str, params: Value) -> Value {
        let mut answer = self.call(method, params.clone()).await;
        assert!(answer.get("error").is_none(), "{method} {params}: {answer}");
        answer["result"].take()
    }

    /// The words of an error, which must be there.
    pub(super) async fn refusal(&self, method: &str, params: Value) -> String {
        let answer = self.call(method, params).await;
        answer["error"]["message"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned()
    }

    /// A subscription with room for so many messages.
    pub(super) async fn subscribe(&self, params: Value, room: usize) -> Subscription {
        self.subscription("eth_subscribe", params, room).await
    }

    /// A stream of what accounts hold.
    pub(super) async fn watch(&self, params: Value, room: usize) -> Subscription {
        self.subscription("spillway_subscribe", params, room).await
    }

    async fn subscription(&self, method: &str, params: Value, room: usize) -> Subscription {
        let params: Vec<Box<RawValue>> = params
            .as_array()
            .unwrap()
            .iter()
            .map(|one| RawValue::from_string(one.to_string()).unwrap())
            .collect();
        let subscribed = self.methods.subscribe(method, params, room);
        subscribed.await.unwrap()
    }
}
