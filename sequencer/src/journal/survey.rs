//! Reads the directory as a crash left it and decides what it means, without changing anything.
//!
//! **Torn or corrupt?** Records are appended one at a time, and each is synced before the next is
//! appended. So a crash leaves at most one unfinished record, it is the last thing in the last
//! segment, and nobody was told that it is durable: it may be cut. Any other damage hit bytes that
//! were durable and is refused. The evidence, for a record of the last segment that fails:
//!
//! - It has an intact header, so its length is known: bytes beyond its end belong to a later
//!   record, which exists only because this one had been synced. Corrupt.
//! - Its header fails: an intact header of a later record anywhere behind it proves the same. So do
//!   more bytes than one record can have.
//! - A segment header is synced before the first record is written: bytes behind a header that
//!   fails prove that it was whole once.
//!
//! What remains is damage to the very last record. Nothing in the file tells it from a tear;
//! [`Options::expect_through`] does, if the caller knows that the record was durable.

use std::cmp::Ordering;

use super::{
    MAX_RECORD_BYTES, Options,
    error::{Corruption, Damage, JournalError},
    format::{
        FORMAT_VERSION, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader,
        parse_segment_name, segment_name,
    },
    segment::{Extent, Fault, Segment},
    storage::{Storage, StorageFile, read_exact_at},
};

/// What a directory holds.
#[derive(Default)]
pub(super) struct Survey {
    /// The segments that have whole records, and where those end.
    pub(super) segments: Vec<Extent>,
    /// The last whole record, 0 if there is none.
    pub(super) last: u64,
    /// Where the last whole record begins in the last of `segments`.
    pub(super) last_offset: u64,
    /// What the crash left behind that.
    pub(super) remains: Remains,
}

/// What is to be repaired.
#[derive(Default)]
pub(super) enum Remains {
    #[default]
    Nothing,
    /// The last segment is this long, which is more than its whole records.
    TornRecord { length: u64 },
    /// A segment without a whole record begins here.
    UnfinishedSegment { first: u64 },
}

/// Surveys a directory.
pub(super) fn survey(storage: &dyn Storage, options: &Options) -> Result<Survey, JournalError> {
    let firsts = list_segments(storage)?;
    let Some((&last_first, earlier)) = firsts.split_last() else {
        return Ok(Survey::default());
    };
    if firsts[0] != 1 {
        return Err(JournalError::FirstSegmentMissing {
            path: storage.path(&segment_name(1)),
        });
    }
    let mut survey = Survey::default();
    for (&first, &next) in earlier.iter().zip(&firsts[1..]) {
        let Some(segment) = open_segment(storage, first, options)? else {
            return Err(header_corruption(storage, first));
        };
        survey.last = next - 1;
        survey.last_offset = check_sealed(&segment, survey.last, options.verify_from)?;
        survey.segments.push(segment.extent);
    }
    survey_tail(storage, last_first, options, &mut survey)?;
    Ok(survey)
}

/// The first records of the segments, ascending.
fn list_segments(storage: &dyn Storage) -> Result<Vec<u64>, JournalError> {
    let names = storage
        .list()
        .map_err(JournalError::io("list", storage.path("")))?;
    let mut firsts = names
        .iter()
        .filter(|name| name.ends_with(".seg"))
        .map(|name| {
            parse_segment_name(name).ok_or_else(|| JournalError::ForeignFile {
                path: storage.path(name),
            })
        })
        .collect::<Result<Vec<u64>, _>>()?;
    firsts.sort_unstable();
    Ok(firsts)
}

/// Opens a segment and checks its header; `None` if that is not whole and nothing follows it.
fn open_segment(
    storage: &dyn Storage,
    first: u64,
    options: &Options,
) -> Result<Option<Segment>, JournalError> {
    let name = segment_name(first);
    let path = storage.path(&name);
    let file = storage
        .open(&name)
        .map_err(JournalError::io("open", &path))?;
    let end = file.len().map_err(JournalError::io("measure", &path))?;
    let Some(header) = read_segment_header(&*file, end).map_err(JournalError::io("read", &path))?
    else {
        let torn = end <= SEGMENT_HEADER_BYTES as u64;
        return if torn {
            Ok(None)
        } else {
            Err(header_corruption(storage, first))
        };
    };
    if header.version != FORMAT_VERSION {
        return Err(JournalError::OtherVersion {
            path,
            found: header.version,
        });
    }
    if header.genesis != options.genesis {
        return Err(JournalError::OtherChain {
            path,
            found: header.genesis,
        });
    }
    let segment = Segment::of_file(
        file,
        Extent {
            first,
            end,
            salt: header.salt,
        },
        path,
    );
    if header.first != first {
        return Err(segment.corruption(
            Damage::Misnamed {
                found: header.first,
            },
            first,
            0,
        ));
    }
    Ok(Some(segment))
}

