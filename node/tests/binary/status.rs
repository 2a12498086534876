//! `spillway status`.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use crate::process::{Dev, run};

#[test]
fn nobody_there() {
    // Port 1 is reserved, and nothing has used it for decades.
    let output = run(&["status", "--rpc", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("no node answers at http://127.0.0.1:1"),
        "{stderr}"
    );
    assert!(stderr.contains("--rpc"), "{stderr}");
}

#[test]
fn only_plain_http() {
    for url in [
        "https://127.0.0.1:1",
        "127.0.0.1:9545",
        "ws://127.0.0.1:9545",
    ] {
        let output = run(&["status", "--rpc", url]);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("it must be http://HOST:PORT"));
    }
}

#[test]
fn another_server_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 4096]).unwrap();
        socket
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            .unwrap();
    });
    let output = run(&["status", "--rpc", &url]);
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is it a Spillway node?"));
}

#[test]
fn a_node_there() {
    let dir = tempfile::tempdir().unwrap();
    let node = Dev::start(dir.path());

    let lines = run(&["status", "--rpc", &node.url]);
    assert!(lines.status.success());
    let lines = String::from_utf8(lines.stdout).unwrap();
    assert!(lines.starts_with("chain_id "), "{lines}");
    let root = lines
        .lines()
        .find_map(|line| line.strip_prefix("state_root "))
        .unwrap()
        .trim();
    assert!(root.starts_with("0x") && root.len() == 66, "{root}");
    // The fee account and the funded ones.
    assert!(
        lines
            .lines()
            .any(|line| line.starts_with("accounts ") && line.ends_with(" 21")),
        "{lines}"
    );

    let json = run(&["status", "--rpc", &node.url, "--json"]);
    assert!(json.status.success());
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["chain_id"], 51_717);
    assert_eq!(json["inbox_count"], 40);
    assert_eq!(json["state_root"].as_str().unwrap().len(), 66);
}
