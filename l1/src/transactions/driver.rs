//! The task that drives the core: it carries out actions, with a node, a disk, a clock and a key.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy_primitives::Address;
use alloy_provider::{DynProvider, Provider};
use alloy_transport::TransportError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use super::event::{BlockRef, Event, Outcome};
use super::manager::{Action, Head, Input, Manager, Settings, Status};
use super::node::Node;
use super::request::{IntentId, Request, SubmitError};
use super::signing::{self, AccountSigner};
use super::store::{IntentStore, StoreError};
use crate::fees::{FeeSettings, Oracle};

/// Commands that wait for the task at most. Beyond it, callers wait.
const COMMANDS_MAX: usize = 64;

/// How the task behaves, the core's own settings among it.
#[derive(Clone, Debug)]
pub struct DriverSettings {
    /// The core's.
    pub manager: Settings,
    /// How tips are chosen.
    pub fees: FeeSettings,
    /// How often the head is asked for.
    pub poll_interval: Duration,
}

/// What a manager tells its owner, in the order in which it happened. It must be read: what was not read is kept in
/// memory.
pub type Events = mpsc::UnboundedReceiver<Event>;

/// Why a manager cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its intents cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No node says which chain this is.
    #[error("the chain id is unknown: {0}. Check the L1 URLs")]
    ChainId(#[from] TransportError),
}

/// Why a manager has stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// Its intents cannot be written. What was sent before is on disk; start again when the disk is well.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bug.
    #[error("a task of the transaction manager failed: {0}. Start it again, and report this")]
    Task(#[from] JoinError),
}

/// The transactions of one account. Handles are cheap to clone; the task ends when all of them are gone.
#[derive(Clone, Debug)]
pub struct TransactionManager {
    account: Address,
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<Status>,
}

#[derive(Debug)]
enum Command {
    Submit(Box<Request>, oneshot::Sender<Result<(), SubmitError>>),
    Cancel(IntentId),
    Forget(IntentId),
    List(oneshot::Sender<Vec<Request>>),
}

impl TransactionManager {
    /// Starts the task. Intents are kept below `dir`, in a folder for the chain and the account.
    ///
    /// The task ends by itself only when it can no longer write to disk; the handle that is returned last says why.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        settings: DriverSettings,
        provider: DynProvider,
        signer: AccountSigner,
        dir: &Path,
    ) -> Result<(Self, Events, JoinHandle<Result<(), Stopped>>), StartError> {
        let account = signer.address();
        let chain_id = provider.get_chain_id().await?;
        let (store, stored) = IntentStore::open(&dir.join(format!("{chain_id}-{account}")))?;
        tracing::info!(%account, chain_id, intents = stored.len(), "transaction manager starts");
        let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
        let (status, status_reader) = watch::channel(Status::default());
        let (events, events_reader) = mpsc::unbounded_channel();
        let driver = Driver {
            core: Manager::new(settings.manager, account, stored),
            store: Arc::new(Mutex::new(store)),
            oracle: Arc::new(tokio::sync::Mutex::new(Oracle::new(
                provider.clone(),
                settings.fees,
            ))),
            node: Node { provider, account },
            signer,
            chain_id,
            jobs: JoinSet::new(),
            is_polling: false,
            last_head: None,
            events,
            status,
            started: Instant::now(),
        };
        let task = tokio::spawn(driver.run(inbox, settings.poll_interval));
        let handle = Self {
            account,
            commands,
            status: status_reader,
        };
        Ok((handle, events_reader, task))
    }

    /// Whose transactions these are.
    #[must_use]
    pub fn account(&self) -> Address {
        self.account
    }

    /// What it is doing.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Asks for a transaction. When this returns, the request is on disk and will be carried out, in the order of
    /// requests. One that is known already is not carried out again.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn submit(&self, request: Request) -> Result<(), SubmitError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Submit(Box::new(request), reply);
        self.commands
            .send(command)
            .await
            .map_err(|_| SubmitError::Stopped)?;
        answer.await.unwrap_or(Err(SubmitError::Stopped))
    }

    /// The requests that it knows, in their order: those that have not ended, and those whose end the owner has not
    /// noted. After a crash the owner learns here what it had asked for.
    ///
    /// # Errors
    /// [`SubmitError::Stopped`].
    pub async fn requests(&self) -> Result<Vec<Request>, SubmitError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.commands.send(Command::List(reply)).await;
        sent.map_err(|_| SubmitError::Stopped)?;
        answer.await.map_err(|_| SubmitError::Stopped)
    }

    /// Withdraws an intent. It may still take effect; its final event says whether it did.
    pub async fn cancel(&self, id: IntentId) {
        // A manager that has stopped says so in other ways.
        let _ = self.commands.send(Command::Cancel(id)).await;
    }

    /// Says that the end of an intent is noted. Before that its name is kept, and its end reported after each start.
    pub async fn forget(&self, id: IntentId) {
        let _ = self.commands.send(Command::Forget(id)).await;
    }
}

