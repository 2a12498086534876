//! Which revert on L1 the chain has to follow, and when: a state machine without I/O.
//!
//! A revert is followed when it is as deep as a message must be to be consumed: what is rolled back for one that L1 then takes
//! back was rolled back for nothing, and a batcher would post on the wrong side of it. Several that wait are followed as one, since each
//! only goes back further or not.

use std::time::Duration;

use alloy_primitives::B256;
use spillway_l1::events::{Finality, Markers};
use spillway_sequencer::forks::{Fork, Forks};

use super::standing::Last;

/// A second revert so soon after the chain went on from the first is left to the operator: posting the same again would
/// burn one bond after the other.
const SOON: Duration = Duration::from_secs(3_600);

/// The last block of L1 that is deep enough. Depth counts from what was read, which is one chain, and not from what a node
/// last said of its head, which may be another.
pub(super) fn deep(finality: Finality, tip: u64, markers: Option<Markers>) -> Option<u64> {
    match finality {
        Finality::Depth(depth) => tip.checked_sub(depth),
        Finality::Safe | Finality::Finalized => markers?.final_block(finality),
    }
}

/// A revert as L1 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Revert {
    /// Reverts up to and with this one.
    pub(super) fork_id: u64,
    /// The first batch that fell.
    pub(super) batch: u64,
    /// Where it left the chain.
    pub(super) last: Last,
    /// The L1 block, and its time in seconds.
    pub(super) l1_block: u64,
    pub(super) at: u64,
}

/// What is to be done about the reverts that the chain has not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing, or nothing yet.
    Wait,
    /// Follow it.
    Follow(Fork),
    /// Let the operator decide.
    Ask(Fork),
    /// The chain is not the one that stands on L1.
    Foreign(Revert),
    /// L1 has fewer reverts than the chain has followed.
    Undone {
        /// So many.
        on_l1: u64,
    },
}

/// Decides, at L1's head. `allowed` is the fork that the operator lets pass however soon it comes.
pub(super) fn judge(
    reverts: &[Revert],
    followed: &Forks,
    deep: Option<u64>,
    allowed: Option<u64>,
) -> Verdict {
    let on_l1 = reverts.last().map_or(0, |revert| revert.fork_id);
    if on_l1 < followed.id() {
        return Verdict::Undone { on_l1 };
    }
    let new = || {
        let reverts = reverts.iter();
        reverts.filter(|revert| revert.fork_id > followed.id())
    };
    let is_deep = |revert: &Revert| deep.is_some_and(|deep| revert.l1_block <= deep);
    let (Some(newest), true) = (new().next_back(), new().all(is_deep)) else {
        return Verdict::Wait;
    };
    let mut furthest = (*newest, (u64::MAX, B256::ZERO));
    for revert in new() {
        let Some(last) = revert.last.ours() else {
            return Verdict::Foreign(*revert);
        };
        if last.0 < furthest.1.0 {
            furthest = (*revert, last);
        }
    }
    let (furthest, last) = furthest;
    let fork = fork_of(newest, furthest.batch, last);
    let resumed = followed.last().and_then(|last| last.resumed_at);
    let is_soon =
        resumed.is_some_and(|resumed| fork.reverted_at < resumed.saturating_add(SOON.as_secs()));
    if is_soon && allowed != Some(fork.id) {
        return Verdict::Ask(fork);
    }
    Verdict::Follow(fork)
}

/// The same for a replica, which follows as its sequencer did: one after the other, each as soon as the block is held that the
/// revert went back to. One that a later revert went behind has left nothing, and is passed over.
pub(super) fn judge_replica(reverts: &[Revert], followed: &Forks, deep: Option<u64>) -> Verdict {
    let on_l1 = reverts.last().map_or(0, |revert| revert.fork_id);
    if on_l1 < followed.id() {
        return Verdict::Undone { on_l1 };
    }
    let new = || reverts.iter().filter(|it| it.fork_id > followed.id());
    let leaves_something = |revert: &&Revert| {
        new()
            .filter(|later| later.fork_id > revert.fork_id)
            .all(|later| later.batch > revert.batch)
    };
    let next = new().find(leaves_something);
    let is_deep = |revert: &&Revert| deep.is_some_and(|deep| revert.l1_block <= deep);
    let Some(next) = next.filter(is_deep) else {
        return Verdict::Wait;
    };
    match next.last.ours() {
        Some(last) => Verdict::Follow(fork_of(next, next.batch, last)),
        None => Verdict::Wait,
    }
}

