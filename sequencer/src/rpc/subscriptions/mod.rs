//! `eth_subscribe`: headers, logs and transactions of durable blocks, as they come.
//!
//! One task reads each new block, puts what is wanted of it into JSON once, and hands it to the subscribers; those of logs are
//! found by what they ask for, so that thousands who wait for payments of their own cost nothing while others are paid. Each
//! subscriber has a bounded number of messages on the way; one that reads too slowly is told so and loses its
//! subscription, and never a message without knowing.
//!
//! The task hands out a bounded number of messages a second, so that it leaves the machine to those who send transactions. If it
//! falls too far behind the chain by that, those subscriptions end that want something of every block.

mod ids;
mod registry;

use std::sync::Arc;
use std::time::Duration;

use jsonrpsee::core::server::{
    PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink, TrySendError,
};
use jsonrpsee::core::{RegisterMethodError, RpcResult, SubscriptionError, to_json_raw_value};
use jsonrpsee::server::StopHandle;
use jsonrpsee::types::Params;
use serde::Serialize;
use serde_json::json;
use tokio::select;
use tokio::sync::{Mutex, oneshot};

use super::arguments::Arguments;
use super::block_methods::read_failed;
use super::error;
use super::ethereum::{BrokenBlock, Chain, block_log};
use super::logs::criteria::{Blocks, Criteria, LogFilter};
use super::openrpc::{Failure, Notification, Registrar, describe};
use crate::block::Block;
use crate::view::View;

pub(super) use ids::HexIds;
use registry::{Registry, Topic};

/// Blocks that the task may be behind the newest one.
const BLOCKS_BEHIND_MAX: u64 = 256;
/// Messages for a subscriber whose subscription has not been answered yet.
const EARLY_MAX: usize = 256;

const TOO_SLOW: &str = "messages were read too slowly: the subscription has ended, subscribe again";
const TOO_MANY: &str = "the node has more subscriptions than it can serve: the subscription has ended, subscribe to certain logs or poll";

/// Registers `eth_subscribe` and `eth_unsubscribe`.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    let kinds = json!({ "enum": ["newHeads", "logs", "newPendingTransactions"] });
    let options = json!({ "anyOf": [
        { "type": "boolean" },
        { "$ref": "#/components/schemas/LogFilter" },
    ] });
    let subscribe = describe(
        "eth_subscribe",
        "Sends what is new as it becomes durable, over WebSocket.",
    )
    .details(
        "The options of `logs` are a filter without blocks; those of \
         `newPendingTransactions` are true for whole transactions instead of \
         their hashes.",
    )
    .required("kind", kinds)
    .optional("options", options)
    .fails(&[Failure::TooManySubscriptions])
    .result("subscription id", "Quantity");
    let notification = Notification {
        method: "eth_subscription",
        result: "SubscriptionEvent".into(),
    };
    module.subscription(
        subscribe,
        notification,
        "eth_unsubscribe",
        |params, pending, rpc, _| async move { rpc.subscriptions.subscribe(&params, pending).await },
    )
}

/// The subscriptions of a node.
#[derive(Clone, Debug)]
pub(super) struct Subscriptions {
    view: View,
    chain: Chain,
    registry: Arc<Mutex<Registry<Held>>>,
}

/// How a subscriber is reached.
#[derive(Debug)]
struct Held {
    /// The first block that it gets something of.
    from: u64,
    /// None while the subscription is being answered.
    sink: Option<SubscriptionSink>,
    early: Vec<SubscriptionMessage>,
    /// Takes the reason for which the subscription ends.
    end: oneshot::Sender<&'static str>,
}

impl Subscriptions {
    /// Starts the task that follows the durable blocks until the server stops, with at most so many messages a second.
    pub(super) fn start(
        view: View,
        chain: Chain,
        messages_rate_max: u32,
        stop: StopHandle,
    ) -> Self {
        let subscriptions = Self {
            view,
            chain,
            registry: Arc::default(),
        };
        let follower = subscriptions.clone();
        let pause = Duration::from_secs(1) / messages_rate_max.max(1);
        tokio::spawn(async move {
            select! {
                () = stop.shutdown() => {}
                () = follower.follow(pause) => {}
            }
        });
        subscriptions
    }

