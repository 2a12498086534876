//! Handing transactions to the sequencer, and waiting for what became of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy_primitives::{Address, B256, Bytes};
use parking_lot::Mutex;
use spillway_protocol::transaction::Intent;
use tokio::sync::oneshot;

use crate::admission::{self, AdmissionError, Admitted};
use crate::lanes::{Lane, Lanes, Query};
use crate::ordering::OrderingError;
use crate::view::View;

/// What became of a transaction that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is in a block that is on disk.
    Durable {
        /// Its hash.
        hash: B256,
    },
    /// It waits for the nonces before its own, in memory only.
    Held {
        /// Its hash.
        hash: B256,
    },
}

impl Accepted {
    /// The transaction's hash.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        match self {
            Self::Durable { hash } | Self::Held { hash } => *hash,
        }
    }
}

/// Why a transaction was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The bytes are not a transaction of this chain.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The ledger does not allow it now.
    #[error(transparent)]
    Ordering(#[from] OrderingError),
    /// The lane is full. Nothing happened; the same transaction may be sent again.
    #[error("sequencer is busy, retry after {RETRY_AFTER_MS} ms")]
    Busy,
    /// The sequencer stops, or its journal has failed. Whether this transaction became durable is
    /// known after a restart.
    #[error(
        "sequencer has stopped and takes no transactions; ask for this one by its hash after the restart"
    )]
    Halted,
    /// This node makes no blocks.
    #[error("this node follows a sequencer and takes no transactions: send them to the sequencer")]
    Replica,
}

/// What a client is told to wait when a lane is full, in milliseconds.
pub const RETRY_AFTER_MS: u64 = 100;

/// The answer to one transaction.
pub type Answer = Result<Accepted, SubmitError>;

/// Hands transactions to the sequencer.
#[derive(Clone, Debug)]
pub struct Submitter {
    chain_id: u64,
    door: Door,
    view: View,
}

/// Where transactions go.
#[derive(Clone, Debug)]
enum Door {
    /// To whoever executes them.
    Lanes(Arc<Lanes>),
    /// Nowhere: a replica's. It knows whether the replica can still take blocks.
    Shut {
        /// Whether its journal has failed.
        halted: Arc<AtomicBool>,
    },
}

impl Submitter {
    pub(crate) const fn new(chain_id: u64, lanes: Arc<Lanes>, view: View) -> Self {
        Self {
            chain_id,
            door: Door::Lanes(lanes),
            view,
        }
    }

    /// One that refuses everything, for a replica; it is told there when the replica's journal has failed.
    pub(crate) fn of_replica(view: View, halted: Arc<AtomicBool>) -> Self {
        Self {
            chain_id: view.genesis().chain_id,
            door: Door::Shut { halted },
            view,
        }
    }

    fn lanes(&self) -> Result<&Arc<Lanes>, SubmitError> {
        match &self.door {
            Door::Lanes(lanes) => Ok(lanes),
            Door::Shut { .. } => Err(SubmitError::Replica),
        }
    }

