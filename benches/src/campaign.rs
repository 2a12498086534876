//! All rounds of a run: each mode on Spillway, then the same on anvil.

use crate::accounts::Fleet;
use crate::node::{Mining, Node};
use crate::recovery::recoveries_per_s;
use crate::report::{Report, Row, Trial};
use crate::request::Framing;
use crate::round::{self, Load, Measured};
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// A trial is this many times shorter than a round.
const TRIAL_SHARE: usize = 4;

/// How transfers are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// One transfer a request, closed loop.
    Single,
    /// JSON-RPC arrays, closed loop.
    Batch,
    /// `spillway_sendRawTransactions`, closed loop.
    Bulk,
    /// One transfer a request, open loop at a given rate. Senders take turns, so a sender's transfers
    /// are `senders / rate` seconds apart: as long as answers come sooner, none waits for a nonce.
    Rate,
}

/// Which Spillway node is measured.
#[derive(Debug)]
pub enum Subject {
    /// None: only anvil is.
    Absent,
    /// One that runs already, at this URL.
    Running(String),
    /// One that this program starts.
    Start {
        /// The `spillway` binary.
        binary: PathBuf,
        /// Where the node's directory is made.
        parent: PathBuf,
    },
}

/// A run, all choices made.
#[derive(Debug)]
pub struct Settings {
    /// Everything random derives from it.
    pub seed: u64,
    /// In this order.
    pub modes: Vec<Mode>,
    /// Rounds of each mode; the table has their medians.
    pub rounds: usize,
    /// Transfers in a closed-loop round on Spillway.
    pub transfers: usize,
    /// The same on anvil.
    pub anvil_transfers: usize,
    /// Accounts that send.
    pub senders: usize,
    /// Accounts that are paid.
    pub recipients: usize,
    /// Connections in the modes `single` and `rate`.
    pub connections: usize,
    /// Transfers in an array of `batch`.
    pub batch: usize,
    /// Transfers in a request of `bulk`.
    pub bulk: usize,
    /// Requests in flight in `batch` and `bulk`.
    pub in_flight: usize,
    /// Transfers a second in `rate`.
    pub rate_per_s: f64,
    /// Seconds of a round of `rate`.
    pub seconds: f64,
    /// The Spillway node.
    pub subject: Subject,
    /// The anvil to compare with.
    pub anvil_bin: Option<PathBuf>,
    /// The command that repeats the run, for the report.
    pub command: String,
}

/// A way to use anvil in which each transfer ends in a block.
#[derive(Debug, Clone, Copy)]
struct Setting {
    mining: Mining,
    framing: Framing,
}

/// Runs everything and reports it. Progress goes to standard error.
///
/// # Errors
/// If a node cannot be started or driven, or fails a check.
pub async fn run(settings: &Settings) -> Result<Report> {
    let recoveries_per_s = recoveries_per_s(settings.seed)?;
    let fleet = Fleet::derive(settings.seed, settings.senders, settings.recipients)?;
    let mut report = Report {
        command: settings.command.clone(),
        cores: std::thread::available_parallelism()?.get(),
        recoveries_per_s,
        rows: Vec::new(),
        trials: Vec::new(),
    };
    drive_spillway(settings, &fleet, &mut report).await?;
    if let Some(binary) = &settings.anvil_bin {
        drive_anvil(settings, &fleet, binary, &mut report).await?;
    }
    Ok(report)
}

async fn drive_spillway(settings: &Settings, fleet: &Fleet, report: &mut Report) -> Result<()> {
    let node = match &settings.subject {
        Subject::Absent => return Ok(()),
        Subject::Running(url) => Node::running(url).await?,
        Subject::Start { binary, parent } => Node::spillway(binary, parent).await?,
    };
    for &mode in &settings.modes {
        let framing = match mode {
            Mode::Single | Mode::Rate => Framing::Single,
            Mode::Batch => Framing::Batch,
            Mode::Bulk => Framing::Bulk,
        };
        let load = settings.load(mode, framing, settings.transfers, true);
        let rounds = settings.rounds(&node, fleet, mode, load).await?;
        report
            .rows
            .push(Row::new(node.name, settings.name(mode), rounds));
    }
    Ok(())
}

/// For each mode tries the settings that make sense and measures the fastest that works.
async fn drive_anvil(
    settings: &Settings,
    fleet: &Fleet,
    binary: &Path,
    report: &mut Report,
) -> Result<()> {
    let mut modes = Vec::new();
    for mode in settings.modes.iter().map(|&mode| on_anvil(mode)) {
        if !modes.contains(&mode) {
            modes.push(mode);
        }
    }
    for mode in modes {
        let mut row = None;
        for setting in fastest_first(settings, fleet, binary, mode, &mut report.trials).await? {
            let node = Node::anvil(binary, setting.mining).await?;
            let load = setting.load(settings, mode);
            let name = format!("{} ({setting})", settings.name(mode));
            match settings.rounds(&node, fleet, mode, load).await {
                Ok(rounds) => {
                    row = Some(Row::new(node.name, name, rounds));
                    break;
                }
                Err(error) => report.trials.push(Trial::failed(name, &error)),
            }
        }
        report
            .rows
            .push(row.context("anvil fails in every setting")?);
    }
    Ok(())
}

