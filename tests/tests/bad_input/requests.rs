//! Bodies that are not the JSON-RPC that the node speaks.

use reqwest::StatusCode;
use serde_json::{Value, json};
use spillway_tests::{Node, NodeOptions};

use crate::{Case, check_all, still_transfers};

/// Largest body of a request, in bytes.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Most calls in a batch.
const BATCH_CALLS_MAX: usize = 1_000;

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const BODY_TOO_LARGE: i64 = -32007;
const BATCH_TOO_LARGE: i64 = -32010;

const DEEP: usize = 100_000;

/// A body as it is.
fn body(name: &'static str, body: impl Into<String>, code: i64, words: &'static str) -> Case {
    Case {
        name,
        body: body.into(),
        code,
        words,
    }
}

/// A call of a method.
fn call(name: &'static str, method: &str, params: &Value, code: i64, words: &'static str) -> Case {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    Case {
        name,
        body: request.to_string(),
        code,
        words,
    }
}

/// A call whose params are this text.
fn call_with_text(
    name: &'static str,
    method: &str,
    params: &str,
    code: i64,
    words: &'static str,
) -> Case {
    let request = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    Case {
        name,
        body: request,
        code,
        words,
    }
}

/// `open` and `close` around nothing, `DEEP` times.
fn nested(open: &str, close: &str) -> String {
    open.repeat(DEEP) + &close.repeat(DEEP)
}

