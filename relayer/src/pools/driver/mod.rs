//! The pools as a task: L1, the accounts' transaction managers and a clock around the state machine.
//!
//! Nothing is kept on disk here: a start takes over what the managers have.

mod reading;
mod sending;
mod sharing;

use std::time::Duration;

use alloy_primitives::{Address, B256};
use alloy_provider::DynProvider;
use spillway_l1::fees::{FeeSettings, Oracle};
use spillway_l1::transactions::{Event, Events, IntentId, Obstacle, Outcome, TransactionManager};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::config::{ConfigError, PoolsConfig};
use super::name;
use super::observed::{Commitments, Observed};
use super::report::{Failure, Report, Status};
use super::route::Pool;
use super::step::Pools;
use crate::driver::Account;

pub use sharing::apart;

/// The reserve.
#[derive(Debug)]
pub enum Cold {
    /// Its key is here. Its manager is the rebalancer's alone.
    Online(Account),
    /// Somebody else holds its key: what hot needs is said, and seen when it comes.
    Offline(Address),
}

/// The accounts. Both managers send ordinary transactions.
#[derive(Debug)]
pub struct Accounts {
    /// Hot. Its manager may be shared with others, whose events are theirs: see [`apart`].
    pub hot: Account,
    /// Cold.
    pub cold: Cold,
    /// Operating, which only receives.
    pub operating: Address,
}

impl Accounts {
    fn address(&self, pool: Pool) -> Address {
        match (pool, &self.cold) {
            (Pool::Hot, _) => self.hot.manager.account(),
            (Pool::Cold, Cold::Online(account)) => account.manager.account(),
            (Pool::Cold, Cold::Offline(address)) => *address,
            (Pool::Operating, _) => self.operating,
        }
    }

    /// Who sends from a pool; none if nothing is sent from it.
    fn manager(&self, pool: Pool) -> Option<&TransactionManager> {
        match (pool, &self.cold) {
            (Pool::Hot, _) => Some(&self.hot.manager),
            (Pool::Cold, Cold::Online(account)) => Some(&account.manager),
            (Pool::Cold, Cold::Offline(_)) | (Pool::Operating, _) => None,
        }
    }

    /// The same account twice, if there is one.
    fn shared(&self) -> Option<Address> {
        let [hot, cold, operating] =
            [Pool::Hot, Pool::Cold, Pool::Operating].map(|pool| self.address(pool));
        match () {
            () if hot == cold || hot == operating => Some(hot),
            () if cold == operating => Some(cold),
            () => None,
        }
    }
}

/// Why a rebalancer gives up. It needs an operator.
#[derive(Debug, thiserror::Error)]
pub enum RebalancerError {
    /// A transaction manager has stopped.
    #[error(
        "the transaction manager of {0} has stopped: its log says why; mend the cause and start again"
    )]
    ManagerStopped(Pool),
}

/// Keeps the pools as full as they are to be.
#[derive(Debug)]
pub struct Rebalancer {
    pools: Pools,
    provider: DynProvider,
    accounts: Accounts,
    oracle: Oracle,
    /// How often L1 is asked for its head.
    poll_interval: Duration,
    commitments: watch::Receiver<Commitments>,
    reports: mpsc::Sender<Report>,
    status: watch::Sender<Status>,
    /// The head by which something was last decided.
    seen: Option<B256>,
    /// L1 did not answer the last time.
    is_silent: bool,
}

