//! A pool that advances withdrawals, beside a relayer in this process. It can be killed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Bytes;
use spillway_l1::transactions::Stopped;
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::token::{ETH, TokenId};
use spillway_relayer::Book;
use spillway_relayer::advances::{
    AdvanceConfig, AdvanceDesk, AdvanceError, AdvanceReport, AdvanceStage, FastWithdrawals, Hot,
    Refusal, StartError, StoreError, TokenTerms,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::l1::{ETHER, HOT, L1};
use super::l2::Town;
use super::running::{Tuning, account, end_manager, intents};

/// The development token.
pub(super) const TOKEN: TokenId = 1;

/// The longest wait for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Pool {
    pub(super) fast: FastWithdrawals,
    /// To be read, or it stands still.
    reports: mpsc::Receiver<AdvanceReport>,
    desk: JoinHandle<AdvanceError>,
    manager: JoinHandle<Result<(), Stopped>>,
    intents: PathBuf,
    /// Withdrawals whose orders it has told to be refused.
    refused: BTreeSet<u32>,
}

fn config() -> AdvanceConfig {
    let terms = TokenTerms {
        share_bps: 10,
        flat: 0,
        each_max: 10 * ETHER,
        outstanding_max: 10_000 * ETHER,
        daily_max: 10_000 * ETHER,
    };
    AdvanceConfig {
        poll_interval: Duration::from_millis(10),
        retry_interval: Duration::from_millis(20),
        retry_interval_max: Duration::from_millis(200),
        ..AdvanceConfig::new([(ETH, terms), (TOKEN, terms)].into())
    }
}

impl Pool {
    /// Starts one, which keeps its files in that folder.
    pub(super) async fn start(
        l1: &L1,
        town: &Town,
        book: Book,
        dir: &Path,
        tuning: Tuning,
    ) -> Self {
        let orders = dir.join("orders");
        let (reporter, reports) = mpsc::channel(1);
        loop {
            let (account, mut manager) = account(l1, dir, HOT, tuning).await;
            let bridge = l1.deployment.bridge;
            let hot = Hot { account, bridge };
            let l2 = Arc::new(town.clone());
            let started = AdvanceDesk::start(
                config(),
                l1.provider(),
                hot,
                (l2, book.clone()),
                town.safe(),
                &orders,
                reporter.clone(),
            );
            match started.await {
                Ok(desk) => {
                    return Self {
                        fast: desk.handle(),
                        reports,
                        desk: tokio::spawn(desk.run()),
                        manager,
                        intents: intents(dir, HOT),
                        refused: BTreeSet::new(),
                    };
                }
                // What an order of the one before still writes, it writes to the end.
                Err(StartError::Store(StoreError::InUse(_))) => {
                    end_manager(&mut manager, &intents(dir, HOT)).await;
                }
                Err(error) => panic!("no desk: {error}"),
            }
        }
    }

    /// Ends it at once, wherever it is. Answers the withdrawals that it has told to be refused.
    pub(super) async fn kill(mut self) -> BTreeSet<u32> {
        self.desk.abort();
        let _ = (&mut self.desk).await;
        self.drain();
        drop(self.fast);
        end_manager(&mut self.manager, &self.intents).await;
        self.refused
    }

    /// Reads what it has reported, so that it goes on.
    pub(super) fn drain(&mut self) {
        while let Ok(report) = self.reports.try_recv() {
            self.note(&report);
        }
    }

    /// The withdrawals that it has told to be refused.
    pub(super) const fn refused(&self) -> &BTreeSet<u32> {
        &self.refused
    }

    fn note(&mut self, report: &AdvanceReport) {
        if let AdvanceReport::Refused { index, .. } = report {
            self.refused.insert(*index);
        }
    }

    /// Asks for a quote, signs it as the owner does, and orders.
    pub(super) async fn order(&mut self, l1: &L1, town: &Town, index: u32) -> Result<(), Refusal> {
        let withdrawal = town.made(index);
        let quote = self.fast.quote(withdrawal.token, withdrawal.amount)?;
        let consent = FastWithdrawal {
            index,
            withdrawal,
            fee: quote.fee,
            deadline: quote.deadline,
        };
        let signature = l1.consent(&consent);
        self.send(&consent, signature).await
    }

    /// Orders, and reads what is reported meanwhile.
    pub(super) async fn send(
        &mut self,
        consent: &FastWithdrawal,
        signature: Bytes,
    ) -> Result<(), Refusal> {
        let FastWithdrawal {
            index,
            fee,
            deadline,
            ..
        } = *consent;
        let fast = self.fast.clone();
        let mut ordered = std::pin::pin!(fast.accept(index, fee, deadline, signature));
        loop {
            tokio::select! {
                answer = &mut ordered => return answer,
                Some(report) = self.reports.recv() => self.note(&report),
            }
        }
    }

    /// Reads one report; waits for ever if there is no pool.
    pub(super) async fn read(pool: &mut Option<Self>) {
        match pool {
            Some(pool) => {
                if let Some(report) = pool.reports.recv().await {
                    pool.note(&report);
                }
            }
            None => std::future::pending().await,
        }
    }

    /// How far an advance is.
    pub(super) fn stage(&self, town: &Town, index: u32) -> Option<AdvanceStage> {
        let status = self.fast.status(index, &town.made(index));
        status.map(|status| status.stage)
    }

    /// Lets it work until it reports something of that kind; answers what it reported.
    pub(super) async fn until_told(
        &mut self,
        is_it: impl Fn(&AdvanceReport) -> bool,
    ) -> Vec<AdvanceReport> {
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
        assert!(waited.is_ok(), "no such report; {told:#?}");
        told
    }
}