    async fn subscribe(
        &self,
        params: &Params<'static>,
        pending: PendingSubscriptionSink,
    ) -> Result<(), SubscriptionError> {
        let topic = match topic(params) {
            Ok(topic) => topic,
            Err(refusal) => {
                pending.reject(refusal).await;
                return Ok(());
            }
        };
        let (end, ended) = oneshot::channel();
        let held = Held {
            from: self.view.block_number() + 1,
            sink: None,
            early: Vec::new(),
            end,
        };
        // Before the client has its answer, so that it misses nothing that comes after it.
        let id = self.registry.lock().await.add(topic, held);
        // The client has gone: nobody is left to tell.
        let Ok(sink) = pending.accept().await else {
            self.registry.lock().await.remove(id);
            return Ok(());
        };
        self.answered(id, sink.clone()).await;
        select! {
            () = sink.closed() => {
                self.registry.lock().await.remove(id);
                Ok(())
            }
            reason = ended => reason.map_or(Ok(()), |reason| Err(reason.into())),
        }
    }

    /// Hands over what came while the subscription was being answered, and lets the rest come.
    async fn answered(&self, id: u64, sink: SubscriptionSink) {
        let mut registry = self.registry.lock().await;
        let Some(subscriber) = registry.get_mut(id) else {
            return;
        };
        let held = &mut subscriber.held;
        held.sink = Some(sink);
        let early = std::mem::take(&mut held.early);
        let failed = early
            .into_iter()
            .find_map(|message| held.send(message).err());
        if let Some(reason) = failed {
            end(&mut registry, id, reason);
        }
    }

    /// Hands out block after block. `pause` is the time that a message is worth.
    async fn follow(self, pause: Duration) {
        let mut newest = self.view.newest();
        let mut sent = *newest.borrow_and_update();
        while newest.changed().await.is_ok() {
            while sent < *newest.borrow_and_update() {
                let last = *newest.borrow();
                let mut registry = self.registry.lock().await;
                if registry.is_empty() {
                    sent = last;
                    continue;
                }
                if last - sent > BLOCKS_BEHIND_MAX {
                    end_the_greedy(&mut registry);
                }
                drop(registry);
                sent += 1;
                let (this, number) = (self.clone(), sent);
                let Ok(messages) = tokio::task::spawn_blocking(move || this.hand_out(number)).await
                else {
                    return;
                };
                if messages > 0 {
                    tokio::time::sleep(pause * messages).await;
                }
            }
        }
    }

    /// Hands out one block, and answers how many messages that were. When the block cannot be read, it is left out, and
    /// the log says so.
    fn hand_out(&self, number: u64) -> u32 {
        let block = match self.view.block(number) {
            Ok(Some(block)) => block,
            Ok(None) => return 0,
            Err(reason) => {
                read_failed(&reason);
                return 0;
            }
        };
        let mut registry = self.registry.blocking_lock();
        let mut messages = Messages {
            chain: &self.chain,
            block: &block,
            head: None,
            hashes: None,
            transactions: None,
        };
        let mut out = HandOut::default();
        for (id, subscriber) in registry.iter_mut() {
            if let Some(wanted) = messages.of(&subscriber.topic) {
                out.send(id, &mut subscriber.held, number, wanted);
            }
        }
        if registry.wants_logs() {
            self.hand_out_logs(&block, &mut registry, &mut out);
        }
        for (id, reason) in out.failed {
            end(&mut registry, id, reason);
        }
        out.messages
    }

    fn hand_out_logs(&self, block: &Block, registry: &mut Registry<Held>, out: &mut HandOut) {
        let logs = match self.view.logs(block) {
            Ok(logs) => logs,
            Err(reason) => {
                read_failed(&reason);
                return;
            }
        };
        for (at, found) in logs.into_iter().enumerate() {
            let wanting = registry.wanting(&found.log);
            if wanting.is_empty() {
                continue;
            }
            let Some(message) = message(&block_log(block, at, found)) else {
                continue;
            };
            for id in wanting {
                if let Some(subscriber) = registry.get_mut(id) {
                    let one = std::slice::from_ref(&message);
                    out.send(id, &mut subscriber.held, block.header.number, one);
                }
            }
        }
    }
}

