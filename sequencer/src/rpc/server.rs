//! The socket, and the connections on it.
//!
//! The loop that accepts is our own: jsonrpsee's counts requests and not connections, and has no limit
//! on how long one may be idle. HTTP/1.1 only, so a connection has one request at a time, and the limit
//! on connections is the limit on requests in progress.
//!
//! Any web page may call (CORS allows every origin), as wallets and pages live on other origins than
//! their node. Nothing here needs protection from that: there are no accounts, no cookies and no
//! methods that an operator alone may call. For the same reason the `Host` header is not checked: what
//! DNS rebinding would win is open to everybody anyway.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, TryFutureExt};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use jsonrpsee::Methods;
use jsonrpsee::core::middleware::RpcServiceBuilder;
use jsonrpsee::server::ws::is_upgrade_request;
use jsonrpsee::server::{
    BatchRequestConfig, HttpRequest, PingConfig, Server, ServerConfig, ServerHandle, StopHandle,
    stop_channel,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::{Service, ServiceBuilder};
use tower_http::cors::{Any, CorsLayer};

use super::bridge::Bridge;
use super::dispatch::{Dispatch, Door};
use super::rolling_back::RollingBack;
use super::stalling::{self, Punctual, Socket};
use super::subscriptions::HexIds;
use super::watching::Events;
use super::{Rpc, RpcConfig, methods, oversized};
use crate::submission::Submitter;
use crate::view::View;

/// How long to wait after a connection could not be accepted, which is when files have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a browser may remember that it may call.
const CORS_REMEMBERED: Duration = Duration::from_secs(24 * 3_600);

/// A running server. Dropped, it stops without waiting.
#[derive(Debug)]
pub struct RpcServer {
    local_addr: SocketAddr,
    handle: ServerHandle,
    stop_max: Duration,
}

impl RpcServer {
    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops: no new connections, requests in progress are answered, WebSockets close. Waits for
    /// that, at most [`RpcConfig::stop_max`].
    pub async fn stop(self) {
        // An error says that it has stopped already.
        let _ = self.handle.stop();
        if timeout(self.stop_max, self.handle.stopped()).await.is_err() {
            tracing::warn!("requests were cut off: they did not finish in time");
        }
    }
}

/// An address that is listened on, by one server after the other. Who connects in between waits.
#[derive(Debug)]
pub struct Listener(std::net::TcpListener);

impl Listener {
    /// Binds an address; port 0 takes a free one.
    ///
    /// # Errors
    /// When that is impossible.
    pub async fn bind(addr: SocketAddr) -> io::Result<Self> {
        TcpListener::bind(addr).await?.into_std().map(Self)
    }

    fn socket(&self) -> io::Result<TcpListener> {
        TcpListener::from_std(self.0.try_clone()?)
    }
}

/// Serves on the current runtime until the server is stopped. `bridge` answers for what is on its way to L1 and back; without
/// one, these methods are refused.
///
/// # Errors
/// When the listener cannot be used, or no thread can be started.
pub fn serve(
    listener: &Listener,
    config: RpcConfig,
    submitter: Submitter,
    view: View,
    bridge: Option<Arc<dyn Bridge>>,
) -> io::Result<RpcServer> {
    let (stop, handle) = stop_channel();
    let rpc = Rpc::new(submitter, view, config, bridge, stop.clone())?;
    let events = Events::Open(Box::new(rpc.watching.clone()));
    let (calls, all) = methods(rpc)?;
    let [calls, all] = [calls, all].map(|methods| (Door::Open(methods.clone()), methods));
    let doors = Doors { calls, all, events };
    start(listener, config, doors, stop, handle)
}

/// Answers every call that the chain is being rolled back.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve_closed(
    listener: &Listener,
    config: RpcConfig,
    rollback: &RollingBack,
) -> io::Result<RpcServer> {
    let (stop, handle) = stop_channel();
    let closed = || (Door::Closed(rollback.clone()), Methods::new());
    let doors = Doors {
        calls: closed(),
        all: closed(),
        events: Events::Closed(rollback.clone()),
    };
    start(listener, config, doors, stop, handle)
}

/// What a connection can ask for.
struct Doors {
    calls: (Door, Methods),
    /// With subscriptions, over WebSocket.
    all: (Door, Methods),
    events: Events,
}

