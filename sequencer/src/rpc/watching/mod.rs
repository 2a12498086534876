//! `spillway_subscribe` and `GET /events`: what accounts hold, pushed as it changes.
//!
//! A stream begins with a snapshot, and goes on with patches. Each has a number, that of the block after which it is true, and
//! each patch names the message before it, so that a client knows whether it has missed one. A patch carries the accounts that
//! have changed whole, so it does no harm to apply it twice. Who comes back with the number and the hash of the last message it
//! has seen is sent what changed since, by any node of the chain; or a snapshot, if that block is not of this chain any more.
//!
//! What a message says is all of one block: the newest one of which it is known what it changed. Values are read from the ledger
//! when a message can be sent, never kept for a client: one that reads slowly, or more clients than there is time for, get fewer
//! patches that each cover more blocks, and nothing is queued. A task goes through the new blocks and marks who has to look.

mod events;
mod marks;
mod message;
mod pace;
mod watcher;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use jsonrpsee::core::server::{PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink};
use jsonrpsee::core::{
    JsonRawValue, RegisterMethodError, RpcResult, SubscriptionError, to_json_raw_value,
};
use jsonrpsee::server::StopHandle;
use jsonrpsee::types::Params;
use serde::Deserialize;
use serde_json::json;
use tokio::select;
use tokio::sync::watch;
use tokio::time::sleep;

use super::arguments::{Argument, Arguments, ObjectText, member};
use super::block_methods::read_failed;
use super::logs::query::Searches;
use super::openrpc::{Failure, Notification, Registrar, describe};
use super::{QueryConfig, error};
use crate::index::Search;
use crate::view::{ReadError, View};

pub(super) use events::Events;
use marks::Registry;
use message::Position;
use pace::{INTERVAL, Pace};
use watcher::Watcher;

/// Accounts of one stream.
pub(super) const ACCOUNTS_MAX: usize = 64;
/// Blocks that are looked through for who has to look; if there are more, everybody has to.
const BLOCKS_BEHIND_MAX: u64 = 256;

/// Marking that takes so long rests for so many times as long. Patches cover more blocks then.
const MARKING_UNNOTICED: Duration = Duration::from_millis(1);
const MARKING_REST: u32 = 3;
const MARKING_REST_MAX: Duration = Duration::from_millis(500);

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

/// What a client wants to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Request {
    /// Without repetitions, and not too many.
    accounts: Vec<Address>,
    /// The last message that it has seen.
    since: Option<Position>,
}

impl Request {
    fn new(accounts: Vec<Address>, since: Option<Position>) -> Result<Self, String> {
        if !(1..=ACCOUNTS_MAX).contains(&accounts.len()) {
            return Err(format!("1 to {ACCOUNTS_MAX} accounts can be followed"));
        }
        let mut distinct: Vec<Address> = Vec::new();
        for account in accounts {
            if !distinct.contains(&account) {
                distinct.push(account);
            }
        }
        Ok(Self {
            accounts: distinct,
            since,
        })
    }

    /// The arguments of `spillway_subscribe`.
    fn of_params(params: &Params<'_>) -> RpcResult<Self> {
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(borrow)]
            accounts: Option<&'a JsonRawValue>,
            #[serde(borrow)]
            since: Option<&'a JsonRawValue>,
        }
        let mut arguments = Arguments::of(params)?;
        let kind: String = arguments.required("kind")?;
        if kind != "accounts" {
            let problem = "no such subscription: accounts is served";
            return Err(error::invalid_params(problem.to_owned()));
        }
        let ObjectText(text) = arguments.required("what to follow")?;
        let members: Members<'_> = serde_json::from_str(&text)
            .map_err(|_| error::invalid_params("expected an object with `accounts`".to_owned()))?;
        let accounts = member::<Accounts>(members.accounts, "accounts")?;
        let Accounts(accounts) = accounts
            .ok_or_else(|| error::invalid_params("`accounts` is missing: addresses".to_owned()))?;
        let since = member(members.since, "since")?;
        Self::new(accounts, since).map_err(error::invalid_params)
    }
}

/// Addresses, of which no more are read than can be followed.
struct Accounts(Vec<Address>);

