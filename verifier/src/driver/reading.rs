//! What the verifier waits for: L1, blobs and the prover.

use std::future::pending;
use std::sync::Arc;

use spillway_l1::batches::SubmittedBatch;
use spillway_l1::events::Item;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{Found, Verifier};
use crate::authorisation::Safety;
use crate::config::VerifierError;
use crate::derivation::{BatchData, Contradiction, DerivationError, Reset, fetch};
use crate::disputes::{Prover, ProverError};

/// Batches that are read of L1 and not replayed, before L1 is read no further: what is yet to be replayed is known far
/// enough ahead that a batch which fell long ago is not replayed at all.
const AHEAD_MAX: u64 = 4_096;

/// Data that is fetched while the batch before it is replayed.
#[derive(Debug)]
pub(super) struct Ahead {
    batch: Arc<SubmittedBatch>,
    data: JoinHandle<Result<BatchData, DerivationError>>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.data.abort();
    }
}

impl Verifier {
    /// The next batch with its data; none if there is none, or a wrong one stands.
    pub(super) async fn derive(
        &mut self,
    ) -> Result<Option<(Arc<SubmittedBatch>, BatchData)>, DerivationError> {
        self.read_ahead().await?;
        self.derivation.check()?;
        self.check_wrong()?;
        let Some(batch) = self.due().cloned() else {
            return Ok(None);
        };
        let data = self.data_of(&batch).await?;
        self.derivation.next_batch()?;
        Ok(Some((batch, data)))
    }

    /// A wrong batch that has fallen, or is in another block of L1 now, is wrong no more, or wrong anew.
    fn check_wrong(&self) -> Result<(), Reset> {
        let Some(Found { wrong, batch }) = &self.wrong else {
            return Ok(());
        };
        if self.derivation.standing().batch(wrong.batch) == Some(batch) {
            return Ok(());
        }
        let to = wrong.batch - 1;
        Err(Reset { to })
    }

    /// The batch that comes next: up to a wrong one, and not before L1 is known to have the snapshot's.
    pub(super) fn due(&self) -> Option<&Arc<SubmittedBatch>> {
        let next = self.derivation.peek()?;
        let wrong = self.wrong.as_ref().map(|found| found.wrong.batch);
        let suspect = self.suspect.as_ref().map(|suspect| suspect.number);
        let is_before = |end: Option<u64>| end.is_none_or(|end| next.number < end);
        let is_due = self.snapshot.is_none() && is_before(wrong) && is_before(suspect);
        is_due.then_some(next)
    }

    /// Takes in what L1 has to say now, unless enough is known already.
    async fn read_ahead(&mut self) -> Result<(), Contradiction> {
        while (self.snapshot.is_some() || self.unreplayed() < AHEAD_MAX)
            && let Some(item) = self.reader.next_ready().await?
        {
            self.take(item)?;
        }
        self.tell();
        Ok(())
    }

    /// Waits for something new on L1, or of the prover.
    pub(super) async fn wait(&mut self) -> Result<(), VerifierError> {
        if self.snapshot.is_some() && self.reader.is_at_head() {
            return self.pass_over_snapshot();
        }
        let looks_again = self.safety.as_ref().is_some_and(Safety::is_waiting);
        let item = tokio::select! {
            item = self.reader.next() => item,
            worked = step(self.prover.as_mut()) => return Ok(worked?),
            () = sleep(self.config.retry_interval), if looks_again => return Ok(()),
        };
        Ok(self.take(item.map_err(Contradiction::from)?)?)
    }

    fn take(&mut self, item: Item) -> Result<(), Contradiction> {
        if let Item::Block(block) = &item {
            self.l1_time = block.header.timestamp;
        }
        self.derivation.take(item)
    }

    /// Goes on after the snapshot's batch, if that is the one which L1 has.
    fn pass_over_snapshot(&mut self) -> Result<(), VerifierError> {
        let (Some(batch), Some(ledger)) = (self.snapshot, &self.ledger) else {
            return Ok(());
        };
        let (state_root, block_hash) = (ledger.root(), ledger.head().hash());
        let is_its = |posted: &&Arc<SubmittedBatch>| {
            posted.header.state_root == state_root && posted.header.block_hash == block_hash
        };
        let posted = self.derivation.standing().batch(batch);
        if posted.filter(is_its).is_none() {
            return Err(VerifierError::Snapshot(batch));
        }
        self.derivation.pass_over(batch);
        self.snapshot = None;
        Ok(())
    }

    fn unreplayed(&self) -> u64 {
        let handed_out = self.derivation.handed_out_to();
        self.derivation.standing().head().saturating_sub(handed_out)
    }

    pub(super) fn tell(&self) {
        let l1_block = self.reader.cursor().tip().map(|block| block.number);
        let posted_batch = self.derivation.standing().head();
        let prover = self.prover.as_ref();
        let (proving, felled) = (
            prover.and_then(Prover::proving),
            prover.map_or(0, Prover::felled),
        );
        self.progress.send_if_modified(|progress| {
            let before = *progress;
            (progress.l1_block, progress.posted_batch) = (l1_block, posted_batch);
            (progress.proving, progress.felled) = (proving, felled);
            before != *progress
        });
    }

    async fn data_of(&mut self, batch: &Arc<SubmittedBatch>) -> Result<BatchData, DerivationError> {
        if let Some(mut ahead) = self.ahead.take().filter(|ahead| ahead.batch == *batch)
            && let Ok(data) = (&mut ahead.data).await
        {
            return data;
        }
        fetch(&self.blobs, batch).await
    }

    /// Begins to fetch the next batch's data.
    pub(super) fn fetch_ahead(&mut self) {
        self.ahead = self.derivation.peek().map(|batch| {
            let (blobs, next) = (self.blobs.clone(), Arc::clone(batch));
            Ahead {
                batch: Arc::clone(batch),
                data: tokio::spawn(async move { fetch(&blobs, &next).await }),
            }
        });
    }
}

/// Waits for the prover to have done something.
async fn step(prover: Option<&mut Prover>) -> Result<(), ProverError> {
    match prover {
        Some(prover) => prover.step().await,
        None => pending().await,
    }
}
