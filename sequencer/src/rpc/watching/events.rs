//! `GET /events`: a stream as Server-Sent Events (WHATWG HTML, "Server-sent events"), for pages and scripts without WebSocket.
//!
//! An event's id is the number and the hash of its block. A browser that has lost the connection sends the last one again by
//! itself (`Last-Event-ID`), and so catches up.

use std::convert::Infallible;
use std::fmt::Display;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use jsonrpsee::core::http_helpers::Body;
use jsonrpsee::server::{HttpRequest, HttpResponse, StopHandle};
use tokio::select;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::super::error;
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
            Err(problem) => return refused(problem),
        };
        let watching = match self {
            Self::Open(watching) => watching,
            Self::Closed(rollback) => return ending(&rollback, RollingBack::RETRY_AFTER_MS),
        };
        match watching.begin(asked).await {
            Some((watcher, first)) => streaming(events(watching.stop, watcher, &first)),
            None => ending(&error::TOO_MUCH_WATCHED, error::WATCH_RETRY_AFTER_MS),
        }
    }
}

/// `account` as often as there are accounts; `since`, unless the browser says it.
fn of_request(query: Option<&str>, headers: &HeaderMap) -> Result<Request, String> {
    let query = query.unwrap_or_default();
    if query.len() > QUERY_BYTES_MAX {
        return Err(format!(
            "the query is longer than {QUERY_BYTES_MAX} bytes: 1 to {ACCOUNTS_MAX} accounts can be followed"
        ));
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

/// The stream, until the server stops.
fn events(
    stop: StopHandle,
    watcher: Watcher,
    first: &Message,
) -> impl Stream<Item = Bytes> + Send + 'static {
    let first = format!("retry: {RECONNECT_AFTER_MS}\n{}", event(first));
    let (first, sent) = tracked(first);
    let messages = Box::pin(messages(watcher, sent));
    let rest = stream::unfold(messages, move |mut messages| {
        let stopped = stop.clone().shutdown();
        async move {
            let bytes = select! {
                () = stopped => return None,
                // Not given up when there is silence: it may have waited for its turn for long.
                message = messages.next() => message?,
                () = sleep(SILENCE_MAX) => Bytes::from_static(b":\n\n"),
            };
            Some((bytes, messages))
        }
    });
    stream::once(async { first }).chain(rest)
}

/// The messages after one, each made once the one before is with the socket: what waits here would be old when it is read.
fn messages(watcher: Watcher, sent: Sent) -> impl Stream<Item = Bytes> + Send + 'static {
    stream::unfold((watcher, sent), |(mut watcher, sent)| async move {
        // Nothing is ever said: the other side is dropped with the bytes.
        let _ = sent.await;
        let (bytes, sent) = tracked(event(&watcher.next().await));
        Some((bytes, (watcher, sent)))
    })
}

/// Ends when bytes are dropped, as the connection does once it has written them.
type Sent = oneshot::Receiver<Infallible>;

fn tracked(text: String) -> (Bytes, Sent) {
    struct Tracked(
        String,
        #[expect(dead_code, reason = "dropped")] oneshot::Sender<Infallible>,
    );
    impl AsRef<[u8]> for Tracked {
        fn as_ref(&self) -> &[u8] {
            self.0.as_bytes()
        }
    }
    let (sender, sent) = oneshot::channel();
    (Bytes::from_owner(Tracked(text, sender)), sent)
}

fn event(message: &Message) -> String {
    let data = serde_json::to_string(message).unwrap_or_default();
    let (id, kind) = (message.position(), message.kind.name());
    format!("id: {id}\nevent: {kind}\ndata: {data}\n\n")
}

fn streaming(events: impl Stream<Item = Bytes> + Send + 'static) -> HttpResponse {
    let frames = events.map(|bytes| Ok::<_, Infallible>(Frame::data(bytes)));
    let mut response = HttpResponse::new(Body::new(StreamBody::new(frames)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would collect events before it passes them on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// A stream that ends at once, and says why and when to come back: on any status but 200 a browser would not come back at all.
fn ending(reason: &impl Display, retry_after_ms: u64) -> HttpResponse {
    let text = format!("retry: {retry_after_ms}\n: {reason}\n\n");
    streaming(stream::once(async { text.into() }))
}

fn refused(problem: String) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(problem + "\n"));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

#[cfg(test)]
mod tests;
