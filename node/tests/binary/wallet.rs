//! `spillway wallet`: what is refused before anything is asked, and a node that lies.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::spillway;

const ADDRESS: &str = "0x00000000000000000000000000000000000000aa";

/// Nothing listens there.
const NOBODY: &str = "http://127.0.0.1:9";

fn wallet(arguments: &[&str]) -> Command {
    let mut command = spillway();
    command.env_remove("SPILLWAY_KEY").arg("wallet");
    command.args(arguments);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A deployment's file on that L1 chain.
fn deployment(folder: &TempDir, l1_chain_id: u64) -> PathBuf {
    let path = folder.path().join("deployment.json");
    let address = |byte: u8| format!("0x{}", format!("{byte:02x}").repeat(20));
    let hash = |byte: u8| format!("0x{}", format!("{byte:02x}").repeat(32));
    let text = json!({
        "version": 1, "l1_chain_id": l1_chain_id, "l2_chain_id": 51_717,
        "l1_block": {"number": 1, "hash": hash(1)}, "rollup_transaction": hash(2),
        "timelock": address(1), "inbox": address(2), "bridge": address(3), "rollup": address(4),
        "disputes": {
            "transition": address(5), "batch": address(6), "equivocation": address(7),
            "authorisation": address(8), "posted_data": address(9),
        },
        "parameters": {
            "challenge_window": 30, "response_window": 30, "force_inclusion_window": 60, "escape_delay": 300,
            "max_stall": 600, "sequencer_delay": 90, "bond": "1", "challenge_bond_floor": "1",
        },
        "governance": {"delay": 0, "proposers": []},
        "genesis": {"fee_account": address(10), "state_root": hash(3)},
        "sequencers": [],
    });
    fs::write(&path, text.to_string()).unwrap();
    path
}

#[test]
fn bad_arguments_are_refused() {
    for (arguments, named) in [
        (&["send", "--to", ADDRESS][..], "--amount"),
        (
            &["send", "--to", ADDRESS, "--amount", "1e18"],
            "is no amount",
        ),
        (&["send", "--to", ADDRESS, "--amount", "-1"], "--amount"),
        (&["send", "--to", "0x12", "--amount", "1"], "is no address"),
        (
            &[
                "send",
                "--to",
                ADDRESS,
                "--amount",
                "1",
                "--private-key",
                "0x01",
            ],
            "--private-key",
        ),
        (
            &[
                "send",
                "--to",
                ADDRESS,
                "--amount",
                "1",
                "--dev-account",
                "27",
            ],
            "--dev-account",
        ),
        (
            &[
                "send",
                "--to",
                ADDRESS,
                "--amount",
                "1",
                "--dev-account",
                "1",
                "--keystore",
                "k",
            ],
            "cannot be used with",
        ),
        (&["payout"], "--file"),
        (&["fast-withdraw"], "--amount"),
        (
            &["fast-withdraw", "--amount", "1", "--index", "1"],
            "cannot be used with",
        ),
        (&["status"], "ADDRESS"),
        (&["balance"], "ADDRESS"),
        (&["steal"], "unrecognized subcommand"),
        (
            &["balance", ADDRESS, "--deployment", "/nowhere.json"],
            "/nowhere.json",
        ),
    ] {
        let output = wallet(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let said = said(&output);
        assert!(said.contains(named), "{arguments:?}: {said}");
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused_and_never_shown() {
    let folder = TempDir::new().unwrap();
    let here = deployment(&folder, 31_337);
    let send = |extra: &[&str]| {
        let common = [
            "send",
            "--to",
            ADDRESS,
            "--amount",
            "1",
            "--rpc",
            NOBODY,
            "--deployment",
        ];
        let mut command = wallet(&common);
        command.arg(&here).args(extra);
        command
    };
    let secret = "f".repeat(64);
    let keystore = folder.path().join("key.json");
    fs::write(&keystore, "{}").unwrap();
    let keystore = keystore.to_str().unwrap();
    for (mut command, named) in [
        (send(&[]), "--keystore"),
        (
            send(&["--key-env", "NOT_SET_ANYWHERE"]),
            "NOT_SET_ANYWHERE is not set",
        ),
        (send(&["--keystore", "/nowhere"]), "/nowhere"),
        (send(&["--keystore", keystore]), "no keystore"),
        (send(&["--dev-account", "1"]), "no node answers"),
    ] {
        let output = command.output().unwrap();
        assert!(!output.status.success());
        let said = said(&output);
        assert!(said.contains(named), "{named}: {said}");
    }
    for (name, extra) in [("SPILLWAY_KEY", &[][..]), ("MINE", &["--key-env", "MINE"])] {
        let output = send(extra).env(name, &secret).output().unwrap();
        let said = said(&output);
        assert!(said.contains("too large for the curve"), "{said}");
        assert!(!said.contains(&secret), "{said}");
    }
}

/// The key 0x7a28... of the keystores' definition, with geth's light parameters; the password is `testpassword`.
const KEYSTORE: &str = r#"{"version": 3, "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6", "crypto": {
    "cipher": "aes-128-ctr", "cipherparams": {"iv": "83dbcc02d8ccb40e466191a123791e0e"},
    "ciphertext": "584f4eb2783472ec149b334c22d77ddbf118a0783ea24e66ca8a7883cd2b4bf5",
    "kdf": "scrypt", "kdfparams": {"dklen": 32, "n": 4096, "p": 6, "r": 8,
        "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
    "mac": "860ad3ce9642f99d709abc696e25ede7cd35daf6a6041e975d14c53dae118886"}}"#;

#[test]
fn a_keystore_is_opened_by_its_password_alone() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let here = deployment(&folder, 31_337);
    let keystore = file("key.json", KEYSTORE);
    let (right, wrong) = (file("right", "testpassword\n"), file("wrong", "secret123"));
    let send = || {
        let common = ["send", "--to", ADDRESS, "--amount", "1", "--rpc", NOBODY];
        let mut command = wallet(&common);
        command.env_remove("SPILLWAY_PASSWORD");
        command
            .arg("--deployment")
            .arg(&here)
            .arg("--keystore")
            .arg(&keystore);
        command
    };
    let said = |command: &mut Command| said(&command.output().unwrap());
    // A key that was read goes on to the node, where nobody is.
    for opened in [
        said(send().arg("--password-file").arg(&right)),
        said(send().env("SPILLWAY_PASSWORD", "testpassword")),
    ] {
        assert!(opened.contains("no node answers"), "{opened}");
    }
    for (told, named) in [
        (
            said(send().arg("--password-file").arg(&wrong)),
            "the password is wrong",
        ),
        (
            said(send().arg("--password-file").arg("/nowhere")),
            "/nowhere",
        ),
        (said(&mut send()), "--password-file FILE"),
    ] {
        assert!(told.contains(named), "{named}: {told}");
        assert!(!told.contains("secret123"), "{told}");
    }
}

#[test]
fn a_key_that_everybody_knows_is_not_used_on_a_real_chain() {
    let folder = TempDir::new().unwrap();
    let mainnet = deployment(&folder, 1);
    let mut command = wallet(&[
        "send",
        "--to",
        ADDRESS,
        "--amount",
        "1",
        "--dev-account",
        "1",
    ]);
    let output = command.arg("--deployment").arg(mainnet).output().unwrap();
    let said = said(&output);
    assert!(said.contains("everybody knows its key"), "{said}");
}

/// Serves one answer for each method, to any number of requests.
fn lying_node(answer: impl Fn(&str) -> Value + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4_096];
            let body = loop {
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
                let text = String::from_utf8_lossy(&request);
                let whole = text
                    .split_once("\r\n\r\n")
                    .and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
                if let Some(body) = whole {
                    break body;
                }
                assert!(read > 0, "half a request: {text}");
            };
            let mut object = answer(body["method"].as_str().unwrap());
            object["jsonrpc"] = json!("2.0");
            object["id"] = body["id"].clone();
            let text = object.to_string();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
                text.len()
            )
            .unwrap();
        }
    });
    url
}

