//! From the first block of L1 to the next surprise.

use std::collections::BTreeSet;
use std::convert::Infallible;

use spillway_l1::arrivals::SaidError;
use spillway_l1::events::{
    Cursor, EventReader, Finality, ForkedTooDeep, Item, Markers, ReaderSettings,
};
use spillway_l1::fees::{Fees, Oracle};
use spillway_l1::payments;
use spillway_l1::transactions::{Event, IntentId, Obstacle, Outcome};
use tokio::task::{JoinError, JoinSet};
use tokio::time::MissedTickBehavior;

use super::asking::Pause;
use super::book::Pages;
use super::report::Report;
use super::{Relayer, RelayerError, reading};
use crate::l2::L2Head;
use crate::policy::Prices;
use crate::withdrawals::{Contradiction, FailureKind};

/// Blocks below the head that count as final where no node says what is, as on development networks.
const DEPTH_WITHOUT_FINALITY: u64 = 128;

/// Blocks of L1 for which a claim that others have made pointless is left alone: its own transaction may be what paid.
const POINTLESS_BLOCKS: u64 = 2;

/// How a session ends.
#[derive(Debug)]
pub(super) enum End {
    /// Another one is to begin.
    Again(Reason),
    /// None is.
    GiveUp(RelayerError),
}

/// Why a session begins again from L1's first block.
#[derive(Debug, thiserror::Error)]
pub(super) enum Reason {
    #[error(transparent)]
    Forked(#[from] ForkedTooDeep),
    #[error(transparent)]
    Said(#[from] SaidError),
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
}

impl<R: Into<Reason>> From<R> for End {
    fn from(reason: R) -> Self {
        Self::Again(reason.into())
    }
}

impl From<RelayerError> for End {
    fn from(error: RelayerError) -> Self {
        Self::GiveUp(error)
    }
}

/// The reader, back from work, with what it read.
type Read = (Box<EventReader>, Result<Item, ForkedTooDeep>);

pub(super) struct Session<'r> {
    pub(super) relayer: &'r mut Relayer,
    /// Reads L1, and is away while it does.
    reading: JoinSet<Read>,
    pub(super) is_at_head: bool,
    /// Whether the head was reached at all: before, what is read is history.
    has_begun: bool,
    oracle: Oracle,
    fees: Option<Fees>,
    pub(super) l2_head: Option<L2Head>,
    /// Claims that are pointless, with the block since which they are; and those that are withdrawn for that.
    pointless: Vec<(IntentId, u64)>,
    cancelled: BTreeSet<IntentId>,
    /// After L2 did not answer.
    l2_pause: Pause,
    /// After there was no claim although one was due.
    pub(super) claim_pause: Pause,
}

impl<'r> Session<'r> {
    /// Begins with nothing but the claims that the manager knows.
    pub(super) async fn begin(relayer: &'r mut Relayer) -> Result<Self, End> {
        let config = &relayer.config;
        let mut pages = Pages::new(config.deposits, config.withdrawals);
        let requests = relayer.account.manager.requests().await;
        for request in requests.map_err(|_| RelayerError::ManagerStopped)? {
            let claimed = payments::claimed_by(&request.data);
            if let Some(indices) = claimed.filter(|_| request.to == config.contracts.bridge) {
                pages.withdrawals.on_claim(request.id, indices);
            }
        }
        let reader = EventReader::new(
            relayer.provider.clone(),
            Cursor::before(config.first_l1_block),
            config.contracts.filter(),
            ReaderSettings {
                poll_interval: config.poll_interval,
                retry_interval: config.retry_interval,
                fork_depth_max: match config.finality {
                    Finality::Depth(depth) => depth,
                    Finality::Safe | Finality::Finalized => DEPTH_WITHOUT_FINALITY,
                },
            },
        );
        let oracle = Oracle::new(relayer.provider.clone(), config.fees);
        *relayer.book.pages.write() = pages;
        let mut session = Self {
            relayer,
            reading: JoinSet::new(),
            is_at_head: false,
            has_begun: false,
            oracle,
            fees: None,
            l2_head: None,
            pointless: Vec::new(),
            cancelled: BTreeSet::new(),
            l2_pause: Pause::default(),
            claim_pause: Pause::default(),
        };
        // What L2 has consumed long ago is not to fill the memory for deposits. If it does not answer, the first tick says so.
        let _ = session.ask_l2().await?;
        session.start_reading(Box::new(reader));
        Ok(session)
    }

