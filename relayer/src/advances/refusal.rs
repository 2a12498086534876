//! Why the pool does not advance.

use spillway_l1::advances::AdvanceRefusal;
use spillway_protocol::token::TokenId;

use super::order::SIGNATURE_BYTES_MAX;

/// Why there is no quote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteRefusal {
    /// The pool has no terms for that token.
    #[error("token {0} is not offered: wait for the claim instead")]
    NotOffered(TokenId),
    /// Too much for one withdrawal.
    #[error("the pool advances at most {0} at once: split the withdrawal")]
    AboveLimit(u128),
    /// The fee would take all of it.
    #[error("the fee would be {0}, all of the amount: withdraw more, or wait for the claim")]
    TooLittle(u128),
    /// Too much is out already.
    #[error("the pool has {0} left until earlier advances are repaid: ask for less, or later")]
    Outstanding(u128),
    /// Too much was advanced today.
    #[error("the pool has {0} left for today: ask for less, or tomorrow")]
    Daily(u128),
    /// The hot account has too little.
    #[error("the pool has {0} at hand: ask for less, or later")]
    Funds(u128),
    /// Too many orders wait.
    #[error("{0} withdrawals wait to be advanced already: ask later")]
    Full(usize),
    /// It does not know enough of L1 yet.
    #[error("the pool is not ready: {0}; ask again in a moment")]
    NotReady(&'static str),
}

/// Why an order is not accepted, or not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There would be no quote for it.
    #[error(transparent)]
    Quote(#[from] QuoteRefusal),
    /// L2 has no such withdrawal.
    #[error("there is no withdrawal {0} on L2")]
    Unknown(u32),
    /// L2 went back, and has another one in its place.
    #[error("L2 has another withdrawal in its place: sign for that one")]
    Gone,
    /// It offers too little.
    #[error("the fee is below {0}, what it takes: ask for a quote, and sign for its fee")]
    Fee(u128),
    /// The deadline does not fit.
    #[error(
        "the deadline has to be {min} to {max} seconds after L1's time, which is {now}: ask for a quote, and sign for its deadline"
    )]
    Deadline {
        /// Seconds at least.
        min: u64,
        /// Seconds at most.
        max: u64,
        /// L1's time, since 1970.
        now: u64,
    },
    /// No signature is as long.
    #[error("a signature of {0} bytes: at most {SIGNATURE_BYTES_MAX}")]
    Signature(usize),
    /// L1 has paid it.
    #[error("it was claimed: its recipient has it")]
    Paid,
    /// Its deadline passed before it could be paid.
    #[error(
        "its deadline passed before it was safe and paid: sign for a later one, or wait for the claim"
    )]
    Expired,
    /// L1 would not take the advance.
    #[error("L1 refuses the advance: {0}")]
    OnL1(AdvanceRefusal),
    /// The recipient needs more gas than the pool pays.
    #[error("its recipient takes more than {0} gas: wait for the claim")]
    Gas(u64),
    /// The transaction reverted.
    #[error("the payment failed in a block of L1: wait for the claim")]
    Failed,
    /// Too many orders are being looked at.
    #[error("too many orders at once: send it again in a moment")]
    Busy,
    /// L1 or L2 does not answer.
    #[error("the pool cannot check it now: {0}; send it again in a moment")]
    Unchecked(String),
    /// The order could not be written.
    #[error("the pool cannot keep the order: {0}")]
    Disk(String),
}
