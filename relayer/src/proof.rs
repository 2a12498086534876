//! Proofs of withdrawals, held against a root that L1 has, and proofs of fewer of them made from those.
//!
//! L2 is asked once for all that a claim may pay. When some of them turn out not to be payable, the proof of the others
//! follows from what is here already.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use spillway_protocol::keccak::keccak256_parts;
use spillway_protocol::root::StatePreimage;
use spillway_protocol::tree::{DEPTH, Partner, ZERO_HASHES, partner};
use spillway_protocol::withdrawal::Withdrawal;

/// Withdrawals under a state root, as L2 proves them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawalProof {
    /// The preimage of the state root.
    pub state: StatePreimage,
    /// The withdrawals, by strictly ascending index.
    pub withdrawals: Vec<(u32, Withdrawal)>,
    /// The multiproof of their leaves.
    pub siblings: Vec<B256>,
}

/// Why a proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Another state.
    #[error(
        "the batch on L1 ends with the state {expected}, and this ledger with {found}: it is the ledger of another chain, or \
         the batch is wrong"
    )]
    State {
        /// The root on L1.
        expected: B256,
        /// The root of the preimage.
        found: B256,
    },
    /// Not the withdrawals that were asked for.
    #[error("the proof is not of the withdrawals that were asked for")]
    Withdrawals,
    /// The siblings lead to another root, or their number is wrong.
    #[error("the proof does not lead to the root of the withdrawals")]
    Siblings,
}

/// Withdrawals that are under a state root, with every node that a proof of any of them takes.
#[derive(Clone, Debug)]
pub(crate) struct Proven {
    state: StatePreimage,
    withdrawals: BTreeMap<u32, Withdrawal>,
    /// By height and position.
    nodes: BTreeMap<(usize, u32), B256>,
}

impl Proven {
    /// Holds a proof of these withdrawals against the state root of a batch.
    pub(crate) fn check(
        proof: WithdrawalProof,
        indices: &[u32],
        state_root: B256,
    ) -> Result<Self, ProofError> {
        let found = proof.state.root();
        if found != state_root {
            let expected = state_root;
            return Err(ProofError::State { expected, found });
        }
        let count = proof.state.counters.withdrawal_count;
        let is_asked = indices.iter().eq(proof.withdrawals.iter().map(|(i, _)| i));
        let is_ascending = indices.is_sorted_by(|a, b| a < b);
        if !is_asked || !is_ascending || indices.last().is_none_or(|last| *last >= count) {
            return Err(ProofError::Withdrawals);
        }
        let leaves = proof.withdrawals.iter();
        let leaves = leaves.map(|(index, withdrawal)| (*index, withdrawal.leaf(*index)));
        let nodes = nodes(leaves.collect(), count, &proof.siblings).ok_or(ProofError::Siblings)?;
        if nodes.get(&(DEPTH, 0)) != Some(&proof.state.withdrawals_root) {
            return Err(ProofError::Siblings);
        }
        Ok(Self {
            state: proof.state,
            withdrawals: proof.withdrawals.into_iter().collect(),
            nodes,
        })
    }

    /// The preimage of the state root.
    pub(crate) const fn state(&self) -> &StatePreimage {
        &self.state
    }

    /// Those of the withdrawals, and the siblings that prove them. Indices ascend strictly and are among the proven ones.
    pub(crate) fn of(&self, indices: &[u32]) -> (Vec<(u32, Withdrawal)>, Vec<B256>) {
        let withdrawals = indices.iter();
        let withdrawals =
            withdrawals.filter_map(|index| Some((*index, *self.withdrawals.get(index)?)));
        let mut positions = indices.to_vec();
        let mut last = self.state.counters.withdrawal_count.saturating_sub(1);
        let mut siblings = Vec::new();
        for height in 0..DEPTH {
            let mut above = Vec::with_capacity(positions.len());
            let mut rest = positions.iter().copied().peekable();
            while let Some(position) = rest.next() {
                match partner(position, rest.peek().copied(), last) {
                    Partner::Next => _ = rest.next(),
                    Partner::EmptySubtree => {}
                    Partner::Given => siblings.extend(self.nodes.get(&(height, position ^ 1))),
                }
                above.push(position >> 1);
            }
            positions = above;
            last >>= 1;
        }
        (withdrawals.collect(), siblings)
    }
}

