//! `eth_subscribe` to `newHeads` and `logs`.
//!
//! Each subscription has a bounded number of messages on the way. One that reads too slowly loses its
//! subscription, and nothing without knowing. A reorg sends the logs of dropped blocks again, as removed.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alloy_rpc_types_eth::Filter;
use jsonrpsee::RpcModule;
use jsonrpsee::core::server::{PendingSubscriptionSink, TrySendError};
use jsonrpsee::core::{JsonRawValue, RegisterMethodError, SubscriptionError, to_json_raw_value};
use jsonrpsee::server::IdProvider;
use jsonrpsee::types::{ErrorObjectOwned, Params, SubscriptionId};
use tokio::select;
use tokio::sync::broadcast::error::RecvError;

use crate::node::{Event, Node};
use crate::rpc::{self, CallArguments};

/// Registers `eth_subscribe` and `eth_unsubscribe`.
pub(super) fn register(module: &mut RpcModule<Arc<Node>>) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending, node, _| async move { subscribe(&params, pending, &node).await },
    )?;
    Ok(())
}

/// What a subscription is to.
#[derive(Debug)]
enum Subject {
    Heads,
    Logs(Box<Filter>),
}

impl Subject {
    fn of(params: &Params<'_>) -> Result<Self, ErrorObjectOwned> {
        let mut arguments = CallArguments::of(params.as_str())?;
        match arguments.required::<String>("kind")?.as_str() {
            "newHeads" => Ok(Self::Heads),
            "logs" => {
                let filter = arguments.optional::<Filter>("filter")?.unwrap_or_default();
                rpc::check_filter(&filter)?;
                Ok(Self::Logs(Box::new(filter)))
            }
            _ => Err(rpc::no_such_subscription()),
        }
    }

    /// What an event says to a subscriber.
    fn messages(&self, event: &Event) -> Result<Vec<Box<JsonRawValue>>, serde_json::Error> {
        match (self, event) {
            (Self::Heads, Event::Added(block)) => {
                Ok(vec![to_json_raw_value(&rpc::header_shape(block))?])
            }
            (Self::Heads, Event::Dropped(_)) => Ok(Vec::new()),
            (Self::Logs(filter), Event::Added(block)) => {
                let logs = rpc::matching_logs(block, filter);
                logs.iter().map(to_json_raw_value).collect()
            }
            (Self::Logs(filter), Event::Dropped(block)) => {
                let mut logs = rpc::matching_logs(block, filter);
                logs.reverse();
                let removed = logs.iter_mut().map(|log| {
                    log.removed = true;
                    &*log
                });
                removed.map(to_json_raw_value).collect()
            }
        }
    }
}

async fn subscribe(
    params: &Params<'static>,
    pending: PendingSubscriptionSink,
    node: &Node,
) -> Result<(), SubscriptionError> {
    let subject = match Subject::of(params) {
        Ok(subject) => subject,
        Err(refusal) => {
            pending.reject(refusal).await;
            return Ok(());
        }
    };
    let mut events = node.events();
    // The client has gone: nobody is left to tell.
    let Ok(mut sink) = pending.accept().await else {
        return Ok(());
    };
    loop {
        let event = select! {
            () = sink.closed() => return Ok(()),
            event = events.recv() => event,
        };
        let event = match event {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => return Err(too_slow()),
            Err(RecvError::Closed) => return Ok(()),
        };
        for message in subject.messages(&event)? {
            match sink.try_send(message) {
                Ok(()) => {}
                Err(TrySendError::Closed(_)) => return Ok(()),
                Err(TrySendError::Full(_)) => return Err(too_slow()),
            }
        }
    }
}

fn too_slow() -> SubscriptionError {
    "messages were read too slowly: the subscription has ended, subscribe again".into()
}

/// Ids of subscriptions as hex strings, which is what wallet libraries look for. They belong to a
/// connection, so they need not be secret; a random part keeps those of one run apart from those of another.
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
