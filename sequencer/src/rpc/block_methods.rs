//! Blocks, transactions and receipts, by hash and by place. What is not there is null, as wallets
//! expect, and no error.
//!
//! These run on threads where they may block: an old block comes from the journal, and one with
//! thousands of transactions takes milliseconds to put into JSON.

use std::sync::Arc;

use alloy_primitives::{B256, U64};
use alloy_rpc_types_eth::{Block as RpcBlock, Transaction, TransactionReceipt};
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::json;

use super::Rpc;
use super::arguments::{Arguments, BlockRef, NumberRef};
use super::error;
use super::ethereum::BrokenBlock;
use super::openrpc::{Failure, Registrar, array, describe, nullable};
use crate::block::Block;
use crate::view::{ReadError, View};

/// Registers the methods.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.blocking_method(
        describe("eth_getBlockByNumber", "A block by its number or tag.")
            .required("block", "BlockNumberOrTag")
            .optional("full transactions", json!({ "type": "boolean" }))
            .fails(&[Failure::TooLarge])
            .result("block", nullable("Block")),
        |params, rpc, _| {
            let mut arguments = Arguments::of(&params)?;
            let NumberRef(at) = arguments.required("block")?;
            whole(&rpc, at, arguments.optional("full transactions")?)
        },
    )?;
    module.blocking_method(
        describe("eth_getBlockByHash", "A block by its hash.")
            .required("block hash", "Hash")
            .optional("full transactions", json!({ "type": "boolean" }))
            .fails(&[Failure::TooLarge])
            .result("block", nullable("Block")),
        |params, rpc, _| {
            let mut arguments = Arguments::of(&params)?;
            let at = BlockRef::Hash(arguments.required("block hash")?);
            whole(&rpc, at, arguments.optional("full transactions")?)
        },
    )?;
    module.blocking_method(
        describe(
            "eth_getBlockReceipts",
            "The receipts of a block, in its order.",
        )
        .required("block", "BlockId")
        .fails(&[Failure::TooLarge])
        .result("receipts", nullable(array("Receipt"))),
        |params, rpc, _| {
            let block = find(&rpc.view, Arguments::of(&params)?.required("block")?)?;
            let receipts = block.map(|block| rpc.chain().receipts(&block)).transpose();
            receipts.map_err(|reason| broken(&reason))
        },
    )?;
    register_counts(module)
}

/// Registers the methods that count.
fn register_counts(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.blocking_method(
        describe(
            "eth_getBlockTransactionCountByNumber",
            "How many transactions a block has.",
        )
        .required("block", "BlockNumberOrTag")
        .result("count", nullable("Quantity")),
        |params, rpc, _| {
            let NumberRef(at) = Arguments::of(&params)?.required("block")?;
            transaction_count(&rpc, at)
        },
    )?;
    module.blocking_method(
        describe(
            "eth_getBlockTransactionCountByHash",
            "How many transactions a block has.",
        )
        .required("block hash", "Hash")
        .result("count", nullable("Quantity")),
        |params, rpc, _| {
            let at = BlockRef::Hash(Arguments::of(&params)?.required("block hash")?);
            transaction_count(&rpc, at)
        },
    )?;
    module.blocking_method(
        describe(
            "eth_getUncleCountByBlockNumber",
            "Zero: no block has uncles.",
        )
        .required("block", "BlockNumberOrTag")
        .result("count", nullable("Quantity")),
        |params, rpc, _| {
            let NumberRef(at) = Arguments::of(&params)?.required("block")?;
            uncle_count(&rpc, at)
        },
    )?;
    module.blocking_method(
        describe("eth_getUncleCountByBlockHash", "Zero: no block has uncles.")
            .required("block hash", "Hash")
            .result("count", nullable("Quantity")),
        |params, rpc, _| {
            let at = BlockRef::Hash(Arguments::of(&params)?.required("block hash")?);
            uncle_count(&rpc, at)
        },
    )?;
    register_transactions(module)
}

