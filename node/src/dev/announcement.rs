//! `DIR/dev.json`: for programs that start a node and must know when it answers, and where.

use anyhow::Result;
use serde::Serialize;

use crate::directory::Directory;

const NAME: &str = "dev.json";

/// What the file says. It is there while the node answers.
#[derive(Debug, Serialize)]
pub(super) struct Announcement<'a> {
    rpc: &'a str,
    ws: &'a str,
    chain_id: u64,
    pid: u32,
}

impl<'a> Announcement<'a> {
    /// Of this process.
    pub(super) fn new(rpc: &'a str, ws: &'a str, chain_id: u64) -> Self {
        Self {
            rpc,
            ws,
            chain_id,
            pid: std::process::id(),
        }
    }

    /// Writes the file, whole.
    pub(super) fn publish(&self, directory: &Directory) -> Result<()> {
        directory.write_json(NAME, self)
    }
}

/// Removes the file, if it is there.
pub(super) fn withdraw(directory: &Directory) -> Result<()> {
    directory.remove(NAME)
}
