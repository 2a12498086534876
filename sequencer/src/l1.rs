//! How far L1 has this chain, as the node's follower of L1 reports it.

use alloy_primitives::B256;
use serde::Serialize;

/// How far L1 has this chain: numbers of L2 blocks, 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct L1Progress {
    /// The newest block in a batch on L1's head whose header agrees with ours. May go down, when L1
    /// drops blocks.
    pub posted: u64,
    /// The state root after that block, as the batch claims it; `None` without a batch.
    pub posted_state_root: Option<B256>,
    /// The newest block in a batch that is in a finalised L1 block.
    pub l1_final: u64,
    /// The newest block in a batch that the contract calls final: its withdrawals can be claimed.
    pub withdrawable: u64,
}

impl L1Progress {
    /// The part of it that can be shown when the newest durable block is `newest`. What is final must also be
    /// posted, so that `finalized` is never above `safe`, nor `safe` above `latest`.
    pub(crate) fn shown_at(self, newest: u64) -> Self {
        let posted = self.posted.min(newest);
        Self {
            posted,
            posted_state_root: self.posted_state_root.filter(|_| posted == self.posted),
            l1_final: self.l1_final.min(posted),
            withdrawable: self.withdrawable.min(posted),
        }
    }

    /// What the tags mean; without a verifier, what was posted is safe.
    pub(crate) fn tagged(&self, verified: Option<Verified>) -> Tagged {
        let safe = verified.map_or(u64::MAX, |verified| verified.safe);
        let safe = self.posted.min(safe);
        Tagged {
            safe,
            finalized: self.l1_final.min(safe),
        }
    }

    /// The highest rung that a durable block has reached.
    pub(crate) const fn rung(&self, block: u64) -> Rung {
        if block <= self.withdrawable {
            Rung::Withdrawable
        } else if block <= self.l1_final {
            Rung::L1Final
        } else if block <= self.posted {
            Rung::Posted
        } else {
            Rung::Durable
        }
    }
}

/// How far the node's verifier is: numbers of L2 blocks, 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The newest block in a batch that was derived from L1, replayed, and is right.
    pub replayed: u64,
    /// The newest one of them of which, and of all before it, every signed transaction is held.
    pub safe: u64,
}

/// The blocks that the tags `safe` and `finalized` mean; 0 for genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The newest block in a batch on L1 that was replayed, and of which every signed transaction is held.
    pub safe: u64,
    /// The newest one of them in a batch in a finalised L1 block.
    pub finalized: u64,
}

/// How final a transaction is, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rung {
    /// In memory only: it waits for earlier nonces, or for its block to be on disk.
    Queued,
    /// In a block on the sequencer's disk.
    Durable,
    /// In a batch on L1.
    Posted,
    /// In a batch in a finalised L1 block.
    L1Final,
    /// In a batch that the contract calls final.
    Withdrawable,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(posted: u64, l1_final: u64, withdrawable: u64) -> L1Progress {
        L1Progress {
            posted,
            posted_state_root: None,
            l1_final,
            withdrawable,
        }
    }

    #[test]
    fn a_root_is_shown_with_its_block_alone() {
        let root = Some(B256::repeat_byte(1));
        let told = L1Progress {
            posted_state_root: root,
            ..progress(7, 0, 0)
        };
        assert_eq!(told.shown_at(7).posted_state_root, root);
        assert_eq!(told.shown_at(6).posted_state_root, None);
    }

    #[test]
    fn what_is_shown_is_durable_and_what_is_final_is_posted() {
        for (told, newest, want) in [
            (progress(0, 0, 0), 9, progress(0, 0, 0)),
            (progress(7, 5, 3), 9, progress(7, 5, 3)),
            (progress(7, 3, 5), 9, progress(7, 3, 5)),
            (progress(7, 5, 3), 4, progress(4, 4, 3)),
            (progress(4, 5, 5), 9, progress(4, 4, 4)),
            (progress(u64::MAX, u64::MAX, 1), 0, progress(0, 0, 0)),
        ] {
            assert_eq!(told.shown_at(newest), want, "{told:?} at {newest}");
        }
    }

    #[test]
    fn what_is_not_verified_is_neither_safe_nor_finalized() {
        for (verified, want) in [
            (None, (7, 5)),
            (Some(0), (0, 0)),
            (Some(4), (4, 4)),
            (Some(6), (6, 5)),
            (Some(9), (7, 5)),
        ] {
            let verified = verified.map(|safe| Verified { replayed: 9, safe });
            let tagged = progress(7, 5, 3).tagged(verified);
            assert_eq!((tagged.safe, tagged.finalized), want, "{verified:?}");
        }
    }

    #[test]
    fn a_block_is_on_the_highest_rung_that_it_has_reached() {
        let progress = progress(7, 5, 3);
        for (block, want) in [
            (1, Rung::Withdrawable),
            (3, Rung::Withdrawable),
            (4, Rung::L1Final),
            (5, Rung::L1Final),
            (6, Rung::Posted),
            (7, Rung::Posted),
            (8, Rung::Durable),
        ] {
            assert_eq!(progress.rung(block), want, "block {block}");
        }
    }
}
