//! What L1 is shown of a batch's data, out of its blobs or its calldata.

use alloy_eips::eip4844::Blob;
use alloy_primitives::B256;
use spillway_l1::batches::SubmittedBatch;
use spillway_l1::encoding::disputes::{ChunkOpening, Listed, RootOpening};
use spillway_l1::kzg::{CommittedBlob, ElementOpening};
use spillway_protocol::chunk::Chunk;
use spillway_protocol::keccak::keccak256;
use spillway_protocol::limits::{BLOB_CHUNKS, CHUNK_BYTES, CHUNK_FIELD_ELEMENTS};
use spillway_protocol::tree::{list_proof, list_root};

use super::proof::ProofError;
use crate::derivation::MalformedElement;

/// A batch's data, to be opened at some place. An opening of a blob computes for some 100 ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Openings<'a> {
    pub(crate) batch: &'a SubmittedBatch,
    /// In order; none of a batch in calldata.
    pub(crate) blobs: &'a [Box<Blob>],
}

impl Openings<'_> {
    /// A chunk, counted from 0 within the batch.
    pub(crate) fn chunk(&self, number: usize) -> Result<ChunkOpening, ProofError> {
        if self.is_calldata() {
            return Ok(ChunkOpening::Calldata(self.listed(number)?));
        }
        let blob = self.blob(number / BLOB_CHUNKS)?;
        let opening = blob.open_chunk(number % BLOB_CHUNKS)?;
        Ok(ChunkOpening::Blob(Box::new(opening)))
    }

    /// The state root that a chunk claims.
    pub(crate) fn root(&self, number: usize) -> Result<RootOpening, ProofError> {
        if self.is_calldata() {
            return Ok(RootOpening::Calldata(self.listed(number)?));
        }
        let blob = self.blob(number / BLOB_CHUNKS)?;
        Ok(RootOpening::Blob(blob.open_root(number % BLOB_CHUNKS)?))
    }

    /// A field element, and its place in the batch, counted from 0 over the elements of all blobs.
    pub(crate) fn element(
        &self,
        malformed: MalformedElement,
    ) -> Result<(usize, ElementOpening), ProofError> {
        let MalformedElement { blob, element } = malformed;
        let opening = self.blob(blob)?.open_element(element)?;
        Ok((blob * BLOB_CHUNKS * CHUNK_FIELD_ELEMENTS + element, opening))
    }

    fn is_calldata(&self) -> bool {
        self.batch.versioned_hashes.is_empty()
    }

    fn blob(&self, place: usize) -> Result<CommittedBlob<'_>, ProofError> {
        let blob = self.blobs.get(place).ok_or(ProofError::NoBlob(place))?;
        Ok(CommittedBlob::new(blob)?)
    }

    fn listed(&self, number: usize) -> Result<Listed, ProofError> {
        let chunks: &[Chunk] = self.batch.chunks.as_chunks::<CHUNK_BYTES>().0;
        let hashes: Vec<B256> = chunks.iter().map(|chunk| keccak256(chunk)).collect();
        let path = u32::try_from(number)
            .ok()
            .and_then(|place| list_proof(&hashes, place));
        let (Some(chunk), Some(path)) = (chunks.get(number), path) else {
            return Err(ProofError::NoChunk(number));
        };
        Ok(Listed {
            chunk: Box::new(*chunk),
            list_root: list_root(&hashes),
            path,
        })
    }
}
