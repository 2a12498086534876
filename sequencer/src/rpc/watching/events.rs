//! `GET /events`: a stream as Server-Sent Events (WHATWG HTML, "Server-sent events"), for pages and scripts without WebSocket.
//!
//! An event's id is the number and the hash of its block. A browser that has lost the connection sends the last one again by
//! itself (`Last-Event-ID`), and so catches up.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Method, StatusCode};
use jsonrpsee::core::http_helpers::Body;
use jsonrpsee::server::{HttpRequest, HttpResponse};
use tokio::select;
use tokio::time::sleep;

use super::super::error::BUSY_CODE;
use super::super::rolling_back::RollingBack;
use super::message::{Message, Position};
use super::watcher::Watcher;
use super::{ACCOUNTS_MAX, Request, Watching};

const PATH: &str = "/events";
/// What the last one that a client has seen is called.
const LAST_EVENT_ID: &str = "last-event-id";
/// How long nothing may be sent: a comment tells proxies that the stream lives, and us when the client has gone.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again.
const RECONNECT_AFTER_MS: u64 = 1_000;
/// Bytes of a query: room for the accounts and a position.
const QUERY_BYTES_MAX: usize = 128 * (ACCOUNTS_MAX + 1);

/// Whether streams can begin.
#[derive(Clone, Debug)]
pub(in super::super) enum Events {
    /// They can.
    Open(Box<Watching>),
    /// Not while the chain is rolled back.
    Closed(RollingBack),
}

impl Events {
    /// Whether a request is one for a stream.
    pub(in super::super) fn are_asked_for<B>(request: &HttpRequest<B>) -> bool {
        request.method() == Method::GET && request.uri().path() == PATH
    }

    /// Answers such a request.
    pub(in super::super) async fn answer<B>(self, request: HttpRequest<B>) -> HttpResponse {
        let asked = match of_request(request.uri().query(), request.headers()) {
            Ok(asked) => asked,
            Err(problem) => return plain(StatusCode::BAD_REQUEST, problem),
        };
        let watching = match self {
            Self::Open(watching) => watching,
            Self::Closed(rollback) => return ending(&rollback),
        };
        match watching.begin(asked).await {
            Ok((watcher, first)) => streaming(events(*watching, watcher, &first)),
            Err(refusal) if refusal.code() == BUSY_CODE => plain(
                StatusCode::SERVICE_UNAVAILABLE,
                refusal.message().to_owned(),
            ),
            Err(refusal) => plain(StatusCode::BAD_REQUEST, refusal.message().to_owned()),
        }
    }
}

/// `account` as often as there are accounts; `since`, unless the browser says it.
fn of_request(query: Option<&str>, headers: &HeaderMap) -> Result<Request, String> {
    let query = query.unwrap_or_default();
    if query.len() > QUERY_BYTES_MAX {
        return Err(format!("the query is longer than {QUERY_BYTES_MAX} bytes"));
    }
    let (mut accounts, mut since) = (Vec::new(), None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "account" if !value.starts_with("0x") => {
                return Err("`account` is no address: it begins with 0x".to_owned());
            }
            "account" => accounts.push(
                value
                    .parse()
                    .map_err(|_| "`account` is no address: expected 20 bytes of hex".to_owned())?,
            ),
            "since" => since = Some(position("since", &value)?),
            _ => return Err("the query has `account`, once or more, and `since`".to_owned()),
        }
    }
    if let Some(last) = headers.get(LAST_EVENT_ID) {
        let last = last.to_str().unwrap_or_default();
        since = Some(position("Last-Event-ID", last)?);
    }
    Request::new(accounts, since)
}

fn position(name: &str, text: &str) -> Result<Position, String> {
    let read = text.parse();
    read.map_err(|problem: &str| format!("`{name}`: {problem}"))
}

/// The stream, until the server stops. It is asked for more only when the client has room.
fn events(
    watching: Watching,
    watcher: Watcher,
    first: &Message,
) -> impl Stream<Item = String> + Send + 'static {
    let stop = watching.stop;
    let rest = stream::unfold((watcher, stop), |(mut watcher, stop)| async move {
        let text = select! {
            () = stop.clone().shutdown() => return None,
            message = watcher.next() => event(&message),
            () = sleep(SILENCE_MAX) => ":\n\n".to_owned(),
        };
        Some((text, (watcher, stop)))
    });
    let first = format!("retry: {RECONNECT_AFTER_MS}\n{}", event(first));
    stream::once(async { first }).chain(rest)
}

fn event(message: &Message) -> String {
    let data = serde_json::to_string(message).unwrap_or_default();
    let (id, kind) = (message.position(), message.kind.name());
    format!("id: {id}\nevent: {kind}\ndata: {data}\n\n")
}

fn streaming(events: impl Stream<Item = String> + Send + 'static) -> HttpResponse {
    let frames = events.map(|text| Ok::<_, Infallible>(Frame::data(Bytes::from(text))));
    let mut response = HttpResponse::new(Body::new(StreamBody::new(frames)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would collect events before it passes them on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// A stream that ends at once, and says when to come back: on any other status a browser would not come back at all.
fn ending(rollback: &RollingBack) -> HttpResponse {
    let text = format!("retry: {}\n: {rollback}\n\n", RollingBack::RETRY_AFTER_MS);
    streaming(stream::once(async { text }))
}

fn plain(status: StatusCode, text: String) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(text + "\n"));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}