    /// Submits a transaction; answers when it is durable, held or refused.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn submit(&self, raw: Bytes) -> Answer {
        let lanes = self.lanes()?;
        let admitted = admission::admit(raw, self.chain_id)?;
        let hash = admitted.hash;
        let (batch, answers) = Batch::new(1);
        let lane = lane_of(&admitted);
        lanes.submit(lane, [(admitted, batch.ticket(0))]);
        let answer = answers.await.ok().and_then(|mut answers| answers.pop());
        self.settle(hash, answer.unwrap_or(Err(SubmitError::Halted)))
    }

    /// Submits many at once, in their order; answers when each is durable, held or refused.
    ///
    /// Signatures are recovered on all cores. The call blocks no executor thread.
    pub async fn submit_all(&self, raw: Vec<Bytes>) -> Vec<Answer> {
        let (chain_id, lanes) = match self.lanes() {
            Ok(lanes) => (self.chain_id, lanes),
            Err(error) => return vec![Err(error); raw.len()],
        };
        let admit = move || admission::admit_all(raw, chain_id);
        let Ok(admitted) = tokio::task::spawn_blocking(admit).await else {
            return Vec::new();
        };
        let hashes: Vec<_> = admitted
            .iter()
            .map(|one| one.as_ref().map_or(B256::ZERO, |one| one.hash))
            .collect();
        let (batch, answers) = Batch::new(admitted.len());
        push_all(lanes, admitted, &batch);
        drop(batch);
        let answers = answers.await.unwrap_or_default();
        hashes
            .into_iter()
            .zip(answers)
            .map(|(hash, answer)| self.settle(hash, answer))
            .collect()
    }

    /// The nonce after everything that was executed, durable or not; falls back to the durable one
    /// when the sequencer has stopped, is another node, or is too busy to say.
    pub async fn pending_nonce(&self, address: Address) -> u64 {
        let (answer, receiver) = oneshot::channel();
        let query = Query::PendingNonce { address, answer };
        if let Ok(lanes) = self.lanes()
            && lanes.ask(query).is_ok()
            && let Ok(nonce) = receiver.await
        {
            return nonce;
        }
        self.view
            .account(&address)
            .map_or(0, |account| account.nonce)
    }

    /// Whether a transaction was taken and is not durable yet: it is held for earlier nonces, or with the
    /// journal. One that still waits in a lane has not been taken. Once the sequencer has stopped, nothing is; nor is
    /// anything on a replica.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] when too many ask.
    pub async fn is_queued(&self, hash: B256) -> Result<bool, SubmitError> {
        let (answer, receiver) = oneshot::channel();
        let Ok(lanes) = self.lanes() else {
            return Ok(false);
        };
        match lanes.ask(Query::Queued { hash, answer }) {
            Ok(()) => Ok(receiver.await.unwrap_or(false)),
            Err(SubmitError::Halted) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// How many transactions are held for earlier nonces; none once the sequencer has stopped, nor on a replica.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] when too many ask.
    pub async fn held(&self) -> Result<usize, SubmitError> {
        let (answer, receiver) = oneshot::channel();
        let Ok(lanes) = self.lanes() else {
            return Ok(0);
        };
        match lanes.ask(Query::Held { answer }) {
            Ok(()) => Ok(receiver.await.unwrap_or(0)),
            Err(SubmitError::Halted) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Whether no block is made any more: the sequencer stops, or its journal has failed. Of a replica: whether it takes
    /// none any more, as its journal has failed.
    #[must_use]
    pub fn halted(&self) -> bool {
        match &self.door {
            Door::Lanes(lanes) => lanes.closed(),
            Door::Shut { halted } => halted.load(Ordering::Acquire),
        }
    }

    /// Whether transactions are taken at all.
    #[must_use]
    pub fn accepting(&self) -> bool {
        self.lanes().is_ok_and(|lanes| !lanes.closed())
    }

    /// Transactions that wait for execution.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lanes().map_or(0, |lanes| lanes.waiting())
    }

    /// A nonce that was used already is no error when this very transaction used it.
    fn settle(&self, hash: B256, answer: Answer) -> Answer {
        if !matches!(
            answer,
            Err(SubmitError::Ordering(OrderingError::NonceTooLow { .. }))
        ) {
            return answer;
        }
        match self.view.transaction(&hash) {
            Ok(Some(_)) => Ok(Accepted::Durable { hash }),
            _ => answer,
        }
    }
}

/// Pushes each lane's transactions together. What a full lane refuses is answered at once.
fn push_all(lanes: &Lanes, admitted: Vec<Result<Admitted, AdmissionError>>, batch: &Arc<Batch>) {
    let mut sorted: [Vec<(Admitted, Ticket)>; 2] = [Vec::new(), Vec::new()];
    for (slot, one) in admitted.into_iter().enumerate() {
        let ticket = batch.ticket(slot);
        match one {
            Ok(admitted) => {
                sorted[usize::from(lane_of(&admitted) == Lane::Transfers)].push((admitted, ticket));
            }
            Err(error) => ticket.answer(Err(error.into())),
        }
    }
    let [withdrawals, transfers] = sorted;
    lanes.submit(Lane::Withdrawals, withdrawals);
    lanes.submit(Lane::Transfers, transfers);
}

fn lane_of(admitted: &Admitted) -> Lane {
    match admitted.intent {
        Intent::Withdraw { .. } => Lane::Withdrawals,
        Intent::Transfer { .. } | Intent::Payout { .. } => Lane::Transfers,
    }
}

/// The answers to transactions that were submitted together; sent when the last one is known.
#[derive(Debug)]
pub struct Batch {
    answers: Mutex<Answers>,
}

#[derive(Debug)]
struct Answers {
    answers: Vec<Answer>,
    missing: usize,
    done: Option<oneshot::Sender<Vec<Answer>>>,
}

impl Batch {
    /// A batch of that many answers, and where they arrive.
    #[must_use]
    pub fn new(len: usize) -> (Arc<Self>, oneshot::Receiver<Vec<Answer>>) {
        let (done, receiver) = oneshot::channel();
        let mut answers = Answers {
            answers: vec![Err(SubmitError::Halted); len],
            missing: len,
            done: Some(done),
        };
        answers.send_if_complete();
        (
            Arc::new(Self {
                answers: Mutex::new(answers),
            }),
            receiver,
        )
    }

    /// The ticket of one answer. Each slot is asked for once.
    #[must_use]
    pub fn ticket(self: &Arc<Self>, slot: usize) -> Ticket {
        Ticket {
            batch: Some(Arc::clone(self)),
            slot,
        }
    }
}

impl Answers {
    fn send_if_complete(&mut self) {
        if self.missing == 0
            && let Some(done) = self.done.take()
        {
            // The receiver is gone when the client has hung up: nobody waits for the answers then.
            let _ = done.send(std::mem::take(&mut self.answers));
        }
    }
}

/// The right to give one answer, once. Dropped without one, it answers that the sequencer has stopped.
#[derive(Debug)]
pub struct Ticket {
    batch: Option<Arc<Batch>>,
    slot: usize,
}

impl Ticket {
    /// Answers.
    pub fn answer(mut self, answer: Answer) {
        self.give(answer);
    }

    fn give(&mut self, answer: Answer) {
        let Some(batch) = self.batch.take() else {
            return;
        };
        let mut answers = batch.answers.lock();
        if let Some(slot) = answers.answers.get_mut(self.slot) {
            *slot = answer;
        }
        answers.missing = answers.missing.saturating_sub(1);
        answers.send_if_complete();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.give(Err(SubmitError::Halted));
    }
}
