//! How soon the owner learns that somebody else has taken a nonce.

use super::world::{CONFIRMATIONS, Faults, World};
use super::{Kind, sidecar};

/// Blocks after the stranger's in which the owner is told.
const SOON: u64 = 4;

const NO_FAULTS: Faults = Faults {
    answer: 0.0,
    crash: 0.0,
    stranger: false,
    deep: false,
};

/// Blocks of which every so manyth is seen, until the owner is told.
fn blocks_until_told(kind: Kind, seen_of: u64) -> (World, u64) {
    let mut world = World::new(7, kind, NO_FAULTS, &sidecar());
    let id = world.lose_a_nonce();
    let mut blocks = 0;
    while !world.is_displaced(id) {
        assert!(blocks < 1_000, "the owner is never told");
        world.pass_blocks(seen_of);
        blocks += seen_of;
    }
    (world, blocks)
}

#[test]
fn a_lost_nonce_is_told_long_before_the_verdict() {
    for kind in [Kind::Ordinary, Kind::Blob] {
        let (mut world, mut blocks) = blocks_until_told(kind, 1);
        assert!((2..=SOON).contains(&blocks), "{blocks} blocks");
        while !world.has_usurped() {
            world.pass_blocks(1);
            blocks += 1;
        }
        assert!(blocks > CONFIRMATIONS, "a verdict after {blocks} blocks");
    }
}

/// Under load the head is asked for less often than there are blocks, and skipped blocks look like forks.
#[test]
fn a_lost_nonce_is_told_though_blocks_are_skipped() {
    for seen_of in [2, 3, 7] {
        let (_, blocks) = blocks_until_told(Kind::Ordinary, seen_of);
        assert!(
            blocks <= SOON * seen_of,
            "{blocks} blocks, {seen_of} at once"
        );
    }
}
