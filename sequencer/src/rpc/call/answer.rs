//! What a client reads of a call without an outcome: geth's words and codes.

use alloy_primitives::Bytes;
use alloy_sol_types::{Panic, Revert, SolError};
use jsonrpsee::types::ErrorObjectOwned;
use revm::context::result::{HaltReason, InvalidTransaction, OutOfGasError};

use super::super::error;
use crate::call::{CallError, RETRY_AFTER_MS};

/// Characters of a revert's reason that the message has, at most. The data has all of them.
const REASON_CHARS_MAX: usize = 1_024;

/// The error of a call.
pub(in super::super) fn refusal(error: &CallError) -> ErrorObjectOwned {
    match error {
        CallError::Reverted(output) => {
            let message = format!("{error}{}", reason(output));
            error::reverted(message, output)
        }
        CallError::Halted(reason) => error::refused(&halt(reason)),
        CallError::Invalid(reason) => error::refused(&invalid(reason)),
        CallError::Busy => error::busy(error.to_string(), RETRY_AFTER_MS),
        CallError::Unread(reason) => error::internal("reading a block for a call", reason),
        CallError::Internal(_) => error::internal("running a call", error),
        CallError::Funds { .. }
        | CallError::Gone(_)
        | CallError::UnknownBlock
        | CallError::TimedOut(_)
        | CallError::TooManyReads(_)
        | CallError::OutputTooLarge { .. } => error::refused(error),
    }
}

/// What Solidity's `revert("...")` and its own checks say.
fn reason(output: &Bytes) -> String {
    let said = Revert::abi_decode(output)
        .map(|revert| revert.reason)
        .or_else(|_| Panic::abi_decode(output).map(|panic| panic.to_string()));
    said.map_or_else(
        |_| String::new(),
        |said| {
            let said: String = said.chars().take(REASON_CHARS_MAX).collect();
            format!(": {said}")
        },
    )
}

fn halt(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(OutOfGasError::MemoryLimit) => {
            "out of gas: more memory than a call may have, ask for less in one call".to_owned()
        }
        HaltReason::OutOfGas(_) => "out of gas".to_owned(),
        HaltReason::OpcodeNotFound | HaltReason::InvalidFEOpcode => "invalid opcode".to_owned(),
        HaltReason::CallTooDeep => "max call depth exceeded".to_owned(),
        HaltReason::StateChangeDuringStaticCall => "write protection".to_owned(),
        HaltReason::CreateCollision => "contract address collision".to_owned(),
        HaltReason::CreateContractSizeLimit => "max code size exceeded".to_owned(),
        HaltReason::CreateInitCodeSizeLimit => "max initcode size exceeded".to_owned(),
        other => other.to_string(),
    }
}

fn invalid(reason: &InvalidTransaction) -> String {
    match reason {
        InvalidTransaction::CallGasCostMoreThanGasLimit {
            initial_gas: want,
            gas_limit: have,
        }
        | InvalidTransaction::GasFloorMoreThanGasLimit {
            gas_floor: want,
            gas_limit: have,
        } => format!("intrinsic gas too low: have {have}, want {want}"),
        InvalidTransaction::GasPriceLessThanBasefee => {
            "max fee per gas less than block base fee".to_owned()
        }
        InvalidTransaction::CreateInitCodeSizeLimit => "max initcode size exceeded".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revert_has_geths_code_words_and_data() {
        let output: Bytes = Revert::from("no".to_owned()).abi_encode().into();
        for (output, words) in [
            (output, "execution reverted: no"),
            (Bytes::from_static(&[1, 2, 3, 4]), "execution reverted"),
            (Bytes::new(), "execution reverted"),
        ] {
            let error = refusal(&CallError::Reverted(output.clone()));
            assert_eq!((error.code(), error.message()), (3, words));
            let data: Bytes = serde_json::from_str(error.data().unwrap().get()).unwrap();
            assert_eq!(data, output);
        }
        let long = Revert::from("x".repeat(9_999)).abi_encode().into();
        let error = refusal(&CallError::Reverted(long));
        assert!(error.message().len() < 1_100);
    }

    #[test]
    fn too_many_calls_are_told_when_to_come_back() {
        let error = refusal(&CallError::Busy);
        assert_eq!(error.code(), error::BUSY_CODE);
        assert!(error.message().contains("retry after 250 ms"));
        assert_eq!(error.data().unwrap().get(), r#"{"retry_after_ms":250}"#);
    }
}
