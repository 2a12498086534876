//! The tree of depth 32 in memory, every node of it.

use alloc::vec::Vec;
use core::iter;

use alloy_primitives::B256;
use thiserror::Error;

use super::{DEPTH, Frontier, MerkleProof, ZERO_HASHES, hashing::parents};
use crate::keccak::{BulkHasher, OneThread};

/// A binary Merkle tree of depth 32 whose leaves fill the indices from 0 without a gap.
///
/// Leaves are changed or appended, never removed. Only nodes above a leaf are stored: 64 bytes a leaf
/// for all levels together, up to twice that just after the vectors have grown (they double, so that
/// an append costs a constant amortised time). Any other node is the [`ZERO_HASHES`] of its height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleTree {
    /// The stored nodes by height: `ceil(len / 2^h)` at height h, the leaves at 0, the root at 32.
    levels: Levels,
}

/// A level for each height, the leaves first.
type Levels = [Vec<B256>; DEPTH + 1];

/// Why leaves were refused. The tree is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TreeError {
    /// The indices of an update do not ascend strictly.
    #[error("leaf {index} follows leaf {previous}: sort the leaves by index and keep one for each")]
    NotAscending {
        /// The index before.
        previous: u32,
        /// The index that is not above it.
        index: u32,
    },
    /// A leaf is beyond the end, and the one before it is not there.
    #[error("leaf {index} would leave a gap: the next free index is {next}")]
    Gap {
        /// The index of the leaf.
        index: u32,
        /// The index that an appended leaf has to have.
        next: u32,
    },
    /// There would be more than `u32::MAX` leaves, more than a count in the state root can say.
    #[error("the tree is full: it holds at most {} leaves", u32::MAX)]
    Full,
}

impl Default for MerkleTree {
    fn default() -> Self {
        Self::new()
    }
}

impl MerkleTree {
    /// The empty tree.
    pub const fn new() -> Self {
        Self {
            levels: [const { Vec::new() }; DEPTH + 1],
        }
    }

    /// The tree of these leaves, index 0 first, hashed a level at a time: the way to rebuild a large one.
    ///
    /// # Errors
    ///
    /// [`TreeError::Full`].
    pub fn from_leaves(leaves: impl IntoIterator<Item = B256>) -> Result<Self, TreeError> {
        let mut tree = Self::new();
        let [bottom, upper @ ..] = &mut tree.levels;
        bottom.extend(leaves);
        u32::try_from(bottom.len()).map_err(|_| TreeError::Full)?;
        let mut below = bottom;
        for (level, zero) in upper.iter_mut().zip(&ZERO_HASHES) {
            *level = parents(below, zero);
            below = level;
        }
        Ok(tree)
    }

    /// The number of leaves, and so the index of the next one.
    pub fn len(&self) -> u32 {
        // No way to add leaves lets more in.
        u32::try_from(self.leaves().len()).unwrap_or(u32::MAX)
    }

    /// Whether there is no leaf.
    pub fn is_empty(&self) -> bool {
        self.leaves().is_empty()
    }

    /// The leaves, index 0 first.
    pub fn leaves(&self) -> &[B256] {
        let [leaves, ..] = &self.levels;
        leaves
    }

    /// The root; of the empty tree, the last of [`ZERO_HASHES`].
    pub fn root(&self) -> B256 {
        let [.., top] = &self.levels;
        let [.., empty] = ZERO_HASHES;
        top.first().copied().unwrap_or(empty)
    }

    /// The node at `position` of the level at `height` (0: leaves, 32: root). Right of the last leaf it
    /// is the [`ZERO_HASHES`] of its height. `None` above the root.
    pub fn node(&self, height: usize, position: u32) -> Option<B256> {
        Some(node_or(
            self.levels.get(height)?,
            position,
            ZERO_HASHES.get(height)?,
        ))
    }

    /// Sets or appends many leaves, and hashes each node above them once.
    ///
    /// Indices ascend strictly; those from [`len`](Self::len) on are appended and follow one another.
    ///
    /// # Errors
    ///
    /// [`TreeError::NotAscending`], [`TreeError::Gap`] or [`TreeError::Full`]; then nothing has changed.
    pub fn update(&mut self, leaves: &[(u32, B256)]) -> Result<(), TreeError> {
        self.update_each(&[leaves], &mut OneThread).map(drop)
    }