impl Argument for Accounts {
    fn read(json: &str) -> Result<Self, &'static str> {
        let values: Vec<&JsonRawValue> =
            serde_json::from_str(json).map_err(|_| "expected an array of addresses")?;
        let read = values.into_iter().take(ACCOUNTS_MAX + 1);
        let accounts: Result<Vec<_>, _> = read.map(|value| Address::read(value.get())).collect();
        accounts.map(Self)
    }
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
        let (follower, pace) = (watching.clone(), Arc::clone(&watching.pace));
        // From here on, before anybody can follow anything.
        let newest = watching.view.newest();
        tokio::spawn(async move {
            select! {
                () = stop.shutdown() => {}
                () = follower.follow(newest) => {}
                () = pace.hand_out() => {}
            }
        });
        watching
    }

    /// Begins a stream.
    fn watcher(&self, accounts: Vec<Address>) -> RpcResult<Watcher> {
        let view = self.view.clone();
        let watched = self.registry.watch(accounts);
        let watched = watched.ok_or_else(error::too_much_watched)?;
        Ok(Watcher::new(view, watched, Arc::clone(&self.pace)))
    }

    /// A stream, and its first message.
    async fn begin(&self, request: Request) -> RpcResult<(Watcher, message::Message)> {
        let mut watcher = self.watcher(request.accounts)?;
        let caught_up = match request.since {
            Some(since) => self.catch_up(&mut watcher, since).await,
            None => None,
        };
        let first = caught_up.unwrap_or_else(|| watcher.snapshot());
        Ok((watcher, first))
    }

    /// What has changed since a block; none if that cannot be told, so that the client has to start again.
    async fn catch_up(&self, watcher: &mut Watcher, since: Position) -> Option<message::Message> {
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
            Ok(request) => self.begin(request).await,
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

    /// Marks who has to look, block after block.
    async fn follow(self, mut newest: watch::Receiver<u64>) {
        let mut seen = *newest.borrow_and_update();
        while newest.changed().await.is_ok() {
            let last = *newest.borrow_and_update();
            if self.registry.is_empty() {
                self.registry.marking(last).finish();
            } else if last - seen > BLOCKS_BEHIND_MAX {
                self.registry.mark_all(last);
            } else {
                let (this, blocks) = (self.clone(), seen + 1..=last);
                let marking = move || {
                    let began = Instant::now();
                    blocks.for_each(|number| this.mark(number));
                    began.elapsed()
                };
                match tokio::task::spawn_blocking(marking).await {
                    Ok(took) if took < MARKING_UNNOTICED => {}
                    // Where thousands follow what every block changes, the core is for others most of the time.
                    Ok(took) => sleep((took * MARKING_REST).min(MARKING_REST_MAX)).await,
                    Err(reason) => {
                        tracing::error!(%reason, "what blocks have changed is not known: all who follow accounts are told all");
                        self.registry.mark_all(last);
                    }
                }
            }
            seen = last;
        }
    }

    /// Marks who follows an account that the block has changed: everybody, if it cannot be read.
    fn mark(&self, number: u64) {
        if let Err(reason) = self.mark_changed(number) {
            read_failed(&reason);
            self.registry.mark_all(number);
        }
    }

    fn mark_changed(&self, number: u64) -> Result<(), ReadError> {
        let Some(block) = self.view.block(number)? else {
            self.registry.mark_all(number);
            return Ok(());
        };
        // Each of them once, before anybody has to wait for the registry.
        let mut changed = HashSet::new();
        // Every transaction pays it.
        if !block.body.transactions.is_empty() {
            changed.insert(self.view.genesis().fee_account);
        }
        self.view.visit_effects(&block, |_, effect| {
            changed.extend(effect.parties());
        })?;
        let marking = self.registry.marking(number);
        changed.iter().for_each(|account| marking.mark(account));
        marking.finish();
        Ok(())
    }
}

/// The next message, once the connection has nothing more to send: what waits there would be old when it is read.
async fn next_when_read(sink: &SubscriptionSink, watcher: &mut Watcher) -> message::Message {
    while sink.capacity() < sink.max_capacity() {
        sleep(INTERVAL).await;
    }
    watcher.next().await
}

/// Which accounts may have changed after a block, and up to which block that was searched; none if that block is not of this
/// chain or cannot be read, or if the search takes too long.
fn changed_since(
    view: &View,
    accounts: Vec<Address>,
    since: Position,
    time_max: Duration,
) -> Option<(Vec<Address>, u64)> {
    let began = Instant::now();
    let newest = view.block_number();
    let known = view.block_hash(since.number);
    let known = known.map_err(|reason| read_failed(&reason)).ok().flatten();
    if since.number > newest || known != Some(since.hash) {
        return None;
    }
    let fee_account = view.genesis().fee_account;
    let changed = |account: &Address| {
        let mut found = *account == fee_account && since.number < newest;
        let range = since.number + 1..=newest;
        view.search(&Search::account(account), &range, false, |_| {
            found = true;
            ControlFlow::Break(())
        });
        found
    };
    let mut found = Vec::new();
    for account in accounts {
        if began.elapsed() > time_max {
            return None;
        }
        if changed(&account) {
            found.push(account);
        }
    }
    Some((found, newest))
}
