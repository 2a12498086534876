//! What the verifier makes of the signed transactions that are held.

use std::sync::Arc;

use spillway_l1::batches::SubmittedBatch;
use tokio::task::spawn_blocking;

use super::Verifier;
use super::verdicts::case;
use crate::authorisation::Safety;
use crate::config::VerifierError;
use crate::replay::Ledger;

impl Verifier {
    /// A batch is right: it is safe once it is held.
    pub(super) fn note_for_safety(
        &mut self,
        batch: &Arc<SubmittedBatch>,
        first_block: u64,
        ledger: &Ledger,
    ) {
        if let Some(safety) = &mut self.safety {
            let is_as_told = ledger.other_block_hash().is_none();
            let hash = is_as_told.then(|| ledger.head().hash());
            safety.note(batch, first_block, hash);
        }
    }

    /// Batches after that one do not stand any more.
    pub(super) fn forget_safety_after(&mut self, batch: u64) {
        let standing = self.derivation.standing().batch(batch);
        let block = standing.map_or(0, |batch| batch.header.block_number);
        if let Some(safety) = &mut self.safety {
            safety.go_back(batch, block);
        }
        self.tell_safe();
    }

    /// Looks which batches are held by now, and has the guard demand what is missing for too long.
    pub(super) async fn check_held(&mut self) -> Result<(), VerifierError> {
        self.look_for_fallen();
        while let Some((waiting, holdings)) = self.safety.as_ref().and_then(|it| it.next()) {
            let number = waiting.batch.number;
            let looked = spawn_blocking(move || waiting.look(&*holdings)).await?;
            let held = match looked {
                Ok(held) => held,
                Err(error) => {
                    tracing::error!(batch = number, %error, "what is held of a batch cannot be read");
                    break;
                }
            };
            if !self
                .safety
                .as_mut()
                .is_some_and(|it| it.found(number, held))
            {
                break;
            }
            self.tell_safe();
        }
        self.demand()
    }

    /// On the way back to a batch, others that were handed out before can fall unseen: the derivation has forgotten them.
    fn look_for_fallen(&mut self) {
        let noted = self.safety.as_ref().map_or(0, Safety::last_noted);
        let ledger = self.ledger.as_ref();
        if ledger.is_none_or(|ledger| ledger.batch() >= noted) {
            return;
        }
        let standing = self.derivation.standing();
        let fallen = self.safety.as_ref().and_then(|safety| {
            safety.fallen(|number| match standing.batch(number) {
                // What is let go is final.
                None if number <= standing.base() => safety.noted(number),
                batch => batch.cloned(),
            })
        });
        if let Some(batch) = fallen {
            self.forget_safety_after(batch);
            self.suspect = None;
        }
    }

    fn tell_safe(&self) {
        let Some(safety) = &self.safety else {
            return;
        };
        let (batch, block) = safety.safe();
        self.progress.send_if_modified(|progress| {
            let is_news = progress.safe_batch != batch || progress.safe_block != block;
            (progress.safe_batch, progress.safe_block) = (batch, block);
            is_news
        });
    }

    /// Goes back to before a batch of which transactions are to be demanded, hands it to the guard, and goes on.
    fn demand(&mut self) -> Result<(), VerifierError> {
        if self.wrong.is_some() {
            // It falls anyway, and everything after it. What is before it is looked at then.
            return Ok(());
        }
        if self.suspect.is_none() && self.ledger.is_some() {
            self.suspect = self.next_suspect();
            if let Some(suspect) = &self.suspect {
                self.rewind(suspect.number - 1)?;
            }
        }
        let is_there = |suspect: &mut Arc<SubmittedBatch>| {
            let ledger = self.ledger.as_ref();
            ledger.is_some_and(|ledger| ledger.batch() + 1 == suspect.number)
        };
        // One that is in another block of L1 by now, or fell, is found again if need be.
        if let Some(suspect) = self.suspect.take_if(is_there)
            && self.derivation.standing().batch(suspect.number) == Some(&suspect)
            && let (Some(ledger), Some(guard)) = (&self.ledger, &mut self.guard)
        {
            guard.demand(case(&self.derivation, ledger, &suspect));
        }
        Ok(())
    }

    /// The first batch that waits for too long, as it stands now.
    fn next_suspect(&mut self) -> Option<Arc<SubmittedBatch>> {
        let (safety, guard) = (self.safety.as_mut()?, self.guard.as_ref()?);
        let stalled = safety.stalled()?;
        let standing = self.derivation.standing();
        let waiting = safety.waiting().filter_map(|waiting| {
            let batch = standing.batch(waiting.batch.number)?;
            Some((waiting.since.elapsed(), batch))
        });
        let now = self.l1_time;
        // In the order in which they were replayed.
        let mut long = waiting.take_while(|(waited, _)| guard.has_waited(*waited));
        let due = long.find(|(_, batch)| guard.is_due(batch, stalled, now));
        due.map(|(_, batch)| Arc::clone(batch))
    }
}
