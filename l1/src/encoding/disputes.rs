//! Calls that prove a batch wrong, as the dispute contracts take them, and what these say to one that proves nothing.

mod authorisation;
mod equivocation;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolInterface};
use spillway_bridge_contracts::AuthorisationDisputes::AuthorisationDisputesErrors;
use spillway_bridge_contracts::BatchDisputes::{
    BatchDisputesErrors, proveCountsCall, proveLastRootCall, proveMalformedElementCall,
};
use spillway_bridge_contracts::EquivocationDisputes::EquivocationDisputesErrors;
use spillway_bridge_contracts::PostedData::PostedDataErrors;
use spillway_bridge_contracts::Rollup::{RollupErrors, rewardCall, withdrawRewardCall};
use spillway_bridge_contracts::TransitionDisputes::{
    TransitionDisputesErrors, proveCall, proveNoBlockCall,
};
use spillway_bridge_contracts::{AuthorisationDisputes, BatchDisputes, TransitionDisputes};
use spillway_protocol::chunk::Chunk;
use spillway_protocol::dispute::Witness;
use spillway_protocol::root::StatePreimage;

use super::{batch_disputes_batch, batch_disputes_state, transition_batch, transition_state};
use crate::batches::SubmittedBatch;
use crate::kzg::{self, ElementOpening};

pub use authorisation::{
    Recorded, answer, answer_gas, bond_floor, bond_of, challenge_bonds, challenge_record, fell,
    open, price_of, record_of, refund, withdraw_bonds,
};
pub use equivocation::{SignedHeader, contradiction, two_headers};

/// The batch that is proven wrong, and the one before it.
#[derive(Clone, Copy, Debug)]
pub struct Accused<'a> {
    /// The batch.
    pub batch: &'a SubmittedBatch,
    /// The one before it. L1 does not look at it if the batch is the first.
    pub parent: &'a SubmittedBatch,
}

/// Where a chunk is among the batch's chunks, which are in calldata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The chunk.
    pub chunk: Box<Chunk>,
    /// The list root of the hashes of the batch's chunks.
    pub list_root: B256,
    /// The siblings of the chunk's hash.
    pub path: Vec<B256>,
}

/// A chunk of a batch, with the proof that it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkOpening {
    /// In one of its blobs.
    Blob(Box<kzg::ChunkOpening>),
    /// In its calldata.
    Calldata(Listed),
}

/// The state root that a chunk of a batch claims, with the proof that it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootOpening {
    /// In one of its blobs.
    Blob(kzg::RootOpening),
    /// In its calldata.
    Calldata(Listed),
}

/// The call of `TransitionDisputes` that executes a chunk. `before` is the root that the chunk before it claims, nothing for
/// the first.
#[must_use]
pub fn transition(
    accused: &Accused<'_>,
    chunk: usize,
    opening: &ChunkOpening,
    before: Option<&RootOpening>,
    witness: &Witness,
) -> Bytes {
    let hashes = &accused.batch.versioned_hashes;
    let call = proveCall {
        number: accused.batch.number,
        batch: transition_batch(&accused.batch.header, &accused.batch.submission),
        parent: transition_batch(&accused.parent.header, &accused.parent.submission),
        chunk: U256::from(chunk),
        opening: chunk_proof(opening, hashes),
        before: before.map_or_else(TransitionDisputes::RootProof::default, |before| {
            transition_root_proof(before, hashes)
        }),
        witness: transition_witness(witness),
    };
    call.abi_encode().into()
}

/// The call of `TransitionDisputes` that looks at the beginning of the first chunk.
#[must_use]
pub fn no_block(accused: &Accused<'_>, opening: &ChunkOpening) -> Bytes {
    let call = proveNoBlockCall {
        number: accused.batch.number,
        batch: transition_batch(&accused.batch.header, &accused.batch.submission),
        parent: transition_batch(&accused.parent.header, &accused.parent.submission),
        opening: chunk_proof(opening, &accused.batch.versioned_hashes),
    };
    call.abi_encode().into()
}

