//! The sequencer's journal and snapshots, as the batcher reads them.

use std::path::{Path, PathBuf};

use alloy_primitives::Bytes;
use spillway_batcher::SourceBlock;
use spillway_batcher::journal::{Blocks, Journal, JournalError, Ledger};
use spillway_sequencer::block::Block;
use spillway_sequencer::genesis::Genesis;
use spillway_sequencer::journal::{Reader, Records};
use spillway_sequencer::view::View;
use spillway_sequencer::{record, snapshot};

/// What is durable. It holds nothing of the sequencer but the files.
#[derive(Debug)]
pub(super) struct DurableBlocks {
    genesis: Genesis,
    snapshots: PathBuf,
    journal: Reader,
}

impl DurableBlocks {
    /// Of the sequencer with that view, which keeps its files in that directory.
    pub(super) fn new(view: &View, directory: &Path) -> Self {
        Self {
            genesis: *view.genesis(),
            snapshots: directory.join("snapshots"),
            journal: view.journal(),
        }
    }
}

impl Journal for DurableBlocks {
    fn ledger_after(&self, block: u64) -> Result<Ledger, JournalError> {
        let ledger = snapshot::ledger_at(&self.snapshots, &self.genesis, &self.journal, block)?;
        let found = ledger.head().number;
        if found != block {
            return Err(
                format!("the journal ends with block {found}, before block {block}").into(),
            );
        }
        let (state, tree, tokens, head) = ledger.into_parts()?;
        Ok(Ledger {
            state,
            tree,
            tokens,
            head,
        })
    }

    fn blocks_after(&self, block: u64) -> Box<dyn Blocks> {
        Box::new(Following(self.journal.records_from(block + 1)))
    }
}

struct Following(Records);

impl Blocks for Following {
    fn next_block(&mut self) -> Result<Option<SourceBlock>, JournalError> {
        let Some(found) = self.0.next_record()? else {
            return Ok(None);
        };
        let (header, body) = record::decode(&Bytes::copy_from_slice(found.payload))?;
        let block = Block::new(header, body);
        let listings = block.body.listings.iter();
        Ok(Some(SourceBlock {
            header: block.header,
            listings: listings
                .map(|token| (token.address, token.decimals))
                .collect(),
            operations: block.body.operations,
            messages: block.body.messages,
            transaction_hashes: block.transaction_hashes,
        }))
    }
}