fn read_segment_header(
    file: &dyn StorageFile,
    length: u64,
) -> std::io::Result<Option<SegmentHeader>> {
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    if length < bytes.len() as u64 {
        return Ok(None);
    }
    read_exact_at(file, &mut bytes, 0)?;
    Ok(SegmentHeader::decode(&bytes))
}

fn header_corruption(storage: &dyn Storage, first: u64) -> JournalError {
    let path = storage.path(&segment_name(first));
    Corruption {
        path,
        offset: 0,
        record: first,
        damage: Damage::SegmentHeader,
    }
    .into()
}

/// Checks a segment that has a successor: it must end exactly with the record before that. Answers
/// where its last record begins.
fn check_sealed(segment: &Segment, last: u64, verify_from: u64) -> Result<u64, JournalError> {
    // At least the last record, which also proves that the successor is the right one.
    let mut number = verify_from.clamp(segment.extent.first, last);
    let mut offset = segment.locate(number, last)?;
    let mut payload = Vec::new();
    loop {
        let end = segment
            .read_record(number, offset, &mut payload)
            .map_err(|fault| segment.error(fault, number, offset))?;
        if number == last {
            return match end.cmp(&segment.extent.end) {
                Ordering::Equal => Ok(offset),
                _ => Err(segment.corruption(Damage::BytesAfterLastRecord, last + 1, end)),
            };
        }
        number += 1;
        offset = end;
    }
}

/// Checks every record of the last segment, and finds where the whole ones end.
fn survey_tail(
    storage: &dyn Storage,
    first: u64,
    options: &Options,
    survey: &mut Survey,
) -> Result<(), JournalError> {
    let Some(segment) = open_segment(storage, first, options)? else {
        survey.remains = Remains::UnfinishedSegment { first };
        return Ok(());
    };
    let length = segment.extent.end;
    let mut number = first;
    let mut offset = SEGMENT_HEADER_BYTES as u64;
    let mut payload = Vec::new();
    while offset < length {
        match segment.read_record(number, offset, &mut payload) {
            Ok(end) => {
                (survey.last, survey.last_offset) = (number, offset);
                number += 1;
                offset = end;
            }
            Err(fault) if is_tear(&segment, &fault, number, offset)? => break,
            Err(fault) => return Err(segment.error(fault, number, offset)),
        }
    }
    if number == first {
        survey.remains = Remains::UnfinishedSegment { first };
        return Ok(());
    }
    if offset < length {
        survey.remains = Remains::TornRecord { length };
    }
    survey.segments.push(Extent {
        end: offset,
        ..segment.extent
    });
    Ok(())
}

/// Whether a record of the last segment that fails can be what a crash left of the one unsynced
/// append.
fn is_tear(
    segment: &Segment,
    fault: &Fault,
    number: u64,
    offset: u64,
) -> Result<bool, JournalError> {
    let Fault::Damaged(damage, header) = fault else {
        return Ok(false);
    };
    let rest = segment.extent.end - offset;
    Ok(match (damage, header) {
        (Damage::HeaderCutShort | Damage::PayloadCutShort, _) => true,
        (Damage::Payload, Some(header)) => rest == header.record_bytes(),
        (Damage::Header, _) if rest <= RECORD_HEADER_BYTES as u64 + u64::from(MAX_RECORD_BYTES) => {
            let later = number + 1..number.saturating_add(rest / RECORD_HEADER_BYTES as u64 + 1);
            segment
                .find_header(offset + 1..segment.extent.end, later)?
                .is_none()
        }
        _ => false,
    })
}
