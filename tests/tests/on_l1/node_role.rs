//! `spillway node` on an L1, by its `[l1]`.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use spillway_tests::clients::finish;
use spillway_tests::{Anvil, Rpc, accounts, binary};
use tempfile::TempDir;

use super::{ETHER, OnL1, consumed, wait_for};

/// A `spillway node` with a folder of its own. Dropping it kills it, by its id.
struct Role {
    child: Child,
    folder: TempDir,
}

/// The command, for the deployment in a folder.
fn command(folder: &Path, url: &str, finality: &str) -> Command {
    let config = folder.join("node.toml");
    let text = format!(
        "roles = [\"sequencer\"]\ndir = {:?}\n[rpc]\naddress = \"127.0.0.1:0\"\n\
         [l1]\nurls = [{url:?}]\ndeployment = {:?}\nfinality = {finality}\n",
        folder.join("state").display().to_string(),
        folder.join("deployment.json").display().to_string(),
    );
    fs::write(&config, text).expect("a configuration");
    let mut command = Command::new(binary());
    command.args(["node", "--config"]).arg(&config);
    command.stdin(Stdio::null());
    command
}

/// The contracts on an L1, and the deployment's file in a folder.
fn deployed(anvil: &Anvil) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let mut command = Command::new(binary());
    command.args(["deploy", "--development", "--l1-url", anvil.url(), "--out"]);
    command.arg(folder.path().join("deployment.json"));
    let finished = finish(command);
    assert!(finished.status.success(), "{}", finished.stderr);
    folder
}

impl Role {
    fn start(folder: TempDir, url: &str, finality: &str) -> Self {
        let mut command = command(folder.path(), url, finality);
        let log = File::create(folder.path().join("log")).expect("a log");
        command.stdout(log.try_clone().expect("a handle on the log"));
        let child = command.stderr(log).spawn().expect("a node");
        Self { child, folder }
    }

    fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("log")).expect("a log");
        String::from_utf8_lossy(&log).into_owned()
    }

    /// A client, once it serves.
    async fn rpc(&self) -> Rpc {
        let url = || {
            let log = self.log();
            let (_, rest) = log.split_once("serving http://")?;
            let (address, _) = rest.split_once(" and ")?;
            Some(format!("http://{address}"))
        };
        wait_for("the node", async || url().is_some()).await;
        Rpc::new(&url().expect("an address"))
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        // An error here means that it has ended already; `wait` then only collects it.
        let _ = self.child.kill();
        self.child.wait().expect("the end of our own child");
        if std::thread::panicking() {
            eprintln!("the node's log:\n{}", self.log());
        }
    }
}

#[tokio::test]
async fn a_node_consumes_what_is_deep_enough() {
    let anvil = Anvil::start(&[]);
    let folder = deployed(&anvil);
    let l1 = OnL1::new(anvil.url(), folder.path(), 3);
    let newcomer = accounts::fresh(1).address();
    let deposit = l1.deposit(newcomer, ETHER).await;
    l1.succeeded(deposit).await;
    let node = Role::start(folder, anvil.url(), "3");
    let rpc = node.rpc().await;
    assert_eq!(consumed(&rpc).await, 0);
    l1.control("anvil_mine", serde_json::json!([3])).await;
    let arrived = async || rpc.balance(newcomer).await == Ok(ETHER);
    wait_for("the deposit", arrived).await;
    let status = rpc.status().await.expect("a status");
    assert_eq!(status["chain_id"], l1.deployment.l2_chain_id);
}

#[tokio::test]
async fn a_node_refuses_an_l1_that_is_another() {
    let (anvil, other) = (Anvil::start(&[]), Anvil::start(&[]));
    let folder = deployed(&anvil);
    let refused = finish(command(folder.path(), other.url(), "\"safe\""));
    assert_eq!(refused.status.code(), Some(1));
    for part in ["l1.urls", "l1.deployment", "differ"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
}

/// Users are served while L1 is down. (The deployment's file is all that the node needs to know its chain.)
#[tokio::test]
async fn a_node_starts_without_an_l1_that_answers() {
    let folder = deployed(&Anvil::start(&[]));
    let node = Role::start(folder, "http://127.0.0.1:1", "\"finalized\"");
    let rpc = node.rpc().await;
    assert_eq!(rpc.block_number().await.map(|_| ()), Ok(()));
    assert!(node.log().contains("the node starts without L1"));
}
