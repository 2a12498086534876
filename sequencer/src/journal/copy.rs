//! A journal that holds the first records of another one: what is left of a chain after a roll-back.
//!
//! Segments before the one of the last record are sealed: nobody writes to them again, so both journals may
//! share them. The segment of the last record is the new journal's tail and is written to, so it is a file of
//! its own, even if all of its records are taken.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::error::JournalError;
use super::format::segment_name;
use super::reader::Reader;
use super::segment::{Extent, Segment};

impl Reader {
    /// Makes, in an empty directory on the same file system, a journal of the records up to `last`, and makes it durable.
    /// `source` is the directory that this reader reads.
    ///
    /// # Errors
    /// [`JournalError::EndsEarly`] when there is no such record; [`JournalError::Io`] leaves the directory unfinished, to
    /// be removed.
    pub fn copy_through(
        &self,
        last: u64,
        source: &Path,
        target: &Path,
    ) -> Result<(), JournalError> {
        let found = self.last_synced();
        if found < last {
            let expected = last;
            return Err(JournalError::EndsEarly {
                last: found,
                expected,
            });
        }
        for (extent, last_in_segment) in self.segments() {
            let name = segment_name(extent.first);
            let (from, to) = (source.join(&name), target.join(&name));
            if last_in_segment < last {
                share(&from, &to).map_err(JournalError::io("link or copy", &to))?;
            } else if extent.first <= last {
                let end = self.end_of(last, extent, last_in_segment)?;
                copy_prefix(&from, &to, end).map_err(JournalError::io("copy", &to))?;
            }
        }
        let sync = File::open(target).and_then(|dir| dir.sync_all());
        sync.map_err(JournalError::io("sync", target))
    }

    /// Where a record ends in its segment.
    fn end_of(&self, number: u64, extent: Extent, last: u64) -> Result<u64, JournalError> {
        if number == last {
            return Ok(extent.end);
        }
        self.segment(extent)
            .and_then(|segment: Segment| segment.locate(number + 1, last))
    }
}

/// One file under two names; a copy where the file system has no such thing.
fn share(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(_) => copy_prefix(from, to, u64::MAX),
    }
}

fn copy_prefix(from: &Path, to: &Path, length: u64) -> io::Result<()> {
    let mut copy = File::create_new(to)?;
    io::copy(&mut File::open(from)?.take(length), &mut copy)?;
    copy.sync_all()
}
