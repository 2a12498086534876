//! Named steps: each is announced, timed and counted, and the first failure ends the run.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How a step ended that did not fail.
pub(crate) enum Outcome {
    Passed,
    /// Passed, with something to repeat at the very end.
    Counted(String),
    /// Not run on this machine, and why.
    Skipped(String),
}

enum Ending {
    Outcome(Outcome),
    Failed,
}

struct Record {
    name: &'static str,
    took: Duration,
    ending: Ending,
}

/// The steps of one run so far. Displayed, it is the summary.
pub(crate) struct Steps {
    records: Vec<Record>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self {
            records: Vec::new(),
        }
    }

    /// Runs one step.
    pub(crate) fn run(
        &mut self,
        name: &'static str,
        body: impl FnOnce() -> Result<Outcome>,
    ) -> Result<()> {
        println!("\n== {name}");
        let started = Instant::now();
        let result = body();
        let took = started.elapsed();
        println!("== {name}: {}", seconds(took));
        let (ending, result) = match result {
            Ok(outcome) => (Ending::Outcome(outcome), Ok(())),
            Err(error) => (
                Ending::Failed,
                Err(error).context(format!("step `{name}` failed")),
            ),
        };
        self.records.push(Record { name, took, ending });
        result
    }

    /// A step that passes if the command does.
    pub(crate) fn command(
        &mut self,
        name: &'static str,
        command: &mut std::process::Command,
    ) -> Result<()> {
        self.run(name, || {
            crate::workspace::execute(command).map(|()| Outcome::Passed)
        })
    }

    fn count(&self, which: impl Fn(&Ending) -> bool) -> usize {
        self.records
            .iter()
            .filter(|record| which(&record.ending))
            .count()
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Record { name, took, ending } in &self.records {
            let note = match ending {
                Ending::Failed => "FAILED",
                Ending::Outcome(Outcome::Passed) => "passed",
                Ending::Outcome(Outcome::Counted(note)) => note,
                Ending::Outcome(Outcome::Skipped(why)) => &format!("skipped: {why}"),
            };
            writeln!(f, "{:>9}  {name:<20} {note}", seconds(*took))?;
        }
        let failed = self.count(|e| matches!(e, Ending::Failed));
        let skipped = self.count(|e| matches!(e, Ending::Outcome(Outcome::Skipped(_))));
        let passed = self.records.len() - failed - skipped;
        let total = self.records.iter().map(|record| record.took).sum();
        write!(
            f,
            "steps: {passed} passed, {failed} failed, {skipped} skipped"
        )?;
        write!(f, " in {}", seconds(total))
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_counts_every_ending() {
        let mut steps = Steps::new();
        steps.run("lints", || Ok(Outcome::Passed)).unwrap();
        steps
            .run("tests", || {
                Ok(Outcome::Counted("7 passed, 0 failed".into()))
            })
            .unwrap();
        steps
            .run("licences", || Ok(Outcome::Skipped("no tool".into())))
            .unwrap();
        steps
            .run("docs", || anyhow::bail!("broken link"))
            .unwrap_err();
        let summary = steps.to_string();
        assert!(
            summary.contains("tests                7 passed, 0 failed\n"),
            "{summary}"
        );
        assert!(summary.contains("skipped: no tool\n"), "{summary}");
        assert!(
            summary.contains("steps: 2 passed, 1 failed, 1 skipped in "),
            "{summary}"
        );
    }

    #[test]
    fn an_error_names_its_step() {
        let error = Steps::new()
            .run("docs", || anyhow::bail!("broken link"))
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "step `docs` failed: broken link");
    }
}
