//! The signed transactions that a node holds.

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

use alloy_primitives::{B256, Bytes};
use spillway_l1::encoding::disputes::SignedHeader;
use spillway_protocol::batch::BatchHeader;
use spillway_protocol::limits::CHUNK_BYTES;
use spillway_protocol::tree::{list_proof, list_root};
use tokio::sync::watch;

/// Why what is held cannot be read.
pub type HoldingsError = Box<dyn Error + Send + Sync>;

/// A block that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBlock {
    /// Its hash.
    pub hash: B256,
    /// The signed transactions behind its authorised operations, in order.
    pub transactions: Vec<Bytes>,
    /// Their hashes.
    pub transaction_hashes: Vec<B256>,
}

/// The blocks of L2 that this node holds with their signed transactions: signatures recovered, and each block made again from
/// them, before it counts as held.
///
/// Blocks may be replaced by others of their numbers, when batches have fallen.
pub trait Holdings: fmt::Debug + Send + Sync {
    /// The newest block that is held, as it changes. All before it are held as well.
    fn newest(&self) -> watch::Receiver<u64>;

    /// Blocks by number, in order; fewer where they are not held. Blocks the thread.
    ///
    /// # Errors
    /// [`HoldingsError`] when the disk fails.
    fn blocks(&self, numbers: RangeInclusive<u64>) -> Result<Vec<HeldBlock>, HoldingsError>;

    /// Whether nothing more comes in, because something here has failed: what is missing then is not withheld.
    fn has_failed(&self) -> bool {
        false
    }

    /// A block's header with the sequencer's signature; none where it is not held, or was not signed. Blocks the thread.
    ///
    /// # Errors
    /// [`HoldingsError`] when the disk fails.
    fn signed_header(&self, number: u64) -> Result<Option<SignedHeader>, HoldingsError>;
}

/// Blocks that are read at once.
const BLOCKS_TOGETHER: u64 = 256;

/// The signed transactions of a batch's blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBatch {
    last_hash: B256,
    transactions: Vec<Bytes>,
    hashes: Vec<B256>,
}

impl HeldBatch {
    /// The transactions of a batch's blocks, of which that is the first; none while one of them is not held. The header may
    /// claim anything: more blocks or transactions than such a batch can hold are not read. Blocks the thread.
    ///
    /// # Errors
    /// [`HoldingsError`].
    pub fn read(
        holdings: &dyn Holdings,
        first: u64,
        header: &BatchHeader,
    ) -> Result<Option<Self>, HoldingsError> {
        let last = header.block_number;
        let count = last.checked_sub(first);
        // A block takes a byte of a chunk at least.
        let max = u64::from(header.chunk_count) * CHUNK_BYTES as u64;
        let is_there =
            count.is_some_and(|count| count < max) && last <= *holdings.newest().borrow();
        let mut held = Self {
            last_hash: B256::ZERO,
            transactions: Vec::new(),
            hashes: Vec::new(),
        };
        let mut next = first;
        while is_there && next <= last && held.hashes.len() <= header.auth_count as usize {
            let to = last.min(next.saturating_add(BLOCKS_TOGETHER - 1));
            let blocks = holdings.blocks(next..=to)?;
            if blocks.len() as u64 != to - next + 1 {
                return Ok(None);
            }
            for block in blocks {
                held.last_hash = block.hash;
                held.hashes.extend(block.transaction_hashes);
                held.transactions.extend(block.transactions);
            }
            next = to.saturating_add(1);
        }
        Ok((is_there && next > last).then_some(held))
    }

    /// The last block's hash. It commits to all before it.
    #[must_use]
    pub const fn last_hash(&self) -> B256 {
        self.last_hash
    }

    /// Whether the batch commits to these transactions.
    #[must_use]
    pub fn is_of(&self, header: &BatchHeader) -> bool {
        self.hashes.len() == header.auth_count as usize
            && list_root(&self.hashes) == header.auth_root
    }

