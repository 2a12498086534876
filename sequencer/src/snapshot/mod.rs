//! Snapshots: the ledger after some block, in one file, so that a start replays little.
//!
//! A snapshot is made in the background and from the disk alone: the previous snapshot and the journal
//! after it give the ledger, whatever the sequencer is doing meanwhile. It certifies itself: its
//! accounts hash to the state root that it names. A file that does not check out is passed over, since
//! the journal can make it again.
//!
//! [`load`] and [`save`] are for whoever keeps a single file: a certified snapshot, from which a verification begins.

mod format;

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use alloy_primitives::Bytes;
use spillway_protocol::withdrawal::Withdrawal;

use crate::genesis::Genesis;
use crate::journal::{JournalError, Reader};
use crate::ledger::{Ledger, LedgerError};
use crate::record::{self, RecordError};

pub use format::FormatError;

/// Snapshots that are kept: the newest, and one to fall back on. And an older one, for whoever goes on from what L1 has.
const KEPT: usize = 2;

/// Why a snapshot could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The disk.
    #[error("snapshot {path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record of the journal is no block.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A block of the journal does not continue the ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// A snapshot that was passed over, and why.
#[derive(Debug)]
pub struct Unusable {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: FormatError,
}

/// The newest ledger that a usable snapshot holds, or the one at genesis; and the snapshots that were
/// passed over on the way. Unfinished ones are removed, so nobody else may be making one.
///
/// # Errors
/// When the folder cannot be read.
pub fn load_newest(
    dir: &Path,
    genesis: &Genesis,
) -> Result<(Ledger, Vec<Unusable>), SnapshotError> {
    remove_unfinished(dir)?;
    let mut unusable = Vec::new();
    for path in list(dir, EXTENSION)?.into_iter().rev() {
        match load(&path, genesis) {
            Ok(ledger) => return Ok((ledger, unusable)),
            Err(error) => unusable.push(Unusable { path, error }),
        }
    }
    Ok((Ledger::genesis(genesis), unusable))
}

/// The ledger after a durable block: from the newest usable snapshot that is not later, and the journal. Changes nothing on
/// disk, so that others may be making snapshots meanwhile.
///
/// # Errors
/// When the folder or the journal cannot be read. The journal may end before that block, so look at the ledger's head.
pub fn ledger_at(
    dir: &Path,
    genesis: &Genesis,
    journal: &Reader,
    number: u64,
) -> Result<Ledger, SnapshotError> {
    let not_later = |path: &Path| number_of(path).is_some_and(|made| made <= number);
    let mut ledger = newest_where(dir, genesis, not_later, |_| true)?;
    replay(&mut ledger, journal, number)?;
    Ok(ledger)
}

/// The newest ledger of a usable snapshot that somebody can use, by its file and by what it holds; else the one at genesis.
/// Changes nothing on disk.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn newest_where(
    dir: &Path,
    genesis: &Genesis,
    is_candidate: impl Fn(&Path) -> bool,
    is_usable: impl Fn(&Ledger) -> bool,
) -> Result<Ledger, SnapshotError> {
    let candidates = list(dir, EXTENSION)?.into_iter().rev();
    let usable = candidates
        .filter(|path| is_candidate(path))
        .filter_map(|path| load(&path, genesis).ok())
        .find(is_usable);
    Ok(usable.unwrap_or_else(|| Ledger::genesis(genesis)))
}

/// The block of a snapshot, by its file's name.
fn number_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

/// The ledger that a file holds. Its accounts hash to the root that the file names; whether a chain has ever had that root, and
/// that head, is for the caller to find out. The listed tokens are not part of either.
///
/// # Errors
/// [`FormatError`], whatever the file's bytes are.
pub fn load(path: &Path, genesis: &Genesis) -> Result<Ledger, FormatError> {
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    format::read(&mut BufReader::with_capacity(1 << 20, file), len, genesis)
}

/// Executes the journal's blocks after the ledger's, up to and with that number; all of them for
/// `u64::MAX`. Returns how many transactions that were.
///
/// # Errors
/// When the journal cannot be read, or does not continue the ledger.
pub fn replay(ledger: &mut Ledger, journal: &Reader, to: u64) -> Result<u64, SnapshotError> {
    replay_showing(ledger, journal, to, |_, _| {})
}

