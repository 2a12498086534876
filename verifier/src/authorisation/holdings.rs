//! The signed transactions that a node holds.

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

use alloy_primitives::{B256, Bytes};
use spillway_l1::encoding::disputes::SignedHeader;
use spillway_protocol::batch::BatchHeader;
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

    /// A block's header with the sequencer's signature; none where it is not held, or was not signed. Blocks the thread.
    ///
    /// # Errors
    /// [`HoldingsError`] when the disk fails.
    fn signed_header(&self, number: u64) -> Result<Option<SignedHeader>, HoldingsError>;
}

/// The signed transactions of a batch's blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBatch {
    last_hash: B256,
    transactions: Vec<Bytes>,
    hashes: Vec<B256>,
}

impl HeldBatch {
    /// The transactions of these blocks; none while one of them is not held. Blocks the thread.
    ///
    /// # Errors
    /// [`HoldingsError`].
    pub fn read(
        holdings: &dyn Holdings,
        blocks: RangeInclusive<u64>,
    ) -> Result<Option<Self>, HoldingsError> {
        let wanted = blocks.end().saturating_sub(*blocks.start()) + 1;
        if *holdings.newest().borrow() < *blocks.end() {
            return Ok(None);
        }
        let blocks = holdings.blocks(blocks)?;
        let (Some(last), true) = (blocks.last(), blocks.len() as u64 == wanted) else {
            return Ok(None);
        };
        Ok(Some(Self {
            last_hash: last.hash,
            hashes: blocks
                .iter()
                .flat_map(|block| block.transaction_hashes.iter().copied())
                .collect(),
            transactions: blocks
                .into_iter()
                .flat_map(|block| block.transactions)
                .collect(),
        }))
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

    #[test]
    fn a_batch_is_held_when_all_its_blocks_are() {
        let held = InMemory::new();
        held.hold(3, B256::repeat_byte(3), &[raw(1), raw(2)]);
        assert_eq!(HeldBatch::read(&held, 3..=4).unwrap(), None);
        held.hold(5, B256::repeat_byte(5), &[]);
        assert_eq!(HeldBatch::read(&held, 3..=5).unwrap(), None, "a gap");
        held.hold(4, B256::repeat_byte(4), &[raw(3)]);
        let batch = HeldBatch::read(&held, 3..=5).unwrap().unwrap();
        assert_eq!(batch.last_hash(), B256::repeat_byte(5));
        let hashes = [1, 2, 3].map(|byte| keccak256(&raw(byte)));
        let mut header = BatchHeader {
            auth_count: 3,
            auth_root: list_root(&hashes),
            ..blank()
        };
        assert!(batch.is_of(&header));
        header.auth_count = 2;
        assert!(!batch.is_of(&header));
        header.auth_root = list_root(&hashes[..2]);
        assert!(!batch.is_of(&header));
        assert_eq!(batch.proof_of(2).unwrap().0, raw(3));
        assert_eq!(batch.proof_of(3), None);
    }
}
