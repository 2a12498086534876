//! From one place on L1 to the next surprise.

use spillway_l1::events::{DecodeError, EventReader, ForkedTooDeep, Item, Markers};
use spillway_l1::fees::Oracle;
use spillway_l1::transactions::{Event, IntentId, Obstacle, Outcome, Request, SubmitError};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use super::attempts::{Attempt, Course};
use super::begin::{self, PlaceError};
use super::feed::{Feed, FeedError, Filled};
use super::jobs::Job;
use super::opening::{self, Opening};
use super::pricing::Prices;
use super::report::{Report, Status};
use super::standing::{Place, Standing};
use super::{Batcher, BatcherError};
use crate::poster::{Diverged, Post, Poster};
use crate::price::Form;

/// Failed attempts after which batches are cut anew: what one lacks may be in the blocks after it.
const FAILURES_MAX: u32 = 2;

/// How a session ends.
#[derive(Debug)]
pub(super) enum End {
    /// Another one is to begin.
    Again(Reason),
    /// None is.
    GiveUp(BatcherError),
}

/// Why a session begins again from L1.
#[derive(Debug, thiserror::Error)]
pub(super) enum Reason {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    Forked(#[from] ForkedTooDeep),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Diverged(#[from] Diverged),
    #[error("batches that were final on L1 have fallen")]
    BaseFell,
    #[error(
        "L1 has batch {0}, which is not what this journal leads to: another sequencer has posted, or this is the journal of another \
         chain. Nothing is posted while it stands"
    )]
    Foreign(u64),
    #[error(
        "batches have fallen: L1 has {on_l1} reverts, and the journal has followed {followed}. Nothing is posted until they agree"
    )]
    OtherFork { on_l1: u64, followed: u64 },
    #[error(transparent)]
    Feed(FeedError),
    #[error("batches could not be posted {FAILURES_MAX} times; they are cut anew")]
    Failed,
    #[error("a transaction manager does not take a batch: {0}")]
    Refused(SubmitError),
}

impl<R: Into<Reason>> From<R> for End {
    fn from(reason: R) -> Self {
        Self::Again(reason.into())
    }
}

impl From<BatcherError> for End {
    fn from(error: BatcherError) -> Self {
        Self::GiveUp(error)
    }
}

impl From<FeedError> for End {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Pack(error) => Self::GiveUp(error.into()),
            other => Self::Again(Reason::Feed(other)),
        }
    }
}

pub(super) struct Session<'b> {
    pub(super) batcher: &'b mut Batcher,
    /// Whether everything that L1 was last heard of is taken in.
    pub(super) is_at_head: bool,
    /// The last block of L1 that is taken in.
    pub(super) read_through: u64,
    pub(super) standing: Standing,
    pub(super) poster: Poster,
    /// Away while it works.
    pub(super) feed: Option<Box<Feed>>,
    /// Away while it asks.
    pub(super) oracle: Option<Box<Oracle>>,
    pub(super) prices: Option<Prices>,
    pub(super) is_preparing: bool,
    /// Attempts that failed in this session.
    pub(super) failed: u32,
    /// Nothing is sent before, after a failure.
    pub(super) not_before: Instant,
    pub(super) jobs: JoinSet<Job>,
    pub(super) packed_block: u64,
    pub(super) open_bytes: usize,
}

impl<'b> Session<'b> {
    /// Finds the place and takes over what is under way.
    pub(super) async fn begin(batcher: &'b mut Batcher) -> Result<Self, End> {
        let Opening {
            reader,
            standing,
            feed,
            poster,
        } = opening::open(batcher).await?;
        let oracle = Oracle::new(batcher.provider.clone(), batcher.config.fees);
        let mut session = Self {
            is_at_head: reader.is_at_head(),
            read_through: reader.cursor().next().saturating_sub(1),
            packed_block: feed.head(),
            open_bytes: feed.open_bytes(),
            batcher,
            standing,
            poster,
            feed: Some(feed),
            oracle: Some(Box::new(oracle)),
            prices: None,
            is_preparing: false,
            failed: 0,
            not_before: Instant::now(),
            jobs: JoinSet::new(),
        };
        session.start_reading(Box::new(reader));
        Ok(session)
    }