fn start(
    listener: &Listener,
    config: RpcConfig,
    doors: Doors,
    stop: StopHandle,
    handle: ServerHandle,
) -> io::Result<RpcServer> {
    let socket = listener.socket()?;
    let local_addr = socket.local_addr()?;
    let connect = connector(&config, doors, stop.clone());
    tokio::spawn(accept(socket, config, stop, connect));
    Ok(RpcServer {
        local_addr,
        handle,
        stop_max: config.stop_max,
    })
}

/// Accepts connections until the server stops, then lets them finish.
async fn accept<F>(
    listener: TcpListener,
    config: RpcConfig,
    stop: StopHandle,
    connect: impl Fn(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(config.connections_max as usize));
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stop.shutdown());
    loop {
        let accepted = select! {
            () = &mut stopped => break,
            accepted = accept_one(&listener, &room) => accepted,
        };
        match accepted {
            Ok((socket, permit)) => {
                let connection = connect(socket);
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
    let finished = async { while connections.join_next().await.is_some() {} };
    // What is left after that is aborted with the set.
    let _ = timeout(config.stop_max, finished).await;
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

/// How a connection is served: by the methods without subscriptions, unless it asks for a WebSocket or for events.
fn connector(
    config: &RpcConfig,
    Doors { calls, all, events }: Doors,
    stop: StopHandle,
) -> impl Fn(TcpStream) -> ConnectionFuture + use<> {
    let request_bytes_max = config.request_bytes_max;
    let response_bytes_max = config.response_bytes_max as usize;
    let idle_max = config.idle_max;
    let services = |(door, methods): (Door, Methods)| {
        let layer = RpcServiceBuilder::new()
            .layer_fn(move |service| Dispatch::new(service, door.clone(), response_bytes_max));
        let builder = Server::builder()
            .set_config(server_config(config))
            .set_rpc_middleware(layer)
            .to_service_builder();
        (builder, methods)
    };
    let (http, websocket) = (services(calls), services(all));
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        .allow_headers(Any)
        .max_age(CORS_REMEMBERED);
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(idle_max);
    move |socket| {
        let services = Arc::new((
            http.0.clone().build(http.1.clone(), stop.clone()),
            websocket.0.clone().build(websocket.1.clone(), stop.clone()),
        ));
        let events = events.clone();
        let service = tower::service_fn(move |request: HttpRequest<Incoming>| {
            let (http, websocket) = &*services;
            // Types without lifetimes inside, which the compiler cannot follow through a connection.
            if oversized::is_oversized(request.headers(), request_bytes_max) {
                return oversized::refuse(request, request_bytes_max)
                    .map(Ok)
                    .boxed();
            }
            if Events::are_asked_for(&request) {
                return events.clone().answer(request).map(Ok).boxed();
            }
            let request = request.map(|body| Punctual::new(body, idle_max));
            let response = if is_upgrade_request(&request) {
                websocket.clone().call(request)
            } else {
                http.clone().call(request)
            };
            let response = response.map_ok(|response| match response.status() {
                StatusCode::PAYLOAD_TOO_LARGE => oversized::closing(response),
                // What it says when it cannot read a body, and at no other time.
                StatusCode::INTERNAL_SERVER_ERROR => stalling::late(),
                _ => response,
            });
            response.map_err(io::Error::other).boxed()
        });
        let service = ServiceBuilder::new().layer(cors.clone()).service(service);
        let (protocol, stopped) = (protocol.clone(), stop.clone().shutdown());
        Box::pin(async move {
            let service = TowerToHyperService::new(service);
            let socket = TokioIo::new(Socket::new(socket, idle_max));
            let connection = protocol.serve_connection(socket, service);
            let mut connection = pin!(connection.with_upgrades());
            let result = select! {
                result = &mut connection => result,
                () = stopped => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = result {
                tracing::debug!(%error, "connection ended");
            }
        })
    }
}

type ConnectionFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

fn server_config(config: &RpcConfig) -> ServerConfig {
    ServerConfig::builder()
        .max_connections(config.connections_max)
        .max_request_body_size(config.request_bytes_max)
        .max_response_body_size(config.response_bytes_max)
        .set_batch_request_config(BatchRequestConfig::Limit(config.batch_calls_max))
        .max_subscriptions_per_connection(config.subscriptions_max)
        .set_message_buffer_capacity(config.messages_buffered_max)
        .enable_ws_ping(PingConfig::new())
        .set_id_provider(HexIds::default())
        .build()
}
