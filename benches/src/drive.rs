//! What a driver hands back, and how the connections' parts become one.

use crate::answer::Answers;
use crate::request::Request;
use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use std::time::Instant;
use tokio::task::JoinSet;

/// What one connection sent and received.
#[derive(Debug)]
pub struct Lane {
    /// In the order sent.
    pub requests: Vec<Request>,
    /// In the same order.
    pub answers: Answers,
    /// In microseconds, once for each transfer, with three significant digits.
    pub latency_us: Histogram<u64>,
    /// When the last answer was there.
    pub end: Instant,
}

/// What was measured of one round.
#[derive(Debug)]
pub struct Drive {
    /// When the first request was sent or due.
    pub start: Instant,
    /// When the last answer was there.
    pub end: Instant,
    /// Over all connections, as in [`Lane`].
    pub latency_us: Histogram<u64>,
    /// One for each connection.
    pub lanes: Vec<Lane>,
}

impl Lane {
    /// A connection that has not sent anything yet.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            requests: Vec::new(),
            answers: Answers::default(),
            latency_us: latency_histogram_us(),
            end: Instant::now(),
        }
    }

    /// Records the answer to a request that was sent, or due, at `since`.
    ///
    /// # Errors
    /// If the histogram cannot hold the latency, which would have to be years.
    pub fn record(&mut self, request: Request, since: Instant, answer: &[u8]) -> Result<()> {
        self.end = Instant::now();
        let micros = u64::try_from((self.end - since).as_micros())?.max(1);
        self.latency_us
            .record_n(micros, request.transfers.len() as u64)?;
        self.answers.push(answer);
        self.requests.push(request);
        Ok(())
    }
}

impl Drive {
    /// Waits for all connections. The first failure ends the round and closes the others.
    ///
    /// # Errors
    /// The first connection's failure.
    pub async fn gather(start: Instant, mut tasks: JoinSet<Result<Lane>>) -> Result<Self> {
        let mut drive = Self {
            start,
            end: start,
            latency_us: latency_histogram_us(),
            lanes: Vec::new(),
        };
        while let Some(lane) = tasks.join_next().await {
            let lane = lane.context("a connection's task failed")??;
            drive.end = drive.end.max(lane.end);
            drive.latency_us.add(&lane.latency_us)?;
            drive.lanes.push(lane);
        }
        Ok(drive)
    }
}

fn latency_histogram_us() -> Histogram<u64> {
    Histogram::new(3).expect("three significant digits are within the library's range")
}
