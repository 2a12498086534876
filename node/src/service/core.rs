//! What a service runs.

use std::fmt::Debug;

use spillway_sequencer::Sequencer;
use spillway_sequencer::config::Config;
use spillway_sequencer::pipeline::{StartError, StartReport, StopError};
use spillway_sequencer::rollback::Progress;
use spillway_sequencer::submission::Submitter;
use spillway_sequencer::view::View;

/// A chain with a journal of its own: a sequencer, or a replica of one.
pub(crate) trait Core: Debug + Send + Sync + Sized + 'static {
    /// What it is called in messages.
    const NAME: &'static str;

    /// What a start needs beside the configuration.
    type Settings: Clone + Debug + Send + 'static;

    /// Recovers what is on disk, and rolls back what was ordered. Blocks the thread.
    fn start(
        config: &Config,
        settings: &Self::Settings,
        progress: &Progress,
    ) -> Result<Self, StartError>;

    /// Shows what was found at the start.
    fn with_report(&self, show: impl FnOnce(&StartReport));

    /// Where what is durable is read.
    fn view(&self) -> View;

    /// Where transactions are handed in.
    fn submitter(&self) -> Submitter;

    /// Ends its threads. Blocks the thread.
    fn stop(self) -> Result<(), StopError>;
}

impl Core for Sequencer {
    const NAME: &'static str = "sequencer";

    type Settings = ();

    fn start(config: &Config, (): &(), progress: &Progress) -> Result<Self, StartError> {
        if config.signer.is_none() {
            tracing::info!("block headers are not signed: there is no key for it");
        }
        Self::start_showing(config, progress)
    }

    fn with_report(&self, show: impl FnOnce(&StartReport)) {
        show(self.report());
    }

    fn view(&self) -> View {
        Self::view(self)
    }

    fn submitter(&self) -> Submitter {
        Self::submitter(self)
    }

    fn stop(self) -> Result<(), StopError> {
        Self::stop(self)
    }
}
