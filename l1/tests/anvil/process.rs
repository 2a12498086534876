//! An anvil that a test owns.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use alloy_provider::{DynProvider, Provider};
use serde_json::{Value, json};
use spillway_l1::provider::{Endpoint, ProviderSettings, connect};

const CHAIN_ID: u64 = 31_337;

/// It makes blocks only when told. Dropping it ends the process.
pub(crate) struct Anvil {
    child: Child,
    pub(crate) provider: DynProvider,
}

impl Anvil {
    pub(crate) async fn start() -> Self {
        let mut child = Command::new(binary())
            .args([
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--no-mining",
                "--hardfork",
                "osaka",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("anvil");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = lines
            .find_map(|line| line.strip_prefix("Listening on ").map(str::to_owned))
            .expect("anvil says where it listens");
        // It must not stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let endpoint = Endpoint::http(&format!("http://{address}")).expect("a URL");
        let provider = connect(vec![endpoint], ProviderSettings::new(CHAIN_ID))
            .await
            .expect("anvil answers");
        Self { child, provider }
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.control("anvil_mine", json!([blocks])).await;
    }

    /// Replaces that many blocks by empty ones.
    pub(crate) async fn reorg(&self, depth: u64) {
        self.control("anvil_reorg", json!([depth, []])).await;
    }

    pub(crate) async fn control(&self, method: &'static str, parameters: Value) -> Value {
        self.provider
            .raw_request(method.into(), parameters)
            .await
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The native anvil that `npm ci` puts below `benches/`.
fn binary() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let packages = workspace.join("benches/node_modules/@foundry-rs");
    let entries = std::fs::read_dir(&packages).into_iter().flatten().flatten();
    let found = entries
        .map(|entry| entry.path().join("bin/anvil"))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "no anvil in {}: run `npm ci` in benches/",
            packages.display()
        )
    })
}
