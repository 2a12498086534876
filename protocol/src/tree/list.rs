//! The root of a list of hashes: `H(0x04 || count u32 || node)`.
//!
//! `node` is the root of the smallest complete binary tree that has at least `count` leaves, the free
//! ones zero; of the empty list it is 32 zero bytes, and of one hash that hash. The count makes
//! lists that differ only in zeros at the end differ in their roots, and fixes the length of a proof.
//!
//! A count is a u32: no caller holds 2^32 hashes (128 GiB), and a longer list has no root of its own.

use alloc::{borrow::Cow, vec::Vec};

use alloy_primitives::B256;

use super::{
    ZERO_HASHES,
    hashing::{climb, parents},
};
use crate::keccak::keccak256_parts;

/// The first byte of the preimage, which no other kind of hash has.
const LIST_TAG: u8 = 0x04;

/// The depth of the tree of a list, 0 to 32: the smallest d with `2^d >= count`.
pub const fn list_depth(count: u32) -> usize {
    u32::BITS.saturating_sub(count.saturating_sub(1).leading_zeros()) as usize
}

/// The root of the list.
pub fn list_root(hashes: &[B256]) -> B256 {
    let count = count(hashes);
    let mut level = Cow::Borrowed(hashes);
    for zero in ZERO_HASHES.iter().take(list_depth(count)) {
        level = Cow::Owned(parents(&level, zero));
    }
    seal(count, &level.first().copied().unwrap_or_default())
}

/// The proof for the hash at `index`: its siblings from the bottom up, [`list_depth`] of them. `None`
/// past the end. Hashes the whole list.
pub fn list_proof(hashes: &[B256], index: u32) -> Option<Vec<B256>> {
    let count = count(hashes);
    if index >= count {
        return None;
    }
    let mut proof = Vec::with_capacity(list_depth(count));
    let mut level = Cow::Borrowed(hashes);
    let mut position = index;
    for zero in ZERO_HASHES.iter().take(list_depth(count)) {
        proof.push(level.get((position ^ 1) as usize).copied().unwrap_or(*zero));
        level = Cow::Owned(parents(&level, zero));
        position >>= 1;
    }
    Some(proof)
}

/// Whether the list with this root has `count` hashes and `leaf` at `index`.
pub fn verify_list_proof(root: &B256, count: u32, index: u32, leaf: &B256, proof: &[B256]) -> bool {
    index < count
        && proof.len() == list_depth(count)
        && seal(count, &climb(index, leaf, proof)) == *root
}

fn count(hashes: &[B256]) -> u32 {
    u32::try_from(hashes.len()).unwrap_or(u32::MAX)
}

fn seal(count: u32, node: &B256) -> B256 {
    keccak256_parts(&[&[LIST_TAG], &count.to_be_bytes(), node.as_slice()])
}