    /// Makes several updates one after the other, and returns the root after each.
    ///
    /// The nodes of a level depend on the level below alone, so a level is hashed for all updates at once:
    /// `hasher` gets many more pairs in a call than one update has, and may spread them over cores.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update); then nothing has changed.
    pub fn update_each(
        &mut self,
        updates: &[&[(u32, B256)]],
        hasher: &mut impl BulkHasher,
    ) -> Result<Vec<B256>, TreeError> {
        self.check_updates(updates)?;
        let before = self.root();
        let mut touched: Vec<Vec<u32>> = updates
            .iter()
            .map(|leaves| leaves.iter().map(|(index, _)| *index).collect())
            .collect();
        let mut nodes: Vec<B256> = updates
            .iter()
            .flat_map(|leaves| leaves.iter().map(|(_, leaf)| *leaf))
            .collect();
        let mut pairs = Vec::with_capacity(nodes.len());

        let [lower @ .., top] = &mut self.levels;
        for (level, zero) in lower.iter_mut().zip(&ZERO_HASHES) {
            pairs.clear();
            let mut rest = nodes.as_slice();
            for positions in &mut touched {
                let (own, others) = rest.split_at(positions.len().min(rest.len()));
                write_nodes(level, positions, own);
                rest = others;
                to_parents(positions);
                // Taken now: the next update may change these nodes again.
                pairs.extend(positions.iter().map(|parent| {
                    let left = parent << 1;
                    [node_or(level, left, zero), node_or(level, left | 1, zero)]
                }));
            }
            nodes.clear();
            hasher.hash_pairs(&pairs, &mut nodes);
        }
        // An update without leaves has no path to the root, and leaves it as it was.
        let mut above = nodes.into_iter();
        let mut root = before;
        let roots = touched
            .iter()
            .map(|path| {
                root = path.first().and_then(|_| above.next()).unwrap_or(root);
                root
            })
            .collect();
        if touched.iter().any(|path| !path.is_empty()) {
            write_nodes(top, &[0], &[root]);
        }
        Ok(roots)
    }

    /// Appends one leaf and returns its index. For many, [`update`](Self::update) is several times
    /// faster.
    ///
    /// # Errors
    ///
    /// [`TreeError::Full`].
    pub fn push(&mut self, leaf: B256) -> Result<u32, TreeError> {
        let index = self.len();
        self.update(&[(index, leaf)])?;
        Ok(index)
    }

    /// The proof for the leaf at `index`, or `None` if there is none.
    pub fn proof(&self, index: u32) -> Option<MerkleProof> {
        if index >= self.len() {
            return None;
        }
        let mut proof = MerkleProof([B256::ZERO; DEPTH]);
        for ((sibling, position), (level, zero)) in
            proof.0.iter_mut().zip(path(index)).zip(self.below_root())
        {
            *sibling = node_or(level, position ^ 1, zero);
        }
        Some(proof)
    }

    /// As much of the tree as appending takes.
    pub fn frontier(&self) -> Frontier {
        let len = self.len();
        let mut peaks = [B256::ZERO; DEPTH];
        for ((peak, position), (level, zero)) in
            peaks.iter_mut().zip(path(len)).zip(self.below_root())
        {
            // The next leaf's path turns left here: what it leaves behind is complete.
            if position & 1 == 1 {
                *peak = node_or(level, position ^ 1, zero);
            }
        }
        Frontier { len, peaks }
    }

    /// The levels from the leaves to below the root, each with the empty subtree of its height.
    fn below_root(&self) -> impl Iterator<Item = (&Vec<B256>, &'static B256)> {
        let [lower @ .., _] = &self.levels;
        lower.iter().zip(&ZERO_HASHES)
    }

    fn check_updates(&self, updates: &[&[(u32, B256)]]) -> Result<(), TreeError> {
        let mut next = self.len();
        for leaves in updates {
            next = check_update(next, leaves)?;
        }
        Ok(())
    }
}

/// Whether these leaves can be written to a tree of `next` leaves; how many it has then.
fn check_update(mut next: u32, leaves: &[(u32, B256)]) -> Result<u32, TreeError> {
    let mut last = None;
    for (index, _) in leaves {
        let index = *index;
        if let Some(previous) = last.filter(|last| *last >= index) {
            return Err(TreeError::NotAscending { previous, index });
        }
        last = Some(index);
        if index > next {
            return Err(TreeError::Gap { index, next });
        }
        if index == next {
            next = next.checked_add(1).ok_or(TreeError::Full)?;
        }
    }
    Ok(next)
}

/// Replaces ascending positions by those of their parents.
fn to_parents(positions: &mut Vec<u32>) {
    for position in positions.iter_mut() {
        *position >>= 1;
    }
    positions.dedup();
}

/// The places in their levels of the nodes above leaf `index`, from the leaf on.
fn path(index: u32) -> impl Iterator<Item = u32> {
    iter::successors(Some(index), |position| Some(position >> 1))
}

/// The stored node, or `zero` right of the last.
fn node_or(level: &[B256], position: u32, zero: &B256) -> B256 {
    level.get(position as usize).copied().unwrap_or(*zero)
}

/// Writes each node to its position. The positions ascend, and those past the end follow one another.
fn write_nodes(level: &mut Vec<B256>, positions: &[u32], nodes: &[B256]) {
    for (position, node) in positions.iter().zip(nodes) {
        match level.get_mut(*position as usize) {
            Some(stored) => *stored = *node,
            None => level.push(*node),
        }
    }
}