impl Rebalancer {
    /// A rebalancer of these accounts. It looks at `commitments`, what hot owes already, whenever it decides; says what it does on
    /// `reports`, and waits until that is read; how full the pools are, on `status`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(
        config: PoolsConfig,
        provider: DynProvider,
        accounts: Accounts,
        commitments: watch::Receiver<Commitments>,
        reports: mpsc::Sender<Report>,
        status: watch::Sender<Status>,
    ) -> Result<Self, ConfigError> {
        if let Some(address) = accounts.shared() {
            return Err(ConfigError::SameAccount(address));
        }
        let has_cold_key = matches!(accounts.cold, Cold::Online(_));
        Ok(Self {
            pools: Pools::new(config, has_cold_key)?,
            oracle: Oracle::new(provider.clone(), FeeSettings::default()),
            provider,
            accounts,
            poll_interval: Duration::from_secs(2),
            commitments,
            reports,
            status,
            seen: None,
            is_silent: false,
        })
    }

    /// The same, which asks L1 for its head that often. 2 seconds unless it is set.
    #[must_use]
    pub const fn with_poll_interval(mut self, poll_interval: Duration) -> Self {
        self.poll_interval = poll_interval;
        self
    }

    /// Moves what has to move until something needs an operator. May be dropped at any point; another one on the same managers' folders
    /// goes on.
    pub async fn run(mut self) -> RebalancerError {
        match self.work().await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn work(&mut self) -> Result<std::convert::Infallible, RebalancerError> {
        self.take_over().await?;
        let mut ticks = tokio::time::interval(self.poll_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.accounts.hot.events.recv() => self.on_event(Pool::Hot, event).await?,
                event = next(&mut self.accounts.cold) => self.on_event(Pool::Cold, event).await?,
                _ = ticks.tick() => self.on_tick().await?,
            }
            self.publish();
        }
    }

    /// Takes over what the managers have on disk. Nothing is decided before all of it is known. What has ended is told by events.
    async fn take_over(&mut self) -> Result<(), RebalancerError> {
        let mut moves = 0;
        for pool in [Pool::Hot, Pool::Cold] {
            let Some(manager) = self.accounts.manager(pool) else {
                continue;
            };
            let requests = manager.requests().await;
            let requests = requests.map_err(|_| RebalancerError::ManagerStopped(pool))?;
            for asked in requests.iter().filter_map(|asked| name::read(pool, asked)) {
                self.pools.on_asked(asked);
                moves += 1;
            }
        }
        self.report(Report::Began { moves }).await;
        Ok(())
    }

    async fn on_event(&mut self, pool: Pool, event: Option<Event>) -> Result<(), RebalancerError> {
        let event = event.ok_or(RebalancerError::ManagerStopped(pool))?;
        let id = event.id();
        match event {
            Event::Included { receipt, .. } => {
                let (l1_block, wei) = (receipt.block.number, receipt.cost());
                if let Some(asked) = self.pools.on_included(id, l1_block) {
                    self.status.send_modify(|status| {
                        status.wei_spent = status.wei_spent.saturating_add(wei);
                    });
                    self.report(Report::Moved {
                        asked,
                        transaction: receipt.transaction,
                        l1_block,
                        wei,
                    })
                    .await;
                }
            }
            Event::Dropped { .. } => {
                if let Some(asked) = self.pools.on_dropped(id) {
                    self.report(Report::TakenBack { asked }).await;
                }
            }
            Event::Final { settled, .. } => match (settled.outcome, settled.inclusion) {
                (Outcome::Executed, Some((_, block)))
                    if self.pools.on_done(id, block.number).is_some() =>
                {
                    // Its name is kept for a day: it counts in the limits.
                }
                (outcome, _) => self.on_ended(pool, id, outcome).await,
            },
            Event::Blocked { obstacle, .. } => self.on_blocked(pool, id, obstacle).await,
            _ => {}
        }
        Ok(())
    }

    /// A move will never take effect, or it is none of ours.
    async fn on_ended(&mut self, pool: Pool, id: IntentId, outcome: Outcome) {
        if let Some(ended) = self.pools.on_ended(id) {
            let retry_at = self.pools.on_failed(ended.route);
            self.report(Report::Failed {
                route: ended.route,
                amount: ended.amount,
                failure: Failure::Ended(outcome),
                retry_at,
            })
            .await;
        }
        self.forget(pool, id).await;
    }

    async fn on_blocked(&mut self, pool: Pool, id: IntentId, obstacle: Obstacle) {
        let blocked = self.pools.open_moves().find(|(known, _)| known.id == id);
        let Some(asked) = blocked.map(|(known, _)| *known) else {
            return;
        };
        // What cannot be paid, or is refused, would hold up whatever the account sends after it.
        let withdraws = matches!(obstacle, Obstacle::Funds | Obstacle::Invalid(_));
        if let Some(manager) = self.accounts.manager(pool).filter(|_| withdraws) {
            manager.cancel(id).await;
        }
        self.report(Report::Blocked { asked, obstacle }).await;
    }

    async fn forget(&self, pool: Pool, id: IntentId) {
        if let Some(manager) = self.accounts.manager(pool) {
            manager.forget(id).await;
        }
    }

    async fn on_tick(&mut self) -> Result<(), RebalancerError> {
        match self.look().await {
            Ok(None) => {}
            Ok(Some((head, observed))) => {
                self.is_silent = false;
                if self.managers_have_seen(head) {
                    self.seen = Some(head);
                    while let Some((pool, event)) = self.told() {
                        self.on_event(pool, Some(event)).await?;
                    }
                    self.decide(observed).await?;
                }
            }
            Err(error) => self.on_silence(&error).await,
        }
        Ok(())
    }

    /// Whether the managers know what that block took back: even a fork deeper than what is waited for is then told before the
    /// balances after it lead to anything.
    fn managers_have_seen(&self, head: B256) -> bool {
        let pools = [Pool::Hot, Pool::Cold].into_iter();
        let mut managers = pools.filter_map(|pool| self.accounts.manager(pool));
        managers.all(|manager| {
            let seen = manager.status().borrow().head;
            seen.is_some_and(|seen| seen.hash == head)
        })
    }

    /// What a manager has told already.
    fn told(&mut self) -> Option<(Pool, Event)> {
        if let Ok(event) = self.accounts.hot.events.try_recv() {
            return Some((Pool::Hot, event));
        }
        match &mut self.accounts.cold {
            Cold::Online(account) => Some((Pool::Cold, account.events.try_recv().ok()?)),
            Cold::Offline(_) => None,
        }
    }

    async fn decide(&mut self, observed: Observed) -> Result<(), RebalancerError> {
        let decided = self.pools.step(&observed);
        let price = observed.price;
        self.status.send_modify(|status| {
            (status.l1_block, status.price) = (observed.block, observed.price);
            status.balances = observed.balances;
        });
        for old in decided.over {
            self.forget(old.route.from, old.id).await;
        }
        for notice in decided.notices {
            self.report(Report::Notice(notice)).await;
        }
        for (route, amount) in decided.moves {
            self.send(route, amount, price).await?;
        }
        Ok(())
    }

    /// Says once that L1 does not answer. It is asked again with the next tick.
    async fn on_silence(&mut self, error: &(dyn std::error::Error + Sync)) {
        self.seen = None;
        if !std::mem::replace(&mut self.is_silent, true) {
            let reason = error.to_string();
            self.report(Report::Silent { reason }).await;
        }
    }

    fn publish(&self) {
        let moves = self.pools.open_moves();
        let moves = moves.map(|(known, stage)| (*known, stage)).collect();
        let waiting = self.pools.waiting().cloned().collect();
        self.status.send_modify(|status| {
            status.moves = moves;
            status.waiting = waiting;
        });
    }

    async fn report(&self, report: Report) {
        // An owner that has gone does not want to know.
        let _ = self.reports.send(report).await;
    }
}

/// What cold's manager tells; nothing ever without one.
async fn next(cold: &mut Cold) -> Option<Event> {
    let events: &mut Events = match cold {
        Cold::Online(account) => &mut account.events,
        Cold::Offline(_) => return std::future::pending().await,
    };
    events.recv().await
}
