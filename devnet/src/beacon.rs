//! The beacon node's side: blobs by slot, and what it takes to get from an execution block to a slot.
//!
//! There is a beacon block for each execution block, in the slot of its timestamp, and its root is the
//! execution block's hash. Nothing is signed.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy_primitives::{B256, hex};
use serde_json::{Value, json};

use crate::chain::{Block, Chain};
use crate::node::Node;

/// Versioned hashes that a request may name: more than a block has blobs.
const HASHES_MAX: usize = 1_024;

/// What a beacon node would have answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeaconAnswer {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// Why there is no answer, as a status and words.
type Refusal = (u16, &'static str);

/// Answers `GET path?query`, where the path begins with `/eth/`. An answer takes 256 kB a blob.
pub(crate) fn answer(node: &Node, path: &str, query: Option<&str>, stale: u64) -> BeaconAnswer {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let found = match segments.as_slice() {
        ["eth", "v1", "beacon", "genesis"] => Ok(genesis(&node.chain())),
        ["eth", "v1", "config", "spec"] => Ok(spec(&node.chain())),
        ["eth", "v1", "node", "version"] => Ok(version()),
        ["eth", "v1", "node", "syncing"] => Ok(syncing(&node.chain(), stale)),
        ["eth", "v1", "beacon", "headers", id] => {
            // One guard: a second one beside it would wait for a writer that waits for the first.
            let chain = node.chain();
            find(&chain, id, stale).map(|block| header(&chain, &block))
        }
        ["eth", "v1", "beacon", "blobs", id] => blobs(node, id, query, stale),
        _ => Err((
            404,
            "no such endpoint: genesis, spec, headers and blobs are served",
        )),
    };
    match found {
        Ok(value) => BeaconAnswer {
            status: 200,
            body: value.to_string(),
        },
        Err((status, message)) => BeaconAnswer {
            status,
            body: json!({ "code": status, "message": message }).to_string(),
        },
    }
}

fn genesis(chain: &Chain) -> Value {
    json!({ "data": {
        "genesis_time": chain.genesis_timestamp().to_string(),
        "genesis_validators_root": B256::ZERO,
        "genesis_fork_version": "0x00000000",
    }})
}

fn spec(chain: &Chain) -> Value {
    let config = chain.config();
    let seconds = config.seconds_per_slot.max(1);
    let chain_id = config.chain_id.to_string();
    json!({ "data": {
        "CONFIG_NAME": "spillway-devnet",
        "SECONDS_PER_SLOT": seconds.to_string(),
        "SLOT_DURATION_MS": (seconds * 1_000).to_string(),
        "SLOTS_PER_EPOCH": "32",
        "DEPOSIT_CHAIN_ID": chain_id,
        "DEPOSIT_NETWORK_ID": chain_id,
        "MAX_BLOBS_PER_BLOCK": config.blobs.max_blob_count.to_string(),
        "FULU_FORK_EPOCH": "0",
    }})
}

fn version() -> Value {
    json!({ "data": { "version": concat!("SpillwayDevnet/", env!("CARGO_PKG_VERSION")) } })
}

fn syncing(chain: &Chain, stale: u64) -> Value {
    let head = chain.slot(chain.head()).saturating_sub(stale);
    json!({ "data": {
        "head_slot": head.to_string(),
        "sync_distance": "0",
        "is_syncing": false,
        "is_optimistic": false,
        "el_offline": false,
    }})
}

fn header(chain: &Chain, block: &Block) -> Value {
    json!({
        "execution_optimistic": false,
        "finalized": is_finalized(chain, block),
        "data": {
            "root": block.hash,
            "canonical": true,
            "header": {
                "message": {
                    "slot": chain.slot(block).to_string(),
                    "proposer_index": "0",
                    "parent_root": block.header.parent_hash,
                    "state_root": block.header.state_root,
                    "body_root": block.hash,
                },
                "signature": format!("0x{}", "00".repeat(96)),
            },
        },
    })
}

fn blobs(node: &Node, id: &str, query: Option<&str>, stale: u64) -> Result<Value, Refusal> {
    let wanted = versioned_hashes(query.unwrap_or_default())?;
    let block = find(&node.chain(), id, stale)?;
    let finalized = is_finalized(&node.chain(), &block);
    let kept = node.blob_transactions(&block).map_err(|error| {
        tracing::error!(%error, "cannot read blobs");
        (500, "internal error")
    })?;
    let kept = kept.ok_or((
        404,
        "blobs not found: those of so old a block are no longer kept",
    ))?;
    let sidecars = kept.iter().filter_map(|one| one.sidecar());
    let all = sidecars.flat_map(|sidecar| sidecar.versioned_hashes().zip(&sidecar.blobs));
    let data: Vec<String> = all
        .filter(|(hash, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(hash)))
        .map(|(_, blob)| hex::encode_prefixed(blob))
        .collect();
    Ok(json!({ "execution_optimistic": false, "finalized": finalized, "data": data }))
}

/// The hashes that a query asks for, `None` for all. They are repeated or separated by commas.
fn versioned_hashes(query: &str) -> Result<Option<BTreeSet<B256>>, Refusal> {
    let wrong = (
        400,
        "versioned_hashes must be at most 1024 hashes of 32 bytes in hex",
    );
    let values = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("versioned_hashes="));
    let mut wanted = None::<BTreeSet<B256>>;
    for hash in values.flat_map(|value| value.split([',']).flat_map(|part| part.split("%2C"))) {
        let wanted = wanted.get_or_insert_default();
        wanted.insert(hash.parse().map_err(|_| wrong)?);
        if wanted.len() > HASHES_MAX {
            return Err(wrong);
        }
    }
    Ok(wanted)
}

/// The block of an id: a slot, a root, or a name.
fn find(chain: &Chain, id: &str, stale: u64) -> Result<Arc<Block>, Refusal> {
    let newest = chain.head().header.number.saturating_sub(stale);
    let behind = |depth: u64| chain.block(newest.saturating_sub(depth));
    let found = match id {
        "head" => behind(0),
        "justified" => behind(chain.config().safe_depth),
        "finalized" => behind(chain.config().finalized_depth),
        "genesis" => chain.block(0),
        _ if id.starts_with("0x") => {
            let root = id
                .parse()
                .map_err(|_| (400, "a block root is 32 bytes in hex"))?;
            chain.block_by_hash(&root)
        }
        _ => {
            let slot = id
                .parse()
                .map_err(|_| (400, "a block id is a slot, a root or a name"))?;
            chain.block_by_slot(slot)
        }
    };
    found
        .filter(|block| block.header.number <= newest)
        .map(Arc::clone)
        .ok_or((404, "block not found"))
}

fn is_finalized(chain: &Chain, block: &Block) -> bool {
    let depth = chain.config().finalized_depth;
    block.header.number <= chain.head().header.number.saturating_sub(depth)
}
