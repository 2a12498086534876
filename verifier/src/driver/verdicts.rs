//! What the verifier makes of a replay, and how it goes back.

use std::sync::Arc;
use std::time::Instant;

use spillway_l1::batches::SubmittedBatch;
use tokio::task::spawn_blocking;

use super::{Found, Verifier};
use crate::config::VerifierError;
use crate::derivation::{BatchData, Derivation};
use crate::disputes::{Case, Evidence};
use crate::replay::{Claim, Ledger, Verdict, Wrong, messages_max, replay};

impl Verifier {
    /// Replays a batch and notes what came out. `start` is when its derivation began.
    pub(super) async fn verify(
        &mut self,
        batch: &Arc<SubmittedBatch>,
        data: BatchData,
        start: Instant,
    ) -> Result<(), VerifierError> {
        let Some(ledger) = self.ledger.take() else {
            return Ok(());
        };
        let first_block = ledger.head().number + 1;
        self.fetch_ahead();
        match self.replay(*ledger, batch, data).await? {
            Verdict::Agrees(ledger) => {
                self.replayed.0 += u64::from(batch.header.auth_count);
                self.replayed.1 += start.elapsed();
                self.note_for_safety(batch, first_block, &ledger);
                self.agrees(ledger);
                Ok(())
            }
            Verdict::Wrong(wrong) => self.is_wrong(wrong, batch),
        }
    }

    async fn replay(
        &self,
        ledger: Ledger,
        batch: &SubmittedBatch,
        data: BatchData,
    ) -> Result<Verdict, VerifierError> {
        let header = batch.header;
        let consumed = ledger.head().inbox_count;
        let (messages, tokens) = self
            .derivation
            .inputs(consumed, messages_max(header.chunk_count));
        let tokens = tokens.clone();
        let work = move || {
            let claim = Claim {
                header: &header,
                data: &data,
                messages: &messages,
                tokens: &tokens,
            };
            replay(ledger, &claim)
        };
        Ok(spawn_blocking(work).await?)
    }

    pub(super) fn agrees(&mut self, ledger: Box<Ledger>) {
        let final_block = self
            .reader
            .markers()
            .and_then(|markers| markers.final_block(self.config.finality));
        let settled = final_block.map_or(0, |block| self.derivation.standing().settled(block));
        let oldest = self.checkpoints.oldest().batch();
        self.checkpoints.offer(&ledger, settled);
        self.hand_out_settled(oldest);
        // A snapshot's batch may be settled, and L1 not have been seen to say so.
        let forgotten = self.checkpoints.oldest().batch().min(settled);
        self.derivation.forget_through(forgotten);
        if ledger.other_block_hash() == Some(ledger.batch()) {
            tracing::error!(
                batch = ledger.batch(),
                "the header names another block hash than its operations lead to: state and funds are right, but this batch and \
                 those after it are never safe"
            );
        }
        // On the way back to a batch that was replayed before, what is told already is not told again.
        let is_news = ledger.batch() > self.progress.borrow().batch;
        if self.wrong.is_none() && is_news {
            let (transactions, time) = self.replayed;
            self.progress.send_modify(|progress| {
                progress.set_ledger(&ledger);
                progress.rate = transactions as f64 / time.as_secs_f64().max(f64::EPSILON);
            });
        }
        self.ledger = Some(ledger);
    }

    /// Hands the oldest ledger out, if that is another one than it was.
    fn hand_out_settled(&self, before: u64) {
        let oldest = self.checkpoints.oldest();
        if let Some(settled) = &self.settled
            && oldest.batch() > before
            // Whoever keeps the one before takes the next one.
            && let Ok(place) = settled.try_reserve()
        {
            let (_, tokens) = self.derivation.inputs(0, 0);
            place.send((Ledger::clone(oldest), tokens.clone()));
        }
    }

    pub(super) fn is_wrong(
        &mut self,
        wrong: Wrong,
        batch: &Arc<SubmittedBatch>,
    ) -> Result<(), VerifierError> {
        let dispute = wrong.kind.dispute();
        tracing::error!(
            batch = wrong.batch,
            ?dispute,
            "A WRONG BATCH IS ON L1: {wrong}"
        );
        self.wrong = Some(Found {
            wrong,
            batch: Arc::clone(batch),
        });
        self.progress
            .send_modify(|progress| progress.wrong = Some(wrong));
        if self.prover.is_some() {
            // The replay has used the ledger up that a proof begins with.
            self.rewind(wrong.batch - 1)?;
        }
        Ok(())
    }

    /// Has the prover begin, once the ledger before the wrong batch is there again.
    pub(super) fn accuse(&mut self) {
        let (Some(found), Some(ledger), Some(prover)) =
            (&self.wrong, &self.ledger, &mut self.prover)
        else {
            return;
        };
        let number = found.wrong.batch;
        if prover.proving().is_some() || ledger.batch() + 1 != number {
            return;
        }
        prover.begin(Evidence {
            wrong: found.wrong,
            case: case(&self.derivation, ledger, &found.batch),
        });
    }

    /// Goes back to the state after that batch, or further, to where there is a ledger. No wrong batch is known then.
    pub(super) fn go_back(&mut self, batch: u64) -> Result<(), VerifierError> {
        self.rewind(batch)?;
        self.wrong = None;
        self.suspect = None;
        self.forget_safety_after(batch);
        if let Some(prover) = &mut self.prover {
            prover.end();
        }
        if let Some(ledger) = &self.ledger {
            self.progress.send_modify(|progress| {
                progress.set_ledger(ledger);
                progress.wrong = None;
            });
        }
        Ok(())
    }

    pub(super) fn rewind(&mut self, batch: u64) -> Result<(), VerifierError> {
        let ledger = match self.ledger.take() {
            Some(ledger) if ledger.batch() <= batch => ledger,
            _ => Box::new(self.checkpoints.back_to(batch)),
        };
        let began = ledger.batch();
        if began > batch {
            return Err(VerifierError::BeforeSnapshot { to: batch, began });
        }
        self.derivation.seek(began);
        self.ledger = Some(ledger);
        Ok(())
    }
}

/// A batch, with the ledger before it.
pub(super) fn case(derivation: &Derivation, ledger: &Ledger, batch: &Arc<SubmittedBatch>) -> Case {
    let max = messages_max(batch.header.chunk_count);
    let (messages, tokens) = derivation.inputs(ledger.head().inbox_count, max);
    Case {
        batch: Arc::clone(batch),
        parent: derivation.standing().parent_of(batch.number).cloned(),
        ledger: Ledger::clone(ledger),
        messages,
        tokens: tokens.clone(),
    }
}
