//! How full each pool is to be, and how money moves.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use spillway_l1::transactions::GAS_LIMIT_MAX;

use super::route::Asset;

/// Tokens that are kept in pools, at most: each takes four questions for every block of L1.
pub const TOKENS_MAX: usize = 32;

/// Blocks that can be waited for, at most: nodes that are no archives know the balances of the newest 128.
pub const CONFIRMATIONS_MAX: u64 = 120;

/// The least gas of any transaction.
const MOVE_GAS_MIN: u64 = 21_000;

const ETHER: u128 = 1_000_000_000_000_000_000;
const GWEI: u128 = 1_000_000_000;

/// How full hot is to be with an asset, in its smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Below it, hot is filled up to the target.
    pub low: u128,
    /// What a move leaves in hot.
    pub target: u128,
    /// Above it, what is over the target goes to cold.
    pub high: u128,
    /// Below it, hot is filled whatever L1's fees are. 0: never.
    pub urgent: u128,
}

/// What may leave an account, in the asset's smallest unit. Nothing goes beyond it, however urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// In one move. What is more goes in several.
    pub move_max: u128,
    /// In any 24 hours of L1's time.
    pub day_max: u128,
}

impl Limits {
    /// That much in a move, and four times as much in a day.
    #[must_use]
    pub const fn per_move(move_max: u128) -> Self {
        Self {
            move_max,
            day_max: move_max.saturating_mul(4),
        }
    }
}

/// How an asset is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetConfig {
    /// How full hot is to be.
    pub hot: Band,
    /// The least that moves.
    pub minimum: u128,
    /// What may leave hot: to cold, and for ETH to operating as well.
    pub hot_limits: Limits,
    /// What may leave cold.
    pub cold_limits: Limits,
}

impl AssetConfig {
    /// Limits by which either account moves as much as the band is high at once, and four times that a day.
    #[must_use]
    pub const fn new(hot: Band, minimum: u128) -> Self {
        Self {
            hot,
            minimum,
            hot_limits: Limits::per_move(hot.high),
            cold_limits: Limits::per_move(hot.high),
        }
    }

    /// ETH: at least 0.1 ETH moves, of which a plain transfer at the default ceiling takes 0.4 %.
    #[must_use]
    pub const fn eth(hot: Band) -> Self {
        Self::new(hot, ETHER / 10)
    }
}

/// How full operating is to be, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatingConfig {
    /// Below it, it is filled up to the target.
    pub low: u128,
    /// How full it is then.
    pub target: u128,
    /// Below it, it is filled whatever L1's fees are. 0: never.
    pub urgent: u128,
    /// What filling it leaves in hot, at least. None: hot's low, so that claims never take what fast withdrawals need. Less lets operating
    /// take that as well: without gas no claim brings back what hot has advanced.
    pub hot_keeps: Option<u128>,
}

impl Default for OperatingConfig {
    /// A claim of 200 has at most 12 million gas, and an account must hold twice the base fee for its transaction's gas: 0.5 ETH at a base
    /// fee of 20 gwei. The target is four of these, as many as are under way at once. A claim of 50 takes 0.1 ETH at 40 gwei.
    fn default() -> Self {
        Self {
            low: ETHER / 2,
            target: 2 * ETHER,
            urgent: ETHER / 10,
            hot_keeps: None,
        }
    }
}

/// How money moves between the pools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolsConfig {
    /// How ETH is kept.
    pub eth: AssetConfig,
    /// How tokens are kept, by their addresses on L1.
    pub tokens: BTreeMap<Address, AssetConfig>,
    /// How operating is kept.
    pub operating: OperatingConfig,
    /// Wei that stay in hot and in cold, whatever moves, to pay for their own transactions.
    pub gas_reserve: u128,
    /// Blocks on top of one before money counts as there.
    pub confirmations: u64,
    /// Wei per gas, tip included, above which moves wait unless they are urgent.
    pub fee_ceiling: u128,
    /// Gas that a move may take.
    pub move_gas: u64,
    /// Seconds of L1 from a move that failed to the next on its route, doubled with each further one.
    pub retry: u64,
    /// The longest such wait.
    pub retry_max: u64,
    /// Seconds of L1 after which it is said again what somebody has to do.
    pub remind: u64,
}

