//! The desk as a task: L1, L2, the hot account's transaction manager and a disk around its state machine.
//!
//! Orders come in by [`FastWithdrawals`]; the task looks at L1 and L2, pays what is due, and notes what becomes of it. Both work on
//! one [`Desk`], under a lock that is never held while anything is waited for.

mod funds;
mod orders;
mod paying;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use alloy_primitives::{Address, B256};
use alloy_provider::DynProvider;
use parking_lot::RwLock;
use spillway_l1::fees::{FeeSettings, Oracle};
use spillway_l1::transactions::{Event, IntentId, Obstacle, SubmitError};
use spillway_l1::{advances, transactions::TransactionManager};
use spillway_protocol::token::TokenId;
use tokio::sync::{Mutex, Semaphore, mpsc, watch};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::MissedTickBehavior;

use super::config::AdvanceConfig;
use super::desk::{Desk, Sweep};
use super::order::Order;
use super::report::AdvanceReport;
use super::store::{OrderStore, StoreError};
use crate::driver::{Account, Book, Pause};
use crate::l2::L2;

use trial::Trial;

pub use orders::FastWithdrawals;

/// Orders that are looked at or wait for it at once.
const ORDERS_AT_ONCE_MAX: usize = 64;

/// Where the hot account's money goes through: the account, and the bridge that it calls.
#[derive(Debug)]
pub struct Hot {
    /// The account that pays, with its manager: the desk's alone, of ordinary transactions.
    pub account: Account,
    /// The bridge on L1.
    pub bridge: Address,
}

/// Why a desk cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its orders cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The transaction manager has stopped.
    #[error("the hot account's transaction manager has stopped: its log says why")]
    ManagerStopped,
    /// The relayer follows another account's advances, or none.
    #[error("the relayer does not follow the advances of {0}: set its `pool` to the hot account")]
    Pool(Address),
    /// A task panicked.
    #[error("a task of the desk failed: {0}")]
    Task(#[from] JoinError),
}

/// Why a desk gives up. It needs an operator.
#[derive(Debug, thiserror::Error)]
pub enum AdvanceError {
    /// The transaction manager has stopped.
    #[error(
        "the hot account's transaction manager has stopped: its log says why; mend the cause and start again"
    )]
    ManagerStopped,
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A task panicked.
    #[error("a task of the desk failed: {0}. Start again, and report this")]
    Task(#[from] JoinError),
}

/// What the task and those who ask have in common.
#[derive(Debug)]
struct Shared {
    config: AdvanceConfig,
    provider: DynProvider,
    bridge: Address,
    pool: Address,
    book: Book,
    l2: Arc<dyn L2>,
    desk: RwLock<Desk>,
    /// Writing an order, and looking at a new one: one after the other, so that limits hold.
    store: Arc<Mutex<OrderStore>>,
    entrance: Semaphore,
    reports: mpsc::Sender<AdvanceReport>,
}

impl Shared {
    fn trial(&self) -> Trial<'_> {
        Trial {
            provider: &self.provider,
            bridge: self.bridge,
            from: self.pool,
            gas_max: self.config.gas_max,
        }
    }

    /// Whether L2 has exactly that withdrawal at this moment.
    async fn is_on_l2(&self, order: &Order) -> Result<bool, String> {
        let l2 = Arc::clone(&self.l2);
        let index = order.consent.index;
        let asked = spawn_blocking(move || l2.withdrawals(index, 1)).await;
        let made = asked.map_err(|error| error.to_string())?;
        let made = made.map_err(|error| format!("L2 does not answer: {error}"))?;
        let made = made.first().map(|made| made.withdrawal);
        Ok(made == Some(order.consent.withdrawal))
    }

    async fn report(&self, report: AdvanceReport) {
        // An owner that has gone does not want to know.
        let _ = self.reports.send(report).await;
    }
}

/// A desk of fast withdrawals, ready to run.
#[derive(Debug)]
pub struct AdvanceDesk {
    shared: Arc<Shared>,
    account: Account,
    /// The last block of L2 that is safe.
    safe: watch::Receiver<u64>,
    oracle: Oracle,
    /// The block of L1 at which prices and funds were looked at.
    looked_at: Option<u64>,
    /// Where the tokens that are offered are on L1.
    addresses: BTreeMap<TokenId, Address>,
    /// Approvals that are under way.
    approvals: BTreeSet<IntentId>,
    pause: Pause,
    /// Of orders that could not be tried.
    pauses: BTreeMap<B256, Pause>,
}

