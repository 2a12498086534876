//! The operator's money on L1, and what moves between its accounts by itself.
//!
//! | pool | is for |
//! |---|---|
//! | hot | fast withdrawals, which it pays at once |
//! | cold | the reserve; its key may be offline |
//! | operating | the gas of claims |
//!
//! Of each asset hot has a band ([`Band`]): what is above goes to cold, what is missing comes from there. Operating is topped up
//! from hot. Where a key is missing or a limit stands in the way, somebody is told what to do.
//!
//! [`Pools`] is the state machine, without I/O or clock; [`Rebalancer`] is the task around it.
//!
//! **Invariant.** A move takes effect at most once: it is a transaction manager's intent, on disk before it is sent, and no second one
//! is decided on its route before the balances that decide show it.
//!
//! **Invariant.** An account moves no more than its limits allow, over restarts as well: what it moved in the last 24 hours is what
//! its manager has on disk.

mod config;
mod driver;
mod name;
mod observed;
mod report;
mod round;
mod route;
mod step;
mod under_way;
mod waiting;

pub use config::{
    AssetConfig, Band, CONFIRMATIONS_MAX, ConfigError, Limits, OperatingConfig, PoolsConfig,
    Setting, TOKENS_MAX,
};
pub use driver::{Accounts, Cold, Rebalancer, RebalancerError, apart};
pub use name::{is_move, name, read};
pub use observed::{Balance, Commitments, Observed};
pub use report::{Failure, Report, Status};
pub use route::{Asset, Pool, Route};
pub use step::{Decided, Pools};
pub use under_way::{DAY, MOVES_MAX, Move, MoveStage};
pub use waiting::{Notice, Wait, WaitingMove};