impl PoolsConfig {
    /// What fits mainnet: two epochs of confirmations; a ceiling of 20 gwei, which is ten times an ordinary fee; gas for a transfer of a
    /// token or to a contract's account; a reserve for five such moves at 200 gwei, where transaction managers stop.
    #[must_use]
    pub fn new(eth: AssetConfig) -> Self {
        Self {
            eth,
            tokens: BTreeMap::new(),
            operating: OperatingConfig::default(),
            gas_reserve: ETHER / 10,
            confirmations: 64,
            fee_ceiling: 20 * GWEI,
            move_gas: 100_000,
            retry: 60,
            retry_max: 6 * 3_600,
            remind: 6 * 3_600,
        }
    }

    /// What an asset is kept by; none if it is not kept.
    #[must_use]
    pub fn asset(&self, asset: Asset) -> Option<&AssetConfig> {
        match asset {
            Asset::Eth => Some(&self.eth),
            Asset::Token(address) => self.tokens.get(&address),
        }
    }

    /// The assets, ETH first.
    pub fn assets(&self) -> impl Iterator<Item = (Asset, &AssetConfig)> {
        let tokens = self.tokens.iter();
        let tokens = tokens.map(|(address, config)| (Asset::Token(*address), config));
        std::iter::once((Asset::Eth, &self.eth)).chain(tokens)
    }

    /// What filling operating leaves in hot.
    #[must_use]
    pub fn hot_keeps(&self) -> u128 {
        self.operating.hot_keeps.unwrap_or(self.eth.hot.low)
    }

    /// # Errors
    /// The first setting that cannot be kept to.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (asset, config) in self.assets() {
            config.check(asset)?;
        }
        self.check_gas()?;
        let tokens = self.tokens.len();
        if tokens > TOKENS_MAX {
            return Err(ConfigError::TooManyTokens(tokens));
        }
        if self.tokens.contains_key(&Address::ZERO) {
            return Err(ConfigError::ZeroAddress);
        }
        let least = |setting, value: u64, min| at_least(setting, value.into(), min);
        at_most(
            Setting::Confirmations,
            self.confirmations.into(),
            CONFIRMATIONS_MAX.into(),
        )?;
        at_least(Setting::FeeCeiling, self.fee_ceiling, 1)?;
        least(Setting::MoveGas, self.move_gas, MOVE_GAS_MIN.into())?;
        at_most(Setting::MoveGas, self.move_gas.into(), GAS_LIMIT_MAX.into())?;
        least(Setting::Retry, self.retry, 1)?;
        least(Setting::RetryMax, self.retry_max, self.retry.into())?;
        least(Setting::Remind, self.remind, 1)
    }

    /// What ETH has besides a band: it pays for gas.
    fn check_gas(&self) -> Result<(), ConfigError> {
        let operating = &self.operating;
        at_most(Setting::OperatingUrgent, operating.urgent, operating.low)?;
        at_least(
            Setting::OperatingTarget,
            operating.target,
            operating.low.saturating_add(self.eth.minimum),
        )?;
        at_least(Setting::HotKeeps, self.hot_keeps(), self.gas_reserve)?;
        at_least(
            Setting::Target(Asset::Eth),
            self.eth.hot.target,
            self.hot_keeps(),
        )
    }
}

impl AssetConfig {
    fn check(&self, asset: Asset) -> Result<(), ConfigError> {
        let Band {
            low, target, high, ..
        } = self.hot;
        let minimum = self.minimum;
        at_least(Setting::Minimum(asset), minimum, 1)?;
        at_most(Setting::Urgent(asset), self.hot.urgent, low)?;
        let above = |edge: u128| edge.saturating_add(minimum);
        at_least(Setting::Target(asset), target, above(low))?;
        at_least(Setting::High(asset), high, above(target))?;
        for limits in [self.hot_limits, self.cold_limits] {
            at_least(Setting::MoveMax(asset), limits.move_max, minimum)?;
            at_least(Setting::DayMax(asset), limits.day_max, limits.move_max)?;
        }
        Ok(())
    }
}

