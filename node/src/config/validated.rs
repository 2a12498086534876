//! What the file means: every value in its range, every combination possible. An error names the key, the
//! value and what is allowed.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::Address;
use anyhow::{Result, anyhow, bail, ensure};
use spillway_sequencer::CallLimits;
use spillway_sequencer::config::{BacklogConfig, BlockConfig, Config, QueueConfig, StorageConfig};
use spillway_sequencer::genesis::Genesis;
use spillway_sequencer::rpc::{QueryConfig, RpcConfig};

use super::batcher;
use super::l1::{self, L1Config};
use super::relayer;
use super::signing;
use super::typed;
use super::verifier;
use crate::address;
use crate::batching::BatchingConfig;
use crate::following::FollowingConfig;
use crate::relaying::RelayingConfig;
use crate::verifying::VerifyingConfig;

/// Chain ids that wallets can name: JavaScript holds integers up to 2^53 - 1 exactly, and the ids that the
/// protocol derives for deployments are below 2^51.
pub(crate) const CHAIN_IDS: RangeInclusive<u64> = 1..=(1 << 53) - 1;

/// Where JSON-RPC listens unless the file says otherwise.
const RPC_ADDRESS: &str = "127.0.0.1:9545";

/// Bytes of a request: at least one transaction of the largest size, in hex.
const REQUEST_BYTES: RangeInclusive<u32> = 32 << 10..=64 << 20;

/// Bytes of a response: at least one that holds such a transaction.
const RESPONSE_BYTES: RangeInclusive<u32> = 64 << 10..=256 << 20;

/// A node as it is to run.
#[derive(Clone, Debug)]
pub(crate) struct NodeConfig {
    /// The sequencer with its chain and directory.
    pub(crate) sequencer: Config,
    /// Its JSON-RPC.
    pub(crate) rpc: RpcConfig,
    /// The L1 that the chain is on. None: nobody bridges to it.
    pub(crate) l1: Option<L1Config>,
    /// How its batches are posted, if this node does that.
    pub(crate) batching: Option<BatchingConfig>,
    /// How its batches are verified, if this node does that.
    pub(crate) verifying: Option<VerifyingConfig>,
    /// How withdrawals are claimed, if this node does that.
    pub(crate) relaying: Option<RelayingConfig>,
    /// The sequencer elsewhere that this node follows, if it is none itself.
    pub(crate) following: Option<FollowingConfig>,
}

impl TryFrom<typed::File> for NodeConfig {
    type Error = anyhow::Error;

    fn try_from(file: typed::File) -> Result<Self> {
        check_roles(
            &file.roles,
            &["sequencer", "batcher", "verifier", "relayer"],
        )?;
        ensure!(
            !file.dir.is_empty(),
            "dir is empty: it must name the state directory"
        );
        let (genesis, l1) = chain(file.chain.as_ref(), file.l1.as_ref())?;
        let sequencer = Config {
            genesis,
            dir: PathBuf::from(&file.dir),
            blocks: blocks(&file.blocks)?,
            queues: queues(&file.queues)?,
            backlog: backlog(&file.backlog)?,
            storage: storage(&file.storage)?,
            signer: file.signing.as_ref().map(signing::validate).transpose()?,
        };
        let rpc = rpc(&file.rpc, sequencer.blocks.transactions_max)?;
        let has = |wanted: &str| file.roles.iter().any(|role| role == wanted);
        let (verifying, following) = verifying(&file, l1.as_ref(), has)?;
        let is_batcher = has("batcher");
        let batching = match (is_batcher, &l1, &file.batcher) {
            (false, _, None) => None,
            (true, Some(l1), Some(typed)) => Some(batcher::validate(typed, l1)?),
            (true, None, _) => {
                bail!("roles has \"batcher\", but [l1] is not there: it says where to post")
            }
            (true, _, None) => {
                bail!("roles has \"batcher\", but [batcher] is not there: it names the keys")
            }
            (false, _, Some(_)) => bail!("[batcher] is there, but roles does not have \"batcher\""),
        };
        let relaying = relaying(&file, l1.as_ref(), has("relayer"))?;
        ensure!(
            verifying.is_some() || relaying.as_ref().is_none_or(|it| it.pool.is_none()),
            "[relayer.pool] is there, and roles has no \"verifier\": a pool pays before L1 does, and only a verifier knows what is safe"
        );
        if let (Some(signer), Some(batching)) = (&sequencer.signer, &batching) {
            signing::check(signer, batching.sequencer)?;
        }
        Ok(Self {
            sequencer,
            rpc,
            l1,
            batching,
            verifying,
            relaying,
            following,
        })
    }
}

