//! A block as a record of the journal: `docs/journal.md`, "Block records".

use alloy_primitives::{Address, B256, Bytes, FixedBytes};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::inbox::{InboxMessage, MESSAGE_BYTES_MAX};
use spillway_protocol::keccak::keccak256;

use crate::block::{BlockBody, Included, Listing};

/// The version that the first byte of a record tells.
const VERSION: u8 = 1;

/// Why a record is no block. Its checksum was right, so it was written so: by another version, or by
/// another program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The version is not ours.
    #[error(
        "block record has version {0}, this program reads version {VERSION}: use the version that wrote it"
    )]
    Version(u8),
    /// The bytes end too early, go on too long, or hold an impossible value.
    #[error("block record is malformed at byte {0}")]
    Malformed(usize),
}

/// Encodes a block; its operations' hash and its own are left out, as they follow from the rest.
#[must_use]
pub fn encode(header: &BlockHeader, body: &BlockBody) -> Vec<u8> {
    let raw: usize = body
        .transactions
        .iter()
        .map(|included| included.raw.len() + 22)
        .sum();
    let mut out = Vec::with_capacity(raw + body.operations.len() + 256);
    out.push(VERSION);
    out.extend_from_slice(header.parent.as_slice());
    for number in [
        header.number,
        header.timestamp,
        header.base_fee,
        header.inbox_count,
    ] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(header.inbox_accumulator.as_slice());
    put_len::<4>(&mut out, body.operations.len());
    out.extend_from_slice(&body.operations);
    put_len::<4>(&mut out, body.messages.len());
    for message in &body.messages {
        let encoded = message.encode();
        put_len::<1>(&mut out, encoded.as_bytes().len());
        out.extend_from_slice(encoded.as_bytes());
    }
    put_len::<2>(&mut out, body.listings.len());
    for listing in &body.listings {
        out.extend_from_slice(listing.address.as_slice());
        out.push(listing.decimals);
    }
    put_len::<4>(&mut out, body.transactions.len());
    for included in &body.transactions {
        out.extend_from_slice(included.sender.as_slice());
        put_len::<2>(&mut out, included.raw.len());
        out.extend_from_slice(&included.raw);
    }
    out
}

/// Appends the low `N` bytes of a length, which the block's limits keep below `256^N`.
fn put_len<const N: usize>(out: &mut Vec<u8>, len: usize) {
    debug_assert!(
        N >= 8 || len < 1 << (8 * N),
        "a block's limits bound its lengths"
    );
    out.extend_from_slice(&len.to_be_bytes()[size_of::<usize>() - N..]);
}

/// Decodes a block. The transactions share the record's memory.
///
/// # Errors
/// [`RecordError`].
pub fn decode(record: &Bytes) -> Result<(BlockHeader, BlockBody), RecordError> {
    let mut reader = Reader { record, at: 0 };
    match reader.array::<1>()? {
        [VERSION] => {}
        [version] => return Err(RecordError::Version(version)),
    }
    let parent = B256::from(reader.array()?);
    let [number, timestamp, base_fee, inbox_count] =
        [reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?];
    let inbox_accumulator = FixedBytes::from(reader.array::<24>()?);
    let operations = reader.counted::<4>()?.to_vec();
    let messages = reader.list::<4, _>(2, Reader::message)?;
    let listings = reader.list::<2, _>(21, Reader::listing)?;
    let transactions = reader.list::<4, _>(22, Reader::included)?;
    if reader.at != record.len() {
        return Err(RecordError::Malformed(reader.at));
    }
    let operations_hash = keccak256(&operations);
    let header = BlockHeader {
        parent,
        number,
        timestamp,
        base_fee,
        inbox_count,
        inbox_accumulator,
        operations_hash,
    };
    Ok((
        header,
        BlockBody {
            operations,
            messages,
            listings,
            transactions,
        },
    ))
}

