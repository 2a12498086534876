//! Requests whose body is longer than allowed, as their head says already.
//!
//! A client that is still writing its body does not read: were the connection closed under it, the
//! system would throw the answer away with what was not read. So a bounded part of the rest is read and
//! discarded first, and the answer closes the connection.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HeaderValue};
use jsonrpsee::server::{HttpRequest, HttpResponse};
use tokio::time::timeout;

/// How much is read before a client has to live with a reset, in lengths of what is allowed.
const DISCARDED_MAX: u64 = 8;
/// How long that may take.
const DISCARDING_MAX: Duration = Duration::from_secs(5);

/// Whether a request says that its body is longer than that.
pub(super) fn is_oversized(headers: &HeaderMap, bytes_max: u32) -> bool {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    length
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > bytes_max.into())
}

/// Answers such a request.
pub(super) async fn refuse(request: HttpRequest<Incoming>, bytes_max: u32) -> HttpResponse {
    // Who asks before sending has sent nothing, and need not begin.
    if !request.headers().contains_key(EXPECT) {
        let discarded_max = DISCARDED_MAX.saturating_mul(bytes_max.into());
        // What came of it does not matter: the answer is the same.
        let _ = timeout(DISCARDING_MAX, discard(request.into_body(), discarded_max)).await;
    }
    closing(jsonrpsee::server::http::response::too_large(bytes_max))
}

async fn discard(mut body: Incoming, bytes_max: u64) {
    let mut discarded = 0u64;
    while discarded <= bytes_max
        && let Some(Ok(frame)) = body.frame().await
    {
        discarded = discarded.saturating_add(frame.data_ref().map_or(0, |data| data.len() as u64));
    }
}

/// The answer, as the last one of its connection.
pub(super) fn closing(mut response: HttpResponse) -> HttpResponse {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
