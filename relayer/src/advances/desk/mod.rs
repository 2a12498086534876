//! The desk's state: quotes, orders and limits. No I/O and no clock: time is L1's, and what L1 and L2 have is looked up in the
//! relayer's [`Withdrawals`].

mod limits;
mod status;

use std::collections::{BTreeMap, VecDeque};

use alloy_primitives::B256;
use spillway_l1::transactions::{IntentId, Outcome};
use spillway_protocol::fast_withdrawal::FastWithdrawal;

use super::config::AdvanceConfig;
use super::order::Order;
use super::price::RecentPrices;
use super::refusal::Refusal;
use crate::withdrawals::Withdrawals;

pub use limits::{Funds, Quote, TokenFunds};
pub use status::{AdvanceStage, AdvanceStatus};

/// Transactions that are sent for an order, at most, while the ones before came to nothing without being in a block.
const ATTEMPTS_MAX: u32 = 3;

/// Refused orders that are remembered, so that their owners learn why.
const REFUSED_MAX: usize = 1_024;

#[derive(Clone, Debug)]
struct Paying {
    intent: IntentId,
    transaction: Option<B256>,
    /// Why it is withdrawn, if it is.
    doomed: Option<Refusal>,
}

#[derive(Clone, Debug)]
enum State {
    Accepted,
    Paying(Paying),
    Refused(Refusal),
}

#[derive(Clone, Debug)]
struct Entry {
    order: Order,
    state: State,
    attempt: u32,
}

/// What is to be done about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// It is refused from now on: its file goes.
    Refused {
        /// Its leaf.
        leaf: B256,
        /// The withdrawal.
        index: u32,
        /// Why.
        reason: Refusal,
    },
    /// Its transaction is to be withdrawn.
    Cancel(IntentId),
    /// Its advance is final on L1: its file goes.
    Over(B256),
}

/// All orders, and what decides about new ones.
#[derive(Clone, Debug)]
pub struct Desk {
    config: AdvanceConfig,
    prices: RecentPrices,
    funds: Option<Funds>,
    orders: BTreeMap<B256, Entry>,
    /// By the name of every transaction that was asked for and has not ended for good.
    intents: BTreeMap<IntentId, B256>,
    refused: VecDeque<B256>,
}

impl Desk {
    /// A desk with the orders of earlier runs.
    #[must_use]
    pub fn new(config: AdvanceConfig, orders: Vec<Order>) -> Self {
        let entry = |order: Order| {
            let entry = Entry {
                state: State::Accepted,
                attempt: 0,
                order,
            };
            (entry.order.leaf(), entry)
        };
        Self {
            prices: RecentPrices::new(config.quote_validity),
            config,
            funds: None,
            orders: orders.into_iter().map(entry).collect(),
            intents: BTreeMap::new(),
            refused: VecDeque::new(),
        }
    }

    /// L1's gas costs so many wei now.
    pub fn on_price(&mut self, now: u64, price: u128) {
        self.prices.observe(now, price);
    }

    /// The hot account holds that now.
    pub fn on_funds(&mut self, funds: Funds) {
        self.funds = Some(funds);
    }

    /// An order was checked and is on disk.
    pub fn on_accepted(&mut self, order: Order) {
        let leaf = order.leaf();
        self.refused.retain(|refused| *refused != leaf);
        let attempt = self.orders.get(&leaf).map_or(0, |entry| entry.attempt);
        let entry = Entry {
            order,
            state: State::Accepted,
            attempt,
        };
        self.orders.insert(leaf, entry);
    }

    /// The manager has a transaction of an earlier run that advances this.
    pub fn on_known_intent(&mut self, intent: IntentId, order: Order) {
        let leaf = order.leaf();
        let entry = self.orders.entry(leaf).or_insert(Entry {
            order,
            state: State::Accepted,
            attempt: 0,
        });
        entry.state = State::Paying(Paying {
            intent,
            transaction: None,
            doomed: None,
        });
        self.intents.insert(intent, leaf);
    }

    /// Orders that wait and whose withdrawal is in a safe block of L2, which are those up to that one.
    #[must_use]
    pub fn due(&self, withdrawals: &Withdrawals, safe: u64) -> Vec<(Order, u32)> {
        let is_due = |entry: &&Entry| {
            matches!(entry.state, State::Accepted)
                && !is_advanced(withdrawals, &entry.order)
                && is_made(withdrawals, &entry.order, safe)
        };
        let due = self.orders.values().filter(is_due);
        due.map(|entry| (entry.order.clone(), entry.attempt))
            .collect()
    }

    /// The manager has the transaction of an order on disk.
    pub fn on_paying(&mut self, leaf: B256, intent: IntentId) {
        if let Some(entry) = self.orders.get_mut(&leaf) {
            entry.state = State::Paying(Paying {
                intent,
                transaction: None,
                doomed: None,
            });
            self.intents.insert(intent, leaf);
        }
    }

    /// A name for the transaction of an order belongs to another one: the next name is tried.
    pub fn on_name_taken(&mut self, leaf: B256) {
        if let Some(entry) = self.orders.get_mut(&leaf) {
            entry.attempt = entry.attempt.saturating_add(1);
        }
    }

    /// A transaction was sent.
    pub fn on_sent(&mut self, intent: IntentId, sent: B256) {
        if let Some(Paying { transaction, .. }) = self.paying(intent) {
            *transaction = Some(sent);
        }
    }

