//! The core: a state machine without clock, disk, network or keys.
//!
//! It is told what happened ([`Input`]) and the time, and answers what to do ([`Action`]), in order. The contract with
//! its driver:
//!
//! - Actions are carried out in their order. If one that persists fails, nothing after it is done and the manager is
//!   given up; a new one starts from what is on disk.
//! - Every action that asks for an answer gets exactly one, a timeout being an answer too.
//! - Time never goes back. Where it begins does not matter.

mod assignment;
mod gap;
mod inclusion;
mod intent;
mod interface;
mod sending;
mod task;

use std::time::Duration;

use alloy_primitives::Address;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::event::{BlockRef, Event, Obstacle, Outcome, Receipt, Settled};
use super::price::{Market, Price};
use super::refusal::Refusal;
use super::request::{IntentId, Request, SubmitError};
use intent::{Intent, Place};

pub use intent::{Attempt, Draft, Purpose, StoredIntent};
pub use interface::{
    Action, EstimateError, Head, Input, Record, Settings, SignedTransaction, Status,
};

#[derive(Clone, Copy, Debug)]
struct Chain {
    block: BlockRef,
    nonce: u64,
    market: Market,
}

/// The transactions of one account, as a state machine: it is told what happened and the time, and answers what to do.
///
/// Actions are carried out in order. If one that persists fails, nothing after it is done and the manager is given up.
/// Every action that asks for an answer gets exactly one. Time never goes back; where it begins does not matter.
#[derive(Debug)]
pub struct Manager {
    settings: Settings,
    account: Address,
    chain: Option<Chain>,
    /// Counts the times that the chain was not seen to grow block by block, so that answers from before are known.
    epoch: u64,
    /// Ascending by sequence, and so by nonce.
    intents: Vec<Intent>,
    next_sequence: u64,
    gap_since: Option<(u64, u64)>,
    rng: StdRng,
}

impl Manager {
    /// A manager that goes on from what is on disk. It does nothing before it has seen the chain.
    #[must_use]
    pub fn new(settings: Settings, account: Address, mut stored: Vec<StoredIntent>) -> Self {
        // A gap's filler that was never signed is made anew if the gap is still there.
        stored.retain(|intent| !gap::is_filler(intent.request.id) || intent.nonce.is_some());
        stored.sort_unstable_by_key(|intent| intent.sequence);
        for intent in &mut stored {
            intent.cancelling |= gap::is_filler(intent.request.id);
        }
        Self {
            next_sequence: stored.last().map_or(0, |last| last.sequence + 1),
            intents: stored.into_iter().map(Intent::restore).collect(),
            rng: StdRng::seed_from_u64(settings.seed),
            settings,
            account,
            chain: None,
            epoch: 0,
            gap_since: None,
        }
    }

    /// Takes a request. It is accepted when the returned actions are carried out.
    ///
    /// A request that is known already is accepted without a second effect, and if it has ended, that is reported again.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing has changed.
    pub fn submit(&mut self, now: Duration, request: Request) -> Result<Vec<Action>, SubmitError> {
        let id = request.id;
        if let Some(known) = self.intents.iter().find(|intent| intent.id() == id) {
            if known.request != request {
                return Err(SubmitError::OtherRequest(id));
            }
            return Ok(match &known.place {
                Place::Settled(settled) => vec![report_final(id, *settled)],
                _ => Vec::new(),
            });
        }
        request.check(self.settings.kind)?;
        let waiting = self
            .intents
            .iter()
            .filter(|intent| !intent.is_settled())
            .count();
        if waiting >= self.settings.queue_max {
            return Err(SubmitError::Busy(waiting));
        }
        let mut actions = Vec::new();
        self.add(request, &mut actions);
        self.advance(now, &mut actions);
        Ok(actions)
    }