/// What is asked to be subscribed to.
fn topic(params: &Params<'static>) -> RpcResult<Topic> {
    let mut arguments = Arguments::of(params)?;
    let kind: String = arguments.required("kind")?;
    match kind.as_str() {
        "newHeads" => Ok(Topic::Heads),
        "newPendingTransactions" => Ok(Topic::Transactions {
            full: arguments.optional("full transactions")?.unwrap_or(false),
        }),
        "logs" => match arguments.optional::<LogFilter>("filter")? {
            None => Ok(Topic::Logs(Criteria::default())),
            Some(filter) if matches!(filter.blocks, Blocks::Hash(_)) => {
                let problem = "a subscription has no blockHash: call eth_getLogs";
                Err(error::invalid_params(problem.to_owned()))
            }
            Some(filter) => Ok(Topic::Logs(filter.criteria)),
        },
        _ => Err(error::invalid_params(
            "no such subscription: newHeads, logs and newPendingTransactions are served".to_owned(),
        )),
    }
}

impl Held {
    /// Sends a message, or says why the subscription ends; nothing to say when the client has gone.
    fn send(&mut self, message: SubscriptionMessage) -> Result<(), &'static str> {
        match &mut self.sink {
            None if self.early.len() < EARLY_MAX => self.early.push(message),
            None => return Err(TOO_SLOW),
            Some(sink) => match sink.try_send(message) {
                // Its own task notices that it is gone.
                Ok(()) | Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(_)) => return Err(TOO_SLOW),
            },
        }
        Ok(())
    }
}

/// Ends a subscription, and tells why.
fn end(registry: &mut Registry<Held>, id: u64, reason: &'static str) {
    if let Some(held) = registry.remove(id) {
        // Its task has ended by itself if nobody listens.
        let _ = held.end.send(reason);
    }
}

/// Ends the subscriptions that want something of every block.
fn end_the_greedy(registry: &mut Registry<Held>) {
    let greedy = registry.iter_mut();
    let greedy: Vec<_> = greedy
        .filter(|(_, subscriber)| subscriber.wants_everything())
        .map(|(id, _)| id)
        .collect();
    for id in greedy {
        end(registry, id, TOO_MANY);
    }
}

/// What handing out a block came to.
#[derive(Default)]
struct HandOut {
    messages: u32,
    failed: Vec<(u64, &'static str)>,
}

impl HandOut {
    fn send(&mut self, id: u64, held: &mut Held, number: u64, messages: &[SubscriptionMessage]) {
        if number < held.from || self.failed.last().is_some_and(|(failed, _)| *failed == id) {
            return;
        }
        for message in messages {
            self.messages = self.messages.saturating_add(1);
            if let Err(reason) = held.send(message.clone()) {
                self.failed.push((id, reason));
                return;
            }
        }
    }
}

/// The messages of a block, each made when it is wanted first.
struct Messages<'a> {
    chain: &'a Chain,
    block: &'a Block,
    head: Option<Vec<SubscriptionMessage>>,
    hashes: Option<Vec<SubscriptionMessage>>,
    transactions: Option<Vec<SubscriptionMessage>>,
}

impl Messages<'_> {
    /// Those of a topic; none for logs.
    fn of(&mut self, topic: &Topic) -> Option<&[SubscriptionMessage]> {
        let (chain, block) = (self.chain, self.block);
        let messages = match topic {
            Topic::Heads => self.head.get_or_insert_with(|| {
                let header = shown(chain.header(block));
                header.iter().filter_map(message).collect()
            }),
            Topic::Transactions { full: false } => self.hashes.get_or_insert_with(|| {
                let hashes = block.transaction_hashes.iter();
                hashes.filter_map(message).collect()
            }),
            Topic::Transactions { full: true } => self.transactions.get_or_insert_with(|| {
                let all = 0..block.transaction_hashes.len();
                let all = all.filter_map(|index| shown(chain.transaction(block, index)).flatten());
                all.filter_map(|transaction| message(&transaction))
                    .collect()
            }),
            Topic::Logs(_) => return None,
        };
        Some(messages)
    }
}

/// The log says why a block cannot be shown.
fn shown<T>(result: Result<T, BrokenBlock>) -> Option<T> {
    result
        .map_err(|reason| error::internal("showing a block", &reason))
        .ok()
}

fn message(value: &impl Serialize) -> Option<SubscriptionMessage> {
    to_json_raw_value(value).ok().map(SubscriptionMessage::from)
}
