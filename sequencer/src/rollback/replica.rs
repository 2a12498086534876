//! The roll-back of a node that follows a sequencer: it drops what is void, and waits for the sequencer's new blocks.
//!
//! It may be behind the sequencer, and so have nothing that is void; then nothing is put aside. The signatures of void
//! blocks go aside with them: they say what the sequencer told before.

use std::fs;
use std::path::Path;

use super::files::{exists, io, sync};
use super::{RollbackError, RollbackReport, archive, prepare};
use crate::forks::Fork;
use crate::journal::{Journal, Options};
use crate::ledger::Ledger;
use crate::signatures::{self, copy_after};

/// Leaves what stands in the data folder, and puts the rest aside. Can be interrupted anywhere and begun again.
pub(crate) fn prepare_replica(
    dir: &Path,
    fork: &Fork,
    options: &Options,
) -> Result<(), RollbackError> {
    if !exists(&archive(dir, fork))? && is_all_standing(dir, fork, options)? {
        return Ok(());
    }
    for step in STEPS {
        step(dir, fork, options)?;
    }
    Ok(())
}

type Step = fn(&Path, &Fork, &Options) -> Result<(), RollbackError>;

/// The signatures first: the start that goes on from a shorter journal cuts them.
pub(crate) const STEPS: [Step; 2] = [keep_signatures, prepare];

fn is_all_standing(dir: &Path, fork: &Fork, options: &Options) -> Result<bool, RollbackError> {
    let options = Options {
        expect_through: 0,
        ..options.clone()
    };
    let (journal, _) = Journal::open(&dir.join("journal"), &options)?;
    Ok(journal.reader().last_synced() <= fork.last_block)
}

/// The copy gets its name when it is whole.
fn keep_signatures(dir: &Path, fork: &Fork, _: &Options) -> Result<(), RollbackError> {
    let (forks, source) = (dir.join("forks"), dir.join(signatures::NAME));
    let folder = forks.join(fork.id.to_string());
    let (target, unfinished) = (
        folder.join(signatures::NAME),
        folder.join("signatures.unfinished"),
    );
    if exists(&target)? || !exists(&source)? {
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(io(&folder))?;
    copy_after(fork.last_block, &source, &unfinished).map_err(io(&unfinished))?;
    fs::rename(&unfinished, &target).map_err(io(&target))?;
    for path in [&folder, &forks, dir] {
        sync(path)?;
    }
    Ok(())
}

/// What a start that leaves the void blocks to the sequencer reports; what is there must be on the chain that L1 has.
pub(crate) fn leave(ledger: &Ledger, fork: &Fork) -> Result<RollbackReport, RollbackError> {
    let head = ledger.head();
    // A node that is behind meets that block later, and holds it against L1 then. Genesis is the same everywhere.
    if head.number == fork.last_block && head.number > 0 && head.hash() != fork.last_block_hash {
        return Err(RollbackError::Foreign(fork.last_block));
    }
    Ok(RollbackReport {
        fork_id: fork.id,
        last_block: fork.last_block,
        ..RollbackReport::default()
    })
}
