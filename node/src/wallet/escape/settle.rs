//! The batches that were posted before the escape, made final once their time has come.

use alloy_sol_types::{SolCall, SolInterface};
use anyhow::{Result, bail};
use spillway_bridge_contracts::Rollup::{self, RollupErrors};
use spillway_l1::encoding;
use tokio::time::sleep;

use super::{Escape, Step};
use crate::verify::finality::posted;
use crate::wallet::POLL;
use crate::wallet::l1::Call;
use crate::wallet::reverts::Reverted;

impl Escape<'_> {
    /// Messages that the last final batch has consumed; none while a batch is neither final nor fallen.
    pub(super) async fn settled(&self) -> Result<Option<u64>> {
        let rollup = self.chains.deployment.rollup;
        let settlement = self.l1.read(rollup, Rollup::settlementCall {}).await?;
        Ok(settlement._0.then_some(settlement._1))
    }

    /// Makes the batches final. Waits until they can be, unless it is told not to.
    pub(super) async fn settle(&self) -> Result<Option<Step>> {
        let mut waiting = self.chains.teller.waiting();
        loop {
            if self.settled().await?.is_some() {
                return Ok(None);
            }
            let (what, call) = self.finalize().await?;
            match self.l1.call(self.account, call.to, call.data.clone()).await {
                Ok(_) => {
                    drop(waiting);
                    return self.send_finalize(what, &call).await;
                }
                Err(error) => {
                    let Some(reverted) = error.downcast_ref::<Reverted>() else {
                        return Err(error);
                    };
                    if !passes(reverted) {
                        bail!("{what}: {reverted}");
                    }
                    if self.args.no_wait {
                        bail!(
                            "the rollup has ended, and its batches are not final yet: {reverted}. Run this again then"
                        );
                    }
                    waiting.tell(&format!("waiting until the batches are final: {reverted}"));
                }
            }
            sleep(POLL).await;
        }
    }

    /// The call that makes the newest batch final, and so all of them.
    async fn finalize(&self) -> Result<(String, Call)> {
        let deployment = &self.chains.deployment;
        let number = self
            .l1
            .read(deployment.rollup, Rollup::headCall {})
            .await?
            ._0;
        let (l1_head, _) = self.l1.head().await?;
        let range = (deployment.l1_block.number, l1_head);
        let found = posted(&self.l1.provider, &deployment.contracts(), number, range).await?;
        let call = Rollup::finalizeCall {
            number,
            batch: encoding::rollup_batch(&found.batch.header, &found.batch.submission),
        };
        let what = format!("make the batches up to {number} final");
        let call = Call {
            what: what.clone(),
            to: deployment.rollup,
            value: 0,
            data: call.abi_encode().into(),
        };
        Ok((what, call))
    }

    async fn send_finalize(&self, what: String, call: &Call) -> Result<Option<Step>> {
        match self.signing.send(call).await {
            Ok(sent) => Ok(Some(Step { what, sent })),
            // Somebody else was first.
            Err(_) if self.settled().await?.is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether time, or a decision about a challenge, ends that. A batch that falls meanwhile is looked for anew.
fn passes(reverted: &Reverted) -> bool {
    matches!(
        RollupErrors::abi_decode(&reverted.data),
        Ok(RollupErrors::WindowOpen(_)
            | RollupErrors::ChallengePending(_)
            | RollupErrors::NotPending(_)
            | RollupErrors::WrongBatch(_))
    )
}