    /// A transaction with the proof of its place under the auth root: the siblings of its hash.
    #[must_use]
    pub fn proof_of(&self, place: u32) -> Option<(Bytes, Vec<B256>)> {
        let raw = self.transactions.get(place as usize)?;
        Some((raw.clone(), list_proof(&self.hashes, place)?))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use spillway_protocol::inbox::InboxAccumulator;
    use spillway_protocol::keccak::keccak256;

    use super::*;

    /// A header of nothing.
    pub(crate) fn blank() -> BatchHeader {
        BatchHeader {
            parent: B256::ZERO,
            state_root: B256::ZERO,
            auth_root: B256::ZERO,
            auth_count: 0,
            inbox_count: 0,
            inbox_accumulator: InboxAccumulator::ZERO,
            chunk_count: 1,
            block_number: 0,
            block_hash: B256::ZERO,
            timestamp: 0,
        }
    }

    /// Blocks in memory.
    #[derive(Debug)]
    pub(crate) struct InMemory {
        pub(crate) blocks: Mutex<BTreeMap<u64, HeldBlock>>,
        newest: watch::Sender<u64>,
    }

    impl InMemory {
        pub(crate) fn new() -> Self {
            Self {
                blocks: Mutex::default(),
                newest: watch::Sender::new(0),
            }
        }

        pub(crate) fn hold(&self, number: u64, hash: B256, transactions: &[Bytes]) {
            let block = HeldBlock {
                hash,
                transactions: transactions.to_vec(),
                transaction_hashes: transactions.iter().map(|raw| keccak256(raw)).collect(),
            };
            self.blocks.lock().unwrap().insert(number, block);
            self.newest
                .send_modify(|newest| *newest = number.max(*newest));
        }
    }

    impl Holdings for InMemory {
        fn newest(&self) -> watch::Receiver<u64> {
            self.newest.subscribe()
        }

        fn blocks(&self, numbers: RangeInclusive<u64>) -> Result<Vec<HeldBlock>, HoldingsError> {
            let blocks = self.blocks.lock().unwrap();
            Ok(numbers
                .map_while(|number| blocks.get(&number).cloned())
                .collect())
        }

        fn signed_header(&self, _: u64) -> Result<Option<SignedHeader>, HoldingsError> {
            Ok(None)
        }
    }

    fn raw(byte: u8) -> Bytes {
        vec![byte; 3].into()
    }

    /// Blocks 3 to 5, three transactions.
    fn header() -> BatchHeader {
        let hashes = [1, 2, 3].map(|byte| keccak256(&raw(byte)));
        BatchHeader {
            auth_count: 3,
            auth_root: list_root(&hashes),
            block_number: 5,
            ..blank()
        }
    }

    #[test]
    fn a_batch_is_held_when_all_its_blocks_are() {
        let held = InMemory::new();
        let mut header = header();
        held.hold(3, B256::repeat_byte(3), &[raw(1), raw(2)]);
        assert_eq!(HeldBatch::read(&held, 3, &header).unwrap(), None);
        held.hold(5, B256::repeat_byte(5), &[]);
        assert_eq!(HeldBatch::read(&held, 3, &header).unwrap(), None, "a gap");
        held.hold(4, B256::repeat_byte(4), &[raw(3)]);
        let batch = HeldBatch::read(&held, 3, &header).unwrap().unwrap();
        assert_eq!(batch.last_hash(), B256::repeat_byte(5));
        assert!(batch.is_of(&header));
        header.auth_count = 2;
        assert!(!batch.is_of(&header));
        header.auth_root = list_root(&[1, 2].map(|byte| keccak256(&raw(byte))));
        assert!(!batch.is_of(&header));
        assert_eq!(batch.proof_of(2).unwrap().0, raw(3));
        assert_eq!(batch.proof_of(3), None);
    }

    #[test]
    fn more_than_a_batch_can_hold_is_not_read() {
        let held = InMemory::new();
        for number in 1..=600 {
            held.hold(number, B256::repeat_byte(1), &[]);
        }
        let ending = |block_number| BatchHeader {
            block_number,
            ..blank()
        };
        for (first, last) in [(7, 6), (1, 600), (3, u64::MAX), (u64::MAX, 5)] {
            let read = HeldBatch::read(&held, first, &ending(last)).unwrap();
            assert_eq!(read, None, "{first} to {last}");
        }
        assert!(HeldBatch::read(&held, 101, &ending(500)).unwrap().is_some());
    }
}
