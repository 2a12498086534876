//! The files of a roll-back: what is void goes aside, what is derived from it goes away.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::RollbackError;
use crate::forks::Fork;
use crate::journal::{Journal, Options};
use crate::{snapshot, withdrawals};

/// The journal as it was before a fork, void blocks and all: what the blocks are made again from, and evidence afterwards.
pub(crate) fn archive(dir: &Path, fork: &Fork) -> PathBuf {
    dir.join("forks").join(fork.id.to_string()).join("journal")
}

/// Leaves what stands in the data folder, and puts the rest aside. Can be interrupted anywhere and begun again.
pub(crate) fn prepare(dir: &Path, fork: &Fork, options: &Options) -> Result<(), RollbackError> {
    STEPS.iter().try_for_each(|step| step(dir, fork, options))
}

type Step = fn(&Path, &Fork, &Options) -> Result<(), RollbackError>;

/// In this order, each of which finds what it has done before.
pub(crate) const STEPS: [Step; 5] = [
    put_journal_aside,
    make_standing_journal,
    remove_snapshots,
    cut_withdrawals,
    remove_index,
];

fn put_journal_aside(dir: &Path, fork: &Fork, _: &Options) -> Result<(), RollbackError> {
    let archive = archive(dir, fork);
    if exists(&archive)? {
        return Ok(());
    }
    let (folder, forks) = (
        dir.join("forks").join(fork.id.to_string()),
        dir.join("forks"),
    );
    fs::create_dir_all(&folder).map_err(io(&folder))?;
    for path in [dir, &forks] {
        sync(path)?;
    }
    fs::rename(dir.join("journal"), &archive).map_err(io(&archive))?;
    sync(&folder)?;
    sync(dir)
}

/// The new journal gets its name when it is whole.
fn make_standing_journal(dir: &Path, fork: &Fork, options: &Options) -> Result<(), RollbackError> {
    let journal = dir.join("journal");
    if exists(&journal)? {
        return Ok(());
    }
    let (source, target) = (archive(dir, fork), dir.join("journal.new"));
    remove(&target)?;
    fs::create_dir(&target).map_err(io(&target))?;
    let (archived, _) = Journal::open(&source, options)?;
    archived
        .reader()
        .copy_through(fork.last_block, &source, &target)?;
    fs::rename(&target, &journal).map_err(io(&journal))?;
    sync(dir)
}

fn remove_snapshots(dir: &Path, fork: &Fork, _: &Options) -> Result<(), RollbackError> {
    Ok(snapshot::remove_after(
        &dir.join("snapshots"),
        fork.last_block,
    )?)
}

/// Whoever still reads the view from before reads nothing wrong: what is kept is the same.
fn cut_withdrawals(dir: &Path, fork: &Fork, _: &Options) -> Result<(), RollbackError> {
    withdrawals::cut_after(dir, fork.last_block).map_err(io(dir))
}

/// The store of a view that somebody still reads must not meet its successor in the same folder.
fn remove_index(dir: &Path, _: &Fork, _: &Options) -> Result<(), RollbackError> {
    let (index, void) = (dir.join("index"), dir.join("index.void"));
    remove(&void)?;
    match fs::rename(&index, &void) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(&index)(error)),
        _ => {}
    }
    remove(&void)
}

pub(super) fn exists(path: &Path) -> Result<bool, RollbackError> {
    path.try_exists().map_err(io(path))
}

fn remove(path: &Path) -> Result<(), RollbackError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io(path)(error)),
        _ => Ok(()),
    }
}

pub(super) fn sync(path: &Path) -> Result<(), RollbackError> {
    let synced = File::open(path).and_then(|dir| dir.sync_all());
    synced.map_err(io(path))
}

pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> RollbackError {
    let path = path.to_owned();
    move |error| RollbackError::Io { path, error }
}
