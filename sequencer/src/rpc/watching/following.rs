//! Goes through the blocks as they become durable, and marks who has to look.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use tokio::sync::watch;
use tokio::time::sleep;

use super::super::block_methods::read_failed;
use super::marks::Registry;
use crate::block::Block;
use crate::view::{ReadError, View};

/// Blocks that are looked through for who has to look; if there are more, everybody has to.
const BLOCKS_BEHIND_MAX: u64 = 256;

/// Marking that takes so long rests for so many times as long. Patches cover more blocks then.
const MARKING_UNNOTICED: Duration = Duration::from_millis(1);
const MARKING_REST: u32 = 3;
const MARKING_REST_MAX: Duration = Duration::from_millis(500);

/// Where it has got to.
#[derive(Debug)]
pub(super) struct Follower {
    view: View,
    registry: Arc<Registry>,
    newest: watch::Receiver<u64>,
    seen: u64,
}

impl Follower {
    /// Misses nothing of what happens from now on, whenever it runs.
    pub(super) fn new(view: View, registry: Arc<Registry>) -> Self {
        let mut newest = view.newest();
        let seen = *newest.borrow_and_update();
        Self {
            view,
            registry,
            newest,
            seen,
        }
    }

    /// Runs until there are no more blocks.
    pub(super) async fn run(mut self) {
        while self.newest.changed().await.is_ok() {
            let last = *self.newest.borrow_and_update();
            let took = self.advance(last).await;
            self.seen = last;
            if let Some(rest) = rest(took) {
                sleep(rest).await;
            }
        }
    }

    /// Goes through the blocks up to that one, and says how long that took.
    async fn advance(&self, last: u64) -> Duration {
        if self.registry.is_empty() {
            // Who begins to follow in between sees a ledger that is at least as new.
            self.registry.mark(last, []);
            return Duration::ZERO;
        }
        let (view, registry) = (self.view.clone(), Arc::clone(&self.registry));
        let blocks = self.seen + 1..=last;
        let is_far = last.saturating_sub(self.seen) > BLOCKS_BEHIND_MAX;
        self.marked(last, move || match is_far {
            true => registry.mark_all(last),
            false => blocks.for_each(|number| mark(&view, &registry, number)),
        })
        .await
    }

    /// Marks beside the runtime. If that fails, everybody has to look.
    async fn marked(&self, last: u64, marking: impl FnOnce() + Send + 'static) -> Duration {
        let began = Instant::now();
        if let Err(reason) = tokio::task::spawn_blocking(marking).await {
            tracing::error!(%reason, "what blocks have changed is not known: all who follow accounts are told all");
            self.registry.mark_all(last);
        }
        began.elapsed()
    }
}

/// Where thousands follow what every block changes, the core is for others most of the time.
fn rest(took: Duration) -> Option<Duration> {
    (took >= MARKING_UNNOTICED).then(|| (took * MARKING_REST).min(MARKING_REST_MAX))
}

/// Marks who follows an account that the block has changed: everybody, if it cannot be read.
fn mark(view: &View, registry: &Registry, number: u64) {
    let block = view.block(number);
    let changed = block.and_then(|block| block.map(|block| changed_by(view, &block)).transpose());
    match changed {
        Ok(Some(changed)) => registry.mark(number, &changed),
        Ok(None) => registry.mark_all(number),
        Err(reason) => {
            read_failed(&reason);
            registry.mark_all(number);
        }
    }
}

