//! Appending to a tree of depth 32 without having it.

use alloy_primitives::B256;

use super::{DEPTH, TreeError, ZERO_HASHES, hashing::climb, hashing::hash_node};

/// The roots of the complete subtrees to the left of the next leaf, one for each bit set in the
/// number of leaves. They determine the root of the tree, before and after any number of appends.
///
/// A tree has exactly one frontier: bit h of `len` says whether there is a subtree of 2^h leaves, whose
/// root is then the node at height h and position `(len >> h) - 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    /// The number of leaves.
    pub(super) len: u32,
    /// By height; zero where the bit of `len` is clear.
    pub(super) peaks: [B256; DEPTH],
}

impl Frontier {
    /// The frontier of the empty tree.
    pub const fn new() -> Self {
        Self {
            len: 0,
            peaks: [B256::ZERO; DEPTH],
        }
    }

    /// The frontier of a tree of `len` leaves from its peaks, lowest first. `None` unless there is one
    /// for each bit set in `len`.
    ///
    /// Nothing says yet that such a tree exists: compare [`root`](Self::root).
    pub fn from_peaks(len: u32, peaks: &[B256]) -> Option<Self> {
        let mut frontier = Self { len, ..Self::new() };
        if u32::try_from(peaks.len()) != Ok(len.count_ones()) {
            return None;
        }
        let mut given = peaks.iter();
        for (height, peak) in (0..).zip(&mut frontier.peaks) {
            if has_peak(len, height) {
                *peak = *given.next()?;
            }
        }
        Some(frontier)
    }

    /// The peaks, lowest first: `len.count_ones()` of them.
    pub fn peaks(&self) -> impl Iterator<Item = &B256> {
        (0..)
            .zip(&self.peaks)
            .filter(|(height, _)| has_peak(self.len, *height))
            .map(|(_, peak)| peak)
    }

    /// The number of leaves, and so the index of the next one.
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is no leaf.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The root of the tree. Costs 32 hashes, so ask after the last append.
    pub fn root(&self) -> B256 {
        let siblings = (0..).zip(self.peaks.iter().zip(&ZERO_HASHES));
        climb(
            self.len,
            &B256::ZERO,
            siblings.map(|(height, (peak, zero))| {
                if has_peak(self.len, height) {
                    peak
                } else {
                    zero
                }
            }),
        )
    }

    /// Appends a leaf and returns its index. Costs a hash for each bit set at the low end of `len`, one
    /// on average.
    ///
    /// # Errors
    ///
    /// [`TreeError::Full`]; then nothing has changed.
    pub fn append(&mut self, leaf: B256) -> Result<u32, TreeError> {
        let index = self.len;
        let len = index.checked_add(1).ok_or(TreeError::Full)?;
        let mut node = leaf;
        for (height, peak) in (0..).zip(&mut self.peaks) {
            if !has_peak(index, height) {
                *peak = node;
                break;
            }
            node = hash_node(peak, &node);
            *peak = B256::ZERO;
        }
        self.len = len;
        Ok(index)
    }
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

/// Bit `height` of `len`; `height` is below 32.
fn has_peak(len: u32, height: u32) -> bool {
    len.checked_shr(height)
        .is_some_and(|shifted| shifted & 1 == 1)
}
