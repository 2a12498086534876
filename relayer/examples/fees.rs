//! What claiming costs by the policy, against claiming one by one and claiming each batch at once.
//!
//! ```text
//! cargo run -p spillway-relayer --example fees -- [--seed N] [--days N] [--sweep]
//! ```
//!
//! The fees are generated: a base fee that wanders around its mean, is lower at night, and has spikes of hours, moved from
//! block to block by no more than an eighth (EIP-1559). Withdrawals arrive by Poisson's law and become claimable with their
//! batch, every half hour. All of it follows from the seed.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use spillway_relayer::policy::{CLAIM_GAS, ClaimPolicy, EACH_GAS, Prices, Waiting};

/// Seconds between blocks of L1.
const BLOCK: u64 = 12;
const DAY: u64 = 86_400;
/// Seconds between batches.
const BATCH: u64 = 1_800;
/// Blocks that the average is over: a day.
const AVERAGE_BLOCKS: usize = 7_200;
/// The mean of the base fee, in wei; results are relative to it.
const MEAN: f64 = 2e9;
/// The tip, in wei.
const TIP: f64 = 1e7;

/// Prices by block, with the average of the blocks before.
fn fees(rng: &mut StdRng, days: u64) -> Vec<Prices> {
    let blocks = usize::try_from(days * DAY / BLOCK).expect("a number of blocks");
    let (mut wander, mut spike, mut fee) = (0.0_f64, 0.0_f64, MEAN);
    let (mut sum, mut bases) = (0.0, Vec::with_capacity(blocks));
    let mut prices = Vec::with_capacity(blocks);
    for block in 0..blocks {
        let hour = (block as f64) * BLOCK as f64 / 3_600.0;
        let daily = 0.35 * (hour / 24.0 * std::f64::consts::TAU).sin();
        // Returns to its mean in some eight hours.
        wander += -wander / 2_400.0 + 0.012 * normal(rng);
        if rng.random_bool(1.0 / 9_000.0) {
            spike = rng.random_range(1.0..3.0);
        }
        // Gone in an hour.
        spike *= 1.0 - 1.0 / 300.0;
        let aim = MEAN * (daily + wander + spike + 0.1 * normal(rng)).exp();
        fee = aim.clamp(fee * 0.875, fee * 1.125).max(1e6);
        bases.push(fee);
        sum += fee;
        if block >= AVERAGE_BLOCKS {
            sum -= bases[block - AVERAGE_BLOCKS];
        }
        let average = sum / bases.len().min(AVERAGE_BLOCKS) as f64;
        prices.push(Prices {
            now: (fee + TIP) as u128,
            average: (average + TIP) as u128,
        });
    }
    prices
}

fn normal(rng: &mut StdRng) -> f64 {
    let (a, b): (f64, f64) = (rng.random_range(1e-12..1.0), rng.random());
    (-2.0 * a.ln()).sqrt() * (b * std::f64::consts::TAU).cos()
}

fn poisson(rng: &mut StdRng, mean: f64) -> u32 {
    let (mut count, mut product) = (0, rng.random::<f64>());
    while product > (-mean).exp() {
        product *= rng.random::<f64>();
        count += 1;
    }
    count
}

