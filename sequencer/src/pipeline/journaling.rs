//! The thread that makes blocks durable, shows them, and answers.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use crate::block::Block;
use crate::journal::{Journal, JournalError};
use crate::lanes::Lanes;
use crate::ledger::LedgerError;
use crate::ordering::SealedBlock;
use crate::record;
use crate::submission::{Accepted, Ticket};
use crate::view::View;

pub(super) struct Journaling {
    pub(super) journal: Journal,
    pub(super) lanes: Arc<Lanes>,
    pub(super) view: View,
    pub(super) durable: SyncSender<Arc<Block>>,
    pub(super) snapshot_due: SyncSender<u64>,
    pub(super) snapshot_every_bytes: u64,
}

/// Why no more blocks can be made durable.
#[derive(Debug, thiserror::Error)]
enum Halt {
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The block is durable, but a second execution does not agree with the first: a defect.
    #[error("a durable block does not replay: {0}")]
    Ledger(#[from] LedgerError),
}

impl Journaling {
    /// Works until the execution thread is gone or the journal fails.
    pub(super) fn run(mut self, sealed: &Receiver<SealedBlock<Ticket>>) {
        let mut since_snapshot = 0;
        while let Ok(SealedBlock { block, waiting }) = sealed.recv() {
            let number = block.header.number;
            match self.commit(&block) {
                Ok(bytes) => since_snapshot += bytes,
                Err(halt) => {
                    // Nothing may be acknowledged from here on; only then is the failure reported.
                    self.lanes.halt();
                    tracing::error!(block = number, error = %halt, "the sequencer has stopped accepting transactions; reads go on");
                    return;
                }
            }
            for (ticket, hash) in waiting {
                ticket.answer(Ok(Accepted::Durable { hash }));
            }
            self.lanes.durable(number);
            // The index has ended only if it failed, and has said so.
            let _ = self.durable.send(block);
            if since_snapshot >= self.snapshot_every_bytes
                && self.snapshot_due.try_send(number).is_ok()
            {
                since_snapshot = 0;
            }
        }
    }

    /// Makes a block durable and visible. Returns the bytes that it took.
    fn commit(&mut self, block: &Arc<Block>) -> Result<u64, Halt> {
        let record = record::encode(&block.header, &block.body);
        self.journal.append(block.header.number, &[&record])?;
        self.journal.sync()?;
        self.view.publish(block)?;
        Ok(record.len() as u64)
    }
}
