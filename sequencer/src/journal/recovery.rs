//! Opening: what the survey found is made durable and clean.
//!
//! The last whole record may never have been synced: the process died between the write and the
//! sync, or the sync failed. The second case is treacherous: Linux marks pages that it failed to
//! write as clean, so they read well, and the next sync succeeds, until the power goes. So the last
//! record is written again, in place and with the same bytes, and synced, before it counts.

use std::path::PathBuf;

use super::{
    Options,
    error::JournalError,
    format::segment_name,
    segment::Extent,
    storage::{Storage, StorageFile, read_exact_at, write_all_at},
    survey::{Remains, Survey, survey},
};

/// What opening found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The last record, which is durable; 0 if the journal is empty.
    pub last: u64,
    /// How many segments there are.
    pub segments: usize,
    /// What a crash had left unfinished.
    pub repair: Repair,
}

/// What opening removed. Nothing of it had been acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The journal ended with a whole record.
    None,
    /// The last segment ended in an unfinished record, which was cut off.
    CutRecord {
        /// The segment.
        path: PathBuf,
        /// The number that the record would have had.
        record: u64,
        /// Where it began, which is now the segment's length in bytes.
        offset: u64,
        /// How many bytes were cut.
        bytes: u64,
    },
    /// The last segment had no whole record and was removed.
    RemovedSegment {
        /// The segment.
        path: PathBuf,
        /// The first record that it would have had.
        record: u64,
    },
}

/// A journal on disk, durable and clean.
pub(super) struct Recovered {
    pub(super) recovery: Recovery,
    pub(super) segments: Vec<Extent>,
    /// The last of the segments, open to append to.
    pub(super) tail: Option<Box<dyn StorageFile>>,
}

/// Surveys the directory, refuses what must not be repaired, and repairs the rest.
pub(super) fn recover(storage: &dyn Storage, options: &Options) -> Result<Recovered, JournalError> {
    let survey = survey(storage, options)?;
    if survey.last < options.expect_through {
        return Err(JournalError::EndsEarly {
            last: survey.last,
            expected: options.expect_through,
        });
    }
    let repair = repair(storage, &survey)?;
    storage
        .sync_dir()
        .map_err(JournalError::io("sync", storage.path("")))?;
    let tail = survey
        .segments
        .last()
        .map(|extent| settle_tail(storage, extent, &survey))
        .transpose()?;
    let recovery = Recovery {
        last: survey.last,
        segments: survey.segments.len(),
        repair,
    };
    Ok(Recovered {
        recovery,
        segments: survey.segments,
        tail,
    })
}

/// Describes the remains, and removes a segment without records. (A torn record is cut by
/// `settle_tail`.)
fn repair(storage: &dyn Storage, survey: &Survey) -> Result<Repair, JournalError> {
    Ok(match (&survey.remains, survey.segments.last()) {
        (&Remains::UnfinishedSegment { first }, _) => {
            let name = segment_name(first);
            let path = storage.path(&name);
            storage
                .remove(&name)
                .map_err(JournalError::io("remove", &path))?;
            Repair::RemovedSegment {
                path,
                record: first,
            }
        }
        (&Remains::TornRecord { length }, Some(tail)) => Repair::CutRecord {
            path: storage.path(&segment_name(tail.first)),
            record: survey.last + 1,
            offset: tail.end,
            bytes: length - tail.end,
        },
        (Remains::Nothing | Remains::TornRecord { .. }, _) => Repair::None,
    })
}

/// Cuts what is torn, writes the last record again (see above) and syncs. The last segment, open to
/// append to.
fn settle_tail(
    storage: &dyn Storage,
    extent: &Extent,
    survey: &Survey,
) -> Result<Box<dyn StorageFile>, JournalError> {
    let name = segment_name(extent.first);
    let path = storage.path(&name);
    let file = storage
        .open_writable(&name)
        .map_err(JournalError::io("open", &path))?;
    if let Remains::TornRecord { .. } = survey.remains {
        file.truncate(extent.end)
            .map_err(JournalError::io("truncate", &path))?;
    }
    let mut record = vec![0; (extent.end - survey.last_offset) as usize];
    read_exact_at(&*file, &mut record, survey.last_offset)
        .map_err(JournalError::io("read", &path))?;
    write_all_at(&*file, &record, survey.last_offset).map_err(JournalError::io("write", &path))?;
    file.sync_all().map_err(JournalError::io("sync", &path))?;
    Ok(file)
}
