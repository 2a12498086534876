//! From one level of a tree to the next, and from a leaf to the root.

use alloc::vec::Vec;

use alloy_primitives::B256;

use crate::keccak::{hash_pairs, keccak256_parts};

/// `H(left || right)`.
pub(super) fn hash_node(left: &B256, right: &B256) -> B256 {
    keccak256_parts(&[left.as_slice(), right.as_slice()])
}

/// The parents of a whole level; the last node, if it is without a right sibling, gets `zero`, the
/// empty subtree of the level's height.
pub(super) fn parents(level: &[B256], zero: &B256) -> Vec<B256> {
    let (pairs, rest) = level.as_chunks::<2>();
    let mut parents = Vec::with_capacity(level.len().div_ceil(2));
    hash_pairs(pairs, &mut parents);
    parents.extend(rest.iter().map(|last| hash_node(last, zero)));
    parents
}

/// The root above `leaf`, which sits at `index`, given its siblings from the bottom up. Bit h of the
/// index says on which side the node at height h is: 0 left, 1 right.
pub(super) fn climb<'a>(
    index: u32,
    leaf: &B256,
    siblings: impl IntoIterator<Item = &'a B256>,
) -> B256 {
    let mut position = index;
    let mut node = *leaf;
    for sibling in siblings {
        node = if position & 1 == 0 {
            hash_node(&node, sibling)
        } else {
            hash_node(sibling, &node)
        };
        position >>= 1;
    }
    node
}
