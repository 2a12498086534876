//! What L1 shows.

use std::collections::BTreeMap;

use super::route::{Asset, Pool};

/// A balance, in the asset's smallest unit. What is beyond u128 counts as its largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// In the newest block.
    pub head: u128,
    /// In the block that has so many on top of it as are waited for.
    pub deep: u128,
}

impl Balance {
    /// What has been there for long enough, and still is.
    #[must_use]
    pub fn settled(&self) -> u128 {
        self.head.min(self.deep)
    }
}

/// What hot owes to others already: fast withdrawals that are accepted and not in a block. It is left out of what moves away.
pub type Commitments = BTreeMap<Asset, u128>;

/// L1 at one look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The number of the newest block.
    pub block: u64,
    /// Its time, in seconds.
    pub time: u64,
    /// The number of the block that has so many on top of it as are waited for.
    pub deep_block: u64,
    /// What the next block takes: base fee and tip, in wei per gas.
    pub price: u128,
    /// Balances. A pool that is missing from an asset could not be read.
    pub balances: BTreeMap<(Asset, Pool), Balance>,
    /// Assets that cannot be read, and why.
    pub unreadable: BTreeMap<Asset, String>,
    /// What hot owes.
    pub committed: Commitments,
}