    /// A transaction is in a block and reverted. A fork can still undo that, which L1's logs tell.
    pub fn on_reverted(&mut self, intent: IntentId) -> Option<Sweep> {
        let reason = self.paying(intent)?.doomed.take();
        let leaf = *self.intents.get(&intent)?;
        self.refuse(leaf, reason.unwrap_or(Refusal::Failed))
    }

    /// A transaction ended for good. The owner forgets its name.
    pub fn on_ended(&mut self, intent: IntentId, outcome: Outcome) -> Option<Sweep> {
        let paying = self.paying(intent).map(|paying| paying.doomed.take());
        let leaf = self.intents.remove(&intent)?;
        let doomed = paying?;
        let entry = self.orders.get_mut(&leaf)?;
        entry.state = State::Accepted;
        entry.attempt = entry.attempt.saturating_add(1);
        let is_hopeless = entry.attempt >= ATTEMPTS_MAX;
        match (doomed, outcome) {
            // L1's logs show it.
            (_, Outcome::Executed) => None,
            (Some(reason), _) => self.refuse(leaf, reason),
            (None, Outcome::Reverted) => self.refuse(leaf, Refusal::Failed),
            (None, _) if is_hopeless => self.refuse(leaf, Refusal::Failed),
            (None, _) => None,
        }
    }

    /// Whether an order is accepted and not refused or over.
    #[must_use]
    pub fn is_open(&self, leaf: B256) -> bool {
        let entry = self.orders.get(&leaf);
        entry.is_some_and(|entry| !matches!(entry.state, State::Refused(_)))
    }

    /// The withdrawal that a transaction advances, if it is one of the desk's.
    #[must_use]
    pub fn index_of(&self, intent: IntentId) -> Option<u32> {
        let leaf = self.intents.get(&intent)?;
        self.orders.get(leaf).map(|entry| entry.order.consent.index)
    }

    /// An order is not carried out.
    pub fn refuse(&mut self, leaf: B256, reason: Refusal) -> Option<Sweep> {
        let entry = self.orders.get_mut(&leaf)?;
        let index = entry.order.consent.index;
        entry.state = State::Refused(reason.clone());
        self.refused.push_back(leaf);
        if self.refused.len() > REFUSED_MAX
            && let Some(oldest) = self.refused.pop_front()
        {
            self.orders.remove(&oldest);
        }
        Some(Sweep::Refused {
            leaf,
            index,
            reason,
        })
    }

    /// What has become of orders as L1 and L2 went on.
    pub fn sweep(&mut self, withdrawals: &Withdrawals) -> Vec<Sweep> {
        let mut swept = Vec::new();
        let leaves: Vec<_> = self.orders.keys().copied().collect();
        for leaf in leaves {
            swept.extend(self.sweep_one(withdrawals, leaf));
        }
        swept
    }

    fn sweep_one(&mut self, withdrawals: &Withdrawals, leaf: B256) -> Option<Sweep> {
        let entry = self.orders.get_mut(&leaf)?;
        let index = entry.order.consent.index;
        if let Some(advanced) = withdrawals.advance(index, leaf) {
            let is_final = advanced.l1_block <= withdrawals.final_block();
            let is_under_way = matches!(entry.state, State::Paying(_));
            return (is_final && !is_under_way).then(|| self.remove(leaf));
        }
        let reason = pointless(withdrawals, &entry.order);
        match &mut entry.state {
            State::Refused(_) => None,
            State::Accepted => self.refuse(leaf, reason?),
            State::Paying(paying) => {
                if paying.doomed.is_some() {
                    return None;
                }
                paying.doomed = Some(reason?);
                Some(Sweep::Cancel(paying.intent))
            }
        }
    }

    fn remove(&mut self, leaf: B256) -> Sweep {
        self.orders.remove(&leaf);
        self.refused.retain(|refused| *refused != leaf);
        Sweep::Over(leaf)
    }

    fn paying(&mut self, intent: IntentId) -> Option<&mut Paying> {
        let leaf = self.intents.get(&intent)?;
        match &mut self.orders.get_mut(leaf)?.state {
            State::Paying(paying) if paying.intent == intent => Some(paying),
            _ => None,
        }
    }
}

fn is_advanced(withdrawals: &Withdrawals, order: &Order) -> bool {
    let advance = withdrawals.advance(order.consent.index, order.leaf());
    advance.is_some()
}

/// Whether L2 has exactly that withdrawal, in a block up to that one.
fn is_made(withdrawals: &Withdrawals, order: &Order, safe: u64) -> bool {
    let made = withdrawals.get(order.consent.index);
    made.is_some_and(|status| {
        status.made.withdrawal == order.consent.withdrawal && status.made.block <= safe
    })
}

/// Why an order cannot be carried out any more.
fn pointless(withdrawals: &Withdrawals, order: &Order) -> Option<Refusal> {
    let FastWithdrawal {
        index,
        withdrawal,
        deadline,
        ..
    } = order.consent;
    let made = withdrawals.get(index);
    if withdrawals.is_paid(index) {
        Some(Refusal::Paid)
    } else if made.is_some_and(|status| status.made.withdrawal != withdrawal) {
        Some(Refusal::Gone)
    } else if withdrawals.now() > deadline {
        Some(Refusal::Expired)
    } else {
        None
    }
}
