//! The trees against a definition that recurses from the root, and against each other.

use alloc::{collections::BTreeMap, vec::Vec};

use alloy_primitives::B256;
use proptest::prelude::*;
use sha3::{Digest, Keccak256};

use super::*;
use crate::keccak::OneThread;

/// A node by definition.
fn h(left: B256, right: B256) -> B256 {
    B256::from_slice(
        &Keccak256::new()
            .chain_update(left)
            .chain_update(right)
            .finalize(),
    )
}

/// An empty subtree by definition.
fn empty(height: u32) -> B256 {
    (0..height).fold(B256::ZERO, |below, _| h(below, below))
}

/// The root of a tree of this height by definition.
fn naive(leaves: &[B256], height: u32) -> B256 {
    if leaves.is_empty() {
        return empty(height);
    }
    if height == 0 {
        return leaves[0];
    }
    let half = usize::try_from(1_u64 << (height - 1)).unwrap();
    let (left, right) = leaves.split_at(half.min(leaves.len()));
    h(naive(left, height - 1), naive(right, height - 1))
}

/// The root of a list by definition.
fn naive_list(count: u32, node: B256) -> B256 {
    let preimage = [&[4], count.to_be_bytes().as_slice(), node.as_slice()].concat();
    assert_eq!(preimage.len(), 37);
    B256::from_slice(&Keccak256::digest(preimage))
}

/// A leaf that differs from every other.
fn leaf(number: usize) -> B256 {
    B256::left_padding_from(&(number + 1).to_be_bytes())
}

fn leaves(count: usize) -> Vec<B256> {
    (0..count).map(leaf).collect()
}

fn arbitrary_leaf() -> impl Strategy<Value = B256> {
    any::<[u8; 32]>().prop_map(B256::from)
}

#[test]
fn zero_hashes() {
    for (height, zero) in (0..).zip(ZERO_HASHES) {
        assert_eq!(zero, empty(height), "height {height}");
    }
}

#[test]
fn small_trees() {
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(leaf);
    let z = B256::ZERO;
    // The leaves, and the root of the subtree of height 3 over them.
    let table: [(&[B256], B256); 6] = [
        (&[], empty(3)),
        (&[a], h(h(h(a, z), empty(1)), empty(2))),
        (&[a, b], h(h(h(a, b), empty(1)), empty(2))),
        (&[a, b, c], h(h(h(a, b), h(c, z)), empty(2))),
        (&[a, b, c, d], h(h(h(a, b), h(c, d)), empty(2))),
        (
            &[a, b, c, d, e],
            h(h(h(a, b), h(c, d)), h(h(e, z), empty(1))),
        ),
    ];
    for (leaves, subtree) in table {
        let count = leaves.len();
        let root = (3..32).fold(subtree, |node, height| h(node, empty(height)));
        let tree = MerkleTree::from_leaves(leaves.iter().copied()).unwrap();
        assert_eq!(tree.root(), root, "{count} leaves");
        assert_eq!(naive(leaves, 32), root, "{count} leaves");
        assert_eq!(tree.frontier().root(), root, "{count} leaves");
        assert_eq!(tree.leaves(), leaves);
        assert_eq!(tree.len() as usize, count);
        assert_eq!(tree.is_empty(), count == 0);
        assert_eq!(tree.node(3, 0), Some(subtree));
        assert_eq!(tree.node(3, 1), Some(empty(3)));
        assert_eq!(tree.node(32, 0), Some(root));
        assert_eq!(tree.node(33, 0), None);
    }
}

#[test]
fn small_lists() {
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(leaf);
    let z = B256::ZERO;
    // The hashes, the depth of their tree, and its root.
    let table: [(&[B256], usize, B256); 8] = [
        (&[], 0, z),
        (&[z], 0, z),
        (&[a], 0, a),
        (&[a, b], 1, h(a, b)),
        (&[a, b, c], 2, h(h(a, b), h(c, z))),
        (&[a, b, c, z], 2, h(h(a, b), h(c, z))),
        (&[a, b, c, d], 2, h(h(a, b), h(c, d))),
        (
            &[a, b, c, d, e],
            3,
            h(h(h(a, b), h(c, d)), h(h(e, z), h(z, z))),
        ),
    ];
    let mut roots = Vec::new();
    for (hashes, depth, node) in table {
        let count = u32::try_from(hashes.len()).unwrap();
        let root = list_root(hashes);
        assert_eq!(list_depth(count), depth, "{count} hashes");
        assert_eq!(root, naive_list(count, node), "{count} hashes");
        assert!(!roots.contains(&root), "two lists have one root");
        roots.push(root);
    }
}