/// The settings that work for a short round, each tried on a fresh anvil. One that fails is reported and
/// passed over: the comparison is with the best that works.
async fn fastest_first(
    settings: &Settings,
    fleet: &Fleet,
    binary: &Path,
    mode: Mode,
    trials: &mut Vec<Trial>,
) -> Result<Vec<Setting>> {
    let candidates = candidates(mode);
    if candidates.len() == 1 {
        return Ok(candidates);
    }
    let mut working: Vec<(Setting, f64)> = Vec::new();
    for setting in candidates {
        let node = Node::anvil(binary, setting.mining).await?;
        let name = format!("{} ({setting})", settings.name(mode));
        let mut load = setting.load(settings, mode);
        load.transfers = load.transfers.div_ceil(TRIAL_SHARE);
        let trial = match round::run(&node, fleet, settings.seed, &name, load).await {
            Ok(measured) => {
                working.push((setting, measured.transfers_per_s));
                Trial {
                    setting: name,
                    outcome: Ok(measured.transfers_per_s),
                }
            }
            Err(error) => Trial::failed(name, &error),
        };
        eprintln!("tried anvil: {trial}");
        trials.push(trial);
    }
    working.sort_by(|(_, first), (_, second)| second.total_cmp(first));
    Ok(working.into_iter().map(|(setting, _)| setting).collect())
}

/// Anvil has no bulk method; arrays come nearest.
fn on_anvil(mode: Mode) -> Mode {
    if mode == Mode::Bulk {
        Mode::Batch
    } else {
        mode
    }
}

/// At a given rate the question is the latency of a confirmed transfer, which only the first of these
/// answers. For throughput, whichever is fastest.
fn candidates(mode: Mode) -> Vec<Setting> {
    use Mining::{Auto, EverySecond};
    let framing = if mode == Mode::Batch {
        Framing::Batch
    } else {
        Framing::Single
    };
    let confirmed_later = [Auto, EverySecond].map(|mining| Setting { mining, framing });
    let sync = Setting {
        mining: Auto,
        framing: Framing::SingleSync,
    };
    match mode {
        Mode::Rate => vec![sync],
        Mode::Single => [&[sync][..], &confirmed_later[..]].concat(),
        Mode::Batch | Mode::Bulk => confirmed_later.to_vec(),
    }
}

impl Setting {
    fn load(self, settings: &Settings, mode: Mode) -> Load {
        let confirms = self.framing == Framing::SingleSync;
        settings.load(mode, self.framing, settings.anvil_transfers, confirms)
    }
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.mining {
            Mining::Auto => "automine",
            Mining::EverySecond => "1 s blocks",
        })?;
        if self.framing == Framing::SingleSync {
            f.write_str(", receipt in the answer")?;
        }
        Ok(())
    }
}

impl Settings {
    fn load(&self, mode: Mode, framing: Framing, transfers: usize, answer_confirms: bool) -> Load {
        let (per_request, connections) = match mode {
            Mode::Single | Mode::Rate => (1, self.connections),
            Mode::Batch => (self.batch, self.in_flight),
            Mode::Bulk => (self.bulk, self.in_flight),
        };
        let rate_per_s = (mode == Mode::Rate).then_some(self.rate_per_s);
        let transfers = rate_per_s.map_or(transfers, |rate| (rate * self.seconds) as usize);
        Load {
            transfers,
            framing,
            per_request,
            connections,
            rate_per_s,
            answer_confirms,
        }
    }

    fn name(&self, mode: Mode) -> String {
        match mode {
            Mode::Single => format!("single, {} connections", self.connections),
            Mode::Batch => format!("batch of {}, {} in flight", self.batch, self.in_flight),
            Mode::Bulk => format!("bulk of {}, {} in flight", self.bulk, self.in_flight),
            Mode::Rate => format!("at {}/s", self.rate_per_s),
        }
    }

    async fn rounds(
        &self,
        node: &Node,
        fleet: &Fleet,
        mode: Mode,
        load: Load,
    ) -> Result<Vec<Measured>> {
        let mut measured = Vec::with_capacity(self.rounds);
        for number in 1..=self.rounds {
            let label = format!("{} {} round {number}", node.name, self.name(mode));
            let result = round::run(node, fleet, self.seed, &label, load)
                .await
                .with_context(|| label.clone())?;
            eprintln!("{label}: {:.0} transfers/s", result.transfers_per_s);
            measured.push(result);
        }
        Ok(measured)
    }
}
