//! The thread that writes durable blocks into the query index.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use crate::block::Block;
use crate::view::View;

/// Durable blocks that may wait for the index before the journal waits for it.
pub(super) const BLOCKS_BUFFERED: usize = 256;

/// Works until the journal thread is gone. Blocks that wait are written together. When the index
/// fails, readers search the journal instead, until the next start rebuilds it.
pub(super) fn run(view: &View, durable: &Receiver<Arc<Block>>) {
    let mut blocks = Vec::new();
    while let Ok(block) = durable.recv() {
        blocks.push(block);
        blocks.extend(durable.try_iter());
        if let Err(error) = view.index(&blocks) {
            tracing::error!(%error, "the query index has failed: look-ups by hash search the journal");
        }
        blocks.clear();
    }
}
