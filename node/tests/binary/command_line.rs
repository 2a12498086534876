//! What can be typed, and what is refused.

use std::fs;
use std::process::Output;

use rustix::process::Signal;

use crate::process::{Process, run, spillway};

const MINIMAL: &str = r#"
roles = ["sequencer"]
dir = "DIR"

[chain]
id = 7
fee_account = "0x00000000000000000000000000000000000000fe"

[rpc]
address = "127.0.0.1:0"
"#;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn help_names_what_there_is_and_nothing_else() {
    let general = run(&["--help"]);
    assert!(general.status.success());
    let shown = text(&general.stdout);
    for command in ["dev", "node", "deploy", "verify", "status", "wallet"] {
        assert!(shown.contains(&format!("\n  {command} ")), "{shown}");
    }
    assert!(!shown.contains("\n  load "), "{shown}");
    for (command, about, flags) in [
        (
            "dev",
            "Run a development chain",
            &[
                "--dir",
                "--rpc",
                "--l1",
                "--l1-url",
                "--l1-block-time",
                "--l1-depth",
                "--challenge-window",
                "--chain-id",
                "--log",
                "--log-format",
                "SPILLWAY_LOG",
                "127.0.0.1:9545",
            ][..],
        ),
        (
            "node",
            "Run the roles",
            &["--config", "--log", "--log-format"],
        ),
        (
            "deploy",
            "Deploy the contracts to L1",
            &[
                "--l1-url",
                "--out",
                "--verify",
                "--deployment",
                "--json",
                "SPILLWAY_PRIVATE_KEY",
            ],
        ),
        (
            "verify",
            "Derive the chain from L1",
            &[
                "--l1-url",
                "--beacon-url",
                "--deployment",
                "--blobs",
                "--batch",
                "--snapshot",
                "--save-snapshot",
                "--json",
            ],
        ),
        ("status", "Ask a running node", &["--rpc", "--json"]),
    ] {
        let help = run(&[command, "--help"]);
        assert!(help.status.success());
        let shown = text(&help.stdout);
        assert!(shown.starts_with(about), "{shown}");
        for flag in flags {
            assert!(shown.contains(flag), "{command} {flag}:\n{shown}");
        }
    }
}

#[test]
fn usage_errors_end_with_2() {
    for arguments in [
        &[][..],
        &["launch"],
        &["dev", "--port", "1"],
        &["dev", "--chain-id", "0"],
        &["node"],
        &["deploy"],
        &["verify"],
        &["verify", "--l1-url", "http://127.0.0.1:1", "--batch", "0"],
        &["deploy", "--l1-url", "http://127.0.0.1:1", "--verify"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn version() {
    let output = run(&["--version"]);
    assert_eq!(
        text(&output.stdout),
        concat!("spillway ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

fn node_with(config: &str) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node.toml");
    fs::write(&path, config).unwrap();
    run(&["node", "--config", path.to_str().unwrap()])
}

#[test]
fn a_configuration_is_refused_with_its_file_its_key_and_what_is_allowed() {
    for (from, to, says) in [
        ("[rpc]", "[rpc]\nprot = 1", "unknown field `prot`"),
        ("dir = ", "directory = ", "unknown field `directory`"),
        (
            "id = 7",
            "id = 0",
            "chain.id = 0 is out of range: it must be 1 to 9007199254740991",
        ),
        ("id = 7", "id = \"7\"", "expected i64"),
        ("id = 7", "", "missing field `id`"),
        (
            "127.0.0.1:0",
            "9545",
            "rpc.address = \"9545\" is no address: it must be IP:PORT",
        ),
        (
            "\"sequencer\"",
            "\"relay\"",
            "roles has \"relay\": allowed are: sequencer, batcher, verifier",
        ),
        ("0x00", "0xzz", "chain.fee_account"),
        ("[chain]", "[chain", "expected `]`"),
    ] {
        let config = MINIMAL.replacen(from, to, 1);
        assert_ne!(config, MINIMAL);
        let output = node_with(&config);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{to}: {stderr}");
        assert!(stderr.contains("node.toml"), "{stderr}");
        assert!(stderr.contains(says), "{to}: {stderr}");
    }
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let output = run(&["node", "--config", "/nowhere/node.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot read the configuration /nowhere/node.toml"));
}

#[test]
fn a_configured_node_serves_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let path = dir.path().join("node.toml");
    fs::write(&path, MINIMAL.replace("DIR", state.to_str().unwrap())).unwrap();
    let mut command = spillway();
    command.arg("node").arg("--config").arg(&path);
    let mut node = Process::start(command);
    let url = node.wait_until("line with the address", |node| {
        let stdout = node.stdout();
        let line = stdout.lines().find(|_| stdout.ends_with('\n'))?;
        Some(line.strip_prefix("serving ")?.split(' ').next()?.to_owned())
    });

    let status = run(&["status", "--rpc", &url]);
    assert!(status.status.success(), "{}", text(&status.stderr));
    assert!(text(&status.stdout).contains("\nstate_root "));
    let chain_id = text(&status.stdout)
        .lines()
        .find(|line| line.starts_with("chain_id "))
        .unwrap();
    assert!(chain_id.ends_with(" 7"), "{chain_id}");

    node.signal(Signal::TERM);
    assert!(node.ended().success(), "{}", node.stderr());
    assert!(node.stdout().contains("stopped at block "));
    let chain = fs::read_to_string(state.join("chain.json")).unwrap();
    assert!(chain.contains("\"chain_id\": 7"), "{chain}");
}
