//! Connections that misbehave: broken HTTP, and WebSocket messages that are no requests.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use spillway_tests::{Node, NodeOptions, PATIENCE};
use tokio::net::TcpStream as AsyncTcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::still_transfers;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<AsyncTcpStream>>;

/// Sends these bytes to the node.
fn send(node: &Node, bytes: &[u8]) -> TcpStream {
    let address = node.url().strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(bytes).expect("bytes sent");
    stream
}

/// Sends these bytes to the node, and returns the first line of what comes back until it closes the connection.
fn exchange(node: &Node, bytes: &[u8]) -> String {
    let mut stream = send(node, bytes);
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a limit for reading");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.lines().next().unwrap_or_default().to_owned()
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// Bytes of a connection, and the first line of the answer.
#[tokio::test]
async fn http_that_is_broken() {
    let node = Node::start(NodeOptions::default());
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#;
    let length = call.len();
    let json = "Content-Type: application/json\r\n";
    let cases = [
        (
            "a good request",
            post(&format!("{json}Content-Length: {length}\r\n"), call),
            "HTTP/1.1 200 OK",
        ),
        (
            "no content type",
            post(&format!("Content-Length: {length}\r\n"), call),
            "HTTP/1.1 415 Unsupported Media Type",
        ),
        (
            "another method",
            b"PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "HTTP/1.1 405 Method Not Allowed",
        ),
        (
            "no HTTP",
            b"\x16\x03\x01\x02\x00 is the beginning of TLS\r\n\r\n".to_vec(),
            "HTTP/1.1 400 Bad Request",
        ),
        (
            "a length that is no number",
            post(&format!("{json}Content-Length: many\r\n"), call),
            "HTTP/1.1 400 Bad Request",
        ),
        (
            "a length above the limit",
            post(&format!("{json}Content-Length: 2097153\r\n"), ""),
            "HTTP/1.1 413 Payload Too Large",
        ),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(exchange(&node, &bytes), expected, "{name}");
    }
    still_transfers(&node.rpc()).await;
}

/// Clients that go away in the middle of a request: after its head, within its body, or before the answer.
#[tokio::test]
async fn requests_that_break_off() {
    let node = Node::start(NodeOptions::default());
    let whole = post(
        "Content-Type: application/json\r\nContent-Length: 59\r\n",
        r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#,
    );
    for length in 0..=whole.len() {
        drop(send(&node, &whole[..length]));
    }
    still_transfers(&node.rpc()).await;
}

pub(crate) async fn say(socket: &mut Socket, message: impl Into<Message>) {
    socket.send(message.into()).await.expect("a message sent");
}

/// The next JSON message on the socket, subscriptions aside.
pub(crate) async fn hear(socket: &mut Socket) -> Value {
    let next = async {
        loop {
            match socket
                .next()
                .await
                .expect("an open socket")
                .expect("a message")
            {
                Message::Text(text) => {
                    let value: Value = serde_json::from_str(&text).expect("JSON");
                    if value.get("method").is_none() {
                        return value;
                    }
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("an unexpected message: {other:?}"),
            }
        }
    };
    timeout(PATIENCE, next).await.expect("an answer in time")
}

pub(crate) fn call(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

/// Errors on a WebSocket leave it open, and say what was wrong.
#[tokio::test]
async fn websocket_messages_that_are_no_requests() {
    let node = Node::start(NodeOptions::default());
    let (mut socket, _) = connect_async(node.ws_url()).await.expect("a WebSocket");
    let cases = [
        ("{".to_owned(), -32700),
        ("[]".to_owned(), -32600),
        (r#"{"jsonrpc":"2.0","id":1}"#.to_owned(), -32600),
        (call("eth_mine", &json!([])), -32601),
        (call("eth_subscribe", &json!(["newMoons"])), -32602),
        (call("eth_subscribe", &json!([])), -32602),
        (call("eth_getBalance", &json!(["0x01"])), -32602),
        ("x".repeat(3 * 1024 * 1024), -32007),
    ];
    for (message, code) in cases {
        say(&mut socket, message.clone()).await;
        let answer = hear(&mut socket).await;
        assert_eq!(answer["error"]["code"], code, "{message:.60}: {answer}");
    }
    say(&mut socket, call("eth_unsubscribe", &json!(["0x1234"]))).await;
    assert_eq!(hear(&mut socket).await["result"], false);
    say(&mut socket, call("eth_chainId", &json!([]))).await;
    assert_eq!(hear(&mut socket).await["result"], "0xca05");
    still_transfers(&node.rpc()).await;
}

/// Subscriptions are bounded for each connection.
#[tokio::test]
async fn subscriptions_are_bounded() {
    /// More than any wallet needs.
    const ATTEMPTS: usize = 2_000;
    let node = Node::start(NodeOptions::default());
    let (mut socket, _) = connect_async(node.ws_url()).await.expect("a WebSocket");
    let mut error = Value::Null;
    for _ in 0..ATTEMPTS {
        say(&mut socket, call("eth_subscribe", &json!(["newHeads"]))).await;
        error = hear(&mut socket).await["error"].take();
        if !error.is_null() {
            break;
        }
    }
    assert_eq!(
        error["code"], -32006,
        "no limit within {ATTEMPTS} subscriptions: {error}"
    );
    say(&mut socket, call("eth_chainId", &json!([]))).await;
    assert_eq!(hear(&mut socket).await["result"], "0xca05");
    still_transfers(&node.rpc()).await;
}
