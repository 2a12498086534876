//! What a transaction offers to pay, and the rules by which clients let one offer replace another.

use super::request::Kind;

/// Wei per gas, as a transaction states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Price {
    /// At most for gas, the tip included.
    pub max_fee: u128,
    /// The tip.
    pub priority_fee: u128,
    /// At most for blob gas. Zero in ordinary transactions.
    pub blob_fee: u128,
}

/// Wei per gas that the next block takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Market {
    /// Base fee.
    pub base_fee: u128,
    /// A tip with which others got in.
    pub priority_fee: u128,
    /// Blob base fee; zero where there are no blobs.
    pub blob_base_fee: u128,
}

/// A price would have to be above the operator's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AboveCap {
    /// What it would have to be, at least.
    pub needed: Price,
}

impl Price {
    /// What a new transaction should offer: twice the base fees, so that it stays good through some blocks of rising
    /// fees, but never above the caps.
    pub(super) fn first(market: &Market, caps: &Price, kind: Kind) -> Result<Self, AboveCap> {
        let tip = market.priority_fee.clamp(1, caps.priority_fee.max(1));
        let needed = Self::least(market, tip, kind);
        if !needed.within(caps) {
            return Err(AboveCap { needed });
        }
        Ok(Self {
            max_fee: market
                .base_fee
                .saturating_mul(2)
                .saturating_add(tip)
                .min(caps.max_fee),
            priority_fee: tip,
            blob_fee: match kind {
                Kind::Ordinary => 0,
                Kind::Blob => market
                    .blob_base_fee
                    .max(1)
                    .saturating_mul(2)
                    .min(caps.blob_fee),
            },
        })
    }

    /// What the successor of this offer should be: enough for clients to take it as a replacement, and for the market.
    pub(super) fn next(&self, market: &Market, caps: &Price, kind: Kind) -> Result<Self, AboveCap> {
        let least = self.replacement(kind);
        let wanted = Self::first(market, caps, kind)?.at_least(&least);
        // The market's part was clipped to the caps, so what is above them now is what clients insist on.
        if wanted.within(caps) {
            Ok(wanted)
        } else {
            Err(AboveCap { needed: wanted })
        }
    }

    /// The least that clients take in the place of this offer: 10 % more for an ordinary transaction, twice as much
    /// for one with blobs, in every field. Some insist on strictly more even where that is zero.
    pub(super) fn replacement(&self, kind: Kind) -> Self {
        let raise = |fee: u128| match kind {
            Kind::Ordinary => fee.saturating_add((fee / 10).saturating_add(1)),
            Kind::Blob => fee.saturating_mul(2).max(1),
        };
        Self {
            max_fee: raise(self.max_fee),
            priority_fee: raise(self.priority_fee),
            blob_fee: match kind {
                Kind::Ordinary => 0,
                Kind::Blob => raise(self.blob_fee),
            },
        }
    }

    /// Whether the next block may take it.
    pub(super) fn is_includable(&self, market: &Market, kind: Kind) -> bool {
        self.max_fee > market.base_fee
            && (kind == Kind::Ordinary || self.blob_fee >= market.blob_base_fee)
    }

    fn least(market: &Market, tip: u128, kind: Kind) -> Self {
        Self {
            max_fee: market.base_fee.saturating_add(tip),
            priority_fee: tip,
            blob_fee: match kind {
                Kind::Ordinary => 0,
                Kind::Blob => market.blob_base_fee.max(1),
            },
        }
    }

    fn within(&self, caps: &Price) -> bool {
        self.max_fee <= caps.max_fee
            && self.priority_fee <= caps.priority_fee.max(1)
            && self.blob_fee <= caps.blob_fee
    }

    fn at_least(self, other: &Price) -> Self {
        let priority_fee = self.priority_fee.max(other.priority_fee);
        Self {
            // No client takes a tip above the fee that is to hold it.
            max_fee: self.max_fee.max(other.max_fee).max(priority_fee),
            priority_fee,
            blob_fee: self.blob_fee.max(other.blob_fee),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(max_fee: u128, priority_fee: u128, blob_fee: u128) -> Price {
        Price {
            max_fee,
            priority_fee,
            blob_fee,
        }
    }

    fn market(base_fee: u128, priority_fee: u128, blob_base_fee: u128) -> Market {
        Market {
            base_fee,
            priority_fee,
            blob_base_fee,
        }
    }

    #[test]
    fn replacements_are_what_clients_ask_for() {
        let table = [
            (Kind::Ordinary, price(100, 10, 0), price(111, 12, 0)),
            (Kind::Ordinary, price(1, 0, 0), price(2, 1, 0)),
            (Kind::Ordinary, price(19, 9, 0), price(21, 10, 0)),
            (Kind::Blob, price(100, 10, 7), price(200, 20, 14)),
            (Kind::Blob, price(1, 0, 1), price(2, 1, 2)),
        ];
        for (kind, old, expected) in table {
            assert_eq!(old.replacement(kind), expected, "{kind:?} {old:?}");
        }
    }

    #[test]
    fn the_first_price_leaves_room_below_the_caps() {
        let caps = price(100, 10, 50);
        let table = [
            (market(10, 2, 5), Ok(price(22, 2, 10))),
            (market(80, 2, 40), Ok(price(100, 2, 50))),
            (market(10, 0, 0), Ok(price(21, 1, 2))),
            // A tip above its cap is clipped; a base fee above its cap is not payable.
            (market(10, 99, 5), Ok(price(30, 10, 10))),
            (market(99, 2, 5), Err(price(101, 2, 5))),
            (market(10, 2, 51), Err(price(12, 2, 51))),
        ];
        for (market, expected) in table {
            let expected = expected.map_err(|needed| AboveCap { needed });
            assert_eq!(
                Price::first(&market, &caps, Kind::Blob),
                expected,
                "{market:?}"
            );
        }
    }

    fn any_price() -> impl Strategy<Value = Price> {
        (0..1u128 << 60, 0..1u128 << 60, 0..1u128 << 60)
            .prop_map(|(a, b, c)| price(a.max(b), a.min(b), c))
    }

    proptest! {
        #[test]
        fn a_successor_replaces_pays_and_stays_within_the_caps(
            old in any_price(),
            base in 0..1u128 << 60,
            tip in 0..1u128 << 60,
            blob in 0..1u128 << 60,
            caps in any_price(),
            blobs: bool,
        ) {
            let kind = if blobs { Kind::Blob } else { Kind::Ordinary };
            let market = market(base, tip, blob);
            let Ok(new) = old.next(&market, &caps, kind) else { return Ok(()) };
            let percent = if blobs { 200 } else { 110 };
            prop_assert!(new.max_fee * 100 >= old.max_fee * percent && new.max_fee > old.max_fee);
            prop_assert!(new.priority_fee * 100 >= old.priority_fee * percent);
            prop_assert!(new.priority_fee > old.priority_fee);
            prop_assert!(!blobs || new.blob_fee * 100 >= old.blob_fee * percent);
            prop_assert!(new.priority_fee <= new.max_fee);
            prop_assert!(new.is_includable(&market, kind));
            prop_assert!(new.within(&caps));
        }
    }
}
