//! Batches: what is posted to L1 in one transaction, and the hash that L1 keeps of it.

use alloy_primitives::{Address, B256};

use crate::chunk::Chunk;
use crate::inbox::InboxAccumulator;
use crate::keccak::{keccak256, keccak256_parts};
use crate::tree::list_root;

use alloc::vec::Vec;

/// Bytes of an encoded batch header.
pub const HEADER_BYTES: usize = 3 * 32 + 4 + 8 + 24 + 2 + 8 + 32 + 8;

/// What a batch claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// The previous batch's [`header_hash`]; zero for the first.
    pub parent: B256,
    /// The state root after the batch.
    pub state_root: B256,
    /// [`list_root`] of the hashes of the raw transactions, in order of the authorised operations.
    pub auth_root: B256,
    /// Authorised operations of the batch.
    pub auth_count: u32,
    /// Inbox messages consumed up to the batch's end.
    pub inbox_count: u64,
    /// The inbox's hash chain after them.
    pub inbox_accumulator: InboxAccumulator,
    /// Chunks of the batch.
    pub chunk_count: u16,
    /// The last block's number.
    pub block_number: u64,
    /// The last block's hash.
    pub block_hash: B256,
    /// The last block's timestamp, in seconds.
    pub timestamp: u64,
}

impl BatchHeader {
    /// The header's bytes: its fields in order, 182 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let fields = self
            .parent
            .into_iter()
            .chain(self.state_root)
            .chain(self.auth_root)
            .chain(self.auth_count.to_be_bytes())
            .chain(self.inbox_count.to_be_bytes())
            .chain(self.inbox_accumulator)
            .chain(self.chunk_count.to_be_bytes())
            .chain(self.block_number.to_be_bytes())
            .chain(self.block_hash)
            .chain(self.timestamp.to_be_bytes());
        let mut bytes = [0; HEADER_BYTES];
        bytes
            .iter_mut()
            .zip(fields)
            .for_each(|(to, from)| *to = from);
        bytes
    }
}

const BLOBS_PREFIX: u8 = 0x05;
const CALLDATA_PREFIX: u8 = 0x06;

/// The commitment to a batch's blobs: `H(0x05 || versioned hash*)`, in order.
#[must_use]
pub fn blob_commitment(versioned_hashes: &[B256]) -> B256 {
    let mut preimage = Vec::from([BLOBS_PREFIX]);
    versioned_hashes
        .iter()
        .for_each(|hash| preimage.extend_from_slice(hash.as_slice()));
    keccak256(&preimage)
}

/// The commitment to a batch's calldata: `H(0x06 || list_root(H(chunk)*))`.
#[must_use]
pub fn calldata_commitment(chunks: &[Chunk]) -> B256 {
    let hashes: Vec<_> = chunks.iter().map(|chunk| keccak256(chunk)).collect();
    keccak256_parts(&[&[CALLDATA_PREFIX], list_root(&hashes).as_slice()])
}

/// What L1 knows of a batch beyond its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// [`blob_commitment`] or [`calldata_commitment`].
    pub data_commitment: B256,
    /// The L1 block's timestamp, in seconds.
    pub posted_at: u64,
    /// Counts submissions, fallen ones included; never used twice.
    pub id: u64,
    /// The sequencer in whose name it was posted, whose bond answers for it.
    pub poster: Address,
}

/// `H(header)`, by which the next batch names its parent. How, when and by whom a batch is posted is not
/// in it, so that batches can follow each other before the first of them is on L1.
#[must_use]
pub fn header_hash(header: &BatchHeader) -> B256 {
    keccak256(&header.encode())
}

/// The batch's hash, as L1 stores it: `H(header hash || data commitment || posted_at u64 || submission
/// id u64 || poster)`.
#[must_use]
pub fn batch_hash(header: &BatchHeader, submission: &Submission) -> B256 {
    keccak256_parts(&[
        header_hash(header).as_slice(),
        submission.data_commitment.as_slice(),
        &submission.posted_at.to_be_bytes(),
        &submission.id.to_be_bytes(),
        submission.poster.as_slice(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_its_fields_and_nothing_else() {
        let header = BatchHeader {
            parent: B256::repeat_byte(1),
            state_root: B256::repeat_byte(2),
            auth_root: B256::repeat_byte(3),
            auth_count: 4,
            inbox_count: 5,
            inbox_accumulator: InboxAccumulator::repeat_byte(6),
            chunk_count: 7,
            block_number: 8,
            block_hash: B256::repeat_byte(9),
            timestamp: 10,
        };
        let bytes = header.encode();
        assert_eq!(bytes.len(), 182);
        assert_eq!(
            bytes[174..],
            10u64.to_be_bytes(),
            "the last field fills the last bytes"
        );
        assert_eq!(bytes[..32], [1; 32]);
    }
}
