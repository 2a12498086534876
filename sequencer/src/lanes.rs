//! The queues between the clients' threads and the one that executes: bounded, and served in order of
//! urgency.

use std::collections::VecDeque;
use std::time::Instant;

use alloy_primitives::{Address, B256};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::admission::Admitted;
use crate::backlog::Backlog;
use crate::block::Listing;
use crate::submission::{SubmitError, Ticket};
use spillway_protocol::inbox::InboxMessage;

/// The lanes of transactions, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Funds that leave.
    Withdrawals,
    /// Funds that move.
    Transfers,
}

/// A question that only the executing thread can answer.
#[derive(Debug)]
pub enum Query {
    /// The nonce after all that was executed, durable or not.
    PendingNonce {
        /// Whose.
        address: Address,
        /// Where the answer goes.
        answer: oneshot::Sender<u64>,
    },
    /// Whether a transaction is held, or executed and not durable yet.
    Queued {
        /// Its hash.
        hash: B256,
        /// Where the answer goes.
        answer: oneshot::Sender<bool>,
    },
    /// How many transactions are held for earlier nonces.
    Held {
        /// Where the answer goes.
        answer: oneshot::Sender<usize>,
    },
}

/// What L1 says, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum L1Event {
    /// The next message of the inbox.
    Message(InboxMessage),
    /// The next token.
    Listing(Listing),
}

/// How much of what waits the executing thread takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Events of L1, and all together.
    pub events: usize,
    /// Transactions.
    pub transactions: usize,
}

/// What the executing thread takes in one go. Reused, so that it allocates only while it grows.
#[derive(Debug, Default)]
pub struct Intake {
    /// The newest block that is durable, if one became so.
    pub durable: Option<u64>,
    /// Whether to finish. Told once.
    pub stop: bool,
    /// Whether to end at once, as nothing more can be made durable.
    pub halt: bool,
    /// The newest report on the backlog, if there is a new one.
    pub backlog: Option<Backlog>,
    /// From L1.
    pub l1: Vec<L1Event>,
    /// Transactions: withdrawals first, then the rest.
    pub transactions: Vec<(Admitted, Ticket)>,
    /// Questions, to be answered last.
    pub queries: Vec<Query>,
}

/// The queues.
#[derive(Debug)]
pub struct Lanes {
    queues: Mutex<Queues>,
    changed: Condvar,
    lane_max: usize,
}

#[derive(Debug, Default)]
struct Queues {
    durable: Option<u64>,
    stop: bool,
    halt: bool,
    /// Whether transactions are refused: the sequencer stops, or its journal has failed.
    closed: bool,
    backlog: Option<Backlog>,
    l1: VecDeque<L1Event>,
    withdrawals: VecDeque<(Admitted, Ticket)>,
    transfers: VecDeque<(Admitted, Ticket)>,
    queries: VecDeque<Query>,
}

impl Lanes {
    /// Queues of at most that many entries a lane.
    #[must_use]
    pub fn new(lane_max: usize) -> Self {
        Self {
            queues: Mutex::default(),
            changed: Condvar::new(),
            lane_max,
        }
    }

    /// Appends transactions to a lane, as many as fit, and answers the others that it is busy.
    pub fn submit(&self, lane: Lane, transactions: impl IntoIterator<Item = (Admitted, Ticket)>) {
        let mut refused = Vec::new();
        {
            let mut queues = self.queues.lock();
            let error = if queues.closed {
                SubmitError::Halted
            } else {
                SubmitError::Busy
            };
            let room = if queues.closed { 0 } else { self.lane_max };
            let queue = match lane {
                Lane::Withdrawals => &mut queues.withdrawals,
                Lane::Transfers => &mut queues.transfers,
            };
            for (admitted, ticket) in transactions {
                if queue.len() < room {
                    queue.push_back((admitted, ticket));
                } else {
                    refused.push((ticket, error));
                }
            }
        }
        self.changed.notify_one();
        for (ticket, error) in refused {
            ticket.answer(Err(error));
        }
    }

    /// Asks the executing thread.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] when the lane is full, [`SubmitError::Halted`] when nobody answers any more.
    pub fn ask(&self, query: Query) -> Result<(), SubmitError> {
        let mut queues = self.queues.lock();
        if queues.closed {
            return Err(SubmitError::Halted);
        }
        if queues.queries.len() >= self.lane_max {
            return Err(SubmitError::Busy);
        }
        queues.queries.push_back(query);
        drop(queues);
        self.changed.notify_one();
        Ok(())
    }

    /// Appends what L1 says. Its reader bounds what it hands over.
    pub fn deliver(&self, events: impl IntoIterator<Item = L1Event>) {
        self.queues.lock().l1.extend(events);
        self.changed.notify_one();
    }

    /// Tells the executing thread how far posting is behind. Only the newest report counts.
    pub fn set_backlog(&self, backlog: Backlog) {
        self.queues.lock().backlog = Some(backlog);
        self.changed.notify_one();
    }

