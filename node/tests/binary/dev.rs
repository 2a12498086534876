//! The life of `spillway dev`.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::process::{Dev, Process, announcement, announcement_path, run, spillway, wait_for};
use crate::wire::{account, balance, block_number, call, send};

const ETHER: u128 = 1_000_000_000_000_000_000;

#[test]
fn it_says_where_it_is_and_who_has_funds() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("made/on/demand");
    let mut node = Dev::start(&state);
    let announced = announcement(&state).unwrap();
    assert_eq!(announced["chain_id"], 51_717);
    assert_eq!(
        announced["ws"].as_str().unwrap(),
        node.url.replacen("http", "ws", 1)
    );
    assert_eq!(call(&node.url, "eth_chainId", &json!([])), "0xca05");
    let l1 = announced["l1"].as_str().unwrap();
    assert_eq!(call(l1, "eth_chainId", &json!([])), "0x7a69");
    assert_eq!(announced["beacon"], l1);
    let deployment = fs::read(announced["deployment"].as_str().unwrap()).unwrap();
    let deployment: Value = serde_json::from_slice(&deployment).unwrap();
    for contract in ["rollup", "inbox", "bridge"] {
        assert_eq!(
            announced[contract].as_str().unwrap().to_lowercase(),
            deployment[contract]
        );
    }
    for index in 0..20 {
        assert_eq!(balance(&node.url, account(index).address()), 1_000 * ETHER);
    }
    assert_eq!(balance(&node.url, account(20).address()), 0);

    // The announcement is made before the screen is shown.
    let screen = node.process.wait_until("start screen", |process| {
        Some(process.stdout()).filter(|shown| shown.contains("Ctrl-C stops"))
    });
    for part in [
        &*node.url,
        l1,
        "fresh",
        deployment["token"].as_str().unwrap(),
    ] {
        assert!(screen.to_lowercase().contains(part), "{part}: {screen}");
    }
    let key = account(0).to_bytes().to_string();
    assert!(screen.contains(&key), "{screen}");
    node.stop(Signal::INT);
    assert!(!announcement_path(&state).exists());
}

#[test]
fn it_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (account(0), account(1).address());
    let mut last_block = 0;
    for round in 0..3u64 {
        let node = Dev::start(dir.path());
        assert!(block_number(&node.url) >= last_block);
        assert_eq!(balance(&node.url, to), (1_000 + u128::from(round)) * ETHER);
        send(&node.url, &from, to, ETHER, round);
        assert_eq!(balance(&node.url, to), (1_001 + u128::from(round)) * ETHER);
        let seen = block_number(&node.url);
        let signal = if round == 1 {
            Signal::TERM
        } else {
            Signal::INT
        };
        last_block = node.stop(signal);
        assert!(last_block >= seen);
    }
    let mut node = Dev::start(dir.path());
    assert_eq!(balance(&node.url, to), 1_003 * ETHER);
    node.process
        .wait_until("block number on the start screen", |process| {
            process
                .stdout()
                .contains(&format!("goes on from block {last_block}\n"))
                .then_some(())
        });
}

#[test]
fn a_killed_node_leaves_nothing_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (account(2), account(3).address());
    let mut node = Dev::start(dir.path());
    send(&node.url, &from, to, ETHER, 0);
    node.process.signal(Signal::KILL);
    node.process.ended();
    let stale = announcement(dir.path()).unwrap();

    let next = Dev::start(dir.path());
    assert_ne!(announcement(dir.path()).unwrap()["pid"], stale["pid"]);
    assert_eq!(balance(&next.url, to), 1_001 * ETHER);
    next.stop(Signal::INT);
}

#[test]
fn a_second_instance_on_the_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let first = Dev::start(dir.path());
    let second = Dev::command(dir.path()).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert!(
        stderr.contains("in use by another spillway process"),
        "{stderr}"
    );
    assert!(
        stderr.contains(&format!("(id {})", first.process.id())),
        "{stderr}"
    );
    assert!(stderr.contains("--dir"), "{stderr}");
    // It has not disturbed the first.
    assert_eq!(announcement(dir.path()).unwrap()["pid"], first.process.id());
    assert_eq!(balance(&first.url, account(0).address()), 1_000 * ETHER);
    first.stop(Signal::INT);
}

#[test]
fn what_was_fixed_at_the_first_start_cannot_be_changed() {
    let dir = tempfile::tempdir().unwrap();
    Dev::start_with(dir.path(), &["--chain-id", "7"]).stop(Signal::INT);
    for (arguments, says) in [
        (["--chain-id", "5"], "it has chain id 7, and --chain-id 5"),
        (
            ["--challenge-window", "1h"],
            "its challenge window is 30 s, and --challenge-window asks for 3600 s",
        ),
    ] {
        let output = Dev::command(dir.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(says), "{stderr}");
        assert!(stderr.contains("deployment.json"), "{stderr}");
    }
    let node = Dev::start_with(dir.path(), &["--challenge-window", "30s"]);
    assert_eq!(call(&node.url, "eth_chainId", &json!([])), "0x7");
}

