//! The journal's files as docs/journal.md describes them, read without the code that wrote them: a test that
//! damages a record must know where it is.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of a segment's header.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 68;

/// Bytes before a record's payload.
pub(crate) const RECORD_HEADER_BYTES: usize = 28;

/// Where a record lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) segment: PathBuf,
    pub(crate) number: u64,
    /// Where its header begins in the file.
    pub(crate) offset: usize,
    /// Bytes of header and payload.
    pub(crate) len: usize,
}

/// The whole records of a segment, in order.
pub(crate) fn of_segment(segment: &Path) -> Vec<Place> {
    let bytes = fs::read(segment).expect("a segment");
    let mut places = Vec::new();
    let mut offset = SEGMENT_HEADER_BYTES;
    while let Some(header) = bytes.get(offset..offset + RECORD_HEADER_BYTES) {
        let payload = u32::from_be_bytes(*header.first_chunk().expect("4 bytes"));
        let number = header[4..].first_chunk().expect("8 bytes");
        let len = RECORD_HEADER_BYTES + payload as usize;
        if offset + len > bytes.len() {
            break;
        }
        places.push(Place {
            segment: segment.to_owned(),
            number: u64::from_be_bytes(*number),
            offset,
            len,
        });
        offset += len;
    }
    places
}

impl Place {
    /// Changes the file with `damage`, which gets its bytes.
    pub(crate) fn rewrite(&self, damage: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(&self.segment).expect("a segment");
        damage(&mut bytes);
        fs::write(&self.segment, bytes).expect("a damaged segment");
    }

    /// The same record in a copy of the directory.
    pub(crate) fn in_copy(&self, journal: &Path) -> Self {
        let name = self.segment.file_name().expect("a segment's name");
        Self {
            segment: journal.join(name),
            ..self.clone()
        }
    }
}