fn fork_of(revert: &Revert, batch: u64, (block, hash): (u64, B256)) -> Fork {
    Fork {
        id: revert.fork_id,
        batch,
        last_block: block,
        last_block_hash: hash,
        reverted_at: revert.at,
        resumed_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revert(fork_id: u64, block: u64, l1_block: u64) -> Revert {
        Revert {
            fork_id,
            batch: block / 10 + 1,
            last: Last::Ours {
                block,
                hash: B256::repeat_byte(block as u8),
            },
            l1_block,
            at: l1_block * 12,
        }
    }

    /// A chain that has followed these, and went on from the last at that time.
    fn followed(reverts: &[Revert], resumed_at: u64) -> Forks {
        let mut forks = Forks::default();
        for revert in reverts {
            let Verdict::Follow(fork) = judge(&[*revert], &Forks::default(), Some(u64::MAX), None)
            else {
                unreachable!()
            };
            assert!(forks.begin(fork));
            forks.finish(resumed_at);
        }
        forks
    }

    fn ordered(verdict: Verdict) -> (u64, u64, u64) {
        match verdict {
            Verdict::Follow(fork) => (fork.id, fork.batch, fork.last_block),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_revert_is_followed_when_it_is_deep() {
        let reverts = [revert(1, 30, 100)];
        for (deep, waits) in [(None, true), (Some(99), true), (Some(100), false)] {
            let verdict = judge(&reverts, &Forks::default(), deep, None);
            assert_eq!(verdict == Verdict::Wait, waits, "{deep:?}");
        }
        let verdict = judge(&reverts, &Forks::default(), Some(100), None);
        assert_eq!(ordered(verdict), (1, 4, 30));
        let followed = followed(&reverts, 1_300);
        assert_eq!(judge(&reverts, &followed, Some(999), None), Verdict::Wait);
    }

    #[test]
    fn several_are_followed_as_one_when_all_are_deep() {
        let reverts = [revert(1, 30, 100), revert(2, 20, 101), revert(3, 40, 102)];
        for deep in [100, 101] {
            let verdict = judge(&reverts, &Forks::default(), Some(deep), None);
            assert_eq!(verdict, Verdict::Wait);
        }
        let verdict = judge(&reverts, &Forks::default(), Some(102), None);
        assert_eq!(ordered(verdict), (3, 3, 20));
    }

    #[test]
    fn one_that_comes_soon_after_another_is_the_operators() {
        let reverts = [revert(1, 30, 100), revert(2, 30, 500)];
        for (resumed_at, asks) in [(500 * 12 - 3_600, false), (500 * 12 - 3_599, true)] {
            let followed = followed(&reverts[..1], resumed_at);
            let verdict = judge(&reverts, &followed, Some(500), None);
            assert_eq!(matches!(verdict, Verdict::Ask(fork) if fork.id == 2), asks);
            for (allowed, passes) in [(1, !asks), (2, true), (3, !asks)] {
                let verdict = judge(&reverts, &followed, Some(500), Some(allowed));
                assert_eq!(matches!(verdict, Verdict::Follow(_)), passes);
            }
        }
    }

    #[test]
    fn what_contradicts_the_chain_is_not_followed() {
        let foreign = Revert {
            last: Last::Unknown,
            ..revert(1, 30, 100)
        };
        let verdict = judge(&[foreign], &Forks::default(), Some(100), None);
        assert_eq!(verdict, Verdict::Foreign(foreign));
        let followed = followed(&[revert(1, 30, 100)], 0);
        let verdict = judge(&[], &followed, Some(100), None);
        assert_eq!(verdict, Verdict::Undone { on_l1: 0 });
    }

    #[test]
    fn a_replica_follows_one_after_the_other_when_it_holds_the_block() {
        let theirs = |revert: Revert| Revert {
            last: Last::Theirs {
                block: 30,
                hash: B256::ZERO,
            },
            ..revert
        };
        let (first, second) = (revert(1, 30, 100), revert(2, 50, 110));
        let none = Forks::default();
        let waits = judge_replica(&[theirs(first), second], &none, Some(999));
        assert_eq!(waits, Verdict::Wait, "block 30 is not held");
        let verdict = judge_replica(&[first, second], &none, Some(999));
        assert_eq!(ordered(verdict), (1, 4, 30));
        assert_eq!(judge_replica(&[first], &none, Some(99)), Verdict::Wait);
        let forks = followed(&[first], 0);
        let verdict = judge_replica(&[first, second], &forks, Some(999));
        assert_eq!(ordered(verdict), (2, 6, 50));
        // The second went back behind the first.
        let behind = revert(2, 20, 110);
        let verdict = judge_replica(&[first, behind], &none, Some(999));
        assert_eq!(ordered(verdict), (2, 3, 20));
        let forks = followed(&[first, second], 0);
        let wait = judge_replica(&[first, second], &forks, Some(999));
        assert_eq!(wait, Verdict::Wait);
        let verdict = judge_replica(&[first], &forks, Some(999));
        assert_eq!(verdict, Verdict::Undone { on_l1: 1 });
    }
}
