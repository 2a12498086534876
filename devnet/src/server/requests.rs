//! What happens to an HTTP request: it may meet a fault, and is then for the beacon side, for a WebSocket,
//! or for JSON-RPC.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, StatusCode};
use jsonrpsee::Methods;
use jsonrpsee::core::middleware::RpcServiceBuilder;
use jsonrpsee::server::ws::is_upgrade_request;
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse, Server, ServerConfig, StopHandle};
use serde::Deserialize;
use tokio::time::timeout;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service};

use super::unknown::Unknown;
use crate::beacon::{self, BeaconAnswer};
use crate::config::ServerLimits;
use crate::faults::{Fault, Sight};
use crate::node::Node;
use crate::rpc::CONTROL_PREFIX;

/// How long a client may take to send a body.
const BODY_TIME_MAX: Duration = Duration::from_secs(60);
/// How much of a body that is too long is read, in lengths of what is allowed.
const DISCARDED_MAX: usize = 8;
/// What the paths of the beacon side begin with.
const BEACON_PREFIX: &str = "/eth/";

/// An answer on its way.
pub(super) type Answering = Pin<Box<dyn Future<Output = io::Result<HttpResponse>> + Send>>;

/// A layer that is a closure has no name, so it is boxed once, as a service.
type Rpc = BoxCloneSyncService<HttpRequest<Full<Bytes>>, HttpResponse, BoxError>;
/// For WebSockets, whose handshake needs the connection itself.
type Socket = BoxCloneSyncService<HttpRequest<Incoming>, HttpResponse, BoxError>;

/// Answers requests.
#[derive(Clone)]
pub(super) struct Requests {
    node: Arc<Node>,
    limits: ServerLimits,
    calls: Rpc,
    with_subscriptions: Socket,
}

impl Requests {
    pub(super) fn new(
        node: Arc<Node>,
        limits: ServerLimits,
        config: &ServerConfig,
        calls: Methods,
        with_subscriptions: Methods,
        stop: &StopHandle,
    ) -> Self {
        let service = |methods: Methods| {
            let known = methods.clone();
            let layer = RpcServiceBuilder::new()
                .layer_fn(move |service| Unknown::new(service, known.clone()));
            let builder = Server::builder()
                .set_config(config.clone())
                .set_rpc_middleware(layer)
                .to_service_builder();
            builder.build(methods, stop.clone())
        };
        Self {
            node,
            limits,
            calls: BoxCloneSyncService::new(service(calls)),
            with_subscriptions: BoxCloneSyncService::new(service(with_subscriptions)),
        }
    }

    /// Answers one.
    pub(super) async fn answer(self, request: HttpRequest<Incoming>) -> io::Result<HttpResponse> {
        if is_upgrade_request(&request) {
            return self
                .with_subscriptions
                .clone()
                .call(request)
                .await
                .map_err(io::Error::other);
        }
        if request.method() == Method::GET && request.uri().path().starts_with(BEACON_PREFIX) {
            return Ok(self.beacon(&request).await);
        }
        let (head, body) = request.into_parts();
        let body = match self.body(body).await {
            Ok(body) => body,
            Err(refusal) => return Ok(refusal),
        };
        let sight = match self.sight(&body).await {
            Ok(sight) => sight,
            Err(fault) => return Ok(faulty(fault)),
        };
        let mut request = HttpRequest::from_parts(head, Full::new(body));
        request.extensions_mut().insert(sight);
        let response = self.calls.clone().call(request).await;
        let response = response.map_err(io::Error::other)?;
        Ok(if sight.lost {
            faulty(Fault::LostAnswer)
        } else {
            response
        })
    }

    /// Reads a body that is not too long and does not take too long.
    async fn body(&self, body: Incoming) -> Result<Bytes, HttpResponse> {
        let limit = self.limits.request_bytes;
        match timeout(BODY_TIME_MAX, read(body, limit)).await {
            Ok(Ok(Some(body))) => Ok(body),
            Ok(Ok(None)) => {
                let words = format!("the request is longer than {limit} bytes");
                Err(closing(plain(StatusCode::PAYLOAD_TOO_LARGE, words)))
            }
            Ok(Err(_)) => Err(closing(plain(
                StatusCode::BAD_REQUEST,
                "cannot read the body",
            ))),
            Err(_) => Err(closing(plain(
                StatusCode::REQUEST_TIMEOUT,
                "the body took too long",
            ))),
        }
    }

    async fn sight(&self, body: &[u8]) -> Result<Sight, Fault> {
        if !self.node.faults.active() || is_control(body) {
            return Ok(Sight::default());
        }
        self.node.meet_fate().await
    }

    async fn beacon(self, request: &HttpRequest<Incoming>) -> HttpResponse {
        let sight = match self.node.meet_fate().await {
            Ok(sight) if !sight.lost => sight,
            Ok(_) => return faulty(Fault::LostAnswer),
            Err(fault) => return faulty(fault),
        };
        let uri = request.uri().clone();
        let answer = move || beacon::answer(&self.node, uri.path(), uri.query(), sight.stale);
        match tokio::task::spawn_blocking(answer).await {
            Ok(BeaconAnswer { status, body }) => respond(status, "application/json", body),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        }
    }
}

/// A body, `None` if it is longer than that. A client that is still writing does not read, and would lose
/// the answer with what was not read: so a bounded part of what is too much is read and discarded.
async fn read(mut body: Incoming, limit: u32) -> Result<Option<Bytes>, hyper::Error> {
    let limit = limit as usize;
    let (mut kept, mut length) = (Vec::new(), 0usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length <= limit {
            kept.extend_from_slice(&data);
        } else if length / DISCARDED_MAX > limit {
            break;
        }
    }
    Ok((length <= limit).then(|| kept.into()))
}

/// Whether a request is for controls alone, which meet no faults.
fn is_control(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        method: &'a str,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Body<'a> {
        #[serde(borrow)]
        One(Named<'a>),
        Many(Vec<Named<'a>>),
    }
    let is_control = |one: &Named<'_>| one.method.starts_with(CONTROL_PREFIX);
    match serde_json::from_slice(body) {
        Ok(Body::One(one)) => is_control(&one),
        Ok(Body::Many(all)) => all.iter().all(is_control),
        Err(_) => false,
    }
}

fn faulty(fault: Fault) -> HttpResponse {
    let (status, words) = fault.status().unwrap_or((500, "injected fault"));
    let mut response = respond(status, "text/plain", words);
    if matches!(fault, Fault::RateLimited) {
        response
            .headers_mut()
            .insert(hyper::header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn plain(status: StatusCode, words: impl Into<HttpBody>) -> HttpResponse {
    respond(status.as_u16(), "text/plain", words)
}

fn respond(status: u16, kind: &'static str, body: impl Into<HttpBody>) -> HttpResponse {
    let mut response = HttpResponse::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The answer, as the last one of its connection.
fn closing(mut response: HttpResponse) -> HttpResponse {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
