//! The pools on the embedded L1: whatever happens in between, each move takes effect once.

mod faults;
mod forks;
mod l1;
mod moves;
mod random;
mod running;

use std::time::Duration;

const BLOCK_TIME: Duration = Duration::from_millis(40);

/// The seed of a test: SPILLWAY_SEED, or a new one. It is printed, and nextest shows it when the test fails.
fn seed() -> u64 {
    let given = std::env::var("SPILLWAY_SEED").ok();
    let seed = given.map_or_else(rand::random, |seed| seed.parse().expect("a number"));
    eprintln!("SPILLWAY_SEED={seed}");
    seed
}
