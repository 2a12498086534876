//! What an advance costs, and whether the pool can promise it.

use std::collections::BTreeMap;

use spillway_l1::advances::ADVANCE_GAS;
use spillway_protocol::fast_withdrawal::FastWithdrawal;
use spillway_protocol::token::TokenId;

use super::{Desk, State, is_advanced};
use crate::advances::config::TokenTerms;
use crate::advances::order::{Order, SIGNATURE_BYTES_MAX};
use crate::advances::refusal::{QuoteRefusal, Refusal};
use crate::withdrawals::Withdrawals;

/// Seconds for which daily limits add up.
const DAY: u64 = 24 * 3_600;

/// What an advance costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// What the pool keeps, in the token's smallest unit.
    pub fee: u128,
    /// The deadline to sign for, in L1's seconds since 1970.
    pub deadline: u64,
}

/// What the hot account holds of a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenFunds {
    /// In its smallest unit.
    pub balance: u128,
    /// Whether the bridge may take it.
    pub is_allowed: bool,
}

/// What the hot account holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    /// Wei.
    pub eth: u128,
    /// Of tokens.
    pub tokens: BTreeMap<TokenId, TokenFunds>,
}

impl Desk {
    /// What it costs to have an amount advanced.
    ///
    /// # Errors
    /// [`QuoteRefusal`].
    pub fn quote(
        &self,
        withdrawals: &Withdrawals,
        token: TokenId,
        amount: u128,
    ) -> Result<Quote, QuoteRefusal> {
        let price = self.prices.now();
        let price = price.ok_or(QuoteRefusal::NotReady("it does not know L1's fees yet"))?;
        let fee = self.fee(token, amount, price)?;
        self.check_limits(withdrawals, token, amount, amount - fee)?;
        Ok(Quote {
            fee,
            deadline: withdrawals.now().saturating_add(self.config.lifetime),
        })
    }

