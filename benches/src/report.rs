//! The results: a Markdown table for people, JSON for machines.

use crate::round::{Latency, Measured};
use serde::Serialize;
use std::fmt::{self, Display};

/// All that one run of the program measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The command that repeats the run.
    pub command: String,
    /// Cores of this machine.
    pub cores: usize,
    /// Signers recovered a second by libsecp256k1 on all cores.
    pub recoveries_per_s: f64,
    /// One for each node and mode.
    pub rows: Vec<Row>,
    /// What was tried to find the peer's best setting.
    pub trials: Vec<Trial>,
}

/// The rounds of one mode on one node.
#[derive(Debug, Serialize)]
pub struct Row {
    /// `spillway` or `anvil`.
    pub node: &'static str,
    /// How transfers were sent.
    pub mode: String,
    /// Each round as measured.
    pub rounds: Vec<Measured>,
    /// Medians over the rounds; of the slowest latencies, the highest.
    pub summary: Measured,
}

/// One setting of the peer, tried for one round.
#[derive(Debug, Serialize)]
pub struct Trial {
    /// The setting.
    pub setting: String,
    /// Confirmed transfers a second, or why it failed.
    pub outcome: Result<f64, String>,
}

impl Trial {
    /// A setting in which the peer failed.
    #[must_use]
    pub fn failed(setting: String, error: &anyhow::Error) -> Self {
        Self {
            setting,
            outcome: Err(format!("{error:#}")),
        }
    }
}

impl Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Ok(rate) => write!(f, "{}: {}/s", self.setting, thousands(*rate)),
            Err(why) => write!(f, "{}: failed, {why}", self.setting),
        }
    }
}

impl Row {
    /// Sums up at least one round.
    ///
    /// # Panics
    /// If `rounds` is empty.
    #[must_use]
    pub fn new(node: &'static str, mode: String, rounds: Vec<Measured>) -> Self {
        let summary = summarise(&rounds);
        Self {
            node,
            mode,
            rounds,
            summary,
        }
    }
}

impl Report {
    /// The best throughput among the rows that `select` accepts.
    fn best(&self, select: impl Fn(&Row) -> bool) -> Option<f64> {
        let rates = self
            .rows
            .iter()
            .filter(|row| select(row))
            .map(|row| row.summary.transfers_per_s);
        rates.max_by(f64::total_cmp)
    }

    /// Named ratios of the figures to reach; those whose parts were not measured are left out.
    #[must_use]
    pub fn ratios(&self) -> Vec<(&'static str, f64)> {
        let of = |node: &'static str, mode: &'static str| {
            self.best(move |row| row.node == node && row.mode.starts_with(mode))
        };
        let anvil = self.best(|row| row.node == "anvil");
        let bulk = of("spillway", "bulk");
        let ratio = |over: Option<f64>, under: Option<f64>| Some(over? / under?);
        [
            (
                "spillway bulk / signature recovery",
                ratio(bulk, Some(self.recoveries_per_s)),
            ),
            ("spillway bulk / anvil's best", ratio(bulk, anvil)),
            (
                "spillway single / anvil single",
                ratio(of("spillway", "single"), of("anvil", "single")),
            ),
        ]
        .into_iter()
        .filter_map(|(name, ratio)| Some((name, ratio?)))
        .collect()
    }
}

fn summarise(rounds: &[Measured]) -> Measured {
    let latencies: Option<Vec<Latency>> = rounds.iter().map(|round| round.latency).collect();
    let latency = latencies.map(|all| Latency {
        p50_ms: median(all.iter().map(|latency| latency.p50_ms)),
        p90_ms: median(all.iter().map(|latency| latency.p90_ms)),
        p99_ms: median(all.iter().map(|latency| latency.p99_ms)),
        max_ms: all.iter().map(|latency| latency.max_ms).fold(0.0, f64::max),
    });
    let all_cores = |of: fn(&Measured) -> Option<f64>| {
        let cores: Option<Vec<f64>> = rounds.iter().map(of).collect();
        cores.map(|cores| median(cores.into_iter()))
    };
    Measured {
        transfers_per_s: median(rounds.iter().map(|round| round.transfers_per_s)),
        latency,
        client_cores: all_cores(|round| round.client_cores),
        node_cores: all_cores(|round| round.node_cores),
    }
}

