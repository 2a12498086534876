//! JSON-RPC over HTTP and WebSocket on one port: what wallets and their libraries call, and the
//! methods of this chain. `docs/rpc.md` lists them for clients.
//!
//! This is an edge: it reads arguments, asks [`Submitter`] and [`View`], and puts what they say into
//! the words of Ethereum. It holds no state of its own but subscriptions, and everything that a client
//! can make it hold is bounded by [`RpcConfig`].

mod accounts;
mod arguments;
mod block_methods;
pub mod bridge;
mod call;
mod discovery;
mod dispatch;
mod error;
mod estimate;
mod ethereum;
mod feed;
mod fees;
mod finality;
mod history;
mod info;
mod logs;
mod openrpc;
mod oversized;
mod rolling_back;
mod sending;
mod server;
mod stalling;
mod subscriptions;
mod watching;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jsonrpsee::Methods;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::server::StopHandle;
use spillway_protocol::gas::{Kind, gas};
use spillway_protocol::limits::PAYEES_MAX;

use crate::call::{CallLimits, Pool};
use crate::submission::Submitter;
use crate::view::View;

use logs::filters::Filters;
use logs::query::{SearchLimits, Searches};
use openrpc::Registrar;
use subscriptions::Subscriptions;
use watching::Watching;

pub use rolling_back::RollingBack;
pub use server::{Listener, RpcServer, serve, serve_closed};

/// How JSON-RPC is served. All limits are per connection unless they say otherwise.
#[derive(Clone, Copy, Debug)]
pub struct RpcConfig {
    /// Where to listen. Port 0 takes a free one.
    pub addr: SocketAddr,
    /// Connections in all; half-way through WebSocket's handshake one may count twice. Those beyond
    /// wait in the listener's queue.
    pub connections_max: u32,
    /// Bytes of a request's body, or of a WebSocket message.
    pub request_bytes_max: u32,
    /// Bytes of a response's body.
    pub response_bytes_max: u32,
    /// Calls in a batch.
    pub batch_calls_max: u32,
    /// Transactions in one `spillway_sendRawTransactions`.
    pub bulk_transactions_max: usize,
    /// Subscriptions of a WebSocket connection.
    pub subscriptions_max: u32,
    /// Messages that wait until a WebSocket client reads them. A subscription that finds no room ends.
    pub messages_buffered_max: u32,
    /// How long a connection may take to send the head of its next request, how long its body, and how long it may take nothing of
    /// what it is sent.
    pub idle_max: Duration,
    /// How long open requests may take to finish once the server stops.
    pub stop_max: Duration,
    /// How long `eth_sendRawTransactionSync` waits when the client does not say.
    pub sync_wait: Duration,
    /// How long it waits at most, whatever the client says.
    pub sync_wait_max: Duration,
    /// Transactions in a block at most: [`crate::config::BlockConfig::transactions_max`], which the
    /// gas limit of blocks and their fill follow from.
    pub block_transactions_max: usize,
    /// What searches, filters and subscriptions of all clients may cost.
    pub queries: QueryConfig,
    /// What `eth_call` may take. These are for the whole node.
    pub calls: CallLimits,
}

/// What searches, filters and subscriptions may cost.
#[derive(Clone, Copy, Debug)]
pub struct QueryConfig {
    /// Logs that one search answers.
    pub logs_max: usize,
    /// Blocks that one search reads; an index passes over those that cannot have what is searched for.
    pub search_blocks_max: u64,
    /// How long one search may take.
    pub search_time_max: Duration,
    /// Filters of all clients together.
    pub filters_max: usize,
    /// Messages a second to all subscribers together; as many accounts a second to all who follow some.
    pub messages_rate_max: u32,
    /// Accounts that are followed for all clients together; what two follow counts twice.
    pub watched_accounts_max: usize,
}

impl RpcConfig {
    /// The defaults at an address.
    #[must_use]
    pub fn new(addr: SocketAddr) -> Self {
        Self {
            addr,
            connections_max: 1_024,
            request_bytes_max: 2 << 20,
            response_bytes_max: 16 << 20,
            batch_calls_max: 1_000,
            bulk_transactions_max: 4_096,
            subscriptions_max: 64,
            messages_buffered_max: 256,
            idle_max: Duration::from_secs(120),
            stop_max: Duration::from_secs(5),
            sync_wait: Duration::from_secs(2),
            sync_wait_max: Duration::from_secs(60),
            block_transactions_max: 16_384,
            queries: QueryConfig {
                logs_max: 10_000,
                search_blocks_max: 10_000,
                search_time_max: Duration::from_secs(5),
                filters_max: 1_024,
                messages_rate_max: 20_000,
                watched_accounts_max: 65_536,
            },
            calls: CallLimits::default(),
        }
    }
}