struct Reader<'a> {
    record: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    const fn malformed(&self) -> RecordError {
        RecordError::Malformed(self.at)
    }

    fn bytes(&mut self, len: usize) -> Result<Bytes, RecordError> {
        let end = self
            .at
            .checked_add(len)
            .filter(|end| *end <= self.record.len());
        let end = end.ok_or(self.malformed())?;
        let bytes = self.record.slice(self.at..end);
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let rest = self.record.get(self.at..).unwrap_or_default();
        let array = *rest.first_chunk::<N>().ok_or(self.malformed())?;
        self.at += N;
        Ok(array)
    }

    fn u64(&mut self) -> Result<u64, RecordError> {
        self.array().map(u64::from_be_bytes)
    }

    fn len<const N: usize>(&mut self) -> Result<usize, RecordError> {
        let bytes = self.array::<N>()?;
        Ok(bytes
            .iter()
            .fold(0, |len, byte| (len << 8) | usize::from(*byte)))
    }

    fn counted<const N: usize>(&mut self) -> Result<Bytes, RecordError> {
        let len = self.len::<N>()?;
        self.bytes(len)
    }

    /// A counted list, whose items take at least `item_bytes_min` each: a count beyond what the record
    /// could hold allocates nothing.
    fn list<const N: usize, T>(
        &mut self,
        item_bytes_min: usize,
        item: impl Fn(&mut Self) -> Result<T, RecordError>,
    ) -> Result<Vec<T>, RecordError> {
        let count = self.len::<N>()?;
        if count > (self.record.len() - self.at) / item_bytes_min {
            return Err(self.malformed());
        }
        (0..count).map(|_| item(self)).collect()
    }

    fn message(&mut self) -> Result<InboxMessage, RecordError> {
        let start = self.malformed();
        let bytes = self.counted::<1>()?;
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(start);
        }
        InboxMessage::decode(&bytes).ok_or(start)
    }

    fn listing(&mut self) -> Result<Listing, RecordError> {
        let address = Address::from(self.array()?);
        let [decimals] = self.array()?;
        Ok(Listing { address, decimals })
    }

    fn included(&mut self) -> Result<Included, RecordError> {
        let sender = Address::from(self.array()?);
        let raw = self.counted::<2>()?;
        Ok(Included { sender, raw })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body() -> BlockBody {
        let address = Address::repeat_byte(7);
        BlockBody {
            operations: vec![0x10, 0x80, 1, 2],
            messages: vec![
                InboxMessage::Deposit {
                    to: address,
                    token: 1,
                    amount: 5,
                    lock: true,
                },
                InboxMessage::Lock {
                    sender: address,
                    account: 3,
                },
            ],
            listings: vec![Listing {
                address,
                decimals: 6,
            }],
            transactions: vec![
                Included {
                    sender: address,
                    raw: Bytes::from(vec![1; 110]),
                },
                Included {
                    sender: Address::ZERO,
                    raw: Bytes::from(vec![2; 8_192]),
                },
            ],
        }
    }

    fn header(body: &BlockBody) -> BlockHeader {
        BlockHeader {
            parent: B256::repeat_byte(9),
            number: 1,
            timestamp: 2,
            base_fee: 3,
            inbox_count: 4,
            inbox_accumulator: FixedBytes::repeat_byte(5),
            operations_hash: keccak256(&body.operations),
        }
    }

    #[test]
    fn blocks_round_trip() {
        for body in [body(), BlockBody::default()] {
            let header = header(&body);
            let record = Bytes::from(encode(&header, &body));
            assert_eq!(decode(&record), Ok((header, body)));
        }
    }

    #[test]
    fn every_truncation_and_extension_is_refused() {
        let body = body();
        let record = encode(&header(&body), &body);
        for len in 0..record.len() {
            let cut = Bytes::copy_from_slice(&record[..len]);
            assert!(
                matches!(decode(&cut), Err(RecordError::Malformed(_))),
                "{len} bytes"
            );
        }
        let longer = Bytes::from([&record[..], &[0]].concat());
        assert_eq!(decode(&longer), Err(RecordError::Malformed(record.len())));
    }

    #[test]
    fn another_version_is_named() {
        assert_eq!(
            decode(&Bytes::from_static(&[2])),
            Err(RecordError::Version(2))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = bytes;
            bytes.insert(0, VERSION);
            let bytes = Bytes::from(bytes);
            if let Ok((header, body)) = decode(&bytes) {
                prop_assert_eq!(encode(&header, &body), bytes.to_vec());
            }
        }
    }
}
