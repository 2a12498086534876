//! The thread that makes snapshots.

use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use crate::genesis::Genesis;
use crate::journal::Reader;
use crate::snapshot;
use crate::view::View;

pub(crate) struct Snapshots {
    pub(crate) dir: PathBuf,
    pub(crate) genesis: Genesis,
    pub(crate) reader: Reader,
    pub(crate) view: View,
}

impl Snapshots {
    /// Makes a snapshot of each block that is named, until nobody names one any more. One that fails
    /// costs only time at the next start.
    pub(crate) fn run(self, due: &Receiver<u64>) {
        while let Ok(number) = due.recv() {
            let began = Instant::now();
            let needed = self.view.l1_progress().l1_final;
            match snapshot::make(&self.dir, &self.genesis, &self.reader, number, needed) {
                Ok(path) => {
                    let took_ms = began.elapsed().as_millis();
                    tracing::info!(block = number, took_ms, path = %path.display(), "snapshot made");
                }
                Err(error) => tracing::error!(block = number, %error, "no snapshot made"),
            }
        }
    }
}
