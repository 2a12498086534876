//! foundry's `cast` and viem, as `tests/clients` installs them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use spillway_devnet::{Config, Devnet};
use tokio::process::Command;

use crate::support::{address, config, signer};

/// Longest run of a client.
const CLIENT_LIMIT: Duration = Duration::from_secs(250);

fn clients_dir() -> PathBuf {
    let devnet = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = devnet.parent().unwrap().join("tests/clients");
    let installed = dir.join("node_modules");
    assert!(
        installed.exists(),
        "{} is missing: `cargo xtask test` installs it",
        installed.display()
    );
    dir
}

/// Runs a client to its end, and returns what it printed.
async fn output(mut command: Command) -> String {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let run = tokio::time::timeout(CLIENT_LIMIT, command.output());
    let output = run.await.expect("a client that ends").unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout).trim().to_owned()
}

fn mining() -> Config {
    Config {
        block_time: Some(Duration::from_millis(100)),
        ..config()
    }
}

/// The program itself: the launcher in `.bin` answers 0 whatever becomes of it.
fn native_cast() -> PathBuf {
    let packages = clients_dir().join("node_modules/@foundry-rs");
    let entries = std::fs::read_dir(&packages).unwrap();
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path().join("bin/cast")))
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("{} has no cast for this platform", packages.display()))
}

/// Needs the KZG set-up.
#[tokio::test(flavor = "multi_thread")]
async fn cast_sends_money_and_blobs() {
    let devnet = Devnet::start(mining()).unwrap();
    let server = devnet.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("blob"), "cast's blob").unwrap();
    let (to, key) = (address(9).to_string(), signer(0).to_bytes().to_string());
    let cast = async |arguments: &[&str]| {
        let mut command = Command::new(native_cast());
        command
            .args(arguments)
            .env("ETH_RPC_URL", format!("http://{}", server.local_addr()))
            .env("HOME", home.path())
            .current_dir(home.path());
        output(command).await
    };
    assert_eq!(cast(&["chain-id"]).await, "31337");
    assert_eq!(cast(&["balance", &to]).await, "1000000000000000000000");
    let sent = cast(&["send", "--json", "--private-key", &key, &to, "--value", "1"]).await;
    assert!(sent.contains(r#""status":"0x1""#), "{sent}");
    assert_eq!(cast(&["balance", &to]).await, "1000000000000000000001");
    let sent = cast(&[
        "send",
        "--json",
        "--private-key",
        &key,
        "--blob",
        "--path",
        "blob",
        &to,
    ])
    .await;
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(
        (&sent["type"], &sent["blobGasUsed"]),
        (&"0x3".into(), &"0x20000".into())
    );
    let block = cast(&["block", sent["blockHash"].as_str().unwrap(), "--json"]).await;
    assert!(
        block.contains(sent["transactionHash"].as_str().unwrap()),
        "{block}"
    );
    server.stop().await;
    devnet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viem_sends_watches_and_knows_the_errors() {
    let devnet = Devnet::start(mining()).unwrap();
    let server = devnet.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    let mut command = Command::new("node");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/devnet/viem.js"))
        .current_dir(clients_dir())
        .env("DEVNET_URL", server.local_addr().to_string())
        .env("DEVNET_KEY", signer(0).to_bytes().to_string());
    assert_eq!(output(command).await, "done");
    server.stop().await;
    devnet.stop().await;
}
