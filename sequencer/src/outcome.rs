//! What a block did that neither its operations' bytes nor its transactions tell without the state before it.
//!
//! Whoever shows an old block has its transactions, which say all about themselves but the index of a withdrawal, and its
//! messages from L1, which may have had no effect. So the ledger notes these few facts when it executes a block, and the
//! query index keeps them. A block of transfers has none.

use spillway_protocol::block::Step;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::Operation;
use spillway_protocol::transaction::{TransactionError, WITHDRAW_PREDEPLOY, WalletTransaction};
use spillway_protocol::transition::{forced_amount, names_its_sender};

use crate::block::BlockBody;

/// What became of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A signed withdrawal, which takes the next index.
    Withdrawal,
    /// A forced withdrawal: what it took, in the token's smallest unit. If that is not zero, it takes the next index.
    Forced(u128),
    /// Whether a lock, or the end of one, had an effect.
    Lock(bool),
}

/// The outcomes of a block's withdrawals, forced withdrawals and locks, in the order of its operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Withdrawals before the block, which is the index of its first one.
    pub first_withdrawal: u32,
    /// One for each.
    pub entries: Vec<Outcome>,
}

const TAG_WITHDRAWAL: u8 = 0;
const TAG_FORCED: u8 = 1;
const TAG_NO_LOCK: u8 = 2;
const TAG_LOCK: u8 = 3;

impl Outcomes {
    /// None yet, of a block that so many withdrawals come before.
    #[must_use]
    pub const fn after(first_withdrawal: u32) -> Self {
        Self {
            first_withdrawal,
            entries: Vec::new(),
        }
    }

    /// Notes what an operation is about to do.
    pub fn observe(&mut self, step: &Step<'_>) {
        let outcome = match (step.operation, step.message) {
            (Operation::Withdraw { .. }, _) => Outcome::Withdrawal,
            (Operation::Inbox { .. }, Some(message)) => match *message {
                InboxMessage::Deposit { .. } => return,
                InboxMessage::ForcedWithdrawal {
                    sender,
                    account,
                    token,
                    amount,
                    ..
                } => Outcome::Forced(forced_amount(step.state, account, sender, token, amount)),
                InboxMessage::Lock { sender, account }
                | InboxMessage::Unlock { sender, account } => {
                    Outcome::Lock(names_its_sender(step.state, account, sender))
                }
            },
            _ => return,
        };
        self.entries.push(outcome);
    }

    /// The outcomes of a block as far as they follow from the block alone: `None` where a message makes them depend on
    /// the state.
    ///
    /// # Errors
    /// When the block holds a transaction that admission would not take.
    pub fn of_stateless(
        body: &BlockBody,
        chain_id: u64,
        first_withdrawal: u32,
    ) -> Result<Option<Self>, TransactionError> {
        let deposit = |message: &InboxMessage| matches!(message, InboxMessage::Deposit { .. });
        if !body.messages.iter().all(deposit) {
            return Ok(None);
        }
        let mut outcomes = Self::after(first_withdrawal);
        for included in &body.transactions {
            let transaction = WalletTransaction::decode(&included.raw, chain_id)?;
            if transaction.to == WITHDRAW_PREDEPLOY {
                outcomes.entries.push(Outcome::Withdrawal);
            }
        }
        Ok(Some(outcomes))
    }

    /// The index of the first withdrawal after the block.
    #[must_use]
    pub fn next_withdrawal(&self) -> u32 {
        let entries = self.entries.iter();
        let count = entries.filter(|entry| entry.takes_an_index()).count();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.first_withdrawal.saturating_add(count)
    }

    /// `first_withdrawal u32`, then for each entry a tag and, for a forced withdrawal, the amount u128.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.first_withdrawal.to_be_bytes().to_vec();
        for entry in &self.entries {
            match entry {
                Outcome::Withdrawal => out.push(TAG_WITHDRAWAL),
                Outcome::Forced(amount) => {
                    out.push(TAG_FORCED);
                    out.extend_from_slice(&amount.to_be_bytes());
                }
                Outcome::Lock(false) => out.push(TAG_NO_LOCK),
                Outcome::Lock(true) => out.push(TAG_LOCK),
            }
        }
        out
    }

    /// Reads what [`Self::encode`] wrote. `None` for other bytes.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (first, mut rest) = bytes.split_first_chunk::<4>()?;
        let mut outcomes = Self::after(u32::from_be_bytes(*first));
        while let Some((tag, tail)) = rest.split_first() {
            rest = tail;
            outcomes.entries.push(match *tag {
                TAG_WITHDRAWAL => Outcome::Withdrawal,
                TAG_FORCED => {
                    let (amount, tail) = rest.split_first_chunk::<16>()?;
                    rest = tail;
                    Outcome::Forced(u128::from_be_bytes(*amount))
                }
                TAG_NO_LOCK => Outcome::Lock(false),
                TAG_LOCK => Outcome::Lock(true),
                _ => return None,
            });
        }
        Some(outcomes)
    }
}

impl Outcome {
    /// Whether it is a withdrawal that L1 can pay.
    #[must_use]
    pub const fn takes_an_index(&self) -> bool {
        match self {
            Self::Withdrawal => true,
            Self::Forced(amount) => *amount > 0,
            Self::Lock(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_round_trip_and_other_bytes_are_refused() {
        let outcomes = Outcomes {
            first_withdrawal: 7,
            entries: vec![
                Outcome::Withdrawal,
                Outcome::Forced(0),
                Outcome::Lock(true),
                Outcome::Forced(u128::MAX),
                Outcome::Lock(false),
            ],
        };
        let bytes = outcomes.encode();
        assert_eq!(Outcomes::decode(&bytes), Some(outcomes.clone()));
        assert_eq!(outcomes.next_withdrawal(), 9);
        assert_eq!(Outcomes::decode(&bytes[..3]), None);
        assert_eq!(Outcomes::decode(&bytes[..8]), None, "a cut amount");
        assert_eq!(Outcomes::decode(&[0, 0, 0, 7, 9]), None, "no such tag");
    }
}