struct Driver {
    core: Manager,
    store: Arc<Mutex<IntentStore>>,
    oracle: Arc<tokio::sync::Mutex<Oracle>>,
    node: Node,
    signer: AccountSigner,
    chain_id: u64,
    jobs: JoinSet<Done>,
    is_polling: bool,
    last_head: Option<BlockRef>,
    events: mpsc::UnboundedSender<Event>,
    status: watch::Sender<Status>,
    started: Instant,
}

enum Done {
    Polled(Option<Head>),
    Answered(Input),
}

impl Driver {
    async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Command>,
        poll_interval: Duration,
    ) -> Result<(), Stopped> {
        let mut ticks = tokio::time::interval(poll_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.report_settled();
        loop {
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.on_command(command).await?,
                    None => return Ok(()),
                },
                Some(done) = self.jobs.join_next() => self.on_done(done?).await?,
                _ = ticks.tick() => self.on_tick().await?,
            }
            self.status.send_replace(self.core.status());
        }
    }

    /// Ends that the owner has not noted yet.
    fn report_settled(&self) {
        for event in self.core.settled() {
            self.report(event);
        }
    }

    async fn on_command(&mut self, command: Command) -> Result<(), Stopped> {
        match command {
            Command::Cancel(id) => self.step(Input::Cancel(id)).await,
            Command::Forget(id) => self.step(Input::Forget(id)).await,
            Command::List(reply) => {
                // Whoever asked may have gone.
                let _ = reply.send(self.core.requests().cloned().collect());
                Ok(())
            }
            Command::Submit(request, reply) => {
                let answer = match self.core.submit(self.started.elapsed(), *request) {
                    Ok(actions) => {
                        self.perform(actions).await?;
                        Ok(())
                    }
                    Err(error) => Err(error),
                };
                // The caller may have gone; the request stands.
                let _ = reply.send(answer);
                Ok(())
            }
        }
    }

    async fn on_tick(&mut self) -> Result<(), Stopped> {
        if !self.is_polling {
            self.is_polling = true;
            let (node, oracle, last) = (self.node.clone(), self.oracle.clone(), self.last_head);
            self.jobs
                .spawn(async move { Done::Polled(poll(&node, &oracle, last).await) });
        }
        self.step(Input::Tick).await
    }

    async fn on_done(&mut self, done: Done) -> Result<(), Stopped> {
        match done {
            Done::Answered(input) => self.step(input).await,
            Done::Polled(head) => {
                self.is_polling = false;
                let Some(head) = head else { return Ok(()) };
                // Without fees the core may not use it: the same head is looked at again.
                self.last_head = head.market.map(|_| head.block);
                self.step(Input::Head(head)).await
            }
        }
    }

    async fn step(&mut self, input: Input) -> Result<(), Stopped> {
        let actions = self.core.step(self.started.elapsed(), input);
        self.perform(actions).await
    }

    async fn perform(&mut self, actions: Vec<Action>) -> Result<(), Stopped> {
        for action in actions {
            match action {
                Action::Persist { id, record } => {
                    self.on_disk(move |store| store.persist(id, &record))
                        .await?;
                }
                Action::Remove { id } => self.on_disk(move |store| store.remove(id)).await?,
                Action::Report(event) => self.report(event),
                other => self.start_job(other),
            }
        }
        Ok(())
    }

    async fn on_disk(
        &self,
        work: impl FnOnce(&mut IntentStore) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), Stopped> {
        let store = self.store.clone();
        let work = move || match store.lock() {
            Ok(mut store) => work(&mut store),
            // Only this task's jobs take it, one after the other, and a panic in one ends the task.
            Err(poisoned) => work(&mut poisoned.into_inner()),
        };
        let done = tokio::task::spawn_blocking(work).await?;
        if let Err(error) = &done {
            tracing::error!(%error, "intents cannot be written: the transaction manager stops");
        }
        Ok(done?)
    }

    fn start_job(&mut self, action: Action) {
        let (node, signer, chain_id) = (self.node.clone(), self.signer.clone(), self.chain_id);
        self.jobs
            .spawn(async move { Done::Answered(answer(action, node, signer, chain_id).await) });
    }

    fn report(&self, event: Event) {
        log(&event);
        // An owner that does not listen any more asks for nothing either.
        let _ = self.events.send(event);
    }
}