fn check_roles(roles: &[String], allowed: &[&str]) -> Result<()> {
    ensure!(
        !roles.is_empty(),
        "roles is empty: it must list at least one of: {}",
        allowed.join(", ")
    );
    for (place, role) in roles.iter().enumerate() {
        ensure!(
            allowed.contains(&role.as_str()),
            "roles has {role:?}: allowed are: {}",
            allowed.join(", ")
        );
        ensure!(
            !roles.iter().take(place).any(|earlier| earlier == role),
            "roles has {role:?} twice"
        );
    }
    let has = |wanted: &str| roles.iter().any(|role| role == wanted);
    ensure!(
        has("sequencer") || has("verifier"),
        "roles has neither \"sequencer\" nor \"verifier\": a batcher and a relayer read the journal of one of them, so they run beside it"
    );
    ensure!(
        has("sequencer") || !has("batcher"),
        "roles has \"batcher\" and no \"sequencer\": it reads that one's journal, so it runs beside it"
    );
    Ok(())
}

/// How batches are verified, and whose blocks are followed for that.
fn verifying(
    file: &typed::File,
    l1: Option<&L1Config>,
    has: impl Fn(&str) -> bool,
) -> Result<(Option<VerifyingConfig>, Option<FollowingConfig>)> {
    if !has("verifier") {
        ensure!(
            file.verifier.is_none(),
            "[verifier] is there, but roles does not have \"verifier\""
        );
        return Ok((None, None));
    }
    let Some(l1) = l1 else {
        bail!("roles has \"verifier\", but [l1] is not there: it says what to verify");
    };
    let default = typed::Verifier::default();
    let typed = file.verifier.as_ref().unwrap_or(&default);
    let following = verifier::following(typed, has("sequencer"))?;
    ensure!(
        following.is_none() || file.signing.is_none(),
        "[signing] is there, but roles does not have \"sequencer\": who follows another one signs nothing"
    );
    Ok((Some(verifier::validate(typed, l1)?), following))
}

/// How withdrawals are claimed.
fn relaying(
    file: &typed::File,
    l1: Option<&L1Config>,
    is_relayer: bool,
) -> Result<Option<RelayingConfig>> {
    match (is_relayer, l1, &file.relayer) {
        (false, _, None) => Ok(None),
        (true, Some(l1), Some(typed)) => relayer::validate(typed, l1).map(Some),
        (true, None, _) => {
            bail!("roles has \"relayer\", but [l1] is not there: it says where to claim")
        }
        (true, _, None) => {
            bail!("roles has \"relayer\", but [relayer] is not there: it names the key")
        }
        (false, _, Some(_)) => bail!("[relayer] is there, but roles does not have \"relayer\""),
    }
}

/// The chain is either written down here, or the one of a deployment on L1.
fn chain(
    chain: Option<&typed::Chain>,
    on_l1: Option<&typed::L1>,
) -> Result<(Genesis, Option<L1Config>)> {
    match (chain, on_l1) {
        (Some(chain), None) => {
            let genesis = Genesis {
                chain_id: ranged("chain.id", chain.id, CHAIN_IDS)?,
                fee_account: account("chain.fee_account", &chain.fee_account)?,
            };
            Ok((genesis, None))
        }
        (None, Some(typed)) => {
            let l1 = l1::validate(typed)?;
            Ok((l1.genesis(), Some(l1)))
        }
        (Some(_), Some(_)) => bail!(
            "both [chain] and [l1] are there: leave [chain] out, as the deployment says which chain it is"
        ),
        (None, None) => bail!(
            "neither [l1] nor [chain] is there: one must say which chain this is; [chain] is for one without an L1"
        ),
    }
}

fn backlog(typed: &typed::Backlog) -> Result<BacklogConfig> {
    const BYTES: RangeInclusive<u64> = 1 << 10..=1 << 40;
    let default = BacklogConfig::default();
    let backlog = BacklogConfig {
        target_bytes: or_default(typed.target_bytes, default.target_bytes, |value| {
            ranged("backlog.target_bytes", value, BYTES)
        })?,
        limit_bytes: or_default(typed.limit_bytes, default.limit_bytes, |value| {
            ranged("backlog.limit_bytes", value, BYTES)
        })?,
        base_fee_max: or_default(typed.base_fee_max, default.base_fee_max, |value| {
            ranged("backlog.base_fee_max", value, 1..=1_000_000_000_000_000)
        })?,
    };
    ensure!(
        backlog.target_bytes < backlog.limit_bytes,
        "backlog.target_bytes = {} is not below backlog.limit_bytes = {}: it must be",
        backlog.target_bytes,
        backlog.limit_bytes,
    );
    Ok(backlog)
}