/// All nodes that a multiproof gives or leads to, the root among them. None if its length is wrong.
fn nodes(
    leaves: Vec<(u32, B256)>,
    count: u32,
    siblings: &[B256],
) -> Option<BTreeMap<(usize, u32), B256>> {
    let mut known = BTreeMap::new();
    let mut level = leaves;
    let mut given = siblings.iter();
    let mut last = count.saturating_sub(1);
    for (height, zero) in ZERO_HASHES.iter().take(DEPTH).enumerate() {
        let mut above = Vec::with_capacity(level.len());
        let mut rest = level.into_iter().peekable();
        while let Some((position, node)) = rest.next() {
            let next = rest.peek().map(|(next, _)| *next);
            let sibling = match partner(position, next, last) {
                Partner::Next => rest.next()?.1,
                Partner::EmptySubtree => *zero,
                Partner::Given => *given.next()?,
            };
            known.insert((height, position), node);
            known.insert((height, position ^ 1), sibling);
            let (left, right) = match position & 1 {
                0 => (node, sibling),
                _ => (sibling, node),
            };
            let parent = keccak256_parts(&[left.as_slice(), right.as_slice()]);
            above.push((position >> 1, parent));
        }
        level = above;
        last >>= 1;
    }
    known.extend(level.first().map(|(_, root)| ((DEPTH, 0), *root)));
    given.next().is_none().then_some(known)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;
    use proptest::prelude::*;
    use spillway_protocol::state::Counters;
    use spillway_protocol::tree::MerkleTree;

    use super::*;

    fn withdrawal(index: u32) -> Withdrawal {
        Withdrawal {
            account: Address::left_padding_from(&index.to_be_bytes()),
            recipient: Address::repeat_byte(2),
            token: 0,
            amount: 1 + u128::from(index),
        }
    }

    fn tree(count: u32) -> MerkleTree {
        MerkleTree::from_leaves((0..count).map(|index| withdrawal(index).leaf(index))).unwrap()
    }

    fn proof(tree: &MerkleTree, indices: &[u32]) -> WithdrawalProof {
        WithdrawalProof {
            state: StatePreimage {
                accounts_root: B256::repeat_byte(1),
                withdrawals_root: tree.root(),
                account_count: 3,
                counters: Counters {
                    withdrawal_count: tree.len(),
                    ..Counters::default()
                },
            },
            withdrawals: indices.iter().map(|i| (*i, withdrawal(*i))).collect(),
            siblings: tree.multiproof(indices).unwrap(),
        }
    }

    proptest! {
        /// Whatever is left of a proof is the proof that the whole tree gives of it.
        #[test]
        fn a_proof_of_fewer_follows(count in 1u32..200, picks in prop::collection::btree_map(0u32..200, any::<bool>(), 1..40)) {
            let all: Vec<u32> = picks.keys().copied().filter(|index| *index < count).collect();
            prop_assume!(!all.is_empty());
            let kept = |index: &u32| picks[index];
            let few: Vec<u32> = all.iter().copied().filter(kept).collect();
            let tree = tree(count);
            let proof = proof(&tree, &all);
            let proven = Proven::check(proof.clone(), &all, proof.state.root()).unwrap();
            prop_assert_eq!(proven.of(&all), (proof.withdrawals, proof.siblings));
            if !few.is_empty() {
                let (withdrawals, siblings) = proven.of(&few);
                prop_assert!(withdrawals.iter().map(|(index, _)| index).eq(&few));
                prop_assert_eq!(siblings, tree.multiproof(&few).unwrap());
            }
        }
    }

    #[test]
    fn what_is_not_under_the_root_is_refused() {
        let tree = tree(9);
        let good = proof(&tree, &[2, 5]);
        let root = good.state.root();
        let changed = |change: fn(&mut WithdrawalProof)| {
            let mut proof = good.clone();
            change(&mut proof);
            proof
        };
        let table = [
            (good.clone(), None),
            (
                changed(|p| p.withdrawals[0].1.amount += 1),
                Some(ProofError::Siblings),
            ),
            (
                changed(|p| p.siblings[0] = B256::ZERO),
                Some(ProofError::Siblings),
            ),
            (
                changed(|p| p.siblings.truncate(0)),
                Some(ProofError::Siblings),
            ),
            (
                changed(|p| p.siblings.push(B256::ZERO)),
                Some(ProofError::Siblings),
            ),
            (
                changed(|p| p.withdrawals.truncate(1)),
                Some(ProofError::Withdrawals),
            ),
            (
                changed(|p| p.withdrawals.swap(0, 1)),
                Some(ProofError::Withdrawals),
            ),
        ];
        for (proof, expected) in table {
            assert_eq!(Proven::check(proof, &[2, 5], root).err(), expected);
        }
        let other = Proven::check(good.clone(), &[2, 5], B256::ZERO);
        assert!(matches!(other, Err(ProofError::State { .. })));
        let beyond = WithdrawalProof {
            withdrawals: vec![(9, withdrawal(9))],
            ..good
        };
        assert_eq!(
            Proven::check(beyond, &[9], root).err(),
            Some(ProofError::Withdrawals)
        );
    }
}
