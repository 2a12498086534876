//! Why L1 refuses, in words: the contracts' errors, decoded.

use alloy_sol_types::{GenericContractError, SolInterface};
use alloy_transport::TransportError;
use spillway_bridge_contracts::Bridge::BridgeErrors;
use spillway_bridge_contracts::Inbox::InboxErrors;
use spillway_bridge_contracts::Rollup::RollupErrors;
use spillway_bridge_contracts::TestToken::TestTokenErrors;

use super::times::when;

/// Characters of a reason that a contract or a node gives in its own words.
const WORDS_MAX: usize = 300;

/// A refusal of a call. What the contracts said can be told apart by [`Reverted::data`].
#[derive(Debug, thiserror::Error)]
#[error("{}", words(data))]
pub(super) struct Reverted {
    /// What the call returned when it reverted.
    pub(super) data: Vec<u8>,
}

/// An error of L1 as a revert, if it is one.
pub(super) fn reverted(error: &TransportError) -> Option<Reverted> {
    let data = error.as_error_resp()?.as_revert_data()?;
    Some(Reverted {
        data: data.to_vec(),
    })
}

/// What went wrong with a question to L1, or with a call.
pub(super) fn explain(error: TransportError) -> anyhow::Error {
    match reverted(&error) {
        Some(reverted) => reverted.into(),
        None => anyhow::Error::new(error).context("--l1-url"),
    }
}

/// Why a call reverted.
fn words(data: &[u8]) -> String {
    if let Ok(error) = InboxErrors::abi_decode(data) {
        return of_inbox(&error);
    }
    if let Ok(error) = RollupErrors::abi_decode(data) {
        return of_rollup(&error);
    }
    if let Ok(error) = BridgeErrors::abi_decode(data) {
        return of_bridge(&error);
    }
    if let Ok(error) = TestTokenErrors::abi_decode(data) {
        return format!("the token refuses: {error:?}");
    }
    match GenericContractError::abi_decode(data) {
        Ok(GenericContractError::Revert(revert)) => revert.reason.chars().take(WORDS_MAX).collect(),
        Ok(GenericContractError::Panic(panic)) => panic.to_string(),
        Ok(GenericContractError::CustomError(never)) => match never {},
        Err(_) if data.is_empty() => "it reverts without a reason".to_owned(),
        Err(_) => format!("it reverts with an unknown error of {} bytes", data.len()),
    }
}

fn of_inbox(error: &InboxErrors) -> String {
    match error {
        InboxErrors::InboxClosed(_) => {
            "the rollup is in escape mode and takes no messages: leave with `spillway wallet escape`".to_owned()
        }
        InboxErrors::ZeroAmount(_) => "an amount of zero moves nothing".to_owned(),
        InboxErrors::AmountTooLarge(_) => "the amount is 2^128 or more".to_owned(),
        InboxErrors::ZeroReceiver(_) => "the recipient is the zero address: nobody could move the funds".to_owned(),
        InboxErrors::LockOfAnother(_) => "only the account itself may deposit with the lock".to_owned(),
        InboxErrors::NotSettled(_) => {
            "the rollup is not in escape mode, or a batch is neither final nor fallen yet".to_owned()
        }
        InboxErrors::AlreadyRefunded(error) => format!("deposit {} was refunded before", error.index),
        InboxErrors::DepositConsumed(error) => {
            format!("deposit {} was credited on L2: its account holds it", error.index)
        }
        other => format!("the inbox refuses: {other:?}"),
    }
}

fn of_rollup(error: &RollupErrors) -> String {
    match error {
        RollupErrors::WindowOpen(error) => {
            format!("the batch can be challenged until {}", when(error.until))
        }
        RollupErrors::ChallengePending(error) => {
            format!(
                "a challenge of batch {} is open: wait until it is decided",
                error.number
            )
        }
        RollupErrors::NoMessageWaits(_) => "no message waits".to_owned(),
        RollupErrors::TooEarly(error) => {
            format!("it is too early: possible from {} on", when(error.until))
        }
        RollupErrors::CanBeFinal(error) => {
            format!(
                "batch {} can be made final by anybody: nothing holds it up",
                error.number
            )
        }
        RollupErrors::NotPending(error) => {
            format!(
                "batch {} is not there to become final: it is so already, or has fallen",
                error.number
            )
        }
        RollupErrors::WrongBatch(error) => {
            format!("batch {} is another one by now", error.number)
        }
        RollupErrors::NotFinal(_) => "the batch is not final yet".to_owned(),
        RollupErrors::InEscapeMode(_) => "the rollup is in escape mode".to_owned(),
        other => format!("the rollup refuses: {other:?}"),
    }
}

fn of_bridge(error: &BridgeErrors) -> String {
    match error {
        BridgeErrors::NothingPaid(_) => {
            "nothing was paid: it was paid before, or the recipient cannot take it".to_owned()
        }
        BridgeErrors::NotListed(error) => format!("the token {} is not listed", error.token),
        BridgeErrors::AlreadyExited(error) => {
            format!("account {} has left with token {} before", error.account, error.token)
        }
        BridgeErrors::NothingHeld(error) => {
            format!("account {} holds none of token {}", error.account, error.token)
        }
        BridgeErrors::WrongState(_) | BridgeErrors::WrongProof(_) => {
            "the proof does not lead to the state root on L1".to_owned()
        }
        BridgeErrors::WrongReceipt(_) => {
            "the bridge received something else than was sent: a token with a fee on transfer cannot be deposited".to_owned()
        }
        other => format!("the bridge refuses: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;
    use alloy_sol_types::{Revert, SolError};
    use spillway_bridge_contracts::{Bridge, Inbox, Rollup};

    use super::*;

    #[test]
    fn the_contracts_are_told_in_words() {
        let until = U256::from(1_770_000_000);
        for (data, said) in [
            (Inbox::InboxClosed {}.abi_encode(), "spillway wallet escape"),
            (
                Rollup::TooEarly { until }.abi_encode(),
                "from 2026-02-02T02:40:00Z on",
            ),
            (
                Rollup::CanBeFinal { number: 7 }.abi_encode(),
                "batch 7 can be made final by anybody",
            ),
            (Bridge::NothingPaid {}.abi_encode(), "paid before"),
            (
                Bridge::UnknownToken { token: 9 }.abi_encode(),
                "UnknownToken",
            ),
            (Revert::from("not today").abi_encode(), "not today"),
            (vec![], "without a reason"),
            (vec![1, 2, 3, 4, 5], "unknown error of 5 bytes"),
        ] {
            assert!(words(&data).contains(said), "{}", words(&data));
        }
        let long = Revert::from("x".repeat(10_000)).abi_encode();
        assert!(words(&long).chars().count() <= WORDS_MAX);
    }
}
