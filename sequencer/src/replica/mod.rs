//! A replica: a node that follows a sequencer's blocks, and serves the same reads from a journal of its own.
//!
//! It takes nothing on trust. A block that another node gave (`received.rs`) must be signed by the sequencer, and is then
//! made here once more (`making.rs`): senders are recovered from the transactions, the transactions and L1's messages go
//! through ordering, and what comes out must be the sequencer's block, byte for byte. Only then it is journaled, and shown
//! after a second execution, as on the sequencer.
//!
//! What a replica cannot do without L1 is to see whether messages and listings are L1's. The messages are the sequencer's
//! word, as its signature covers them by the header's hash chain. The listings are not: whoever reads L1 compares
//! [`ReceivedBlock::listings`] with what is listed there before it imports a block.
//!
//! The sequencer's signatures are kept ([`crate::signatures`]), so that it can be held to its word, and so that replicas can
//! follow replicas.
//!
//! One group of blocks is imported at a time, on the caller's thread. The one thread beside it makes snapshots.

mod error;
mod making;
mod received;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread::JoinHandle;

use alloy_primitives::Address;

use crate::config::Config;
use crate::journal::{self, DirectoryStorage, Journal, JournalError, Recovery, Storage};
use crate::ordering::Orderer;
use crate::pipeline::recovery::{Recovered, VoidBlocks, recover};
use crate::pipeline::snapshots::Snapshots;
use crate::pipeline::{StartError, StartReport, StopError};
use crate::signatures::{HeaderSignatures, SignatureFile};
use crate::submission::Submitter;
use crate::view::{Stores, View};

pub use error::ImportError;
pub use received::{ReceivedBlock, ReceivedError};

use making::{Expected, Made};

/// A running replica.
pub struct Replica {
    config: Config,
    signer: Address,
    journal: Journal,
    signatures: Arc<SignatureFile>,
    /// On the state after the newest block; none after a block was refused while it was being made.
    orderer: Option<Orderer<()>>,
    view: View,
    submitter: Submitter,
    report: StartReport,
    /// Whether a write or a sync has failed.
    halted: Arc<AtomicBool>,
    snapshot_due: SyncSender<u64>,
    snapshots: JoinHandle<()>,
    bytes_since_snapshot: u64,
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replica")
            .field("signer", &self.signer)
            .field("block_number", &self.view.block_number())
            .finish_non_exhaustive()
    }
}

