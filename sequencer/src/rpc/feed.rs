//! `spillway_blocks`: durable blocks with all that a follower needs to make them again and to hold the sequencer to them.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, Signature};
use jsonrpsee::RpcModule;
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use serde::Serialize;
use spillway_protocol::tree::list_root;

use super::arguments::{Arguments, Count};
use super::{Rpc, error};
use crate::block::Block;
use crate::record;
use crate::view::{ReadError, View};

/// Blocks in an answer, at most; fewer when they are large.
const BLOCKS_MAX: u64 = 1_024;

/// More than the JSON of a block takes beside its bytes, and that of one item of its lists.
const BLOCK_JSON_BYTES: usize = 1_024;
const ITEM_JSON_BYTES: usize = 96;

/// Registers the method.
pub(super) fn register(module: &mut RpcModule<Rpc>) -> Result<(), RegisterMethodError> {
    module.register_blocking_method("spillway_blocks", |params, rpc, _| {
        let mut arguments = Arguments::of(&params)?;
        let Count(from) = arguments.required("first block")?;
        let count: Option<Count> = arguments.optional("number of blocks")?;
        feed(&rpc, from, count.map_or(BLOCKS_MAX, |count| count.0))
    })?;
    Ok(())
}

/// The answer. Numbers are JSON numbers, as they stay below 2^53.
#[derive(Clone, Debug, Serialize)]
struct Feed {
    /// The newest durable block.
    newest: u64,
    /// The forks that the chain has followed, ascending: blocks that were read before and lie after the last block of a
    /// newer one are void.
    forks: Vec<FeedFork>,
    blocks: Vec<FeedBlock>,
}

#[derive(Clone, Debug, Serialize)]
struct FeedFork {
    id: u64,
    last_block: u64,
}

#[derive(Clone, Debug, Serialize)]
struct FeedBlock {
    number: u64,
    hash: B256,
    parent: B256,
    timestamp: u64,
    base_fee: u64,
    inbox_count: u64,
    inbox_accumulator: FixedBytes<24>,
    operations: Bytes,
    /// The inbox messages that it consumes, encoded.
    messages: Vec<Bytes>,
    /// The tokens listed just before it.
    listings: Vec<FeedListing>,
    /// The signed transactions.
    transactions: Vec<Bytes>,
    transactions_root: B256,
    /// What is signed beside hash and root.
    fork_id: u64,
    /// r, s, and 27 or 28; null without a key.
    signature: Option<Bytes>,
}

#[derive(Clone, Debug, Serialize)]
struct FeedListing {
    address: Address,
    decimals: u8,
}

fn feed(rpc: &Rpc, from: u64, count: u64) -> RpcResult<Feed> {
    if from == 0 {
        return Err(error::invalid_params(
            "blocks are numbered from 1: genesis has nothing in it".to_owned(),
        ));
    }
    let view = &rpc.view;
    let newest = view.block_number();
    let last = newest.min(from.saturating_add(count.min(BLOCKS_MAX)).saturating_sub(1));
    let blocks = read(view, from..=last, rpc.config.response_bytes_max as usize);
    let blocks = blocks.map_err(|reason| error::internal("reading blocks", &reason))?;
    Ok(Feed {
        newest,
        forks: view
            .forks()
            .all()
            .iter()
            .map(|fork| FeedFork {
                id: fork.id,
                last_block: fork.last_block,
            })
            .collect(),
        blocks,
    })
}

/// Blocks as many as fit so many bytes of JSON, but one at least.
fn read(
    view: &View,
    range: std::ops::RangeInclusive<u64>,
    bytes_max: usize,
) -> Result<Vec<FeedBlock>, ReadError> {
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
        let signature = view.sign(&block);
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
