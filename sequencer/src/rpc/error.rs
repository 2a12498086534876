//! The one place where outcomes become JSON-RPC errors.
//!
//! An error has two messages: what the client reads, in geth's words where wallets match on them, and
//! for our own failures what the log says, which the client never sees.

use alloy_primitives::Bytes;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::types::error::{INTERNAL_ERROR_CODE, INVALID_PARAMS_CODE, METHOD_NOT_FOUND_CODE};
use serde::Serialize;
use spillway_protocol::transaction::TransactionError;

use super::rolling_back::RollingBack;
use crate::admission::AdmissionError;
use crate::ordering::OrderingError;
use crate::submission::{RETRY_AFTER_MS, SubmitError};

/// A transaction or a call that cannot be done; geth's code for all of them.
pub(super) const REFUSED_CODE: i32 = -32000;
/// Nothing can be made durable any more (EIP-1474: resource unavailable).
pub(super) const UNAVAILABLE_CODE: i32 = -32002;
/// Try again later (EIP-1474: limit exceeded). Wallet libraries retry it by themselves.
pub(super) const BUSY_CODE: i32 = -32005;
/// A call that reverted, as geth and EIP-1474 have it.
pub(super) const REVERTED_CODE: i32 = 3;
/// Taken, but not durable within the time given (EIP-7966).
pub(super) const NOT_YET_DURABLE_CODE: i32 = 4;

/// When to ask again for what takes a node seconds to find out.
const NOT_NOW_RETRY_MS: u64 = 2_000;

/// Arguments that do not fit the method.
pub(super) fn invalid_params(message: String) -> ErrorObjectOwned {
    plain(INVALID_PARAMS_CODE, message)
}

/// A call that cannot be done.
pub(super) fn refused<M: ToString + ?Sized>(message: &M) -> ErrorObjectOwned {
    plain(REFUSED_CODE, message.to_string())
}

/// A method that is not served, in the words by which ethers tells that it is unsupported.
pub(super) fn method_not_found(method: &str) -> ErrorObjectOwned {
    const NAME_CHARS_MAX: usize = 64;
    let name: String = method.chars().take(NAME_CHARS_MAX).collect();
    plain(
        METHOD_NOT_FOUND_CODE,
        format!("the method {name} does not exist/is not available"),
    )
}

/// A failure of our own: the log gets the reason, the client does not.
pub(super) fn internal(doing: &'static str, reason: &dyn std::error::Error) -> ErrorObjectOwned {
    tracing::error!(doing, reason = %Chain(reason), "internal error");
    plain(INTERNAL_ERROR_CODE, "internal error".to_owned())
}

/// Why a transaction was not taken.
pub(super) fn submit(error: &SubmitError) -> ErrorObjectOwned {
    match error {
        SubmitError::Busy | SubmitError::Ordering(OrderingError::HeldFull) => lanes_busy(error),
        SubmitError::Halted => plain(UNAVAILABLE_CODE, error.to_string()),
        SubmitError::Admission(AdmissionError::Transaction(reason)) => transaction(reason),
        SubmitError::Admission(AdmissionError::Sender)
        | SubmitError::Ordering(_)
        | SubmitError::Replica => refused(error),
    }
}

/// Why bytes, or a call that would become some, are no transaction.
pub(super) fn transaction(error: &TransactionError) -> ErrorObjectOwned {
    match error {
        // geth's words come first; viem knows the case by the others.
        TransactionError::BlobTransaction
        | TransactionError::SetCodeTransaction
        | TransactionError::UnknownType(_) => refused(&format_args!(
            "{error} (transaction type not valid on this chain)"
        )),
        _ => refused(error),
    }
}

/// Too many searches wait already.
pub(super) fn busy_searching() -> ErrorObjectOwned {
    let message = format!("too many searches wait: busy, retry after {SEARCH_RETRY_AFTER_MS} ms");
    busy(message, SEARCH_RETRY_AFTER_MS)
}

/// The streams of all clients follow as many accounts as there may be.
pub(super) fn too_much_watched() -> ErrorObjectOwned {
    busy(TOO_MUCH_WATCHED.to_owned(), WATCH_RETRY_AFTER_MS)
}

/// The same in words.
pub(super) const TOO_MUCH_WATCHED: &str =
    "the node follows as many accounts for its clients as it can: retry later, or poll";

