//! The sequencer's core on two threads, without signatures, clients and index: one orders and
//! executes, the other makes each block durable, as in [`spillway_sequencer::pipeline`].

use anyhow::{Context, Result, anyhow, ensure};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::state::State;
use spillway_protocol::token::TokenTable;
use spillway_sequencer::admission::Admitted;
use spillway_sequencer::block::Block;
use spillway_sequencer::config::{BlockConfig, QueueConfig};
use spillway_sequencer::journal::{Journal, Options};
use spillway_sequencer::ledger::Ledger;
use spillway_sequencer::ordering::{Now, Orderer, Outcome};
use spillway_sequencer::record;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::population::GENESIS;

/// Transactions between two looks at the journal, as the sequencer takes them.
const TAKEN_MAX: usize = 512;
/// What blocks are stamped with: any moment, but always the same.
const UNIX_SECONDS: u64 = 1_800_000_000;

/// The core over one data folder.
pub struct Engine {
    orderer: Orderer<()>,
    journal: Journal,
    /// Executes each durable block once more, when it is there, as the sequencer does for its readers.
    ledger: Option<Ledger>,
    began: Instant,
}

impl Engine {
    /// Begins a new journal in `dir`, at block 0 with that state.
    ///
    /// # Errors
    /// When the journal cannot be made, or the ledger over the state cannot be hashed.
    pub fn new(dir: &Path, state: State, with_ledger: bool) -> Result<Self> {
        let (journal, _) = Journal::open(dir, &Options::new(GENESIS.id().0))?;
        ensure!(journal.next_number() == 1, "{} is not empty", dir.display());
        let head = BlockHeader::genesis();
        let ledger = with_ledger
            .then(|| Ledger::import(state.clone(), TokenTable::default(), head, Vec::new()))
            .transpose()?;
        let (blocks, queues) = (BlockConfig::default(), QueueConfig::default());
        let orderer = Orderer::new(state, TokenTable::default(), head, blocks, queues);
        Ok(Self {
            orderer,
            journal,
            ledger,
            began: Instant::now(),
        })
    }

    /// The journal, to read what is durable.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Orders, executes and makes durable; returns when the last transfer is on disk.
    ///
    /// # Errors
    /// When a transfer is refused or held, or the disk fails.
    pub fn transfer(&mut self, transfers: Vec<Admitted>) -> Result<()> {
        let now = self.now();
        self.drive(transfers, move |orderer, transfer| {
            match orderer.submit(now, transfer, ()) {
                (Outcome::Executed, _) => Ok(()),
                (outcome, _) => Err(anyhow!("a transfer came to {outcome:?}")),
            }
        })
    }

    /// The same for messages from L1.
    ///
    /// # Errors
    /// When a message is refused, or the disk fails.
    pub fn consume(&mut self, messages: impl IntoIterator<Item = InboxMessage>) -> Result<()> {
        let now = self.now();
        self.drive(messages, move |orderer, message| {
            orderer
                .consume(now, &message)
                .context("a message was refused")
        })
    }

    fn now(&self) -> Now {
        Now {
            elapsed: self.began.elapsed(),
            unix: UNIX_SECONDS,
        }
    }

    fn drive<I>(
        &mut self,
        inputs: impl IntoIterator<Item = I>,
        mut execute: impl FnMut(&mut Orderer<()>, I) -> Result<()>,
    ) -> Result<()> {
        let Self {
            orderer,
            journal,
            ledger,
            began,
        } = self;
        thread::scope(|scope| {
            let (to_journal, sealed) = sync_channel(1);
            let (durable, from_journal) = channel();
            let journaling =
                scope.spawn(move || make_durable(journal, ledger.as_mut(), &sealed, &durable));
            let mut sealer = Sealer {
                orderer,
                to_journal,
                from_journal,
                syncing: false,
                began: *began,
            };
            let executed = execute_all(&mut sealer, inputs, &mut execute);
            // The journal's own error says more than that its thread is gone.
            drop(sealer);
            join(journaling)?;
            executed
        })
    }
}

fn execute_all<I>(
    sealer: &mut Sealer<'_>,
    inputs: impl IntoIterator<Item = I>,
    execute: &mut impl FnMut(&mut Orderer<()>, I) -> Result<()>,
) -> Result<()> {
    for (count, input) in inputs.into_iter().enumerate() {
        if count % TAKEN_MAX == 0 {
            sealer.seal_if_due()?;
        }
        if sealer.orderer.room() == 0 {
            sealer.wait()?;
            sealer.seal()?;
        }
        execute(sealer.orderer, input)?;
    }
    sealer.wait()?;
    if sealer.orderer.has_content() {
        sealer.seal()?;
        sealer.wait()?;
    }
    Ok(())
}

fn join(thread: ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    thread
        .join()
        .map_err(|_| anyhow!("the journal's thread panicked"))?
}

/// Seals blocks when the journal is free.
struct Sealer<'a> {
    orderer: &'a mut Orderer<()>,
    to_journal: SyncSender<Arc<Block>>,
    from_journal: Receiver<u64>,
    syncing: bool,
    began: Instant,
}

impl Sealer<'_> {
    /// Seals if the journal is free and the last block was long enough ago.
    fn seal_if_due(&mut self) -> Result<()> {
        if let Ok(number) = self.from_journal.try_recv() {
            self.became_durable(number);
        }
        let due = self.orderer.has_content() && self.elapsed() >= self.orderer.seal_at();
        if due && !self.syncing {
            self.seal()?;
        }
        Ok(())
    }

    /// Waits until the journal is free.
    fn wait(&mut self) -> Result<()> {
        if self.syncing {
            let number = self
                .from_journal
                .recv()
                .context("the journal's thread ended")?;
            self.became_durable(number);
        }
        Ok(())
    }

    fn became_durable(&mut self, number: u64) {
        self.orderer.durable(number);
        self.syncing = false;
    }

    fn seal(&mut self) -> Result<()> {
        let now = Now {
            elapsed: self.elapsed(),
            unix: UNIX_SECONDS,
        };
        let sealed = self.orderer.seal(now)?;
        self.syncing = true;
        self.to_journal
            .send(sealed.block)
            .context("the journal's thread ended")
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

fn make_durable(
    journal: &mut Journal,
    mut ledger: Option<&mut Ledger>,
    sealed: &Receiver<Arc<Block>>,
    durable: &Sender<u64>,
) -> Result<()> {
    while let Ok(block) = sealed.recv() {
        let record = record::encode(&block.header, &block.body);
        journal.append(block.header.number, &[&record])?;
        let number = journal.sync()?;
        if let Some(ledger) = &mut ledger {
            ledger.apply(&block.header, &block.body)?;
        }
        // The other thread has ended only if it failed, and says so itself.
        let _ = durable.send(number);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::Population;
    use spillway_sequencer::snapshot;

    #[test]
    fn what_is_driven_is_durable_and_replays() {
        let dir = tempfile::tempdir().unwrap();
        let mut population = Population::new(9, 50);
        let state = Ledger::genesis(&GENESIS).state().clone();
        let mut engine = Engine::new(dir.path(), state, true).unwrap();
        engine.consume(population.deposits()).unwrap();
        engine.transfer(population.transfers(3_000)).unwrap();

        let mut replayed = Ledger::genesis(&GENESIS);
        let reader = engine.journal().reader();
        let count = snapshot::replay(&mut replayed, &reader, u64::MAX).unwrap();
        assert_eq!(count, 3_000);
        assert_eq!(replayed.state().account_count(), 51);
        let mut followed = engine.ledger.take().unwrap();
        assert_eq!(replayed.state_root(), followed.state_root());
    }
}
