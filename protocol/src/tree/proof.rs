//! A proof that a leaf is in a tree of depth 32.

use alloy_primitives::B256;

use super::{DEPTH, hashing::climb};

/// The siblings of the nodes between a leaf and the root, from the bottom up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MerkleProof(pub [B256; DEPTH]);

/// Whether the tree with this root has this leaf at this index.
///
/// The zero leaf verifies at every index that is not filled.
pub fn verify_proof(root: &B256, index: u32, leaf: &B256, proof: &MerkleProof) -> bool {
    climb(index, leaf, &proof.0) == *root
}