/// What a client is told to wait then, in milliseconds.
pub(super) const WATCH_RETRY_AFTER_MS: u64 = 5_000;

/// What a client is told to wait when too many searches wait, in milliseconds.
const SEARCH_RETRY_AFTER_MS: u64 = 1_000;

/// Nothing is answered while the chain is rolled back.
pub(super) fn rolling_back(rollback: &RollingBack) -> ErrorObjectOwned {
    busy(rollback.to_string(), RollingBack::RETRY_AFTER_MS)
}

/// The data of an error that goes away by itself.
#[derive(Serialize)]
struct Retry {
    retry_after_ms: u64,
}

/// What can be told or done later.
pub(super) fn not_now(message: String) -> ErrorObjectOwned {
    busy(message, NOT_NOW_RETRY_MS)
}

fn lanes_busy(error: &SubmitError) -> ErrorObjectOwned {
    let message = match error {
        SubmitError::Busy => error.to_string(),
        _ => format!("{error} (busy, retry after {RETRY_AFTER_MS} ms)"),
    };
    busy(message, RETRY_AFTER_MS)
}

/// Nothing happened: the same may be asked again so many milliseconds later.
pub(super) fn busy(message: String, retry_after_ms: u64) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(BUSY_CODE, message, Some(Retry { retry_after_ms }))
}

/// A call that reverted, with the output by which libraries find the contract's error.
pub(super) fn reverted(message: String, output: &Bytes) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(REVERTED_CODE, message, Some(output))
}

/// Without `data`, not even null: web3.py takes an error with it for one of a contract.
fn plain(code: i32, message: String) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, None::<()>)
}

/// An error with what caused it.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(formatter, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;

    #[test]
    fn each_outcome_has_the_code_and_words_that_wallets_know() {
        let address = Address::ZERO;
        let ordering = SubmitError::Ordering;
        let transaction = |error| SubmitError::Admission(AdmissionError::Transaction(error));
        for (error, code, words) in [
            (
                ordering(OrderingError::NonceTooLow {
                    address,
                    transaction: 1,
                    state: 2,
                }),
                REFUSED_CODE,
                "nonce too low",
            ),
            (
                ordering(OrderingError::InsufficientFunds {
                    address,
                    balance: 1,
                    cost: 2,
                }),
                REFUSED_CODE,
                "insufficient funds for gas * price + value",
            ),
            (
                ordering(OrderingError::ReplacementUnderpriced),
                REFUSED_CODE,
                "replacement transaction underpriced",
            ),
            (
                ordering(OrderingError::HeldFull),
                BUSY_CODE,
                "retry after 100 ms",
            ),
            (SubmitError::Busy, BUSY_CODE, "busy, retry after 100 ms"),
            (
                SubmitError::Halted,
                UNAVAILABLE_CODE,
                "sequencer has stopped",
            ),
            (
                SubmitError::Replica,
                REFUSED_CODE,
                "send them to the sequencer",
            ),
            (
                SubmitError::Admission(AdmissionError::Sender),
                REFUSED_CODE,
                "invalid sender",
            ),
            (
                transaction(TransactionError::BlobTransaction),
                REFUSED_CODE,
                "transaction type not supported",
            ),
            (
                transaction(TransactionError::UnknownType(9)),
                REFUSED_CODE,
                "transaction type not valid",
            ),
            (
                transaction(TransactionError::IntrinsicGasTooLow {
                    have: 1,
                    want: 21_000,
                }),
                REFUSED_CODE,
                "intrinsic gas too low",
            ),
        ] {
            let answer = submit(&error);
            assert_eq!(answer.code(), code, "{error}");
            assert!(answer.message().contains(words), "{}", answer.message());
            assert_eq!(answer.data().is_some(), code == BUSY_CODE, "{error}");
        }
    }

    #[test]
    fn what_failed_inside_stays_inside() {
        let reason = std::io::Error::other("/secret/path: no such file");
        let answer = internal("reading a block", &reason);
        assert_eq!(
            (answer.code(), answer.message()),
            (-32603, "internal error")
        );
    }

    #[test]
    fn a_long_method_name_is_not_repeated_whole() {
        let answer = method_not_found(&"ä".repeat(1_000_000));
        assert!(answer.message().len() < 256);
        assert_eq!(
            method_not_found("eth_mine").message(),
            "the method eth_mine does not exist/is not available"
        );
    }
}
