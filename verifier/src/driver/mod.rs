//! The task around derivation and replay: L1, blobs, threads and the clock.

mod holding;
mod reading;
mod verdicts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_provider::DynProvider;
use spillway_l1::batches::SubmittedBatch;
use spillway_l1::beacon::BlobSource;
use spillway_l1::events::{Cursor, EventReader};
use spillway_protocol::token::TokenTable;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use crate::authorisation::{Guard, Holdings, Safety};
use crate::checkpoints::Checkpoints;
use crate::config::{Until, VerifierConfig, VerifierError};
use crate::derivation::{Derivation, DerivationError};
use crate::disputes::{Prover, Rewards};
use crate::progress::Progress;
use crate::replay::{Ledger, Wrong};

use reading::Ahead;

/// A wrong batch.
#[derive(Debug)]
struct Found {
    wrong: Wrong,
    /// As it was posted: posted again in another block of L1 it takes another proof.
    batch: Arc<SubmittedBatch>,
}

/// A ledger after a batch that can neither fall nor be forked away, and the tokens that L1 has listed.
pub type Settled = (Ledger, TokenTable);

/// Follows a rollup from its deployment on and replays every batch that stands. See the [crate](crate).
#[derive(Debug)]
pub struct Verifier {
    config: VerifierConfig,
    reader: EventReader,
    blobs: BlobSource,
    derivation: Derivation,
    checkpoints: Checkpoints,
    /// None while a batch is replayed, and after one that was wrong if there is no prover.
    ledger: Option<Box<Ledger>>,
    /// The batch that the first ledger is after, until L1 is known to have it.
    snapshot: Option<u64>,
    /// A batch that is wrong and stands.
    wrong: Option<Found>,
    prover: Option<Prover>,
    /// Which batches are safe, if the signed transactions are there.
    safety: Option<Safety>,
    guard: Option<Guard>,
    /// Who keeps what nobody goes back behind.
    settled: Option<mpsc::Sender<Settled>>,
    /// A batch that is right and of which transactions are to be demanded.
    suspect: Option<Arc<SubmittedBatch>>,
    ahead: Option<Ahead>,
    /// The time of the last block of L1 that was read, in seconds.
    l1_time: u64,
    progress: watch::Sender<Progress>,
    /// Transactions replayed, and the time it took.
    replayed: (u64, Duration),
}

impl Verifier {
    /// Begins at genesis. Progress is told to `progress`, whether anybody watches or not.
    #[must_use]
    pub fn new(
        config: VerifierConfig,
        l1: DynProvider,
        blobs: BlobSource,
        progress: watch::Sender<Progress>,
    ) -> Self {
        let ledger = Ledger::genesis(config.fee_account);
        Self::after(ledger, config, l1, blobs, progress)
    }

    /// Begins after the batch of a [snapshot's](Ledger::of_snapshot) ledger, once L1 is seen to have that batch. It must be
    /// final: the verification cannot go back behind it.
    #[must_use]
    pub fn after(
        ledger: Ledger,
        config: VerifierConfig,
        l1: DynProvider,
        blobs: BlobSource,
        progress: watch::Sender<Progress>,
    ) -> Self {
        let cursor = Cursor::before(config.l1_block);
        progress.send_modify(|progress| progress.set_ledger(&ledger));
        Self {
            config,
            reader: EventReader::new(l1, cursor, config.contracts.filter(), config.reader),
            blobs,
            derivation: Derivation::new(config.contracts),
            checkpoints: Checkpoints::new(ledger.clone(), config.checkpoint_interval),
            snapshot: Some(ledger.batch()).filter(|batch| *batch != 0),
            ledger: Some(Box::new(ledger)),
            wrong: None,
            prover: None,
            safety: None,
            guard: None,
            settled: None,
            suspect: None,
            ahead: None,
            l1_time: 0,
            progress,
            replayed: (0, Duration::ZERO),
        }
    }

    /// The same, which proves wrong batches wrong.
    #[must_use]
    pub fn with_prover(mut self, prover: Prover) -> Self {
        self.prover = Some(prover);
        self
    }

    /// The same, which says of batches whether they are safe. What it begins after is.
    #[must_use]
    pub fn with_holdings(mut self, holdings: Arc<dyn Holdings>) -> Self {
        let began = self.ledger.as_ref();
        let (batch, block) = began.map_or((0, 0), |ledger| (ledger.batch(), ledger.head().number));
        self.safety = Some(Safety::after(holdings, batch, block));
        self
    }

    /// The same, which demands the transactions of guarded accounts. It needs holdings.
    #[must_use]
    pub fn with_guard(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// The same, which hands out a ledger whenever nobody goes back behind another one than before: the next run can
    /// [begin there](Self::after). What is not taken in time is not handed out.
    #[must_use]
    pub fn with_settled(mut self, settled: mpsc::Sender<Settled>) -> Self {
        self.settled = Some(settled);
        self
    }

    /// Verifies until the target is reached. May be called again, with a further one, and dropped at any point.
    ///
    /// # Errors
    /// [`VerifierError`], for good. What is temporary is waited for, what has fallen is taken back.
    pub async fn run(&mut self, until: Until) -> Result<(), VerifierError> {
        if self.ledger.is_none() && !self.is_stuck() {
            // The last run was dropped during a replay.
            self.rewind(self.derivation.handed_out_to().saturating_sub(1))?;
        }
        loop {
            let start = Instant::now();
            match self.derive().await {
                Ok(Some((batch, data))) => self.verify(&batch, data, start).await?,
                Ok(None) if self.is_done(until) => return Ok(()),
                Ok(None) => self.wait().await?,
                Err(DerivationError::Temporary { number, error }) => {
                    tracing::warn!(batch = number, %error, "its blobs are not there; they are asked for again");
                    sleep(self.config.retry_interval).await;
                }
                Err(DerivationError::Reset(reset)) => {
                    tracing::warn!(
                        to = reset.to,
                        "batches that were replayed do not stand any more"
                    );
                    self.go_back(reset.to)?;
                }
                Err(DerivationError::Critical(error)) => return Err(error.into()),
            }
            self.accuse();
            self.check_held().await?;
            if self.is_far_enough(until) {
                return Ok(());
            }
        }
    }

    /// The ledger after the newest batch that agrees, or after an earlier one while that is looked for again; none while a
    /// wrong batch stands and there is no prover.
    #[must_use]
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_deref()
    }

    /// What its proofs earn; none without a prover.
    #[must_use]
    pub fn rewards(&self) -> Option<Rewards> {
        self.prover.as_ref().map(Prover::rewards)
    }

    /// What L1 has, as far as it was read.
    #[must_use]
    pub const fn derivation(&self) -> &Derivation {
        &self.derivation
    }

    /// Whether a wrong batch stands, and nothing is done about it.
    const fn is_stuck(&self) -> bool {
        self.wrong.is_some() && self.prover.is_none()
    }

    /// Whether the end of what is known is the end of the run.
    fn is_done(&self, until: Until) -> bool {
        let is_over = self.wrong.is_none() || self.is_stuck();
        until == Until::Head && is_over && self.snapshot.is_none() && self.reader.is_at_head()
    }

    fn is_far_enough(&self, until: Until) -> bool {
        let Until::Batch(target) = until else {
            return false;
        };
        let is_there = self.ledger().is_some_and(|ledger| ledger.batch() >= target);
        self.is_stuck() || (is_there && self.snapshot.is_none())
    }
}
