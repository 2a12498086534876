//! From what waits to a claim that the transaction manager has on disk.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy_primitives::Address;
use spillway_l1::payments::ClaimRefusal;
use spillway_l1::transactions::{IntentId, Request, SubmitError};
use spillway_protocol::keccak::keccak256_parts;
use tokio::task::{JoinError, spawn_blocking};

use super::report::Report;
use super::session::{End, Session};
use super::trial::{Ready, Trial, TrialError};
use super::{Relayer, RelayerError};
use crate::l2::L2Error;
use crate::policy::{Chosen, Prices};
use crate::proof::{ProofError, Proven};
use crate::withdrawals::{FailureKind, PostedBatch};

/// Seconds for which a batch that L1 does not let become final is not tried again.
const HELD_SECONDS: u64 = 600;

/// Why there is no claim now.
#[derive(Debug, thiserror::Error)]
enum Setback {
    #[error("L2 does not prove withdrawals: {0}")]
    L2(L2Error),
    #[error("L2's proof is of no use: {0}")]
    Proof(#[from] ProofError),
    #[error(transparent)]
    Trial(TrialError),
    #[error("batch {batch} is held: {reason}")]
    Held { batch: u64, reason: String },
    #[error("the transaction manager does not take a claim: {0}")]
    Submit(SubmitError),
    #[error(transparent)]
    Task(#[from] JoinError),
}

/// The name of a claim: the same withdrawals under the same batch have the same one until they fail.
fn claim_id(batch: u64, failures: u32, indices: &[u32]) -> IntentId {
    let (batch, failures) = (batch.to_be_bytes(), failures.to_be_bytes());
    let indices: Vec<_> = indices.iter().map(|index| index.to_be_bytes()).collect();
    let parts = [&b"claim"[..], &batch, &failures, indices.as_flattened()];
    IntentId(keccak256_parts(&parts))
}

impl Session<'_> {
    /// Claims what waits, if it is to be claimed now.
    pub(super) async fn claim(&mut self, prices: &Prices) -> Result<(), End> {
        let Some((chosen, batch)) = self.choose(prices) else {
            return Ok(());
        };
        match self.submit_claim(&chosen, &batch).await {
            Ok(()) => self.claim_pause.end(),
            Err(Setback::Submit(SubmitError::Stopped)) => {
                return Err(RelayerError::ManagerStopped.into());
            }
            Err(Setback::Task(error)) => return Err(RelayerError::from(error).into()),
            Err(Setback::Held { batch, reason }) => {
                let pages = &self.relayer.book.pages;
                pages.write().withdrawals.on_held(batch, HELD_SECONDS);
                let held = Report::Held { batch, reason };
                self.relayer.report(held).await;
            }
            Err(setback) => {
                let config = &self.relayer.config;
                self.claim_pause
                    .extend(config.retry_interval, config.retry_interval_max);
                let reason = setback.to_string();
                self.relayer.report(Report::Waits { reason }).await;
            }
        }
        Ok(())
    }

    fn choose(&self, prices: &Prices) -> Option<(Chosen, PostedBatch)> {
        let pages = self.relayer.book.pages.read();
        let withdrawals = &pages.withdrawals;
        let batch = *withdrawals.claimable_batch()?;
        let policy = &self.relayer.config.policy;
        let chosen = policy.step(withdrawals.now(), &withdrawals.waiting(), prices)?;
        Some((chosen, batch))
    }

    async fn submit_claim(&mut self, chosen: &Chosen, batch: &PostedBatch) -> Result<(), Setback> {
        let proven = prove(self.relayer, batch, &chosen.indices).await?;
        let suspects = self.suspects(&chosen.indices);
        let trial = Trial {
            provider: &self.relayer.provider,
            bridge: self.relayer.config.contracts.bridge,
            from: self.relayer.account.manager.account(),
            batch,
            proven: &proven,
            suspects: &suspects,
        };
        let refused = |error| match error {
            TrialError::Refused(ClaimRefusal::NotFinal(reason)) => {
                let batch = batch.number;
                Setback::Held { batch, reason }
            }
            other => Setback::Trial(other),
        };
        let sifted = trial.sift(&chosen.indices).await.map_err(refused)?;
        let ready = trial.ready(&sifted.payable).await.map_err(refused)?;
        let mut failing = sifted.failing;
        if ready.is_none() {
            // Not even that one alone.
            failing.extend(sifted.payable.first());
        }
        for index in failing {
            self.note_failure(index, FailureKind::WouldFail).await;
        }
        match ready {
            Some(ready) => self.hand_over(chosen, batch, ready).await,
            None => Ok(()),
        }
    }

    /// Hands a claim to the manager, which makes it durable before it answers.
    async fn hand_over(
        &mut self,
        chosen: &Chosen,
        batch: &PostedBatch,
        ready: Ready,
    ) -> Result<(), Setback> {
        let bridge = self.relayer.config.contracts.bridge;
        let mut failures = self.failures_of(&ready.indices);
        let id = loop {
            let id = claim_id(batch.number, failures, &ready.indices);
            let request = request(id, bridge, &ready);
            match self.relayer.account.manager.submit(request).await {
                // One that has ended and is not forgotten yet.
                Err(SubmitError::OtherRequest(_)) => failures += 1,
                submitted => break submitted.map(|()| id).map_err(Setback::Submit)?,
            }
        };
        let indices = ready.indices;
        let pages = &self.relayer.book.pages;
        pages.write().withdrawals.on_claim(id, indices.clone());
        let claiming = Report::Claiming {
            id,
            batch: batch.number,
            indices,
            reason: chosen.reason,
            oldest: chosen.oldest,
            relative_percent: chosen.relative_percent,
        };
        self.relayer.report(claiming).await;
        Ok(())
    }

    /// Those that have failed before.
    fn suspects(&self, indices: &[u32]) -> BTreeSet<u32> {
        let pages = self.relayer.book.pages.read();
        let has_failed = |index: &u32| {
            let status = pages.withdrawals.get(*index);
            status.is_some_and(|status| status.failure.is_some())
        };
        indices.iter().copied().filter(has_failed).collect()
    }

    /// The most failures that one of these has seen.
    fn failures_of(&self, indices: &[u32]) -> u32 {
        let pages = self.relayer.book.pages.read();
        let failures = indices.iter().map(|index| {
            let status = pages.withdrawals.get(*index);
            let failure = status.and_then(|status| status.failure);
            failure.map_or(0, |failure| failure.times)
        });
        failures.max().unwrap_or(0)
    }

    pub(super) async fn note_failure(&mut self, index: u32, kind: FailureKind) {
        let pages = &self.relayer.book.pages;
        let failure = pages.write().withdrawals.note_failure(index, kind);
        if let Some(failure) = failure {
            let failed = Report::PaymentFailed { index, failure };
            self.relayer.report(failed).await;
        }
    }
}

fn request(id: IntentId, bridge: Address, ready: &Ready) -> Request {
    Request::call(id, bridge, ready.data.clone()).with_gas_limit(ready.gas_limit)
}

/// Asks L2 for a proof, and holds it against L1's root.
async fn prove(relayer: &Relayer, batch: &PostedBatch, indices: &[u32]) -> Result<Proven, Setback> {
    let (l2, block) = (Arc::clone(&relayer.l2), batch.header.block_number);
    let asked = indices.to_vec();
    let proof = spawn_blocking(move || l2.prove(block, &asked)).await?;
    let proof = proof.map_err(Setback::L2)?;
    Ok(Proven::check(proof, indices, batch.header.state_root)?)
}
