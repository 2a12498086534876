//! Messages and tokens in their order, held against the inbox's hash chain.

use std::collections::VecDeque;

use alloy_primitives::Address;
use spillway_l1::arrivals::Arrival;
use spillway_protocol::inbox::{InboxAccumulator, InboxMessage};
use spillway_protocol::token::{TokenId, TokenTable};

use super::error::Contradiction;

#[derive(Clone, Copy, Debug)]
struct Sent {
    l1_block: u64,
    message: InboxMessage,
    /// The hash chain after it.
    accumulator: InboxAccumulator,
}

#[derive(Clone, Copy, Debug)]
struct Listed {
    l1_block: u64,
    address: Address,
    decimals: u8,
}

/// The inbox and the token list as of some block of L1. Messages that are needed no more are let go.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    /// Messages let go, and the hash chain after them.
    dropped: (u64, InboxAccumulator),
    messages: VecDeque<Sent>,
    listed: Vec<Listed>,
    tokens: TokenTable,
}

impl Arrivals {
    /// Messages sent so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.dropped.0 + self.messages.len() as u64
    }

    /// The listed tokens.
    #[must_use]
    pub const fn tokens(&self) -> &TokenTable {
        &self.tokens
    }

    /// The hash chain after so many messages; none if they were not sent, or are let go.
    #[must_use]
    pub fn accumulator(&self, count: u64) -> Option<InboxAccumulator> {
        let (dropped, accumulator) = self.dropped;
        match count.checked_sub(dropped)? {
            0 => Some(accumulator),
            kept => {
                let last = usize::try_from(kept - 1).ok()?;
                self.messages.get(last).map(|sent| sent.accumulator)
            }
        }
    }

    /// At most so many messages from that place on.
    #[must_use]
    pub fn messages(&self, from: u64, max: usize) -> Vec<InboxMessage> {
        let skipped = usize::try_from(from.saturating_sub(self.dropped.0)).unwrap_or(usize::MAX);
        let from = self.messages.iter().skip(skipped);
        from.take(max).map(|sent| sent.message).collect()
    }

    /// Takes in the next one, logged in that block.
    ///
    /// # Errors
    /// [`Contradiction`], with nothing changed.
    pub fn take(&mut self, l1_block: u64, arrival: Arrival) -> Result<(), Contradiction> {
        match arrival {
            Arrival::Message {
                index,
                accumulator,
                message,
            } => self.message(index, l1_block, message, accumulator),
            Arrival::Token {
                id,
                address,
                decimals,
                base_exponent,
            } => self.token(
                id,
                base_exponent,
                Listed {
                    l1_block,
                    address,
                    decimals,
                },
            ),
        }
    }

    fn message(
        &mut self,
        found: u64,
        l1_block: u64,
        message: InboxMessage,
        accumulator: InboxAccumulator,
    ) -> Result<(), Contradiction> {
        let expected = self.count();
        if found != expected {
            return Err(Contradiction::MessageIndex { expected, found });
        }
        let before = self
            .messages
            .back()
            .map_or(self.dropped.1, |sent| sent.accumulator);
        if message.accumulate(&before) != accumulator {
            return Err(Contradiction::Accumulator(found));
        }
        self.messages.push_back(Sent {
            l1_block,
            message,
            accumulator,
        });
        Ok(())
    }

    fn token(
        &mut self,
        found: TokenId,
        base_exponent: u8,
        listed: Listed,
    ) -> Result<(), Contradiction> {
        let mut tokens = self.tokens.clone();
        let expected = tokens
            .list(listed.address, listed.decimals)
            .map_err(|error| Contradiction::Listing { id: found, error })?;
        let exponent = tokens.get(expected).map(|token| token.base_exponent);
        if expected != found || exponent != Some(base_exponent) {
            return Err(Contradiction::Token { expected, found });
        }
        self.tokens = tokens;
        self.listed.push(listed);
        Ok(())
    }

    /// Forgets what was logged in the blocks after that one; all of it, if there is none.
    pub fn roll_back(&mut self, to: Option<u64>) {
        let is_gone = |l1_block: u64| to.is_none_or(|to| l1_block > to);
        while self
            .messages
            .pop_back_if(|sent| is_gone(sent.l1_block))
            .is_some()
        {}
        if !self
            .listed
            .last()
            .is_some_and(|last| is_gone(last.l1_block))
        {
            return;
        }
        self.listed.retain(|listed| !is_gone(listed.l1_block));
        self.tokens = TokenTable::default();
        for listed in &self.listed {
            // Each was listed before, after the same ones.
            let _ = self.tokens.list(listed.address, listed.decimals);
        }
    }

    /// Lets go of the messages before that place, which no batch needs again.
    pub fn forget_before(&mut self, count: u64) {
        while self.dropped.0 < count
            && let Some(sent) = self.messages.pop_front()
        {
            self.dropped = (self.dropped.0 + 1, sent.accumulator);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(account: u32) -> InboxMessage {
        InboxMessage::Lock {
            sender: Address::ZERO,
            account,
        }
    }

    /// Message `index` as it follows the others.
    fn next(arrivals: &Arrivals, index: u64) -> Arrival {
        let message = lock(index as u32);
        let before = arrivals
            .accumulator(arrivals.count())
            .expect("all are kept");
        let accumulator = message.accumulate(&before);
        Arrival::Message {
            index,
            accumulator,
            message,
        }
    }

    fn token(id: TokenId) -> Arrival {
        Arrival::Token {
            id,
            address: Address::repeat_byte(id),
            decimals: 6,
            base_exponent: 3,
        }
    }

    /// Messages 0 to 5, one a block from block 10 on.
    fn six() -> Arrivals {
        let mut arrivals = Arrivals::default();
        for index in 0..6 {
            let message = next(&arrivals, index);
            arrivals
                .take(10 + index, message)
                .expect("the next message");
        }
        arrivals
    }

    #[test]
    fn messages_come_in_order_and_lead_to_the_hash_chain() {
        let mut arrivals = six();
        let again = next(&arrivals, 5);
        let error = arrivals.take(16, again).expect_err("message 5 twice");
        assert!(matches!(
            error,
            Contradiction::MessageIndex {
                expected: 6,
                found: 5
            }
        ));
        let other = Arrival::Message {
            index: 6,
            accumulator: [9; 24].into(),
            message: lock(6),
        };
        let error = arrivals.take(16, other).expect_err("another hash chain");
        assert!(matches!(error, Contradiction::Accumulator(6)));
        assert_eq!(arrivals.messages(4, 9), [lock(4), lock(5)]);
        assert_eq!(arrivals.messages(1, 2), [lock(1), lock(2)]);
    }

    #[test]
    fn what_a_fork_takes_back_is_gone_and_can_come_again() {
        let mut arrivals = six();
        arrivals.take(12, token(1)).expect("token 1");
        arrivals.take(15, token(2)).expect("token 2");
        arrivals.roll_back(Some(12));
        assert_eq!(arrivals.count(), 3);
        assert_eq!(arrivals.tokens().as_slice().len(), 2);
        let message = next(&arrivals, 3);
        arrivals.take(14, message).expect("message 3 again");
        arrivals.take(14, token(2)).expect("token 2 again");
        arrivals.roll_back(None);
        assert_eq!(
            (arrivals.count(), arrivals.tokens().as_slice().len()),
            (0, 1)
        );
    }

    #[test]
    fn what_is_let_go_still_counts() {
        let (mut arrivals, all) = (six(), six());
        arrivals.forget_before(4);
        assert_eq!(arrivals.count(), 6);
        assert_eq!(arrivals.messages(4, 9), [lock(4), lock(5)]);
        assert_eq!(arrivals.accumulator(3), None);
        for count in 4..=6 {
            assert_eq!(arrivals.accumulator(count), all.accumulator(count));
        }
        assert_eq!(arrivals.accumulator(7), None);
    }

    #[test]
    fn a_token_with_another_number_or_scale_is_a_contradiction() {
        let mut arrivals = Arrivals::default();
        let error = arrivals.take(1, token(2)).expect_err("token 2 first");
        assert!(matches!(
            error,
            Contradiction::Token {
                expected: 1,
                found: 2
            }
        ));
        arrivals.take(1, token(1)).expect("token 1");
        let error = arrivals.take(1, token(1)).expect_err("token 1 twice");
        assert!(matches!(error, Contradiction::Listing { id: 1, .. }));
        assert_eq!(arrivals.tokens().as_slice().len(), 2, "nothing changed");
    }
}
