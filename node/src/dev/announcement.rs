//! `DIR/dev.json`: for programs that start a node and must know when it answers, and where.

use std::path::Path;

use alloy_primitives::Address;
use anyhow::Result;
use serde::Serialize;

use crate::directory::Directory;

const NAME: &str = "dev.json";

/// What the file says. It is there while the node answers.
#[derive(Debug, Serialize)]
pub(super) struct Announcement<'a> {
    pub(super) rpc: &'a str,
    pub(super) ws: &'a str,
    pub(super) chain_id: u64,
    /// L1's JSON-RPC.
    pub(super) l1: &'a str,
    /// L1's beacon endpoints.
    pub(super) beacon: &'a str,
    /// The deployment's file.
    pub(super) deployment: &'a Path,
    pub(super) rollup: Address,
    pub(super) inbox: Address,
    pub(super) bridge: Address,
    pub(super) pid: u32,
}

impl Announcement<'_> {
    /// Writes the file, whole.
    pub(super) fn publish(&self, directory: &Directory) -> Result<()> {
        directory.write_json(NAME, self)
    }
}

/// Removes the file, if it is there.
pub(super) fn withdraw(directory: &Directory) -> Result<()> {
    directory.remove(NAME)
}
