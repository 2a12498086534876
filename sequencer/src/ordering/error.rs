//! Why the ledger does not allow a transaction now, in geth's words where wallets match on them.

use alloy_primitives::Address;
use spillway_protocol::chunk::LimitExceeded;
use spillway_protocol::codec::EncodeError;
use spillway_protocol::gas;
use spillway_protocol::token::ListingError;
use spillway_protocol::transaction::{Asset, Intent};
use spillway_protocol::transition::{Rejection, ResolveError};

use crate::admission::Admitted;

/// Why a transaction was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderingError {
    /// The sender has used the nonce.
    #[error("nonce too low: address {address}, tx: {transaction} state: {state}")]
    NonceTooLow {
        /// The sender.
        address: Address,
        /// The transaction's nonce.
        transaction: u64,
        /// The sender's next nonce.
        state: u64,
    },
    /// The nonce is further ahead than transactions are held for.
    #[error(
        "nonce too high: address {address}, tx: {transaction} state: {state}; at most {gap} ahead are held"
    )]
    NonceTooHigh {
        /// The sender.
        address: Address,
        /// The transaction's nonce.
        transaction: u64,
        /// The sender's next nonce.
        state: u64,
        /// How far ahead it may be.
        gap: u64,
    },
    /// The sender's ETH is less than amount and fee.
    #[error(
        "insufficient funds for gas * price + value: address {address} have {balance} want {cost}"
    )]
    InsufficientFunds {
        /// The sender.
        address: Address,
        /// What it has, in wei.
        balance: u128,
        /// What it needs, in wei.
        cost: u128,
    },
    /// The transaction's fee cap is below the base fee.
    #[error(
        "max fee per gas less than block base fee: address {address}, maxFeePerGas: {max_fee}, baseFee: {base_fee}"
    )]
    FeeCapTooLow {
        /// The sender.
        address: Address,
        /// The cap, in wei a unit of gas.
        max_fee: u128,
        /// The base fee, in wei a unit of gas.
        base_fee: u64,
    },
    /// Another transaction of that nonce is held, and this one does not offer a tenth more.
    #[error("replacement transaction underpriced")]
    ReplacementUnderpriced,
    /// As many transactions are held as may be.
    #[error("too many transactions wait for earlier nonces, retry later")]
    HeldFull,
    /// L1 has not listed the token.
    #[error("token {0} is not listed by the bridge")]
    UnlistedToken(Address),
    /// A payout that no chunk could hold.
    #[error("payout is too large: {0}; split it into smaller ones")]
    PayoutTooLarge(LimitExceeded),
    /// The operation is invalid on this state.
    #[error(transparent)]
    Rejected(Rejection),
    /// L1 listed what the table does not take.
    #[error(transparent)]
    Listing(ListingError),
    /// The operation has no encoding.
    #[error(transparent)]
    Encode(EncodeError),
}

/// The ETH that an intent takes from its sender, the fee included.
pub(super) fn cost(intent: &Intent, base_fee: u64) -> u128 {
    let amount = match intent {
        Intent::Transfer { amount, .. } | Intent::Withdraw { amount, .. } => *amount,
        Intent::Payout { payees, .. } => payees
            .iter()
            .fold(0, |sum: u128, payee| sum.saturating_add(payee.amount)),
    };
    let amount = match intent.asset() {
        Asset::Eth => amount,
        Asset::Token(_) => 0,
    };
    amount.saturating_add(gas::fee(intent.gas_kind(), base_fee))
}

pub(super) fn insufficient_funds(
    transaction: &Admitted,
    balance: u128,
    base_fee: u64,
) -> OrderingError {
    OrderingError::InsufficientFunds {
        address: transaction.signer(),
        balance,
        cost: cost(&transaction.intent, base_fee),
    }
}

pub(super) fn resolve_error(
    error: ResolveError,
    transaction: &Admitted,
    base_fee: u64,
) -> OrderingError {
    match error {
        ResolveError::NoAccount => insufficient_funds(transaction, 0, base_fee),
        ResolveError::UnlistedToken(token) => OrderingError::UnlistedToken(token),
    }
}

impl OrderingError {
    /// Puts a rejection for want of ETH into the words that wallets know.
    pub(super) fn of(self, transaction: &Admitted, base_fee: u64) -> Self {
        match self {
            Self::Rejected(Rejection::InsufficientFunds { balance, .. })
                if transaction.intent.asset() == Asset::Eth =>
            {
                insufficient_funds(transaction, balance, base_fee)
            }
            Self::Rejected(Rejection::InsufficientFee { balance, .. }) => {
                insufficient_funds(transaction, balance, base_fee)
            }
            other => other,
        }
    }
}
