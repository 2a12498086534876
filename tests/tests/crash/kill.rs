//! `kill -9` at any moment, over and over, on one directory: what was acknowledged is there once, what was not
//! at most once, and the ledger is what a replay of the journal comes to.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use alloy_primitives::B256;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use spillway_tests::{PATIENCE, Rpc};

use crate::audit::Auditor;
use crate::load::{Load, Manner, Reply, UNAVAILABLE, Verdict, WALLETS, send_bulk};
use crate::plan::{Planned, Wallet, funded_address};
use crate::site::{Process, SMALL_FILES, Site};

/// Rounds unless `SPILLWAY_KILL_ROUNDS` says otherwise.
const ROUNDS: u32 = 30;

/// Transactions that are looked up by hash in each round, of those just sent and of all before. (Every one is found
/// in its block anyway.)
const LOOKED_UP: usize = 150;

/// When the process ends.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So long after the load began.
    UnderLoad(Duration),
    /// While a snapshot is being written.
    AtSnapshot,
    /// When the journal has begun another segment.
    AtRotation,
    /// The same as the first, and then so long after each of three further starts, at best while it recovers.
    WhileStarting(Duration, [Duration; 3]),
    /// Not killed but asked to stop, under load.
    Stop(Duration),
}

impl Moment {
    fn draw(rng: &mut StdRng) -> Self {
        let load = Duration::from_millis(rng.random_range(0..600));
        match rng.random_range(0..10) {
            0..5 => Self::UnderLoad(load),
            5 => Self::AtSnapshot,
            6 => Self::AtRotation,
            7..9 => {
                let start = |_| Duration::from_micros(rng.random_range(0..150_000));
                Self::WhileStarting(load, [0; 3].map(start))
            }
            _ => Self::Stop(load),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_at_any_moment() {
    let seed = crate::seed();
    let rounds = match std::env::var("SPILLWAY_KILL_ROUNDS") {
        Ok(text) => text.parse().expect("SPILLWAY_KILL_ROUNDS is a number"),
        Err(_) => ROUNDS,
    };
    let mut campaign = Campaign {
        rng: StdRng::seed_from_u64(seed),
        site: Site::new(SMALL_FILES),
        auditor: Auditor::new(),
        unsettled: Vec::new(),
    };
    let mut process = campaign.site.start();
    for round in 0..rounds {
        let began = Instant::now();
        let moment = Moment::draw(&mut campaign.rng);
        let replies = campaign.round(process, moment).await;
        process = campaign.judge(&replies).await;
        let durable = replies
            .iter()
            .filter(|reply| reply.verdict == Verdict::Durable)
            .count();
        println!(
            "round {round}: {moment:?}: {durable} of {} acknowledged, block {}, {} ms",
            replies.len(),
            campaign.auditor.audited(),
            began.elapsed().as_millis(),
        );
    }
    campaign.end(process).await;
}

/// A directory that is killed in again and again, and what is known about it.
struct Campaign {
    rng: StdRng,
    site: Site,
    auditor: Auditor,
    /// The last round's transactions that were not acknowledged, with a few that were.
    unsettled: Vec<Vec<Planned>>,
}

impl Campaign {
    /// Loads the node until its end, which comes at the moment given.
    async fn round(&mut self, mut process: Process, moment: Moment) -> Vec<Reply> {
        let rpc = process.rpc();
        let mut replies = self.send_again(&rpc).await;
        self.auditor.model_mut().hear(&replies, &[]);
        let load = Load::start(&rpc, self.wallets(&replies));
        match moment {
            Moment::UnderLoad(after) | Moment::WhileStarting(after, _) => {
                tokio::time::sleep(after).await;
                process.kill();
            }
            Moment::AtSnapshot => {
                let before = self.site.files("snapshots", "tmp");
                let new = |path: &PathBuf| !before.contains(path);
                self.until(|site| site.files("snapshots", "tmp").iter().any(new))
                    .await;
                process.kill();
            }
            Moment::AtRotation => {
                let segments = self.site.files("journal", "seg").len();
                self.until(|site| site.files("journal", "seg").len() > segments)
                    .await;
                process.kill();
            }
            Moment::Stop(after) => {
                tokio::time::sleep(after).await;
                let log = process.log();
                let status = tokio::task::spawn_blocking(move || process.stop()).await;
                let status = status.expect("a clean stop");
                assert!(status.success(), "{status}; its log:\n{log}");
            }
        }
        if let Moment::WhileStarting(_, starts) = moment {
            for after in starts {
                process = self.site.spawn();
                tokio::time::sleep(after).await;
                process.kill();
            }
        }
        let refusals: &[i64] = match moment {
            // Whoever asks while it stops is told so.
            Moment::Stop(_) => &[UNAVAILABLE],
            _ => &[],
        };
        let loaded = load.replies().await;
        self.auditor.model_mut().hear(&loaded, refusals);
        replies.extend(loaded);
        replies
    }

    /// Waits for what the load brings about; for the kill moment, which nothing may miss, without a pause of
    /// milliseconds.
    async fn until(&self, condition: impl Fn(&Site) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition(&self.site) {
            assert!(
                Instant::now() < deadline,
                "the load did not bring the moment about"
            );
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }

    /// What was not acknowledged in the last round is sent again, as it is. Whether or not the crash left it in a
    /// block, it is now durable, and not twice.
    async fn send_again(&mut self, rpc: &Rpc) -> Vec<Reply> {
        let mut replies = Vec::new();
        for planned in std::mem::take(&mut self.unsettled) {
            let answered = send_bulk(rpc, planned).await;
            let durable = answered
                .iter()
                .all(|reply| reply.verdict == Verdict::Durable);
            assert!(durable, "sent again: {answered:?}");
            replies.extend(answered);
        }
        replies
    }

    fn wallets(&mut self, sent_again: &[Reply]) -> Vec<(Wallet, Manner)> {
        let model = self.auditor.model();
        let seed = self.rng.random();
        let wallet = |(account, kinds, manner)| {
            let address = funded_address(account);
            let mine = sent_again
                .iter()
                .filter(|reply| reply.planned.sender == address);
            let sent = mine.map(|reply| reply.planned.nonce + 1).max();
            let nonce = model.nonce(address).max(sent.unwrap_or(0));
            (Wallet::new(account, nonce, kinds, seed), manner)
        };
        WALLETS.map(wallet).into()
    }

    /// Starts the node again and checks everything that was ever acknowledged.
    async fn judge(&mut self, replies: &[Reply]) -> Process {
        let process = self.site.start();
        let rpc = process.rpc();
        self.auditor.audit(&rpc, &self.site).await;
        let sent = replies.choose_multiple(&mut self.rng, LOOKED_UP);
        let mut hashes: Vec<B256> = sent.map(|reply| reply.planned.hash).collect();
        hashes.extend(self.auditor.model().some_promised(&mut self.rng, LOOKED_UP));
        self.auditor.check_receipts(&rpc, &hashes).await;
        self.remember_unsettled(replies);
        process
    }

    /// For half of the senders; the others' lost transactions stay lost, and their nonces are used by other ones.
    fn remember_unsettled(&mut self, replies: &[Reply]) {
        for (account, ..) in WALLETS {
            if self.rng.random() {
                continue;
            }
            let address = funded_address(account);
            let mut mine: Vec<_> = replies
                .iter()
                .filter(|reply| reply.planned.sender == address)
                .collect();
            mine.sort_by_key(|reply| reply.planned.nonce);
            let settled = mine
                .iter()
                .take_while(|reply| reply.verdict == Verdict::Durable)
                .count();
            let again = mine.iter().skip(settled.saturating_sub(3));
            self.unsettled
                .push(again.map(|reply| reply.planned.clone()).collect());
        }
        self.unsettled.retain(|planned| !planned.is_empty());
    }

    /// A clean end, and one replay of the whole journal from genesis.
    async fn end(mut self, process: Process) {
        let rpc = process.rpc();
        let replies = self.send_again(&rpc).await;
        self.auditor.model_mut().hear(&replies, &[]);
        self.auditor.audit(&rpc, &self.site).await;
        self.auditor.replay_from_genesis(&self.site);
        let snapshots = self.site.files("snapshots", "snapshot").len();
        let segments = self.site.files("journal", "seg").len();
        let included = self.auditor.model().included();
        println!("{included} transactions, {segments} segments, {snapshots} snapshots");
        let leftovers = self.site.files("snapshots", "tmp");
        assert!(
            leftovers.is_empty(),
            "unfinished snapshots are left behind: {leftovers:?}"
        );
        let log = process.log();
        let status = process.stop();
        assert!(status.success(), "{status}; its log:\n{log}");
    }
}
