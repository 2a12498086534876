//! From evidence to the call that fells the batch.

use alloy_eips::eip4844::Blob;
use alloy_primitives::{Address, Bytes};
use spillway_l1::encoding::disputes;
use spillway_l1::kzg::OpeningError;
use spillway_l1::transactions::DATA_BYTES_MAX;
use spillway_protocol::dispute::{self, WitnessError};

use super::evidence::{Case, Evidence};
use super::openings::Openings;
use crate::derivation::{BatchData, data};
use crate::replay::{Dispute, WrongKind, before_chunk};

/// The dispute contracts of a deployment that replay needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputeContracts {
    /// `TransitionDisputes`.
    pub transition: Address,
    /// `BatchDisputes`.
    pub batch: Address,
}

/// A call that fells a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The dispute contract.
    pub to: Address,
    /// The call.
    pub calldata: Bytes,
}

/// Why there is no proof. What was found wrong, or what is shown of it, is not what it was when it was found: a mistake in
/// this program, or in the machine under it.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The data cannot be opened.
    #[error("the batch's data cannot be opened: {0}")]
    Opening(#[from] OpeningError),
    /// The chunk has no witness.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// Something before the wrong chunk is wrong as well.
    #[error("the state before the chunk is not to be had: {0}")]
    Before(#[from] WrongKind),
    /// There is no such chunk.
    #[error("the batch has no chunk {0}")]
    NoChunk(usize),
    /// There is no such blob.
    #[error("the batch has no blob {0}")]
    NoBlob(usize),
    /// No transaction holds the call.
    #[error("the call has {0} bytes, and a transaction holds {DATA_BYTES_MAX}")]
    TooLong(usize),
}

/// Makes the call that fells the batch. `blobs` are the batch's, in order.
///
/// Executes the batch up to the wrong chunk and opens blobs: for a second or so, and some more the first time. Call it from
/// `spawn_blocking`.
///
/// # Errors
/// [`ProofError`].
pub fn prove(
    evidence: &Evidence,
    blobs: &[Box<Blob>],
    contracts: &DisputeContracts,
) -> Result<Proof, ProofError> {
    let case = &evidence.case;
    let accused = case.accused();
    let data = data::of(&case.batch, blobs);
    let openings = Openings {
        batch: &case.batch,
        blobs,
    };
    let (to, calldata) = match evidence.wrong.kind.dispute() {
        Dispute::Transition { chunk } => {
            let calldata = transition(case, &data, &openings, chunk)?;
            (contracts.transition, calldata)
        }
        Dispute::NoBlock => {
            let calldata = disputes::no_block(&accused, &openings.chunk(0)?);
            (contracts.transition, calldata)
        }
        Dispute::LastRoot => {
            let last = usize::from(case.batch.header.chunk_count.saturating_sub(1));
            let calldata = disputes::last_root(&accused, &openings.root(last)?);
            (contracts.batch, calldata)
        }
        Dispute::Counts => (contracts.batch, counts(case, &data)?),
        Dispute::MalformedElement(malformed) => {
            let (element, opening) = openings.element(malformed)?;
            let calldata = disputes::malformed_element(&accused, element, &opening);
            (contracts.batch, calldata)
        }
    };
    if calldata.len() > DATA_BYTES_MAX {
        return Err(ProofError::TooLong(calldata.len()));
    }
    Ok(Proof { to, calldata })
}

fn transition(
    case: &Case,
    data: &BatchData,
    openings: &Openings<'_>,
    number: usize,
) -> Result<Bytes, ProofError> {
    let claim = case.claim(data);
    let chunks = data
        .as_ref()
        .map_err(|malformed| WrongKind::from(*malformed))?;
    let chunk = chunks.get(number).ok_or(ProofError::NoChunk(number))?;
    let (state, tree) = before_chunk(case.ledger.clone(), &claim, number)?;
    let consumed = case.ledger.state().counters();
    let messages = claim.messages_after(consumed, state.counters());
    let witness = dispute::prove(&state, &tree, chunk, messages, &case.tokens)?.witness;
    let before = number.checked_sub(1).map(|before| openings.root(before));
    Ok(disputes::transition(
        &case.accused(),
        number,
        &openings.chunk(number)?,
        before.transpose()?.as_ref(),
        &witness,
    ))
}

fn counts(case: &Case, data: &BatchData) -> Result<Bytes, ProofError> {
    let ledger = &case.ledger;
    let before = ledger.tree().preimage(ledger.state());
    let all = usize::from(case.batch.header.chunk_count);
    let (state, tree) = before_chunk(ledger.clone(), &case.claim(data), all)?;
    let afterwards = tree.preimage(&state);
    Ok(disputes::counts(&case.accused(), &before, &afterwards))
}
