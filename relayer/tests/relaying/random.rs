//! A seeded run of everything that can happen, and an account of every wei at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use alloy_primitives::{Address, Bytes};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_devnet::chain::Dropped;
use spillway_l1::payments::PaymentEvent;
use spillway_relayer::advances::AdvanceStage;
use tempfile::TempDir;

use super::advances::{advances, pooled, until_open};
use super::faults::REFUSES;
use super::forks::seed;
use super::l1::{ETHER, FUNDED, GWEI, HOT, L1, USER, key};
use super::l2::{Town, recipient};
use super::running::Running;
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
    /// Withdrawals that the pool has agreed to advance.
    accepted: BTreeSet<u32>,
}

impl Run<'_> {
    async fn step(&mut self) {
        let controls = self.l1.devnet.controls();
        match self.rng.random_range(0..100) {
            0..22 => self.withdraw(),
            22..32 => self.order().await,
            32..38 => self.town.secure(),
            38..50 => self.l1.post(&self.town).await,
            50..62 => self.l1.pass_window(),
            62..70 => self.claim_as_user().await,
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
            let wei = self.rng.random_range(1..ETHER / 50);
            self.town.withdraw_to(to, wei);
            self.owed.push((to, wei));
        }
    }

    /// Has one of the newest withdrawals advanced, if the pool wants to.
    async fn order(&mut self) {
        let count = self.owed.len() as u32;
        if count == 0 {
            return;
        }
        // Mostly when it has caught up with L1.
        if self.rng.random_bool(0.8) {
            until_open(&mut self.running).await;
        }
        for _ in 0..self.rng.random_range(1..4) {
            let index = self.rng.random_range(count.saturating_sub(8)..count);
            let ordered = self.running.pool().order(self.l1, &self.town, index).await;
            if ordered.is_ok() {
                self.accepted.insert(index);
            }
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
        self.town.secure();
        for index in self.accepted.clone() {
            let what = format!("the end of the order for {index}");
            let town = &self.town;
            let is_over = |running: &Running| has_ended(running, town, index);
            self.running.until_so(&what, is_over).await;
        }
        self.l1.post(&self.town).await;
        self.l1.pass_window();
        controls.warp(3 * 86_400);
        let all: Vec<_> = (0..self.owed.len() as u32).collect();
        self.running.until_paid(&all).await;
    }

    /// Every withdrawal was paid to its recipient, or less a fee by the pool, which then got all of it.
    async fn account(&self) {
        let all: Vec<_> = (0..self.owed.len() as u32).collect();
        expect_paid_once(self.l1, &all).await;
        let advanced = advances(self.l1).await;
        let fees: BTreeMap<u32, u128> = advanced.iter().copied().collect();
        assert_eq!(fees.len(), advanced.len(), "one was advanced twice");
        let pool = key(HOT).address();
        for event in self.l1.payments().await {
            if let PaymentEvent::Paid { index, to } = event {
                let (recipient, _) = self.owed[index as usize];
                let is_advanced = fees.contains_key(&index);
                assert_eq!(to, if is_advanced { pool } else { recipient }, "{index}");
            }
        }
        let (mut due, mut earned, mut taken) = (BTreeMap::<Address, u128>::new(), 0, 0);
        for (index, (to, wei)) in (0..).zip(&self.owed) {
            let fee = fees.get(&index).copied().unwrap_or_default();
            *due.entry(*to).or_default() += wei - fee;
            earned += fee;
            taken += wei;
        }
        for (to, wei) in &due {
            assert_eq!(self.l1.balance(*to).await, *wei, "{to}");
        }
        let gas = self.l1.gas_paid_by(pool).await;
        assert_eq!(self.l1.balance(pool).await, FUNDED - gas + earned);
        let custody = self.l1.balance(self.l1.deployment.bridge).await;
        assert_eq!(custody, 1_000 * ETHER - taken);
        let (accepted, made) = (self.accepted.len(), fees.len());
        println!(
            "{made} of {accepted} orders were advanced, of {} withdrawals",
            all.len()
        );
        assert!(fees.keys().all(|index| self.accepted.contains(index)));
        assert!(
            made > 0 || operations() < 400,
            "a long run without an advance"
        );
    }
}

/// Whether an accepted order came to its end. A pool that was started since has forgotten what was refused, and nothing else.
fn has_ended(running: &Running, town: &Town, index: u32) -> bool {
    let pool = running.pool.as_ref().expect("a pool");
    match pool.stage(town, index) {
        Some(AdvanceStage::Advanced { .. } | AdvanceStage::Refused(_)) => true,
        Some(_) => false,
        None => running.refused.contains(&index) || pool.refused().contains(&index),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wei_arrives_once_whatever_happens() {
    let rng = StdRng::seed_from_u64(seed());
    let l1 = L1::start(BLOCK_TIME).await;
    let (town, dir) = (Town::default(), TempDir::new().unwrap());
    let running = Running::start(&l1, &town, dir.path(), pooled()).await;
    let (dir, owed) = (dir.path(), Vec::new());
    let l1 = &l1;
    let mut run = Run {
        rng,
        l1,
        town,
        dir,
        running,
        owed,
        accepted: BTreeSet::new(),
    };
    for _ in 0..operations() {
        run.step().await;
    }
    run.settle().await;
    run.account().await;
    run.running.kill().await;
}
