//! What an answer says about the node that gave it.

use alloy_json_rpc::{RequestPacket, ResponsePacket, ResponsePayload};
use alloy_primitives::U64;
use alloy_transport::TransportError;
use serde::Deserialize;

use super::health::Failure;

/// Whether the node failed with that answer. An error about the question itself is an answer like any other.
pub(super) fn failure_of(answer: &Result<ResponsePacket, TransportError>) -> Option<Failure> {
    match answer {
        Ok(packet) => {
            let mut payloads = packet.responses().iter().map(|response| &response.payload);
            let limited = payloads.any(|payload| match payload {
                ResponsePayload::Failure(error) => error.is_retry_err(),
                ResponsePayload::Success(_) => false,
            });
            limited.then_some(Failure::RateLimited(None))
        }
        Err(error) => Some(match error.as_transport_err() {
            Some(kind)
                if kind
                    .as_http_error()
                    .is_some_and(|http| http.is_rate_limit_err()) =>
            {
                Failure::RateLimited(kind.retry_after())
            }
            Some(kind) if kind.retry_after().is_some() => Failure::RateLimited(kind.retry_after()),
            _ => Failure::Broken,
        }),
    }
}

#[derive(Deserialize)]
struct Numbered {
    number: U64,
}

/// The head that an answer names, if the question was for it.
pub(super) fn head_in(question: &RequestPacket, answer: &ResponsePacket) -> Option<u64> {
    let [question] = question.requests() else {
        return None;
    };
    let [answer] = answer.responses() else {
        return None;
    };
    let ResponsePayload::Success(value) = &answer.payload else {
        return None;
    };
    match question.method() {
        "eth_blockNumber" => Some(serde_json::from_str::<U64>(value.get()).ok()?.to()),
        "eth_getBlockByNumber" if question.params()?.get().contains("\"latest\"") => Some(
            serde_json::from_str::<Numbered>(value.get())
                .ok()?
                .number
                .to(),
        ),
        _ => None,
    }
}

/// Whether the answer is about the head, so that a node that lags behind must not give it.
pub(super) fn is_about_head(question: &RequestPacket) -> bool {
    question
        .method_names()
        .any(|method| matches!(method, "eth_blockNumber" | "eth_getBlockByNumber"))
}
