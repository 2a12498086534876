//! Proofs that L1 takes of what a blob holds: of a chunk, of the state root at its beginning, and of a malformed element.
//!
//! Everything here computes for some 100 ms a proof, and for seconds the first time: call it from `spawn_blocking`.

use alloy_eips::eip4844::{AsCkzg, Blob, Bytes48, kzg_to_versioned_hash};
use alloy_primitives::{B256, FixedBytes};
use ark_bls12_381::G1Affine;
use ark_ff::{BigInteger, PrimeField};
use ark_serialize::CanonicalDeserialize;
use spillway_protocol::blob::{MalformedElement, unpack};
use spillway_protocol::chunk::Chunk;
use spillway_protocol::limits::{
    BLOB_CHUNKS, CHUNK_FIELD_ELEMENTS, CHUNK_ROOT_BYTES, FIELD_ELEMENT_PAYLOAD_BYTES,
};

use super::polynomial::{ELEMENTS, point, quotient};
use super::settings;

/// A point of G1 as the precompiles of EIP-2537 take it: x and y of 64 bytes each, zero for infinity.
pub type Point = FixedBytes<128>;

/// Bytes of the two elements that a state root reaches into, without their top bytes.
const START_BYTES: usize = 2 * FIELD_ELEMENT_PAYLOAD_BYTES;

const _: () =
    assert!(FIELD_ELEMENT_PAYLOAD_BYTES < CHUNK_ROOT_BYTES && CHUNK_ROOT_BYTES <= START_BYTES);

/// Why something in a blob cannot be proven.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// No blob: a field element is not in the field.
    #[error("the blob was never on L1: {0}")]
    Blob(#[from] c_kzg::Error),
    /// A place beyond the blob's end.
    #[error("a blob has {count} {what}, there is no number {number}")]
    Beyond {
        /// Chunks or elements.
        what: &'static str,
        /// How many of them a blob has.
        count: usize,
        /// What was asked for.
        number: usize,
    },
    /// The chunk is none: prove that instead.
    #[error("{0}: prove that with `open_element`")]
    Malformed(#[from] MalformedElement),
}

/// A chunk, with the proof of its 16 elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkOpening {
    /// The chunk.
    pub chunk: Chunk,
    /// To the blob.
    pub commitment: Point,
    /// The commitment to the quotient of the blob's polynomial by the one that vanishes at the chunk's points.
    pub proof: Point,
}

/// The beginning of a chunk, with proofs of the two elements that its state root is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootOpening {
    /// Both elements without their top bytes: the state root, and 30 bytes of operations.
    pub start: [u8; START_BYTES],
    /// To the blob.
    pub commitment: Bytes48,
    /// Of both elements.
    pub proofs: [Bytes48; 2],
}

/// An element, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementOpening {
    /// The element, top byte included.
    pub value: B256,
    /// To the blob.
    pub commitment: Bytes48,
    /// Of the element.
    pub proof: Bytes48,
}

/// A blob and the commitment to it, from which proofs are made.
#[derive(Clone, Copy, Debug)]
pub struct CommittedBlob<'a> {
    blob: &'a Blob,
    commitment: Bytes48,
}

impl<'a> CommittedBlob<'a> {
    /// Commits to the blob.
    ///
    /// # Errors
    /// [`OpeningError::Blob`].
    pub fn new(blob: &'a Blob) -> Result<Self, OpeningError> {
        let commitment = commit(blob)?;
        Ok(Self { blob, commitment })
    }

    /// The versioned hash by which L1 knows the blob.
    #[must_use]
    pub fn versioned_hash(&self) -> B256 {
        kzg_to_versioned_hash(self.commitment.as_slice())
    }

    /// Opens a chunk, counted from 0 within the blob.
    ///
    /// # Errors
    /// [`OpeningError::Beyond`] from 256 on, [`OpeningError::Malformed`] if one of its elements is.
    pub fn open_chunk(&self, number: usize) -> Result<ChunkOpening, OpeningError> {
        let chunk = self.chunk(number)?;
        let proof = commit(&quotient(self.blob, number))?;
        Ok(ChunkOpening {
            chunk,
            commitment: uncompressed(&self.commitment),
            proof: uncompressed(&proof),
        })
    }

    /// Opens the state root at the beginning of a chunk, counted from 0 within the blob.
    ///
    /// # Errors
    /// [`OpeningError::Beyond`] from 256 on, [`OpeningError::Malformed`] if one of the chunk's elements is.
    pub fn open_root(&self, number: usize) -> Result<RootOpening, OpeningError> {
        let chunk = self.chunk(number)?;
        let mut start = [0; START_BYTES];
        start.copy_from_slice(&chunk[..START_BYTES]);
        let first = number * CHUNK_FIELD_ELEMENTS;
        let (low, high) = (self.open_element(first)?, self.open_element(first + 1)?);
        Ok(RootOpening {
            start,
            commitment: self.commitment,
            proofs: [low.proof, high.proof],
        })
    }

    /// Opens an element, counted from 0 within the blob. Only of a malformed one does L1 take the proof.
    ///
    /// # Errors
    /// [`OpeningError::Beyond`] from 4096 on.
    pub fn open_element(&self, number: usize) -> Result<ElementOpening, OpeningError> {
        within("elements", ELEMENTS, number)?;
        let at = c_kzg::Bytes32::new(point(number));
        let (proof, value) = settings().compute_kzg_proof(self.blob.as_ckzg(), &at)?;
        Ok(ElementOpening {
            value: B256::from_slice(value.as_slice()),
            commitment: self.commitment,
            proof: Bytes48::from(proof.to_bytes().into_inner()),
        })
    }

