//! Blocks, transactions and receipts, and sending transactions.

use alloy_eips::BlockId;
use alloy_primitives::{B256, Bytes, U64};
use alloy_rpc_types_eth::TransactionReceipt;

use super::arguments::Count;
use super::view::View;
use super::{Answer, Call, Method, error, json, shapes};
use crate::chain::Block;

pub(super) const METHODS: &[(&str, Method)] = &[
    ("eth_getBlockByNumber", block),
    ("eth_getBlockByHash", block),
    ("eth_getBlockReceipts", receipts),
    ("eth_getBlockTransactionCountByNumber", count),
    ("eth_getBlockTransactionCountByHash", count),
    ("eth_getTransactionByBlockNumberAndIndex", transaction_at),
    ("eth_getTransactionByBlockHashAndIndex", transaction_at),
    ("eth_getTransactionByHash", transaction),
    ("eth_getTransactionReceipt", receipt),
    ("eth_getUncleCountByBlockNumber", |_| json(&U64::ZERO)),
    ("eth_getUncleCountByBlockHash", |_| json(&U64::ZERO)),
    ("eth_sendRawTransaction", send),
];

fn send(call: &mut Call<'_>) -> Answer {
    let raw = call.arguments.required::<Bytes>("transaction")?;
    let hash = call.node.submit(&raw);
    json(&hash.map_err(|reason| error::pool(&reason))?)
}

fn block(call: &mut Call<'_>) -> Answer {
    let at = call.arguments.required::<BlockId>("block")?;
    let full = call.arguments.optional::<bool>("full")?.unwrap_or(false);
    let view = call.view();
    json(&view.find(at)?.map(|block| shapes::block(block, full)))
}

fn receipts(call: &mut Call<'_>) -> Answer {
    let at = call.arguments.required::<BlockId>("block")?;
    let view = call.view();
    json(&view.find(at)?.map(|block| all_receipts(&view, block)))
}

fn all_receipts(view: &View<'_>, block: &Block) -> Vec<TransactionReceipt> {
    let blobs = &view.chain().config().blobs;
    let all = 0..block.transactions.len();
    all.filter_map(|index| shapes::receipt(block, index, blobs))
        .collect()
}

fn count(call: &mut Call<'_>) -> Answer {
    let at = call.arguments.required::<BlockId>("block")?;
    let view = call.view();
    json(
        &view
            .find(at)?
            .map(|block| U64::from(block.transactions.len())),
    )
}

fn transaction_at(call: &mut Call<'_>) -> Answer {
    let at = call.arguments.required::<BlockId>("block")?;
    let Count(index) = call.arguments.required("index")?;
    let view = call.view();
    let block = view.find(at)?;
    let place = block.zip(usize::try_from(index).ok());
    json(&place.and_then(|(block, index)| shapes::transaction(block, index)))
}

fn transaction(call: &mut Call<'_>) -> Answer {
    let hash = call.arguments.required::<B256>("transaction hash")?;
    let view = call.view();
    if let Some((block, index)) = view.transaction(&hash) {
        return json(&shapes::transaction(block, index));
    }
    let pending = view.chain().pending(&hash);
    json(&pending.map(|one| shapes::pending(one.transaction())))
}

fn receipt(call: &mut Call<'_>) -> Answer {
    let hash = call.arguments.required::<B256>("transaction hash")?;
    let view = call.view();
    let blobs = &view.chain().config().blobs;
    let place = view.transaction(&hash);
    json(&place.and_then(|(block, index)| shapes::receipt(block, index, blobs)))
}
