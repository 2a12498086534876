//! The queues between the clients' threads and the one that executes: bounded, and served in order of
//! urgency.

use std::collections::VecDeque;
use std::time::Instant;

use alloy_primitives::Address;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::admission::Admitted;
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

/// A question that only the executing thread can answer: the nonce after all that it has executed,
/// durable or not.
#[derive(Debug)]
pub struct PendingNonce {
    /// Whose.
    pub address: Address,
    /// Where the answer goes.
    pub answer: oneshot::Sender<u64>,
}

/// What L1 says, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum L1Event {
    /// The next message of the inbox.
    Message(InboxMessage),
    /// The next token.
    Listing(Listing),
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
    /// From L1.
    pub l1: Vec<L1Event>,
    /// Transactions: withdrawals first, then the rest.
    pub transactions: Vec<(Admitted, Ticket)>,
    /// Questions, to be answered last.
    pub queries: Vec<PendingNonce>,
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
    l1: VecDeque<L1Event>,
    withdrawals: VecDeque<(Admitted, Ticket)>,
    transfers: VecDeque<(Admitted, Ticket)>,
    queries: VecDeque<PendingNonce>,
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

    /// Asks for a pending nonce. `None` when the lane is full or the sequencer has stopped.
    pub fn query(&self, address: Address) -> Option<oneshot::Receiver<u64>> {
        let (answer, receiver) = oneshot::channel();
        let mut queues = self.queues.lock();
        if queues.closed || queues.queries.len() >= self.lane_max {
            return None;
        }
        queues.queries.push_back(PendingNonce { address, answer });
        drop(queues);
        self.changed.notify_one();
        Some(receiver)
    }

    /// Appends what L1 says. Its reader bounds what it hands over.
    pub fn deliver(&self, events: impl IntoIterator<Item = L1Event>) {
        self.queues.lock().l1.extend(events);
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

    /// Waits until there is something to do or the deadline has passed, and takes at most `room` events of
    /// L1, withdrawals and transfers, in that order, with all the rest.
    pub fn take(&self, deadline: Instant, room: usize, intake: &mut Intake) {
        let mut queues = self.queues.lock();
        while queues.nothing_for(room) {
            if self.changed.wait_until(&mut queues, deadline).timed_out() {
                break;
            }
        }
        intake.durable = queues.durable.take();
        intake.stop = std::mem::take(&mut queues.stop);
        intake.halt = queues.halt;
        intake.queries.extend(queues.queries.drain(..));
        let events = queues.l1.len().min(room);
        intake.l1.extend(queues.l1.drain(..events));
        let room = room - events;
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
    fn nothing_for(&self, room: usize) -> bool {
        let waiting =
            !(self.l1.is_empty() && self.withdrawals.is_empty() && self.transfers.is_empty());
        self.durable.is_none()
            && !self.stop
            && !self.halt
            && self.queries.is_empty()
            && !(room > 0 && waiting)
    }
}
