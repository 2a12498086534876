//! A block as another node gave it: nothing of it is trusted, and everything that can be checked without a state was.
//!
//! It holds what its JSON held, so whoever bounds the answer that is read bounds this: the bytes take half of their digits,
//! and an item of a list a few times its shortest text.

use alloy_primitives::{B256, Bytes, Signature, U256};
use spillway_protocol::block::BlockHeader;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::keccak::keccak256;
use spillway_protocol::tree::list_root;

use crate::block::{BlockBody, Listing};
use crate::feed::FeedBlock;
use crate::signatures::SignedHeader;

/// Why what was received is no block. Whoever sent it is no node of this protocol, or something on the way is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceivedError {
    /// The hash is not that of the rest.
    #[error("block {number} is said to have the hash {said}, and has {computed}")]
    Hash {
        /// The block.
        number: u64,
        /// What it is said to be.
        said: B256,
        /// What it is.
        computed: B256,
    },
    /// The transactions root is not that of the transactions.
    #[error("block {number} is said to have the transactions root {said}, and has {computed}")]
    TransactionsRoot {
        /// The block.
        number: u64,
        /// What it is said to be.
        said: B256,
        /// What it is.
        computed: B256,
    },
    /// Bytes that are no inbox message.
    #[error("message {place} of block {number} is no message of the inbox")]
    Message {
        /// The block.
        number: u64,
        /// The message's place among the block's, from 0.
        place: usize,
    },
    /// Bytes that are no signature: not 65, or the last of them neither 27 nor 28.
    #[error("the signature of block {0} is none")]
    Signature(u64),
}

/// A block that was received. Its hash and its root follow from what is in it; whose word it is, and whether it is right,
/// [`crate::Replica::import`] finds out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedBlock {
    header: BlockHeader,
    hash: B256,
    tx_root: B256,
    /// Without the transactions: their senders are not known.
    body: BlockBody,
    raw_transactions: Vec<Bytes>,
    fork_id: u64,
    signature: Option<Signature>,
}

impl ReceivedBlock {
    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.header.number
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// Its hash.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// The fork that it is said to be of.
    #[must_use]
    pub const fn fork_id(&self) -> u64 {
        self.fork_id
    }

    /// What was signed, and the signature; none without one. [`SignedHeader::signed_by`] says whose it is.
    #[must_use]
    pub fn signed_header(&self) -> Option<SignedHeader> {
        self.signature.map(|signature| SignedHeader {
            header: self.header,
            fork_id: self.fork_id,
            tx_root: self.tx_root,
            signature,
        })
    }

    /// The inbox messages that it consumes, which its hash covers.
    #[must_use]
    pub fn messages(&self) -> &[InboxMessage] {
        &self.body.messages
    }

    /// The tokens listed just before it. Neither hash nor signature covers them: whoever reads L1 compares them with what is
    /// listed there.
    #[must_use]
    pub fn listings(&self) -> &[Listing] {
        &self.body.listings
    }

    pub(super) const fn body(&self) -> &BlockBody {
        &self.body
    }

    pub(super) fn raw_transactions(&self) -> &[Bytes] {
        &self.raw_transactions
    }
}

impl TryFrom<FeedBlock> for ReceivedBlock {
    type Error = ReceivedError;

    fn try_from(block: FeedBlock) -> Result<Self, ReceivedError> {
        let number = block.number;
        let header = BlockHeader {
            parent: block.parent,
            number,
            timestamp: block.timestamp,
            base_fee: block.base_fee,
            inbox_count: block.inbox_count,
            inbox_accumulator: block.inbox_accumulator,
            operations_hash: keccak256(&block.operations),
        };
        let (said, hash) = (block.hash, header.hash());
        if said != hash {
            return Err(ReceivedError::Hash {
                number,
                said,
                computed: hash,
            });
        }
        let hashes: Vec<_> = block
            .transactions
            .iter()
            .map(|raw| keccak256(raw))
            .collect();
        let (said, tx_root) = (block.transactions_root, list_root(&hashes));
        if said != tx_root {
            return Err(ReceivedError::TransactionsRoot {
                number,
                said,
                computed: tx_root,
            });
        }
        let body = BlockBody {
            operations: block.operations.into(),
            messages: messages(number, &block.messages)?,
            listings: block
                .listings
                .iter()
                .map(|listing| Listing {
                    address: listing.address,
                    decimals: listing.decimals,
                })
                .collect(),
            transactions: Vec::new(),
        };
        Ok(Self {
            header,
            hash,
            tx_root,
            body,
            raw_transactions: block.transactions,
            fork_id: block.fork_id,
            signature: signature(number, block.signature.as_ref())?,
        })
    }
}

fn messages(number: u64, encoded: &[Bytes]) -> Result<Vec<InboxMessage>, ReceivedError> {
    let decode = |(place, bytes): (usize, &Bytes)| {
        InboxMessage::decode(bytes).ok_or(ReceivedError::Message { number, place })
    };
    encoded.iter().enumerate().map(decode).collect()
}

fn signature(number: u64, bytes: Option<&Bytes>) -> Result<Option<Signature>, ReceivedError> {
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    let none = ReceivedError::Signature(number);
    let (r, rest) = bytes.split_first_chunk::<32>().ok_or(none)?;
    let (s, v) = rest.split_first_chunk::<32>().ok_or(none)?;
    let [r, s] = [r, s].map(|bytes| U256::from_be_bytes(*bytes));
    match v {
        [v @ (27 | 28)] => Ok(Some(Signature::new(r, s, *v == 28))),
        _ => Err(none),
    }
}
