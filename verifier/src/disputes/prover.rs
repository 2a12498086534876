//! The proof on its way: tried on L1, sent, and watched until the batch has fallen deep enough.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use alloy_provider::DynProvider;
use spillway_l1::beacon::BlobSource;
use spillway_l1::encoding::disputes::Refusal;
use spillway_l1::transactions::{
    AccountSigner, DriverSettings, Event, Events, IntentId, Obstacle, Outcome, StartError,
    SubmitError, TransactionManager,
};
use spillway_protocol::keccak::keccak256_parts;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use super::calls::{Call, CallError, Calls};
use super::evidence::Evidence;
use super::proof::{DisputeContracts, ProofError, prove};
use super::rewards::Rewards;
use crate::derivation::{DerivationError, fetch_blobs};

/// Attempts against one batch after which something is very wrong. They cost gas.
const ATTEMPTS_MAX: u64 = 16;

/// How a prover works.
#[derive(Clone, Copy, Debug)]
pub struct ProverConfig {
    /// Where proofs go.
    pub contracts: DisputeContracts,
    /// `Rollup`, which keeps the rewards.
    pub rollup: Address,
    /// The wait before something that failed is tried again.
    pub retry_interval: Duration,
}

/// How far the proof against a wrong batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proving {
    /// It is being made and tried.
    Preparing,
    /// It could not be made or sent, or reverted, and is tried again; the log says why.
    SetBack,
    /// The transaction manager has it.
    UnderWay,
    /// It has taken effect in a block that is not deep enough yet.
    Included,
    /// It has taken effect for good.
    Done,
}

/// Why nothing can be proven any more.
#[derive(Debug, thiserror::Error)]
pub enum ProverError {
    /// The transaction manager has stopped.
    #[error(
        "the transaction manager has stopped, so wrong batches cannot be proven wrong: its log says why; mend the cause and \
         start again"
    )]
    ManagerStopped,
    /// A thread has ended before its work.
    #[error("a task of the prover has ended: {0}. Start again")]
    Task(#[from] JoinError),
}

