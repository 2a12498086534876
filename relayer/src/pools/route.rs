//! What moves, and between whom.

use std::fmt;

use alloy_primitives::Address;

/// An account of the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pool {
    /// Pays fast withdrawals.
    Hot,
    /// The reserve.
    Cold,
    /// Pays the gas of claims.
    Operating,
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hot => "hot",
            Self::Cold => "cold",
            Self::Operating => "operating",
        })
    }
}

/// What moves. Its amounts are in the smallest unit: wei, or the token's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asset {
    /// ETH.
    Eth,
    /// The ERC-20 token at that address.
    Token(Address),
}

impl Asset {
    /// The pools that are to hold it.
    #[must_use]
    pub const fn pools(self) -> &'static [Pool] {
        match self {
            Self::Eth => &[Pool::Hot, Pool::Cold, Pool::Operating],
            Self::Token(_) => &[Pool::Hot, Pool::Cold],
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eth => f.write_str("wei"),
            Self::Token(address) => write!(f, "of token {address}"),
        }
    }
}

/// A way on which an asset moves. There is one move on it at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    /// What.
    pub asset: Asset,
    /// Who pays.
    pub from: Pool,
    /// Who gets it.
    pub to: Pool,
}

impl Route {
    /// What fills operating.
    pub const TOP_UP: Self = Self {
        asset: Asset::Eth,
        from: Pool::Hot,
        to: Pool::Operating,
    };

    /// What fills hot.
    #[must_use]
    pub const fn fill(asset: Asset) -> Self {
        Self {
            asset,
            from: Pool::Cold,
            to: Pool::Hot,
        }
    }

    /// What takes from hot what it does not need.
    #[must_use]
    pub const fn surplus(asset: Asset) -> Self {
        Self {
            asset,
            from: Pool::Hot,
            to: Pool::Cold,
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}
