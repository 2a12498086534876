//! Nodes that verify and sequence nothing: they follow a sequencer elsewhere, serve what they have checked, call safe what is
//! proven to them, and take to L1 what is not.

mod demands;
mod following;
mod forgery;
mod proxy;

use std::path::Path;

use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use serde_json::Value;
use spillway_tests::{Role, Rpc, accounts};
use tempfile::TempDir;

use super::felled::SEQUENCER;
use super::rollup::Rollup;
use super::{number, patiently};

/// What a watching node is told beside the rollup that it watches.
#[derive(Debug, Default)]
struct Watch<'a> {
    /// Where it asks for blocks, if not at the rollup's node.
    feed: Option<&'a str>,
    /// The account whose key it has.
    account: Option<u32>,
    guarded: Vec<Address>,
}

impl Watch<'_> {
    /// The configuration of a node that watches a rollup, with everything in a folder of its own.
    fn config(&self, rollup: &Rollup, folder: &Path) -> String {
        let feed = self.feed.unwrap_or(rollup.node().url());
        let shown = |path: &Path| path.display().to_string();
        let key = self.account.map(|account| {
            let path = folder.join("key");
            let key: PrivateKeySigner = accounts::funded(account);
            let digits = alloy_primitives::hex::encode(key.to_bytes());
            std::fs::write(&path, digits).expect("a key");
            format!("key_file = {:?}\n", shown(&path))
        });
        let guarded: Vec<_> = self.guarded.iter().map(Address::to_string).collect();
        format!(
            "roles = [\"verifier\"]\ndir = {:?}\n[rpc]\naddress = \"127.0.0.1:0\"\n\
             [l1]\nurls = [{:?}]\ndeployment = {:?}\nfinality = 2\n\
             [verifier]\nsequencer_url = {feed:?}\nsequencer = \"{}\"\nguard = {guarded:?}\nguard_patience_s = 2\n{}",
            shown(&folder.join("state")),
            rollup.l1_url(),
            shown(&rollup.node().dir().join("deployment.json")),
            accounts::funded(SEQUENCER).address(),
            key.unwrap_or_default(),
        )
    }

    fn start(&self, rollup: &Rollup) -> Role {
        self.start_in(rollup, super::rollup::folder())
    }

    fn start_in(&self, rollup: &Rollup, folder: TempDir) -> Role {
        let config = self.config(rollup, folder.path());
        Role::start(folder, &config)
    }
}

async fn status(rpc: &Rpc) -> Option<Value> {
    rpc.status().await.ok()
}

/// A number of a node's status; none while it does not answer.
async fn told(rpc: &Rpc, name: &str) -> Option<u64> {
    Some(number(&status(rpc).await?, name))
}

/// Waits until the newest safe block of a node is at least that.
async fn until_safe(rpc: &Rpc, block: u64) {
    patiently("a safe block", async || {
        told(rpc, "safe_block")
            .await
            .is_some_and(|safe| safe >= block)
    })
    .await;
}