    /// Works until something surprises it. `failures` counts those in a row, over sessions.
    pub(super) async fn run(mut self, failures: &mut u32) -> End {
        match self.work(failures).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn work(&mut self, failures: &mut u32) -> Result<std::convert::Infallible, End> {
        let mut ticks = tokio::time::interval(self.batcher.config.poll_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let accounts = &mut self.batcher.accounts;
            tokio::select! {
                event = accounts.blobs.events.recv() => self.on_event(Form::Blobs, event, failures).await?,
                event = accounts.calldata.events.recv() => self.on_event(Form::Calldata, event, failures).await?,
                Some(job) = self.jobs.join_next() => self.on_job(job, failures).await?,
                _ = ticks.tick() => self.start_work(),
            }
            self.start_posting();
            self.publish();
        }
    }

    async fn on_read(
        &mut self,
        reader: Box<EventReader>,
        item: Item,
        failures: &mut u32,
    ) -> Result<(), End> {
        let markers = reader.markers();
        self.is_at_head = reader.is_at_head();
        self.read_through = reader.cursor().next().saturating_sub(1);
        self.start_reading(reader);
        let before = self.head()?;
        if let Some(error) = opening::take_in(self.batcher, &mut self.standing, item)? {
            return Err(error.into());
        }
        opening::check_fork(&self.batcher.config, &self.standing)?;
        let head = self.head()?;
        self.poster
            .l1_head(head.header_hash)
            .map_err(Reason::Diverged)?;
        if head != before {
            if head.number > before.number {
                *failures = 0;
            }
            let (batch, block) = (head.number, head.block);
            self.batcher.report(Report::Standing { batch, block }).await;
        }
        self.notice_fallen();
        self.finalise(markers).await
    }

    /// A batch whose transaction took effect and which does not stand has fallen. It is asked for again under another name: its
    /// first transaction is done.
    fn notice_fallen(&mut self) {
        if !self.is_at_head {
            return;
        }
        let has_fallen = |attempt: &&Attempt| {
            let is_read = |block| block <= self.read_through;
            attempt.course == Course::UnderWay
                && attempt.included_in.is_some_and(is_read)
                && self.poster.knows(attempt.header_hash)
                && !self.poster.stands(attempt.header_hash)
        };
        let all = self.batcher.attempts.all().iter();
        let fallen: Vec<_> = all.filter(has_fallen).map(|attempt| attempt.id).collect();
        for id in fallen {
            self.batcher.attempts.note(IntentId(id), Course::Failed);
            self.poster.failed(id);
        }
    }

    fn head(&self) -> Result<Place, Reason> {
        self.standing.head().map_err(|_| Reason::BaseFell)
    }

    /// Lets go of what L1 has finalised.
    async fn finalise(&mut self, markers: Option<Markers>) -> Result<(), End> {
        let finality = self.batcher.config.finality;
        let is_final = markers.and_then(|markers| begin::final_block(&markers, finality));
        let Some(block) = is_final else { return Ok(()) };
        self.standing
            .finalise(block)
            .map_err(|_| Reason::BaseFell)?;
        let base = *self.standing.base();
        self.poster.l1_final(base.header_hash);
        for (form, id) in self.batcher.attempts.settle(base.block) {
            self.batcher.accounts.of(form).forget(IntentId(id)).await;
        }
        Ok(())
    }

    async fn on_event(
        &mut self,
        form: Form,
        event: Option<Event>,
        failures: &mut u32,
    ) -> Result<(), End> {
        let event = event.ok_or(BatcherError::ManagerStopped)?;
        let id = event.id();
        match event {
            Event::Included { receipt, .. } => {
                let block = receipt.block.number;
                self.batcher.attempts.place(id, Some(block));
                self.notice_fallen();
            }
            Event::Dropped { .. } => self.batcher.attempts.place(id, None),
            // Its nonce was lost to another node with this key. If the batch gets there after all, L1 refuses the next attempt.
            Event::Displaced { .. } | Event::Reverted { .. } | Event::Cancelled { .. } => {
                self.fail(id, failures).await?;
            }
            Event::Final { settled, .. } if settled.outcome == Outcome::Executed => {
                self.on_executed(form, id, failures).await?;
            }
            Event::Final { .. } => {
                self.fail(id, failures).await?;
                self.batcher.accounts.of(form).forget(id).await;
            }
            // A blob transaction where there are no blobs, for instance: it will never get anywhere.
            Event::Blocked {
                obstacle: Obstacle::Invalid(_),
                ..
            } => self.batcher.cancel(form, id.0).await,
            _ => {}
        }
        Ok(())
    }

    /// An attempt did what it should, deep in the chain.
    async fn on_executed(
        &mut self,
        form: Form,
        id: IntentId,
        failures: &mut u32,
    ) -> Result<(), End> {
        let attempt = self.batcher.attempts.get(id);
        let header_hash = attempt.map(|attempt| attempt.header_hash);
        match header_hash.filter(|hash| self.poster.knows(*hash)) {
            Some(hash) if self.is_at_head && !self.poster.stands(hash) => {
                // It stood, and has fallen since.
                self.fail(id, failures).await?;
                self.batcher.accounts.of(form).forget(id).await;
            }
            // Kept until it is final here as well.
            Some(_) => self.batcher.attempts.note(id, Course::Ended),
            // It is final already, or none of ours.
            None => {
                self.batcher.attempts.forget(id.0);
                self.batcher.accounts.of(form).forget(id).await;
            }
        }
        Ok(())
    }

    /// Notes that an attempt failed; the next one waits.
    async fn fail(&mut self, id: IntentId, failures: &mut u32) -> Result<(), End> {
        let attempt = self.batcher.attempts.get(id);
        if attempt.is_none_or(|attempt| attempt.course == Course::Failed) {
            return Ok(());
        }
        self.batcher.attempts.note(id, Course::Failed);
        if !self.poster.failed(id.0) {
            // Nobody waits for it.
            return Ok(());
        }
        self.not_before = Instant::now() + self.batcher.config.wait_after(*failures);
        *failures = failures.saturating_add(1);
        self.failed += 1;
        self.batcher.report(Report::Failed { id: id.0 }).await;
        if self.failed >= FAILURES_MAX {
            return Err(Reason::Failed.into());
        }
        Ok(())
    }

    async fn on_job(&mut self, job: Result<Job, JoinError>, failures: &mut u32) -> Result<(), End> {
        match job.map_err(BatcherError::Task)? {
            Job::Read(reader, item) => self.on_read(reader, item?, failures).await?,
            Job::Filled(feed, filled) => self.on_filled(feed, filled?).await?,
            Job::Prepared(post, request) => {
                self.is_preparing = false;
                self.submit(&post, request.map_err(BatcherError::Proofs)?)
                    .await?;
            }
            Job::Priced(oracle, fees) => {
                self.oracle = Some(oracle);
                // Without an answer the former prices are used; the managers complain.
                self.prices = fees.ok().as_ref().map(Prices::of).or(self.prices);
            }
        }
        Ok(())
    }

    async fn on_filled(&mut self, feed: Box<Feed>, filled: Filled) -> Result<(), End> {
        self.packed_block = feed.head();
        self.open_bytes = feed.open_bytes();
        self.feed = Some(feed);
        for (batch, reason) in filled.batches {
            let sealed = Report::Sealed {
                first_block: batch.first_block,
                last_block: batch.header.block_number,
                chunks: batch.chunks.len(),
                operation_bytes: batch.operation_bytes,
                reason,
            };
            let header_hash = batch.header_hash();
            self.poster.seal(batch).map_err(Reason::Diverged)?;
            // The same batch may have been tried in an earlier session.
            opening::remind(&mut self.poster, &self.batcher.attempts, header_hash);
            self.batcher.report(sealed).await;
        }
        if filled.more {
            self.start_filling();
        }
        Ok(())
    }

    /// Hands a batch to its manager, which makes it durable before it answers.
    async fn submit(&mut self, post: &Post, request: Request) -> Result<(), End> {
        let config = &self.batcher.config;
        let attempt = Attempt::of(post.form, &request, config.contracts.rollup);
        let manager = self.batcher.accounts.of(post.form);
        match manager.submit(request).await {
            Err(SubmitError::Busy(_)) => {
                // Many are in blocks that are not final: one of them will be, soon.
                self.poster.unsent(post.id);
                self.not_before = Instant::now() + config.retry_interval;
                return Ok(());
            }
            submitted => submitted.map_err(Reason::Refused)?,
        }
        if let Some(attempt) = attempt {
            self.batcher.attempts.add(attempt);
        }
        let submitted = Report::Submitted {
            id: post.id,
            last_block: post.batch.header.block_number,
            form: post.form,
            blobs: match post.form {
                Form::Blobs => post.batch.blobs(),
                Form::Calldata => 0,
            },
        };
        self.batcher.report(submitted).await;
        Ok(())
    }

    fn publish(&self) {
        let Ok(head) = self.head() else { return };
        self.batcher.status.send_replace(Status {
            packed_block: self.packed_block,
            posted_batch: head.number,
            posted_block: head.block,
            final_block: self.standing.base().block,
            unposted_bytes: (self.poster.unposted_bytes() + self.open_bytes) as u64,
            unposted_batches: self.poster.unposted(),
            wei_per_byte: self.prices.map(|prices| prices.wei_per_byte()),
            failures: self.poster.failures(),
        });
    }
}
