//! From what is on disk to what the threads begin with.

use std::time::Instant;

use super::{StartError, StartReport};
use crate::clock::unix_seconds;
use crate::config::Config;
use crate::forks::{Fork, Forks};
use crate::index::{Index, Sources};
use crate::journal::{self, Journal, JournalError, Recovery};
use crate::ledger::Ledger;
use crate::rollback::{self, Again, Progress, RollbackError, RollbackReport};
use crate::snapshot;
use crate::withdrawals::Withdrawals;

/// A chain, ready to go on.
pub(crate) struct Recovered {
    pub(crate) journal: Journal,
    /// After the newest block.
    pub(crate) ledger: Ledger,
    pub(crate) forks: Forks,
    pub(crate) index: Index,
    pub(crate) withdrawals: Withdrawals,
    pub(crate) report: StartReport,
}

/// What a start does about the blocks that a roll-back leaves void.
#[derive(Clone, Copy, Debug)]
pub(crate) enum VoidBlocks<'a> {
    /// Makes them again, and shows how far it is.
    MakeAgain(&'a Progress),
    /// Leaves that to the sequencer that this node follows.
    Leave,
}

/// Opens the data folder, finishes a roll-back, replays what is beyond the newest snapshot, and hashes it.
pub(crate) fn recover(
    config: &Config,
    void: VoidBlocks<'_>,
    open: impl FnOnce(&journal::Options) -> Result<(Journal, Recovery), JournalError>,
) -> Result<Recovered, StartError> {
    let began = Instant::now();
    let genesis = config.genesis;
    std::fs::create_dir_all(&config.dir).map_err(|error| StartError::Folder {
        path: config.dir.clone(),
        error,
    })?;
    let mut forks = Forks::read(&config.dir).map_err(RollbackError::from)?;
    let unfinished = forks.unfinished();
    if let Some(fork) = &unfinished {
        let options = archive_options(config, fork);
        match void {
            VoidBlocks::MakeAgain(_) => rollback::prepare(&config.dir, fork, &options)?,
            VoidBlocks::Leave => rollback::prepare_replica(&config.dir, fork, &options)?,
        }
    }
    let snapshots = config.dir.join("snapshots");
    let (mut ledger, unusable_snapshots) = snapshot::load_newest(&snapshots, &genesis)?;
    let snapshot = ledger.head().number;
    let options = journal::Options {
        segment_bytes: config.storage.segment_bytes,
        verify_from: snapshot + 1,
        expect_through: snapshot,
        ..journal::Options::new(genesis.id().0)
    };
    let (mut journal, recovery) = open(&options)?;
    let reader = journal.reader();
    let replayed = snapshot::replay(&mut ledger, &reader, u64::MAX)?;
    let rollback = match &unfinished {
        None => None,
        Some(fork) => {
            let chain = (&mut journal, &mut ledger);
            Some(finish(config, void, fork, chain, &mut forks)?)
        }
    };
    let state_root = ledger.state_root()?;
    let (withdrawals, withdrawals_made) =
        Withdrawals::open(&config.dir, &genesis, &reader, &ledger)?;
    let sources = Sources {
        genesis: &genesis,
        journal: &reader,
        snapshots: &snapshots,
        tokens: ledger.tokens(),
    };
    let (index, opened) = Index::open(&config.dir.join("index"), sources)?;
    let report = StartReport {
        block_number: ledger.head().number,
        state_root,
        snapshot,
        replayed,
        unusable_snapshots,
        repair: recovery.repair,
        rollback,
        index: opened,
        withdrawals_made,
        took: began.elapsed(),
    };
    Ok(Recovered {
        journal,
        ledger,
        forks,
        index,
        withdrawals,
        report,
    })
}

/// Does what is to be done about the void blocks, and notes that the chain goes on.
fn finish(
    config: &Config,
    void: VoidBlocks<'_>,
    fork: &Fork,
    (journal, ledger): (&mut Journal, &mut Ledger),
    forks: &mut Forks,
) -> Result<RollbackReport, RollbackError> {
    let report = match void {
        VoidBlocks::Leave => rollback::leave(ledger, fork)?,
        VoidBlocks::MakeAgain(progress) => {
            let again = Again {
                config,
                journal,
                ledger,
                progress,
            };
            rollback::make_again(again, fork, &archive_options(config, fork))?
        }
    };
    forks.finish(unix_seconds());
    forks.write(&config.dir)?;
    Ok(report)
}

/// How the journal from before a fork is opened: it reaches at least to what stands.
fn archive_options(config: &Config, fork: &Fork) -> journal::Options {
    journal::Options {
        segment_bytes: config.storage.segment_bytes,
        verify_from: fork.last_block + 1,
        expect_through: fork.last_block,
        ..journal::Options::new(config.genesis.id().0)
    }
}