    /// Whether an order would be accepted, for a withdrawal that L2 has. `None` means that it was accepted before.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check(&self, withdrawals: &Withdrawals, order: &Order) -> Result<Option<()>, Refusal> {
        let FastWithdrawal {
            index,
            withdrawal,
            fee,
            deadline,
        } = order.consent;
        let leaf = order.leaf();
        if withdrawals.advance(index, leaf).is_some() {
            return Ok(None);
        }
        match self.orders.get(&leaf).map(|entry| &entry.state) {
            Some(State::Accepted | State::Paying(_)) => return Ok(None),
            // Its recipient may do so again, at the pool's cost.
            Some(State::Refused(Refusal::Failed)) => return Err(Refusal::Failed),
            Some(State::Refused(_)) | None => {}
        }
        if withdrawals.is_paid(index) {
            return Err(Refusal::Paid);
        }
        if order.signature.len() > SIGNATURE_BYTES_MAX {
            return Err(Refusal::Signature(order.signature.len()));
        }
        let price = self.prices.lowest();
        let price = price.ok_or(QuoteRefusal::NotReady("it does not know L1's fees yet"))?;
        let least = self.fee(withdrawal.token, withdrawal.amount, price)?;
        if fee < least || fee > withdrawal.amount {
            return Err(Refusal::Fee(least));
        }
        self.check_deadline(withdrawals.now(), deadline)?;
        let payout = order.payout();
        self.check_limits(withdrawals, withdrawal.token, withdrawal.amount, payout)?;
        Ok(Some(()))
    }

    /// Orders that are accepted and neither advanced on L1 nor refused.
    #[must_use]
    pub fn pending(&self, withdrawals: &Withdrawals) -> usize {
        self.pending_orders(withdrawals).count()
    }

    /// What the hot account has of a token beyond what it has promised; none before it was looked at.
    #[must_use]
    pub fn available(&self, withdrawals: &Withdrawals, token: TokenId) -> Option<u128> {
        let funds = self.funds.as_ref()?;
        let (_, is_eth) = self.config.terms(token)?;
        let spendable = funds.eth.saturating_sub(self.config.gas_reserve);
        let held = match is_eth {
            true => spendable,
            false => funds.tokens.get(&token)?.balance,
        };
        let orders = self.pending_orders(withdrawals);
        let promised = orders.filter(|order| order.consent.withdrawal.token == token);
        Some(promised.fold(held, |held, order| held.saturating_sub(order.payout())))
    }

    /// What the hot account has promised to pay and L1 does not show yet, by token, in its smallest unit.
    #[must_use]
    pub fn committed(&self, withdrawals: &Withdrawals) -> BTreeMap<TokenId, u128> {
        let mut committed = BTreeMap::<_, u128>::new();
        for order in self.pending_orders(withdrawals) {
            let sum = committed.entry(order.consent.withdrawal.token).or_default();
            *sum = sum.saturating_add(order.payout());
        }
        committed
    }

    fn pending_orders(&self, withdrawals: &Withdrawals) -> impl Iterator<Item = &Order> {
        let open = self.orders.values().filter(|entry| {
            !matches!(entry.state, State::Refused(_)) && !is_advanced(withdrawals, &entry.order)
        });
        open.map(|entry| &entry.order)
    }

    fn fee(&self, token: TokenId, amount: u128, price: u128) -> Result<u128, QuoteRefusal> {
        let terms = self.config.terms(token);
        let (terms, is_eth) = terms.ok_or(QuoteRefusal::NotOffered(token))?;
        let fee = fee(&terms, is_eth, amount, price);
        match fee < amount {
            true => Ok(fee),
            false => Err(QuoteRefusal::TooLittle(fee)),
        }
    }

    fn check_deadline(&self, now: u64, deadline: u64) -> Result<(), Refusal> {
        let (min, max) = (self.config.lifetime_min, self.config.lifetime_max);
        let lifetime = deadline.saturating_sub(now);
        match (min..=max).contains(&lifetime) {
            true => Ok(()),
            false => Err(Refusal::Deadline { min, max, now }),
        }
    }

    fn check_limits(
        &self,
        withdrawals: &Withdrawals,
        token: TokenId,
        amount: u128,
        payout: u128,
    ) -> Result<(), QuoteRefusal> {
        let terms = self.config.terms(token);
        let (terms, _) = terms.ok_or(QuoteRefusal::NotOffered(token))?;
        if amount > terms.each_max {
            return Err(QuoteRefusal::AboveLimit(terms.each_max));
        }
        if self.pending(withdrawals) >= self.config.orders_max {
            return Err(QuoteRefusal::Full(self.config.orders_max));
        }
        let orders = self.pending_orders(withdrawals);
        let orders = orders.filter(|order| order.consent.withdrawal.token == token);
        let pending = orders.fold(0_u128, |sum, order| {
            sum.saturating_add(order.consent.withdrawal.amount)
        });
        let left = |limit: u128, used: u128| limit.saturating_sub(used.saturating_add(pending));
        let outstanding = left(terms.outstanding_max, withdrawals.outstanding(token));
        if amount > outstanding {
            return Err(QuoteRefusal::Outstanding(outstanding));
        }
        let since = withdrawals.now().saturating_sub(DAY);
        let daily = left(terms.daily_max, withdrawals.advanced_since(token, since));
        if amount > daily {
            return Err(QuoteRefusal::Daily(daily));
        }
        self.check_funds(withdrawals, token, payout)
    }

    fn check_funds(
        &self,
        withdrawals: &Withdrawals,
        token: TokenId,
        payout: u128,
    ) -> Result<(), QuoteRefusal> {
        let available = self.available(withdrawals, token);
        let (Some(funds), Some(available)) = (&self.funds, available) else {
            return Err(QuoteRefusal::NotReady("it has not looked at its funds"));
        };
        let is_allowed = funds.tokens.get(&token).is_none_or(|held| held.is_allowed);
        if !is_allowed {
            return Err(QuoteRefusal::NotReady(
                "the bridge may not take its tokens yet",
            ));
        }
        // Tokens take gas as well.
        match payout <= available && funds.eth >= self.config.gas_reserve {
            true => Ok(()),
            false => Err(QuoteRefusal::Funds(available)),
        }
    }
}

/// The share, rounded up, and what gas costs.
fn fee(terms: &TokenTerms, is_eth: bool, amount: u128, price: u128) -> u128 {
    let (whole, rest) = (amount / 10_000, amount % 10_000);
    let bps = u128::from(terms.share_bps);
    let share = whole.saturating_mul(bps);
    let share = share.saturating_add((rest * bps).div_ceil(10_000));
    let gas = match is_eth {
        true => price.saturating_mul(u128::from(ADVANCE_GAS)),
        false => 0,
    };
    share.saturating_add(terms.flat).saturating_add(gas)
}
