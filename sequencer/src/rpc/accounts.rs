//! Balances and nonces. The states after the newest durable blocks are remembered, and genesis is known to
//! be empty; for any other block the answer is that its state is not available, and never another
//! block's.

use alloy_primitives::{Address, B256, Bytes, U64, U256};
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use jsonrpsee::types::Params;
use spillway_protocol::account::Account;

use super::Rpc;
use super::arguments::{Argument, Arguments, BlockRef, Word};
use super::block_methods::read_failed;
use super::error;
use super::openrpc::{Failure, Registrar, Schema, array, describe};
use crate::call::facades::Facade;
use crate::call::{CallError, state_at, storage_at};
use crate::ledger::StateAt;

const NO_PROOF: &str = "eth_getProof is not possible: the state of this chain is no Merkle-Patricia trie, and blocks carry no root of one";

/// Registers the methods.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.method(
        describe("eth_getBalance", "The ETH of an account, in wei.")
            .details("Of the newest block; zero at genesis.")
            .required("address", "Address")
            .optional("block", "BlockId")
            .fails(&[Failure::Refused])
            .result("balance", "Quantity"),
        |params, rpc, _| {
            let mut arguments = Arguments::of(&params)?;
            let address = arguments.required("address")?;
            let at = arguments.optional("block")?.unwrap_or(BlockRef::Latest);
            let account = account(rpc, address, at)?;
            RpcResult::Ok(U256::from(account.map_or(0, |account| account.eth)))
        },
    )?;
    module.async_method(
        describe("eth_getTransactionCount", "The nonce of an account.")
            .details(
                "`pending` counts what was executed and is not durable yet: it is the \
                 nonce to sign with next.",
            )
            .required("address", "Address")
            .optional("block", "BlockId")
            .fails(&[Failure::Refused])
            .result("nonce", "Quantity"),
        |params, rpc, _| async move { transaction_count(&params, &rpc).await },
    )?;
    register_contracts(module)
}

/// Registers what calls find at an address.
fn register_contracts(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    // Code is the same whatever the block is: that of the facades, as calls find it.
    module.method(
        describe("eth_getCode", "The code that calls find at an address.")
            .details("That of tokens, predeploys and Multicall3; there are no other contracts.")
            .required("address", "Address")
            .optional("block", "BlockId")
            .result("code", "Data"),
        |params, rpc, _| {
            let mut arguments = Arguments::of(&params)?;
            let address = arguments.required::<Address>("address")?;
            arguments.optional::<BlockRef>("block")?;
            let facade = facade(rpc, &address);
            RpcResult::Ok(facade.map_or_else(Bytes::new, |it| it.code().bytecode.original_bytes()))
        },
    )?;
    module.method(
        describe(
            "eth_getStorageAt",
            "A word of the storage that calls find at an address.",
        )
        .required("address", "Address")
        .required("slot", "Word")
        .optional("block", "BlockId")
        .fails(&[Failure::Refused])
        .result("word", "Hash"),
        |params, rpc, _| {
            let mut arguments = Arguments::of(&params)?;
            let address = arguments.required::<Address>("address")?;
            let Word(slot) = arguments.required("slot")?;
            let at = arguments.optional("block")?.unwrap_or(BlockRef::Latest);
            // Nobody else has any storage, whatever the block is.
            if facade(rpc, &address).is_none() {
                return RpcResult::Ok(B256::ZERO);
            }
            let read = |at: &StateAt<'_>| storage_at(&rpc.view, at, &address, slot);
            Ok(at_block(rpc, at, read)?.unwrap_or_default().into())
        },
    )?;
    module.method(
        describe(
            "eth_getProof",
            "Always refused: the state is no Merkle-Patricia trie.",
        )
        .details("spillway_accountProof proves an account against L1.")
        .optional("address", "Address")
        .optional("slots", array("Word"))
        .optional("block", "BlockId")
        .fails(&[Failure::Refused])
        .result("proof", Schema::never()),
        |_, _, _| RpcResult::<()>::Err(error::refused(NO_PROOF)),
    )?;
    Ok(())
}

/// What calls find at an address.
pub(super) fn facade(rpc: &Rpc, address: &Address) -> Option<Facade> {
    rpc.view
        .with_ledger(|ledger| Facade::at(address, ledger.tokens()))
}

async fn transaction_count(params: &Params<'_>, rpc: &Rpc) -> RpcResult<U64> {
    let mut arguments = Arguments::of(params)?;
    let address = arguments.required("address")?;
    let at = arguments
        .optional("block")?
        .unwrap_or(NonceRef::At(BlockRef::Latest));
    let nonce = match at {
        // After all that was executed, durable or not: the next one to sign with.
        NonceRef::Pending => rpc.submitter.pending_nonce(address).await,
        NonceRef::At(block) => account(rpc, address, block)?.map_or(0, |account| account.nonce),
    };
    Ok(U64::from(nonce))
}

/// For a nonce, `pending` is more than `latest`.
enum NonceRef {
    Pending,
    At(BlockRef),
}

impl Argument for NonceRef {
    fn read(json: &str) -> Result<Self, &'static str> {
        match json {
            r#""pending""# | r#"{"blockNumber":"pending"}"# => Ok(Self::Pending),
            _ => BlockRef::read(json).map(Self::At),
        }
    }
}

/// The account at a block, `None` when there is none.
fn account(rpc: &Rpc, address: Address, at: BlockRef) -> RpcResult<Option<Account>> {
    at_block(rpc, at, |at| at.account(&address)).map(Option::flatten)
}

/// What is read of the state after a block; `None` after genesis, where there is nothing.
fn at_block<T>(
    rpc: &Rpc,
    at: BlockRef,
    read: impl FnOnce(&StateAt<'_>) -> T,
) -> RpcResult<Option<T>> {
    let number = block_number(rpc, at)?;
    rpc.view
        .with_ledger(|ledger| match state_at(ledger, number) {
            Ok(at) => Ok(Some(read(&at))),
            Err(CallError::Gone(0)) => Ok(None),
            Err(reason) => Err(error::refused(&reason)),
        })
}

/// The number of a block, `None` for the newest one. Whether there is such a block is for the reader of its state to say.
pub(super) fn block_number(rpc: &Rpc, at: BlockRef) -> RpcResult<Option<u64>> {
    Ok(Some(match at {
        BlockRef::Latest => return Ok(None),
        BlockRef::Earliest => 0,
        BlockRef::Number(number) => number,
        BlockRef::Hash(hash) => {
            let block = rpc
                .view
                .block_by_hash(&hash)
                .map_err(|reason| read_failed(&reason))?;
            let block = block.ok_or_else(|| error::refused("header for hash not found"))?;
            block.header.number
        }
        BlockRef::Safe => rpc.view.tagged().safe,
        BlockRef::Finalized => rpc.view.tagged().finalized,
    }))
}