/// Withdrawals that become claimable, by the time at which they do.
fn arrivals(rng: &mut StdRng, days: u64, per_day: f64) -> Vec<(u64, u32)> {
    let batches = (0..days * DAY / BATCH).map(|batch| batch * BATCH);
    batches
        .map(|time| (time, poisson(rng, per_day * BATCH as f64 / DAY as f64)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// What came of a strategy.
#[derive(Default)]
struct Outcome {
    wei: f64,
    transactions: u64,
    waits: Vec<u64>,
}

impl Outcome {
    fn claim(&mut self, price: u128, now: u64, since: impl Iterator<Item = u64>) {
        let before = self.waits.len();
        self.waits.extend(since.map(|since| now - since));
        let count = (self.waits.len() - before) as u64;
        self.wei += price as f64 * (CLAIM_GAS + EACH_GAS * count) as f64;
        self.transactions += 1;
    }

    /// Wei of a withdrawal.
    fn each(&self) -> f64 {
        self.wei / self.waits.len() as f64
    }

    /// In seconds.
    fn average_wait(&self) -> f64 {
        self.waits.iter().sum::<u64>() as f64 / self.waits.len() as f64
    }

    fn row(&mut self, name: &str, one_by_one: f64) {
        self.waits.sort_unstable();
        let average = self.average_wait();
        let p99 = self.waits[(self.waits.len() - 1) * 99 / 100];
        println!(
            "| {name} | {} | {:.1} | {:.1} % | {:.0} | {:.0} |",
            self.transactions,
            self.each() / 1e12,
            100.0 * self.each() / one_by_one,
            average / 60.0,
            p99 as f64 / 60.0
        );
    }
}

fn one_by_one(prices: &[Prices], arrivals: &[(u64, u32)]) -> Outcome {
    let mut outcome = Outcome::default();
    for (time, count) in arrivals {
        for _ in 0..*count {
            outcome.claim(price_at(prices, *time).now, *time, std::iter::once(*time));
        }
    }
    outcome
}

fn batch_at_once(prices: &[Prices], arrivals: &[(u64, u32)], most: usize) -> Outcome {
    let mut outcome = Outcome::default();
    for (time, count) in arrivals {
        let times = vec![*time; *count as usize];
        for claim in times.chunks(most) {
            outcome.claim(price_at(prices, *time).now, *time, claim.iter().copied());
        }
    }
    outcome
}

fn by_policy(policy: &ClaimPolicy, prices: &[Prices], arrivals: &[(u64, u32)]) -> Outcome {
    let mut outcome = Outcome::default();
    let (mut arriving, mut index) = (arrivals.iter().peekable(), 0);
    let mut waiting: Vec<Waiting> = Vec::new();
    // Runs on at the last price until all are claimed.
    for now in (0..).step_by(BLOCK as usize) {
        while let Some((time, count)) = arriving.next_if(|(time, _)| *time <= now) {
            for _ in 0..*count {
                let (since, has_failed) = (*time, false);
                waiting.push(Waiting {
                    index,
                    since,
                    has_failed,
                });
                index += 1;
            }
        }
        let price = price_at(prices, now);
        while let Some(chosen) = policy.step(now, &waiting, &price) {
            let is_chosen =
                |waiting: &Waiting| chosen.indices.binary_search(&waiting.index).is_ok();
            let claimed = waiting.iter().filter(|waiting| is_chosen(waiting));
            outcome.claim(price.now, now, claimed.map(|waiting| waiting.since));
            waiting.retain(|waiting| !is_chosen(waiting));
        }
        if arriving.peek().is_none() && waiting.is_empty() {
            break;
        }
    }
    outcome
}

fn price_at(prices: &[Prices], time: u64) -> Prices {
    let block = usize::try_from(time / BLOCK).expect("a number of blocks");
    prices[block.min(prices.len() - 1)]
}

/// The percentages against each other, at the default service level: cost and average wait.
fn sweep(prices: &[Prices], rng: &mut StdRng, days: u64) {
    let all = [30.0, 300.0, 3_000.0].map(|per_day| {
        let arrivals = arrivals(rng, days, per_day);
        let single = one_by_one(prices, &arrivals).each();
        (arrivals, single)
    });
    println!("Cost in percent of one by one, and average wait in minutes.\n");
    println!("| first % | last % | 30 a day | 300 a day | 3,000 a day |\n|---|---|---|---|---|");
    for first_percent in [40, 50, 60, 70, 80, 90, 100] {
        for last_percent in [70, 100, 130, 160, 200, 300] {
            let policy = ClaimPolicy {
                first_percent,
                last_percent,
                ..ClaimPolicy::default()
            };
            let cells = all.each_ref().map(|(arrivals, single)| {
                let outcome = by_policy(&policy, prices, arrivals);
                let cost = 100.0 * outcome.each() / single;
                format!("{cost:.1} %, {:.0}", outcome.average_wait() / 60.0)
            });
            println!(
                "| {first_percent} | {last_percent} | {} |",
                cells.join(" | ")
            );
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut seed, mut days, mut is_sweep) = (1, 60, false);
    while let Some(argument) = arguments.next() {
        let number = |next: Option<String>| next.and_then(|n| n.parse().ok()).expect("a number");
        match argument.as_str() {
            "--seed" => seed = number(arguments.next()),
            "--days" => days = number(arguments.next()).max(1),
            "--sweep" => is_sweep = true,
            other => panic!("{other}: only --seed N, --days N and --sweep are known"),
        }
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let prices = fees(&mut rng, days);
    println!(
        "seed {seed}, {days} days; costs in millionths of an ETH at a mean base fee near {:.1} gwei\n",
        MEAN / 1e9
    );
    if is_sweep {
        return sweep(&prices, &mut rng, days);
    }
    for per_day in [30.0, 300.0, 3_000.0] {
        let arrivals = arrivals(&mut rng, days, per_day);
        println!("{per_day} withdrawals a day\n");
        println!(
            "| | transactions | cost of each | of one by one | average wait, min | p99 wait, min |\n|---|---|---|---|---|---|"
        );
        let policy = ClaimPolicy::default();
        let mut single = one_by_one(&prices, &arrivals);
        let reference = single.each();
        single.row("one by one, at once", reference);
        batch_at_once(&prices, &arrivals, policy.claims_max).row("each batch at once", reference);
        for hours in [1, 6, 24] {
            let policy = ClaimPolicy {
                service_level: hours * 3_600,
                ..policy
            };
            let name = format!("policy, service level {hours} h");
            by_policy(&policy, &prices, &arrivals).row(&name, reference);
        }
        println!();
    }
}