#[test]
fn depths_of_lists() {
    let table = [
        (0, 0),
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 3),
        (1 << 31, 31),
        ((1 << 31) + 1, 32),
        (u32::MAX, 32),
    ];
    for (count, depth) in table {
        assert_eq!(list_depth(count), depth, "{count}");
    }
}

#[test]
fn refused_updates_change_nothing() {
    let x = leaf(99);
    /// An update of a tree of three leaves, and the outcome.
    type Row<'a> = (&'a [(u32, B256)], Result<(), TreeError>);
    let table: [Row<'_>; 9] = [
        (&[], Ok(())),
        (&[(0, x), (2, x), (3, x), (4, x)], Ok(())),
        (&[(3, x)], Ok(())),
        (&[(4, x)], Err(TreeError::Gap { index: 4, next: 3 })),
        (&[(3, x), (5, x)], Err(TreeError::Gap { index: 5, next: 4 })),
        (
            &[(0, x), (u32::MAX, x)],
            Err(TreeError::Gap {
                index: u32::MAX,
                next: 3,
            }),
        ),
        (
            &[(1, x), (1, x)],
            Err(TreeError::NotAscending {
                previous: 1,
                index: 1,
            }),
        ),
        (
            &[(2, x), (0, x)],
            Err(TreeError::NotAscending {
                previous: 2,
                index: 0,
            }),
        ),
        (
            &[(3, x), (4, x), (3, x)],
            Err(TreeError::NotAscending {
                previous: 4,
                index: 3,
            }),
        ),
    ];
    for (update, expected) in table {
        let before = MerkleTree::from_leaves(leaves(3)).unwrap();
        let mut tree = before.clone();
        assert_eq!(tree.update(update), expected, "{update:?}");
        if expected.is_err() {
            assert_eq!(tree, before, "{update:?}");
        }
    }
}

#[test]
fn no_proof_past_the_end() {
    let tree = MerkleTree::from_leaves(leaves(3)).unwrap();
    assert!(tree.proof(2).is_some());
    assert_eq!(tree.proof(3), None);
    assert_eq!(tree.proof(u32::MAX), None);
    assert_eq!(MerkleTree::new().proof(0), None);
    assert_eq!(list_proof(&leaves(3), 3), None);
    assert_eq!(list_proof(&[], 0), None);
}

#[test]
fn a_frontier_has_one_peak_for_each_bit() {
    // The number of leaves, the peaks given, and whether that is a frontier.
    let table = [
        (0, 0, true),
        (0, 1, false),
        (5, 2, true),
        (5, 1, false),
        (5, 3, false),
        (u32::MAX, 32, true),
    ];
    for (len, peaks, accepted) in table {
        let frontier = Frontier::from_peaks(len, &leaves(peaks));
        assert_eq!(frontier.is_some(), accepted, "{len} leaves, {peaks} peaks");
    }
    let mut full = Frontier::from_peaks(u32::MAX, &leaves(32)).unwrap();
    assert_eq!(full.append(leaf(0)), Err(TreeError::Full));
    assert_eq!(full, Frontier::from_peaks(u32::MAX, &leaves(32)).unwrap());
}

/// Leaves to set, by any number that is then reduced to a place in the tree, and leaves to append.
type Update = (BTreeMap<usize, B256>, Vec<B256>);

/// The leaves of a tree, and updates of it.
fn updates() -> impl Strategy<Value = (Vec<B256>, Vec<Update>)> {
    let set = prop::collection::btree_map(any::<usize>(), arbitrary_leaf(), 0..20);
    let append = prop::collection::vec(arbitrary_leaf(), 0..20);
    (
        prop::collection::vec(arbitrary_leaf(), 0..70),
        prop::collection::vec((set, append), 0..6),
    )
}

