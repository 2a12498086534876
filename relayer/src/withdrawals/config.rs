//! How withdrawals are followed, and when they cannot be.

use alloy_primitives::Address;

/// What is remembered, and how often a payment that fails is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawalConfig {
    /// Seconds for which a batch can be challenged: the deployment's.
    pub challenge_window: u64,
    /// The account whose advances are followed. Others' are not: anybody can make the bridge log as many as they pay for.
    pub pool: Option<Address>,
    /// Withdrawals that are remembered at all, in their order. The next ones are read when there is room.
    pub tracked_max: usize,
    /// Of those that are paid for good, so many of the newest are remembered.
    pub recent_max: usize,
    /// Seconds from a failure to the next attempt, doubled with each further one.
    pub retry: u64,
    /// The longest such wait, in seconds.
    pub retry_max: u64,
    /// Failures after which only others claim it.
    pub failures_max: u32,
    /// The same for those in a transaction on L1, each of which costs gas.
    pub failures_on_l1_max: u32,
}

impl WithdrawalConfig {
    /// What fits mainnet: some 60 MB at most; ten attempts in nine days.
    #[must_use]
    pub const fn new(challenge_window: u64) -> Self {
        Self {
            challenge_window,
            pool: None,
            tracked_max: 262_144,
            recent_max: 16_384,
            retry: 3_600,
            retry_max: 48 * 3_600,
            failures_max: 10,
            failures_on_l1_max: 3,
        }
    }
}

/// Why what L1 says cannot be followed. Reading it again from the start can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A batch is missing.
    #[error("L1 shows batch {found} where {expected} comes next: logs are missing")]
    Batch {
        /// The batch that comes next.
        expected: u64,
        /// The one that is shown.
        found: u64,
    },
    /// A batch that does not stand falls or becomes final.
    #[error("L1 decides about batch {0}, which does not stand: logs are missing")]
    NotStanding(u64),
    /// A final block of L1 is gone.
    #[error("L1 forked below block {0}, which was final")]
    FinalForked(u64),
}
