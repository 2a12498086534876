//! Calls of `AuthorisationDisputes`: who signed what.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use spillway_bridge_contracts::AuthorisationDisputes::{
    self, ANSWER_GASCall, BOND_FLOORCall, answerCall, balanceCall, fellCall, openCall, recordCall,
    refundCall, withdrawCall,
};
use spillway_protocol::dispute::OperationProof;

use super::{
    Accused, ChunkOpening, RootOpening, authorisation_chunk_proof, authorisation_root_proof,
};
use crate::challenges::Challenge;
use crate::encoding::{authorisation_batch, authorisation_state};

/// The call that demands the signed transaction behind an operation. The bond goes with it. `before` is the root that the
/// chunk before it claims, nothing for the first.
#[must_use]
pub fn open(
    accused: &Accused<'_>,
    chunk: usize,
    opening: &ChunkOpening,
    before: Option<&RootOpening>,
    operation: &OperationProof,
) -> Bytes {
    let hashes = &accused.batch.versioned_hashes;
    let call = openCall {
        number: accused.batch.number,
        batch: authorisation_batch(&accused.batch.header, &accused.batch.submission),
        parent: authorisation_batch(&accused.parent.header, &accused.parent.submission),
        chunk: U256::from(chunk),
        opening: authorisation_chunk_proof(opening, hashes),
        before: before.map_or_else(AuthorisationDisputes::RootProof::default, |before| {
            authorisation_root_proof(before, hashes)
        }),
        operation: AuthorisationDisputes::OperationProof {
            operation: U256::from(operation.operation),
            atBatch: authorisation_state(&operation.at_batch),
            before: authorisation_state(&operation.before),
            afterwards: authorisation_state(&operation.afterwards),
            accounts: operation.accounts.clone().into(),
            siblings: operation.siblings.clone(),
        },
    };
    call.abi_encode().into()
}

/// The call that shows the transaction, with the siblings of its hash under the batch's auth root.
#[must_use]
pub fn answer(challenge: &Challenge, raw: Bytes, path: Vec<B256>) -> Bytes {
    let call = answerCall {
        challenge: challenge.clone(),
        raw,
        proof: path,
    };
    call.abi_encode().into()
}

/// The call that fells a batch of which a challenge was not answered.
#[must_use]
pub fn fell(challenge: &Challenge, accused: &Accused<'_>) -> Bytes {
    let call = fellCall {
        challenge: challenge.clone(),
        batch: authorisation_batch(&accused.batch.header, &accused.batch.submission),
        parent: authorisation_batch(&accused.parent.header, &accused.parent.submission),
    };
    call.abi_encode().into()
}

/// The call that gives a bond back, of a challenge whose batch has fallen otherwise.
#[must_use]
pub fn refund(challenge: &Challenge) -> Bytes {
    let challenge = challenge.clone();
    refundCall { challenge }.abi_encode().into()
}

/// The call that asks for the least bond, and the one for the gas that a bond is reckoned by. [`price_of`] reads the answers.
#[must_use]
pub fn bond_floor() -> Bytes {
    BOND_FLOORCall {}.abi_encode().into()
}

/// See [`bond_floor`].
#[must_use]
pub fn answer_gas() -> Bytes {
    ANSWER_GASCall {}.abi_encode().into()
}

/// An answer to [`bond_floor`], [`answer_gas`] or [`challenge_bonds`]; none if it is no number.
#[must_use]
pub fn price_of(answer: &[u8]) -> Option<U256> {
    U256::try_from_be_slice(answer).filter(|_| answer.len() == 32)
}

/// The bond that a challenge takes at a base fee, in wei: as the contract reckons it. It cannot be asked for, since nodes
/// execute calls with a base fee of zero.
#[must_use]
pub fn bond_of(floor: U256, answer_gas: U256, base_fee: u128) -> U256 {
    /// `BOND_FACTOR` of the contract.
    const FACTOR: u8 = 4;
    let answers = answer_gas
        .saturating_mul(U256::from(base_fee))
        .saturating_mul(U256::from(FACTOR));
    floor.max(answers)
}

/// What L1 knows of the challenge of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Nothing: it was never challenged.
    Never,
    /// It is open.
    Open,
    /// It has ended.
    Ended,
}

/// The call that asks for it, by the challenge's [name](crate::challenges::challenge_id). [`record_of`] reads the answer.
#[must_use]
pub fn challenge_record(id: B256) -> Bytes {
    recordCall { id }.abi_encode().into()
}

/// See [`challenge_record`]. None if it is no answer.
#[must_use]
pub fn record_of(answer: &[u8]) -> Option<Recorded> {
    let word = price_of(answer)?;
    Some(match word {
        U256::ZERO => Recorded::Never,
        U256::ONE => Recorded::Ended,
        _ => Recorded::Open,
    })
}

/// The call that asks for the bonds that an account has earned or got back.
#[must_use]
pub fn challenge_bonds(account: Address) -> Bytes {
    balanceCall { account }.abi_encode().into()
}

/// The call by which an account takes them.
#[must_use]
pub fn withdraw_bonds(to: Address) -> Bytes {
    withdrawCall { to }.abi_encode().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bond_follows_the_base_fee_above_its_floor() {
        let (floor, gas) = (U256::from(1_000_000), U256::from(260_000));
        assert_eq!(bond_of(floor, gas, 0), floor);
        assert_eq!(bond_of(floor, gas, 7), U256::from(7_280_000));
        assert_eq!(bond_of(floor, U256::MAX, 2), U256::MAX);
    }

    #[test]
    fn only_a_word_is_a_number() {
        let word = U256::from(5).to_be_bytes::<32>();
        assert_eq!(price_of(&word), Some(U256::from(5)));
        for bad in [&[][..], &word[1..], &[0; 33]] {
            assert_eq!(price_of(bad), None);
            assert_eq!(record_of(bad), None);
        }
        for (record, recorded) in [
            (U256::ZERO, Recorded::Never),
            (U256::ONE, Recorded::Ended),
            (U256::MAX, Recorded::Open),
        ] {
            assert_eq!(record_of(&record.to_be_bytes::<32>()), Some(recorded));
        }
    }
}
