//! What a devnet is started with. Every limit of the crate is named here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy_eips::eip7840::BlobParams;
use alloy_primitives::{Address, U256};

use crate::clock::{Clock, SystemClock};

/// The chain's parameters, and how it is run. `Config::default()` is a chain in memory that mines only
/// on demand; the fields say how to make it another.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the chain itself is made of. A directory holds one such chain, for good.
    pub chain: ChainConfig,
    /// The time between blocks. `None`: blocks are mined by the controls alone.
    pub block_time: Option<Duration>,
    /// Where the chain is kept. `None`: in memory, gone with the process.
    pub dir: Option<PathBuf>,
    /// Whether the methods under `devnet_` are served. The Rust API is there anyway.
    pub controls: bool,
    /// Whether the KZG set-up is loaded by a thread of its own from the start. When not, the first
    /// transaction that needs it loads it. Either takes 2 to 3.5 s, and 100 MB.
    pub preload_kzg: bool,
    /// What a client may make the servers hold.
    pub server: ServerLimits,
    /// Tells the time, and waits when a fault is a delay.
    pub clock: Arc<dyn Clock>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            chain: ChainConfig::default(),
            block_time: None,
            dir: None,
            controls: false,
            preload_kzg: true,
            server: ServerLimits::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// The chain's parameters.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// EIP-155's.
    pub chain_id: u64,
    /// Unix seconds of the genesis block. `None`: that of the directory, or the time of the start.
    pub genesis_timestamp: Option<u64>,
    /// Seconds of a beacon slot, at least 1. Each block has a slot of its own.
    pub seconds_per_slot: u64,
    /// Accounts and their balances in wei, in the genesis block.
    pub funded: Vec<(Address, U256)>,
    /// Gas of a block.
    pub gas_limit: u64,
    /// Wei per gas of the genesis block.
    pub base_fee: u64,
    /// Who gets the tips.
    pub fee_recipient: Address,
    /// Blobs of a block: target, maximum, how fast their fee moves, maximum of a transaction.
    pub blobs: BlobParams,
    /// Blocks that `safe` is behind `latest`.
    pub safe_depth: u64,
    /// Blocks that `finalized` is behind `latest`.
    pub finalized_depth: u64,
    /// Wei per gas that `eth_maxPriorityFeePerGas` answers.
    pub suggested_tip: u64,
    /// What is remembered of the past.
    pub history: HistoryLimits,
    /// What the mempool takes.
    pub pool: PoolLimits,
    /// What a call may use.
    pub calls: CallLimits,
}

impl Default for ChainConfig {
    /// Mainnet's rules after Osaka's second change of blob parameters, 14 blobs a block and at most 21.
    fn default() -> Self {
        Self {
            chain_id: 31_337,
            genesis_timestamp: None,
            seconds_per_slot: 1,
            funded: Vec::new(),
            gas_limit: 60_000_000,
            base_fee: 1_000_000_000,
            fee_recipient: Address::repeat_byte(0xfe),
            blobs: BlobParams::bpo2(),
            safe_depth: 32,
            finalized_depth: 64,
            suggested_tip: 1_000_000_000,
            history: HistoryLimits::default(),
            pool: PoolLimits::default(),
            calls: CallLimits::default(),
        }
    }
}

/// What is remembered of the past. Whatever is older is answered with an error that says so.
#[derive(Clone, Copy, Debug)]
pub struct HistoryLimits {
    /// Blocks whose state can be asked for, and that a reorg can undo.
    pub states: usize,
    /// Bytes of blocks with their transactions and receipts, an estimate of what they take in memory.
    /// The blocks whose states are kept stay, whatever they take.
    pub block_bytes: usize,
    /// Blocks whose blobs are kept, on disk if there is a directory.
    pub blob_blocks: u64,
    /// Bytes of blobs in memory.
    pub blob_bytes: usize,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self {
            states: 512,
            block_bytes: 1 << 30,
            blob_blocks: 4_096,
            blob_bytes: 512 << 20,
        }
    }
}

/// What the mempool takes.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Transactions in all.
    pub transactions: usize,
    /// Bytes of them in all, blobs included.
    pub bytes: usize,
    /// Ordinary transactions of an account.
    pub account_transactions: usize,
    /// Blob transactions of an account.
    pub account_blob_transactions: usize,
    /// The lowest tip, in wei per gas.
    pub min_tip: u128,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            transactions: 8_192,
            bytes: 512 << 20,
            account_transactions: 1_024,
            account_blob_transactions: 16,
            min_tip: 1,
        }
    }
}

/// What a call may use.
#[derive(Clone, Copy, Debug)]
pub struct CallLimits {
    /// Gas of an `eth_call`.
    pub gas: u64,
    /// Blocks that one `eth_getLogs` may span.
    pub log_blocks: u64,
    /// Logs that it may answer.
    pub logs: usize,
    /// Blocks of an `eth_feeHistory`.
    pub fee_history_blocks: u64,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            gas: 50_000_000,
            log_blocks: 10_000,
            logs: 10_000,
            fee_history_blocks: 1_024,
        }
    }
}

/// What a client may make the servers hold. All limits are per connection unless they say otherwise.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Connections in all. Those beyond wait in the listener's queue.
    pub connections: u32,
    /// Bytes of a request's body, or of a WebSocket message. A transaction with six blobs takes 1.7 MB.
    pub request_bytes: u32,
    /// Bytes of a response's body.
    pub response_bytes: u32,
    /// Calls in a batch.
    pub batch_calls: u32,
    /// Subscriptions of a WebSocket connection.
    pub subscriptions: u32,
    /// Messages that wait until a WebSocket client reads them. A subscription that finds no room ends.
    pub messages_buffered: u32,
    /// How long a connection may take to send the head of its next request.
    pub idle: Duration,
    /// How long open requests may take to finish once the server stops.
    pub stop: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 256,
            request_bytes: 8 << 20,
            response_bytes: 32 << 20,
            batch_calls: 1_000,
            subscriptions: 64,
            messages_buffered: 256,
            idle: Duration::from_secs(120),
            stop: Duration::from_secs(5),
        }
    }
}
