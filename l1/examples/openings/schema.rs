//! The file's objects. Fields are in alphabetical order: `vm.parseJson` of forge takes them so.

use alloy_primitives::{B256, Bytes};
use serde::Serialize;

/// A chunk of a batch in blobs, and its proof.
#[derive(Serialize)]
pub(crate) struct ChunkCase {
    pub(crate) chunk: Bytes,
    /// Chunks of the batch.
    pub(crate) chunk_count: u16,
    pub(crate) commitment: Bytes,
    pub(crate) name: String,
    /// Of the chunk, within the batch.
    pub(crate) number: u16,
    pub(crate) proof: Bytes,
    pub(crate) versioned_hashes: Vec<B256>,
}

/// A field element of a batch in blobs, and its proof.
#[derive(Serialize)]
pub(crate) struct ElementCase {
    pub(crate) chunk_count: u16,
    pub(crate) commitment: Bytes,
    pub(crate) malformed: bool,
    pub(crate) name: String,
    /// Of the element, within the batch.
    pub(crate) number: u32,
    pub(crate) proof: Bytes,
    pub(crate) value: B256,
    pub(crate) versioned_hashes: Vec<B256>,
}

/// The state root of a chunk of a batch in blobs, and its proofs.
#[derive(Serialize)]
pub(crate) struct RootCase {
    pub(crate) chunk_count: u16,
    pub(crate) commitment: Bytes,
    pub(crate) name: String,
    /// Of the chunk, within the batch.
    pub(crate) number: u16,
    pub(crate) proofs: Bytes,
    pub(crate) root: B256,
    pub(crate) start: Bytes,
    pub(crate) versioned_hashes: Vec<B256>,
}

/// The constants of `TrustedSetup.sol`.
#[derive(Serialize)]
pub(crate) struct SetupCase {
    pub(crate) negated_generator: Bytes,
    pub(crate) power_16: Bytes,
    pub(crate) powers: Bytes,
}
