//! A rollup that a scenario is about: its directory, the node on it, its wallets, and what these were promised.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use alloy_primitives::B256;
use serde_json::{Value, json};
use spillway_tests::{Anvil, Node, NodeOptions, Rpc};
use tempfile::TempDir;

use super::agreement::all_is_on_l1;
use super::load::{Load, Wallet, send_each};
use super::stranger::{Contracts, Derived, Form};
use super::{PATIENCE, number, patiently};

/// Batches are sent this soon, so that tests do not wait for them.
const SOON: [&str; 2] = ["--max-batch-age", "1s"];

/// What the log says when an operator has to do something.
pub(crate) const FOREIGN: &str = "L1 HAS A BATCH THAT IS NOT OF THIS CHAIN";
pub(crate) const WAITS: &str = "Nothing is posted while it stands";
const ALARMS: [&str; 6] = [
    FOREIGN,
    WAITS,
    "NO BATCH IS POSTED",
    "NO MESSAGE FROM L1 IS CONSUMED",
    "L1 IS NOT FOLLOWED ANY MORE",
    "THE SEQUENCER HAS HALTED",
];

/// A rollup with a node.
#[derive(Debug)]
pub(crate) struct Rollup {
    folder: TempDir,
    l1_url: Option<String>,
    node: Option<Node>,
    pub(crate) wallets: Vec<Wallet>,
    pub(crate) acknowledged: Vec<B256>,
}

impl Rollup {
    /// A new one, on that L1 or the one that comes with it.
    pub(crate) async fn start(l1_url: Option<&str>, arguments: &[&str], seed: u64) -> Self {
        Self::start_in(folder(), l1_url, arguments, seed).await
    }

    /// The same in a folder that holds a deployment.
    pub(crate) async fn start_in(
        folder: TempDir,
        l1_url: Option<&str>,
        arguments: &[&str],
        seed: u64,
    ) -> Self {
        let mut rollup = Self {
            folder,
            l1_url: l1_url.map(str::to_owned),
            node: None,
            wallets: Vec::new(),
            acknowledged: Vec::new(),
        };
        rollup.resume(arguments).await;
        rollup.wallets = Wallet::all(rollup.contracts().token, seed);
        rollup
    }

    /// Starts a node on it again.
    pub(crate) async fn resume(&mut self, arguments: &[&str]) {
        let options = self.options(arguments);
        // It waits for the node, and a test may have to move L1 on meanwhile.
        let node = tokio::task::spawn_blocking(|| Node::start(options)).await;
        self.node = Some(node.expect("a node"));
        let rpc = self.rpc();
        for wallet in &mut self.wallets {
            wallet.catch_up(&rpc).await;
        }
    }

    fn options(&self, arguments: &[&str]) -> NodeOptions {
        let options = NodeOptions::default().dir(self.folder.path());
        let options = options.arguments(&[&SOON, arguments].concat());
        match &self.l1_url {
            Some(url) => options.l1_url(url),
            None => options,
        }
    }

    /// A second one on a copy of the directory. The node is stopped.
    pub(crate) fn copy(&self) -> Self {
        let folder = folder();
        copy(self.folder.path(), folder.path());
        Self {
            wallets: Wallet::all(self.contracts().token, 0),
            l1_url: self.l1_url.clone(),
            node: None,
            acknowledged: self.acknowledged.clone(),
            folder,
        }
    }

    pub(crate) fn node(&self) -> &Node {
        self.node.as_ref().expect("a node")
    }

    pub(crate) fn rpc(&self) -> Rpc {
        self.node().rpc()
    }

    pub(crate) fn l1(&self) -> Rpc {
        Rpc::new(self.l1_url())
    }

    /// Of its L1, the first URL if there are several.
    pub(crate) fn l1_url(&self) -> &str {
        self.node().l1_url()
    }

    pub(crate) fn contracts(&self) -> Contracts {
        Contracts::published(self.folder.path())
    }

    /// Asks the node to stop.
    pub(crate) fn stop(&mut self) {
        self.expect_no_alarm();
        let mut node = self.node.take().expect("a node");
        assert!(node.stop().success(), "{}", node.log());
    }

    /// Ends the node as a crash would.
    pub(crate) fn kill(&mut self) {
        self.expect_no_alarm();
        self.node.take().expect("a node").kill();
    }

    /// The same, whatever it has said.
    pub(crate) fn crash(&mut self) {
        self.node.take().expect("a node").kill();
    }