/// The call of `BatchDisputes` that holds the header's state root against the root that the last chunk claims.
#[must_use]
pub fn last_root(accused: &Accused<'_>, last: &RootOpening) -> Bytes {
    let call = proveLastRootCall {
        number: accused.batch.number,
        batch: batch_disputes_batch(&accused.batch.header, &accused.batch.submission),
        parent: batch_disputes_batch(&accused.parent.header, &accused.parent.submission),
        last: batch_disputes_root_proof(last, &accused.batch.versioned_hashes),
    };
    call.abi_encode().into()
}

/// The call of `BatchDisputes` that holds the header's numbers against the states before and after the batch.
#[must_use]
pub fn counts(accused: &Accused<'_>, before: &StatePreimage, afterwards: &StatePreimage) -> Bytes {
    let call = proveCountsCall {
        number: accused.batch.number,
        batch: batch_disputes_batch(&accused.batch.header, &accused.batch.submission),
        parent: batch_disputes_batch(&accused.parent.header, &accused.parent.submission),
        before: batch_disputes_state(before),
        afterwards: batch_disputes_state(afterwards),
    };
    call.abi_encode().into()
}

/// The call of `BatchDisputes` that looks at a field element, counted from 0 over the elements of all the batch's blobs.
#[must_use]
pub fn malformed_element(accused: &Accused<'_>, element: usize, opening: &ElementOpening) -> Bytes {
    let call = proveMalformedElementCall {
        number: accused.batch.number,
        batch: batch_disputes_batch(&accused.batch.header, &accused.batch.submission),
        parent: batch_disputes_batch(&accused.parent.header, &accused.parent.submission),
        element: U256::from(element),
        opening: BatchDisputes::ElementProof {
            value: opening.value,
            versionedHashes: accused.batch.versioned_hashes.clone(),
            commitment: opening.commitment.to_vec().into(),
            proof: opening.proof.to_vec().into(),
        },
    };
    call.abi_encode().into()
}

/// The call of `Rollup` that asks for a prover's rewards, and what it answers.
#[must_use]
pub fn reward(prover: Address) -> Bytes {
    rewardCall { prover }.abi_encode().into()
}

/// The answer to [`reward`], in wei. None if it is no answer.
#[must_use]
pub fn reward_of(answer: &[u8]) -> Option<U256> {
    rewardCall::abi_decode_returns(answer).ok()
}

/// The call of `Rollup` by which a prover takes its rewards.
#[must_use]
pub fn withdraw_reward(to: Address) -> Bytes {
    withdrawRewardCall { to }.abi_encode().into()
}

/// Why the contracts refuse a proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The batch is final, or has fallen.
    #[error("batch {0} is not pending: it is final, or has fallen already")]
    NotPending(u64),
    /// The batch, or the one before it, is another one now.
    #[error("another batch is batch {0} now")]
    OtherBatch(u64),
    /// Somebody has challenged that operation before.
    #[error("the operation was challenged before")]
    AlreadyChallenged,
    /// The batch is found right, or what is shown of it wrong.
    #[error("the proof does not hold: {0}")]
    Proof(String),
}

/// What the data of a revert says.
#[must_use]
pub fn refusal(data: &[u8]) -> Refusal {
    match RollupErrors::abi_decode(data) {
        Ok(RollupErrors::NotPending(error)) => return Refusal::NotPending(error.number),
        Ok(RollupErrors::WrongBatch(error)) => return Refusal::OtherBatch(error.number),
        _ => {}
    }
    if let Ok(AuthorisationDisputesErrors::AlreadyChallenged(_)) =
        AuthorisationDisputesErrors::abi_decode(data)
    {
        return Refusal::AlreadyChallenged;
    }
    let named = TransitionDisputesErrors::abi_decode(data)
        .map(|error| format!("{error:?}"))
        .or_else(|_| BatchDisputesErrors::abi_decode(data).map(|error| format!("{error:?}")))
        .or_else(|_| PostedDataErrors::abi_decode(data).map(|error| format!("{error:?}")))
        .or_else(|_| {
            AuthorisationDisputesErrors::abi_decode(data).map(|error| format!("{error:?}"))
        })
        .or_else(|_| EquivocationDisputesErrors::abi_decode(data).map(|error| format!("{error:?}")))
        .or_else(|_| RollupErrors::abi_decode(data).map(|error| format!("{error:?}")));
    Refusal::Proof(named.unwrap_or_else(|_| Bytes::copy_from_slice(data).to_string()))
}

