//! `eth_subscribe` to `newHeads`: every durable block, in order, empty ones included.
//!
//! One task puts each header into JSON once, for all subscribers. Each of them has a bounded number of
//! messages on the way; one that reads too slowly is told so and loses its subscription, and never
//! a header without knowing.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use jsonrpsee::RpcModule;
use jsonrpsee::core::server::{PendingSubscriptionSink, SubscriptionMessage, TrySendError};
use jsonrpsee::core::{RegisterMethodError, SubscriptionError, to_json_raw_value};
use jsonrpsee::server::{IdProvider, StopHandle};
use jsonrpsee::types::{Params, SubscriptionId};
use tokio::select;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::arguments::Arguments;
use super::ethereum::Chain;
use super::{Rpc, error};
use crate::view::View;

/// Headers that a subscriber's task may be behind.
const HEADERS_BUFFERED: usize = 256;

/// Registers `eth_subscribe` and `eth_unsubscribe`.
pub(super) fn register(module: &mut RpcModule<Rpc>) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending, rpc, _| async move { subscribe(&params, pending, &rpc.heads).await },
    )?;
    Ok(())
}

async fn subscribe(
    params: &Params<'static>,
    pending: PendingSubscriptionSink,
    heads: &Heads,
) -> Result<(), SubscriptionError> {
    let kind = Arguments::of(params).and_then(|mut arguments| arguments.required::<String>("kind"));
    let refusal = match kind.as_deref() {
        Ok("newHeads") => None,
        Ok(_) => Some(error::invalid_params(
            "no such subscription: newHeads is served".to_owned(),
        )),
        Err(refusal) => Some(refusal.clone()),
    };
    if let Some(refusal) = refusal {
        pending.reject(refusal).await;
        return Ok(());
    }
    let mut headers = heads.headers.subscribe();
    // The client has gone: nobody is left to tell.
    let Ok(mut sink) = pending.accept().await else {
        return Ok(());
    };
    loop {
        let header = select! {
            () = sink.closed() => return Ok(()),
            header = headers.recv() => header,
        };
        match header {
            Ok(header) => match sink.try_send(header) {
                Ok(()) => {}
                Err(TrySendError::Closed(_)) => return Ok(()),
                Err(TrySendError::Full(_)) => return Err(too_slow()),
            },
            Err(RecvError::Lagged(_)) => return Err(too_slow()),
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

fn too_slow() -> SubscriptionError {
    "headers were read too slowly: the subscription has ended, subscribe again".into()
}

/// The headers of durable blocks, as they come.
#[derive(Clone, Debug)]
pub(super) struct Heads {
    headers: broadcast::Sender<SubscriptionMessage>,
}

impl Heads {
    /// Starts the task that follows the durable blocks until the server stops.
    pub(super) fn start(view: View, chain: Chain, stop: StopHandle) -> Self {
        let heads = Self {
            headers: broadcast::Sender::new(HEADERS_BUFFERED),
        };
        let follower = heads.clone();
        tokio::spawn(async move {
            select! {
                () = stop.shutdown() => {}
                () = follower.follow(view, chain) => {}
            }
        });
        heads
    }

    async fn follow(self, view: View, chain: Chain) {
        let mut newest = view.newest();
        let mut sent = *newest.borrow_and_update();
        while newest.changed().await.is_ok() {
            let last = *newest.borrow_and_update();
            if self.headers.receiver_count() > 0 {
                let (heads, view) = (self.clone(), view.clone());
                let send = move || heads.send(&view, chain, sent + 1, last);
                if tokio::task::spawn_blocking(send).await.is_err() {
                    return;
                }
            }
            sent = last;
        }
    }

    /// Sends the headers of those blocks. When one cannot be read, it and the rest are left out, and
    /// the log says so.
    fn send(&self, view: &View, chain: Chain, first: u64, last: u64) {
        for number in first..=last {
            let header = match view.block(number) {
                Ok(Some(block)) => chain.header(&block).map_err(|reason| {
                    error::internal("showing a block", &reason);
                }),
                Ok(None) => return,
                Err(reason) => {
                    error::internal("reading a block", &reason);
                    return;
                }
            };
            let Ok(json) = header.and_then(|header| to_json_raw_value(&header).map_err(drop))
            else {
                return;
            };
            // No subscriber is no error.
            let _ = self.headers.send(json.into());
        }
    }
}

/// Ids of subscriptions as hex strings, which is what wallet libraries look for. They belong to a
/// connection, so they need not be secret; a random part keeps those of one run apart from those of
/// another.
#[derive(Debug)]
pub(super) struct HexIds {
    run: u64,
    next: AtomicU64,
}

impl Default for HexIds {
    fn default() -> Self {
        Self {
            run: RandomState::new().hash_one(()),
            next: AtomicU64::new(1),
        }
    }
}

impl IdProvider for HexIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        SubscriptionId::Str(format!("0x{:016x}{id:016x}", self.run).into())
    }
}
