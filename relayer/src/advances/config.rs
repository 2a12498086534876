//! What the pool offers, and its limits.

use std::collections::BTreeMap;
use std::time::Duration;

use spillway_protocol::token::{ETH, TokenId};

/// What the pool offers for a token. Amounts are in the token's smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenTerms {
    /// The pool's share of an amount, in hundredths of a percent.
    pub share_bps: u32,
    /// What is added to that for gas. For ETH what the gas of an advance costs now is added by itself.
    pub flat: u128,
    /// The most that a withdrawal may have.
    pub each_max: u128,
    /// The most that may be out at once: accepted, or advanced and not repaid.
    pub outstanding_max: u128,
    /// The most that may be accepted or advanced in a day.
    pub daily_max: u128,
}

/// How the desk of fast withdrawals works.
#[derive(Clone, Debug)]
pub struct AdvanceConfig {
    /// The tokens that are offered, by their number on L2.
    pub tokens: BTreeMap<TokenId, TokenTerms>,
    /// Wei that stay in the hot account for gas.
    pub gas_reserve: u128,
    /// Gas that an advance may take at most; recipients that take more are refused.
    pub gas_max: u64,
    /// Seconds for which a quoted fee is honoured.
    pub quote_validity: u64,
    /// Seconds from a quote to the deadline that it names. The withdrawal has to become safe and be paid by then.
    pub lifetime: u64,
    /// Seconds that an order has to have before its deadline at least.
    pub lifetime_min: u64,
    /// The same at most: until then it takes up limits.
    pub lifetime_max: u64,
    /// Orders that are accepted and not yet paid, at most.
    pub orders_max: usize,
    /// How often the desk looks at what has changed.
    pub poll_interval: Duration,
    /// The wait after a failure, doubled with each further one in a row.
    pub retry_interval: Duration,
    /// The longest such wait.
    pub retry_interval_max: Duration,
}

impl AdvanceConfig {
    /// What fits mainnet, with these tokens. A withdrawal is safe within an hour or so of its batch; 250,000 gas lets a recipient have
    /// 150,000.
    #[must_use]
    pub fn new(tokens: BTreeMap<TokenId, TokenTerms>) -> Self {
        Self {
            tokens,
            gas_reserve: 50_000_000_000_000_000,
            gas_max: 250_000,
            quote_validity: 600,
            lifetime: 6 * 3_600,
            lifetime_min: 900,
            lifetime_max: 24 * 3_600,
            orders_max: 1_024,
            poll_interval: Duration::from_secs(2),
            retry_interval: Duration::from_secs(2),
            retry_interval_max: Duration::from_secs(300),
        }
    }

    /// The terms of a token, and whether it is ETH.
    pub(super) fn terms(&self, token: TokenId) -> Option<(TokenTerms, bool)> {
        self.tokens.get(&token).map(|terms| (*terms, token == ETH))
    }
}