proptest! {
    #[test]
    fn updated_is_rebuilt_is_naive((start, updates) in updates()) {
        let mut model = start.clone();
        let mut tree = MerkleTree::from_leaves(start).unwrap();
        for (set, append) in updates {
            let mut update = BTreeMap::new();
            for (place, leaf) in set {
                if !model.is_empty() {
                    update.insert(u32::try_from(place % model.len()).unwrap(), leaf);
                }
            }
            update.extend((tree.len()..).zip(append));
            for (index, leaf) in &update {
                let index = *index as usize;
                if index == model.len() {
                    model.push(*leaf);
                } else {
                    model[index] = *leaf;
                }
            }
            let update: Vec<(u32, B256)> = update.into_iter().collect();
            tree.update(&update).unwrap();
            // All nodes, not only the root.
            prop_assert_eq!(&tree, &MerkleTree::from_leaves(model.iter().copied()).unwrap());
            prop_assert_eq!(tree.root(), naive(&model, 32));
        }
    }

    #[test]
    fn a_frontier_appends_as_a_tree_does(
        start in prop::collection::vec(arbitrary_leaf(), 0..40),
        append in prop::collection::vec(arbitrary_leaf(), 0..40),
    ) {
        let mut tree = MerkleTree::from_leaves(start).unwrap();
        let mut frontier = tree.frontier();
        for leaf in append {
            prop_assert_eq!(tree.push(leaf).unwrap(), frontier.append(leaf).unwrap());
            prop_assert_eq!(&frontier, &tree.frontier());
            prop_assert_eq!(frontier.root(), tree.root());
        }
        prop_assert_eq!(frontier.len(), tree.len());
        prop_assert_eq!(frontier.is_empty(), tree.is_empty());
        let peaks: Vec<B256> = frontier.peaks().copied().collect();
        prop_assert_eq!(Frontier::from_peaks(frontier.len(), &peaks), Some(frontier));
    }

    #[test]
    fn proofs_verify_and_altered_ones_fail(
        count in 1_usize..40,
        place in any::<prop::sample::Index>(),
        byte in 0_usize..32,
        bit in 0_u32..8,
    ) {
        let tree = MerkleTree::from_leaves(leaves(count)).unwrap();
        let root = tree.root();
        let place = place.index(count);
        let index = u32::try_from(place).unwrap();
        let proof = tree.proof(index).unwrap();
        let flip = |hash: B256| {
            let mut hash = hash;
            hash[byte] ^= 1 << bit;
            hash
        };
        prop_assert!(verify_proof(&root, index, &leaf(place), &proof));
        prop_assert!(!verify_proof(&flip(root), index, &leaf(place), &proof));
        prop_assert!(!verify_proof(&root, index, &flip(leaf(place)), &proof));
        for height in 0..DEPTH {
            let mut altered = proof;
            altered.0[height] = flip(altered.0[height]);
            prop_assert!(!verify_proof(&root, index, &leaf(place), &altered), "height {}", height);
            prop_assert!(!verify_proof(&root, index ^ (1 << height), &leaf(place), &proof));
        }
    }

    #[test]
    fn lists(count in 1_usize..70, place in any::<prop::sample::Index>(), byte in 0_usize..32, bit in 0_u32..8) {
        let hashes = leaves(count);
        let root = list_root(&hashes);
        let place = place.index(count);
        let (count, index) = (u32::try_from(count).unwrap(), u32::try_from(place).unwrap());
        let depth = u32::try_from(list_depth(count)).unwrap();
        prop_assert_eq!(root, naive_list(count, naive(&hashes, depth)));

        let proof = list_proof(&hashes, index).unwrap();
        let verifies = |count, index, leaf, proof: &[B256]| verify_list_proof(&root, count, index, &leaf, proof);
        let flip = |hash: B256| {
            let mut hash = hash;
            hash[byte] ^= 1 << bit;
            hash
        };
        prop_assert!(verifies(count, index, leaf(place), &proof));
        prop_assert!(!verify_list_proof(&flip(root), count, index, &leaf(place), &proof));
        prop_assert!(!verifies(count, index, flip(leaf(place)), &proof));
        prop_assert!(!verifies(count + 1, index, leaf(place), &proof));
        prop_assert!(!verifies(count - 1, index, leaf(place), &proof));
        // An index past the end is refused even where the hashes would agree.
        prop_assert!(!verifies(count, index + (1 << depth), leaf(place), &proof));
        for height in 0..proof.len() {
            let mut altered = proof.clone();
            altered[height] = flip(altered[height]);
            prop_assert!(!verifies(count, index, leaf(place), &altered), "height {}", height);
            prop_assert!(!verifies(count, index ^ (1 << height), leaf(place), &proof));
        }
        let longer = [proof.as_slice(), &[B256::ZERO]].concat();
        prop_assert!(!verifies(count, index, leaf(place), &longer));
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(!verifies(count, index, leaf(place), shorter));
        }
    }
}

/// The siblings of a multiproof by definition: the proofs of the single leaves, without what follows
/// from the other leaves and from the count.
fn naive_multiproof(tree: &MerkleTree, indices: &[u32]) -> Vec<B256> {
    let mut siblings = Vec::new();
    for height in 0..DEPTH {
        let path: Vec<u32> = indices.iter().map(|index| index >> height).collect();
        let mut seen = None;
        for (position, index) in path.iter().zip(indices) {
            let sibling = position ^ 1;
            let last = (tree.len() - 1) >> height;
            if seen.replace(*position) == Some(*position)
                || path.contains(&sibling)
                || sibling > last
            {
                continue;
            }
            siblings.push(tree.proof(*index).unwrap().0[height]);
        }
    }
    siblings
}

