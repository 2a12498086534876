//! From blocks of L1 to what the sequencer consumes: a state machine without I/O.

use std::collections::VecDeque;

use alloy_primitives::Address;
use spillway_l1::arrivals::Arrival;
use spillway_l1::events::{Finality, Markers};
use spillway_protocol::inbox::InboxAccumulator;
use spillway_sequencer::block::Listing;
use spillway_sequencer::lanes::L1Event;

use super::reverts::deep;

/// What the chain had consumed of L1 when the node started. L1 is read from its beginning, and what it says up to here
/// must be what was consumed.
#[derive(Clone, Debug, Default)]
pub(super) struct Consumed {
    /// Messages.
    pub(super) messages: u64,
    /// The hash chain after them.
    pub(super) accumulator: InboxAccumulator,
    /// The listed tokens in their order, without ETH.
    pub(super) tokens: Vec<Address>,
}

/// Why nothing more can be taken from L1. Each would give L2 other messages than L1's contracts hold, and its batches
/// would be refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum IntakeError {
    #[error("L1 shows message {found} where message {expected} comes next")]
    Index { expected: u64, found: u64 },
    #[error("L1's hash chain after message {0} is not that of the messages it showed")]
    Accumulator(u64),
    #[error(
        "the first {0} messages of L1 are not those that this chain has consumed: L1 has forked deeper than the chain \
         waits for, or the directory belongs to another deployment"
    )]
    OtherMessages(u64),
    #[error("L1 lists token {found} where token {expected} comes next")]
    TokenNumber { expected: usize, found: u8 },
    #[error(
        "token {number} is {found} on L1, and was {expected} when this chain took it from there"
    )]
    OtherToken {
        number: usize,
        expected: Address,
        found: Address,
    },
    #[error(
        "L1 has forked, and block {0} is gone, of which messages were delivered: the fork is deeper than the chain \
         waits for"
    )]
    Forked(u64),
}

/// What was read of L1 and is not delivered yet.
#[derive(Debug)]
pub(super) struct Intake {
    finality: Finality,
    consumed: Consumed,
    /// The newest block that was read.
    tip: u64,
    /// Blocks that are not deep enough, those that hold something.
    shallow: VecDeque<(u64, Vec<Arrival>)>,
    /// What may be delivered.
    ready: VecDeque<L1Event>,
    /// The newest block of which something may be delivered, or was consumed before.
    deepest: Option<u64>,
    messages: u64,
    accumulator: InboxAccumulator,
    tokens: usize,
}

impl Intake {
    /// For a chain that has consumed so much. L1 is to be read from the deployment on.
    pub(super) fn new(finality: Finality, consumed: Consumed) -> Self {
        Self {
            finality,
            consumed,
            tip: 0,
            shallow: VecDeque::new(),
            ready: VecDeque::new(),
            deepest: None,
            messages: 0,
            accumulator: InboxAccumulator::ZERO,
            tokens: 0,
        }
    }

    /// Takes in the next block. `markers` is what the node says of safe and final blocks.
    pub(super) fn block(
        &mut self,
        number: u64,
        arrivals: Vec<Arrival>,
        markers: Option<Markers>,
    ) -> Result<(), IntakeError> {
        self.tip = number;
        if !arrivals.is_empty() {
            self.shallow.push_back((number, arrivals));
        }
        let Some(deep) = deep(self.finality, self.tip, markers) else {
            return Ok(());
        };
        while let Some((number, arrivals)) =
            self.shallow.pop_front_if(|(number, _)| *number <= deep)
        {
            self.deepest = Some(number);
            for arrival in arrivals {
                self.check(arrival)?;
            }
        }
        Ok(())
    }

    /// Blocks after this one are gone; all of them, if there is none.
    pub(super) fn roll_back(&mut self, to: Option<u64>) -> Result<(), IntakeError> {
        let is_gone = |number: u64| to.is_none_or(|to| number > to);
        if let Some(deepest) = self.deepest
            && is_gone(deepest)
        {
            return Err(IntakeError::Forked(deepest));
        }
        self.tip = to.unwrap_or_default();
        self.shallow.retain(|(number, _)| !is_gone(*number));
        Ok(())
    }

    /// Events to deliver, in their order: as many as keep what is delivered and not consumed within the limit.
    pub(super) fn take(&mut self, consumed: u64, unconsumed_max: u64) -> Vec<L1Event> {
        let waiting = self.ready.len() as u64;
        // Listings count as messages here: there are 255 at most.
        let delivered = self.messages.saturating_sub(waiting);
        let room = unconsumed_max.saturating_sub(delivered.saturating_sub(consumed));
        let taken = usize::try_from(room.min(waiting)).unwrap_or(usize::MAX);
        self.ready.drain(..taken).collect()
    }

    /// Events that may be delivered and are not yet.
    pub(super) fn waiting(&self) -> usize {
        self.ready.len()
    }

    fn check(&mut self, arrival: Arrival) -> Result<(), IntakeError> {
        match arrival {
            Arrival::Message {
                index,
                accumulator,
                message,
            } => {
                if index != self.messages {
                    return Err(IntakeError::Index {
                        expected: self.messages,
                        found: index,
                    });
                }
                self.accumulator = message.accumulate(&self.accumulator);
                if self.accumulator != accumulator {
                    return Err(IntakeError::Accumulator(index));
                }
                self.messages += 1;
                self.admit_message(L1Event::Message(message))
            }
            Arrival::Token {
                id,
                address,
                decimals,
                ..
            } => {
                self.tokens += 1;
                if usize::from(id) != self.tokens {
                    return Err(IntakeError::TokenNumber {
                        expected: self.tokens,
                        found: id,
                    });
                }
                self.admit_token(L1Event::Listing(Listing { address, decimals }), address)
            }
        }
    }

    /// A message that was consumed is passed over, and the last of them must leave L1's hash chain where L2's is.
    fn admit_message(&mut self, message: L1Event) -> Result<(), IntakeError> {
        let consumed = &self.consumed;
        if self.messages > consumed.messages {
            self.ready.push_back(message);
        } else if self.messages == consumed.messages && self.accumulator != consumed.accumulator {
            return Err(IntakeError::OtherMessages(consumed.messages));
        }
        Ok(())
    }

    fn admit_token(&mut self, listing: L1Event, found: Address) -> Result<(), IntakeError> {
        let number = self.tokens;
        match self.consumed.tokens.get(number - 1) {
            None => self.ready.push_back(listing),
            Some(expected) if *expected == found => {}
            Some(expected) => {
                return Err(IntakeError::OtherToken {
                    number,
                    expected: *expected,
                    found,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