impl AdvanceDesk {
    /// A desk that pays from the hot account. It takes over what earlier ones have accepted, whose orders are in `dir`, and what their
    /// manager has under way. `book` is the relayer's, whose [`pool`](crate::withdrawals::WithdrawalConfig::pool) has to be the hot
    /// account; `safe` is the number of the last block of L2 that is safe. It says what it does on `reports`, and waits until that is
    /// read.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        config: AdvanceConfig,
        provider: DynProvider,
        hot: Hot,
        (l2, book): (Arc<dyn L2>, Book),
        safe: watch::Receiver<u64>,
        dir: &Path,
        reports: mpsc::Sender<AdvanceReport>,
    ) -> Result<Self, StartError> {
        let Hot { account, bridge } = hot;
        let pool = account.manager.account();
        if book.pool() != Some(pool) {
            return Err(StartError::Pool(pool));
        }
        let dir = dir.to_owned();
        let (store, orders) = spawn_blocking(move || OrderStore::open(&dir)).await??;
        let mut desk = Desk::new(config.clone(), orders);
        take_over(&mut desk, &account.manager, bridge).await?;
        let shared = Shared {
            pool,
            provider: provider.clone(),
            desk: RwLock::new(desk),
            store: Arc::new(Mutex::new(store)),
            entrance: Semaphore::new(ORDERS_AT_ONCE_MAX),
            config,
            bridge,
            book,
            l2,
            reports,
        };
        Ok(Self {
            shared: Arc::new(shared),
            account,
            safe,
            oracle: Oracle::new(provider, FeeSettings::default()),
            looked_at: None,
            addresses: BTreeMap::new(),
            approvals: BTreeSet::new(),
            pause: Pause::default(),
            pauses: BTreeMap::new(),
        })
    }

    /// What others ask.
    #[must_use]
    pub fn handle(&self) -> FastWithdrawals {
        FastWithdrawals(Arc::clone(&self.shared))
    }

    /// Works until something needs an operator. May be dropped at any point; another one on the same folders goes on.
    pub async fn run(mut self) -> AdvanceError {
        match self.work().await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn work(&mut self) -> Result<std::convert::Infallible, AdvanceError> {
        let mut ticks = tokio::time::interval(self.shared.config.poll_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut has_begun = false;
        loop {
            tokio::select! {
                event = self.account.events.recv() => {
                    self.on_event(event.ok_or(AdvanceError::ManagerStopped)?).await?;
                }
                _ = ticks.tick() => {
                    let orders = self.pending();
                    if !has_begun && let Some(orders) = orders {
                        has_begun = true;
                        self.shared.report(AdvanceReport::Began { orders }).await;
                    }
                    if orders.is_some() {
                        self.on_tick().await?;
                    }
                }
            }
        }
    }

    /// Orders that are not paid; none while the book does not know.
    fn pending(&self) -> Option<usize> {
        let desk = self.shared.desk.read();
        self.shared
            .book
            .current(|withdrawals| desk.pending(withdrawals))
    }

    async fn on_tick(&mut self) -> Result<(), AdvanceError> {
        if self.pause.is_over() {
            match self.look().await? {
                Ok(()) => self.pause.end(),
                Err(reason) => {
                    let (first, longest) = self.waits();
                    self.pause.extend(first, longest);
                    self.shared.report(AdvanceReport::Waits { reason }).await;
                }
            }
        }
        let swept = {
            let mut desk = self.shared.desk.write();
            self.shared
                .book
                .current(|withdrawals| desk.sweep(withdrawals))
        };
        for sweep in swept.unwrap_or_default() {
            self.carry_out(sweep).await?;
        }
        self.pay_due().await
    }

    fn waits(&self) -> (std::time::Duration, std::time::Duration) {
        let config = &self.shared.config;
        (config.retry_interval, config.retry_interval_max)
    }

    async fn carry_out(&mut self, sweep: Sweep) -> Result<(), AdvanceError> {
        match sweep {
            Sweep::Cancel(id) => self.account.manager.cancel(id).await,
            Sweep::Over(leaf) => self.forget_order(leaf).await?,
            Sweep::Refused {
                leaf,
                index,
                reason,
            } => {
                // Told before it is forgotten: a start would tell it again, and not lose it.
                let refused = AdvanceReport::Refused { index, reason };
                self.shared.report(refused).await;
                self.forget_order(leaf).await?;
            }
        }
        Ok(())
    }

    async fn forget_order(&mut self, leaf: B256) -> Result<(), AdvanceError> {
        self.pauses.remove(&leaf);
        let store = Arc::clone(&self.shared.store).lock_owned().await;
        // One that was accepted anew since has its file again.
        if self.shared.desk.read().is_open(leaf) {
            return Ok(());
        }
        spawn_blocking(move || store.remove(leaf)).await??;
        Ok(())
    }

    async fn on_event(&mut self, event: Event) -> Result<(), AdvanceError> {
        let id = event.id();
        let index = self.shared.desk.read().index_of(id);
        let sweep = match event {
            Event::Sent { transaction, .. } | Event::Replaced { transaction, .. } => {
                self.shared.desk.write().on_sent(id, transaction);
                None
            }
            Event::Included { receipt, .. } => {
                if let Some(index) = index {
                    let (gas, wei) = (receipt.gas_used, receipt.cost());
                    let paid = AdvanceReport::Paid { index, gas, wei };
                    self.shared.report(paid).await;
                }
                None
            }
            Event::Reverted { .. } => self.shared.desk.write().on_reverted(id),
            Event::Final { settled, .. } => {
                let sweep = self.shared.desk.write().on_ended(id, settled.outcome);
                self.approvals.remove(&id);
                self.account.manager.forget(id).await;
                sweep
            }
            Event::Blocked { obstacle, .. } => {
                if matches!(obstacle, Obstacle::Invalid(_)) {
                    // It will never get anywhere.
                    self.account.manager.cancel(id).await;
                }
                let blocked = AdvanceReport::Blocked { id, obstacle };
                self.shared.report(blocked).await;
                None
            }
            _ => None,
        };
        match sweep {
            Some(sweep) => self.carry_out(sweep).await,
            None => Ok(()),
        }
    }
}

/// Tells the desk which orders the manager has already.
async fn take_over(
    desk: &mut Desk,
    manager: &TransactionManager,
    bridge: Address,
) -> Result<(), StartError> {
    let requests = manager.requests().await;
    let requests = requests.map_err(|_: SubmitError| StartError::ManagerStopped)?;
    for request in requests {
        let advanced = advances::advanced_by(&request.data);
        if let Some((consent, signature)) = advanced.filter(|_| request.to == bridge) {
            let order = Order {
                consent,
                signature,
                accepted_at: 0,
            };
            desk.on_known_intent(request.id, order);
        }
    }
    Ok(())
}
