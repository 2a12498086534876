//! What the transactions and messages of a block did, as a wallet would tell it.
//!
//! Everything follows from the block and its [`Outcomes`], so nothing of it is stored: receipts, logs, their index and the
//! history of accounts all ask here.

use alloy_primitives::Address;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::token::TokenTable;
use spillway_protocol::transaction::{Asset, Intent, TransactionError, WalletTransaction, memo};

use crate::block::{Block, Included};
use crate::outcome::{Outcome, Outcomes};

/// Something that a transaction or a message did. Amounts are in the token's smallest unit, a token is its address on L1,
/// and zero for ETH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields that their names say")]
pub enum Effect<'a> {
    /// Funds moved from one account to another, perhaps with a memo.
    Transfer {
        from: Address,
        to: Address,
        token: Address,
        amount: u128,
        memo: &'a [u8],
    },
    /// A recipient of a payout was paid.
    Payout {
        from: Address,
        to: Address,
        token: Address,
        amount: u128,
    },
    /// Funds left for L1, where they can be claimed under that index.
    Withdrawal {
        index: u32,
        account: Address,
        recipient: Address,
        token: Address,
        amount: u128,
    },
    /// A message of L1 brought funds.
    Deposit {
        message: u64,
        to: Address,
        token: Address,
        amount: u128,
        lock: bool,
    },
    /// A message of L1 asked for a withdrawal, which took what there was: perhaps nothing.
    ForcedWithdrawal {
        message: u64,
        sender: Address,
        account: u32,
        recipient: Address,
        token: Address,
        requested: u128,
        /// The withdrawal's index, and what it took.
        taken: Option<(u32, u128)>,
    },
    /// A message of L1 asked to lock an account, or to end that.
    Lock {
        message: u64,
        sender: Address,
        account: u32,
        locked: bool,
        /// Whether the account was the sender's.
        effective: bool,
    },
}

/// The effects of a block, transaction by transaction: those that were signed, in their order, then its messages.
#[derive(Debug)]
pub struct Effects {
    /// The indices of the signed withdrawals to come.
    withdrawals: std::vec::IntoIter<u32>,
    /// The outcomes of the messages to come that need one, each with the index that a withdrawal would have.
    messages: std::vec::IntoIter<(Outcome, u32)>,
}

impl Effects {
    /// Of a block with those outcomes.
    #[must_use]
    pub fn new(outcomes: &Outcomes) -> Self {
        let (mut withdrawals, mut messages) = (Vec::new(), Vec::new());
        let mut index = outcomes.first_withdrawal;
        for outcome in &outcomes.entries {
            match outcome {
                Outcome::Withdrawal => withdrawals.push(index),
                outcome => messages.push((*outcome, index)),
            }
            index = index.saturating_add(u32::from(outcome.takes_an_index()));
        }
        Self {
            withdrawals: withdrawals.into_iter(),
            messages: messages.into_iter(),
        }
    }

    /// Shows the effects of the next transaction.
    pub fn of_transaction<'a>(
        &mut self,
        included: &Included,
        transaction: &WalletTransaction<'a>,
        intent: &Intent,
        mut visit: impl FnMut(Effect<'a>),
    ) {
        let token = match intent.asset() {
            Asset::Eth => Address::ZERO,
            Asset::Token(address) => address,
        };
        let from = included.sender;
        match intent {
            Intent::Transfer {
                recipient, amount, ..
            } => visit(Effect::Transfer {
                from,
                to: *recipient,
                token,
                amount: *amount,
                memo: memo(transaction, intent),
            }),
            Intent::Withdraw {
                recipient, amount, ..
            } => visit(Effect::Withdrawal {
                index: self.withdrawals.next().unwrap_or_default(),
                account: from,
                recipient: *recipient,
                token,
                amount: *amount,
            }),
            Intent::Payout { payees, .. } => payees.iter().for_each(|payee| {
                visit(Effect::Payout {
                    from,
                    to: payee.recipient,
                    token,
                    amount: payee.amount,
                });
            }),
        }
    }

    /// Shows the effects of the block's messages, after those of its transactions.
    pub fn of_messages(
        &mut self,
        block: &Block,
        tokens: &TokenTable,
        mut visit: impl FnMut(Effect<'static>),
    ) {
        let address = |token| {
            tokens
                .get(token)
                .map_or(Address::ZERO, |token| token.address)
        };
        for (message, number) in block.body.messages.iter().zip(block.first_message()..) {
            visit(match *message {
                InboxMessage::Deposit {
                    to,
                    token,
                    amount,
                    lock,
                } => Effect::Deposit {
                    message: number,
                    to,
                    token: address(token),
                    amount,
                    lock,
                },
                InboxMessage::ForcedWithdrawal {
                    sender,
                    account,
                    token,
                    amount,
                    recipient,
                } => Effect::ForcedWithdrawal {
                    message: number,
                    sender,
                    account,
                    recipient,
                    token: address(token),
                    requested: amount,
                    taken: self.next_taken(),
                },
                InboxMessage::Lock { sender, account } => Effect::Lock {
                    message: number,
                    sender,
                    account,
                    locked: true,
                    effective: self.next_lock(),
                },
                InboxMessage::Unlock { sender, account } => Effect::Lock {
                    message: number,
                    sender,
                    account,
                    locked: false,
                    effective: self.next_lock(),
                },
            });
        }
    }

    fn next_taken(&mut self) -> Option<(u32, u128)> {
        match self.messages.next() {
            Some((Outcome::Forced(amount), index)) if amount > 0 => Some((index, amount)),
            _ => None,
        }
    }

    fn next_lock(&mut self) -> bool {
        matches!(self.messages.next(), Some((Outcome::Lock(true), _)))
    }
}

/// Shows all effects of a block, each with the place of its transaction among those that are listed.
///
/// # Errors
/// When the block holds a transaction that admission would not take.
pub fn visit(
    block: &Block,
    chain_id: u64,
    tokens: &TokenTable,
    outcomes: &Outcomes,
    mut visit: impl FnMut(usize, Effect<'_>),
) -> Result<(), TransactionError> {
    let mut effects = Effects::new(outcomes);
    for (place, included) in block.body.transactions.iter().enumerate() {
        let transaction = WalletTransaction::decode(&included.raw, chain_id)?;
        let intent = Intent::of(&transaction)?;
        effects.of_transaction(included, &transaction, &intent, |effect| {
            visit(place, effect);
        });
    }
    let place = block.body.transactions.len();
    effects.of_messages(block, tokens, |effect| visit(place, effect));
    Ok(())
}

impl Effect<'_> {
    /// The accounts that took part: at most two, the second perhaps the first again.
    #[must_use]
    pub const fn parties(&self) -> [Address; 2] {
        match *self {
            Self::Transfer { from, to, .. } | Self::Payout { from, to, .. } => [from, to],
            Self::Withdrawal {
                account, recipient, ..
            } => [account, recipient],
            Self::Deposit { to, .. } => [to, to],
            Self::ForcedWithdrawal {
                sender, recipient, ..
            } => [sender, recipient],
            Self::Lock { sender, .. } => [sender, sender],
        }
    }
}
