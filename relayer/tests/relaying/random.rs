//! A seeded run of everything that can happen, and an account of every wei at its end.

use std::collections::BTreeMap;
use std::path::Path;

use alloy_primitives::{Address, Bytes};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_devnet::chain::Dropped;
use tempfile::TempDir;

use super::faults::REFUSES;
use super::forks::seed;
use super::l1::{ETHER, GWEI, L1, USER};
use super::l2::{Town, recipient};
use super::running::{Running, Tuning};
use super::{BLOCK_TIME, expect_paid_once};

/// Recipients; the first few have code that sometimes refuses.
const RECIPIENTS: u32 = 12;
const FICKLE: u32 = 3;
/// The deepest fork, in blocks: less than what is final.
const FORK_MAX: usize = 12;

/// Operations of a run: SPILLWAY_OPERATIONS, or few enough for every day.
fn operations() -> usize {
    let given = std::env::var("SPILLWAY_OPERATIONS").ok();
    given.map_or(60, |operations| operations.parse().expect("a number"))
}

struct Run<'r> {
    rng: StdRng,
    l1: &'r L1,
    town: Town,
    dir: &'r Path,
    running: Running,
    /// What each withdrawal is, and to whom.
    owed: Vec<(Address, u128)>,
}

impl Run<'_> {
    async fn step(&mut self) {
        let controls = self.l1.devnet.controls();
        match self.rng.random_range(0..100) {
            0..30 => self.withdraw(),
            30..45 => self.l1.post(&self.town).await,
            45..60 => self.l1.pass_window(),
            60..70 => self.claim_as_user().await,
            70..78 => {
                let fickle = recipient(self.rng.random_range(0..FICKLE));
                let code = if self.rng.random() { REFUSES } else { &[] };
                controls.set_code(fickle, Bytes::from_static(code)).unwrap();
            }
            78..84 => {
                let wei = self.rng.random_range(GWEI / 2..20 * GWEI);
                self.l1.set_base_fee(wei);
            }
            84..90 => {
                let depth = self.rng.random_range(1..=FORK_MAX);
                controls.reorg(depth, Dropped::Lost).unwrap();
                controls.mine(1).unwrap();
            }
            90..94 => controls.warp(3_600),
            94..97 => {
                let head = controls.mine(1).unwrap().header.number;
                self.running.until(|status| status.l1_block > head).await;
            }
            _ => self.running.restart(self.l1, &self.town, self.dir).await,
        }
        // It goes on only when it is read.
        self.running.drain();
    }

    fn withdraw(&mut self) {
        for _ in 0..self.rng.random_range(1..5) {
            let to = recipient(self.rng.random_range(0..RECIPIENTS));
            let wei = self.rng.random_range(1..ETHER / 1_000);
            self.town.withdraw_to(to, wei);
            self.owed.push((to, wei));
        }
    }

    /// Some withdrawals of the newest batch, whether they can be claimed or not.
    async fn claim_as_user(&mut self) {
        let posted = self
            .l1
            .batches()
            .await
            .last()
            .map(|batch| batch.header.block_number);
        let Some(posted @ 1..) = posted else { return };
        let first = self.rng.random_range(0..posted) as u32;
        let last = (first + 3).min(posted as u32);
        let indices: Vec<_> = (first..last).collect();
        let data = self.l1.user_claim(&self.town, &indices).await;
        self.l1.hurry(USER, self.l1.deployment.bridge, data).await;
    }

    /// Everything is allowed to end.
    async fn settle(&mut self) {
        let controls = self.l1.devnet.controls();
        for number in 0..FICKLE {
            controls.set_code(recipient(number), Bytes::new()).unwrap();
        }
        self.l1.set_base_fee(GWEI);
        self.withdraw();
        self.l1.post(&self.town).await;
        self.l1.pass_window();
        controls.warp(3 * 86_400);
        let all: Vec<_> = (0..self.owed.len() as u32).collect();
        self.running.until_paid(&all).await;
    }

    async fn account(&self) {
        let all: Vec<_> = (0..self.owed.len() as u32).collect();
        expect_paid_once(self.l1, &all).await;
        let mut due: BTreeMap<Address, u128> = BTreeMap::new();
        for (to, wei) in &self.owed {
            *due.entry(*to).or_default() += wei;
        }
        for (to, wei) in &due {
            assert_eq!(self.l1.balance(*to).await, *wei, "{to}");
        }
        let custody = self.l1.balance(self.l1.deployment.bridge).await;
        assert_eq!(custody, 1_000 * ETHER - due.values().sum::<u128>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wei_arrives_once_whatever_happens() {
    let rng = StdRng::seed_from_u64(seed());
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let running = Running::start(&l1, &town, dir.path(), Tuning::default()).await;
    let (dir, owed) = (dir.path(), Vec::new());
    let l1 = &l1;
    let mut run = Run {
        rng,
        l1,
        town,
        dir,
        running,
        owed,
    };
    for _ in 0..operations() {
        run.step().await;
    }
    run.settle().await;
    run.account().await;
    run.running.kill().await;
}
