//! Errors as JSON-RPC has them, with the codes and words that clients know from geth.

use alloy_primitives::Bytes;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::types::error::{INTERNAL_ERROR_CODE, INVALID_PARAMS_CODE, METHOD_NOT_FOUND_CODE};

use crate::chain::CallError;
use crate::node::ControlError;
use crate::pool::PoolError;

/// What cannot be done; geth's code for nearly everything.
const REFUSED_CODE: i32 = -32_000;
/// More than a limit allows (EIP-1474).
const LIMIT_CODE: i32 = -32_005;
/// A call that reverted, with what it returned as data.
const REVERTED_CODE: i32 = 3;
/// History that is no longer kept.
const PRUNED_CODE: i32 = 4_444;

/// Arguments that do not fit the method.
pub(super) fn invalid_params(message: String) -> ErrorObjectOwned {
    plain(INVALID_PARAMS_CODE, message)
}

/// Something that cannot be done.
pub(super) fn refused<M: ToString + ?Sized>(message: &M) -> ErrorObjectOwned {
    plain(REFUSED_CODE, message.to_string())
}

/// Something that is too much at once.
pub(super) fn limit(message: String) -> ErrorObjectOwned {
    plain(LIMIT_CODE, message)
}

/// Blocks that are no longer kept.
pub(super) fn pruned(oldest: u64) -> ErrorObjectOwned {
    let message = format!("pruned history unavailable: the oldest block that is kept is {oldest}");
    plain(PRUNED_CODE, message)
}

/// A method that is not served.
pub(crate) fn method_not_found(method: &str) -> ErrorObjectOwned {
    const NAME_CHARS_MAX: usize = 64;
    let name: String = method.chars().take(NAME_CHARS_MAX).collect();
    let message = format!("the method {name} does not exist/is not available");
    plain(METHOD_NOT_FOUND_CODE, message)
}

/// A subscription that is not served.
pub(crate) fn no_such_subscription() -> ErrorObjectOwned {
    invalid_params("no such subscription: newHeads and logs are served".to_owned())
}

/// A failure of our own.
pub(super) fn internal(doing: &'static str, reason: &dyn std::error::Error) -> ErrorObjectOwned {
    tracing::error!(doing, %reason, "internal error");
    plain(INTERNAL_ERROR_CODE, "internal error".to_owned())
}

/// A transaction that is not taken.
pub(super) fn pool(error: &PoolError) -> ErrorObjectOwned {
    refused(error)
}

/// A call without an outcome.
pub(super) fn call(error: &CallError) -> ErrorObjectOwned {
    match error {
        CallError::Reverted(output) => {
            ErrorObjectOwned::owned(REVERTED_CODE, error.to_string(), Some(Bytes::clone(output)))
        }
        CallError::Request(problem) => invalid_params((*problem).to_owned()),
        _ => refused(error),
    }
}

/// A control that did nothing. The operator of a devnet is its client, so it is told everything.
pub(super) fn control(error: &ControlError) -> ErrorObjectOwned {
    match error {
        ControlError::Request(problem) => invalid_params((*problem).to_owned()),
        _ => refused(error),
    }
}

/// Without `data`, not even null: web3.py takes an error with it for one of a contract.
fn plain(code: i32, message: String) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, None::<()>)
}