    /// Works until something surprises it. `failures` counts sessions in a row that ended before L1's head.
    pub(super) async fn run(mut self, failures: &mut u32) -> End {
        match self.work(failures).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn work(&mut self, failures: &mut u32) -> Result<Infallible, End> {
        let mut ticks = tokio::time::interval(self.relayer.config.poll_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.relayer.account.events.recv() => self.on_event(event).await?,
                Some(read) = self.reading.join_next() => self.on_read(read, failures).await?,
                _ = ticks.tick() => self.on_tick().await?,
            }
            self.publish();
        }
    }

    fn start_reading(&mut self, mut reader: Box<EventReader>) {
        self.reading.spawn(async move {
            let item = reader.next().await;
            (reader, item)
        });
    }

    async fn on_read(
        &mut self,
        read: Result<Read, JoinError>,
        failures: &mut u32,
    ) -> Result<(), End> {
        let (reader, item) = read.map_err(RelayerError::Task)?;
        let item = item?;
        let markers = reader.markers();
        self.is_at_head = reader.is_at_head();
        self.start_reading(reader);
        let reports = {
            let mut pages = self.relayer.book.pages.write();
            let block = match &item {
                Item::Block(block) => Some(block.header.block.number),
                Item::Rollback { .. } => None,
            };
            pages.is_current &= self.is_at_head;
            let reports = reading::take(&mut pages, &self.relayer.config.contracts, item)?;
            if let (Some(block), Some(markers)) = (block, markers) {
                self.relayer.finalise(&mut pages, block, &markers);
            }
            reports
        };
        if self.has_begun {
            for report in reports {
                self.relayer.report(report).await;
            }
        }
        if self.is_at_head && !self.has_begun {
            self.has_begun = true;
            *failures = 0;
            let began = self.relayer.began();
            self.relayer.report(began).await;
        }
        Ok(())
    }

    async fn on_event(&mut self, event: Option<Event>) -> Result<(), End> {
        let event = event.ok_or(RelayerError::ManagerStopped)?;
        let id = event.id();
        match event {
            Event::Included { receipt, .. } => {
                self.relayer.included.insert(id);
                let (gas, wei) = (receipt.gas_used, receipt.cost());
                self.relayer.status.send_modify(|status| {
                    status.wei_spent = status.wei_spent.saturating_add(wei);
                    status.last_claim = Some(receipt.transaction);
                });
                self.relayer.report(Report::Claimed { id, gas, wei }).await;
            }
            Event::Dropped { .. } => _ = self.relayer.included.remove(&id),
            Event::Reverted { .. } | Event::Cancelled { .. } => self.end_claim(id, true).await,
            Event::Final { settled, .. } => {
                let has_failed = settled.outcome != Outcome::Executed;
                self.end_claim(id, has_failed).await;
                self.relayer.account.manager.forget(id).await;
            }
            Event::Blocked { obstacle, .. } => {
                if matches!(obstacle, Obstacle::Invalid(_)) {
                    // It will never get anywhere.
                    self.relayer.account.manager.cancel(id).await;
                }
                self.relayer.report(Report::Blocked { id, obstacle }).await;
            }
            _ => {}
        }
        Ok(())
    }

    /// A claim takes no effect any more, or has taken its effect for good.
    async fn end_claim(&mut self, id: IntentId, has_failed: bool) {
        self.relayer.included.remove(&id);
        self.cancelled.remove(&id);
        let pages = &self.relayer.book.pages;
        let unpaid = pages.write().withdrawals.on_claim_ended(id);
        let Some(unpaid) = unpaid.filter(|_| has_failed) else {
            return;
        };
        for index in &unpaid {
            let kind = FailureKind::ClaimFailed;
            pages.write().withdrawals.note_failure(*index, kind);
        }
        let unpaid = unpaid.len();
        self.relayer
            .report(Report::ClaimFailed { id, unpaid })
            .await;
    }

