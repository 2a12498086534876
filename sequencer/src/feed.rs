//! Durable blocks as `spillway_blocks` gives them to followers: with all that is needed to make them again, and to hold the
//! sequencer to them. One definition for whoever answers and for whoever reads the answer.
//!
//! Who reads them has only decoded JSON: [`crate::replica::ReceivedBlock`] is what has been checked.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, Signature};
use serde::{Deserialize, Serialize};
use spillway_protocol::tree::list_root;

use crate::block::Block;
use crate::record;
use crate::view::{ReadError, View};

/// Blocks in an answer, at most; fewer when they are large.
pub const BLOCKS_MAX: u64 = 1_024;

/// More than the JSON of a block takes beside its bytes, and that of one item of its lists.
const BLOCK_JSON_BYTES: usize = 1_024;
const ITEM_JSON_BYTES: usize = 96;

/// The answer. Numbers are JSON numbers, as they stay below 2^53.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// The newest durable block.
    pub newest: u64,
    /// The forks that the chain has followed, ascending: blocks that were read before and lie after the last block of a
    /// newer one are void.
    pub forks: Vec<FeedFork>,
    /// Consecutive ones, from the one that was asked for.
    pub blocks: Vec<FeedBlock>,
}

/// A revert on L1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedFork {
    /// Reverts on L1 up to and with this one.
    pub id: u64,
    /// The last block that stood.
    pub last_block: u64,
}

/// A block. What each field is, [`spillway_protocol::block::BlockHeader`] and [`crate::block::BlockBody`] say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of header and body, by their names")]
pub struct FeedBlock {
    pub number: u64,
    pub hash: B256,
    pub parent: B256,
    pub timestamp: u64,
    pub base_fee: u64,
    pub inbox_count: u64,
    pub inbox_accumulator: FixedBytes<24>,
    pub operations: Bytes,
    /// The inbox messages that it consumes, encoded.
    pub messages: Vec<Bytes>,
    /// The tokens listed just before it.
    pub listings: Vec<FeedListing>,
    /// The signed transactions.
    pub transactions: Vec<Bytes>,
    pub transactions_root: B256,
    /// What is signed beside hash and root.
    pub fork_id: u64,
    /// r, s, and 27 or 28; null without a key.
    pub signature: Option<Bytes>,
}

/// A token that L1 listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedListing {
    /// Its contract on L1.
    pub address: Address,
    /// Its decimals.
    pub decimals: u8,
}

impl Feed {
    /// So many durable blocks from that number on, and as many as fit so many bytes of JSON.
    pub(crate) fn read(
        view: &View,
        from: u64,
        count: u64,
        bytes_max: usize,
    ) -> Result<Self, ReadError> {
        let newest = view.block_number();
        let last = newest.min(from.saturating_add(count.min(BLOCKS_MAX)).saturating_sub(1));
        let blocks = read(view, from..=last, bytes_max)?;
        let forks = view.forks().all().iter();
        Ok(Self {
            newest,
            forks: forks
                .map(|fork| FeedFork {
                    id: fork.id,
                    last_block: fork.last_block,
                })
                .collect(),
            blocks,
        })
    }
}

/// Blocks as many as fit so many bytes of JSON, but one at least.
fn read(
    view: &View,
    range: std::ops::RangeInclusive<u64>,
    bytes_max: usize,
) -> Result<Vec<FeedBlock>, ReadError> {
    let signed = view.signed_blocks();
    let mut records = view.journal().records_from(*range.start());
    let mut blocks = Vec::new();
    let mut bytes = BLOCK_JSON_BYTES;
    for _ in range {
        let Some(found) = records.next_record()? else {
            break;
        };
        let (header, body) = record::decode(&Bytes::copy_from_slice(found.payload))?;
        let block = Block::new(header, body);
        bytes = bytes.saturating_add(json_bytes(&block));
        if bytes > bytes_max && !blocks.is_empty() {
            break;
        }
        let fork_id = view.forks().id_of(header.number);
        let signature = signed.signature(&block)?;
        blocks.push(FeedBlock::of(block, fork_id, signature));
    }
    Ok(blocks)
}

/// No less than the bytes of a block's JSON.
fn json_bytes(block: &Block) -> usize {
    let body = &block.body;
    let raw = body.transactions.iter().map(|included| included.raw.len());
    let items = body.transactions.len() + body.listings.len() + 2 * body.messages.len();
    BLOCK_JSON_BYTES + 2 * (body.operations.len() + raw.sum::<usize>()) + items * ITEM_JSON_BYTES
}

impl FeedBlock {
    fn of(block: Block, fork_id: u64, signature: Option<Signature>) -> Self {
        let Block {
            header,
            hash,
            body,
            transaction_hashes,
        } = block;
        Self {
            number: header.number,
            hash,
            parent: header.parent,
            timestamp: header.timestamp,
            base_fee: header.base_fee,
            inbox_count: header.inbox_count,
            inbox_accumulator: header.inbox_accumulator,
            operations: body.operations.into(),
            messages: body
                .messages
                .iter()
                .map(|message| Bytes::copy_from_slice(message.encode().as_bytes()))
                .collect(),
            listings: body
                .listings
                .iter()
                .map(|listing| FeedListing {
                    address: listing.address,
                    decimals: listing.decimals,
                })
                .collect(),
            transactions: body.transactions.into_iter().map(|it| it.raw).collect(),
            transactions_root: list_root(&transaction_hashes),
            fork_id,
            signature: signature.map(|signature| Bytes::from(signature.as_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;
    use spillway_protocol::block::BlockHeader;
    use spillway_protocol::inbox::InboxMessage;

    use super::*;
    use crate::block::{BlockBody, Included, Listing};

    /// A block whose numbers have as many digits as they can have.
    fn block(count: usize) -> Block {
        let address = Address::repeat_byte(0xff);
        let message = InboxMessage::ForcedWithdrawal {
            sender: address,
            account: u32::MAX,
            token: 255,
            amount: u128::MAX,
            recipient: address,
        };
        let listing = Listing {
            address,
            decimals: 255,
        };
        let included = Included {
            sender: address,
            raw: Bytes::from(vec![0xff; 8_192]),
        };
        let body = BlockBody {
            operations: vec![0xff; 40 * count],
            messages: vec![message; count],
            listings: vec![listing; count],
            transactions: vec![included; count],
        };
        let header = BlockHeader {
            number: u64::MAX,
            timestamp: u64::MAX,
            base_fee: u64::MAX,
            inbox_count: u64::MAX,
            ..BlockHeader::genesis()
        };
        Block::new(header, body)
    }

    #[test]
    fn the_json_of_a_block_is_never_longer_than_reckoned() {
        for count in [0, 1, 100] {
            let reckoned = json_bytes(&block(count));
            let signature = Signature::new(U256::MAX, U256::MAX, true);
            let shown = FeedBlock::of(block(count), u64::MAX, Some(signature));
            let json = serde_json::to_string(&shown).unwrap();
            assert!(json.len() <= reckoned, "{} > {reckoned}", json.len());
        }
    }
}