impl Replica {
    /// Opens the data folder and replays what is beyond the newest snapshot. If a roll-back was ordered, what is void is
    /// dropped, and the sequencer's new blocks are waited for. Blocks meanwhile.
    ///
    /// `signer` is the sequencer's address on L1, whose signature each block must have. The configured key signs nothing here.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(config: &Config, signer: Address) -> Result<Self, StartError> {
        let journal = config.dir.join("journal");
        let open = |options: &journal::Options| Journal::open(&journal, options);
        let beside = || {
            DirectoryStorage::open(&config.dir).map_err(|error| StartError::Folder {
                path: config.dir.clone(),
                error,
            })
        };
        Self::start_on(config, signer, open, beside)
    }

    /// The same with a journal that is opened otherwise, and another place for the signatures.
    fn start_on<S: Storage>(
        config: &Config,
        signer: Address,
        open: impl FnOnce(&journal::Options) -> Result<(Journal, Recovery), JournalError>,
        beside: impl FnOnce() -> Result<S, StartError>,
    ) -> Result<Self, StartError> {
        let Recovered {
            journal,
            ledger,
            forks,
            index,
            withdrawals,
            report,
        } = recover(config, VoidBlocks::Leave, open)?;
        let reader = journal.reader();
        let last_block = ledger.head().number;
        let file = SignatureFile::open(&beside()?, &config.genesis.id(), last_block)?;
        let signatures = Arc::new(file);
        let kept = HeaderSignatures::Kept {
            signer,
            file: Arc::clone(&signatures),
        };
        let stores = Stores {
            index,
            journal: reader.clone(),
            withdrawals,
            signatures: Some(kept),
        };
        let view = View::new(config, forks, ledger, stores);
        let (snapshot_due, due) = mpsc::sync_channel(1);
        let snapshots = Snapshots {
            dir: config.dir.join("snapshots"),
            genesis: config.genesis,
            reader,
            view: view.clone(),
        };
        let thread = std::thread::Builder::new().name("snapshot".to_owned());
        let snapshots = thread.spawn(move || snapshots.run(&due));
        let halted = Arc::new(AtomicBool::new(false));
        Ok(Self {
            config: config.clone(),
            signer,
            journal,
            signatures,
            orderer: None,
            submitter: Submitter::of_replica(view.clone(), Arc::clone(&halted)),
            view,
            report,
            halted,
            snapshot_due,
            snapshots: snapshots.map_err(StartError::Thread)?,
            bytes_since_snapshot: 0,
        })
    }

    /// Imports the blocks that come next: checks each, makes it here once more, makes it durable and shows it. Answers the
    /// newest block's number. Blocks meanwhile.
    ///
    /// The first block that is refused ends the group: what is before it is imported, nothing after it, and the right block
    /// may be offered next.
    ///
    /// # Errors
    /// [`ImportError`]. If it [is final](ImportError::is_final), reads go on and imports do not.
    pub fn import(&mut self, blocks: Vec<ReceivedBlock>) -> Result<u64, ImportError> {
        if self.halted.load(Ordering::Acquire) {
            return Err(ImportError::Halted);
        }
        let (made, refusal) = self.make(blocks);
        if let Err(error) = self.commit(&made) {
            self.halted.store(true, Ordering::Release);
            tracing::error!(%error, "the replica has stopped taking blocks; reads go on");
            return Err(error);
        }
        refusal.map_or_else(|| Ok(self.view.block_number()), Err)
    }

    /// Makes the blocks up to the first one that is wrong; and what is wrong with that.
    fn make(&mut self, blocks: Vec<ReceivedBlock>) -> (Vec<Made>, Option<ImportError>) {
        let chain_id = self.config.genesis.chain_id;
        let expected = Expected {
            chain_id,
            forks: self.view.forks(),
            signer: self.signer,
            head: self.view.with_ledger(|ledger| *ledger.head()),
        };
        let (signed, refusal) = expected.signed(blocks);
        let mut made = Vec::with_capacity(signed.len());
        if signed.is_empty() {
            return (made, refusal);
        }
        let mut admitted = making::admit(&signed, chain_id);
        // Whoever leaves this loop early leaves an orderer in the middle of a block behind.
        let orderer = self.orderer.take();
        let mut orderer = orderer.unwrap_or_else(|| self.orderer_after_newest());
        for (block, signature) in signed {
            let count = block.raw_transactions().len();
            let transactions = admitted.by_ref().take(count);
            match making::make(&mut orderer, (block, signature), transactions) {
                Ok(block) => made.push(block),
                Err(error) => return (made, Some(error)),
            }
        }
        self.orderer = Some(orderer);
        (made, refusal)
    }

    fn orderer_after_newest(&self) -> Orderer<()> {
        self.view.with_ledger(|ledger| {
            Orderer::new(
                ledger.state().clone(),
                ledger.tokens().clone(),
                *ledger.head(),
                self.config.blocks,
                self.config.queues,
            )
        })
    }

    /// Makes blocks durable and visible. Their signatures first, with one sync: a journaled block is never without.
    ///
    /// Each block is then synced by itself. The journal's repair rests on this: at most one record is ever unsynced, so what
    /// is damaged before another one is no torn write, and is refused. A group under one sync could leave just that behind.
    fn commit(&mut self, made: &[Made]) -> Result<(), ImportError> {
        let signatures: Vec<_> = made.iter().map(|one| one.signature).collect();
        self.signatures.write(&signatures)?;
        for Made { block, record, .. } in made {
            self.journal.append(block.header.number, &[record])?;
            self.journal.sync()?;
            self.view.publish(block)?;
            self.bytes_since_snapshot += record.len() as u64;
        }
        let blocks: Vec<_> = made.iter().map(|one| Arc::clone(&one.block)).collect();
        if let Err(error) = self.view.index(&blocks) {
            tracing::error!(%error, "the query index has failed: look-ups by hash search the journal");
        }
        if let Some(newest) = blocks.last()
            && self.bytes_since_snapshot >= self.config.storage.snapshot_every_bytes
            && self.snapshot_due.try_send(newest.header.number).is_ok()
        {
            self.bytes_since_snapshot = 0;
        }
        Ok(())
    }

    /// Where transactions are handed in: it refuses them all, and names the sequencer.
    #[must_use]
    pub fn submitter(&self) -> Submitter {
        self.submitter.clone()
    }

    /// Where what is durable is read.
    #[must_use]
    pub fn view(&self) -> View {
        self.view.clone()
    }

    /// What was found and done at the start.
    #[must_use]
    pub const fn report(&self) -> &StartReport {
        &self.report
    }

    /// Ends the snapshot thread, and writes out the index. Blocks meanwhile. What was imported is durable in any case.
    ///
    /// # Errors
    /// [`StopError`].
    pub fn stop(self) -> Result<(), StopError> {
        drop(self.snapshot_due);
        self.snapshots.join().map_err(|_| StopError::Panicked)?;
        Ok(self.view.flush_index()?)
    }
}