    /// Starts a node, and ends it as a crash would, that much after a point of its first roll-back.
    pub(crate) async fn start_and_kill(&self, arguments: &[&str], point: Point, later: Duration) {
        let mut command = self.options(arguments).command(self.folder.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a process");
        self.until_rolled_back_to(point).await;
        tokio::time::sleep(later).await;
        child.kill().expect("a signal to our own child");
        child.wait().expect("its end");
    }

    /// Waits until the first roll-back is that far, or over.
    pub(crate) async fn until_rolled_back_to(&self, point: Point) {
        let dir = self.folder.path();
        let (journal, archive) = (dir.join("journal"), dir.join("forks/1/journal"));
        let is_there = || match point {
            Point::Ordered => dir.join("forks.json").exists(),
            Point::Aside => archive.exists(),
            Point::Standing => archive.exists() && journal.exists(),
            Point::Made(percent) => {
                archive.exists() && bytes(&journal) * 100 >= bytes(&archive) * percent
            }
        };
        let deadline = Instant::now() + PATIENCE;
        while !(is_there() || (archive.exists() && !self.is_being_rolled_back())) {
            assert!(Instant::now() < deadline, "{point:?}: not in time");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Whether the next start has to go on with a roll-back.
    pub(crate) fn is_being_rolled_back(&self) -> bool {
        let text = std::fs::read(self.folder.path().join("forks.json"));
        let forks: Value = match text {
            Ok(text) => serde_json::from_slice(&text).expect("whole JSON"),
            Err(_) => return false,
        };
        let forks = forks["forks"].as_array().expect("a list");
        forks
            .last()
            .is_some_and(|fork| fork["resumed_at"].is_null())
    }

    /// The alarms of docs/operators_guide.md that are in the node's log.
    pub(crate) fn alarms(&self) -> Vec<&'static str> {
        let log = self.node().log();
        ALARMS
            .into_iter()
            .filter(|alarm| log.contains(alarm))
            .collect()
    }

    fn expect_no_alarm(&self) {
        assert!(self.alarms().is_empty(), "{}", self.node().log());
    }

    /// Sends so many transactions of each wallet, and sees them acknowledged.
    pub(crate) async fn send_each(&mut self, each: usize, bulk: usize) {
        let rpc = self.rpc();
        let sent = send_each(&rpc, &mut self.wallets, each, bulk).await;
        self.acknowledged.extend(sent);
    }

    /// Lets the wallets send in the background.
    pub(crate) fn load(&mut self, bulk: usize) -> Load {
        Load::start(&self.rpc(), &mut self.wallets, bulk)
    }

    /// Ends that.
    pub(crate) async fn end(&mut self, load: Load) {
        self.acknowledged
            .extend(load.finish(&mut self.wallets).await);
    }

    pub(crate) async fn status(&self) -> Value {
        self.rpc().status().await.expect("a status")
    }

    /// Waits until L1 has everything of now. There is an empty block each second, and those alone are not posted so soon.
    pub(crate) async fn posted(&self) {
        let mut last = number(&self.status().await, "block_number");
        while last > 0 && self.is_empty(last).await {
            last -= 1;
        }
        patiently("a batch on L1", async || {
            number(&self.status().await, "posted_block") >= last
        })
        .await;
    }

    async fn is_empty(&self, block: u64) -> bool {
        let told = self.rpc().call("spillway_blocks", json!([block, 1])).await;
        let block = told.expect("a block")["blocks"][0].take();
        block["transactions"] == json!([]) && block["messages"] == json!([])
    }

    /// Ends a scenario: see [`all_is_on_l1`].
    pub(crate) async fn agrees(&mut self) -> Derived {
        let (rpc, l1_url) = (self.rpc(), self.l1_url().to_owned());
        let contracts = self.contracts();
        let wallet = &mut self.wallets[0];
        let derived = all_is_on_l1(&rpc, &l1_url, &contracts, wallet, &self.acknowledged).await;
        self.expect_no_alarm();
        println!(
            "{} acknowledged, {} operations on L1, {} batches in blobs, {} in calldata",
            self.acknowledged.len(),
            derived.state.counters().authorised_count,
            derived.count(Form::Blobs),
            derived.count(Form::Calldata),
        );
        derived
    }
}

/// How far a roll-back is, as its files show it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Point {
    /// It is written down.
    Ordered,
    /// The journal was put aside.
    Aside,
    /// There is one of what stands.
    Standing,
    /// So many percent of the bytes are there again.
    Made(u64),
}

/// Bytes of a journal; none while it is not there.
fn bytes(journal: &Path) -> u64 {
    let entries = std::fs::read_dir(journal).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| entry.metadata().ok());
    sizes.map(|metadata| metadata.len()).sum()
}

/// A folder for a rollup.
pub(crate) fn folder() -> TempDir {
    TempDir::with_prefix("spillway-posting-").expect("a folder")
}

/// From now on anvil makes a block a second, and no others.
pub(crate) async fn a_block_a_second(anvil: &Anvil) {
    let set = anvil.rpc().call("evm_setIntervalMining", json!([1])).await;
    set.expect("a control");
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder to read") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            std::fs::create_dir(&target).expect("a new folder");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
