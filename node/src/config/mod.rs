//! The configuration file, in two steps: what was [`typed`], then what was [`validated`].

mod batcher;
pub(crate) mod l1;
mod pool;
mod relayer;
mod signing;
mod typed;
pub(crate) mod validated;
mod verifier;

use std::path::Path;

use anyhow::{Context, Result};

use self::validated::NodeConfig;

/// Reads and checks a file.
pub(crate) fn load(path: &Path) -> Result<NodeConfig> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration {}", path.display()))?;
    parse(&text).with_context(|| format!("configuration {}", path.display()))
}

fn parse(text: &str) -> Result<NodeConfig> {
    // The error shows the line, with a mark under what is wrong.
    let typed: typed::File = toml::from_str(text)?;
    NodeConfig::try_from(typed)
}