fn at_least(setting: Setting, value: u128, min: u128) -> Result<(), ConfigError> {
    let too_small = ConfigError::TooSmall {
        setting,
        value,
        min,
    };
    (value >= min).then_some(()).ok_or(too_small)
}

fn at_most(setting: Setting, value: u128, max: u128) -> Result<(), ConfigError> {
    let too_large = ConfigError::TooLarge {
        setting,
        value,
        max,
    };
    (value <= max).then_some(()).ok_or(too_large)
}

/// A setting that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `minimum`: not zero.
    Minimum(Asset),
    /// `hot.urgent`: no more than `hot.low`.
    Urgent(Asset),
    /// `hot.target`: at least `hot.low` and `minimum`; of ETH no less than filling operating leaves in hot.
    Target(Asset),
    /// `hot.high`: at least `hot.target` and `minimum`.
    High(Asset),
    /// `move_max` of a limit: at least `minimum`.
    MoveMax(Asset),
    /// `day_max` of a limit: at least its `move_max`.
    DayMax(Asset),
    /// `operating.urgent`: no more than `operating.low`.
    OperatingUrgent,
    /// `operating.target`: at least `operating.low` and ETH's `minimum`.
    OperatingTarget,
    /// `operating.hot_keeps`, or `eth.hot.low` in its place: at least `gas_reserve`.
    HotKeeps,
    /// `confirmations`: at most [`CONFIRMATIONS_MAX`].
    Confirmations,
    /// `fee_ceiling`: not zero.
    FeeCeiling,
    /// `move_gas`: from 21,000 to what a transaction may have.
    MoveGas,
    /// `retry`: not zero.
    Retry,
    /// `retry_max`: at least `retry`.
    RetryMax,
    /// `remind`: not zero.
    Remind,
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, asset) = match self {
            Self::Minimum(asset) => ("minimum", asset),
            Self::Urgent(asset) => ("hot.urgent", asset),
            Self::Target(asset) => ("hot.target", asset),
            Self::High(asset) => ("hot.high", asset),
            Self::MoveMax(asset) => ("move_max", asset),
            Self::DayMax(asset) => ("day_max", asset),
            Self::OperatingUrgent => return f.write_str("operating.urgent (wei)"),
            Self::OperatingTarget => return f.write_str("operating.target (wei)"),
            Self::HotKeeps => {
                return f.write_str("operating.hot_keeps (hot.low of ETH unless set, wei)");
            }
            Self::Confirmations => return f.write_str("confirmations"),
            Self::FeeCeiling => return f.write_str("fee_ceiling"),
            Self::MoveGas => return f.write_str("move_gas"),
            Self::Retry => return f.write_str("retry"),
            Self::RetryMax => return f.write_str("retry_max"),
            Self::Remind => return f.write_str("remind"),
        };
        write!(f, "{name} ({asset})")
    }
}

/// Settings by which nobody can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A setting is too small: the others, or what there is, ask for more.
    #[error("{setting} is {value}: make it {min} or more, or lower what it has to be above")]
    TooSmall {
        /// Which.
        setting: Setting,
        /// What it is.
        value: u128,
        /// What it is at least.
        min: u128,
    },
    /// A setting is too large.
    #[error("{setting} is {value}: make it {max} or less, or raise what it has to be below")]
    TooLarge {
        /// Which.
        setting: Setting,
        /// What it is.
        value: u128,
        /// What it is at most.
        max: u128,
    },
    /// Too many tokens.
    #[error("{0} tokens are to be kept in pools: name at most {TOKENS_MAX}")]
    TooManyTokens(usize),
    /// A token without an address.
    #[error("the token at address zero is none: ETH has a section of its own")]
    ZeroAddress,
    /// Two pools in one account.
    #[error("{0} is the account of two pools: give hot, cold and operating an account each")]
    SameAccount(Address),
}
