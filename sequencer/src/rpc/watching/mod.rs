//! `spillway_subscribe` and `GET /events`: what accounts hold, pushed as it changes.
//!
//! A stream begins with a snapshot, and goes on with patches. Each has a number, that of the block after which it is true, and
//! each patch names the message before it, so that a client knows whether it has missed one. A patch carries the accounts that
//! have changed whole, so it does no harm to apply it twice. Who comes back with the number and the hash of the last message it
//! has seen is sent what changed since, by any node of the chain; or a snapshot, if that block is not of this chain any more.
//!
//! What a message says is all of one block: the newest one of which it is known what it changed. Values are read from the ledger
//! when a message can be sent, never kept for a client: one that reads slowly, or more clients than there is time for, get fewer
//! patches that each cover more blocks, and no more than the connection's own buffer waits for them. A task goes through the new
//! blocks and marks who has to look.

mod events;
mod following;
mod marks;
mod message;
mod missed;
mod pace;
mod request;
mod watcher;

use std::sync::Arc;
use std::time::Duration;

use jsonrpsee::core::server::{PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink};
use jsonrpsee::core::{RegisterMethodError, SubscriptionError, to_json_raw_value};
use jsonrpsee::server::StopHandle;
use jsonrpsee::types::Params;
use serde_json::json;
use tokio::select;
use tokio::time::sleep;

use super::logs::query::Searches;
use super::openrpc::{Failure, Notification, Registrar, describe};
use super::{QueryConfig, error};
use crate::view::View;

pub(super) use events::Events;
use following::Follower;
use marks::Registry;
use message::{Message, Position};
use missed::changed_since;
use pace::{INTERVAL, Pace};
pub(super) use request::ACCOUNTS_MAX;
use request::Request;
use watcher::Watcher;

/// How long a stream waits for its connection at once, at most.
const UNREAD_PAUSE_MAX: Duration = Duration::from_millis(1_600);

/// Registers `spillway_subscribe` and `spillway_unsubscribe`.
pub(super) fn register(module: &mut Registrar) -> Result<(), RegisterMethodError> {
    let subscribe = describe(
        "spillway_subscribe",
        "Sends what accounts hold: a snapshot, then patches, over WebSocket.",
    )
    .details("Each message names the one before it; with `since`, what has changed after that message comes first.")
    .required("kind", json!({ "enum": ["accounts"] }))
    .required("what to follow", "FollowedAccounts")
    .fails(&[Failure::TooManySubscriptions])
    .result("subscription id", "Quantity");
    let notification = Notification {
        method: "spillway_subscription",
        result: "AccountsMessage".into(),
    };
    module.subscription(
        subscribe,
        notification,
        "spillway_unsubscribe",
        |params, pending, rpc, _| async move { rpc.watching.subscribe(&params, pending).await },
    )
}

/// The streams of a node.
#[derive(Clone, Debug)]
pub(super) struct Watching {
    view: View,
    searches: Searches,
    registry: Arc<Registry>,
    pace: Arc<Pace>,
    /// How long one search for what a client has missed may take.
    search_time_max: Duration,
    stop: StopHandle,
}

impl Watching {
    /// Starts the task that follows the durable blocks until the server stops.
    pub(super) fn start(
        view: View,
        searches: Searches,
        config: &QueryConfig,
        stop: StopHandle,
    ) -> Self {
        let watching = Self {
            view,
            searches,
            registry: Arc::new(Registry::new(config.watched_accounts_max)),
            pace: Arc::new(Pace::new(config.messages_rate_max)),
            search_time_max: config.search_time_max,
            stop: stop.clone(),
        };
        let follower = Follower::new(watching.view.clone(), Arc::clone(&watching.registry));
        let pace = Arc::clone(&watching.pace);
        tokio::spawn(async move {
            select! {
                () = stop.shutdown() => {}
                () = follower.run() => {}
                () = pace.hand_out() => {}
            }
        });
        watching
    }

    /// A stream, and its first message; none if the node follows as many accounts as it may.
    async fn begin(&self, request: Request) -> Option<(Watcher, Message)> {
        let place = self.registry.watch(request.accounts)?;
        let mut watcher = Watcher::new(self.view.clone(), place, Arc::clone(&self.pace));
        let caught_up = match request.since {
            Some(since) => self.catch_up(&mut watcher, since).await,
            None => None,
        };
        let first = caught_up.unwrap_or_else(|| watcher.snapshot());
        Some((watcher, first))
    }

    /// What has changed since a block; none if that cannot be told, so that the client has to start again.
    async fn catch_up(&self, watcher: &mut Watcher, since: Position) -> Option<Message> {
        let (view, accounts) = (self.view.clone(), watcher.accounts().to_vec());
        let time_max = self.search_time_max;
        let search = move || Ok(changed_since(&view, accounts, since, time_max));
        let (changed, searched) = self.searches.run(search).await.ok().flatten()?;
        Some(watcher.patch_since(since, &changed, searched))
    }

    async fn subscribe(
        &self,
        params: &Params<'static>,
        pending: PendingSubscriptionSink,
    ) -> Result<(), SubscriptionError> {
        let begun = match Request::of_params(params) {
            Ok(request) => {
                let begun = self.begin(request).await;
                begun.ok_or_else(error::too_much_watched)
            }
            Err(refusal) => Err(refusal),
        };
        let (mut watcher, mut message) = match begun {
            Ok(begun) => begun,
            Err(refusal) => {
                pending.reject(refusal).await;
                return Ok(());
            }
        };
        // The client has gone: nobody is left to tell.
        let Ok(sink) = pending.accept().await else {
            return Ok(());
        };
        loop {
            let json = SubscriptionMessage::from(to_json_raw_value(&message)?);
            if sink.send(json).await.is_err() {
                return Ok(());
            }
            message = select! {
                () = sink.closed() => return Ok(()),
                message = next_when_read(&sink, &mut watcher) => message,
            };
        }
    }
}

/// The next message, once the connection has nothing more to send: what waits there would be old when it is read.
async fn next_when_read(sink: &SubscriptionSink, watcher: &mut Watcher) -> Message {
    let mut pause = INTERVAL;
    while sink.capacity() < sink.max_capacity() {
        sleep(pause).await;
        pause = (pause * 2).min(UNREAD_PAUSE_MAX);
    }
    watcher.next().await
}
