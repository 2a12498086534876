//! What the node says about itself and the chain: `net_`, `web3_`, `spillway_status`.

use alloy_primitives::{Address, B256, Bytes, U64};
use jsonrpsee::core::{RegisterMethodError, RpcResult};
use serde::Serialize;
use serde_json::json;
use spillway_protocol::keccak::keccak256;

use super::arguments::Arguments;
use super::openrpc::{Failure, Registrar, array, describe};
use super::{Rpc, error};

/// Registers the methods.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.method(
        describe("eth_chainId", "The chain's id.").result("chain id", "Quantity"),
        |_, rpc, _| RpcResult::Ok(U64::from(rpc.view.genesis().chain_id)),
    )?;
    module.method(
        describe("eth_blockNumber", "The number of the newest durable block.")
            .result("block number", "Quantity"),
        |_, rpc, _| RpcResult::Ok(U64::from(rpc.view.block_number())),
    )?;
    module.method(
        describe(
            "eth_syncing",
            "False, but on a replica that is far behind the node that it follows.",
        )
        .result("syncing", "Syncing"),
        |_, rpc, _| {
            let (current, highest) = (rpc.view.block_number(), rpc.view.followed());
            RpcResult::Ok(syncing(current, highest))
        },
    )?;
    module.method(
        describe("eth_accounts", "Nothing: the node holds no keys.")
            .result("accounts", array("Address")),
        |_, _, _| RpcResult::Ok(Vec::<Address>::new()),
    )?;
    register_node(module)
}

/// Registers what is about the node.
fn register_node(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    module.async_method(
        describe("txpool_status", "How many transactions wait.")
            .fails(&[Failure::Unavailable])
            .result("status", "PoolStatus"),
        |_, rpc, _| async move {
            let queued = rpc.submitter.held().await;
            let queued = queued.map_err(|reason| error::submit(&reason))?;
            RpcResult::Ok(PoolStatus {
                pending: U64::from(rpc.submitter.waiting()),
                queued: U64::from(queued),
            })
        },
    )?;
    module.method(
        describe("net_version", "The chain's id, in decimal.")
            .result("network id", json!({ "type": "string" })),
        |_, rpc, _| RpcResult::Ok(rpc.view.genesis().chain_id.to_string()),
    )?;
    module.method(
        describe("net_listening", "True.").result("listening", json!({ "type": "boolean" })),
        |_, _, _| RpcResult::Ok(true),
    )?;
    module.method(
        describe(
            "web3_clientVersion",
            "The node's name, version, platform and language.",
        )
        .result("client version", json!({ "type": "string" })),
        |_, _, _| RpcResult::Ok(client_version()),
    )?;
    module.method(
        describe("web3_sha3", "Keccak-256.")
            .required("data", "Data")
            .result("hash", "Hash"),
        |params, _, _| {
            RpcResult::Ok(keccak256(
                &Arguments::of(&params)?.required::<Bytes>("data")?,
            ))
        },
    )?;
    module.blocking_method(
        describe(
            "spillway_status",
            "The node's newest block and how far L1 has come.",
        )
        .details("Down to `withdrawals` of one block, from there on of the moment.")
        .result("status", "Status"),
        |_, rpc, _| status(&rpc),
    )?;
    Ok(())
}

/// The answer of `txpool_status`.
#[derive(Clone, Debug, Serialize)]
struct PoolStatus {
    /// Transactions that wait for execution.
    pending: U64,
    /// Transactions that wait for earlier nonces.
    queued: U64,
}

/// Blocks that a replica may be behind without saying so: those of a request or two.
const BEHIND_MAX: u64 = 1_024;

/// The answer of `eth_syncing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Syncing {
    /// False: it is not.
    No(bool),
    /// A replica is behind the node that it follows.
    Yes {
        starting_block: U64,
        current_block: U64,
        highest_block: U64,
    },
}

fn syncing(current: u64, highest: u64) -> Syncing {
    if highest <= current.saturating_add(BEHIND_MAX) {
        return Syncing::No(false);
    }
    Syncing::Yes {
        starting_block: U64::ZERO,
        current_block: U64::from(current),
        highest_block: U64::from(highest),
    }
}

/// In geth's form: name, version, platform, language.
fn client_version() -> String {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("Spillway/v{}/{os}-{arch}/rust", env!("CARGO_PKG_VERSION"))
}

/// The answer of `spillway_status`: of one block down to `withdrawals`, of the moment from there on.
/// Counts are JSON numbers, as they stay below 2^53.
#[derive(Clone, Debug, Serialize)]
struct Status {
    chain_id: u64,
    block_number: u64,
    block_hash: B256,
    state_root: B256,
    timestamp: u64,
    base_fee: u64,
    accounts: u32,
    transactions: u64,
    inbox_count: u64,
    withdrawals: u32,
    /// Reverts on L1 that the chain has followed.
    fork_id: u64,
    /// Whose signature headers have; null while they are not signed.
    header_signer: Option<Address>,
    posted_block: u64,
    /// Null while nothing is posted.
    posted_state_root: Option<B256>,
    /// The newest block that the node's verifier has replayed; null without one.
    verified_block: Option<u64>,
    /// The newest block that the tag `safe` means.
    safe_block: u64,
    l1_final_block: u64,
    withdrawable_block: u64,
    /// Null until the batcher has found its place.
    unposted_bytes: Option<u64>,
    waiting: usize,
    accepting: bool,
}

fn status(rpc: &Rpc) -> RpcResult<Status> {
    let summary = rpc.view.summary();
    let summary = summary.map_err(|reason| error::internal("summing up the ledger", &reason))?;
    let l1 = rpc.view.l1_progress();
    Ok(Status {
        chain_id: rpc.view.genesis().chain_id,
        block_number: summary.block_number,
        block_hash: summary.block_hash,
        state_root: summary.state_root,
        timestamp: summary.timestamp,
        base_fee: summary.base_fee,
        accounts: summary.accounts,
        transactions: summary.transactions,
        inbox_count: summary.inbox_count,
        withdrawals: summary.withdrawals,
        fork_id: rpc.view.forks().id(),
        header_signer: rpc.view.header_signer(),
        posted_block: l1.posted,
        posted_state_root: l1.posted_state_root,
        verified_block: rpc.view.verified().map(|verified| verified.replayed),
        safe_block: rpc.view.tagged().safe,
        l1_final_block: l1.l1_final,
        withdrawable_block: l1.withdrawable,
        unposted_bytes: rpc.view.backlog().map(|backlog| backlog.unposted_bytes),
        waiting: rpc.submitter.waiting(),
        accepting: rpc.submitter.accepting(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_that_is_far_behind_says_so() {
        for (current, highest, want) in [
            (7, 0, "false"),
            (7, 7, "false"),
            (7, 1_031, "false"),
            (
                7,
                1_032,
                r#"{"startingBlock":"0x0","currentBlock":"0x7","highestBlock":"0x408"}"#,
            ),
        ] {
            let json = serde_json::to_string(&syncing(current, highest)).unwrap();
            assert_eq!(json, want, "{current} of {highest}");
        }
    }
}
