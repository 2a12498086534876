//! What users do reaches L1, whatever happens in between: the real binary on anvil and on the L1 that comes with it, and
//! at the end of each scenario a stranger who derives the chain from L1 alone.

mod agreement;
mod deposits;
mod doubt;
mod felled;
mod forms;
mod headers;
mod kill;
mod ladder;
mod load;
mod outage;
mod reorg;
mod reverts;
mod rollup;
mod snapshot;
mod stranger;
mod twice;
mod unreliable;
mod verify;
mod volume;
mod watching;

use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;

/// The longest wait for something that takes blocks of L1 and proofs, on a machine that has more to do.
const PATIENCE: Duration = Duration::from_secs(90);

/// Messages that a development chain begins with.
const FIRST_MESSAGES: u64 = 40;

/// Waits for a condition.
async fn patiently(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The dice of a test, from SPILLWAY_SEED or a new seed. It is printed, and nextest shows it when the test fails.
fn dice() -> StdRng {
    let seed = match std::env::var("SPILLWAY_SEED") {
        Ok(text) => text.parse().expect("SPILLWAY_SEED is a number"),
        Err(_) => rand::random(),
    };
    println!("SPILLWAY_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// A number in an object.
fn number(object: &Value, name: &str) -> u64 {
    let number = object[name].as_u64();
    number.unwrap_or_else(|| panic!("{name} is no number: {object}"))
}
