//! What L1's gas cost of late.

use std::collections::VecDeque;

/// The prices of the last while, in wei per gas, so that a fee can be honoured that was quoted at one of them. Quotes themselves need
/// not be remembered.
#[derive(Clone, Debug)]
pub struct RecentPrices {
    /// Seconds for which a price counts.
    validity: u64,
    /// Times and prices, both ascending: one is dropped when a lower one follows. The last one is that of now.
    prices: VecDeque<(u64, u128)>,
    now: Option<u128>,
}

impl RecentPrices {
    /// None yet; each is to count for so many seconds.
    #[must_use]
    pub const fn new(validity: u64) -> Self {
        Self {
            validity,
            prices: VecDeque::new(),
            now: None,
        }
    }

    /// The price is that now.
    pub fn observe(&mut self, now: u64, price: u128) {
        self.now = Some(price);
        while self
            .prices
            .pop_back_if(|(_, last)| *last >= price)
            .is_some()
        {}
        self.prices.push_back((now, price));
        // One that was still that of now when a quote was made counts from its end: that is where the next one begins.
        while self.prices.len() > 1 && self.prices[1].0.saturating_add(self.validity) < now {
            self.prices.pop_front();
        }
    }

    /// The newest one.
    #[must_use]
    pub const fn now(&self) -> Option<u128> {
        self.now
    }

    /// The lowest at which a fee may have been quoted that still holds.
    #[must_use]
    pub fn lowest(&self) -> Option<u128> {
        self.prices.front().map(|(_, price)| *price)
    }
}
