//! Challenges, as `AuthorisationDisputes` logs them: somebody demands the signed transaction behind an operation.

use alloy_primitives::{Address, B256, keccak256};
use alloy_rpc_types_eth::Log;
use alloy_sol_types::SolEventInterface;
use spillway_bridge_contracts::AuthorisationDisputes::AuthorisationDisputesEvents;

use crate::events::DecodeError;

/// What L1 keeps the hash of, as long as a challenge is open. The contract's own type.
pub use spillway_bridge_contracts::IAuthorisationDisputes::Challenge;

/// What becomes of a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChallengeEvent {
    /// It is open.
    Opened(Box<Challenge>),
    /// It has ended: it was answered, its batch fell by it, or its bond was given back.
    Ended(B256),
}

/// What a log of the contract at that address says about challenges; none if it says something else, or is not the
/// contract's.
///
/// # Errors
/// [`DecodeError::Event`]: never for the logs of a right deployment.
pub fn event(disputes: Address, log: &Log) -> Result<Option<ChallengeEvent>, DecodeError> {
    if log.address() != disputes {
        return Ok(None);
    }
    let (topics, data) = (log.topics(), log.data().data.as_ref());
    Ok(
        match AuthorisationDisputesEvents::decode_raw_log(topics, data)? {
            AuthorisationDisputesEvents::Challenged(event) => {
                Some(ChallengeEvent::Opened(Box::new(event.challenge)))
            }
            AuthorisationDisputesEvents::Answered(event) => Some(ChallengeEvent::Ended(event.id)),
            AuthorisationDisputesEvents::Unanswered(event) => Some(ChallengeEvent::Ended(event.id)),
            AuthorisationDisputesEvents::Refunded(event) => Some(ChallengeEvent::Ended(event.id)),
            AuthorisationDisputesEvents::Withdrawn(_) => None,
        },
    )
}

/// The name of the challenge of an operation: the batch's hash and the operation's place among the batch's authorised ones.
#[must_use]
pub fn challenge_id(batch_hash: B256, place: u32) -> B256 {
    keccak256([batch_hash.as_slice(), &place.to_be_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use alloy_sol_types::SolEvent;
    use spillway_bridge_contracts::AuthorisationDisputes;

    use super::*;

    const DISPUTES: Address = Address::repeat_byte(1);

    fn log(data: alloy_primitives::LogData) -> Log {
        Log {
            inner: alloy_primitives::Log {
                address: DISPUTES,
                data,
            },
            ..Log::default()
        }
    }

    #[test]
    fn challenges_are_told_from_opening_to_end() {
        let challenge = Challenge {
            number: 3,
            batchHash: B256::repeat_byte(4),
            place: 5,
            ..Challenge::default()
        };
        let id = challenge_id(challenge.batchHash, challenge.place);
        let opened = AuthorisationDisputes::Challenged {
            id,
            challenge: challenge.clone(),
        };
        let told = event(DISPUTES, &log(opened.encode_log_data())).unwrap();
        assert_eq!(told, Some(ChallengeEvent::Opened(Box::new(challenge))));
        let answered = AuthorisationDisputes::Answered {
            id,
            answerer: DISPUTES,
            raw: vec![1].into(),
        };
        let unanswered = AuthorisationDisputes::Unanswered {
            id,
            batchHash: B256::ZERO,
        };
        let refunded = AuthorisationDisputes::Refunded { id };
        for ended in [
            answered.encode_log_data(),
            unanswered.encode_log_data(),
            refunded.encode_log_data(),
        ] {
            let told = event(DISPUTES, &log(ended)).unwrap();
            assert_eq!(told, Some(ChallengeEvent::Ended(id)));
        }
    }

    #[test]
    fn other_logs_are_passed_over() {
        let withdrawn = AuthorisationDisputes::Withdrawn {
            account: DISPUTES,
            to: DISPUTES,
            amount: Default::default(),
        };
        let withdrawn = log(withdrawn.encode_log_data());
        assert_eq!(event(DISPUTES, &withdrawn).unwrap(), None);
        assert_eq!(event(Address::ZERO, &withdrawn).unwrap(), None);
        event(DISPUTES, &log(Default::default())).unwrap_err();
    }
}