fn blocks(typed: &typed::Blocks) -> Result<BlockConfig> {
    let default = BlockConfig::default();
    let blocks = BlockConfig {
        interval_min: or_default(typed.interval_min_ms, default.interval_min, |value| {
            milliseconds("blocks.interval_min_ms", value, 1..=60_000)
        })?,
        interval_max: or_default(typed.interval_max_ms, default.interval_max, |value| {
            milliseconds("blocks.interval_max_ms", value, 1_000..=60_000)
        })?,
        transactions_max: or_default(typed.transactions_max, default.transactions_max, |value| {
            ranged("blocks.transactions_max", value, 1..=65_536)
        })?,
        base_fee_min: or_default(typed.base_fee_min, default.base_fee_min, |value| {
            ranged("blocks.base_fee_min", value, 1..=1_000_000_000_000)
        })?,
    };
    ensure!(
        blocks.interval_min <= blocks.interval_max,
        "blocks.interval_min_ms = {} is above blocks.interval_max_ms = {}: it must be at most that",
        blocks.interval_min.as_millis(),
        blocks.interval_max.as_millis(),
    );
    Ok(blocks)
}

fn queues(typed: &typed::Queues) -> Result<QueueConfig> {
    let default = QueueConfig::default();
    let queues = QueueConfig {
        lane_transactions_max: or_default(
            typed.lane_transactions_max,
            default.lane_transactions_max,
            |value| ranged("queues.lane_transactions_max", value, 1..=1_048_576),
        )?,
        held_max: or_default(typed.held_max, default.held_max, |value| {
            ranged("queues.held_max", value, 0..=1_048_576)
        })?,
        nonce_gap_max: or_default(typed.nonce_gap_max, default.nonce_gap_max, |value| {
            ranged("queues.nonce_gap_max", value, 0..=1_024)
        })?,
        held_for: or_default(typed.held_for_ms, default.held_for, |value| {
            milliseconds("queues.held_for_ms", value, 1_000..=600_000)
        })?,
    };
    ensure!(
        (queues.held_max == 0) == (queues.nonce_gap_max == 0),
        "queues.held_max = {} and queues.nonce_gap_max = {}: both are zero (nothing is held) or neither is",
        queues.held_max,
        queues.nonce_gap_max,
    );
    Ok(queues)
}

fn storage(typed: &typed::Storage) -> Result<StorageConfig> {
    const BYTES: RangeInclusive<u64> = 1 << 20..=1 << 40;
    let default = StorageConfig::default();
    Ok(StorageConfig {
        segment_bytes: or_default(typed.segment_bytes, default.segment_bytes, |value| {
            ranged("storage.segment_bytes", value, BYTES)
        })?,
        snapshot_every_bytes: or_default(
            typed.snapshot_every_bytes,
            default.snapshot_every_bytes,
            |value| ranged("storage.snapshot_every_bytes", value, BYTES),
        )?,
        past_bytes: or_default(typed.past_bytes, default.past_bytes, |value| {
            ranged("storage.past_bytes", value, 1 << 20..=1 << 40)
        })?,
    })
}

fn queries(typed: &typed::Rpc, default: QueryConfig) -> Result<QueryConfig> {
    Ok(QueryConfig {
        logs_max: or_default(typed.logs_max, default.logs_max, |value| {
            ranged("rpc.logs_max", value, 1..=1_000_000)
        })?,
        search_blocks_max: or_default(
            typed.search_blocks_max,
            default.search_blocks_max,
            |value| ranged("rpc.search_blocks_max", value, 1..=1_000_000_000),
        )?,
        search_time_max: or_default(typed.search_time_max_ms, default.search_time_max, |value| {
            milliseconds("rpc.search_time_max_ms", value, 1..=600_000)
        })?,
        filters_max: or_default(typed.filters_max, default.filters_max, |value| {
            ranged("rpc.filters_max", value, 0..=1_048_576)
        })?,
        messages_rate_max: or_default(
            typed.messages_rate_max,
            default.messages_rate_max,
            |value| ranged("rpc.messages_rate_max", value, 1..=10_000_000),
        )?,
        watched_accounts_max: or_default(
            typed.watched_accounts_max,
            default.watched_accounts_max,
            |value| ranged("rpc.watched_accounts_max", value, 0..=16_777_216),
        )?,
    })
}