    /// Takes in what happened and answers what to do.
    pub fn step(&mut self, now: Duration, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::Tick => {}
            Input::Head(head) => self.on_head(now, &head, &mut actions),
            Input::Cancel(id) => self.on_cancel(id, &mut actions),
            Input::Forget(id) => self.on_forget(id, &mut actions),
            Input::Estimated { id, result } => self.on_estimated(now, id, result, &mut actions),
            Input::Signed { id, result } => self.on_signed(now, id, result, &mut actions),
            Input::Sent { id, result } => self.on_sent(now, id, result, &mut actions),
            Input::LookedUp { id, result } => self.on_looked_up(now, id, result, &mut actions),
        }
        self.advance(now, &mut actions);
        actions
    }

    /// The requests that it knows, in their order.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.intents.iter().map(|intent| &intent.request)
    }

    /// The ends that the owner has not noted yet, to be reported after a start.
    pub fn settled(&self) -> impl Iterator<Item = Event> {
        self.intents.iter().filter_map(|intent| match intent.place {
            Place::Settled(settled) => Some(Event::Final {
                id: intent.id(),
                settled,
            }),
            _ => None,
        })
    }

    /// What it is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        let count = |test: fn(&Intent) -> bool| self.intents.iter().filter(|i| test(i)).count();
        Status {
            head: self.chain.map(|chain| chain.block),
            nonce: self.chain.map_or(0, |chain| chain.nonce),
            queued: count(Intent::is_queued),
            in_flight: count(Intent::is_in_flight),
            confirming: count(|intent| matches!(intent.place, Place::Included(_))),
            blocked: self
                .intents
                .iter()
                .filter_map(|intent| Some((intent.id(), intent.obstacle.clone()?)))
                .collect(),
        }
    }

    /// Does everything that is due.
    fn advance(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let Some(chain) = self.chain else { return };
        self.end_withdrawn(actions);
        self.look_up(now, &chain, actions);
        self.replace_and_send(now, &chain, actions);
        self.fill_gap(&chain, actions);
        self.assign(now, &chain, actions);
    }

    fn add(&mut self, request: Request, actions: &mut Vec<Action>) -> &mut Intent {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        actions.push(Action::Persist {
            id: request.id,
            record: Record::Request {
                sequence,
                request: request.clone(),
            },
        });
        self.intents.push(Intent::new(request));
        self.intents.last_mut().expect("just pushed")
    }

    fn find(&mut self, id: IntentId) -> Option<&mut Intent> {
        self.intents.iter_mut().find(|intent| intent.id() == id)
    }

    fn on_cancel(&mut self, id: IntentId, actions: &mut Vec<Action>) {
        let Some(intent) = self.find(id) else { return };
        if intent.is_settled() || intent.cancelling {
            return;
        }
        intent.cancelling = true;
        actions.push(Action::Persist {
            id,
            record: Record::Cancel,
        });
    }

    /// Ends the intents that were withdrawn before anything was signed for them, and lets go of those that nobody is to
    /// be told of.
    fn end_withdrawn(&mut self, actions: &mut Vec<Action>) {
        let withdrawn = |intent: &Intent| intent.cancelling && intent.is_queued();
        for intent in self.intents.iter_mut().filter(|i| withdrawn(i)) {
            cancel_unsent(intent, actions);
        }
        let unwanted = self
            .intents
            .iter()
            .filter(|i| i.is_settled() && (i.forgotten || gap::is_filler(i.id())));
        let done: Vec<_> = unwanted.map(Intent::id).collect();
        for id in done {
            self.on_forget(id, actions);
        }
    }

    fn on_forget(&mut self, id: IntentId, actions: &mut Vec<Action>) {
        let Some(intent) = self.find(id) else { return };
        if intent.is_settled() {
            self.intents.retain(|intent| intent.id() != id);
            actions.push(Action::Remove { id });
        } else {
            intent.forgotten = true;
        }
    }
}

fn report_final(id: IntentId, settled: Settled) -> Action {
    Action::Report(Event::Final { id, settled })
}

/// Ends an intent.
fn settle(intent: &mut Intent, settled: Settled, actions: &mut Vec<Action>) {
    let id = intent.id();
    intent.place = Place::Settled(settled);
    intent.obstacle = None;
    actions.push(Action::Persist {
        id,
        record: Record::Settled(settled),
    });
    actions.push(report_final(id, settled));
}

/// Ends an intent for which nothing was ever sent.
fn cancel_unsent(intent: &mut Intent, actions: &mut Vec<Action>) {
    actions.push(Action::Report(Event::Cancelled {
        id: intent.id(),
        receipt: None,
    }));
    let settled = Settled {
        outcome: Outcome::Cancelled,
        inclusion: None,
    };
    settle(intent, settled, actions);
}

fn set_obstacle(intent: &mut Intent, obstacle: Obstacle, actions: &mut Vec<Action>) {
    let same = intent
        .obstacle
        .as_ref()
        .is_some_and(|known| std::mem::discriminant(known) == std::mem::discriminant(&obstacle));
    intent.obstacle = Some(obstacle.clone());
    if !same {
        let id = intent.id();
        actions.push(Action::Report(Event::Blocked { id, obstacle }));
    }
}

fn clear_obstacle(intent: &mut Intent, actions: &mut Vec<Action>) {
    if intent.obstacle.take().is_some() {
        let id = intent.id();
        actions.push(Action::Report(Event::Unblocked { id }));
    }
}
