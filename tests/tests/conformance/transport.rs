//! HTTP and WebSocket, with what comes unasked on the latter.

use std::collections::VecDeque;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use spillway_tests::{Node, PATIENCE, Rpc};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How a node is spoken to.
pub(crate) enum Transport {
    Http(Rpc),
    WebSocket(Box<Socket>),
}

/// A connection, and the notifications that nobody has looked at.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    notifications: VecDeque<Value>,
    next_id: u64,
}

impl Transport {
    pub(crate) fn http(node: &Node) -> Self {
        Self::Http(node.rpc())
    }

    pub(crate) async fn websocket(node: &Node) -> Self {
        let (stream, _) = connect_async(node.ws_url()).await.expect("a WebSocket");
        Self::WebSocket(Box::new(Socket {
            stream,
            notifications: VecDeque::new(),
            next_id: 1,
        }))
    }

    /// The whole answer to a call.
    pub(crate) async fn answer(&mut self, method: &str, params: &Value) -> Value {
        match self {
            Self::Http(rpc) => {
                let request = request(1, method, params);
                let (_, body) = rpc.post(request).await.expect("an answer");
                serde_json::from_str(&body).expect("JSON")
            }
            Self::WebSocket(socket) => socket.answer(method, params).await,
        }
    }

    /// The next notification.
    pub(crate) async fn notification(&mut self) -> Value {
        let Self::WebSocket(socket) = self else {
            panic!("nothing comes unasked over HTTP")
        };
        match socket.notifications.pop_front() {
            Some(notification) => notification,
            None => socket.message().await,
        }
    }
}

fn request(id: u64, method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

impl Socket {
    async fn answer(&mut self, method: &str, params: &Value) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        let request = Message::text(request(id, method, params));
        self.stream.send(request).await.expect("a request sent");
        loop {
            let message = self.message().await;
            if message["id"] == id {
                return message;
            }
            self.notifications.push_back(message);
        }
    }

    async fn message(&mut self) -> Value {
        loop {
            let message = timeout(PATIENCE, self.stream.next()).await;
            let message = message.expect("a message in time").expect("a message");
            if let Message::Text(text) = message.expect("a message") {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }
}