/// The same, and shows each block's number with the withdrawals that it made.
///
/// # Errors
/// As [`replay`].
pub(crate) fn replay_showing(
    ledger: &mut Ledger,
    journal: &Reader,
    to: u64,
    mut show: impl FnMut(u64, &[Withdrawal]),
) -> Result<u64, SnapshotError> {
    let before = ledger.state().counters().authorised_count;
    let mut records = journal.records_from(ledger.head().number + 1);
    while ledger.head().number < to
        && let Some(found) = records.next_record()?
    {
        let (header, body) = record::decode(&Bytes::copy_from_slice(found.payload))?;
        let applied = ledger.apply(&header, &body)?;
        show(header.number, &applied.withdrawals);
    }
    Ok(ledger.state().counters().authorised_count - before)
}

/// Makes the snapshot of a durable block, and removes old ones, but not the newest that is no later than `needed`: the last block
/// that L1 has for good, from which posting goes on. Without any, the oldest stays. Returns its path.
///
/// # Errors
/// [`SnapshotError`]; what was there before is still there.
pub fn make(
    dir: &Path,
    genesis: &Genesis,
    journal: &Reader,
    number: u64,
    needed: u64,
) -> Result<PathBuf, SnapshotError> {
    let (mut ledger, _) = load_newest(dir, genesis)?;
    replay(&mut ledger, journal, number)?;
    let path = dir.join(format!("{number:020}.{EXTENSION}"));
    let temporary = path.with_extension(UNFINISHED);
    let root = ledger.state_root()?;
    if let Err(error) = write(&ledger, root, genesis, &temporary, &path) {
        // On a full disk what was written so far would hold the space that the journal needs.
        remove_unfinished(dir)?;
        return Err(io_error(&path, error));
    }
    remove_old(dir, needed)?;
    Ok(path)
}

/// Writes a ledger to a file, in the place of what was there: beside it first, then synced and renamed, so that readers see the
/// one or the other.
///
/// # Errors
/// [`SnapshotError`]; what was there before is still there.
pub fn save(ledger: &mut Ledger, genesis: &Genesis, path: &Path) -> Result<(), SnapshotError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let root = ledger.state_root()?;
    write(ledger, root, genesis, &temporary, path).map_err(|error| {
        // It may not have come to be. What is left of it would hold the space that others need.
        let _ = fs::remove_file(&temporary);
        io_error(path, error)
    })
}

fn write(
    ledger: &Ledger,
    root: alloy_primitives::B256,
    genesis: &Genesis,
    temporary: &Path,
    path: &Path,
) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(temporary)?);
    format::write(ledger, root, genesis, &mut file)?;
    file.flush()?;
    file.get_ref().sync_all()?;
    fs::rename(temporary, path)?;
    File::open(folder(path))?.sync_all()
}

/// The folder of a file, also when the path is a bare name.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn remove_old(dir: &Path, needed: u64) -> Result<(), SnapshotError> {
    let paths = list(dir, EXTENSION)?;
    let old = &paths[..paths.len().saturating_sub(KEPT)];
    let is_enough = |path: &PathBuf| number_of(path).is_some_and(|number| number <= needed);
    let from = old.iter().rposition(is_enough).unwrap_or_default();
    for (place, path) in old.iter().enumerate() {
        if place != from {
            fs::remove_file(path).map_err(|error| io_error(path, error))?;
        }
    }
    Ok(())
}

/// Removes the snapshots of blocks after that one, for good.
pub(crate) fn remove_after(dir: &Path, number: u64) -> Result<(), SnapshotError> {
    for path in list(dir, EXTENSION)? {
        if number_of(&path).is_none_or(|made| made > number) {
            fs::remove_file(&path).map_err(|error| io_error(&path, error))?;
        }
    }
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(|error| io_error(dir, error))
}

const EXTENSION: &str = "snapshot";
const UNFINISHED: &str = "tmp";

/// Removes what a crash or a full disk left of snapshots that were being written.
fn remove_unfinished(dir: &Path) -> Result<(), SnapshotError> {
    for path in list(dir, UNFINISHED)? {
        fs::remove_file(&path).map_err(|error| io_error(&path, error))?;
    }
    Ok(())
}

/// The files of a folder with that extension, the oldest first. The folder is made if it is not there.
fn list(dir: &Path, wanted: &str) -> Result<Vec<PathBuf>, SnapshotError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::create_dir_all(dir)?;
        let mut paths = Vec::new();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == wanted)
            {
                paths.push(path);
            }
        }
        // The names are block numbers of one width.
        paths.sort_unstable();
        Ok(paths)
    };
    read().map_err(|error| io_error(dir, error))
}

fn io_error(path: &Path, error: io::Error) -> SnapshotError {
    SnapshotError::Io {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests;