#[test]
fn a_multiproof_of_all_leaves_is_empty() {
    for count in 1..20 {
        let tree = MerkleTree::from_leaves(leaves(count)).unwrap();
        let all: Vec<u32> = (0..tree.len()).collect();
        let proof = tree.multiproof(&all).unwrap();
        assert!(proof.is_empty());
        let leaves: Vec<_> = all.iter().copied().zip(leaves(count)).collect();
        assert_eq!(
            multiproof_root(tree.len(), &leaves, &proof),
            Ok(tree.root())
        );
    }
}

#[test]
fn multiproofs_refuse_what_proves_nothing() {
    use MultiproofError::*;
    let tree = MerkleTree::from_leaves(leaves(5)).unwrap();
    assert_eq!(tree.multiproof(&[]), Err(Empty));
    assert_eq!(
        tree.multiproof(&[5]),
        Err(OutOfRange { index: 5, count: 5 })
    );
    let twice = NotAscending {
        previous: 1,
        index: 1,
    };
    assert_eq!(tree.multiproof(&[1, 1]), Err(twice));
    let proof = tree.multiproof(&[4]).unwrap();
    // Its siblings right of it are empty at heights 0 and 1; the first four leaves are the third.
    assert_eq!(proof, [tree.node(2, 0).unwrap()]);
    let leaves = [(4, leaf(4))];
    assert_eq!(multiproof_root(5, &leaves, &proof), Ok(tree.root()));
    let missing = SiblingMissing { given: 0 };
    assert_eq!(multiproof_root(5, &leaves, &[]), Err(missing));
    let longer = [proof[0], B256::ZERO];
    let left = SiblingsLeftOver { left: 1 };
    assert_eq!(multiproof_root(5, &leaves, &longer), Err(left));
    assert_eq!(multiproof_root(5, &[], &[]), Err(Empty));
    let beyond = OutOfRange { index: 4, count: 4 };
    assert_eq!(multiproof_root(4, &leaves, &proof), Err(beyond));
}

proptest! {
    #[test]
    fn a_multiproof_proves_its_leaves_and_no_others(
        count in 1_usize..80,
        picks in proptest::collection::vec(any::<proptest::sample::Index>(), 1..12),
        other in arbitrary_leaf(),
        which in any::<proptest::sample::Index>(),
    ) {
        let tree = MerkleTree::from_leaves(leaves(count)).unwrap();
        let indices: alloc::collections::BTreeSet<u32> = picks
            .iter()
            .map(|pick| u32::try_from(pick.index(count)).unwrap())
            .collect();
        let indices: Vec<u32> = indices.into_iter().collect();
        let proof = tree.multiproof(&indices).unwrap();
        prop_assert_eq!(&proof, &naive_multiproof(&tree, &indices));
        let mut proven: Vec<_> = indices.iter().map(|index| (*index, leaf(*index as usize))).collect();
        prop_assert_eq!(multiproof_root(tree.len(), &proven, &proof), Ok(tree.root()));

        let changed = which.index(proven.len());
        prop_assume!(proven[changed].1 != other);
        proven[changed].1 = other;
        let root = multiproof_root(tree.len(), &proven, &proof).unwrap();
        prop_assert_ne!(root, tree.root());
    }
}

#[test]
fn updates_that_change_nothing_keep_the_root() {
    let mut tree = MerkleTree::new();
    assert_eq!(
        tree.update_each(&[&[], &[]], &mut OneThread),
        Ok(Vec::from([tree.root(); 2]))
    );
    assert_eq!(tree, MerkleTree::new());
    let first = [(0, leaf(0))];
    let roots = tree
        .update_each(&[&[], &first, &[]], &mut OneThread)
        .unwrap();
    assert_eq!(roots, [empty(32), tree.root(), tree.root()]);
    assert_eq!(tree.root(), naive(&leaves(1), 32));
}

proptest! {
    #[test]
    fn many_updates_at_once_are_the_same_one_by_one(
        start in 0_usize..40,
        rounds in proptest::collection::vec(
            proptest::collection::btree_map(0_u32..60, arbitrary_leaf(), 0..10),
            0..8,
        ),
    ) {
        let mut one_by_one = MerkleTree::from_leaves(leaves(start)).unwrap();
        let mut at_once = one_by_one.clone();
        let mut updates = Vec::new();
        let mut roots = Vec::new();
        for round in rounds {
            // What is past the end is appended without a gap.
            let mut next = one_by_one.len();
            let update: Vec<_> = round
                .into_iter()
                .map(|(index, leaf)| {
                    let index = index.min(next);
                    next = next.max(index + 1);
                    (index, leaf)
                })
                .collect();
            one_by_one.update(&update).unwrap();
            roots.push(one_by_one.root());
            updates.push(update);
        }
        let updates: Vec<_> = updates.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(at_once.update_each(&updates, &mut OneThread), Ok(roots));
        prop_assert_eq!(at_once, one_by_one);
    }
}
