//! The shape of the file: which keys there are, and whether each is a number, a text or a list. A key that is
//! not here is refused, so that a misspelt one is not silently a default.
//!
//! Numbers are `i64`, as TOML has them, so that a negative one is refused by the check that knows the
//! range and can name it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) roles: Vec<String>,
    pub(super) dir: String,
    pub(super) chain: Option<Chain>,
    pub(super) l1: Option<L1>,
    pub(super) batcher: Option<Batcher>,
    pub(super) signing: Option<Signing>,
    pub(super) verifier: Option<Verifier>,
    pub(super) relayer: Option<Relayer>,
    #[serde(default)]
    pub(super) rpc: Rpc,
    #[serde(default)]
    pub(super) blocks: Blocks,
    #[serde(default)]
    pub(super) queues: Queues,
    #[serde(default)]
    pub(super) backlog: Backlog,
    #[serde(default)]
    pub(super) storage: Storage,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chain {
    pub(super) id: i64,
    pub(super) fee_account: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct L1 {
    pub(super) urls: Vec<String>,
    pub(super) deployment: String,
    /// A word or a number.
    pub(super) finality: Option<toml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signing {
    pub(super) key_file: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verifier {
    pub(super) key_file: Option<String>,
    pub(super) beacon_urls: Option<Vec<String>>,
    pub(super) sequencer_url: Option<String>,
    pub(super) sequencer: Option<String>,
    #[serde(default)]
    pub(super) guard: Vec<String>,
    pub(super) guard_patience_s: Option<i64>,
    pub(super) max_fee_gwei: Option<i64>,
    pub(super) max_priority_fee_gwei: Option<i64>,
    pub(super) confirmations: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Relayer {
    pub(super) key_file: String,
    pub(super) pool: Option<Pool>,
    pub(super) service_level_s: Option<i64>,
    pub(super) first_percent: Option<i64>,
    pub(super) last_percent: Option<i64>,
    pub(super) claims_max: Option<i64>,
    pub(super) max_fee_gwei: Option<i64>,
    pub(super) max_priority_fee_gwei: Option<i64>,
    pub(super) confirmations: Option<i64>,
}

/// Amounts are texts, as 1.5: a number would lose digits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pool {
    pub(super) hot_key_file: String,
    pub(super) cold: Option<String>,
    pub(super) cold_key_file: Option<String>,
    pub(super) confirmations: Option<i64>,
    pub(super) fee_ceiling_gwei: Option<i64>,
    pub(super) operating_low: Option<String>,
    pub(super) operating_target: Option<String>,
    /// By `ETH`, or a token's address on L1.
    #[serde(default)]
    pub(super) assets: BTreeMap<String, PoolAsset>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoolAsset {
    pub(super) decimals: Option<i64>,
    pub(super) low: String,
    pub(super) target: String,
    pub(super) high: String,
    pub(super) urgent: Option<String>,
    pub(super) minimum: Option<String>,
    pub(super) move_max: Option<String>,
    pub(super) day_max: Option<String>,
    pub(super) fast: Option<Fast>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fast {
    pub(super) share_bps: i64,
    pub(super) flat: Option<String>,
    pub(super) each_max: String,
    pub(super) outstanding_max: String,
    pub(super) daily_max: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batcher {
    pub(super) blob_key_file: String,
    pub(super) calldata_key_file: String,
    pub(super) sequencer: Option<String>,
    pub(super) max_batch_age_s: Option<i64>,
    pub(super) heartbeat_s: Option<i64>,
    pub(super) target_blobs: Option<i64>,
    pub(super) post_as: Option<String>,
    pub(super) max_fee_gwei: Option<i64>,
    pub(super) max_priority_fee_gwei: Option<i64>,
    pub(super) max_blob_fee_gwei: Option<i64>,
    pub(super) confirmations: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rpc {
    pub(super) address: Option<String>,
    pub(super) connections_max: Option<i64>,
    pub(super) request_bytes_max: Option<i64>,
    pub(super) response_bytes_max: Option<i64>,
    pub(super) batch_calls_max: Option<i64>,
    pub(super) bulk_transactions_max: Option<i64>,
    pub(super) subscriptions_max: Option<i64>,
    pub(super) messages_buffered_max: Option<i64>,
    pub(super) logs_max: Option<i64>,
    pub(super) search_blocks_max: Option<i64>,
    pub(super) search_time_max_ms: Option<i64>,
    pub(super) filters_max: Option<i64>,
    pub(super) messages_rate_max: Option<i64>,
    pub(super) watched_accounts_max: Option<i64>,
    pub(super) idle_max_ms: Option<i64>,
    pub(super) stop_max_ms: Option<i64>,
    pub(super) sync_wait_ms: Option<i64>,
    pub(super) sync_wait_max_ms: Option<i64>,
    pub(super) calls_at_once: Option<i64>,
    pub(super) call_gas_max: Option<i64>,
    pub(super) call_time_max_ms: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Blocks {
    pub(super) interval_min_ms: Option<i64>,
    pub(super) interval_max_ms: Option<i64>,
    pub(super) transactions_max: Option<i64>,
    pub(super) base_fee_min: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Queues {
    pub(super) lane_transactions_max: Option<i64>,
    pub(super) held_max: Option<i64>,
    pub(super) nonce_gap_max: Option<i64>,
    pub(super) held_for_ms: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backlog {
    pub(super) target_bytes: Option<i64>,
    pub(super) limit_bytes: Option<i64>,
    pub(super) base_fee_max: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Storage {
    pub(super) segment_bytes: Option<i64>,
    pub(super) snapshot_every_bytes: Option<i64>,
    pub(super) past_bytes: Option<i64>,
}