    async fn on_tick(&mut self) -> Result<(), End> {
        if self.l2_pause.is_over() {
            match self.ask_l2().await? {
                Ok(()) => self.l2_pause.end(),
                Err(error) => {
                    let config = &self.relayer.config;
                    self.l2_pause
                        .extend(config.retry_interval, config.retry_interval_max);
                    let reason = format!("L2 does not answer: {error}");
                    self.relayer.report(Report::Waits { reason }).await;
                }
            }
        }
        if !self.is_at_head {
            return Ok(());
        }
        self.cancel_pointless().await;
        let is_free = self.open_claims() < self.relayer.config.in_flight_max;
        if !is_free || !self.claim_pause.is_over() {
            return Ok(());
        }
        match self.prices().await {
            Some(prices) => self.claim(&prices).await,
            None => Ok(()),
        }
    }

    /// Withdraws claims that others were faster with.
    async fn cancel_pointless(&mut self) {
        let head = self.relayer.status.borrow().l1_block;
        let pointless = self
            .relayer
            .book
            .pages
            .read()
            .withdrawals
            .pointless_claims();
        self.pointless.retain(|(id, _)| pointless.contains(id));
        for id in pointless {
            let since = self.pointless.iter().find(|(known, _)| *known == id);
            match since {
                None => self.pointless.push((id, head)),
                Some((_, since)) if head < since.saturating_add(POINTLESS_BLOCKS) => {}
                Some(_) if self.relayer.included.contains(&id) => {}
                Some(_) => {
                    if self.cancelled.insert(id) {
                        self.relayer.account.manager.cancel(id).await;
                        self.relayer.report(Report::Cancelled { id }).await;
                    }
                }
            }
        }
    }

    /// Claims under way that are not all paid.
    fn open_claims(&self) -> usize {
        self.relayer.book.pages.read().open_claims()
    }

    /// What L1 takes; none if it does not say.
    async fn prices(&mut self) -> Option<Prices> {
        let head = self.relayer.status.borrow().l1_block;
        if self.fees.is_none_or(|fees| fees.block != head)
            && let Ok(fees) = self.oracle.update().await
        {
            // Without an answer the former ones are used; the manager complains.
            self.fees = Some(fees);
        }
        self.fees.map(|fees| Prices {
            now: fees.next_base_fee.saturating_add(fees.priority_fee),
            average: fees.base_fee_average.saturating_add(fees.priority_fee),
        })
    }

    fn publish(&self) {
        let pages = self.relayer.book.pages.read();
        let waiting = pages.withdrawals.waiting();
        let now = pages.withdrawals.now();
        let oldest = waiting.iter().map(|waiting| waiting.since).min();
        let claims = pages.open_claims();
        self.relayer.status.send_modify(|status| {
            status.l1_block = pages.deposits.head();
            status.is_at_head = self.is_at_head;
            status.deposits_waiting = pages.deposits.waiting();
            status.withdrawals_tracked = pages.withdrawals.tracked();
            status.withdrawals_waiting = waiting.len();
            status.oldest_wait = oldest.map_or(0, |oldest| now.saturating_sub(oldest));
            status.claims = claims;
        });
    }
}

impl Relayer {
    fn finalise(&self, pages: &mut Pages, read: u64, markers: &Markers) {
        let told = markers.final_block(self.config.finality);
        let latest = markers.latest.number;
        let block = told.or_else(|| latest.checked_sub(DEPTH_WITHOUT_FINALITY));
        if let Some(block) = block {
            let block = block.min(read);
            pages.deposits.on_final(block);
            pages.withdrawals.on_final(block);
        }
    }

    fn began(&self) -> Report {
        let pages = self.book.pages.read();
        Report::Began {
            l1_block: pages.deposits.head(),
            claims: pages.withdrawals.claims().count(),
        }
    }
}