/// The function for a chunk's proof in the types of one contract's bindings.
macro_rules! chunk_proof_of {
    ($contract:ident, $chunk_proof_of:ident) => {
        fn $chunk_proof_of(opening: &ChunkOpening, hashes: &[B256]) -> $contract::ChunkProof {
            match opening {
                ChunkOpening::Blob(opening) => $contract::ChunkProof {
                    chunk: opening.chunk.to_vec().into(),
                    versionedHashes: hashes.to_vec(),
                    commitment: opening.commitment.to_vec().into(),
                    proof: opening.proof.to_vec().into(),
                    ..Default::default()
                },
                ChunkOpening::Calldata(listed) => $contract::ChunkProof {
                    chunk: listed.chunk.to_vec().into(),
                    listRoot: listed.list_root,
                    path: listed.path.clone(),
                    ..Default::default()
                },
            }
        }
    };
}

chunk_proof_of!(TransitionDisputes, chunk_proof);
chunk_proof_of!(AuthorisationDisputes, authorisation_chunk_proof);

/// The function for a root's proof in the types of one contract's bindings.
macro_rules! root_proof_of {
    ($contract:ident, $root_proof_of:ident) => {
        fn $root_proof_of(opening: &RootOpening, hashes: &[B256]) -> $contract::RootProof {
            match opening {
                RootOpening::Blob(opening) => $contract::RootProof {
                    start: opening.start.to_vec().into(),
                    versionedHashes: hashes.to_vec(),
                    commitment: opening.commitment.to_vec().into(),
                    proofs: opening.proofs.concat().into(),
                    ..Default::default()
                },
                RootOpening::Calldata(listed) => $contract::RootProof {
                    start: listed.chunk.to_vec().into(),
                    listRoot: listed.list_root,
                    path: listed.path.clone(),
                    ..Default::default()
                },
            }
        }
    };
}

root_proof_of!(TransitionDisputes, transition_root_proof);
root_proof_of!(BatchDisputes, batch_disputes_root_proof);
root_proof_of!(AuthorisationDisputes, authorisation_root_proof);

/// A witness as `TransitionDisputes` takes it.
#[must_use]
pub fn transition_witness(witness: &Witness) -> TransitionDisputes::Witness {
    let messages = witness.messages.iter();
    TransitionDisputes::Witness {
        state: transition_state(&witness.state),
        accounts: witness.accounts.clone().into(),
        siblings: witness.siblings.clone(),
        messages: messages
            .map(|message| message.as_bytes().to_vec().into())
            .collect(),
        peaks: witness.peaks.clone(),
        // Any number that is no place says that there is none.
        holder: witness.holder.map_or(U256::MAX, U256::from),
    }
}

#[cfg(test)]
mod tests {
    use alloy_sol_types::SolError;
    use spillway_bridge_contracts::{PostedData, Rollup};

    use super::*;

    #[test]
    fn what_the_contracts_say_is_told() {
        let not_pending = Rollup::NotPending { number: 7 }.abi_encode();
        assert_eq!(refusal(&not_pending), Refusal::NotPending(7));
        let other = Rollup::WrongBatch { number: 8 }.abi_encode();
        assert_eq!(refusal(&other), Refusal::OtherBatch(8));
        let right = TransitionDisputes::ChunkIsRight {
            chunk: U256::from(3),
        };
        let opening = PostedData::WellFormed { value: B256::ZERO };
        let header = BatchDisputes::HeaderIsRight {};
        for (data, name) in [
            (right.abi_encode(), "ChunkIsRight"),
            (opening.abi_encode(), "WellFormed"),
            (header.abi_encode(), "HeaderIsRight"),
            (vec![1, 2, 3, 4], "0x01020304"),
        ] {
            let told = refusal(&data).to_string();
            assert!(told.contains(name), "{told}");
        }
    }

    #[test]
    fn a_reward_is_read() {
        let answer = U256::from(5).to_be_bytes::<32>();
        assert_eq!(reward_of(&answer), Some(U256::from(5)));
        assert_eq!(reward_of(&[1]), None);
    }
}
