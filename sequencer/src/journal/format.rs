//! The bytes of a segment: its name, its header and its records. `docs/journal.md` is the
//! specification.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The version of the format below. The layout of the segment header is the same in every version.
pub const FORMAT_VERSION: u32 = 1;

/// Begins every segment.
const MAGIC: [u8; 8] = *b"SPILLJNL";

/// Bytes of a segment header: magic 8, version 4, genesis 32, first record 8, salt 8, checksum 8.
pub(super) const SEGMENT_HEADER_BYTES: usize = 68;

/// Bytes of a record header: length 4, number 8, payload checksum 8, header checksum 8.
pub(super) const RECORD_HEADER_BYTES: usize = 28;

const _: () = assert!(SEGMENT_HEADER_BYTES == 8 + 4 + 32 + 8 + 8 + 8);
const _: () = assert!(RECORD_HEADER_BYTES == 4 + 8 + 8 + 8);

/// What a segment says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) version: u32,
    pub(super) genesis: [u8; 32],
    pub(super) first: u64,
    /// Random; seeds the checksums of the segment's records, so that no byte written elsewhere,
    /// before, or by a user into a transaction can pass for a record of this segment.
    pub(super) salt: u64,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.version.to_be_bytes());
        bytes[12..44].copy_from_slice(&self.genesis);
        bytes[44..52].copy_from_slice(&self.first.to_be_bytes());
        bytes[52..60].copy_from_slice(&self.salt.to_be_bytes());
        let checksum = xxh3_64(&bytes[..60]);
        bytes[60..68].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    /// The header, or `None` if the bytes are not one that was written whole.
    pub(super) fn decode(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> Option<Self> {
        let intact = bytes[0..8] == MAGIC && xxh3_64(&bytes[..60]) == u64_at(bytes, 60);
        intact.then(|| Self {
            version: u32_at(bytes, 8),
            genesis: std::array::from_fn(|i| bytes[12 + i]),
            first: u64_at(bytes, 44),
            salt: u64_at(bytes, 52),
        })
    }
}

/// What stands before a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordHeader {
    /// Bytes of the payload.
    pub(super) length: u32,
    pub(super) number: u64,
    payload_checksum: u64,
}

impl RecordHeader {
    /// The header of a record in the segment with this salt.
    pub(super) fn new(number: u64, payload: &[u8], salt: u64) -> Self {
        let length = u32::try_from(payload.len())
            .expect("the appender limits a payload to MAX_RECORD_BYTES");
        Self {
            length,
            number,
            payload_checksum: xxh3_64_with_seed(payload, salt),
        }
    }

    pub(super) fn encode(&self, salt: u64) -> [u8; RECORD_HEADER_BYTES] {
        let mut bytes = [0; RECORD_HEADER_BYTES];
        bytes[0..4].copy_from_slice(&self.length.to_be_bytes());
        bytes[4..12].copy_from_slice(&self.number.to_be_bytes());
        bytes[12..20].copy_from_slice(&self.payload_checksum.to_be_bytes());
        let checksum = xxh3_64_with_seed(&bytes[..20], salt);
        bytes[20..28].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    /// The header, or `None` if the bytes are not one that was written whole under this salt.
    pub(super) fn decode(bytes: &[u8; RECORD_HEADER_BYTES], salt: u64) -> Option<Self> {
        let intact = xxh3_64_with_seed(&bytes[..20], salt) == u64_at(bytes, 20);
        intact.then(|| Self {
            length: u32_at(bytes, 0),
            number: u64_at(bytes, 4),
            payload_checksum: u64_at(bytes, 12),
        })
    }

    /// Whether these are the bytes that the header was made for.
    pub(super) fn matches(&self, payload: &[u8], salt: u64) -> bool {
        xxh3_64_with_seed(payload, salt) == self.payload_checksum
    }

    /// The record number that the bytes would have, were they a header: a cheap test before the
    /// checksum.
    pub(super) fn claimed_number(bytes: &[u8; RECORD_HEADER_BYTES]) -> u64 {
        u64_at(bytes, 4)
    }

    /// Bytes of the record in the file, header included.
    pub(super) fn record_bytes(&self) -> u64 {
        RECORD_HEADER_BYTES as u64 + u64::from(self.length)
    }
}

/// The file name of the segment that begins with this record: 20 digits (any u64), so that names
/// sort as numbers do.
pub(super) fn segment_name(first: u64) -> String {
    format!("{first:020}.seg")
}

/// The first record of the segment with this name, or `None` if no segment is named so.
pub(super) fn parse_segment_name(name: &str) -> Option<u64> {
    let first = name.strip_suffix(".seg")?.parse().ok()?;
    (first > 0 && segment_name(first) == name).then_some(first)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(std::array::from_fn(|i| bytes[at + i]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(std::array::from_fn(|i| bytes[at + i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of `docs/journal.md`, section "An example".
    #[test]
    fn golden_bytes() {
        let segment = SegmentHeader {
            version: 1,
            genesis: [0xab; 32],
            first: 7,
            salt: 0x0102_0304_0506_0708,
        };
        let hex = |bytes: &[u8]| {
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        assert_eq!(
            hex(&segment.encode()),
            format!(
                "5350494c4c4a4e4c00000001{}00000000000000070102030405060708{}",
                "ab".repeat(32),
                "975a77d5711780d5"
            )
        );
        let record = RecordHeader::new(7, b"block", segment.salt);
        assert_eq!(
            hex(&record.encode(segment.salt)),
            "000000050000000000000007e027f58b9254b3b3051bbf23853c2a96"
        );
    }

    #[test]
    fn headers_survive_encoding_and_fail_any_flip() {
        let segment = SegmentHeader {
            version: 1,
            genesis: [9; 32],
            first: 3,
            salt: 77,
        };
        let bytes = segment.encode();
        assert_eq!(SegmentHeader::decode(&bytes), Some(segment));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SegmentHeader::decode(&flipped), None, "bit {bit}");
        }

        let record = RecordHeader::new(3, b"payload", 77);
        let bytes = record.encode(77);
        assert_eq!(RecordHeader::decode(&bytes, 77), Some(record));
        assert_eq!(
            RecordHeader::decode(&bytes, 78),
            None,
            "another segment's salt"
        );
        assert!(record.matches(b"payload", 77) && !record.matches(b"paymoad", 77));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(RecordHeader::decode(&flipped, 77), None, "bit {bit}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(segment_name(1), "00000000000000000001.seg");
        for first in [1, 42, u64::MAX] {
            assert_eq!(parse_segment_name(&segment_name(first)), Some(first));
        }
        for bad in [
            "1.seg",
            "00000000000000000000.seg",
            "+0000000000000000001.seg",
            "00000000000000000001.tmp",
        ] {
            assert_eq!(parse_segment_name(bad), None, "{bad}");
        }
    }
}
