//! Clients that stop in the middle of something, and would keep a connection for good.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_half_a_body_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let (_world, server) = served(&dir).await;
    let mut socket = connect(&server).await;
    let half = post("[{\"jsonrpc\":", 1_000);
    socket.write_all(half.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    let ended = timeout(PATIENCE, socket.read_to_end(&mut rest)).await;
    ended.expect("the end of the connection").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_no_answers_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let (_world, server) = served(&dir).await;
    let mut socket = connect(&server).await;
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover","params":[]}"#;
    let request = post(body, body.len());
    let asks_on = async { while socket.write_all(request.as_bytes()).await.is_ok() {} };
    let ended = timeout(PATIENCE, asks_on).await;
    ended.expect("the end of the connection");
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
