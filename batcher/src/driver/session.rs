//! From one place on L1 to the next surprise.

use std::time::{Duration, SystemTime};

use spillway_l1::events::{DecodeError, EventReader, ForkedTooDeep, Item};
use spillway_l1::fees::{FeeError, Fees, Oracle};
use spillway_l1::transactions::{Event, IntentId, Outcome, Request};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use super::attempts::{Attempt, Course};
use super::begin::PlaceError;
use super::feed::{Conditions, Feed, FeedError, Filled};
use super::opening::{self, Opening};
use super::pricing::Prices;
use super::report::{Report, Status};
use super::standing::{Place, Standing};
use super::{Batcher, BatcherError, submission};
use crate::policy::PriceLevel;
use crate::poster::{Diverged, Post, Poster};
use crate::price::Form;

/// Failed attempts of a batch after which it is cut anew: what it lacks may be in the blocks after it.
const FAILURES_MAX: u64 = 2;

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
    #[error(transparent)]
    Feed(FeedError),
    #[error("a batch could not be posted {FAILURES_MAX} times; it is cut anew")]
    Failed,
    #[error("a transaction manager does not take a batch: {0}")]
    Refused(spillway_l1::transactions::SubmitError),
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

/// Work beside the loop.
enum Job {
    Filled(Box<Feed>, Result<Filled, FeedError>),
    Prepared(Post, Result<Request, String>),
    Priced(Box<Oracle>, Result<Fees, FeeError>),
}

pub(super) struct Session<'b> {
    batcher: &'b mut Batcher,
    reader: EventReader,
    standing: Standing,
    poster: Poster,
    /// Away while it works.
    feed: Option<Box<Feed>>,
    /// Away while it asks.
    oracle: Option<Box<Oracle>>,
    prices: Option<Prices>,
    is_preparing: bool,
    /// Nothing is sent before, after a failure.
    not_before: Instant,
    jobs: JoinSet<Job>,
    packed_block: u64,
    open_bytes: usize,
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
        Ok(Self {
            packed_block: feed.head(),
            open_bytes: feed.open_bytes(),
            batcher,
            reader,
            standing,
            poster,
            feed: Some(feed),
            oracle: Some(Box::new(oracle)),
            prices: None,
            is_preparing: false,
            not_before: Instant::now(),
            jobs: JoinSet::new(),
        })
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
                item = self.reader.next() => self.on_l1(item?, failures).await?,
                event = accounts.blobs.events.recv() => self.on_event(Form::Blobs, event, failures).await?,
                event = accounts.calldata.events.recv() => self.on_event(Form::Calldata, event, failures).await?,
                Some(job) = self.jobs.join_next() => self.on_job(job).await?,
                _ = ticks.tick() => self.start_work(),
            }
            self.start_posting();
            self.publish();
        }
    }

    async fn on_l1(&mut self, item: Item, failures: &mut u32) -> Result<(), End> {
        let before = self.head()?;
        opening::take_in(self.batcher, &mut self.standing, item)?;
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
        self.finalise().await
    }

    fn head(&self) -> Result<Place, Reason> {
        self.standing.head().map_err(|_| Reason::BaseFell)
    }

    /// Lets go of what L1 has finalised.
    async fn finalise(&mut self) -> Result<(), End> {
        let markers = self.reader.markers();
        let is_final =
            markers.and_then(|markers| markers.final_block(self.batcher.config.finality));
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
            Event::Reverted { .. } | Event::Cancelled { .. } => self.fail(id, failures).await?,
            Event::Final { settled, .. } if settled.outcome == Outcome::Executed => {
                self.batcher.attempts.note(id, Course::Ended);
                // What is final already, or is none of ours.
                let is_awaited = self
                    .batcher
                    .attempts
                    .get(id)
                    .is_some_and(|attempt| self.poster.knows(attempt.header_hash));
                if !is_awaited {
                    self.batcher.attempts.forget(id.0);
                    self.batcher.accounts.of(form).forget(id).await;
                }
            }
            Event::Final { .. } => {
                self.fail(id, failures).await?;
                self.batcher.accounts.of(form).forget(id).await;
            }
            _ => {}
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
        self.poster.failed(id.0);
        self.not_before = Instant::now() + self.batcher.config.wait_after(*failures);
        *failures = failures.saturating_add(1);
        self.batcher.report(Report::Failed { id: id.0 }).await;
        if self.poster.failures() >= FAILURES_MAX {
            return Err(Reason::Failed.into());
        }
        Ok(())
    }

    async fn on_job(&mut self, job: Result<Job, JoinError>) -> Result<(), End> {
        match job.map_err(BatcherError::Task)? {
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
            self.poster.seal(batch).map_err(Reason::Diverged)?;
            self.batcher.report(sealed).await;
        }
        if filled.more {
            self.start_filling();
        }
        Ok(())
    }

    /// Hands a batch to its manager, which makes it durable before it answers.
    async fn submit(&mut self, post: &Post, request: Request) -> Result<(), End> {
        let attempt = Attempt::of(post.form, &request);
        let manager = self.batcher.accounts.of(post.form);
        manager.submit(request).await.map_err(Reason::Refused)?;
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

    fn start_work(&mut self) {
        self.start_filling();
        if let Some(mut oracle) = self.oracle.take() {
            self.jobs.spawn(async move {
                let fees = oracle.update().await;
                Job::Priced(oracle, fees)
            });
        }
    }

    fn start_filling(&mut self) {
        let config = &self.batcher.config;
        let conditions = Conditions {
            posting: config.posting,
            level: self
                .prices
                .map_or(PriceLevel::AVERAGE, |prices| prices.level),
            form: config
                .posting
                .form(self.prices.map_or(Form::Blobs, |prices| prices.form)),
            now: unix_seconds(),
            room: config
                .unposted_chunks_max
                .saturating_sub(self.poster.unposted_chunks()),
        };
        if let Some(mut feed) = self.feed.take() {
            self.jobs.spawn_blocking(move || {
                let filled = feed.fill(&conditions);
                Job::Filled(feed, filled)
            });
        }
    }

    /// Prepares the next batch, if one is due and everything that L1 shows is known.
    fn start_posting(&mut self) {
        let Some(prices) = self.prices else { return };
        if self.is_preparing || !self.reader.is_at_head() || Instant::now() < self.not_before {
            return;
        }
        let now = unix_seconds();
        let age = |since: u64| Duration::from_secs(now.saturating_sub(since));
        let next = self
            .poster
            .next(&prices.now, prices.level, |batch| age(batch.waits_since));
        let Some(post) = next else { return };
        self.is_preparing = true;
        let (rollup, sequencer) = (
            self.batcher.config.contracts.rollup,
            self.batcher.config.sequencer,
        );
        self.jobs.spawn_blocking(move || {
            let request = submission::request(&post, rollup, sequencer);
            Job::Prepared(post, request)
        });
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

fn unix_seconds() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}
