//! The threads of a sequencer, and how it starts and stops.
//!
//! | thread | does |
//! |---|---|
//! | execution | owns the state: takes from the lanes, orders, executes, seals a block when the journal is free |
//! | journal | appends and syncs a block, shows it to readers, answers those who wait for it |
//! | index | writes what is durable into the query index |
//! | snapshot | makes a snapshot when enough was journaled since the last |
//!
//! While a block is being synced, the next one is executed. Clients' threads recover signatures.

mod execution;
mod indexing;
mod journaling;
pub(crate) mod recovery;
pub(crate) mod snapshots;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use spillway_protocol::B256;

use crate::backlog::Backlog;
use crate::config::Config;
use crate::index::{IndexError, Opened};
use crate::journal::{self, Journal, JournalError, Recovery, Repair};
use crate::lanes::{L1Event, Lanes};
use crate::ledger::LedgerError;
use crate::ordering::Orderer;
use crate::rollback::{Progress, RollbackError, RollbackReport};
use crate::signatures::{HeaderSignatures, SignatureFileError};
use crate::snapshot::{SnapshotError, Unusable};
use crate::submission::Submitter;
use crate::view::{Stores, View};
use crate::withdrawals::WithdrawalsError;

use recovery::{Recovered, VoidBlocks, recover};

