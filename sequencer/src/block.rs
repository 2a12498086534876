//! A sealed block as the sequencer keeps, journals and serves it.

use alloy_primitives::{Address, B256, Bytes};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::keccak::keccak256;

use crate::logs;

/// A token as L1 listed it, before the block's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its contract on L1.
    pub address: Address,
    /// Its decimals.
    pub decimals: u8,
}

/// A transaction of a block, with its sender as admission recovered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    /// Who signed it.
    pub sender: Address,
    /// The signed bytes.
    pub raw: Bytes,
}

/// What a block is made of: all that is needed to execute it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockBody {
    /// The operations' bytes, the block operation first.
    pub operations: Vec<u8>,
    /// The inbox messages that its inbox operations consume, in order.
    pub messages: Vec<InboxMessage>,
    /// The tokens listed just before it.
    pub listings: Vec<Listing>,
    /// The transactions behind its authorised operations, in order.
    pub transactions: Vec<Included>,
}

/// A sealed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its header.
    pub header: BlockHeader,
    /// The header's hash.
    pub hash: B256,
    /// What it is made of.
    pub body: BlockBody,
    /// The hashes of its transactions, in order.
    pub transaction_hashes: Vec<B256>,
}

impl Block {
    /// Puts a block together from its parts.
    #[must_use]
    pub fn new(header: BlockHeader, body: BlockBody) -> Self {
        let transaction_hashes = body
            .transactions
            .iter()
            .map(|included| keccak256(&included.raw))
            .collect();
        Self {
            hash: header.hash(),
            header,
            body,
            transaction_hashes,
        }
    }

    /// The index in the inbox of the first message that it consumes.
    #[must_use]
    pub const fn first_message(&self) -> u64 {
        let consumed = self.body.messages.len() as u64;
        self.header.inbox_count.saturating_sub(consumed)
    }

    /// The hash of the transaction that stands for its messages from L1; none without any.
    #[must_use]
    pub fn system_hash(&self) -> Option<B256> {
        (!self.body.messages.is_empty()).then(|| logs::system_hash(&self.hash))
    }

    /// The hashes of the transactions as they are listed: those that were signed, then the one that stands for its messages.
    pub fn listed_hashes(&self) -> impl Iterator<Item = B256> {
        let signed = self.transaction_hashes.iter().copied();
        signed.chain(self.system_hash())
    }

    /// How many transactions are listed.
    #[must_use]
    pub const fn listed_len(&self) -> usize {
        self.transaction_hashes.len() + !self.body.messages.is_empty() as usize
    }

    /// The genesis block.
    #[must_use]
    pub fn genesis() -> Self {
        Self::new(BlockHeader::genesis(), BlockBody::default())
    }
}
