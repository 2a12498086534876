//! The transport over scripted nodes, on tokio's paused clock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use alloy_json_rpc::{ErrorPayload, RequestPacket, Response, ResponsePacket, ResponsePayload};
use alloy_provider::Provider;
use alloy_transport::{BoxTransport, TransportError, TransportErrorKind, TransportFut};
use tower::Service;

use super::*;

#[derive(Clone, Debug)]
enum Reply {
    Value(&'static str),
    Status(u16, Option<u64>),
    Error(i64, &'static str),
    Silence,
}

/// Answers from a script, the last line for ever. The chain id it knows by itself.
#[derive(Clone)]
struct Scripted {
    chain_id: &'static str,
    script: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<usize>>,
}

impl Scripted {
    fn new(chain_id: &'static str, script: &[Reply]) -> Self {
        Self {
            chain_id,
            script: Arc::new(Mutex::new(script.iter().cloned().collect())),
            asked: Arc::default(),
        }
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    fn reply(&self, method: &str) -> Reply {
        if method == "eth_chainId" {
            return Reply::Value(self.chain_id);
        }
        *self.asked.lock().unwrap() += 1;
        let mut script = self.script.lock().unwrap();
        if script.len() > 1 {
            return script.pop_front().expect("a line");
        }
        script.front().cloned().unwrap_or(Reply::Silence)
    }
}

impl Service<RequestPacket> for Scripted {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let request = packet.as_single().expect("no batches here");
        let (id, reply) = (request.id().clone(), self.reply(request.method()));
        Box::pin(async move {
            let payload = match reply {
                Reply::Value(json) => ResponsePayload::Success(
                    serde_json::value::RawValue::from_string(json.to_owned()).expect("JSON"),
                ),
                Reply::Error(code, message) => ResponsePayload::Failure(ErrorPayload {
                    code,
                    message: message.into(),
                    data: None,
                }),
                Reply::Status(status, retry_after) => {
                    return Err(TransportErrorKind::http_error_with_retry_after(
                        status,
                        String::new(),
                        retry_after.map(Duration::from_secs),
                    ));
                }
                Reply::Silence => std::future::pending().await,
            };
            Ok(ResponsePacket::Single(Response { id, payload }))
        })
    }
}

async fn provider(nodes: &[&Scripted]) -> Result<DynProvider, ProviderError> {
    let endpoint = |(index, node): (usize, &&Scripted)| {
        Endpoint::new(format!("node {index}"), BoxTransport::new((*node).clone()))
    };
    connect(
        nodes.iter().enumerate().map(endpoint).collect(),
        ProviderSettings::new(7),
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn another_node_answers_when_one_fails() {
    let failures = [
        Reply::Status(500, None),
        Reply::Status(429, Some(30)),
        Reply::Error(-32005, "limit exceeded"),
        Reply::Silence,
    ];
    for failure in failures {
        let bad = Scripted::new("\"0x7\"", std::slice::from_ref(&failure));
        let good = Scripted::new("\"0x7\"", &[Reply::Value("\"0x9\"")]);
        let provider = provider(&[&bad, &good]).await.expect("a provider");
        assert_eq!(
            provider.get_block_number().await.expect("an answer"),
            9,
            "{failure:?}"
        );
        assert_eq!((bad.asked(), good.asked()), (1, 1), "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_only_node_is_asked_again_after_the_time_that_it_named() {
    let node = Scripted::new(
        "\"0x7\"",
        &[Reply::Status(429, Some(40)), Reply::Value("\"0x9\"")],
    );
    let provider = provider(&[&node]).await.expect("a provider");
    let before = tokio::time::Instant::now();
    assert_eq!(provider.get_block_number().await.expect("an answer"), 9);
    assert!(before.elapsed() >= Duration::from_secs(40));
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded() {
    let node = Scripted::new("\"0x7\"", &[Reply::Status(500, None)]);
    let provider = provider(&[&node]).await.expect("a provider");
    provider.get_block_number().await.expect_err("no answer");
    assert!(node.asked() <= 6, "{}", node.asked());
}

#[tokio::test(start_paused = true)]
async fn an_error_about_the_question_is_the_answer() {
    let node = Scripted::new("\"0x7\"", &[Reply::Error(3, "execution reverted")]);
    let other = Scripted::new("\"0x7\"", &[Reply::Value("\"0x9\"")]);
    let provider = provider(&[&node, &other]).await.expect("a provider");
    let error = provider.get_block_number().await.expect_err("an error");
    assert!(error.is_error_resp(), "{error}");
    assert_eq!(other.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_lags_is_not_believed() {
    let first = Scripted::new(
        "\"0x7\"",
        &[Reply::Value("\"0x64\""), Reply::Value("\"0x50\"")],
    );
    let second = Scripted::new("\"0x7\"", &[Reply::Value("\"0x65\"")]);
    let provider = provider(&[&first, &second]).await.expect("a provider");
    let mut heads = Vec::new();
    for _ in 0..3 {
        heads.push(provider.get_block_number().await.expect("an answer"));
    }
    assert_eq!(heads, [0x64, 0x65, 0x65]);
}

#[tokio::test(start_paused = true)]
async fn another_chain_is_refused_at_the_start() {
    let right = Scripted::new("\"0x7\"", &[Reply::Silence]);
    let wrong = Scripted::new("\"0x8\"", &[Reply::Silence]);
    let error = provider(&[&right, &wrong])
        .await
        .expect_err("another chain");
    assert!(
        matches!(
            error,
            ProviderError::WrongChain {
                found: 8,
                expected: 7,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn only_plain_http_is_taken() {
    for url in ["https://host", "ws://host", "host:1", "", "http://"] {
        Endpoint::http(url).expect_err(url);
    }
    Endpoint::http("http://127.0.0.1:8545/secret").expect("a URL");
}
