//! A rebalancer in this process, that can be killed, with somebody else who pays from hot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{B256, Bytes, U256};
use spillway_l1::fees::FeeSettings;
use spillway_l1::transactions::{
    DriverSettings, Event, Events, IntentId, IntentStore, Kind, Request, Settings, Stopped,
    TransactionManager,
};
use spillway_relayer::Account;
use spillway_relayer::pools::{
    Accounts, AssetConfig, Band, Cold, Commitments, Limits, Move, Notice, OperatingConfig, Pool,
    PoolsConfig, Rebalancer, RebalancerError, Report, Status, Wait, apart, read,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::l1::{COLD, ETHER, GWEI, HOT, L1, OPERATING, OUTSIDE, address, key};

/// The longest wait for something that has to happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Blocks that money has to be there for.
pub(super) const CONFIRMATIONS: u64 = 4;

/// How a rebalancer of these tests differs from others.
#[derive(Clone, Debug)]
pub(super) struct Tuning {
    pub(super) pools: PoolsConfig,
    pub(super) has_cold_key: bool,
    /// Wei that somebody else pays from hot before it begins.
    pub(super) spent_before: u128,
}

impl Tuning {
    /// Hot between 10 and 40 ether, at best 20, operating between 1 and 2, and no token.
    pub(super) fn new() -> Self {
        let mut kept = AssetConfig::eth(Band {
            low: 10 * ETHER,
            target: 20 * ETHER,
            high: 40 * ETHER,
            urgent: ETHER,
        });
        let limits = Limits {
            move_max: 100 * ETHER,
            day_max: 10_000 * ETHER,
        };
        (kept.hot_limits, kept.cold_limits) = (limits, limits);
        let pools = PoolsConfig {
            confirmations: CONFIRMATIONS,
            operating: OperatingConfig {
                low: ETHER,
                target: 2 * ETHER,
                ..OperatingConfig::default()
            },
            ..PoolsConfig::new(kept)
        };
        Self {
            pools,
            has_cold_key: true,
            spent_before: 0,
        }
    }

    /// The same, with L1's token in bands of the same figures.
    pub(super) fn with_token(mut self, l1: &L1) -> Self {
        self.pools.tokens = BTreeMap::from([(l1.token, self.pools.eth)]);
        self
    }
}

pub(super) struct Running {
    pub(super) status: watch::Receiver<Status>,
    pub(super) commitments: watch::Sender<Commitments>,
    /// To be read, or it stands still.
    reports: mpsc::Receiver<Report>,
    rebalancer: JoinHandle<RebalancerError>,
    hot: Manager,
    cold: Option<Manager>,
    /// What is told to the other one who pays from hot.
    others: Events,
}

struct Manager {
    handle: TransactionManager,
    task: JoinHandle<Result<(), Stopped>>,
    intents: PathBuf,
}

impl Manager {
    async fn start(l1: &L1, number: u8, dir: &Path) -> (Self, Events) {
        let settings = DriverSettings {
            manager: Settings {
                confirmations: CONFIRMATIONS,
                stuck_after: 3,
                resend_after: Duration::from_millis(200),
                ..Settings::new(Kind::Ordinary)
            },
            fees: FeeSettings::default(),
            poll_interval: Duration::from_millis(10),
        };
        let signer = Arc::new(key(number));
        let started = TransactionManager::start(settings, l1.provider(), signer, dir).await;
        let (handle, events, task) = started.expect("a manager");
        let intents = dir.join(format!("31337-{}", address(number)));
        let manager = Self {
            handle,
            task,
            intents,
        };
        (manager, events)
    }

    fn account(&self, events: Events) -> Account {
        Account {
            manager: self.handle.clone(),
            events,
        }
    }

    async fn end(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        // What was being written when the task ended is written, and only then the folder is free.
        while IntentStore::open(&self.intents).is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Running {
    /// Starts one, whose managers keep their intents in that folder.
    pub(super) async fn start(l1: &L1, dir: &Path, tuning: &Tuning) -> Self {
        let (hot, events) = Manager::start(l1, HOT, dir).await;
        let (of_moves, mut others) = apart(events);
        if tuning.spent_before > 0 {
            let paid = payment(0, tuning.spent_before);
            hot.handle.submit(paid).await.unwrap();
            let sent = others.recv().await;
            assert!(matches!(sent, Some(Event::Sent { .. })), "{sent:?}");
        }
        let (mut cold, mut pool) = (None, Cold::Offline(address(COLD)));
        if tuning.has_cold_key {
            let (manager, events) = Manager::start(l1, COLD, dir).await;
            pool = Cold::Online(manager.account(events));
            cold = Some(manager);
        }
        let accounts = Accounts {
            hot: hot.account(of_moves),
            cold: pool,
            operating: address(OPERATING),
        };
        // No room: a report is read before the rebalancer goes on.
        let (reporter, reports) = mpsc::channel(1);
        let (commitments, owed) = watch::channel(Commitments::new());
        let (status, seen) = watch::channel(Status::default());
        let pools = tuning.pools.clone();
        let rebalancer = Rebalancer::new(pools, l1.provider(), accounts, owed, reporter, status);
        let rebalancer = rebalancer.expect("good settings");
        let rebalancer = rebalancer.with_poll_interval(Duration::from_millis(10));
        Self {
            status: seen,
            commitments,
            reports,
            rebalancer: tokio::spawn(rebalancer.run()),
            hot,
            cold,
            others,
        }
    }

    /// Kills it and starts another one in its place.
    pub(super) async fn restart(&mut self, l1: &L1, dir: &Path, tuning: &Tuning) {
        self.end().await;
        *self = Self::start(l1, dir, tuning).await;
    }

    /// Ends it at once, wherever it is.
    pub(super) async fn kill(mut self) {
        self.end().await;
    }

    async fn end(&mut self) {
        self.rebalancer.abort();
        let _ = (&mut self.rebalancer).await;
        self.hot.end().await;
        if let Some(cold) = &mut self.cold {
            cold.end().await;
        }
    }

    /// Somebody else pays from hot, with its manager.
    pub(super) async fn spend(&self, number: u64, wei: u128) -> IntentId {
        let paid = payment(number, wei);
        let id = paid.id;
        self.hot.handle.submit(paid).await.unwrap();
        id
    }

    /// Waits for what that one is told.
    pub(super) async fn until_other(&mut self, is_it: impl Fn(&Event) -> bool) -> Event {
        let it = async {
            loop {
                let event = self.others.recv().await.expect("the manager runs");
                if is_it(&event) {
                    return event;
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, it).await;
        waited.expect("no such event")
    }

    /// The moves that the managers know.
    pub(super) async fn moves(&self) -> Vec<Move> {
        let managers = [
            (Pool::Hot, Some(&self.hot)),
            (Pool::Cold, self.cold.as_ref()),
        ];
        let mut moves = Vec::new();
        for (pool, manager) in managers {
            let Some(manager) = manager else { continue };
            let requests = manager.handle.requests().await.unwrap();
            moves.extend(requests.iter().filter_map(|request| read(pool, request)));
        }
        moves
    }

    /// Lets it work until it reports something of that kind.
    pub(super) async fn until_report(&mut self, is_it: impl Fn(&Report) -> bool) -> Report {
        self.until_told(is_it).await.pop().expect("a report")
    }

    /// The same, with all that it reported before.
    pub(super) async fn until_told(&mut self, is_it: impl Fn(&Report) -> bool) -> Vec<Report> {
        let mut told = Vec::new();
        let it = async {
            while let Some(report) = self.reports.recv().await {
                told.push(report);
                if told.last().is_some_and(&is_it) {
                    return;
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, it).await;
        let status = self.status.borrow().clone();
        assert!(waited.is_ok(), "no such report; {told:#?}, {status:?}");
        told
    }

    /// Lets it work until something waits for that reason.
    pub(super) async fn until_waits(&mut self, is_it: impl Fn(&Wait) -> bool) -> Report {
        let waits = |report: &Report| match report {
            Report::Notice(Notice::Waits(waits)) => is_it(&waits.wait),
            _ => false,
        };
        self.until_report(waits).await
    }

    /// Reads what it has reported, so that it goes on.
    pub(super) fn drain(&mut self) {
        while self.reports.try_recv().is_ok() {}
        while self.others.try_recv().is_ok() {}
    }

    /// The next report, or none if its status is such before.
    pub(super) async fn step_before(
        &mut self,
        is_reached: impl Fn(&Status) -> bool,
    ) -> Option<Report> {
        tokio::select! {
            biased;
            report = self.reports.recv() => report,
            _ = self.status.wait_for(|status| is_reached(status)) => None,
        }
    }

    /// Lets it work until its status is such. Answers what it reported.
    pub(super) async fn until(&mut self, is_reached: impl Fn(&Status) -> bool) -> Vec<Report> {
        let mut reported = Vec::new();
        let Self {
            status,
            reports,
            rebalancer,
            ..
        } = self;
        let now = status.clone();
        let reached = async {
            let mut reached = std::pin::pin!(status.wait_for(|status| is_reached(status)));
            loop {
                tokio::select! {
                    biased;
                    Some(report) = reports.recv() => reported.push(report),
                    done = &mut reached => return done.map(|_| ()),
                }
            }
        };
        tokio::select! {
            waited = tokio::time::timeout(PATIENCE, reached) => match waited {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => panic!("not reached; reported {reported:#?}, {now:?}"),
            },
            ended = rebalancer => panic!("it gave up: {ended:?}"),
        }
        reported
    }

    /// Lets it look at so many more blocks.
    pub(super) async fn for_blocks(&mut self, count: u64) -> Vec<Report> {
        let from = self.status.borrow().l1_block;
        self.until(|status| status.l1_block >= from + count).await
    }

    /// Lets it work until nothing moves or waits, and all that it decides by is as deep as has to be.
    pub(super) async fn until_calm(&mut self) -> Vec<Report> {
        // What was decided at the block that is known now is known with the next but one.
        let after = self.status.borrow().l1_block + 2;
        let is_calm = |status: &Status| {
            let is_deep = status.balances.values().all(|b| b.head == b.deep);
            status.l1_block >= after
                && is_deep
                && status.moves.is_empty()
                && status.waiting.is_empty()
        };
        self.until(is_calm).await
    }
}

/// What somebody else pays from hot.
fn payment(number: u64, wei: u128) -> Request {
    let id = IntentId(B256::left_padding_from(&number.to_be_bytes()));
    Request::call(id, address(OUTSIDE), Bytes::new())
        .with_value(U256::from(wei))
        .with_gas_limit(21_000)
}

pub(super) fn is_moving(report: &Report) -> bool {
    matches!(report, Report::Moving { .. })
}

pub(super) fn is_moved(report: &Report) -> bool {
    matches!(report, Report::Moved { .. })
}

/// What the fees of these tests' moves are, at most.
pub(super) const FEES: u128 = 500_000 * 4 * GWEI;
