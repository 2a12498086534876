//! Clients that stop in the middle of something, and would keep a connection for good.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::world::{World, account, seed};
use super::*;

/// How long a connection may stall here.
const IDLE_MAX: Duration = Duration::from_secs(1);
/// Far longer.
const PATIENCE: Duration = Duration::from_secs(60);

async fn served(dir: &tempfile::TempDir) -> (World, RpcServer) {
    let world = World::new(World::config(dir), seed()).await;
    let addr = ([127, 0, 0, 1], 0).into();
    let config = RpcConfig {
        idle_max: IDLE_MAX,
        ..RpcConfig::new(addr)
    };
    let listener = Listener::bind(addr).await.unwrap();
    let (submitter, view) = (world.sequencer.submitter(), world.sequencer.view());
    let server = serve(&listener, config, submitter, view, None).unwrap();
    (world, server)
}

async fn connect(server: &RpcServer) -> TcpStream {
    TcpStream::connect(server.local_addr()).await.unwrap()
}

fn post(body: &str, length: usize) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// What a client is told before its connection ends, which is not at once.
async fn end_of(socket: &mut TcpStream) -> String {
    let (began, mut rest) = (Instant::now(), Vec::new());
    let ended = timeout(PATIENCE, socket.read_to_end(&mut rest)).await;
    ended.expect("the end of the connection").unwrap();
    assert!(began.elapsed() >= IDLE_MAX / 2, "it ended at once");
    String::from_utf8(rest).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_send_a_head_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let (_world, server) = served(&dir).await;
    for begins in ["", "PRI * HT", "GET / HTTP/1.1\r\nhost: local"] {
        let mut socket = connect(&server).await;
        socket.write_all(begins.as_bytes()).await.unwrap();
        end_of(&mut socket).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_half_a_body_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let (_world, server) = served(&dir).await;
    let mut socket = connect(&server).await;
    let half = post("[{\"jsonrpc\":", 1_000);
    socket.write_all(half.as_bytes()).await.unwrap();
    let told = end_of(&mut socket).await;
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
    assert!(told.contains("connection: close"), "{told}");
    assert!(told.ends_with("the rest of the body did not come in time\n"));
}

/// A little again and again is not enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_a_body_by_bytes_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let (_world, server) = served(&dir).await;
    let (mut answer, mut request) = connect(&server).await.into_split();
    request
        .write_all(post("[", 1_000_000).as_bytes())
        .await
        .unwrap();
    let trickle = async {
        while request.write_all(b" ").await.is_ok() {
            sleep(IDLE_MAX / 20).await;
        }
    };
    let mut status = [0; 12];
    let told = async { tokio::join!(trickle, answer.read_exact(&mut status)).1 };
    let told = timeout(PATIENCE, told).await;
    told.expect("an answer, and the end").unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
}

/// Asks on until the connection has ended, and says what was sent by then, in bytes.
async fn asks_on(socket: &mut TcpStream, request: &[u8]) -> usize {
    let mut sent = 0;
    let asking = async {
        while socket.write_all(request).await.is_ok() {
            sent += request.len();
        }
    };
    let ended = timeout(PATIENCE, asking).await;
    ended.expect("the end of the connection");
    sent
}

const DISCOVER: &str = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover","params":[]}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_no_answers_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let (_world, server) = served(&dir).await;
    let mut socket = connect(&server).await;
    let request = post(DISCOVER, DISCOVER.len());
    let sent = asks_on(&mut socket, request.as_bytes()).await;
    assert!(sent > 10 * request.len(), "{sent} bytes");
}

/// Also who goes on to send.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_nothing_from_a_websocket_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let (_world, server) = served(&dir).await;
    let mut socket = connect(&server).await;
    let upgrade = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(upgrade.as_bytes()).await.unwrap();
    let mut read = String::new();
    until(&mut socket, &mut read, "\r\n\r\n").await;
    assert!(read.starts_with("HTTP/1.1 101"), "{read}");
    // A text message, masked with zeros.
    let length = u8::try_from(DISCOVER.len()).unwrap();
    let message = [&[0x81, 0x80 | length, 0, 0, 0, 0], DISCOVER.as_bytes()].concat();
    let sent = asks_on(&mut socket, &message).await;
    assert!(sent > 10 * message.len(), "{sent} bytes");
}

/// Longer silences than may be in a request are usual in a stream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_events_is_not_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let (mut world, server) = served(&dir).await;
    let mut socket = connect(&server).await;
    let path = format!("/events?account={}", account(1));
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut read = String::new();
    until(&mut socket, &mut read, "event: snapshot").await;
    sleep(2 * IDLE_MAX).await;
    world.deposit(1, 0, 5).await;
    until(&mut socket, &mut read, "event: patch").await;
}

async fn until(socket: &mut TcpStream, read: &mut String, part: &str) {
    let mut bytes = [0; 4_096];
    while !read.contains(part) {
        let count = timeout(PATIENCE, socket.read(&mut bytes)).await;
        let count = count.expect("more of the stream").unwrap();
        assert_ne!(count, 0, "the stream has ended: {read}");
        read.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
}