#[test]
fn a_node_that_lies_gets_no_signature_and_no_terminal() {
    let folder = TempDir::new().unwrap();
    let here = deployment(&folder, 31_337);
    let send = |url: &str| {
        let mut command = wallet(&[
            "send",
            "--to",
            ADDRESS,
            "--amount",
            "1",
            "--dev-account",
            "1",
        ]);
        let output = command
            .args(["--rpc", url, "--deployment"])
            .arg(&here)
            .output()
            .unwrap();
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
        said(&output)
    };
    let other_chain = lying_node(|method| match method {
        "eth_chainId" => json!({"result": "0x1"}),
        other => panic!("asked for {other} on another chain"),
    });
    let told = send(&other_chain);
    assert!(
        told.contains("nothing is signed for another chain"),
        "{told}"
    );

    let dear = lying_node(|method| match method {
        "eth_chainId" => json!({"result": "0xca05"}),
        "eth_gasPrice" => json!({"result": "0xffffffffffffffff"}),
        other => panic!("asked for {other} at that price"),
    });
    let told = send(&dear);
    assert!(told.contains("wei a unit of gas"), "{told}");

    let painter =
        lying_node(|_| json!({"error": {"code": -32000, "message": "paid \u{1b}[2J\u{7}"}}));
    let told = send(&painter);
    assert!(told.contains("paid"), "{told}");
    assert!(
        !told.contains('\u{1b}') && !told.contains('\u{7}'),
        "{told:?}"
    );

    let forgetful = lying_node(|method| match method {
        "eth_chainId" => json!({"result": "0xca05"}),
        "eth_gasPrice" | "eth_getTransactionCount" => json!({"result": "0x1"}),
        "eth_sendRawTransaction" => json!({"result": format!("0x{}", "ab".repeat(32))}),
        other => panic!("asked for {other} of another transaction"),
    });
    let told = send(&forgetful);
    assert!(
        told.contains("another hash than the transaction's"),
        "{told}"
    );
}
