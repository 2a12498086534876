//! One proof for many leaves of a tree of depth 32, as short as it can be: docs/protocol.md, "Multiproofs".
//!
//! Level by level from the leaves, left to right, it holds the sibling of each node on a proven leaf's
//! path, except where that sibling is on such a path itself, or is an empty subtree right of the last
//! leaf. Which siblings those are follows from the indices and the count of leaves, so there is nothing
//! in a proof but hashes, and nothing to interpret in more than one way.

use alloc::vec::Vec;

use alloy_primitives::B256;
use thiserror::Error;

use super::{DEPTH, MerkleTree, ZERO_HASHES, hashing::hash_node};

/// Why there is no such multiproof, or why it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MultiproofError {
    /// No leaf at all.
    #[error("a multiproof needs at least one leaf")]
    Empty,
    /// The indices do not ascend strictly.
    #[error("leaf {index} follows leaf {previous}: sort the leaves by index and keep one for each")]
    NotAscending {
        /// The index before.
        previous: u32,
        /// The index that is not above it.
        index: u32,
    },
    /// The tree has no such leaf.
    #[error("there is no leaf {index} among {count}")]
    OutOfRange {
        /// The index.
        index: u32,
        /// The tree's leaves.
        count: u32,
    },
    /// The indices call for more siblings than there are.
    #[error("siblings are missing: {given} are not enough")]
    SiblingMissing {
        /// Siblings in the proof.
        given: usize,
    },
    /// There are more siblings than the indices call for.
    #[error("{left} siblings are left over")]
    SiblingsLeftOver {
        /// Siblings not used.
        left: usize,
    },
}

impl MerkleTree {
    /// The siblings that prove the leaves at these indices, which ascend strictly.
    ///
    /// # Errors
    ///
    /// [`MultiproofError::Empty`], [`NotAscending`](MultiproofError::NotAscending) or
    /// [`OutOfRange`](MultiproofError::OutOfRange).
    pub fn multiproof(&self, indices: &[u32]) -> Result<Vec<B256>, MultiproofError> {
        self.growing_multiproof(indices, self.len())
    }

    /// The siblings that prove the leaves at these indices, which ascend strictly, in this tree and in any
    /// that follows from it by changes of these leaves: the tree has `count` leaves then, and all that it
    /// does not have yet are among the indices. In this tree they are empty leaves.
    ///
    /// # Errors
    ///
    /// As of [`Self::multiproof`].
    pub fn growing_multiproof(
        &self,
        indices: &[u32],
        count: u32,
    ) -> Result<Vec<B256>, MultiproofError> {
        let mut last = check_indices(indices.iter().copied(), count)?;
        let mut positions = indices.to_vec();
        let mut siblings = Vec::new();
        for height in 0..DEPTH {
            let mut above = Vec::with_capacity(positions.len());
            let mut rest = positions.iter().copied().peekable();
            while let Some(position) = rest.next() {
                match partner(position, rest.peek().copied(), last) {
                    Partner::Next => _ = rest.next(),
                    Partner::EmptySubtree => {}
                    Partner::Given => siblings.extend(self.node(height, position ^ 1)),
                }
                above.push(position >> 1);
            }
            positions = above;
            last >>= 1;
        }
        Ok(siblings)
    }
}

/// The root of the tree of `count` leaves that has these leaves, by strictly ascending index. Whoever
/// verifies compares it with the root that they trust.
///
/// # Errors
///
/// [`MultiproofError`]: the proof is not one for these indices.
pub fn multiproof_root(
    count: u32,
    leaves: &[(u32, B256)],
    siblings: &[B256],
) -> Result<B256, MultiproofError> {
    let mut last = check_indices(leaves.iter().map(|(index, _)| *index), count)?;
    let mut nodes = leaves.to_vec();
    let mut given = siblings.iter();
    let missing = MultiproofError::SiblingMissing {
        given: siblings.len(),
    };
    for zero in ZERO_HASHES.iter().take(DEPTH) {
        let mut above = Vec::with_capacity(nodes.len());
        let mut rest = nodes.iter().peekable();
        while let Some((position, node)) = rest.next() {
            let next = rest.peek().map(|(next, _)| *next);
            let sibling = match partner(*position, next, last) {
                Partner::Next => rest.next().map_or(zero, |(_, node)| node),
                Partner::EmptySubtree => zero,
                Partner::Given => given.next().ok_or(missing)?,
            };
            let parent = if position & 1 == 0 {
                hash_node(node, sibling)
            } else {
                hash_node(sibling, node)
            };
            above.push((position >> 1, parent));
        }
        nodes = above;
        last >>= 1;
    }
    match (given.len(), nodes.first()) {
        (0, Some((_, root))) => Ok(*root),
        (left, _) => Err(MultiproofError::SiblingsLeftOver { left }),
    }
}

/// Where the sibling of a node on a proven leaf's path comes from: `docs/protocol.md`, "Multiproofs".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partner {
    /// It is the next node of the same kind.
    Next,
    /// It lies wholly right of the last leaf.
    EmptySubtree,
    /// The proof holds it.
    Given,
}

/// Where the sibling of the node at that position comes from. `next` is the next position of the same kind on the level, `last` the
/// place of the last leaf's path on it.
#[must_use]
pub fn partner(position: u32, next: Option<u32>, last: u32) -> Partner {
    let is_left = position & 1 == 0;
    if is_left && next == Some(position | 1) {
        Partner::Next
    } else if is_left && position == last {
        Partner::EmptySubtree
    } else {
        Partner::Given
    }
}

/// Checks the indices against each other and the count; returns the last leaf's index.
fn check_indices(
    indices: impl IntoIterator<Item = u32>,
    count: u32,
) -> Result<u32, MultiproofError> {
    let mut before = None;
    for index in indices {
        if let Some(previous) = before.filter(|before| *before >= index) {
            return Err(MultiproofError::NotAscending { previous, index });
        }
        if index >= count {
            return Err(MultiproofError::OutOfRange { index, count });
        }
        before = Some(index);
    }
    match before {
        Some(_) => Ok(count.saturating_sub(1)),
        None => Err(MultiproofError::Empty),
    }
}