/// The journal knows its chain by itself, and says so before a wrong file is written.
#[test]
fn a_journal_of_another_chain_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Dev::start(dir.path()).stop(Signal::INT);
    let chain_file = dir.path().join("chain.json");
    let sound = fs::read_to_string(&chain_file).unwrap();
    let config = dir.path().join("node.toml");
    let other = format!(
        "roles = [\"sequencer\"]\ndir = {:?}\n[chain]\nid = 5\nfee_account = \"{}\"\n[rpc]\naddress = \"127.0.0.1:0\"\n",
        dir.path().to_str().unwrap(),
        account(20).address(),
    );
    fs::write(&config, other).unwrap();
    let refusal = || {
        let output = run(&["node", "--config", config.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let stderr = refusal();
    assert!(
        stderr.contains("chain id 51717") && stderr.contains("chain id 5"),
        "{stderr}"
    );
    fs::remove_file(&chain_file).unwrap();
    let stderr = refusal();
    assert!(stderr.contains("another chain"), "{stderr}");
    Dev::start(dir.path()).stop(Signal::INT);
    assert_eq!(fs::read_to_string(&chain_file).unwrap(), sound);
}

/// A directory without the file that says where its deposits are is not begun anew.
#[test]
fn a_chain_without_its_deployment_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let node = Dev::start(dir.path());
    send(&node.url, &account(0), account(1).address(), ETHER, 0);
    node.stop(Signal::INT);
    let file = dir.path().join("deployment.json");
    let kept = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let refused = Dev::command(dir.path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert!(stderr.contains("put the file back"), "{stderr}");
    fs::write(&file, kept).unwrap();
    let node = Dev::start(dir.path());
    assert_eq!(balance(&node.url, account(1).address()), 1_001 * ETHER);
}

#[test]
fn a_port_that_is_taken_names_the_flag() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let free = "127.0.0.1:0";
    for (rpc, l1, flag) in [(&*address, free, "--rpc"), (free, &*address, "--l1")] {
        let mut command = spillway();
        command
            .arg("dev")
            .arg("--dir")
            .arg(dir.path())
            .args(["--rpc", rpc, "--l1", l1]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let stderr = String::from_utf8(output.stderr).unwrap();
        for part in [
            format!("cannot listen on {address}"),
            format!("choose another with {flag}"),
        ] {
            assert!(stderr.contains(&part), "{stderr}");
        }
        assert!(!announcement_path(dir.path()).exists());
    }
    // The directory is as good as new.
    let node = Dev::start(dir.path());
    assert_eq!(balance(&node.url, account(19).address()), 1_000 * ETHER);
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Dev::start(dir.path());
    // A request whose body never comes keeps the first stop waiting. That the server asks for the body
    // proves that the request is in progress.
    let mut client = TcpStream::connect(node.url.trim_start_matches("http://")).unwrap();
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n";
    client.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");

    node.process.signal(Signal::INT);
    node.process.wait_until("answer to Ctrl-C", |process| {
        process.stderr().contains("stopping").then_some(())
    });
    node.process.signal(Signal::INT);
    assert_eq!(node.process.ended().code(), Some(130));

    let next = Dev::start(dir.path());
    assert_eq!(balance(&next.url, account(0).address()), 1_000 * ETHER);
}

/// A write that fails halts the sequencer. Linux lets a test lower the limit on file sizes of another process:
/// the next block, which comes within a second, does not fit.
#[cfg(target_os = "linux")]
#[test]
fn a_journal_that_cannot_be_written_halts_the_sequencer_and_reads_go_on() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    let dir = tempfile::tempdir().unwrap();
    // The signal that goes with the limit would end the node; ignored, the write fails.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    let node = Dev::command(dir.path());
    command
        .arg(node.get_program())
        .args(node.get_args())
        .stdin(Stdio::null());
    let mut node = Dev::start_as(dir.path(), command);
    send(&node.url, &account(6), account(7).address(), ETHER, 0);

    let id = Pid::from_raw(node.process.id().try_into().unwrap()).unwrap();
    let limit = |bytes| {
        prlimit(
            Some(id),
            Resource::Fsize,
            Rlimit {
                current: bytes,
                maximum: None,
            },
        )
        .unwrap()
    };
    limit(Some(1));
    let status = wait_for("halt", || {
        let status = call(&node.url, "spillway_status", &json!([]));
        (status["accepting"] == false).then_some(status)
    });
    assert_eq!(balance(&node.url, account(7).address()), 1_001 * ETHER);
    assert_eq!(
        block_number(&node.url),
        status["block_number"].as_u64().unwrap()
    );
    limit(None);

    node.process.signal(Signal::TERM);
    assert_eq!(node.process.ended().code(), Some(1));
    let stderr = node.process.stderr();
    assert!(
        stderr
            .lines()
            .last()
            .unwrap()
            .starts_with("error: the sequencer in "),
        "{stderr}"
    );

    let next = Dev::start(dir.path());
    assert!(block_number(&next.url) >= status["block_number"].as_u64().unwrap());
    assert_eq!(balance(&next.url, account(7).address()), 1_001 * ETHER);
    send(&next.url, &account(6), account(7).address(), ETHER, 1);
}

/// Whoever started the node, and closed the pipes, must not bring it down.
#[test]
fn it_survives_that_nobody_reads_its_output() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Dev::command(dir.path());
    command
        .args(["--log", "debug"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    let announced = wait_for("announcement", || announcement(dir.path()));
    let url = announced["rpc"].as_str().unwrap();
    send(url, &account(4), account(5).address(), ETHER, 0);
    assert_eq!(balance(url, account(5).address()), 1_001 * ETHER);
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn logs_are_filtered_and_can_be_json() {
    let dir = tempfile::tempdir().unwrap();
    let json = Dev::start_with(dir.path(), &["--log-format", "json"]);
    let process = stop(json);
    let log = process.stderr();
    assert!(!log.is_empty());
    for line in log.lines() {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            line["level"].is_string() && line["timestamp"].is_string(),
            "{line}"
        );
    }

    let silent = stop(Dev::start_with(dir.path(), &["--log", "off"]));
    assert_eq!(silent.stderr(), "");
}

fn stop(node: Dev) -> Process {
    let mut process = node.process;
    process.signal(Signal::INT);
    assert!(process.ended().success());
    process
}
