//! Balances and nonces. Only the state after the newest durable block is held, and genesis is known to
//! be empty; for any other block the answer is that its state is not available, and never another
//! block's.

use alloy_primitives::{Address, B256, Bytes, U64, U256};
use jsonrpsee::RpcModule;
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use jsonrpsee::types::Params;
use spillway_protocol::account::Account;

use super::Rpc;
use super::arguments::{Argument, Arguments, BlockRef};
use super::block_methods::read_failed;
use super::error;

/// Registers the methods.
pub(super) fn register(module: &mut RpcModule<Rpc>) -> Result<(), RegisterMethodError> {
    module.register_method("eth_getBalance", |params, rpc, _| {
        let mut arguments = Arguments::of(&params)?;
        let address = arguments.required("address")?;
        let at = arguments.optional("block")?.unwrap_or(BlockRef::Latest);
        let account = account(rpc, address, at)?;
        RpcResult::Ok(U256::from(account.map_or(0, |account| account.eth)))
    })?;
    module.register_async_method("eth_getTransactionCount", |params, rpc, _| async move {
        transaction_count(&params, &rpc).await
    })?;
    // There are no contracts; addresses and blocks are still checked for their form.
    module.register_method("eth_getCode", |params, _, _| {
        let mut arguments = Arguments::of(&params)?;
        arguments.required::<Address>("address")?;
        arguments.optional::<BlockRef>("block")?;
        RpcResult::Ok(Bytes::new())
    })?;
    module.register_method("eth_getStorageAt", |params, _, _| {
        let mut arguments = Arguments::of(&params)?;
        arguments.required::<Address>("address")?;
        arguments.required::<StorageSlot>("slot")?;
        arguments.optional::<BlockRef>("block")?;
        RpcResult::Ok(B256::ZERO)
    })?;
    module.register_method("eth_getProof", |_, _, _| {
        RpcResult::<()>::Err(error::refused(
            "eth_getProof is not possible: the state of this chain is no Merkle-Patricia trie, and blocks carry no root of one",
        ))
    })?;
    Ok(())
}

/// A slot as a quantity or as 32 bytes.
struct StorageSlot;

impl Argument for StorageSlot {
    fn read(json: &str) -> Result<Self, &'static str> {
        B256::read(json)
            .map(|_| Self)
            .or_else(|_| U256::read(json).map(|_| Self))
    }
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
    let number = match at {
        BlockRef::Latest => return Ok(rpc.view.account(&address)),
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
    };
    rpc.view
        .with_ledger(|ledger| match state_at(number, ledger.head().number) {
            StateAt::Held => {
                let index = ledger.state().index_of(&address);
                Ok(index.and_then(|index| ledger.state().account(index)))
            }
            StateAt::Empty => Ok(None),
            StateAt::Unknown => Err(error::refused("header not found")),
            StateAt::Gone => Err(error::refused(&format_args!(
                "historical state of block {number} is not available: \
             this node holds the state of the newest block, ask for `latest`"
            ))),
        })
}

/// What is known of the state after a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StateAt {
    /// It is the one that is held.
    Held,
    /// It is that of genesis, where no account has anything.
    Empty,
    /// There is no such block yet.
    Unknown,
    /// It is not held any more.
    Gone,
}

const fn state_at(number: u64, newest: u64) -> StateAt {
    match number {
        _ if number == newest => StateAt::Held,
        0 => StateAt::Empty,
        _ if number > newest => StateAt::Unknown,
        _ => StateAt::Gone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_state_and_genesis_are_known() {
        for (number, newest, want) in [
            (0, 0, StateAt::Held),
            (0, 7, StateAt::Empty),
            (6, 7, StateAt::Gone),
            (7, 7, StateAt::Held),
            (8, 7, StateAt::Unknown),
        ] {
            assert_eq!(state_at(number, newest), want, "{number} of {newest}");
        }
    }

    #[test]
    fn a_slot_is_a_quantity_or_32_bytes() {
        assert!(StorageSlot::read(r#""0x0""#).is_ok());
        assert!(StorageSlot::read(&format!("\"{}\"", B256::ZERO)).is_ok());
        assert!(StorageSlot::read(r#""0x00""#).is_err());
        assert!(StorageSlot::read("0").is_err());
    }
}
