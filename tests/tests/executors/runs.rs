//! How many cases run, from which seed, and on all cores.

use std::env;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// `SPILLWAY_CASES`, or the default.
pub(crate) fn cases_wanted(default: u64) -> u64 {
    number("SPILLWAY_CASES").unwrap_or(default)
}

/// `SPILLWAY_SEED`, or another one each time. It is printed: the same seed gives the same cases.
pub(crate) fn first_seed() -> u64 {
    let seed = number("SPILLWAY_SEED").unwrap_or_else(|| rand::random::<u64>() >> 16);
    println!("SPILLWAY_SEED={seed}");
    seed
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, not {text}")),
    )
}

/// Runs all cases on all cores and answers what came out, in no order. The first panic ends the run.
pub(crate) fn in_parallel<T: Send>(seeds: Range<u64>, case: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(seeds.start);
    let worker = || {
        let drawn = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        drawn
            .take_while(|seed| *seed < seeds.end)
            .map(&case)
            .collect::<Vec<_>>()
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a case failed, its message is above"))
            .collect()
    })
}