#[rustfmt::skip]
pub(crate) fn bodies() -> Vec<Case> {
    vec![
        body("an object that is cut off", r#"{"jsonrpc":"2.0","id":1,"#, PARSE_ERROR, "parse error"),
        body("words", "transfer all", PARSE_ERROR, "parse error"),
        body("two values", "{} {}", PARSE_ERROR, "parse error"),
        body("single quotes", "{'id':1}", PARSE_ERROR, "parse error"),
        body("a control character", "{\"id\":\"\u{1}\"}", PARSE_ERROR, "parse error"),
        body("half of a surrogate pair", r#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#, INVALID_REQUEST, "invalid request"),
        body("nothing", "", PARSE_ERROR, "parse error"),
        body("an empty object", "{}", PARSE_ERROR, "parse error"),
        body("no method", r#"{"jsonrpc":"2.0","id":1}"#, INVALID_REQUEST, "invalid request"),
        body("no version", r#"{"id":1,"method":"eth_chainId"}"#, INVALID_REQUEST, "invalid request"),
        body("version 1.0", r#"{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}"#, INVALID_REQUEST, "invalid request"),
        body("a number for a method", r#"{"jsonrpc":"2.0","id":1,"method":7}"#, INVALID_REQUEST, "invalid request"),
        body("arrays 100,000 deep", nested("[", "]"), INVALID_REQUEST, "invalid request"),
        body("objects 100,000 deep", nested(r#"{"a":"#, "}").replace(":}", ":0}"), PARSE_ERROR, "parse error"),
        body("a batch that is too long", batch(BATCH_CALLS_MAX + 1), BATCH_TOO_LARGE, "batch request was too large"),
        body("an empty batch", "[]", INVALID_REQUEST, "invalid request"),
    ]
}

#[rustfmt::skip]
pub(crate) fn calls() -> Vec<Case> {
    let account = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    let long = format!("0x{}", "0".repeat(100));
    vec![
        call("an unknown method", "eth_mine", &json!([]), METHOD_NOT_FOUND, "eth_mine does not exist"),
        call("another case", "ETH_CHAINID", &json!([]), METHOD_NOT_FOUND, "does not exist"),
        call("a method that viem tries", "eth_fillTransaction", &json!([{}]), METHOD_NOT_FOUND, "does not exist"),
        call("an admin method", "admin_stop", &json!([]), METHOD_NOT_FOUND, "does not exist"),
        call("no address", "eth_getBalance", &json!([]), INVALID_PARAMS, "missing value for required argument 0"),
        call("null for an address", "eth_getBalance", &json!([null, "latest"]), INVALID_PARAMS, "missing value for required argument 0"),
        call("a number for an address", "eth_getBalance", &json!([7, "latest"]), INVALID_PARAMS, "expected a hex string"),
        call("an address without 0x and short", "eth_getBalance", &json!([&account[4..], "latest"]), INVALID_PARAMS, "without 0x prefix"),
        call("an address of 19 bytes", "eth_getBalance", &json!([&account[..40], "latest"]), INVALID_PARAMS, "expected 20 bytes of hex"),
        call("an address that is too long", "eth_getBalance", &json!([long, "latest"]), INVALID_PARAMS, "expected 20 bytes of hex"),
        call("an address that is no hex", "eth_getBalance", &json!([account.replace('f', "g"), "latest"]), INVALID_PARAMS, "invalid hex string"),
        call("an unknown tag", "eth_getBalance", &json!([account, "newest"]), INVALID_PARAMS, "invalid argument 1"),
        call("a block number without 0x", "eth_getBalance", &json!([account, "12"]), INVALID_PARAMS, "without 0x prefix"),
        call("a negative block number", "eth_getBalance", &json!([account, -1]), INVALID_PARAMS, "expected a hex string"),
        call("a fraction for a block", "eth_getBalance", &json!([account, 1.5]), INVALID_PARAMS, "expected a hex string"),
        call("a block number above u64", "eth_getBlockByNumber", &json!(["0x10000000000000000", false]), INVALID_PARAMS, "larger than 64 bits"),
        call("words for a boolean", "eth_getBlockByNumber", &json!(["latest", "yes"]), INVALID_PARAMS, "expected true or false"),
        call("a short block hash", "eth_getBlockByHash", &json!(["0x01", false]), INVALID_PARAMS, "expected 32 bytes of hex"),
        call("a short transaction hash", "eth_getTransactionByHash", &json!(["0x01"]), INVALID_PARAMS, "expected 32 bytes of hex"),
        call("an object for a hash", "eth_getTransactionReceipt", &json!([{}]), INVALID_PARAMS, "expected a hex string"),
        call("a string for params", "eth_getTransactionReceipt", &json!("0x01"), INVALID_PARAMS, "params must be an array"),
        call("no transaction", "eth_sendRawTransaction", &json!([]), INVALID_PARAMS, "missing value for required argument 0"),
        call("an object for a transaction", "eth_sendRawTransaction", &json!([{}]), INVALID_PARAMS, "expected a hex string"),
        call("an odd number of digits", "eth_sendRawTransaction", &json!(["0x0"]), INVALID_PARAMS, "odd length"),
        call("a transaction that is no hex", "eth_sendRawTransaction", &json!(["0xzz"]), INVALID_PARAMS, "invalid hex string"),
        call("a transaction in bulk that is no list", "spillway_sendRawTransactions", &json!(["0x01"]), INVALID_PARAMS, "expected an array"),
        call("numbers in bulk", "spillway_sendRawTransactions", &json!([[1, 2]]), INVALID_PARAMS, "expected a hex string"),
        call("words for an estimate", "eth_estimateGas", &json!(["all"]), INVALID_PARAMS, "invalid"),
        call("a value above u256", "eth_estimateGas", &json!([{ "to": account, "value": format!("0x1{}", "0".repeat(64)) }]), INVALID_PARAMS, "larger than 256 bits"),
        call("a fee history of words", "eth_feeHistory", &json!(["many", "latest", []]), INVALID_PARAMS, "invalid argument 0"),
        call("percentiles that fall", "eth_feeHistory", &json!(["0x1", "latest", [50, 20]]), INVALID_PARAMS, "percentile"),
        call("a percentile above 100", "eth_feeHistory", &json!(["0x1", "latest", [101]]), INVALID_PARAMS, "percentile"),
        call("words for bytes", "web3_sha3", &json!(["hello"]), INVALID_PARAMS, "without 0x prefix"),
        call_with_text("params 100,000 arrays deep", "eth_getBalance", &nested("[", "]"), INVALID_PARAMS, "expected a hex string"),
        call_with_text("a number of 10,000 digits", "eth_getBalance", &format!("[{}]", "9".repeat(10_000)), INVALID_PARAMS, "expected a hex string"),
    ]
}

/// A body that is longer than may be.
pub(crate) fn too_large() -> String {
    format!(r#"{{"pad":"{}"}}"#, "x".repeat(BODY_BYTES_MAX))
}

/// A batch of `length` calls.
fn batch(length: usize) -> String {
    let one = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#;
    format!("[{}]", vec![one; length].join(","))
}

#[tokio::test]
async fn bodies_that_are_not_json_rpc() {
    let node = Node::start(NodeOptions::default());
    check_all(&node.rpc(), &bodies()).await;
}

/// The node says so even to a client that writes all of such a body before it reads.
#[tokio::test]
async fn bodies_that_are_too_large() {
    let node = Node::start(NodeOptions::default());
    for _ in 0..20 {
        let (status, answer) = node.rpc().post(too_large()).await.expect("an answer");
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["error"]["code"], BODY_TOO_LARGE);
    }
    still_transfers(&node.rpc()).await;
}

#[tokio::test]
async fn calls_that_do_not_fit_their_method() {
    let node = Node::start(NodeOptions::default());
    check_all(&node.rpc(), &calls()).await;
}

/// The limits themselves are allowed: what is refused above is refused for being beyond them.
#[tokio::test]
async fn limits_can_be_reached() {
    let node = Node::start(NodeOptions::default());
    let rpc = node.rpc();
    let (_, answer) = rpc.post(batch(BATCH_CALLS_MAX)).await.expect("an answer");
    let answers: Vec<Value> = serde_json::from_str(&answer).expect("a list of answers");
    assert_eq!(answers.len(), BATCH_CALLS_MAX);
    assert!(answers.iter().all(|answer| answer["result"] == "0xca05"));

    let request = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#;
    let padded = format!("{request}{}", " ".repeat(BODY_BYTES_MAX - request.len()));
    let (_, answer) = rpc.post(padded).await.expect("an answer");
    assert!(answer.contains("0xca05"), "{answer}");
    still_transfers(&rpc).await;
}

/// Bad entries of a batch have their own errors; the good ones are answered.
#[tokio::test]
async fn a_batch_of_good_and_bad_calls() {
    let node = Node::start(NodeOptions::default());
    let rpc = node.rpc();
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [] },
        { "jsonrpc": "2.0", "id": 2, "method": "eth_mine", "params": [] },
        7,
        { "jsonrpc": "2.0", "id": 4, "method": "eth_getBalance", "params": ["0x01", "latest"] },
        { "jsonrpc": "2.0", "id": "five", "method": "net_version" },
    ]);
    let (_, answer) = rpc.post(batch.to_string()).await.expect("an answer");
    let answers: Vec<Value> = serde_json::from_str(&answer).expect("a list of answers");
    let found: Vec<_> = answers
        .iter()
        .map(|answer| (&answer["id"], &answer["result"], &answer["error"]["code"]))
        .collect();
    let (null, five) = (Value::Null, json!("five"));
    assert_eq!(
        found,
        [
            (&json!(1), &json!("0xca05"), &null),
            (&json!(2), &null, &json!(METHOD_NOT_FOUND)),
            (&null, &null, &json!(INVALID_REQUEST)),
            (&json!(4), &null, &json!(INVALID_PARAMS)),
            (&five, &json!("51717"), &null),
        ]
    );
    still_transfers(&rpc).await;
}