fn register_transactions(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.blocking_method(
        describe(
            "eth_getTransactionByBlockNumberAndIndex",
            "A transaction by its place.",
        )
        .required("block", "BlockNumberOrTag")
        .required("index", "Quantity")
        .result("transaction", nullable("Transaction")),
        |params, rpc, _| {
            let mut arguments = Arguments::of(&params)?;
            let NumberRef(at) = arguments.required("block")?;
            transaction_at(&rpc, at, arguments.required("index")?)
        },
    )?;
    module.blocking_method(
        describe(
            "eth_getTransactionByBlockHashAndIndex",
            "A transaction by its place.",
        )
        .required("block hash", "Hash")
        .required("index", "Quantity")
        .result("transaction", nullable("Transaction")),
        |params, rpc, _| {
            let mut arguments = Arguments::of(&params)?;
            let at = BlockRef::Hash(arguments.required("block hash")?);
            transaction_at(&rpc, at, arguments.required("index")?)
        },
    )?;
    module.blocking_method(
        describe(
            "eth_getTransactionByHash",
            "A transaction by its hash; null until it is durable.",
        )
        .required("transaction hash", "Hash")
        .result("transaction", nullable("Transaction")),
        |params, rpc, _| {
            let hash = Arguments::of(&params)?.required("transaction hash")?;
            let place = rpc
                .view
                .transaction(&hash)
                .map_err(|reason| read_failed(&reason))?;
            let Some((block, index)) = place else {
                return RpcResult::Ok(None);
            };
            rpc.chain()
                .transaction(&block, index)
                .map_err(|reason| broken(&reason))
        },
    )?;
    module.blocking_method(
        describe(
            "eth_getTransactionReceipt",
            "What a transaction did; null until it is durable.",
        )
        .required("transaction hash", "Hash")
        .result("receipt", nullable("Receipt")),
        |params, rpc, _| {
            let hash = Arguments::of(&params)?.required("transaction hash")?;
            receipt(&rpc, &hash)
        },
    )?;
    Ok(())
}

/// The receipt of a durable transaction.
pub(super) fn receipt(rpc: &Rpc, hash: &B256) -> RpcResult<Option<TransactionReceipt>> {
    let place = rpc
        .view
        .transaction(hash)
        .map_err(|reason| read_failed(&reason))?;
    let Some((block, index)) = place else {
        return Ok(None);
    };
    rpc.chain()
        .receipt(&block, index)
        .map_err(|reason| broken(&reason))
}

/// The block that a call is about.
pub(super) fn find(view: &View, at: BlockRef) -> RpcResult<Option<Arc<Block>>> {
    let block = match at {
        BlockRef::Latest => view.block(view.block_number()),
        BlockRef::Earliest => view.block(0),
        BlockRef::Number(number) => view.block(number),
        BlockRef::Hash(hash) => view.block_by_hash(&hash),
        BlockRef::Safe => view.block(view.tagged().safe),
        BlockRef::Finalized => view.block(view.tagged().finalized),
    };
    block.map_err(|reason| read_failed(&reason))
}

/// The log says why a read failed.
pub(super) fn read_failed(reason: &ReadError) -> ErrorObjectOwned {
    error::internal("reading a block", reason)
}

fn broken(reason: &BrokenBlock) -> ErrorObjectOwned {
    error::internal("showing a block", reason)
}

fn whole(rpc: &Rpc, at: BlockRef, full: Option<bool>) -> RpcResult<Option<RpcBlock>> {
    let block = find(&rpc.view, at)?;
    let full = full.unwrap_or(false);
    let block = block
        .map(|block| rpc.chain().block(&block, full))
        .transpose();
    block.map_err(|reason| broken(&reason))
}

fn transaction_count(rpc: &Rpc, at: BlockRef) -> RpcResult<Option<U64>> {
    let block = find(&rpc.view, at)?;
    Ok(block.map(|block| U64::from(block.listed_len())))
}

/// No block has uncles.
fn uncle_count(rpc: &Rpc, at: BlockRef) -> RpcResult<Option<U64>> {
    Ok(find(&rpc.view, at)?.map(|_| U64::ZERO))
}

fn transaction_at(rpc: &Rpc, at: BlockRef, index: u64) -> RpcResult<Option<Transaction>> {
    let Some(block) = find(&rpc.view, at)? else {
        return Ok(None);
    };
    let Ok(index) = usize::try_from(index) else {
        return Ok(None);
    };
    rpc.chain()
        .transaction(&block, index)
        .map_err(|reason| broken(&reason))
}