/// The accounts that a block has changed, each once.
fn changed_by(view: &View, block: &Block) -> Result<HashSet<Address>, ReadError> {
    let mut changed = HashSet::new();
    // Every transaction pays it.
    if !block.body.transactions.is_empty() {
        changed.insert(view.genesis().fee_account);
    }
    view.visit_effects(block, |_, effect| changed.extend(effect.parties()))?;
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::tests::world::{SIGNERS, TOKENS, World, account, seed};

    /// A follower of a chain, and who follows accounts 1 and 2.
    struct Followed {
        world: World,
        follower: Follower,
        registry: Arc<Registry>,
    }

    impl Followed {
        async fn new(dir: &tempfile::TempDir) -> Self {
            let world = World::new(World::config(dir), seed()).await;
            let registry = Arc::new(Registry::new(100));
            let follower = Follower::new(world.sequencer.view(), Arc::clone(&registry));
            Self {
                world,
                follower,
                registry,
            }
        }

        /// What the blocks after that one have changed.
        fn changed_after(&self, block: u64) -> Vec<HashSet<Address>> {
            let view = self.world.sequencer.view();
            let numbers = block + 1..=view.block_number();
            numbers
                .map(|number| changed_by(&view, &view.block(number).unwrap().unwrap()).unwrap())
                .collect()
        }
    }

    fn both() -> Vec<Address> {
        vec![account(1), account(2)]
    }

    #[tokio::test]
    async fn a_block_changes_its_parties_and_who_gets_the_fees() {
        let dir = tempfile::tempdir().unwrap();
        let mut followed = Followed::new(&dir).await;
        let view = followed.world.sequencer.view();
        let fees = view.genesis().fee_account;

        let before = view.block_number();
        let world = &mut followed.world;
        let to = account(SIGNERS + 3);
        let transfers = [1, 2, 3].map(|amount| world.transfer(1, to, TOKENS[0], amount, b""));
        world.send(transfers.to_vec()).await;
        let changed = followed.changed_after(before);
        let expected = HashSet::from([account(1), to, fees]);
        assert!(
            changed.iter().all(|block| *block == expected),
            "{changed:?}"
        );

        let before = view.block_number();
        followed.world.deposit(2, 1, 5).await;
        assert_eq!(
            followed.changed_after(before),
            [HashSet::from([account(2)])],
            "a deposit pays no fee"
        );
    }

    #[tokio::test]
    async fn nothing_is_missed_before_it_runs() {
        let dir = tempfile::tempdir().unwrap();
        let mut followed = Followed::new(&dir).await;
        let place = followed.registry.watch(both()).unwrap();
        let before = followed.follower.seen;
        followed.world.deposit(1, 0, 5).await;
        let running = tokio::spawn(followed.follower.run());
        place.changed_after(before).await;
        assert_eq!(place.take_changed_after(before).0, [account(1)]);
        running.abort();
    }

    #[tokio::test]
    async fn a_block_that_is_not_there_may_have_changed_all() {
        let dir = tempfile::tempdir().unwrap();
        let followed = Followed::new(&dir).await;
        let place = followed.registry.watch(both()).unwrap();
        let view = followed.world.sequencer.view();
        let number = view.block_number() + 5;
        mark(&view, &followed.registry, number);
        assert_eq!(place.take_changed_after(number - 1), (both(), number));
    }

    #[tokio::test]
    async fn a_panic_ends_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let followed = Followed::new(&dir).await;
        let place = followed.registry.watch(both()).unwrap();
        let panics = || panic!("on purpose");
        followed.follower.marked(7, panics).await;
        assert_eq!(place.take_changed_after(6), (both(), 7));
    }

    #[tokio::test]
    async fn who_is_far_behind_does_not_look_through_the_blocks() {
        let dir = tempfile::tempdir().unwrap();
        let followed = Followed::new(&dir).await;
        let place = followed.registry.watch(both()).unwrap();
        let seen = followed.follower.seen;
        let last = seen + BLOCKS_BEHIND_MAX + 1;
        followed.follower.advance(last).await;
        assert_eq!(place.take_changed_after(seen), (both(), last));
    }

    #[test]
    fn marking_that_is_noticed_rests() {
        let ms = Duration::from_millis;
        for (took, rests) in [(1, 3), (100, 300), (166, 498), (1_000, 500)] {
            assert_eq!(rest(ms(took)), Some(ms(rests)));
        }
        for took in [Duration::ZERO, Duration::from_micros(999)] {
            assert_eq!(rest(took), None);
        }
    }
}
