//! One segment file, open to read: records at known offsets, and the search for a record by number.

use std::{ops::Range, path::PathBuf};

use super::{
    MAX_RECORD_BYTES,
    error::{Corruption, Damage, JournalError},
    format::{RECORD_HEADER_BYTES, RecordHeader, SEGMENT_HEADER_BYTES, segment_name},
    storage::{Storage, StorageFile, read_exact_at},
};

/// Where a segment's records lie. All that is kept in memory of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// The number of the first record.
    pub(super) first: u64,
    /// The end of the last record, bytes from the start of the file. Nothing beyond is ever read.
    pub(super) end: u64,
    /// Seeds the records' checksums.
    pub(super) salt: u64,
}

/// A search ends and a walk from header to header begins when the record is at most this many
/// records away: as many small reads of neighbouring bytes cost about what two more probes do.
const WALK_RECORDS: u64 = 64;

/// Bytes read at a time when looking for a header.
const WINDOW_BYTES: usize = 16 << 10;

/// A segment file.
pub(super) struct Segment {
    pub(super) file: Box<dyn StorageFile>,
    pub(super) extent: Extent,
    path: PathBuf,
}

/// Why a record could not be read.
pub(super) enum Fault {
    /// The bytes are wrong. The header is there if it was intact.
    Damaged(Damage, Option<RecordHeader>),
    Io(std::io::Error),
}

impl Segment {
    /// The segment that holds these records.
    pub(super) fn open(storage: &dyn Storage, extent: Extent) -> Result<Self, JournalError> {
        let name = segment_name(extent.first);
        let path = storage.path(&name);
        let file = storage
            .open(&name)
            .map_err(JournalError::io("open", &path))?;
        Ok(Self { file, extent, path })
    }

    /// Takes a file that is already open.
    pub(super) fn of_file(file: Box<dyn StorageFile>, extent: Extent, path: PathBuf) -> Self {
        Self { file, extent, path }
    }

    /// Reads the record at an offset, checks it, leaves its payload in `payload` and answers where
    /// it ends.
    pub(super) fn read_record(
        &self,
        number: u64,
        offset: u64,
        payload: &mut Vec<u8>,
    ) -> Result<u64, Fault> {
        let header = self.read_header(number, offset)?;
        let end = offset + header.record_bytes();
        // The header vouches for a length below the limit, so that damage cannot ask for memory.
        payload.resize(header.length as usize, 0);
        read_exact_at(&*self.file, payload, offset + RECORD_HEADER_BYTES as u64)
            .map_err(Fault::Io)?;
        if header.matches(payload, self.extent.salt) {
            Ok(end)
        } else {
            Err(Fault::Damaged(Damage::Payload, Some(header)))
        }
    }

    /// Reads the header at an offset and checks all but the payload.
    fn read_header(&self, number: u64, offset: u64) -> Result<RecordHeader, Fault> {
        if offset + RECORD_HEADER_BYTES as u64 > self.extent.end {
            return Err(Fault::Damaged(Damage::HeaderCutShort, None));
        }
        let mut bytes = [0; RECORD_HEADER_BYTES];
        read_exact_at(&*self.file, &mut bytes, offset).map_err(Fault::Io)?;
        let Some(header) = RecordHeader::decode(&bytes, self.extent.salt) else {
            return Err(Fault::Damaged(Damage::Header, None));
        };
        let damage = if header.number != number {
            Damage::Misplaced {
                found: header.number,
            }
        } else if header.length > MAX_RECORD_BYTES {
            Damage::LengthAboveLimit {
                length: header.length,
            }
        } else if offset + header.record_bytes() > self.extent.end {
            Damage::PayloadCutShort
        } else {
            return Ok(header);
        };
        Err(Fault::Damaged(damage, Some(header)))
    }

    /// Where the record begins, given the number of the segment's last one.
    ///
    /// No index is kept, on disk or in memory: a header can be told from any other bytes by its
    /// salted checksum, so that the search lands anywhere in the file, reads on to the next header
    /// and learns where it is. Guesses alternate between interpolation, which hits at once when
    /// records are alike, and halving, which bounds the number of guesses when they are not.
    pub(super) fn locate(&self, number: u64, last: u64) -> Result<u64, JournalError> {
        let (mut low_number, mut low) = (self.extent.first, SEGMENT_HEADER_BYTES as u64);
        let (mut high_number, mut high) = (last.saturating_add(1), self.extent.end);
        let mut halve = false;
        while number - low_number > WALK_RECORDS && high - low > WINDOW_BYTES as u64 {
            let span = high - low;
            let guess = if halve {
                span / 2
            } else {
                // Aims half a walk low, so that a good guess is not past the record.
                interpolate(
                    span,
                    number - WALK_RECORDS / 2 - low_number,
                    high_number - low_number,
                )
            };
            halve = !halve;
            let probe = low + guess.max(1);
            match self.find_header(probe..high, low_number + 1..high_number)? {
                Some((found, offset)) if found <= number => (low_number, low) = (found, offset),
                Some((found, _)) => (high_number, high) = (found, probe),
                None => high = probe,
            }
        }
        while low_number < number {
            (low_number, low) = match self.read_header(low_number, low) {
                Ok(header) => (low_number + 1, low + header.record_bytes()),
                Err(fault) => self.step_over(fault, low_number, low, number)?,
            };
        }
        Ok(low)
    }

    /// Goes on behind a damaged header, so that one bad record does not hide the ones after it.
    fn step_over(
        &self,
        fault: Fault,
        damaged: u64,
        offset: u64,
        wanted: u64,
    ) -> Result<(u64, u64), JournalError> {
        let next = self.find_header(offset + 1..self.extent.end, damaged + 1..wanted + 1)?;
        next.ok_or_else(|| self.error(fault, damaged, offset))
    }

    /// The first intact header that begins in a range of offsets and has a number in a range: its
    /// number and offset.
    pub(super) fn find_header(
        &self,
        offsets: Range<u64>,
        numbers: Range<u64>,
    ) -> Result<Option<(u64, u64)>, JournalError> {
        let mut window = vec![0; WINDOW_BYTES];
        let mut start = offsets.start;
        while start < offsets.end {
            let available = (self.extent.end - start).min(WINDOW_BYTES as u64) as usize;
            if available < RECORD_HEADER_BYTES {
                break;
            }
            let bytes = &mut window[..available];
            read_exact_at(&*self.file, bytes, start)
                .map_err(JournalError::io("read", &self.path))?;
            for (offset, candidate) in (start..offsets.end).zip(bytes.array_windows()) {
                if numbers.contains(&RecordHeader::claimed_number(candidate))
                    && let Some(header) = RecordHeader::decode(candidate, self.extent.salt)
                {
                    return Ok(Some((header.number, offset)));
                }
            }
            start += (available - RECORD_HEADER_BYTES + 1) as u64;
        }
        Ok(None)
    }

    /// Puts a place to a fault.
    pub(super) fn error(&self, fault: Fault, record: u64, offset: u64) -> JournalError {
        match fault {
            Fault::Damaged(damage, _) => self.corruption(damage, record, offset),
            Fault::Io(source) => JournalError::io("read", &self.path)(source),
        }
    }

    /// Puts a place to damage.
    pub(super) fn corruption(&self, damage: Damage, record: u64, offset: u64) -> JournalError {
        Corruption {
            path: self.path.clone(),
            offset,
            record,
            damage,
        }
        .into()
    }
}

/// `span * part / whole`, without overflow.
fn interpolate(span: u64, part: u64, whole: u64) -> u64 {
    (u128::from(span) * u128::from(part) / u128::from(whole)) as u64
}
