//! A seeded run of everything that can happen, and an account of every move at its end.

use std::path::Path;

use alloy_provider::Provider;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_devnet::chain::Dropped;
use spillway_relayer::pools::{Asset, Pool};
use tempfile::TempDir;

use super::l1::{COLD, ETHER, GWEI, HOT, L1, OPERATING, OUTSIDE, account};
use super::running::{CONFIRMATIONS, FEES, PATIENCE, Running, Tuning};
use super::{BLOCK_TIME, seed};

/// Operations of a run: SPILLWAY_OPERATIONS, or few enough for every day.
fn operations() -> usize {
    let given = std::env::var("SPILLWAY_OPERATIONS").ok();
    given.map_or(60, |operations| operations.parse().expect("a number"))
}

struct Run<'r> {
    rng: StdRng,
    l1: &'r L1,
    dir: &'r Path,
    tuning: Tuning,
    running: Running,
    spent: u64,
}

impl Run<'_> {
    async fn step(&mut self) {
        let controls = self.l1.devnet.controls();
        let wei = self.rng.random_range(ETHER..25 * ETHER);
        match self.rng.random_range(0..100) {
            0..20 => self.l1.pay(OUTSIDE, HOT, wei).await,
            20..40 => {
                self.spent += 1;
                self.running.spend(self.spent, wei.min(8 * ETHER)).await;
            }
            40..48 => self.claim().await,
            48..52 => self.l1.pay(OUTSIDE, COLD, wei).await,
            52..60 => {
                let wei = self.rng.random_range(GWEI / 2..60 * GWEI);
                self.l1.set_base_fee(wei);
            }
            60..68 => {
                let depth = self.rng.random_range(1..CONFIRMATIONS);
                controls.reorg(depth as usize, Dropped::Lost).unwrap();
                controls.mine(1).unwrap();
            }
            68..88 => {
                let blocks = self.rng.random_range(1..6);
                self.running.for_blocks(blocks).await;
            }
            _ => {
                let tuning = self.tuning.clone();
                self.running.restart(self.l1, self.dir, &tuning).await;
            }
        }
        // It goes on only when it is read.
        self.running.drain();
    }

    /// Operating pays for something.
    async fn claim(&mut self) {
        let has = self.l1.ether_of(Pool::Operating).await;
        let wei = self.rng.random_range(0..ETHER);
        if has > wei + ETHER / 2 {
            self.l1.pay(OPERATING, OUTSIDE, wei).await;
        }
    }

    async fn settle(&mut self) {
        self.l1.set_base_fee(GWEI);
        self.l1.pay(OUTSIDE, COLD, 500 * ETHER).await;
        self.l1.pay(OUTSIDE, HOT, 50 * ETHER).await;
        // Past every wait after a failure.
        self.l1.devnet.controls().warp(self.tuning.pools.retry_max);
        self.running.for_blocks(4 * CONFIRMATIONS).await;
        self.running
            .until(|status| {
                let head = |pool| status.balances[&(Asset::Eth, pool)].settled();
                let hot = (10 * ETHER..=40 * ETHER + FEES).contains(&head(Pool::Hot));
                let calm = status.moves.is_empty() && status.waiting.is_empty();
                hot && head(Pool::Operating) >= ETHER && calm
            })
            .await;
    }

    /// What the chain holds is what was decided, each once.
    async fn account(&self) {
        let moves = self.running.moves().await;
        let mut decided: Vec<_> = moves
            .iter()
            .map(|made| (made.route.from, made.route.to, made.amount))
            .collect();
        decided.sort_unstable();
        assert_eq!(self.l1.ether_moves().await, decided);
        assert!(!decided.is_empty());
        let sent = tokio::time::timeout(PATIENCE, self.until_nothing_is_pending());
        sent.await
            .expect("what is left in the pool gets into a block");
    }

    /// What a pool pays others may still be on its way.
    async fn until_nothing_is_pending(&self) {
        let provider = self.l1.provider();
        for pool in [Pool::Hot, Pool::Cold] {
            while {
                let pending = provider.get_transaction_count(account(pool)).pending();
                pending.await.unwrap() != self.l1.sent_by(pool).await
            } {
                tokio::time::sleep(BLOCK_TIME).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_move_takes_effect_once_whatever_happens() {
    let rng = StdRng::seed_from_u64(seed());
    let l1 = L1::start([20, 100, 2], BLOCK_TIME).await;
    let (dir, tuning) = (TempDir::new().unwrap(), Tuning::new());
    let running = Running::start(&l1, dir.path(), &tuning).await;
    let (l1, dir, spent) = (&l1, dir.path(), 0);
    let mut run = Run {
        rng,
        l1,
        dir,
        tuning,
        running,
        spent,
    };
    for _ in 0..operations() {
        run.step().await;
    }
    run.settle().await;
    run.account().await;
    run.running.kill().await;
}
