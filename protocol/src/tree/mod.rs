//! Binary Merkle trees over keccak256.
//!
//! - [`MerkleTree`]: fixed depth 32 over u32 indices, append-only in index; the accounts and the
//!   withdrawals. [`multiproof_root`] verifies many of its leaves at once.
//! - [`Frontier`]: as much of such a tree as appending takes; what a dispute shows of the withdrawals.
//! - [`list_root`]: the root of a list whose length is known once and for all; transaction hashes and
//!   chunk hashes.
//!
//! In all of them an inner node is `H(left || right)`, a leaf is a hash, and the empty leaf is 32 zero
//! bytes.
//!
//! # Why a leaf cannot pass for a node
//!
//! The preimage of a node has 64 bytes. Those of an account leaf (78 bytes), a withdrawal leaf (62), a
//! list root (37), a state root (113) and a token list (1 + 17 n) never have; keep it so in any new
//! one. A raw transaction is under no such rule: 64 bytes are possible for one that nobody signed with
//! a known key. Its list is safe for another reason, which holds for every proof here: the depth is
//! never the prover's choice. It is [`DEPTH`], or follows from the count that the list root contains.

mod frontier;
mod hashing;
mod list;
mod merkle;
mod multiproof;
mod proof;
#[cfg(test)]
mod tests;
mod zero;

pub use frontier::Frontier;
pub use list::{list_depth, list_proof, list_root, verify_list_proof};
pub use merkle::{MerkleTree, TreeError};
pub use multiproof::{MultiproofError, Partner, multiproof_root, partner};
pub use proof::{MerkleProof, verify_proof};
pub use zero::ZERO_HASHES;

/// Levels between a leaf and the root of a [`MerkleTree`].
pub const DEPTH: usize = 32;
