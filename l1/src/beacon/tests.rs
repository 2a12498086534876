use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use alloy_eips::eip4844::{BYTES_PER_BLOB, Blob};
use alloy_primitives::B256;

use super::answer::{self, AnswerError, Slots};
use super::*;

/// A small number in every field element.
fn blob(byte: u8) -> Blob {
    let mut blob = Blob::ZERO;
    blob.chunks_exact_mut(32)
        .for_each(|element| element[31] = byte);
    blob
}

fn hex_of(blob: &Blob) -> String {
    format!("\"0x{}\"", hex::encode(blob))
}

/// A block with that timestamp.
fn at(timestamp: u64) -> PostedIn {
    PostedIn {
        timestamp,
        l1_block: 7,
    }
}

const GENESIS: &str = r#"{"data":{"genesis_time":"1000"}}"#;
const SPEC: &str = r#"{"data":{"SECONDS_PER_SLOT":"12","BLOB_SCHEDULE":[]}}"#;

/// Answers GET requests whose path begins with one of these; 404 to others. One connection at a time, for ever.
fn serve(pages: Vec<(&'static str, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = Vec::new();
            let mut part = [0; 4096];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                let count = stream.read(&mut part).expect("a request");
                if count == 0 {
                    break;
                }
                request.extend_from_slice(&part[..count]);
            }
            let request = String::from_utf8_lossy(&request);
            let path = request.split(' ').nth(1).unwrap_or_default();
            let page = pages.iter().find(|(prefix, _)| path.starts_with(prefix));
            let (status, body) =
                page.map_or(("404 Not Found", ""), |(_, body)| ("200 OK", body.as_str()));
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            // A client that has gone does not need the answer.
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(body.as_bytes()));
        }
    });
    url
}

fn basics() -> Vec<(&'static str, String)> {
    vec![
        ("/eth/v1/beacon/genesis", GENESIS.into()),
        ("/eth/v1/config/spec", SPEC.into()),
    ]
}

#[test]
fn slots_follow_from_genesis_and_spec() {
    let slots = Slots::read(GENESIS.as_bytes(), SPEC.as_bytes()).expect("slots");
    for (timestamp, slot) in [(1000, 0), (1011, 0), (1012, 1), (1120, 10)] {
        assert_eq!(slots.of(at(timestamp)), Ok(slot));
    }
    assert_eq!(slots.of(at(999)), Err(AnswerError::NoSlot(999)));
    let half = r#"{"data":{"SLOT_DURATION_MS":"500","SECONDS_PER_SLOT":"12"}}"#;
    assert_eq!(
        Slots::read(GENESIS.as_bytes(), half.as_bytes())
            .expect("slots")
            .of(at(1002)),
        Ok(4)
    );
    for spec in [
        "",
        "[]",
        "{}",
        r#"{"data":{}}"#,
        r#"{"data":{"SECONDS_PER_SLOT":"0"}}"#,
    ] {
        Slots::read(GENESIS.as_bytes(), spec.as_bytes()).expect_err(spec);
    }
}

#[test]
fn blobs_that_are_none_are_refused() {
    let short = format!("\"0x{}\"", "00".repeat(BYTES_PER_BLOB - 1));
    let letters = format!("\"0x{}\"", "zz".repeat(BYTES_PER_BLOB));
    for body in [short, letters, "1".into(), "\"\"".into()] {
        answer::blobs(format!("{{\"data\":[{body}]}}").as_bytes()).expect_err("no blob");
    }
}

#[test]
fn only_blobs_with_the_right_hash_are_taken() {
    let hashes = [1, 2].map(|byte| versioned_hash(&blob(byte)).expect("a blob"));
    let given = || vec![Box::new(blob(2)), Box::new(blob(3)), Box::new(blob(1))];
    let selected = answer::select(given(), &hashes).expect("both");
    assert_eq!((*selected[0], *selected[1]), (blob(1), blob(2)));
    let other = B256::repeat_byte(1);
    assert_eq!(
        answer::select(given(), &[other]),
        Err(AnswerError::Missing(other))
    );
    // An element above the field's order is no blob at all.
    assert_eq!(versioned_hash(&Blob::repeat_byte(0xff)), None);
}

#[test]
fn the_archive_keeps_checks_and_prunes() {
    let dir = tempfile::tempdir().expect("a folder");
    let archive = Archive::open(dir.path()).expect("an archive");
    let hash = archive.put(&blob(1)).expect("a blob");
    assert_eq!(
        archive.get(hash).expect("the disk"),
        Some(Box::new(blob(1)))
    );
    assert_eq!(archive.get(B256::ZERO).expect("the disk"), None);
    let path = dir.path().join(format!("{hash:x}.blob"));
    std::fs::write(&path, vec![0; BYTES_PER_BLOB]).expect("the disk");
    assert_eq!(archive.get(hash).expect("the disk"), None, "it is damaged");
    assert!(!path.exists());
    archive.put(&blob(1)).expect("a blob");
    let age = Duration::from_secs(100);
    assert_eq!(archive.prune(age, SystemTime::now()).expect("the disk"), 0);
    assert_eq!(
        archive
            .prune(age, SystemTime::now() + 2 * age)
            .expect("the disk"),
        1
    );
    assert_eq!(archive.get(hash).expect("the disk"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_node_delivers_and_the_archive_remembers() {
    let wanted = tokio::task::spawn_blocking(|| versioned_hash(&blob(7)).expect("a blob"));
    let hash = wanted.await.expect("a thread");
    // One that lies about the blob, one from before the newer endpoint.
    let mut liar = basics();
    liar.push((
        "/eth/v1/beacon/blobs/10?versioned_hashes=0x",
        format!("{{\"data\":[{}]}}", hex_of(&blob(8))),
    ));
    let mut old = basics();
    let sidecar = format!(
        "{{\"data\":[{{\"index\":\"0\",\"blob\":{}}}]}}",
        hex_of(&blob(7))
    );
    old.push(("/eth/v1/beacon/blob_sidecars/10", sidecar));
    let client = BeaconClient::new(&[serve(liar), serve(old)]).expect("URLs");
    let dir = tempfile::tempdir().expect("a folder");
    let archive = Archive::open(dir.path()).expect("an archive");
    let source = BlobSource::new(archive.clone(), Some(client));
    assert_eq!(
        source.blobs(at(1120), &[hash]).await.expect("the blob"),
        [Box::new(blob(7))]
    );
    let offline = BlobSource::new(archive, None);
    assert_eq!(
        offline
            .blobs(at(1120), &[hash, hash])
            .await
            .expect("the blob")
            .len(),
        2
    );
    let error = offline
        .blobs(at(1120), &[B256::ZERO])
        .await
        .expect_err("nowhere");
    assert!(
        matches!(error, BlobError::Beacon(BeaconError::NoNodes)),
        "{error}"
    );
}

/// Anvil serves no specification, and names blocks by their numbers.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_specification_is_asked_by_block_number() {
    let wanted = tokio::task::spawn_blocking(|| versioned_hash(&blob(7)).expect("a blob"));
    let hash = wanted.await.expect("a thread");
    let pages = vec![
        ("/eth/v1/beacon/genesis", GENESIS.to_owned()),
        (
            "/eth/v1/beacon/blobs/7?versioned_hashes=0x",
            format!("{{\"data\":[{}]}}", hex_of(&blob(7))),
        ),
    ];
    let client = BeaconClient::new(&[serve(pages)]).expect("URLs");
    let found = client.blobs(at(1120), &[hash]).await;
    assert_eq!(found.expect("the blob"), [Box::new(blob(7))]);
}
