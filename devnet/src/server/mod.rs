//! JSON-RPC over HTTP and WebSocket, and the beacon endpoints, on one port.
//!
//! The loop that accepts is our own, as jsonrpsee's counts requests and not connections, and has no limit
//! on how long one may be idle. HTTP/1.1 only, so a connection has one request at a time, and the limit on
//! connections is the limit on requests in progress.
//!
//! Any web page may call (CORS allows every origin), as wallets and pages live on other origins than their
//! node. With controls on, a page can do to the chain what its operator can: nothing on it is worth
//! anything, and it listens on the loopback address unless it is told otherwise.

mod requests;
mod subscriptions;
mod unknown;

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::server::{
    BatchRequestConfig, HttpRequest, PingConfig, ServerConfig, ServerHandle, StopHandle,
    stop_channel,
};
use jsonrpsee::{Extensions, Methods, RpcModule};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower_http::cors::{Any, CorsLayer};

use self::requests::Requests;
use crate::config::ServerLimits;
use crate::faults::Sight;
use crate::node::Node;
use crate::rpc;

/// How long to wait after a connection could not be accepted, which is when files have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a browser may remember that it may call.
const CORS_REMEMBERED: Duration = Duration::from_secs(24 * 3_600);

/// A running server. Dropped, it stops without waiting.
#[derive(Debug)]
pub struct Server {
    local_addr: SocketAddr,
    handle: ServerHandle,
    stop_max: Duration,
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops: no new connections, requests in progress are answered, WebSockets close. Waits for that, at
    /// most [`ServerLimits::stop`].
    pub async fn stop(self) {
        // An error says that it has stopped already.
        let _ = self.handle.stop();
        if timeout(self.stop_max, self.handle.stopped()).await.is_err() {
            tracing::warn!("requests were cut off: they did not finish in time");
        }
    }
}

/// Serves on the current runtime until the server is stopped.
pub(crate) async fn serve(
    addr: SocketAddr,
    limits: ServerLimits,
    node: Arc<Node>,
) -> io::Result<Server> {
    let listener = TcpListener::bind(addr).await?;
    let local_addr = listener.local_addr()?;
    let (stop, handle) = stop_channel();
    let (calls, with_subscriptions) = methods(&node).map_err(io::Error::other)?;
    let config = server_config(&limits);
    let requests = Requests::new(node, limits, &config, calls, with_subscriptions, &stop);
    tokio::spawn(accept(listener, limits, stop, requests));
    Ok(Server {
        local_addr,
        handle,
        stop_max: limits.stop,
    })
}

/// The methods, without and with subscriptions.
fn methods(node: &Arc<Node>) -> Result<(Methods, Methods), RegisterMethodError> {
    let mut calls = RpcModule::new(Arc::clone(node));
    for (name, method) in rpc::methods(node.controls) {
        calls.register_blocking_method(name, move |params, node, extensions| {
            rpc::run(&node, method, params.as_str(), stale(&extensions))
        })?;
    }
    let mut all = RpcModule::new(Arc::clone(node));
    subscriptions::register(&mut all)?;
    let calls = Methods::from(calls);
    all.merge(calls.clone())?;
    Ok((calls, all.into()))
}

/// How much of the chain a request does not see: what its fate left with it.
fn stale(extensions: &Extensions) -> u64 {
    extensions.get::<Sight>().map_or(0, |sight| sight.stale)
}

fn server_config(limits: &ServerLimits) -> ServerConfig {
    ServerConfig::builder()
        .max_connections(limits.connections)
        .max_request_body_size(limits.request_bytes)
        .max_response_body_size(limits.response_bytes)
        .set_batch_request_config(BatchRequestConfig::Limit(limits.batch_calls))
        .max_subscriptions_per_connection(limits.subscriptions)
        .set_message_buffer_capacity(limits.messages_buffered)
        .enable_ws_ping(PingConfig::new())
        .set_id_provider(subscriptions::HexIds::default())
        .build()
}

/// Accepts connections until the server stops, then lets them finish.
async fn accept(listener: TcpListener, limits: ServerLimits, stop: StopHandle, requests: Requests) {
    let room = Arc::new(Semaphore::new(limits.connections as usize));
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stop.clone().shutdown());
    loop {
        let accepted = select! {
            () = &mut stopped => break,
            accepted = accept_one(&listener, &room) => accepted,
        };
        match accepted {
            Ok((socket, permit)) => {
                let connection = connection(socket, &limits, requests.clone(), stop.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    // The handle counts as stopped once nobody holds its other end.
    drop((stop, requests));
    let finished = async { while connections.join_next().await.is_some() {} };
    // What is left after that is aborted with the set.
    let _ = timeout(limits.stop, finished).await;
}

/// The next connection, once there is room for one more.
async fn accept_one(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (socket, _) = listener.accept().await?;
    // An answer is one small write, which must not wait for the client's acknowledgement.
    socket.set_nodelay(true)?;
    Ok((socket, permit))
}

/// Serves a connection to its end.
fn connection(
    socket: TcpStream,
    limits: &ServerLimits,
    requests: Requests,
    stop: StopHandle,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        .allow_headers(Any)
        .max_age(CORS_REMEMBERED);
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle);
    let answer = tower::service_fn(move |request: HttpRequest<Incoming>| {
        let requests = requests.clone();
        // A boxed future has no lifetimes inside, which the compiler cannot follow through a connection.
        let answer: requests::Answering = Box::pin(requests.answer(request));
        answer
    });
    let service = ServiceBuilder::new().layer(cors).service(answer);
    Box::pin(async move {
        let service = TowerToHyperService::new(service);
        let socket = TokioIo::new(socket);
        let connection = protocol.serve_connection(socket, service);
        let mut connection = pin!(connection.with_upgrades());
        let result = select! {
            result = &mut connection => result,
            () = stop.shutdown() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "connection ended");
        }
    })
}
