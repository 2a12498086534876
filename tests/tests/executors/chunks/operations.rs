//! Random operations on a state: most of them valid, all of them encodable.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use spillway_protocol::inbox::InboxMessage;
use spillway_protocol::operation::{DepositTarget, Operation, Payee, Target};
use spillway_protocol::state::State;
use spillway_protocol::token::{ETH, TokenId, TokenTable};

use super::states::{address, amount};

/// Which operations a chunk is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taste {
    /// Everything.
    Mixed,
    /// Payouts to many: the limit of accounts.
    Crowded,
    /// Token movements of and to accounts with long lists: the limit of token entries.
    Rich,
    /// Messages: the limit of inbox operations.
    Devout,
}

/// What operations are drawn for.
pub(super) struct Source<'a> {
    pub(super) rng: &'a mut StdRng,
    pub(super) state: &'a State,
    pub(super) tokens: &'a TokenTable,
    pub(super) message: Option<&'a InboxMessage>,
}

impl Source<'_> {
    pub(super) fn operation(&mut self, taste: Taste) -> Operation {
        let kind = match taste {
            Taste::Mixed => self.rng.random_range(0..20),
            Taste::Crowded => *[0, 12, 12, 12].choose(self.rng).expect("some"),
            Taste::Rich => *[4, 4, 12, 8].choose(self.rng).expect("some"),
            Taste::Devout => *[0, 16, 16, 16, 16].choose(self.rng).expect("some"),
        };
        let token = match taste {
            Taste::Rich => self.any_token(),
            _ if self.rng.random_ratio(1, 2) => ETH,
            _ => self.any_token(),
        };
        match kind {
            0..2 => self.block(),
            2..8 => self.transfer(token),
            8..11 => self.transfer_new(token),
            11..15 => self.payout(token, taste),
            15..18 => self.inbox(),
            _ => self.withdraw(token),
        }
    }

    fn block(&mut self) -> Operation {
        let current = self.state.counters().base_fee;
        Operation::Block {
            seconds: *[0, 1, 14, 15, self.rng.random()]
                .choose(self.rng)
                .expect("some"),
            base_fee: *[current, current, self.rng.random_range(0..1 << 34)]
                .choose(self.rng)
                .expect("some"),
        }
    }

    fn transfer(&mut self, token: TokenId) -> Operation {
        let from = self.sender(token);
        Operation::Transfer {
            from,
            to: self.index(),
            token,
            amount: self.spend(from, token, 8),
        }
    }

    fn transfer_new(&mut self, token: TokenId) -> Operation {
        let from = self.sender(token);
        Operation::TransferNew {
            from,
            to: self.maybe_known_address(),
            token,
            amount: self.spend(from, token, 8),
        }
    }

    fn withdraw(&mut self, token: TokenId) -> Operation {
        let from = self.sender(token);
        let own = self.state.address(from);
        let other = self.maybe_known_address();
        Operation::Withdraw {
            from,
            token,
            amount: self.spend(from, token, 8),
            recipient: *[
                None,
                Some(other),
                Some(other),
                if self.rng.random_ratio(1, 4) {
                    own
                } else {
                    None
                },
            ]
            .choose(self.rng)
            .expect("some"),
        }
    }

    fn payout(&mut self, token: TokenId, taste: Taste) -> Operation {
        if taste == Taste::Crowded {
            return self.crowded_payout();
        }
        let from = self.sender(token);
        let mut created: Vec<_> = Vec::new();
        let payees = (0..self.rng.random_range(1..12)).map(|_| {
            let target = if self.rng.random_ratio(1, 5) {
                // The same one twice, now and then.
                let again = created
                    .choose(self.rng)
                    .copied()
                    .filter(|_| self.rng.random_ratio(1, 12));
                let address = again.unwrap_or_else(|| self.maybe_known_address());
                created.push(address);
                Target::New(address)
            } else {
                let count = self.state.account_count() + created.len() as u32;
                Target::Index(self.rng.random_range(0..count))
            };
            Payee {
                target,
                amount: self.spend(from, token, 256),
            }
        });
        let payees = payees.collect();
        Operation::Payout {
            from,
            token,
            payees,
        }
    }

    /// Nothing, in few bytes, to as many as there can be: one after the other, so that few are named twice.
    fn crowded_payout(&mut self) -> Operation {
        let (first, count) = (self.index(), self.state.account_count());
        let payees = (0..self.rng.random_range(40..=64)).map(|i| Payee {
            target: Target::Index((first + i) % count),
            amount: 0,
        });
        Operation::Payout {
            from: self.sender(ETH),
            token: ETH,
            payees: payees.collect(),
        }
    }

    /// Nearly always with the target that the message needs.
    fn inbox(&mut self) -> Operation {
        let right = match self.message {
            Some(InboxMessage::Deposit { to, .. }) => Some(
                self.state
                    .index_of(to)
                    .map_or(DepositTarget::New, DepositTarget::Index),
            ),
            _ => None,
        };
        let target = match self.rng.random_range(0..40) {
            0 => None,
            1 => Some(DepositTarget::New),
            2 => Some(DepositTarget::Index(self.index())),
            _ => right,
        };
        Operation::Inbox { target }
    }

    fn index(&mut self) -> u32 {
        self.rng.random_range(0..self.state.account_count())
    }

    /// An account that holds the token, if one is found quickly.
    fn sender(&mut self, token: TokenId) -> u32 {
        let mut index = self.index();
        for _ in 0..8 {
            if self.state.balance(index, token) > 0 {
                break;
            }
            index = self.index();
        }
        index
    }

    fn any_token(&mut self) -> TokenId {
        let token = self.rng.random_range(0..self.tokens.as_slice().len());
        token as TokenId
    }

    /// A part of what the account has: of all, none and more than it has now and then.
    fn spend(&mut self, from: u32, token: TokenId, parts: u128) -> u128 {
        let held = self.state.balance(from, token);
        match self.rng.random_range(0..40) {
            0 => 0,
            1 => held,
            2 => held.saturating_add(1),
            3 => self.rng.random(),
            _ => {
                let part = held / parts;
                let bits = 128 - part.leading_zeros();
                if bits == 0 {
                    0
                } else {
                    amount(self.rng, bits).min(part)
                }
            }
        }
    }

    fn maybe_known_address(&mut self) -> alloy_primitives::Address {
        let index = self.index();
        match self.state.address(index) {
            Some(known) if self.rng.random_ratio(1, 30) => known,
            _ => address(self.rng),
        }
    }
}

/// A message of any kind, for accounts that exist and others.
pub(super) fn message(rng: &mut StdRng, state: &State, tokens: &TokenTable) -> InboxMessage {
    let account = rng.random_range(0..state.account_count() + 2);
    let owner = state.address(account).filter(|_| rng.random_ratio(7, 8));
    let sender = owner.unwrap_or_else(|| address(rng));
    let token = rng.random_range(0..tokens.as_slice().len()) as TokenId;
    let token = if rng.random_ratio(1, 2) { ETH } else { token };
    match rng.random_range(0..8) {
        0..4 => InboxMessage::Deposit {
            to: sender,
            token,
            amount: amount(rng, 96).max(1),
            lock: rng.random_ratio(1, 4),
        },
        4..6 => InboxMessage::ForcedWithdrawal {
            sender,
            account,
            token,
            amount: amount(rng, 112).max(1),
            recipient: address(rng),
        },
        6 => InboxMessage::Lock { sender, account },
        _ => InboxMessage::Unlock { sender, account },
    }
}