/// The middle value; of an even number, the lower of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| node | mode | transfers/s | p50 ms | p90 ms | p99 ms | max ms | node cores | client cores |\n\
             |---|---|---:|---:|---:|---:|---:|---:|---:|"
        )?;
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        writeln!(
            f,
            "\n- Signature recovery, {} cores, libsecp256k1: {}/s",
            self.cores,
            thousands(self.recoveries_per_s)
        )?;
        for (name, ratio) in self.ratios() {
            writeln!(f, "- {name}: {ratio:.2}")?;
        }
        for trial in &self.trials {
            writeln!(f, "- tried anvil: {trial}")?;
        }
        writeln!(f, "\nRepeat: `{}`", self.command)
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = &self.summary;
        write!(
            f,
            "| {} | {} | {} |",
            self.node,
            self.mode,
            thousands(summary.transfers_per_s)
        )?;
        match summary.latency {
            Some(Latency {
                p50_ms,
                p90_ms,
                p99_ms,
                max_ms,
            }) => {
                write!(
                    f,
                    " {p50_ms:.1} | {p90_ms:.1} | {p99_ms:.1} | {max_ms:.1} |"
                )?;
            }
            None => write!(f, " - | - | - | - |")?,
        }
        for cores in [summary.node_cores, summary.client_cores] {
            match cores {
                Some(cores) => write!(f, " {cores:.2} |")?,
                None => write!(f, " - |")?,
            }
        }
        Ok(())
    }
}

/// A rate without decimals, its thousands set apart.
fn thousands(rate: f64) -> String {
    let digits = format!("{rate:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(transfers_per_s: f64, p50_ms: f64) -> Measured {
        Measured {
            transfers_per_s,
            latency: Some(Latency {
                p50_ms,
                p90_ms: 2.0,
                p99_ms: 3.0,
                max_ms: p50_ms * 10.0,
            }),
            client_cores: Some(0.25),
            node_cores: None,
        }
    }

    fn report(rows: Vec<Row>) -> Report {
        let trials = vec![Trial {
            setting: "automine".into(),
            outcome: Ok(900.0),
        }];
        Report {
            command: "x".into(),
            cores: 2,
            recoveries_per_s: 40_000.0,
            rows,
            trials,
        }
    }

    #[test]
    fn a_row_shows_medians_and_the_worst_latency() {
        let rounds = vec![
            measured(900.0, 1.0),
            measured(12_345.6, 5.0),
            measured(1_000.0, 3.0),
        ];
        let row = Row::new("spillway", "single".into(), rounds);
        assert_eq!(
            row.to_string(),
            "| spillway | single | 1,000 | 3.0 | 2.0 | 3.0 | 50.0 | - | 0.25 |"
        );
    }

    #[test]
    fn ratios_need_both_of_their_parts() {
        let bulk = Row::new(
            "spillway",
            "bulk of 1000".into(),
            vec![measured(24_000.0, 1.0)],
        );
        let alone = report(vec![bulk]).ratios();
        assert_eq!(alone, [("spillway bulk / signature recovery", 0.6)]);
        let bulk = Row::new(
            "spillway",
            "bulk of 1000".into(),
            vec![measured(24_000.0, 1.0)],
        );
        let anvil = Row::new("anvil", "batch of 100".into(), vec![measured(4_000.0, 1.0)]);
        let both = report(vec![bulk, anvil]).ratios();
        assert_eq!(both[1], ("spillway bulk / anvil's best", 6.0));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(999.4), "999");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
    }
}
