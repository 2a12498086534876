//! The thread that owns the state.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use crate::clock::unix_seconds;
use crate::lanes::{Intake, L1Event, Lanes, Query, Room};
use crate::ordering::{Now, Orderer, OrderingError, Outcome, SealedBlock};
use crate::submission::{Accepted, SubmitError, Ticket};

/// Transactions taken from the lanes at once: few enough that withdrawals that arrive meanwhile do not
/// wait long, and that a block is sealed soon after the journal is free.
const TAKEN_MAX: usize = 512;

pub(super) struct Execution {
    orderer: Orderer<Ticket>,
    lanes: Arc<Lanes>,
    sealed: SyncSender<SealedBlock<Ticket>>,
    began: Instant,
    /// Whether a block is with the journal.
    syncing: bool,
    /// Whether to finish once everything executed is durable.
    stopping: bool,
}

impl Execution {
    pub(super) fn new(
        orderer: Orderer<Ticket>,
        lanes: Arc<Lanes>,
        sealed: SyncSender<SealedBlock<Ticket>>,
    ) -> Self {
        Self {
            orderer,
            lanes,
            sealed,
            began: Instant::now(),
            syncing: false,
            stopping: false,
        }
    }

    pub(super) fn run(mut self) {
        let mut intake = Intake::default();
        loop {
            self.lanes.take(self.deadline(), self.room(), &mut intake);
            if intake.halt {
                // With the orderer go the tickets of the open block, which so are answered.
                return;
            }
            self.stopping |= intake.stop;
            if let Err(error) = self.process(&mut intake) {
                tracing::error!(%error, "L1 sent what the state cannot take; the sequencer stops");
                return self.lanes.halt();
            }
            let now = self.now();
            let last = self.stopping && self.orderer.has_content();
            if (last || now.elapsed >= self.orderer.seal_at()) && !self.syncing && !self.seal(now) {
                return;
            }
            if self.stopping && !self.orderer.has_content() {
                return;
            }
        }
    }

    fn room(&self) -> Room {
        Room {
            events: self.orderer.l1_room().min(TAKEN_MAX),
            transactions: self.orderer.room().min(TAKEN_MAX),
        }
    }

    /// When to wake up although nothing has come in. While a block is being synced, its end wakes us.
    fn deadline(&self) -> Instant {
        if self.syncing {
            return Instant::now() + Duration::from_secs(3_600);
        }
        self.began + self.orderer.seal_at()
    }

    fn now(&self) -> Now {
        Now {
            elapsed: self.began.elapsed(),
            unix: unix_seconds(),
        }
    }

    fn process(&mut self, intake: &mut Intake) -> Result<(), OrderingError> {
        let now = self.now();
        if let Some(number) = intake.durable.take() {
            self.syncing = false;
            self.orderer.durable(number);
        }
        if let Some(backlog) = intake.backlog.take() {
            self.orderer.set_backlog(backlog);
        }
        for event in intake.l1.drain(..) {
            match event {
                L1Event::Message(message) => self.orderer.consume(now, &message)?,
                L1Event::Listing(listing) => self.orderer.list(now, listing)?,
            }
        }
        for (transaction, ticket) in intake.transactions.drain(..) {
            let hash = transaction.hash;
            if let (outcome, Some(ticket)) = self.orderer.submit(now, transaction, ticket) {
                ticket.answer(match outcome {
                    Outcome::Refused(OrderingError::HeldFull) => Err(SubmitError::Busy),
                    Outcome::Refused(error) => Err(error.into()),
                    Outcome::Held | Outcome::Executed => Ok(Accepted::Held { hash }),
                });
            }
        }
        for query in intake.queries.drain(..) {
            self.answer(query);
        }
        Ok(())
    }

    /// Answers, unless whoever asked has gone.
    fn answer(&self, query: Query) {
        match query {
            Query::PendingNonce { address, answer } => {
                let _ = answer.send(self.orderer.nonce(&address));
            }
            Query::Queued { hash, answer } => {
                let _ = answer.send(self.orderer.is_queued(&hash));
            }
            Query::Held { answer } => {
                let _ = answer.send(self.orderer.held());
            }
        }
    }

    /// Hands the open block to the journal. Returns whether to go on.
    fn seal(&mut self, now: Now) -> bool {
        match self.orderer.seal(now) {
            Ok(block) => {
                self.syncing = true;
                self.sealed.send(block).is_ok()
            }
            Err(error) => {
                tracing::error!(%error, "cannot begin a block; the sequencer stops");
                self.lanes.halt();
                false
            }
        }
    }
}