    /// Tells the executing thread that a block is durable.
    pub fn durable(&self, block_number: u64) {
        self.queues.lock().durable = Some(block_number);
        self.changed.notify_one();
    }

    /// Refuses transactions from now on, and tells the executing thread to seal what it has and finish.
    pub fn stop(&self) {
        let mut queues = self.queues.lock();
        queues.stop = true;
        queues.closed = true;
        drop(queues);
        self.changed.notify_one();
    }

    /// Refuses everything from now on, and drops what waits, which answers it.
    pub fn halt(&self) {
        let waiting = {
            let mut queues = self.queues.lock();
            let closed = Queues {
                closed: true,
                halt: true,
                ..Queues::default()
            };
            std::mem::replace(&mut *queues, closed)
        };
        drop(waiting);
        self.changed.notify_one();
    }

    /// Whether transactions are refused, since [`Self::stop`] or [`Self::halt`].
    #[must_use]
    pub fn closed(&self) -> bool {
        self.queues.lock().closed
    }

    /// Transactions that wait in both lanes.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let queues = self.queues.lock();
        queues.withdrawals.len() + queues.transfers.len()
    }

    /// Waits until there is something to do or the deadline has passed, and takes events of L1,
    /// withdrawals and transfers, in that order and as there is room, with all the rest.
    pub fn take(&self, deadline: Instant, room: Room, intake: &mut Intake) {
        let mut queues = self.queues.lock();
        while queues.nothing_for(room) {
            if self.changed.wait_until(&mut queues, deadline).timed_out() {
                break;
            }
        }
        intake.durable = queues.durable.take();
        intake.stop = std::mem::take(&mut queues.stop);
        intake.halt = queues.halt;
        intake.backlog = queues.backlog.take();
        intake.queries.extend(queues.queries.drain(..));
        let events = queues.l1.len().min(room.events);
        intake.l1.extend(queues.l1.drain(..events));
        let room = room.transactions.min(room.events - events);
        let withdrawals = queues.withdrawals.len().min(room);
        intake
            .transactions
            .extend(queues.withdrawals.drain(..withdrawals));
        let transfers = queues.transfers.len().min(room - withdrawals);
        intake
            .transactions
            .extend(queues.transfers.drain(..transfers));
    }
}

impl Queues {
    fn nothing_for(&self, room: Room) -> bool {
        let events = room.events > 0 && !self.l1.is_empty();
        let transactions = room.events.min(room.transactions) > 0
            && !(self.withdrawals.is_empty() && self.transfers.is_empty());
        let told = self.durable.is_some() || self.stop || self.halt || self.backlog.is_some();
        !(told || events || transactions || !self.queries.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::block::Listing;

    const LISTING: L1Event = L1Event::Listing(Listing {
        address: Address::ZERO,
        decimals: 6,
    });

    /// Takes what is there, or nothing after the deadline.
    fn take(lanes: &Lanes, wait: Duration, events: usize, transactions: usize) -> Intake {
        let room = Room {
            events,
            transactions,
        };
        let mut intake = Intake::default();
        lanes.take(Instant::now() + wait, room, &mut intake);
        intake
    }

    #[test]
    fn events_of_l1_are_taken_when_there_is_no_room_for_transactions() {
        let lanes = Lanes::new(10);
        lanes.deliver([LISTING; 3]);
        let began = Instant::now();
        let taken = take(&lanes, Duration::from_secs(600), 2, 0);
        assert_eq!(taken.l1.len(), 2);
        assert!(
            began.elapsed() < Duration::from_secs(300),
            "nothing to wait for"
        );
        assert!(take(&lanes, Duration::ZERO, 0, 5).l1.is_empty());
        assert_eq!(take(&lanes, Duration::ZERO, 5, 5).l1.len(), 1);
    }

    #[test]
    fn the_newest_backlog_wakes_and_is_taken_once() {
        let lanes = Lanes::new(10);
        let backlog = |unposted_bytes| Backlog {
            unposted_bytes,
            wei_per_byte: 1,
        };
        lanes.set_backlog(backlog(1));
        lanes.set_backlog(backlog(2));
        let began = Instant::now();
        let taken = take(&lanes, Duration::from_secs(600), 0, 0);
        assert_eq!(taken.backlog, Some(backlog(2)));
        assert!(
            began.elapsed() < Duration::from_secs(300),
            "nothing to wait for"
        );
        assert_eq!(take(&lanes, Duration::ZERO, 0, 0).backlog, None);
    }

    #[test]
    fn a_full_lane_of_questions_is_busy_and_a_closed_one_has_stopped() {
        let lanes = Lanes::new(1);
        let ask = || {
            let (answer, receiver) = oneshot::channel();
            let hash = B256::ZERO;
            lanes.ask(Query::Queued { hash, answer }).map(|()| receiver)
        };
        let waiting = ask();
        assert!(waiting.is_ok());
        assert_eq!(ask().err(), Some(SubmitError::Busy));
        lanes.halt();
        assert_eq!(ask().err(), Some(SubmitError::Halted));
    }
}
