//! The drivers and checks against a server that does nothing but answer.

use alloy_primitives::keccak256;
use spillway_benches::accounts::Fleet;
use spillway_benches::answer::check;
use spillway_benches::drive::Drive;
use spillway_benches::request::{Framing, Request, lanes};
use spillway_benches::workload::{Signed, Terms, draw, sign};
use spillway_benches::{closed_loop, open_loop};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

const SEED: u64 = 11;

/// What the server answers to a request's body.
type Answer = fn(&str) -> String;

/// Serves every connection on a thread of its own until the client closes it.
fn serve(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || answer_all(stream.unwrap(), answer));
        }
    });
    host
}

fn answer_all(mut stream: TcpStream, answer: Answer) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    loop {
        let Some(body) = read_body(&mut stream, &mut buffer) else {
            return;
        };
        let body = answer(&body);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        // Two writes, so that the client also sees a response in parts.
        if stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body.as_bytes()))
            .is_err()
        {
            return;
        }
    }
}

/// The next request's body, or `None` at the end of the connection.
fn read_body(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    buffer.clear();
    loop {
        let text = String::from_utf8_lossy(buffer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let (_, length) = head.split_once("content-length: ")?;
            if body.len() == length.parse::<usize>().unwrap() {
                return Some(body.to_owned());
            }
        }
        let mut part = [0; 65_536];
        match stream.read(&mut part) {
            Ok(count @ 1..) => buffer.extend_from_slice(&part[..count]),
            _ => return None,
        }
    }
}

/// The hash of each raw transaction in a request body, in JSON.
fn hashes(body: &str) -> impl Iterator<Item = String> {
    body.split("\"0x").skip(1).map(|rest| {
        let raw = hex::decode(rest.split('"').next().unwrap()).unwrap();
        format!("\"{}\"", keccak256(raw))
    })
}

fn single(body: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":0,"result":{}}}"#,
        hashes(body).next().unwrap()
    )
}

fn batch_in_reverse(body: &str) -> String {
    let mut answers: Vec<String> = hashes(body)
        .enumerate()
        .map(|(id, hash)| format!(r#"{{"id":{id},"result":{hash}}}"#))
        .collect();
    answers.reverse();
    format!("[{}]", answers.join(","))
}

fn bulk(body: &str) -> String {
    let outcomes: Vec<String> = hashes(body)
        .map(|hash| format!(r#"{{"hash":{hash}}}"#))
        .collect();
    format!(r#"{{"id":0,"result":[{}]}}"#, outcomes.join(","))
}

fn wrong_hash(_: &str) -> String {
    format!(
        r#"{{"id":0,"result":"{}"}}"#,
        keccak256(b"another transaction")
    )
}

fn transfers(count: usize) -> Vec<Signed> {
    let fleet = Fleet::derive(SEED, 8, 100).unwrap();
    let plan = draw(SEED, "drivers", count, &fleet);
    sign(
        &plan,
        &fleet,
        &[0; 8],
        Terms {
            chain_id: 1,
            max_fee: 1,
        },
    )
    .unwrap()
}

fn check_all(drive: &Drive, framing: Framing, transfers: &[Signed]) -> anyhow::Result<()> {
    drive
        .lanes
        .iter()
        .try_for_each(|lane| check(lane.requests.iter(), &lane.answers, framing, transfers))
}

#[tokio::test]
async fn each_framing_is_answered_and_counted() {
    let cases: [(Framing, usize, Answer); 3] = [
        (Framing::Single, 1, single),
        (Framing::Batch, 7, batch_in_reverse),
        (Framing::Bulk, 50, bulk),
    ];
    let transfers = transfers(500);
    for (framing, per_request, answer) in cases {
        let host = serve(answer);
        let lanes = lanes(&transfers, framing, 3, per_request, &host);
        let drive = closed_loop::drive(&host, lanes).await.unwrap();
        check_all(&drive, framing, &transfers).unwrap();
        assert_eq!(drive.latency_us.len(), 500, "{framing:?}");
        assert!(drive.end > drive.start);
    }
}

#[tokio::test]
async fn a_wrong_hash_is_found() {
    let transfers = transfers(4);
    let host = serve(wrong_hash);
    let lanes = lanes(&transfers, Framing::Single, 1, 1, &host);
    let drive = closed_loop::drive(&host, lanes).await.unwrap();
    let error = check_all(&drive, Framing::Single, &transfers).unwrap_err();
    assert!(
        error.to_string().contains("transfer 0 was answered with"),
        "{error}"
    );
}

fn in_order(transfers: &[Signed], host: &str) -> Vec<Request> {
    lanes(transfers, Framing::Single, 1, 1, host).remove(0)
}

#[tokio::test]
async fn an_open_loop_keeps_its_rate() {
    let transfers = transfers(100);
    let host = serve(single);
    let start = Instant::now();
    let drive = open_loop::drive(&host, in_order(&transfers, &host), 500.0, 4)
        .await
        .unwrap();
    check_all(&drive, Framing::Single, &transfers).unwrap();
    assert_eq!(drive.latency_us.len(), 100);
    // The last of 100 is due after 99 intervals of 2 ms.
    assert!(start.elapsed() >= Duration::from_millis(198));
}

/// The server stalls each answer by 10 ms, so one connection falls further and further behind a rate of
/// 1,000/s. Counted from when they were due, later transfers must show the wait of all before them.
#[tokio::test]
async fn a_stall_counts_for_every_transfer_that_it_delays() {
    let transfers = transfers(30);
    let host = serve(|body| {
        std::thread::sleep(Duration::from_millis(10));
        single(body)
    });
    let drive = open_loop::drive(&host, in_order(&transfers, &host), 1_000.0, 1)
        .await
        .unwrap();
    // The last is due after 29 ms and answered after 300 ms at the earliest.
    assert!(
        drive.latency_us.max() >= 270_000,
        "{} us",
        drive.latency_us.max()
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let lanes = lanes(&transfers(1), Framing::Single, 1, 1, &host);
    let error = closed_loop::drive(&host, lanes).await.unwrap_err();
    assert!(error.to_string().contains("is the node running"), "{error}");
}
