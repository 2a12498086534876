//! The core against a model of L1 in which everything goes wrong: answers are lost, transactions are evicted, fees
//! spike, the chain forks, the process ends between any two actions, somebody else uses the key.
//!
//! Whatever happens, an intent takes effect at most once, what the owner is told in the end is what the chain says,
//! and when L1 works again everything comes to an end. `SPILLWAY_L1_SEED` runs one seed, `SPILLWAY_L1_SEEDS` that many.

mod chain;
mod stranger;
mod world;

use std::sync::Arc;

use alloy_eips::eip4844::Bytes48;

use super::{Kind, Sidecar};
use world::{Faults, Tally, World};

const SEEDS: u64 = 1_000;
const STEPS: usize = 600;

fn sidecar() -> Arc<Sidecar> {
    let commitment = Bytes48::repeat_byte(7);
    Arc::new(Sidecar::new(
        vec![Default::default()],
        vec![commitment],
        Vec::new(),
    ))
}

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {value}")),
    )
}

fn simulate(name: &str, faults: Faults, check: fn(&World)) -> Tally {
    let sidecar = sidecar();
    let seeds = match number("SPILLWAY_L1_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SPILLWAY_L1_SEEDS").unwrap_or(SEEDS),
    };
    let mut total = Tally::default();
    for seed in seeds {
        let kind = if seed % 2 == 0 {
            Kind::Ordinary
        } else {
            Kind::Blob
        };
        let context = SeedOnPanic(seed);
        let mut world = World::new(seed, kind, faults, &sidecar);
        world.run(STEPS);
        world.drain();
        if !faults.deep {
            world.check_ends();
        }
        check(&world);
        std::mem::forget(context);
        total.add(&world.tally);
    }
    eprintln!("{name}: {total:?}");
    total
}

/// Names the seed of a run that failed.
struct SeedOnPanic(u64);

impl Drop for SeedOnPanic {
    fn drop(&mut self) {
        eprintln!("this was SPILLWAY_L1_SEED={}", self.0);
    }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.crashes += other.crashes;
        self.forks += other.forks;
        self.drops += other.drops;
        self.replacements += other.replacements;
        self.executed += other.executed;
        self.reverted += other.reverted;
        self.cancelled += other.cancelled;
        self.usurped += other.usurped;
        self.refused += other.refused;
        self.blocked += other.blocked;
        self.fillers += other.fillers;
        self.displaced += other.displaced;
    }
}

fn nobody_else_used_the_key(world: &World) {
    assert!(!world.has_usurped(), "usurped, and there is no stranger");
    assert_eq!(world.tally.displaced, 0, "displaced, by nobody");
}

#[test]
fn nothing_fails() {
    let faults = Faults {
        answer: 0.0,
        crash: 0.0,
        stranger: false,
        deep: false,
    };
    let total = simulate("no faults", faults, nobody_else_used_the_key);
    assert!(number("SPILLWAY_L1_SEED").is_some() || total.drops > 0 && total.replacements > 0);
}

#[test]
fn half_of_all_answers_are_lost() {
    let faults = Faults {
        answer: 0.5,
        crash: 0.0,
        stranger: false,
        deep: false,
    };
    simulate("half lost", faults, nobody_else_used_the_key);
}

#[test]
fn the_process_ends_between_any_two_actions() {
    let faults = Faults {
        answer: 0.2,
        crash: 0.05,
        stranger: false,
        deep: false,
    };
    let total = simulate("crashes", faults, nobody_else_used_the_key);
    assert!(number("SPILLWAY_L1_SEED").is_some() || total.crashes > 0 && total.cancelled > 0);
}

#[test]
fn somebody_else_uses_the_key() {
    let faults = Faults {
        answer: 0.3,
        crash: 0.02,
        stranger: true,
        deep: false,
    };
    let total = simulate("stranger", faults, |_| ());
    assert!(number("SPILLWAY_L1_SEED").is_some() || total.usurped > 0);
}

/// What was final is not promised then, but nothing takes effect twice and holes in the nonces are filled.
#[test]
fn forks_deeper_than_the_confirmations_leave_nothing_stuck() {
    let faults = Faults {
        answer: 0.1,
        crash: 0.01,
        stranger: false,
        deep: true,
    };
    let total = simulate("deep forks", faults, |_| ());
    assert!(number("SPILLWAY_L1_SEED").is_some() || total.fillers > 0);
}
