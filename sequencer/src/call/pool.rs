//! Where calls run.
//!
//! What a facade does is known and brief, so a call that can run nothing else runs at once, where it was asked: a wallet's balances and
//! estimates wait for nobody. Code that somebody brings runs on threads of its own. They are few, and the system gives them the processor
//! after everything else, so that a call which computes as long as it may takes nothing from transactions. What waits for them is
//! bounded.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use alloy_primitives::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::deadline::Deadline;
use super::execute::{Rules, execute};
use super::facades::Facade;
use super::{Call, CallError, CallLimits};
use crate::view::View;

/// Runs calls. Dropped, it ends those that run.
#[derive(Debug)]
pub(crate) struct Pool {
    runner: Arc<Runner>,
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// What it takes to run a call.
#[derive(Debug)]
struct Runner {
    view: View,
    rules: Rules,
    limits: CallLimits,
    cancelled: AtomicBool,
}

/// A call that waits, and who wants its outcome.
#[derive(Debug)]
struct Job {
    call: Call,
    asked_at: Instant,
    answer: oneshot::Sender<Result<Bytes, CallError>>,
}

impl Pool {
    /// Starts the threads. Blocks show that gas limit.
    pub(crate) fn start(view: &View, limits: CallLimits, gas_limit: u64) -> io::Result<Self> {
        let genesis = view.genesis();
        let runner = Arc::new(Runner {
            view: view.clone(),
            rules: Rules {
                chain_id: genesis.chain_id,
                fee_account: genesis.fee_account,
                gas_limit,
            },
            limits,
            cancelled: AtomicBool::new(false),
        });
        let (jobs, waiting) = sync_channel(limits.waiting_max);
        let waiting = Arc::new(Mutex::new(waiting));
        let start = |_| {
            let (runner, waiting) = (Arc::clone(&runner), Arc::clone(&waiting));
            std::thread::Builder::new()
                .name("calls".to_owned())
                .spawn(move || work(&runner, &waiting))
        };
        let threads = (0..limits.at_once.max(1)).map(start);
        let threads = threads.collect::<io::Result<_>>()?;
        Ok(Self {
            runner,
            jobs: Some(jobs),
            threads,
        })
    }

    /// Runs a call, and answers what it returns.
    pub(crate) async fn run(&self, call: Call) -> Result<Bytes, CallError> {
        if self.runner.is_brief(&call) {
            return self.runner.run(&call);
        }
        let (answer, outcome) = oneshot::channel();
        let job = Job {
            call,
            asked_at: Instant::now(),
            answer,
        };
        let jobs = self.jobs.as_ref().ok_or(CallError::Busy)?;
        jobs.try_send(job).map_err(|_| CallError::Busy)?;
        outcome.await.unwrap_or(Err(CallError::Busy))
    }
}

impl Drop for Pool {
    /// Waits for the threads, which hold what a node may be about to close: a few instructions.
    fn drop(&mut self) {
        self.runner.cancelled.store(true, Ordering::Relaxed);
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A panic has been reported where it happened.
            let _ = thread.join();
        }
    }
}

impl Runner {
    /// Whether it runs nothing but the code of a token or of a predeploy, which calls nobody's. Multicall3 does what it is told.
    fn is_brief(&self, call: &Call) -> bool {
        let facade = call.to.and_then(|to| {
            self.view
                .with_ledger(|ledger| Facade::at(&to, ledger.tokens()))
        });
        call.state.is_empty() && matches!(facade, Some(Facade::Token(_) | Facade::Predeploy))
    }

    fn run(&self, call: &Call) -> Result<Bytes, CallError> {
        let ends_at = Instant::now() + self.limits.time_max;
        let deadline = Deadline::new(ends_at, &self.cancelled);
        execute(&self.view, &self.rules, &self.limits, call, deadline)
    }
}

/// What a thread does until the pool ends.
fn work(runner: &Runner, waiting: &Mutex<Receiver<Job>>) {
    yield_to_others();
    let next = || waiting.lock().recv();
    while let Ok(job) = next() {
        // Whoever has gone needs no answer.
        if job.answer.is_closed() {
            continue;
        }
        let outcome = if job.asked_at.elapsed() > runner.limits.wait_max {
            Err(CallError::Busy)
        } else {
            runner.run(&job.call)
        };
        let _ = job.answer.send(outcome);
    }
}

/// How much lower than others' the threads' priority is, in steps of `nice`: where there is no room for all, they get a tenth.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Lowers this thread's priority. Linux has one for each thread; elsewhere it is the process's, and stays.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "calls run at the priority of transactions");
    }
}