    fn chunk(&self, number: usize) -> Result<Chunk, OpeningError> {
        within("chunks", BLOB_CHUNKS, number)?;
        let element_bytes = self.blob.len() / BLOB_CHUNKS;
        // Alone, so that a malformed element elsewhere does not matter.
        let mut alone = Blob::ZERO;
        alone[..element_bytes]
            .copy_from_slice(&self.blob[number * element_bytes..][..element_bytes]);
        let first = number * CHUNK_FIELD_ELEMENTS;
        let chunks =
            unpack(&alone, 1).map_err(|MalformedElement(at)| MalformedElement(first + at))?;
        Ok(chunks[0])
    }
}

fn within(what: &'static str, count: usize, number: usize) -> Result<(), OpeningError> {
    if number < count {
        return Ok(());
    }
    Err(OpeningError::Beyond {
        what,
        count,
        number,
    })
}

fn commit(blob: &Blob) -> Result<Bytes48, c_kzg::Error> {
    let commitment = settings().blob_to_kzg_commitment(blob.as_ckzg())?;
    Ok(Bytes48::from(commitment.to_bytes().into_inner()))
}

/// A commitment that c-kzg made, as EIP-2537 takes it.
fn uncompressed(commitment: &Bytes48) -> Point {
    let point = G1Affine::deserialize_compressed_unchecked(commitment.as_slice())
        .expect("c-kzg gives points of the curve");
    if point == G1Affine::identity() {
        return Point::ZERO;
    }
    let mut bytes = Point::ZERO;
    bytes[16..64].copy_from_slice(&point.x.into_bigint().to_bytes_be());
    bytes[80..].copy_from_slice(&point.y.into_bigint().to_bytes_be());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use spillway_protocol::blob::pack;

    fn blob(seed: u8, chunks: usize) -> Blob {
        let chunk = |number| {
            core::array::from_fn(|at| seed.wrapping_mul(29).wrapping_add((number * 7 + at) as u8))
        };
        let chunks: Vec<Chunk> = (0..chunks).map(chunk).collect();
        Blob::from(**pack(&chunks).first().unwrap())
    }

    fn verifies(blob: &CommittedBlob<'_>, element: usize, value: B256, proof: Bytes48) -> bool {
        let bytes = |bytes: Bytes48| c_kzg::Bytes48::new(bytes.0);
        settings()
            .verify_kzg_proof(
                &bytes(blob.commitment),
                &c_kzg::Bytes32::new(point(element)),
                &c_kzg::Bytes32::new(value.0),
                &bytes(proof),
            )
            .unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]

        /// Chunks are opened as a whole in `examples/openings`, where there is a pairing.
        #[test]
        fn roots_and_elements_open(seed: u8, number in 0usize..BLOB_CHUNKS) {
            let blob = blob(seed, 200);
            let committed = CommittedBlob::new(&blob).unwrap();
            let opened = committed.open_root(number).unwrap();
            prop_assert_eq!(&opened.start[..], &committed.open_chunk(number).unwrap().chunk[..START_BYTES]);
            for (at, payload) in opened.start.chunks(FIELD_ELEMENT_PAYLOAD_BYTES).enumerate() {
                let mut value = B256::ZERO;
                value[1..].copy_from_slice(payload);
                prop_assert!(verifies(&committed, number * CHUNK_FIELD_ELEMENTS + at, value, opened.proofs[at]));
            }
        }
    }

    #[test]
    fn a_malformed_element_opens_and_its_chunk_does_not() {
        let mut blob = blob(3, BLOB_CHUNKS);
        blob[(5 * CHUNK_FIELD_ELEMENTS + 9) * 32] = 0x40;
        let committed = CommittedBlob::new(&blob).unwrap();
        let malformed = 5 * CHUNK_FIELD_ELEMENTS + 9;
        let opened = committed.open_element(malformed).unwrap();
        assert_eq!(opened.value[0], 0x40);
        assert!(verifies(&committed, malformed, opened.value, opened.proof));
        for error in [
            committed.open_chunk(5).unwrap_err(),
            committed.open_root(5).unwrap_err(),
        ] {
            assert!(
                matches!(error, OpeningError::Malformed(MalformedElement(at)) if at == malformed)
            );
        }
        committed.open_chunk(4).unwrap();
    }

    #[test]
    fn beyond_the_blob_is_an_error() {
        let blob = Blob::ZERO;
        let committed = CommittedBlob::new(&blob).unwrap();
        committed.open_chunk(256).unwrap_err();
        committed.open_root(usize::MAX).unwrap_err();
        committed.open_element(4096).unwrap_err();
        CommittedBlob::new(&Blob::repeat_byte(0xff)).unwrap_err();
    }

    #[test]
    fn infinity_is_zero() {
        let blob = Blob::ZERO;
        let opened = CommittedBlob::new(&blob).unwrap().open_chunk(0).unwrap();
        assert_eq!(
            (opened.commitment, opened.proof),
            (Point::ZERO, Point::ZERO)
        );
    }
}