/// Why a sequencer cannot start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made.
    #[error("cannot create the data folder {path}: {error}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal cannot be replayed.
    #[error("cannot replay the journal: {0}")]
    Replay(#[from] SnapshotError),
    /// The replayed ledger has no root.
    #[error("cannot hash the replayed ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// A roll-back cannot go on.
    #[error("cannot roll the chain back: {0}")]
    Rollback(#[from] RollbackError),
    /// The query index cannot be built.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// What the chain has withdrawn cannot be kept.
    #[error(transparent)]
    Withdrawals(#[from] WithdrawalsError),
    /// The signatures that a replica keeps cannot be used.
    #[error(transparent)]
    Signatures(#[from] SignatureFileError),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// What was found and done at the start.
#[derive(Debug)]
pub struct StartReport {
    /// The newest block.
    pub block_number: u64,
    /// The state root after it.
    pub state_root: B256,
    /// The block of the snapshot that the replay began at; 0 without one.
    pub snapshot: u64,
    /// Transactions that were replayed.
    pub replayed: u64,
    /// Snapshots that were passed over.
    pub unusable_snapshots: Vec<Unusable>,
    /// What a crash had left unfinished in the journal.
    pub repair: Repair,
    /// What was done of a roll-back that was ordered.
    pub rollback: Option<RollbackReport>,
    /// How the query index was found.
    pub index: Opened,
    /// Records of withdrawals that were made again from the journal.
    pub withdrawals_made: u32,
    /// How long it took.
    pub took: Duration,
}

/// A running sequencer.
#[derive(Debug)]
pub struct Sequencer {
    lanes: Arc<Lanes>,
    view: View,
    submitter: Submitter,
    report: StartReport,
    threads: Vec<JoinHandle<()>>,
}

/// Why a sequencer did not stop cleanly. What was acknowledged is durable all the same.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// A thread panicked.
    #[error("a thread of the sequencer panicked")]
    Panicked,
    /// The query index could not be written; the next start builds it anew.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl Sequencer {
    /// Opens the data folder, rolls the chain back if that was ordered, replays what is beyond the newest snapshot, and starts
    /// the threads. Blocks meanwhile.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(config: &Config) -> Result<Self, StartError> {
        Self::start_showing(config, &Progress::default())
    }

    /// The same, and shows how far a roll-back is.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_showing(config: &Config, progress: &Progress) -> Result<Self, StartError> {
        let dir = config.dir.join("journal");
        Self::start_on(config, progress, |options| Journal::open(&dir, options))
    }

    /// The same with a journal that is opened otherwise.
    fn start_on(
        config: &Config,
        progress: &Progress,
        open: impl FnOnce(&journal::Options) -> Result<(Journal, Recovery), JournalError>,
    ) -> Result<Self, StartError> {
        let Recovered {
            journal,
            ledger,
            forks,
            index,
            withdrawals,
            report,
        } = recover(config, VoidBlocks::MakeAgain(progress), open)?;
        let orderer = Orderer::new(
            ledger.state().clone(),
            ledger.tokens().clone(),
            *ledger.head(),
            config.blocks,
            config.queues,
        )
        .with_backlog_config(config.backlog);
        let lanes = Arc::new(Lanes::new(config.queues.lane_transactions_max));
        let reader = journal.reader();
        let signatures = config.signer.clone().map(HeaderSignatures::Made);
        let stores = Stores {
            index,
            journal: reader.clone(),
            withdrawals,
            signatures,
        };
        let view = View::new(config, forks, ledger, stores);
        let chain_id = config.genesis.chain_id;
        let mut sequencer = Self {
            submitter: Submitter::new(chain_id, Arc::clone(&lanes), view.clone()),
            lanes,
            view,
            report,
            threads: Vec::new(),
        };
        sequencer.start_threads(config, orderer, journal, reader)?;
        Ok(sequencer)
    }

    fn start_threads(
        &mut self,
        config: &Config,
        orderer: Orderer<crate::submission::Ticket>,
        journal: Journal,
        reader: journal::Reader,
    ) -> Result<(), StartError> {
        // One place: the execution thread seals only when the journal is free.
        let (sealed, to_journal) = mpsc::sync_channel(1);
        let (durable, to_index) = mpsc::sync_channel(indexing::BLOCKS_BUFFERED);
        let (due, to_snapshot) = mpsc::sync_channel(1);
        let execution = execution::Execution::new(orderer, Arc::clone(&self.lanes), sealed);
        let journaling = journaling::Journaling {
            journal,
            lanes: Arc::clone(&self.lanes),
            view: self.view.clone(),
            durable,
            snapshot_due: due,
            snapshot_every_bytes: config.storage.snapshot_every_bytes,
        };
        let snapshots = snapshots::Snapshots {
            dir: config.dir.join("snapshots"),
            genesis: config.genesis,
            reader,
            view: self.view.clone(),
        };
        let view = self.view.clone();
        self.spawn("execution", move || execution.run())?;
        self.spawn("journal", move || journaling.run(&to_journal))?;
        self.spawn("index", move || indexing::run(&view, &to_index))?;
        self.spawn("snapshot", move || snapshots.run(&to_snapshot))
    }

    fn spawn(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StartError> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        self.threads.push(thread.map_err(StartError::Thread)?);
        Ok(())
    }

    /// Where transactions are handed in.
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

    /// Hands over what L1 says, in its order.
    pub fn deliver(&self, events: impl IntoIterator<Item = L1Event>) {
        self.lanes.deliver(events);
    }

    /// Tells what posting costs and how far it is behind: the base fee and the room of blocks follow. Until
    /// the first report, the base fee stays what it was in the newest block.
    pub fn set_backlog(&self, backlog: Backlog) {
        self.view.set_backlog(backlog);
        self.lanes.set_backlog(backlog);
    }

    /// Refuses everything from now on, and ends what makes blocks. What was acknowledged is durable; reads go on.
    pub fn halt(&self) {
        self.lanes.halt();
    }

    /// Makes durable what was executed, refuses the rest, and ends the threads. Blocks meanwhile.
    ///
    /// # Errors
    /// [`StopError`].
    pub fn stop(mut self) -> Result<(), StopError> {
        self.lanes.stop();
        for thread in self.threads.drain(..) {
            thread.join().map_err(|_| StopError::Panicked)?;
        }
        self.lanes.halt();
        self.view.flush_index()?;
        Ok(())
    }
}

impl Drop for Sequencer {
    fn drop(&mut self) {
        self.lanes.stop();
    }
}
