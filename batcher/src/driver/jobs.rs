//! What a session has done beside its loop, so that no answer is waited for in it.

use std::time::{Duration, SystemTime};

use spillway_l1::events::{EventReader, ForkedTooDeep, Item};
use spillway_l1::fees::{FeeError, Fees, Oracle};
use spillway_l1::transactions::Request;
use tokio::time::Instant;

use super::attempts::{Attempt, Course};
use super::feed::{Conditions, Feed, FeedError, Filled};
use super::session::Session;
use super::submission;
use crate::poster::Post;

/// Work beside the loop.
pub(super) enum Job {
    Read(Box<EventReader>, Result<Item, ForkedTooDeep>),
    Filled(Box<Feed>, Result<Filled, FeedError>),
    Prepared(Post, Result<Request, String>),
    Priced(Box<Oracle>, Result<Fees, FeeError>),
}

impl Session<'_> {
    /// Waits for what L1 says next.
    pub(super) fn start_reading(&mut self, mut reader: Box<EventReader>) {
        self.jobs.spawn(async move {
            let item = reader.next().await;
            Job::Read(reader, item)
        });
    }

    /// Looks at the journal and at the prices.
    pub(super) fn start_work(&mut self) {
        self.start_filling();
        if let Some(mut oracle) = self.oracle.take() {
            self.jobs.spawn(async move {
                let fees = oracle.update().await;
                Job::Priced(oracle, fees)
            });
        }
    }

    /// Packs what is durable.
    pub(super) fn start_filling(&mut self) {
        // What is sealed depends on the prices.
        let Some(prices) = self.prices else { return };
        let config = &self.batcher.config;
        let conditions = Conditions {
            posting: config.posting,
            level: prices.level,
            form: config.posting.form(prices.form),
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

    /// Whether something is under way that continues no batch of these. It is being withdrawn; sent beside it, a batch could
    /// make it fit after all.
    fn others_are_under_way(&self) -> bool {
        let base = self.standing.base().block;
        let is_other = |attempt: &Attempt| {
            attempt.course == Course::UnderWay
                && attempt.included_in.is_none()
                && attempt.header.block_number > base
                && !self.poster.knows(attempt.header_hash)
        };
        self.batcher.attempts.all().iter().any(is_other)
    }

    /// Prepares the next batch, if one is due and everything that L1 shows is known.
    pub(super) fn start_posting(&mut self) {
        let Some(prices) = self.prices else { return };
        if self.is_preparing || !self.is_at_head || Instant::now() < self.not_before {
            return;
        }
        if self.others_are_under_way() {
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
}

fn unix_seconds() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}