/// Why the proof is not on its way yet.
#[derive(Debug, thiserror::Error)]
enum Setback {
    #[error(transparent)]
    Blobs(#[from] DerivationError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Proof(#[from] ProofError),
    #[error(transparent)]
    Task(#[from] JoinError),
}

/// The work against one batch.
#[derive(Debug)]
struct Course {
    evidence: Arc<Evidence>,
    /// Attempts before this one, which failed.
    failed: u64,
    proving: Proving,
    /// What makes the proof and hands it over.
    task: Option<JoinHandle<Result<(), Setback>>>,
    /// When to try again.
    again_at: Option<Instant>,
}

impl Drop for Course {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Course {
    fn id(&self) -> IntentId {
        attempt_id(self.evidence.case.batch_hash(), self.failed)
    }

    /// The attempt has ended without effect, and there is another one.
    fn fail(&mut self, wait: Duration) {
        self.set_back(wait);
        self.failed += 1;
        if self.failed == ATTEMPTS_MAX {
            let batch = self.evidence.wrong.batch;
            tracing::error!(
                batch,
                "{ATTEMPTS_MAX} proofs were sent and had no effect: no more are. See the transactions of this key on L1"
            );
            self.again_at = None;
        }
    }

    fn set_back(&mut self, wait: Duration) {
        self.proving = Proving::SetBack;
        self.task = None;
        self.again_at = Some(Instant::now() + wait);
    }
}

/// The name of the attempt to prove a batch wrong after so many failed ones.
fn attempt_id(batch_hash: B256, failed: u64) -> IntentId {
    let parts = [
        &b"dispute"[..],
        batch_hash.as_slice(),
        &failed.to_be_bytes(),
    ];
    IntentId(keccak256_parts(&parts))
}

/// Proves wrong batches wrong, from a key of its own.
#[derive(Debug)]
pub struct Prover {
    config: ProverConfig,
    sender: Sender,
    events: Events,
    course: Option<Course>,
    /// Batches by the attempts against them of this run that have not ended: a batch falls long before it has fallen deep
    /// enough.
    attempts: BTreeMap<IntentId, u64>,
    felled: u64,
}

/// What the making of a proof needs of the world.
#[derive(Clone, Debug)]
struct Sender {
    contracts: DisputeContracts,
    blobs: BlobSource,
    calls: Calls,
}

impl Prover {
    /// Starts with what an earlier run left under way. Intents are kept below `dir`; the settings' confirmations say how
    /// deep a batch must have fallen. `blobs` must be those of the verifier.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        config: ProverConfig,
        settings: DriverSettings,
        l1: DynProvider,
        blobs: BlobSource,
        signer: AccountSigner,
        dir: &Path,
    ) -> Result<Self, StartError> {
        // The task ends with the handle, and says itself why it ends before.
        let (manager, events, _task) =
            TransactionManager::start(settings, l1.clone(), signer, dir).await?;
        Ok(Self {
            config,
            sender: Sender {
                contracts: config.contracts,
                blobs,
                calls: Calls { l1, manager },
            },
            events,
            course: None,
            attempts: BTreeMap::new(),
            felled: 0,
        })
    }

    /// What the proofs earn.
    #[must_use]
    pub fn rewards(&self) -> Rewards {
        Rewards {
            rollup: self.config.rollup,
            l1: self.sender.calls.l1.clone(),
            manager: self.sender.calls.manager.clone(),
        }
    }

    /// The way of calls from the prover's account, for what else is sent from it. Who uses it is told of no ends: those are
    /// reported to the prover, which lets go of what it does not know.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.sender.calls.clone()
    }

    /// How far the proof is; none if no batch is to be proven wrong.
    #[must_use]
    pub fn proving(&self) -> Option<Proving> {
        self.course.as_ref().map(|course| course.proving)
    }

    /// Batches that fell for good by a proof of this prover's, since it was started.
    #[must_use]
    pub const fn felled(&self) -> u64 {
        self.felled
    }

    /// Begins to prove a batch wrong.
    pub fn begin(&mut self, evidence: Evidence) {
        self.course = Some(Course {
            evidence: Arc::new(evidence),
            failed: 0,
            proving: Proving::Preparing,
            task: None,
            again_at: Some(Instant::now()),
        });
    }

    /// The batch does not stand any more, or is another one now. What was sent already reverts, unless L1 forks back.
    pub fn end(&mut self) {
        self.course = None;
    }

    /// Works until something has changed. May be dropped at any point and called again.
    ///
    /// # Errors
    /// [`ProverError`], for good.
    pub async fn step(&mut self) -> Result<(), ProverError> {
        tokio::select! {
            event = self.events.recv() => {
                self.on_event(event.ok_or(ProverError::ManagerStopped)?).await;
                Ok(())
            }
            ended = worked(self.course.as_mut()) => self.on_worked(ended),
        }
    }

    /// The task has ended, or it is time to begin one.
    fn on_worked(&mut self, ended: Option<Result<(), Setback>>) -> Result<(), ProverError> {
        let Some(course) = &mut self.course else {
            return Ok(());
        };
        course.task = None;
        course.again_at = None;
        match ended {
            None => {
                let (sender, evidence) = (self.sender.clone(), Arc::clone(&course.evidence));
                let id = course.id();
                self.attempts.insert(id, evidence.wrong.batch);
                course.proving = Proving::Preparing;
                course.task = Some(tokio::spawn(async move { sender.send(id, evidence).await }));
            }
            // Its events may have come before.
            Some(Ok(())) if course.proving == Proving::Preparing => {
                course.proving = Proving::UnderWay;
            }
            Some(Ok(())) => {}
            Some(Err(Setback::Call(CallError::Submit(SubmitError::Stopped)))) => {
                return Err(ProverError::ManagerStopped);
            }
            Some(Err(Setback::Task(error))) => return Err(error.into()),
            Some(Err(setback)) => {
                tell(course.evidence.wrong.batch, &setback);
                course.set_back(self.config.retry_interval);
            }
        }
        Ok(())
    }

    async fn on_event(&mut self, event: Event) {
        let id = event.id();
        let wait = self.config.retry_interval;
        if let Some(course) = self.course.as_mut().filter(|course| course.id() == id) {
            match &event {
                Event::Sent { .. } | Event::Dropped { .. } => course.proving = Proving::UnderWay,
                Event::Included { .. } => course.proving = Proving::Included,
                Event::Final { settled, .. } if settled.outcome == Outcome::Executed => {
                    course.proving = Proving::Done;
                }
                // Somebody else was first, most likely: the next attempt is tried before it is sent, and told so.
                Event::Reverted { .. } | Event::Cancelled { .. } | Event::Final { .. } => {
                    course.fail(wait);
                }
                _ => {}
            }
        }
        match event {
            Event::Final { settled, .. } => {
                let attempt = self.attempts.remove(&id);
                if let Some(batch) = attempt.filter(|_| settled.outcome == Outcome::Executed) {
                    self.felled += 1;
                    tracing::info!(batch, "a wrong batch has fallen for good");
                }
                self.sender.calls.manager.forget(id).await;
            }
            // It will never get anywhere.
            Event::Blocked {
                obstacle: Obstacle::Invalid(_),
                ..
            } => self.sender.calls.manager.cancel(id).await,
            _ => {}
        }
    }
}

/// Waits for the task's end, or for the time to begin one (none).
async fn worked(course: Option<&mut Course>) -> Option<Result<(), Setback>> {
    let Some(course) = course else {
        return std::future::pending().await;
    };
    if let Some(task) = &mut course.task {
        return Some(task.await.unwrap_or_else(|error| Err(error.into())));
    }
    match course.again_at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
    None
}

fn tell(batch: u64, setback: &Setback) {
    match setback {
        Setback::Call(CallError::Refused(Refusal::NotPending(_) | Refusal::OtherBatch(_))) => {
            tracing::info!(batch, reason = %setback, "nothing is to be proven");
        }
        Setback::Blobs(_) | Setback::Call(CallError::Rpc(_)) => {
            tracing::warn!(batch, reason = %setback, "the proof waits");
        }
        _ => {
            tracing::error!(
                batch,
                reason = %setback,
                "A WRONG BATCH CANNOT BE PROVEN WRONG by this program; it is tried again. Prove it with another version, \
                 before it is final"
            );
        }
    }
}

impl Sender {
    /// Makes the proof, tries it, and hands it to the manager; unless that knows the attempt already, from before a
    /// crash: its proof may be another one by now, but an attempt is sent once.
    async fn send(&self, id: IntentId, evidence: Arc<Evidence>) -> Result<(), Setback> {
        if self.calls.is_known(id).await.map_err(CallError::from)? {
            return Ok(());
        }
        let blobs = fetch_blobs(&self.blobs, &evidence.case.batch).await?;
        let contracts = self.contracts;
        let proof = spawn_blocking(move || prove(&evidence, &blobs, &contracts)).await??;
        let call = Call {
            to: proof.to,
            calldata: proof.calldata,
            value: U256::ZERO,
        };
        Ok(self.calls.submit(id, call).await?)
    }
}