async fn poll(
    node: &Node,
    oracle: &tokio::sync::Mutex<Oracle>,
    last: Option<BlockRef>,
) -> Option<Head> {
    let head = match node.head().await {
        Ok(head) => head,
        Err(error) => {
            tracing::warn!(%error, "L1 does not answer; transactions wait");
            return None;
        }
    };
    if last == Some(head.block) {
        return None;
    }
    let market = match oracle.lock().await.update().await {
        Ok(fees) => Some(fees.market()),
        Err(error) => {
            tracing::warn!(%error, "fees are unknown; the former ones are used");
            None
        }
    };
    Some(Head { market, ..head })
}

async fn answer(action: Action, node: Node, signer: AccountSigner, chain_id: u64) -> Input {
    match action {
        Action::Estimate { id, draft } => Input::Estimated {
            id,
            result: node.estimate(draft).await,
        },
        Action::Sign { id, draft } => Input::Signed {
            id,
            result: match signing::sign(&signer, chain_id, draft).await {
                Ok(signed) => Some(signed),
                Err(error) => {
                    tracing::error!(%id, %error, "a transaction cannot be signed; it is tried again");
                    None
                }
            },
        },
        Action::Send {
            id,
            attempt,
            sidecar,
        } => {
            let result = match signing::network_form(&attempt, sidecar) {
                Some(raw) => node.send(raw).await,
                None => Err(super::Refusal::Invalid(
                    "its stored bytes are no blob transaction".into(),
                )),
            };
            if let Err(refusal) = &result {
                tracing::debug!(%id, transaction = %attempt.transaction, %refusal, "not taken");
            }
            Input::Sent { id, result }
        }
        Action::LookUp { id, transactions } => {
            let result = node.receipt(transactions).await;
            if let Err(error) = &result {
                tracing::debug!(%id, %error, "no receipt");
            }
            Input::LookedUp {
                id,
                result: result.ok(),
            }
        }
        Action::Persist { .. } | Action::Remove { .. } | Action::Report(_) => Input::Tick,
    }
}

/// What an operator reads. docs/l1.md explains each line.
fn log(event: &Event) {
    match event {
        Event::Sent {
            id,
            nonce,
            transaction,
        } => {
            tracing::info!(%id, nonce, %transaction, "sent");
        }
        Event::Replaced {
            id,
            transaction,
            price,
            cancellation,
        } => {
            tracing::warn!(%id, %transaction, max_fee = price.max_fee, blob_fee = price.blob_fee, cancellation, "replaced");
        }
        Event::Included { id, receipt } => {
            tracing::info!(%id, transaction = %receipt.transaction, block = %receipt.block, cost_wei = receipt.cost(), "included");
        }
        Event::Reverted { id, receipt } => {
            tracing::error!(%id, transaction = %receipt.transaction, block = %receipt.block, "reverted");
        }
        Event::Cancelled { id, receipt } => {
            let transaction = receipt.as_ref().map(|receipt| receipt.transaction);
            tracing::info!(%id, ?transaction, "cancelled");
        }
        Event::Dropped { id, block } => {
            tracing::warn!(%id, %block, "its block is gone; it is sent again");
        }
        Event::Displaced { id } => {
            tracing::warn!(%id, "its nonce is used by a transaction that is not ours, it seems: does anybody else use this key?");
        }
        Event::Final { id, settled } if settled.outcome == Outcome::Usurped => {
            tracing::error!(%id, "its nonce was used by a transaction that is not ours: does anybody else use this key?");
        }
        Event::Final { id, settled } => tracing::info!(%id, outcome = ?settled.outcome, "final"),
        Event::Blocked { id, obstacle } => tracing::error!(%id, %obstacle, "blocked"),
        Event::Unblocked { id } => tracing::info!(%id, "no longer blocked"),
        Event::Refused { id, reason } => tracing::error!(%id, reason, "refused: it would fail"),
    }
}