/// What the methods share.
#[derive(Debug)]
struct Rpc {
    submitter: Submitter,
    view: View,
    config: RpcConfig,
    subscriptions: Subscriptions,
    filters: Filters,
    searches: Searches,
    watching: Watching,
    /// None without a relayer.
    bridge: Option<Arc<dyn bridge::Bridge>>,
    calls: Pool,
}

impl Rpc {
    /// Over a chain, until the server stops.
    ///
    /// # Errors
    /// When no thread can be started.
    fn new(
        submitter: Submitter,
        view: View,
        config: RpcConfig,
        bridge: Option<Arc<dyn bridge::Bridge>>,
        stop: StopHandle,
    ) -> io::Result<Self> {
        let chain = ethereum::Chain::of(&view, &config);
        let rate = config.queries.messages_rate_max;
        let gas_limit = gas_limit(config.block_transactions_max);
        let searches = Searches::new();
        let watching = Watching::start(
            view.clone(),
            searches.clone(),
            &config.queries,
            stop.clone(),
        );
        Ok(Self {
            calls: Pool::start(&view, config.calls, gas_limit)?,
            subscriptions: Subscriptions::start(view.clone(), chain, rate, stop),
            filters: Filters::new(config.queries.filters_max),
            searches,
            watching,
            submitter,
            view,
            config,
            bridge,
        })
    }

    const fn limits(&self) -> SearchLimits {
        SearchLimits {
            results: self.config.queries.logs_max,
            blocks: self.config.queries.search_blocks_max,
            time: self.config.queries.search_time_max,
        }
    }

    fn chain(&self) -> ethereum::Chain {
        ethereum::Chain::of(&self.view, &self.config)
    }
}

/// The gas limit that blocks show: what a block full of the dearest transactions uses. Gas is a price
/// list here, and blocks are bounded by their number of transactions.
const fn gas_limit(block_transactions_max: usize) -> u64 {
    gas(Kind::Payout {
        recipients: PAYEES_MAX,
    })
    .saturating_mul(block_transactions_max as u64)
}

/// The methods, without and with subscriptions.
///
/// # Errors
/// When a method is registered twice, or what is served cannot be told.
fn methods(rpc: Rpc) -> io::Result<(Methods, Methods)> {
    let rpc = Arc::new(rpc);
    let (mut calls, mut subscriptions) = (Registrar::new(&rpc), Registrar::new(&rpc));
    register(&rpc, &mut calls, &mut subscriptions).map_err(io::Error::other)?;
    discovery::register(&mut calls, &subscriptions)?;
    let calls = Methods::from(calls.into_module());
    let mut all = subscriptions.into_module();
    all.merge(calls.clone()).map_err(io::Error::other)?;
    Ok((calls, all.into()))
}

/// Registers all methods but those that tell of the others.
fn register(
    rpc: &Rpc,
    calls: &mut Registrar,
    subscriptions: &mut Registrar,
) -> Result<(), RegisterMethodError> {
    info::register(calls)?;
    accounts::register(calls)?;
    block_methods::register(calls)?;
    if let Some(bridge) = &rpc.bridge {
        bridge::register(calls, bridge)?;
    }
    call::register(calls)?;
    feed::register(calls)?;
    fees::register(calls)?;
    finality::register(calls)?;
    estimate::register(calls)?;
    history::register(calls)?;
    logs::register(calls)?;
    sending::register(calls)?;
    subscriptions::register(subscriptions)?;
    watching::register(subscriptions)
}

#[cfg(test)]
mod tests {
    mod calls;
    mod l1_progress;
    mod logs;
    mod node;
    mod past;
    mod replica;
    mod stalling;
    mod watching;
    pub(super) mod world;

    use super::*;

    #[test]
    fn the_gas_limit_holds_any_block_and_fits_a_javascript_number() {
        let limit = gas_limit(RpcConfig::new(([127, 0, 0, 1], 0).into()).block_transactions_max);
        assert_eq!(limit, 16_384 * 789_000);
        assert!(limit < 1 << 53);
    }
}