fn rpc(typed: &typed::Rpc, block_transactions_max: usize) -> Result<RpcConfig> {
    let address = typed.address.as_deref().unwrap_or(RPC_ADDRESS);
    let default = RpcConfig::new(socket_address("rpc.address", address)?);
    let rpc = RpcConfig {
        addr: default.addr,
        connections_max: or_default(typed.connections_max, default.connections_max, |value| {
            ranged("rpc.connections_max", value, 1..=65_536)
        })?,
        request_bytes_max: or_default(
            typed.request_bytes_max,
            default.request_bytes_max,
            |value| ranged("rpc.request_bytes_max", value, REQUEST_BYTES),
        )?,
        response_bytes_max: or_default(
            typed.response_bytes_max,
            default.response_bytes_max,
            |value| ranged("rpc.response_bytes_max", value, RESPONSE_BYTES),
        )?,
        batch_calls_max: or_default(typed.batch_calls_max, default.batch_calls_max, |value| {
            ranged("rpc.batch_calls_max", value, 1..=100_000)
        })?,
        bulk_transactions_max: or_default(
            typed.bulk_transactions_max,
            default.bulk_transactions_max,
            |value| ranged("rpc.bulk_transactions_max", value, 1..=65_536),
        )?,
        subscriptions_max: or_default(
            typed.subscriptions_max,
            default.subscriptions_max,
            |value| ranged("rpc.subscriptions_max", value, 1..=65_536),
        )?,
        messages_buffered_max: or_default(
            typed.messages_buffered_max,
            default.messages_buffered_max,
            |value| ranged("rpc.messages_buffered_max", value, 1..=65_536),
        )?,
        idle_max: or_default(typed.idle_max_ms, default.idle_max, |value| {
            milliseconds("rpc.idle_max_ms", value, 1_000..=3_600_000)
        })?,
        stop_max: or_default(typed.stop_max_ms, default.stop_max, |value| {
            milliseconds("rpc.stop_max_ms", value, 100..=60_000)
        })?,
        sync_wait: or_default(typed.sync_wait_ms, default.sync_wait, |value| {
            milliseconds("rpc.sync_wait_ms", value, 1..=600_000)
        })?,
        sync_wait_max: or_default(typed.sync_wait_max_ms, default.sync_wait_max, |value| {
            milliseconds("rpc.sync_wait_max_ms", value, 1..=600_000)
        })?,
        block_transactions_max,
        queries: queries(typed, default.queries)?,
        calls: calls(typed, default.calls)?,
    };
    ensure!(
        rpc.sync_wait <= rpc.sync_wait_max,
        "rpc.sync_wait_ms = {} is above rpc.sync_wait_max_ms = {}: it must be at most that",
        rpc.sync_wait.as_millis(),
        rpc.sync_wait_max.as_millis(),
    );
    Ok(rpc)
}

fn calls(typed: &typed::Rpc, default: CallLimits) -> Result<CallLimits> {
    Ok(CallLimits {
        at_once: or_default(typed.calls_at_once, default.at_once, |value| {
            ranged("rpc.calls_at_once", value, 1..=1_024)
        })?,
        gas_max: or_default(typed.call_gas_max, default.gas_max, |value| {
            ranged("rpc.call_gas_max", value, 1_000_000..=1_000_000_000)
        })?,
        time_max: or_default(typed.call_time_max_ms, default.time_max, |value| {
            milliseconds("rpc.call_time_max_ms", value, 10..=60_000)
        })?,
        ..default
    })
}

pub(super) fn or_default<T>(
    typed: Option<i64>,
    default: T,
    check: impl FnOnce(i64) -> Result<T>,
) -> Result<T> {
    typed.map_or(Ok(default), check)
}

pub(super) fn ranged<T>(key: &str, value: i64, allowed: RangeInclusive<T>) -> Result<T>
where
    T: TryFrom<i64> + PartialOrd + Display,
{
    match T::try_from(value) {
        Ok(value) if allowed.contains(&value) => Ok(value),
        _ => bail!(
            "{key} = {value} is out of range: it must be {} to {}",
            allowed.start(),
            allowed.end()
        ),
    }
}

fn milliseconds(key: &str, value: i64, allowed: RangeInclusive<u64>) -> Result<Duration> {
    ranged(key, value, allowed).map(Duration::from_millis)
}

fn socket_address(key: &str, value: &str) -> Result<SocketAddr> {
    match value.parse() {
        Ok(address) => Ok(address),
        Err(_) => {
            bail!("{key} = {value:?} is no address: it must be IP:PORT, as in {RPC_ADDRESS:?}")
        }
    }
}

/// The account that fees go to.
pub(super) fn account(key: &str, value: &str) -> Result<Address> {
    let address = address::parse(value).map_err(|why| anyhow!("{key} = {value:?} {why}"))?;
    ensure!(
        !address.is_zero(),
        "{key} = {value:?} is the zero address: fees would be lost there"
    );
    Ok(address)
}

#[cfg(test)]
mod tests;
