//! Blocks at intervals.

use std::sync::Weak;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::node::{ControlError, Node};

/// The shortest time between blocks: less is a loop that does nothing else.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// The task that mines at intervals, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Miner {
    running: Mutex<Option<(Duration, JoinHandle<()>)>>,
}

impl Miner {
    /// Mines at that interval from now on, or not at all.
    pub(crate) fn set(
        &self,
        node: Weak<Node>,
        interval: Option<Duration>,
    ) -> Result<(), ControlError> {
        let started = match interval {
            None => None,
            Some(interval) if interval < INTERVAL_MIN => {
                return Err(ControlError::Request("the block time is 10 ms or more"));
            }
            Some(interval) => {
                let runtime = Handle::try_current().map_err(|_| ControlError::NoRuntime)?;
                Some((interval, runtime.spawn(mine(node, interval))))
            }
        };
        let before = std::mem::replace(&mut *self.running.lock(), started);
        if let Some((_, task)) = before {
            task.abort();
        }
        Ok(())
    }

    /// The time between blocks.
    pub(crate) fn interval(&self) -> Option<Duration> {
        let running = self.running.lock();
        running.as_ref().map(|(interval, _)| *interval)
    }

    /// Stops, and returns the task to wait for.
    pub(crate) fn stop(&self) -> Option<JoinHandle<()>> {
        let (_, task) = self.running.lock().take()?;
        task.abort();
        Some(task)
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn mine(node: Weak<Node>, interval: Duration) {
    let mut ticks = interval_at(Instant::now() + interval, interval);
    // Blocks that were missed are not made up for: their slots stay empty.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(node) = node.upgrade() else {
            return;
        };
        let mined = tokio::task::spawn_blocking(move || node.mine(1)).await;
        match mined {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "no more blocks are mined");
                return;
            }
            Err(error) => {
                tracing::error!(%error, "no more blocks are mined");
                return;
            }
        }
    }
}
